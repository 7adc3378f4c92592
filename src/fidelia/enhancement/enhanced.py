"""Enhanced: what a trial says, as plain data: every comparison with its interval, and an answer that may be no."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fidelia.enhancement.arms import AUDITED, BEST, BOTH, CLASSICAL, DISTILLED, REBALANCED, SMOTE
from fidelia.enhancement.curve import worth
from fidelia.enhancement.goal import CLASS, SCORE, SEGMENT
from fidelia.measure.statistics.repeated import Compared, compared

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from fidelia.enhancement.trial import Trial
    from fidelia.measure.statistics.intervals import Interval
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]

What = Literal["augment", "rebalance", "scarce"]
HELPS, HURTS, NOTHING, ROWS, UNKNOWN = "helps", "hurts", "no difference", "more rows, not new ones", "unknown"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Line:
    """One arm beside another, for one learner.

    Parameters
    ----------
    learner, arm, against : str
    share : float
        Of the training rows of a fold that were learnt from.
    learnt : int
        Real rows learnt from, mean over splits.
    part : str
        Of the test rows or of the target: ``"class: yes"``, ``"segment: sex=F"``; empty for the score itself.
    score, base : float
        Mean score of the arm, and of the one that it stands against.
    found : Compared
        Their difference.
    answer : {"helps", "hurts", "no difference", "more rows, not new ones", "unknown"}
        By the joint interval. A gain that is not above that of as many repeated real rows is one of more rows.
    """

    learner: str
    arm: str
    against: str
    share: float
    learnt: int
    part: str
    score: float
    base: float
    found: Compared
    answer: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; the difference is called gain."""
        said = asdict(self)
        found: dict[str, Any] = said.pop("found")
        return {**said, "gain": found.pop("value"), **found}


@dataclass(frozen=True, slots=True)
class Enhanced:
    """What a trial says.

    Parameters
    ----------
    what : {"augment", "rebalance", "scarce"}
    facts : mapping
        Target, metric, rows, splits, generator and whatever else it rests on.
    lines : tuple of Line
        Every arm against the real rows alone; intervals are joint over all of them but the controls.
    pairs : tuple of Line
        Arms against each other: rebalanced against SMOTE, audited against not audited; joint over all pairs.
    parts : tuple of Line
        Classes and segments; joint over all of them.
    curve : tuple of mapping
        For each learner and share: real rows, score, and what each arm is worth in real rows.
    verdict : mapping
        ``level`` ("gain", "none", "loss", "unknown"), ``headline``, ``sentences``.
    notes : tuple of str
    """

    what: What
    facts: Mapping[str, Any]
    lines: tuple[Line, ...]
    pairs: tuple[Line, ...]
    parts: tuple[Line, ...]
    curve: tuple[Mapping[str, Any], ...]
    verdict: Mapping[str, Any]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join([self.verdict["headline"], *self.verdict["sentences"]])

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: what page and terminal are drawn from."""
        lines = {name: [line.to_dict() for line in getattr(self, name)] for name in ("lines", "pairs", "parts")}
        return {
            "format": FORMAT,
            "kind": "enhance",
            "what": self.what,
            "verdict": dict(self.verdict),
            **self.facts,
            **lines,
            "curve": [dict(each) for each in self.curve],
            "notes": list(self.notes),
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row per comparison with the real rows alone."""
        import pandas as pd

        return pd.DataFrame([line.to_dict() for line in self.lines])


@dataclass(frozen=True, slots=True)
class _Contrast:
    """What is compared: positions on the axes of a trial."""

    share: int
    learner: int
    arm: int
    against: int
    measure: str = SCORE


def lines_of(trial: Trial, rng: Rng) -> tuple[Line, ...]:
    """Return every arm against the first, for every share and learner."""
    arms, learners, shares = trial.plan.names, len(trial.plan.learners), len(trial.plan.shares)
    controls = [i for i, arm in enumerate(trial.plan.arms) if arm.control]
    every = [_Contrast(s, k, a, 0) for s in range(shares) for k in range(learners) for a in range(1, len(arms))]
    claims = [each for each in every if each.arm not in controls]
    found = dict(zip(claims, _compared(trial, claims, rng.child("lines")), strict=True))
    for each in every:
        if each not in found:
            found[each] = _compared(trial, [each], rng)[0]
    return tuple(
        _line(trial, each, found[each], _beyond(trial, each, controls, rng)) for each in every if found[each].splits
    )


def pairs_of(trial: Trial, rng: Rng) -> tuple[Line, ...]:
    """Return the arms that answer a question of their own against each other."""
    names = trial.plan.names
    asked = [(REBALANCED, SMOTE), (AUDITED, "real + synthetic x 1"), *_beside_classical(trial)]
    pairs = [(names.index(a), names.index(b)) for a, b in asked if a in names and b in names]
    every = [
        _Contrast(s, k, a, b)
        for a, b in pairs
        for s in range(len(trial.plan.shares))
        for k in range(len(trial.plan.learners))
    ]
    found = _compared(trial, every, rng.child("pairs"))
    return tuple(_line(trial, each, one) for each, one in zip(every, found, strict=True) if one.splits)


def _beside_classical(trial: Trial) -> list[tuple[str, str]]:
    """Return synthetic pictures against as many classical variations of real ones, and beside them."""
    return [(f"real + synthetic x {trial.plan.most:g}", CLASSICAL), (BOTH, CLASSICAL)]


def parts_of(trial: Trial, rng: Rng) -> tuple[Line, ...]:
    """Return the classes and segments for the arms of most interest, at the first share."""
    names = trial.plan.names
    arms = [i for i, name in enumerate(names) if name in (BEST, DISTILLED, "real + synthetic x 1") or SMOTE in names]
    measures = [name for name in trial.measures if name.startswith((CLASS, SEGMENT))]
    every = [
        _Contrast(0, k, a, 0, measure)
        for measure in measures
        for k in range(len(trial.plan.learners))
        for a in arms
        if a
    ]
    found = _compared(trial, every, rng.child("parts"))
    return tuple(_line(trial, each, one) for each, one in zip(every, found, strict=True) if one.splits)


def curve_of(trial: Trial, lines: tuple[Line, ...]) -> tuple[dict[str, Any], ...]:
    """Return the learning curve of every learner, and what each arm is worth on it."""
    shares = trial.plan.shares
    if len(shares) < 2:
        return ()
    rows = [float(np.mean([sitting[s].learnt for sitting in trial.sittings])) for s in range(len(shares))]
    scores = np.stack([np.nanmean(trial.of(SCORE, s), axis=0) for s in range(len(shares))])
    found = []
    for k, learner in enumerate(trial.plan.learners):
        real = scores[:, k, 0].tolist()
        for s, share in enumerate(shares):
            mine = [line for line in lines if (line.learner, line.share) == (learner.name, share)]
            found.append(
                {
                    "learner": learner.name,
                    "share": share,
                    "rows": rows[s],
                    "score": real[s],
                    "worth": [_worth(line, rows, real, s) for line in mine if line.found.joint_interval],
                }
            )
    return tuple(found)


def _worth(line: Line, rows: list[float], real: list[float], at: int) -> dict[str, Any]:
    assert line.found.joint_interval is not None
    ends = (line.found.value, *line.found.joint_interval)
    value, low, high = (worth(rows, real, at, real[at] + gain) for gain in ends)
    named = {"value": value, "low": low, "high": high}
    return {"arm": line.arm, **{name: {"factor": w.factor, "bound": w.bound} for name, w in named.items()}}


def _differences(trial: Trial, each: _Contrast) -> Floats:
    scores = trial.of(each.measure, each.share)
    return np.asarray(scores[:, each.learner, each.arm] - scores[:, each.learner, each.against])


def _compared(trial: Trial, contrasts: list[_Contrast], rng: Rng) -> list[Compared]:
    if not contrasts:
        return []
    return compared(np.column_stack([_differences(trial, each) for each in contrasts]), trial.overlap, rng)


def _beyond(trial: Trial, each: _Contrast, controls: list[int], rng: Rng) -> bool:
    """Whether an arm is above the real rows repeated as often, by its interval alone."""
    found = [
        _compared(trial, [_Contrast(each.share, each.learner, each.arm, c)], rng)[0] for c in controls if c != each.arm
    ]
    return all(one.interval is not None and one.interval[0] > 0 for one in found)


def _line(trial: Trial, each: _Contrast, found: Compared, beyond: bool = True) -> Line:
    scores = trial.of(each.measure, each.share)[:, each.learner]
    both = np.isfinite(scores[:, each.arm]) & np.isfinite(scores[:, each.against])
    score, base = (float(scores[both, a].mean()) for a in (each.arm, each.against))
    low, high = (bound - base for bound in trial.goal.task.bounds)
    alone, joint = (_held(interval, low, high) for interval in (found.interval, found.joint_interval))
    return Line(
        trial.plan.learners[each.learner].name,
        trial.plan.names[each.arm],
        trial.plan.names[each.against],
        trial.plan.shares[each.share],
        round(float(np.mean([sitting[each.share].learnt for sitting in trial.sittings]))),
        "" if each.measure == SCORE else each.measure,
        score,
        base,
        replace(found, interval=alone, joint_interval=joint),
        _answer(found.joint_interval, beyond),
    )


def _held(interval: Interval | None, low: float, high: float) -> Interval | None:
    """Return an interval within what can be."""
    return None if interval is None else (max(interval[0], low), min(interval[1], high))


def _answer(interval: Interval | None, beyond: bool) -> str:
    if interval is None:
        return UNKNOWN
    if interval[0] > 0:
        return HELPS if beyond else ROWS
    return HURTS if interval[1] < 0 else NOTHING
