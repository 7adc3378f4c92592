"""Statistical parity: do the groups differ in the synthetic rows by as much as they do in the real ones?

References
----------
Dwork, Hardt, Pitassi, Reingold and Zemel (2012), Fairness through Awareness, ITCS (statistical parity).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.fairness.groups import Groups, Outcomes, groups_of, outcomes_of
from fidelia.measure.learners import BOOSTED
from fidelia.measure.result import Caveat, Result
from fidelia.measure.statistics.intervals import Z, mover, normal
from fidelia.measure.statistics.multiple import benjamini_hochberg

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.statistics.intervals import Interval

    Counts = NDArray[np.int64]

FEWEST = 10


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """How often an outcome is met in each group of one side.

    Parameters
    ----------
    met, rows : (groups,) int64
    """

    met: Counts
    rows: Counts

    @property
    def rate(self) -> NDArray[np.float64]:
        """Share per group; NaN where there is no row."""
        blank = np.full(len(self.rows), np.nan)
        return np.asarray(np.divide(self.met, self.rows, out=blank, where=self.rows > 0), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Change:
    """The parity difference of a pair of groups, in train and by how much another table changes it.

    Parameters
    ----------
    high, low : int
        The groups where train's rate is highest and lowest, among those that have ten rows in every table.
    real, made : float
        Rate of the one minus rate of the other.
    interval : (float, float)
        95 % interval of ``made - real``.
    """

    high: int
    low: int
    real: float
    made: float
    interval: Interval

    @property
    def value(self) -> float:
        """The change."""
        return self.made - self.real

    @property
    def error(self) -> float:
        """Standard error that the interval stands for."""
        return (self.interval[1] - self.interval[0]) / (2 * Z)

    @property
    def p(self) -> float:
        """Two-sided p-value of no change."""
        return float(erfc(abs(self.value) / self.error / np.sqrt(2)))


def shares(groups: NDArray[np.int64], hit: NDArray[np.bool_], kept: NDArray[np.bool_], count: int) -> Shares:
    """Return how often `hit` is true per group, over rows that are kept and in a group."""
    inside = kept & (groups >= 0)
    met = np.bincount(groups[inside & hit], minlength=count)
    return Shares(met, np.bincount(groups[inside], minlength=count))


def change(real: Shares, other: Shares, high: int, low: int) -> Change:
    """Return by how much another table changes the difference between two groups.

    Examples
    --------
    >>> real = Shares(np.array([50, 20]), np.array([100, 100]))
    >>> other = Shares(np.array([40, 30]), np.array([100, 100]))
    >>> round(change(real, other, 0, 1).value, 9)
    -0.2
    """
    parts = [(1, other, high), (-1, other, low), (-1, real, high), (1, real, low)]
    interval = mover([(sign, int(s.met[g]), int(s.rows[g])) for sign, s, g in parts])
    gaps = (float(s.rate[high] - s.rate[low]) for s in (real, other))
    return Change(high, low, next(gaps), next(gaps), interval)


def extremes(train: Shares, *others: Shares) -> tuple[int, int] | None:
    """Return the groups of highest and lowest rate in train, of those with ten rows everywhere; None for fewer."""
    usable = np.flatnonzero(np.min([side.rows for side in (train, *others)], axis=0) >= FEWEST)
    if len(usable) < 2:
        return None
    rate = train.rate[usable]
    return int(usable[rate.argmax()]), int(usable[len(rate) - 1 - rate[::-1].argmin()])


def statistical_parity(case: Case) -> Result:
    """FAI01: the change of the parity difference from train to synthetic rows, of the column where it is clearest.

    The parity difference is the share of an outcome in the group where train has most of it minus the share in the
    group where train has least; the clearest change is the largest for its standard error. The reference is the same
    change from train to fresh real rows. The q-values of the columns and outcomes are Benjamini-Hochberg's. A share
    does not depend on the number of rows, so that all of them count. Where there is a holdout, the breakdown also has
    the parity difference of what a model decides for the holdout, learnt from train and learnt from synthetic rows.
    """
    side = case.contrast
    grouped, caveats = groups_of(side.case)
    outcomes = outcomes_of(side.case)
    found = [_compared(groups, outcomes, i) for groups in grouped for i in range(len(outcomes.names))]
    known = [each for each in found if each is not None]
    if not known:
        raise NotApplicable("TOO_FEW_ROWS", f"no two groups have {FEWEST} synthetic rows with a target")
    _, _, made, fresh = max(known, key=lambda each: abs(each[2].value) / each[2].error)
    lines = [_line(groups, outcomes, i, a, b) for groups, i, a, b in known]
    for line, q in zip(lines, benjamini_hochberg(np.array([each[2].p for each in known])), strict=True):
        line["q"] = float(q)
    decided = _decided(case, known, outcomes)
    for line, more in zip(lines, decided, strict=False):
        line |= more
    return Result(
        value=made.value,
        interval=made.interval,
        reference=side.reference(fresh.value, fresh.error),
        n={"train": len(side.case.train), "synthetic": len(case.synthetic), side.kind: len(side.case.unseen)},
        caveats=(*side.caveats, *caveats, *_missing(grouped)),
        breakdown={
            "lines": sorted(lines, key=lambda line: float(line["q"])),
            "groups": [rate for groups, i, _, _ in known for rate in _rates(groups, outcomes, i)],
        },
    )


Compared = tuple[Groups, int, Change, Change]


def _sides(groups: Groups, outcomes: Outcomes, i: int) -> dict[str, Shares]:
    return {
        side: shares(codes, outcomes.hits[side][:, i], outcomes.rows[side], len(groups.names))
        for side, codes in groups.codes.items()
    }


def _compared(groups: Groups, outcomes: Outcomes, i: int) -> Compared | None:
    sides = _sides(groups, outcomes, i)
    pair = extremes(sides["train"], sides["synthetic"], sides["holdout"])
    if pair is None:
        return None
    return groups, i, change(sides["train"], sides["synthetic"], *pair), change(sides["train"], sides["holdout"], *pair)


def _line(groups: Groups, outcomes: Outcomes, i: int, made: Change, fresh: Change) -> dict[str, Any]:
    return {
        "name": f"{groups.column}: {groups.names[made.high]} against {groups.names[made.low]}",
        "outcome": outcomes.names[i],
        "real": made.real,
        "synthetic": made.made,
        "value": made.value,
        "low": made.interval[0],
        "high": made.interval[1],
        "reference": fresh.value,
    }


def _rates(groups: Groups, outcomes: Outcomes, i: int) -> list[dict[str, Any]]:
    sides = _sides(groups, outcomes, i)
    return [
        {"column": groups.column, "group": name, "outcome": outcomes.names[i]}
        | {side: float(s.rate[g]) if s.rows[g] >= FEWEST else None for side, s in sides.items()}
        for g, name in enumerate(groups.names)
    ]


def _missing(grouped: list[Groups]) -> tuple[Caveat, ...]:
    """Say which groups the synthetic rows lack, or nearly lack."""
    said = []
    for groups in grouped:
        codes = groups.codes["synthetic"]
        count = np.bincount(codes[codes >= 0], minlength=len(groups.names))
        said += [f"{groups.column} = {name}" for name, n in zip(groups.names, count, strict=True) if n < FEWEST]
    text = f"Fewer than {FEWEST} synthetic rows, which cannot be compared: {', '.join(said)}."
    return (Caveat("MISSING_GROUPS", text),) if said else ()


def _decided(case: Case, known: list[Compared], outcomes: Outcomes) -> list[dict[str, Any]]:
    """Return the parity difference of models' decisions on the holdout; nothing where no model can be learnt."""
    try:
        models = case.models
    except NotApplicable:  # no holdout, or nothing to learn from
        return []
    n = models.matched(BOOSTED, "train", "synthetic")
    test = models.test()
    rows = models.rows(test)
    decided = [outcomes.of(models.predicted(BOOSTED, (side, n), on=test)) for side in ("train", "synthetic")]
    out = []
    for groups, i, pair, _ in known:
        codes = groups.codes["holdout"][rows]
        real, made = (each[:, i].astype(float) for each in decided)
        inside = [codes == pair.high, codes == pair.low]
        gaps = [float(each[inside[0]].mean() - each[inside[1]].mean()) for each in (real, made)]
        sd = np.sqrt(sum((made - real)[part].var() / part.sum() for part in inside))
        out.append(
            {
                "model_real": gaps[0],
                "model_synthetic": gaps[1],
                "model_change_interval": normal(gaps[1] - gaps[0], float(sd)),
            }
        )
    return out
