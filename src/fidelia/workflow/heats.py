"""Heats of the race: an entrant is fitted, drawn from, and scored on rows that it never saw, once for each split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.generate.catalog import create
from fidelia.generate.effort import Effort, takes_effort
from fidelia.generate.sampling import sample
from fidelia.measure.case import Case
from fidelia.measure.catalog import measure
from fidelia.measure.findings import findings, gap_of, loss
from fidelia.measure.generations.sets import sibling
from fidelia.measure.result import Direction, Result
from fidelia.measure.rules import RULES
from fidelia.measure.statistics.excess import alarm
from fidelia.measure.statistics.intervals import Z
from fidelia.progress import SILENT, Progress

if TYPE_CHECKING:
    from fidelia.data.table import Table
    from fidelia.generate.catalog import Generator
    from fidelia.rng import Rng

SCORES = ("FID26", "FID16", "DIV01", "FID10", "UTL01")
"""What ranks: the two-sample classifier, alpha-precision, beta-recall, pairs of columns, train on synthetic."""

GATES = ("AUT02", "PRV02", "AUT05")
"""What must be passed: authenticity beside the holdout, share nearer to training rows, identical rows."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One score of an entrant.

    Parameters
    ----------
    code : str
        Of the metric.
    value, reference : float
        The score, and that of fresh real rows.
    interval : (float, float)
        95 %.
    loss : float
        By how much it is worse than fresh real rows, as a share of the way from a perfect to a useless score, in
        [0, 1]. Being better than fresh real rows gives no credit.
    sd : float
        Standard error of `loss`.
    """

    code: str
    value: float
    reference: float
    interval: tuple[float, float]
    loss: float
    sd: float


@dataclass(frozen=True, slots=True)
class Gate:
    """One test of whether an entrant repeats training rows.

    Parameters
    ----------
    code, value, reference, interval
        As in `Mark`.
    passed : bool
        Whether the report would give no warning: the result lies within the noise of fresh real rows, or so little
        beyond it that it does not matter.
    leak : float
        How much it leaks: 1 is where the warning begins.
    said : str
        The warning; empty when passed.
    """

    code: str
    value: float
    reference: float
    interval: tuple[float, float]
    passed: bool
    leak: float
    said: str


@dataclass(slots=True)
class Heat:
    """One split of the real rows, the same for all entrants.

    Parameters
    ----------
    fit, select : Table
        Rows to learn from, and rows to score with.
    rng : Rng
        Shared by all entrants, so that they are scored beside the same draws of real rows.
    """

    fit: Table
    select: Table
    rng: Rng
    progress: Progress = SILENT
    _first: Case | None = field(default=None, repr=False)

    @property
    def rows(self) -> int:
        """How many synthetic rows are scored: twice the rows that they are scored with."""
        return min(len(self.fit), 2 * len(self.select))

    def case(self, synthetic: Table) -> Case:
        """Return the case of synthetic rows; what is searched among real rows is searched once for all entrants."""
        if self._first is None:
            self._first = Case(self.fit, synthetic, self.select, self.rng.child("measure"), self.progress)
            return self._first
        return sibling(self._first, synthetic)


@dataclass(frozen=True, slots=True)
class Ran:
    """What an entrant that finished has shown.

    Parameters
    ----------
    fit_seconds, sample_seconds : float
        Of one split, mean over splits.
    score_seconds : float
        Of all splits.
    marks, gates : tuple
    generator : Generator
        As fitted in the last split.
    """

    fit_seconds: float
    sample_seconds: float
    score_seconds: float
    marks: tuple[Mark, ...]
    gates: tuple[Gate, ...]
    generator: Generator = field(repr=False, compare=False)


def enter(name: str, heats: Sequence[Heat], seconds: float | None, progress: Progress = SILENT) -> Ran:
    """Fit, draw and score the generator `name` in every heat.

    Parameters
    ----------
    seconds : float or None
        For all its fits together; only generators that train step by step can be limited.

    Raises
    ------
    FideliaError
        Whatever keeps it from finishing.
    """
    fits, draws, scorings = 0.0, 0.0, 0.0
    found: dict[str, list[Result]] = {}
    for heat in heats:
        start = perf_counter()
        generator = create(name)
        effort: dict[str, Any] = {}
        if seconds is not None and takes_effort(generator):
            effort["effort"] = Effort(seconds=seconds / len(heats))
        generator.fit(heat.fit, rng=heat.rng.child(f"{name}/fit"), progress=progress, **effort)
        fitted = perf_counter()
        synthetic = sample(generator, heat.rows, rng=heat.rng.child(f"{name}/sample"), progress=progress)
        drawn = perf_counter()
        for result in measure(heat.case(synthetic), (*SCORES, *GATES))[0]:
            found.setdefault(result.code, []).append(result)
        fits, draws = fits + fitted - start, draws + drawn - fitted
        scorings += perf_counter() - drawn
    count = len(heats)
    whole = pooled_all(found, len(heats[0].select) / (len(heats[0].fit) + len(heats[0].select)))
    marks = tuple(_mark(whole[code]) for code in SCORES if code in whole)
    gates = tuple(_gate(whole[code]) for code in GATES if code in whole)
    return Ran(fits / count, draws / count, scorings, marks, gates, generator)


def pooled_all(found: Mapping[str, Sequence[Result]], share: float) -> dict[str, Result]:
    """Return the results of all heats as one for each code; those without a value or a reference are left out."""
    known = {code: [r for r in results if r.value is not None and r.reference] for code, results in found.items()}
    return {code: pooled(results, share) for code, results in known.items() if results}


def pooled(results: Sequence[Result], share: float) -> Result:
    """Return the mean of one metric over k repeated splits that each set aside a `share` of the rows.

    Two such parts have that `share` of their rows in common, so that the standard error shrinks by
    ``sqrt((1 + (k - 1) share) / k)`` and not by ``sqrt(1 / k)``: the covariance of the means of two samples is the
    variance of one times their overlap.

    Examples
    --------
    >>> from fidelia.measure.result import Reference
    >>> found = pooled([Result(v, (v - 0.2, v + 0.2), Reference(0.5, 0.1, 9, "holdout")) for v in (0.6, 0.8)], 0.2)
    >>> round(found.value, 3), [round(end, 3) for end in found.interval]
    (0.7, [0.545, 0.855])
    """
    first, k = results[0], len(results)
    narrow = float(np.sqrt((1 + (k - 1) * share) / k))
    references = [result.reference for result in results if result.reference]
    value, interval = _mean([(result.value or 0.0, _ends(result)) for result in results], narrow)
    more = dict(first.breakdown)
    if "excess" in more:
        told = [(r.breakdown["excess"], tuple(r.breakdown["excess_interval"])) for r in results]
        more |= alarm(*_mean(told, narrow))
    reference = replace(
        references[0],
        value=float(np.mean([each.value for each in references])),
        sd=narrow * float(np.mean([each.sd or 0.0 for each in references])),
    )
    return replace(first, value=value, interval=interval, reference=reference, breakdown=more)


def _mean(found: Sequence[tuple[float, tuple[float, float]]], narrow: float) -> tuple[float, tuple[float, float]]:
    """Return the mean of estimates, and an interval that is `narrow` times as wide as theirs are on average."""
    value = float(np.mean([v for v, _ in found]))
    low, high = (value + narrow * float(np.mean([ends[i] - v for v, ends in found])) for i in (0, 1))
    return value, (low, high)


def _ends(result: Result) -> tuple[float, float]:
    assert result.value is not None
    return result.interval or (result.value, result.value)


def _mark(result: Result) -> Mark:
    """Score on a fixed scale: the noise of what fresh real rows get is the same for all entrants."""
    assert result.value is not None and result.reference is not None
    low, high = _ends(result)
    halved = result.direction is Direction.HALF  # an AUC below one half is chance, not a fault
    gap = max(result.value, 0.5) - max(result.reference.value, 0.5) if halved else gap_of(result)
    scale = 0.5 if halved else 1 - float(result.breakdown.get("baseline", 0.0))
    sd = float((high - low) / (2 * Z * scale))
    return Mark(result.code, result.value, result.reference.value, (low, high), min(max(gap, 0.0) / scale, 1.0), sd)


def _gate(result: Result) -> Gate:
    assert result.value is not None and result.reference is not None
    said = [finding.title for finding in findings([result]) if finding.severity in ("fail", "warning")]
    rule = RULES[result.code]
    leak = loss(result, rule.floor) / rule.warn
    title = said[0] if said else ""
    return Gate(result.code, result.value, result.reference.value, _ends(result), not said, leak, title)
