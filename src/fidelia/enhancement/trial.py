"""The trial: every arm and learner on the same splits, until all are done, time is up, or the user stops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.enhancement.arms import BEST, REAL, Arm, Fold, Maker
from fidelia.enhancement.folds import Split, splits
from fidelia.enhancement.goal import SCORE, Goal, segments
from fidelia.errors import MissingExtra, NotApplicable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.enhancement.learning import Learner, Predict
    from fidelia.progress import Progress
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]

INNER = 3
FEWEST = 3
"""Splits that are made whatever the time limit: fewer say nothing of chance."""
TIME, INTERRUPTED = "the time limit", "an interrupt"


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What a trial does.

    Parameters
    ----------
    arms : sequence of Arm
        The first is what the others are compared with.
    learners : sequence of Learner
    shares : tuple of float
        Of the training rows of a fold that are learnt from, each by itself.
    folds, repeats : int
    chosen : tuple of Arm
        Among these and the first arm each learner chooses in an inner split: the arm `BEST`. Empty: there is none.
    maker : Maker
    segment : str or None
        The column within whose levels or quarters models are scored too.
    most : float
        Largest ratio of synthetic to real rows.
    limit : float or None
        Seconds after which no further split is begun.
    """

    arms: Sequence[Arm]
    learners: Sequence[Learner]
    shares: tuple[float, ...]
    folds: int
    repeats: int
    chosen: tuple[Arm, ...] = ()
    maker: Maker = field(default_factory=Maker)
    segment: str | None = None
    most: float = 1.0
    limit: float | None = None

    @property
    def names(self) -> list[str]:
        """Names of the arms, the chosen one last."""
        return [*(arm.name for arm in self.arms), *([BEST] if self.chosen else [])]

    @property
    def splits(self) -> int:
        """Splits that are planned."""
        return self.folds * self.repeats


@dataclass(frozen=True, slots=True, eq=False)
class Sitting:
    """What one split found at one share.

    Parameters
    ----------
    scores : (learners, arms, measures) float64
        NaN where there is no value.
    together : float
        Score of the mean of all learners' predictions, learnt from the real rows alone.
    learnt : int
        Real rows that were learnt from.
    settings, picked : dict
        By learner, its setting, and the arm that it chose.
    """

    scores: Floats
    together: float
    learnt: int
    settings: dict[str, dict[str, Any]]
    picked: dict[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What a trial found.

    Parameters
    ----------
    plan : Plan
    goal : Goal
    measures : tuple of str
        What the last axis of scores holds.
    sittings : list of list of Sitting
        By split and share.
    tested : list of int
        Rows that each split was tested on.
    declined : dict of str to str
        Arms that could not be tried in some split, and why.
    stopped : str or None
        Why splits are missing.
    rows : int
        Of the whole table.
    """

    plan: Plan
    goal: Goal
    measures: tuple[str, ...]
    sittings: list[list[Sitting]]
    tested: list[int]
    declined: dict[str, str]
    stopped: str | None
    rows: int

    @property
    def done(self) -> int:
        """Splits that were finished."""
        return len(self.sittings)

    @property
    def overlap(self) -> float:
        """Share of all rows that a split tests on."""
        return float(np.mean(self.tested) / self.rows)

    def of(self, measure: str, share: int = 0) -> Floats:
        """Return one measure at one share, (splits, learners, arms)."""
        at = self.measures.index(measure)
        return np.stack([sitting[share].scores[:, :, at] for sitting in self.sittings])


def run(table: Table, goal: Goal, plan: Plan, rng: Rng, progress: Progress, groups: Any = None) -> Trial:
    """Carry out a plan; splits that are finished when the time is up or the user stops are kept.

    Parameters
    ----------
    table : Table
        Rows with a known target.
    groups : (n,) int64 or None
        Rows of one number stay on one side of every split.

    Raises
    ------
    KeyboardInterrupt
        When the user stops before the first split is done.
    """
    found = _Found(table, goal, plan, rng)
    start, longest = monotonic(), 0.0
    stopped = None
    with progress.stage("try arms", plan.splits) as tick:
        for split in splits(goal.strata(table), plan.folds, plan.repeats, rng.child("splits"), groups):
            begun = monotonic()
            if plan.limit is not None and found.done >= FEWEST and begun - start + longest > plan.limit:
                stopped = TIME
                break
            try:
                found.add(split)
            except KeyboardInterrupt:
                if not found.done:
                    raise
                stopped = INTERRUPTED
                break
            longest = max(longest, monotonic() - begun)
            tick(1)
    return found.trial(stopped)


class _Found:
    """The results of the splits so far."""

    def __init__(self, table: Table, goal: Goal, plan: Plan, rng: Rng) -> None:
        self.table, self.goal, self.plan, self.rng = table, goal, plan, rng
        self.segment, self.segments = segments(table, plan.segment)
        self.measures = goal.names(self.segments)
        self.sittings: list[list[Sitting]] = []
        self.tested: list[int] = []
        self.declined: dict[str, str] = {}

    @property
    def done(self) -> int:
        return len(self.sittings)

    def add(self, split: Split) -> None:
        """Try everything on one split; nothing is kept of one that is not finished."""
        rng = self.rng.child(f"split/{split.repeat}/{split.fold}")
        found = [self._at(split, share, rng.child(f"share/{share:g}")) for share in self.plan.shares]
        self.sittings.append(found)
        self.tested.append(len(split.test))

    def _at(self, split: Split, share: float, rng: Rng) -> Sitting:
        plan, goal = self.plan, self.goal
        fold = Fold(self.table.take(split.learnt(share)), goal, plan.maker, plan.learners, rng, plan.most)
        test, segment = self.table.take(split.test), self.segment[split.test]
        actual = goal.actual(test)
        scores = np.full((len(plan.learners), len(plan.names), len(self.measures)), np.nan)
        for a, arm in enumerate(plan.arms):
            for k, model in enumerate(self._models(arm, fold)):
                scores[k, a] = goal.measures(model(test), actual, segment, self.segments)
        picked = _chosen(fold, plan, rng.child("inner")) if plan.chosen else {}
        for k, name in enumerate(picked.values()):
            scores[k, -1] = scores[k, plan.names.index(name)]
        settings = {learner.name: dict(fold.school.setting(learner)) for learner in plan.learners}
        return Sitting(scores, goal.score(fold.together(test), actual), len(fold.train), settings, picked)

    def _models(self, arm: Arm, fold: Fold) -> list[Predict]:
        """Return what each learner learns from an arm; nothing where the arm cannot be made."""
        if arm is self.plan.arms[0]:
            return list(fold.models.values())
        try:
            lesson = arm.make(fold)
        except NotApplicable as reason:
            self.declined.setdefault(arm.name, reason.text)
            return []
        except MissingExtra as reason:
            self.declined.setdefault(arm.name, str(reason))
            return []
        return [fold.school.learnt(learner, lesson) for learner in self.plan.learners]

    def trial(self, stopped: str | None) -> Trial:
        """Return what was found."""
        return Trial(
            self.plan, self.goal, self.measures, self.sittings, self.tested, self.declined, stopped, len(self.table)
        )


def _chosen(fold: Fold, plan: Plan, rng: Rng) -> dict[str, str]:
    """Return the arm that each learner does best with in a split of the training rows; real rows alone in doubt."""
    goal = fold.goal
    split = next(splits(goal.strata(fold.train), INNER, 1, rng))
    rows = fold.train.take(np.sort(split.train))
    inner = Fold(rows, goal, plan.maker, plan.learners, rng, plan.most, fold.school.settings)
    test = fold.train.take(split.test)
    actual = goal.actual(test)
    best = {name: (goal.score(model(test), actual), plan.arms[0].name) for name, model in inner.models.items()}
    for arm in plan.chosen:
        lesson = arm.make(inner)
        for learner in plan.learners:
            score = goal.score(inner.school.learnt(learner, lesson)(test), actual)
            if score > best[learner.name][0]:
                best[learner.name] = score, arm.name
    return {name: arm for name, (_, arm) in best.items()}


__all__ = ["INTERRUPTED", "REAL", "SCORE", "TIME", "Plan", "Sitting", "Trial", "run"]
