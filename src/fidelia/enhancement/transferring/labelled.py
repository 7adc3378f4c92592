"""What each way to learn is worth on target rows with labels, beside the source as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.enhancement.folds import splits
from fidelia.enhancement.learning import Lesson, School, learners
from fidelia.enhancement.transferring.domains import Domains
from fidelia.generate.sampling import joined
from fidelia.measure.learners import BOOSTED, LINEAR
from fidelia.measure.statistics.repeated import Compared, compared

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.enhancement.goal import Goal
    from fidelia.progress import Progress
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]

SOURCE, TARGET, POOLED = "source only", "target only", "pooled"
RATIO, CLASSES, DRAWN = "weighted by features", "weighted by classes", "drawn for the target"
SUMMARIES = {
    SOURCE: "the source rows as they are",
    TARGET: "the target rows with labels",
    POOLED: "source rows, and target rows with labels",
    RATIO: "source rows by the density ratio of their features",
    CLASSES: "source rows by the ratio of the class shares",
    DRAWN: "synthetic rows in the law of the target",
}
FEWEST, FOLDS = 50, 5
SURE = 1e-3
"""Least probability of the true class that counts, so that one row cannot outweigh all others."""


@dataclass(frozen=True, slots=True)
class Line:
    """One way to learn, on target rows that no model saw.

    Parameters
    ----------
    learner, arm, summary : str
    score : float
        Mean over splits.
    log_score : float or None
        Mean log probability of the true class, which also knows when a model is sure and wrong; None of numbers.
    gain, log_gain : Compared or None
        By how much they are above those of the source; joint over all lines.
    """

    learner: str
    arm: str
    summary: str
    score: float
    log_score: float | None = None
    gain: Compared | None = None
    log_gain: Compared | None = None

    @property
    def gains(self) -> list[Compared]:
        """The comparisons that there are."""
        return [one for one in (self.gain, self.log_gain) if one is not None]


def lines(
    both: Domains, weights: Mapping[str, Floats], drawn: Table, repeats: int, rng: Rng, progress: Progress
) -> tuple[Line, ...]:
    """Score a linear model and boosted trees learnt in each way on repeated folds of the target rows with labels.

    Weights help models that cannot follow the source everywhere: a linear one much more than trees.

    Parameters
    ----------
    both : Domains
    weights : mapping of str to (source rows,)
        Arms that learn from weighted source rows; the source as it is among them.
    drawn : Table
        Synthetic rows for the target.

    Returns
    -------
    tuple of Line
        Empty where fewer than `FEWEST` target rows have a label, or all have the same.
    """
    goal, rows = both.goal, both.labelled
    if len(rows) < FEWEST or len(np.unique(goal.actual(rows))) < 2:
        return ()
    school = School(joined([both.source, both.target]), goal, rng.child("learner"))
    lessons = {**{arm: Lesson(both.source, weight) for arm, weight in weights.items()}, DRAWN: Lesson(drawn)}
    arms = list(dict.fromkeys([SOURCE, TARGET, POOLED, *lessons]))
    taught = learners([LINEAR, BOOSTED], tuned=False, task=goal.kind)
    models = {(one.name, arm): school.learnt(one, lesson) for arm, lesson in lessons.items() for one in taught}
    found = []
    with progress.stage("try arms", FOLDS * repeats) as tick:
        for split in splits(goal.strata(rows), FOLDS, repeats, rng.child("splits")):
            train, test = rows.take(np.sort(split.train)), rows.take(split.test)
            fresh = {TARGET: Lesson(train), POOLED: Lesson(joined([both.source, train]))}
            models |= {(one.name, arm): school.learnt(one, lesson) for arm, lesson in fresh.items() for one in taught}
            actual = goal.actual(test)
            found.append([[_scores(goal, models[one.name, arm](test), actual) for arm in arms] for one in taught])
            tick(1)
    return _lines([one.name for one in taught], arms, np.array(found), rng.child("compared"))


def _scores(goal: Goal, predicted: Floats, actual: NDArray[Any]) -> list[float]:
    """The score, and of classes the mean log probability of the true one."""
    score = goal.score(predicted, actual)
    if goal.kind == "regression":
        return [score]
    true = predicted[np.arange(len(actual)), actual.astype(np.int64)]
    return [score, float(np.log(np.clip(true, SURE, 1.0)).mean())]


def _lines(names: list[str], arms: list[str], scores: Floats, rng: Rng) -> tuple[Line, ...]:
    """Compare all arms with the first, for all learners and both scores together; (splits, learners, arms, scores)."""
    gaps = (scores - scores[:, :, :1])[:, :, 1:]
    shape = gaps.shape[1:]
    found = iter(compared(gaps.reshape(len(gaps), -1), 1 / FOLDS, rng))
    gains = [[[next(found) for _ in range(shape[2])] for _ in range(shape[1])] for _ in range(shape[0])]
    means = np.nanmean(scores, axis=0).tolist()
    return tuple(
        Line(name, arm, SUMMARIES[arm], *_pair(means[k][i]), *_pair(gains[k][i - 1] if i else []))
        for k, name in enumerate(names)
        for i, arm in enumerate(arms)
    )


def _pair(known: list[Any]) -> list[Any]:
    return [*known, None, None][:2]
