"""Before and after on real rows that no filter has used: fidelity, diversity, use and authenticity, by subgroup too.

Alpha-precision and beta-recall are taken with those unseen rows as the support, beside train rows as what fresh real
rows get: against train, whose neighbourhoods decide what is rejected, a filter would raise them by construction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.authenticity.authentic import difference
from fidelia.measure.joint.detect import detection
from fidelia.measure.joint.groups import grouped
from fidelia.measure.learners import BOOSTED
from fidelia.measure.result import Direction, plain
from fidelia.measure.statistics.estimates import Estimate
from fidelia.measure.statistics.intervals import Z, newcombe
from fidelia.measure.support.level_set import level_set_precision, level_set_recall
from fidelia.measure.utility.calibration import brier

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.measure.case import Case
    from fidelia.measure.joint.groups import Groups
    from fidelia.measure.result import Result
    from fidelia.measure.utility.fitted import Models

    Floats = NDArray[np.float64]

FEWEST = 50
HALVES = 4
NAMES = {
    "FID26": "two-sample AUC",
    "FID16": "alpha-precision",
    "DIV01": "beta-recall",
    "UTL01": "use: learnt from it, tested on real rows",
    "AUT02": "authenticity beside fresh real rows",
    "UTL08": "error of predictions learnt from it",
    "SHARE": "share of the rows",
}
TOWARDS = {
    "FID26": Direction.HALF,
    "FID16": Direction.HIGHER,
    "DIV01": Direction.HIGHER,
    "UTL01": Direction.HIGHER,
    "AUT02": Direction.ZERO,
    "UTL08": Direction.LOWER,
    "SHARE": Direction.REFERENCE,
}


@dataclass(frozen=True, slots=True)
class Change:
    """One score before and after.

    Parameters
    ----------
    code, name : str
    group : str or None
        The subgroup, None for all rows.
    before, after, reference : float
        Of the unfiltered rows, of the curated ones, and of fresh real rows.
    difference : float
        After minus before.
    interval : (float, float)
        95 % interval of the difference.
    sd : float
        Its standard error.
    short : bool
        Whether the score after is still worse than that of fresh real rows, beyond the noise of both.
    """

    code: str
    name: str
    group: str | None
    before: float
    after: float
    reference: float
    difference: float
    interval: tuple[float, float]
    sd: float
    short: bool

    @property
    def gain(self) -> float:
        """How much nearer to its best the score came; less than it moved where it passed its best on the way."""
        return _far(self.code, self.before, self.reference) - _far(self.code, self.after, self.reference)

    def said(self, z: float = Z) -> str:
        """Return "better", "worse", or "same" where the gain is within `z` standard errors of the difference."""
        if abs(self.gain) <= z * self.sd or self.gain == 0:
            return "same"
        return "better" if self.gain > 0 else "worse"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        names = ("code", "name", "group", "before", "after", "reference", "difference", "interval", "short")
        return {name: plain(getattr(self, name)) for name in names} | {"said": self.said()}


def _far(code: str, value: float, reference: float) -> float:
    """Return how far a score is from its best, in its own units."""
    match TOWARDS[code]:
        case Direction.HIGHER:
            return -value
        case Direction.LOWER:
            return value
        case Direction.HALF:
            return abs(value - 0.5)
        case Direction.ZERO:
            return abs(value)
        case _:
            return abs(value - reference)


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A score of one table beside that of fresh real rows.

    Parameters
    ----------
    sd, noise : float
        Standard errors of value and reference, without that of `on`.
    on : Estimate or None
        Where both tables are scored on the same observations, what each of those moves the score by.
    """

    value: float
    reference: float
    sd: float
    noise: float
    on: Estimate | None = None

    @property
    def whole(self) -> float:
        """Standard error of the value, that of `on` included."""
        return self.sd if self.on is None else float(np.hypot(self.sd, self.on.sd))

    def until(self, after: _Seen) -> tuple[float, float]:
        """Return the difference to a later score and its standard error."""
        gap, one, other = after.value - self.value, self.on, after.on
        if one is None or other is None or len(one.influence) != len(other.influence):
            return gap, float(np.hypot(self.whole, after.whole))
        return gap, float(np.sqrt(other.minus(one).sd ** 2 + self.sd**2 + after.sd**2))

    def short(self, code: str) -> bool:
        """Whether the score is worse than that of fresh real rows by more than two standard errors."""
        sd = np.hypot(self.whole, self.noise)
        return bool(_far(code, self.value, self.reference) - _far(code, self.reference, self.reference) > 2 * sd)


def changes(before: Case, after: Case, by: str | None = None) -> list[Change]:
    """Return what changed, overall and then by subgroup.

    Parameters
    ----------
    before, after : Case
        The same train rows and the same unseen rows as holdout, beside the unfiltered and the curated rows.
    by : str or None
        The column of the subgroups; None for the target, a sensitive column or the most balanced category.
    """
    found = [_change(code, None, *pair) for code, pair in _both(before, after, _OVERALL)]
    try:
        cuts = [grouped(case, by) for case in (before, after)]
    except NotApplicable:
        return found
    for group, name in enumerate(cuts[0].names):
        found += _within(before, after, cuts, group, f"{cuts[0].column}={name}")
    return found


def _change(code: str, group: str | None, before: _Seen, after: _Seen) -> Change:
    gap, sd = before.until(after)
    ends = (gap - Z * sd, gap + Z * sd)
    values = (before.value, after.value, before.reference)
    return Change(code, NAMES[code], group, *values, gap, ends, sd, after.short(code))


def _both(
    before: Case, after: Case, scores: Mapping[str, Callable[[Case], _Seen]]
) -> Iterator[tuple[str, tuple[_Seen, _Seen]]]:
    """Yield the scores that both tables have."""
    for code, score in scores.items():
        try:
            yield code, (score(before), score(after))
        except NotApplicable:
            continue


def _within(before: Case, after: Case, cuts: list[Groups], group: int, name: str) -> list[Change]:
    """Return the changes of one subgroup: its share, and where it has rows enough, the scores among its rows."""
    found = [_share(cuts, group, name)]
    inside = [{side: np.flatnonzero(codes == group) for side, codes in cut.codes.items()} for cut in cuts]
    if min(len(rows) for sides in inside for rows in sides.values()) >= FEWEST:
        parts = [_part(case, sides) for case, sides in zip((before, after), inside, strict=True)]
        found += [_change(code, name, *pair) for code, pair in _both(parts[0], parts[1], _INSIDE)]
    with suppress(NotApplicable):
        found.append(_change("UTL08", name, *(_error(case, inside[0]["holdout"]) for case in (before, after))))
    return found


def _part(case: Case, rows: Mapping[str, NDArray[np.int64]]) -> Case:
    train, synthetic, holdout = (getattr(case, side).take(rows[side]) for side in ("train", "synthetic", "holdout"))
    return replace(
        case, train=train, synthetic=synthetic, holdout=holdout, embedding=case.embedded.embedding, like=None
    )


def _share(cuts: list[Groups], group: int, name: str) -> Change:
    hits = [int((cut.codes["synthetic"] == group).sum()) for cut in cuts]
    rows = [len(cut.codes["synthetic"]) for cut in cuts]
    real = float((cuts[0].codes["holdout"] == group).mean())
    before, after = (k / n for k, n in zip(hits, rows, strict=True))
    low, high = newcombe(hits[1], rows[1], hits[0], rows[0])
    gap, sd = after - before, (high - low) / (2 * Z)
    noise = np.sqrt(real * (1 - real) * (1 / len(cuts[0].codes["holdout"]) + 1 / rows[1]))
    short = bool(abs(after - real) > 2 * noise)
    return Change("SHARE", NAMES["SHARE"], name, before, after, real, gap, (low, high), sd, short)


def _told(case: Case) -> _Seen:
    """FID26: paired over the real rows that both tables are told from."""
    found = detection(case)
    told, real = found.told.estimate, found.real.estimate
    return _Seen(told.value, real.value, 0.0, real.sd, told)


def _on_unseen(score: Callable[[Case], Result]) -> Callable[[Case], _Seen]:
    """Return a score whose support are the unseen rows; train rows stand for fresh real ones."""

    def scored(case: Case) -> _Seen:
        turned = case.once("changes/turned", _turned)
        return _seen(score(turned))

    return scored


def _turned(case: Case) -> Case:
    return replace(case, train=case.unseen, holdout=case.train, embedding=case.embedded.embedding, like=None)


def _seen(result: Result) -> _Seen:
    assert result.value is not None and result.interval is not None and result.reference is not None
    low, high = result.interval
    own = max(high - result.value, result.value - low) / Z
    return _Seen(result.value, result.reference.value, own, result.reference.sd or 0.0)


def _use(case: Case) -> _Seen:
    """UTL01: paired over test rows; the noise of what was learnt from comes from random halves of it."""
    models = case.models
    n = _matched(models)
    found, expected = (models.score(BOOSTED, (side, n)) for side in ("synthetic", "train"))
    return _Seen(found.value, expected.value, _spread(models, n), expected.sd, found)


def _matched(models: Models) -> int:
    return models.matched(BOOSTED, "train", "synthetic")


def _spread(models: Models, n: int) -> float:
    """Return the standard error of a score that comes from its training rows: its spread over random halves."""
    return float(np.std([models.score(BOOSTED, ("synthetic", n // 2), seed=i).value for i in range(HALVES)], ddof=1))


def _error(case: Case, rows: NDArray[np.int64]) -> _Seen:
    """UTL08 within a subgroup of the unseen rows: Brier score, or the squared error of a number."""
    models = case.models
    n, test = _matched(models), models.test()
    chosen = np.isin(models.rows(test), rows)
    if chosen.sum() < FEWEST:
        raise NotApplicable("TOO_FEW_ROWS", f"{int(chosen.sum())} unseen rows in a subgroup; {FEWEST} are needed")

    def error(side: str, of: int, seed: int = 0) -> Estimate:
        predicted = models.predicted(BOOSTED, (side, of), on=test, seed=seed)[chosen]
        actual = models.actual(test)[chosen]
        if models.task.classes:
            return brier(predicted, actual)
        squared = (predicted - actual) ** 2
        return Estimate(float(squared.mean()), squared - squared.mean())

    spread = np.std([error("synthetic", n // 2, i).value for i in range(HALVES)], ddof=1)
    found, expected = error("synthetic", n), error("train", n)
    return _Seen(found.value, expected.value, float(spread), expected.sd, found)


def _new(case: Case) -> _Seen:
    return _seen(difference(case))


_INSIDE: dict[str, Callable[[Case], _Seen]] = {
    "FID26": _told,
    "FID16": _on_unseen(level_set_precision),
    "DIV01": _on_unseen(level_set_recall),
    "AUT02": _new,
}
_OVERALL = {**_INSIDE, "UTL01": _use}


def beside(rows: Table, unseen: Table, like: Case) -> Case:
    """Return rows beside the train rows of `like` and the real rows that no filter has used."""
    return replace(like, synthetic=rows, holdout=unseen, embedding=like.embedded.embedding, like=None)
