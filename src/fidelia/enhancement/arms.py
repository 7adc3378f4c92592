"""Arms: what a model learns from. An arm sees one training fold and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from inspect import signature
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from fidelia.auditing.curation.acceptance import ByOdds
from fidelia.auditing.curation.rounds import Limits, collect, from_generator
from fidelia.data.align import align
from fidelia.enhancement.classical import mixed, noisy, repeated, smote
from fidelia.enhancement.learning import Lesson, School
from fidelia.errors import NotApplicable
from fidelia.generate.balance import Balance
from fidelia.generate.catalog import create, find
from fidelia.generate.effort import Effort, takes_effort
from fidelia.generate.sampling import joined, sample
from fidelia.measure.case import Case
from fidelia.progress import SILENT, Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.enhancement.goal import Goal
    from fidelia.enhancement.learning import Learner, Predict, Setting
    from fidelia.generate.catalog import Generator
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]

REAL, SYNTHETIC, BEST, AUDITED, DISTILLED = "real", "synthetic", "best", "audited synthetic", "distilled"
REPEATED, NOISE, MIXUP = "real, repeated", "noise", "mixup"
CLASSICAL, BOTH = "classical", "classical + synthetic x 1"
"""Of pictures: moved and turned a little, and with synthetic ones beside; what these add is a comparison of its own."""
WEIGHTS, OVERSAMPLED, SMOTE, REBALANCED = "class weights", "oversampling", "SMOTE", "synthetic rebalanced"
UNPROTECTED = {"k": 1, "rare": "keep", "leaf": 5}
"""Parameters of generators whose rows are handed to nobody: who learns from them learns from the real rows too."""
JUDGES = 4
"""One in so many training rows judges audited rows; their generator never sees it."""
BUDGET = 10
Q = 0.1
UNLIKELY = 0.01
"""A label of less probability is left out."""


@dataclass(frozen=True, slots=True)
class Maker:
    """A generator of the catalog and its parameters.

    Parameters
    ----------
    name : str
    parameters : mapping
    seconds : float or None
        Most seconds of one fit, for generators that train step by step.
    """

    name: str = "trees"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None

    @classmethod
    def of(cls, name: str, parameters: Mapping[str, Any], *, protected: bool, seconds: float | None = None) -> Self:
        """Return a maker whose generator protects rare values, or one that is as close to the rows as it can be."""
        known = signature(find(name)).parameters
        bare = {} if protected else {key: value for key, value in UNPROTECTED.items() if key in known}
        return cls(name, {**bare, **parameters}, seconds)

    def fit(self, table: Table, rng: Rng, progress: Progress = SILENT) -> Generator:
        """Return a generator that has learnt `table`."""
        made = create(self.name, **self.parameters)
        limited = self.seconds is not None and takes_effort(made)
        effort: dict[str, Any] = {"effort": Effort(seconds=self.seconds)} if limited else {}
        return made.fit(table, rng=rng, progress=progress, **effort)


@dataclass(eq=False)
class Fold:
    """The training rows of one split, and the generator that learnt from them: once for all arms.

    Parameters
    ----------
    train : Table
        All that arms, generators and learners see.
    goal : Goal
    maker : Maker
    learners : sequence of Learner
    rng : Rng
    most : float
        The largest ratio of synthetic to real rows that is asked for: smaller ones take the first of the same rows.
    settings : dict of str to Setting
        Those of learners that are chosen already.
    """

    train: Table
    goal: Goal
    maker: Maker
    learners: Sequence[Learner]
    rng: Rng
    most: float = 1.0
    settings: dict[str, Setting] = field(default_factory=dict)
    progress: Progress = field(default=SILENT, repr=False)

    @cached_property
    def school(self) -> School:
        """The learners, their settings chosen on the training rows."""
        return School(self.train, self.goal, self.rng, self.settings)

    @cached_property
    def models(self) -> dict[str, Predict]:
        """What each learner learns from the training rows alone."""
        return {learner.name: self.school.learnt(learner, Lesson(self.train)) for learner in self.learners}

    def together(self, rows: Table) -> Floats:
        """Return the mean of what these models predict of rows."""
        return np.asarray(np.mean([model(rows) for model in self.models.values()], axis=0))

    @cached_property
    def generator(self) -> Generator:
        """Fitted on the training rows."""
        return self.maker.fit(self.train, self.rng.child("generator"), self.progress)

    @cached_property
    def _pool(self) -> Table:
        return align(sample(self.generator, self.rows(self.most), rng=self.rng.child("rows")), self.train, "synthetic")

    def rows(self, ratio: float) -> int:
        """Return the number of rows that a ratio means."""
        return max(1, round(ratio * len(self.train)))

    def drawn(self, ratio: float) -> Table:
        """Return synthetic rows, `ratio` times as many as there are training rows."""
        return self._pool.take(np.arange(self.rows(ratio)))

    @cached_property
    def rare(self) -> NDArray[np.bool_]:
        """Which training rows are of the class that the score is about."""
        return np.asarray(self.goal.actual(self.train) == self.goal.rare)

    @property
    def lacking(self) -> int:
        """Rows of the rare class that are missing from as many as the commonest has.

        Raises
        ------
        NotApplicable
            When the fold has none of that class.
        """
        if not self.rare.any():
            raise NotApplicable("TOO_FEW_ROWS", "no row of the rare class in a training fold")
        counts = np.bincount(self.goal.actual(self.train), minlength=len(self.goal.levels))[: len(self.goal.levels)]
        return int(counts.max() - self.rare.sum())


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """A way to make the rows that a model learns from.

    Parameters
    ----------
    name : str
    summary : str
        The same for people.
    make : callable
        ``Fold -> Lesson``; raises NotApplicable where it cannot.
    control : bool
        It holds no new information: a gain that it has too is not due to new rows.
    """

    name: str
    summary: str
    make: Callable[[Fold], Lesson] = field(repr=False)
    control: bool = False


def augmented(ratio: float) -> Arm:
    """Return the arm that adds synthetic rows to the real ones."""
    name = f"real + synthetic x {ratio:g}"
    said = f"real rows and {ratio:g} times as many synthetic ones"
    return Arm(name, said, lambda fold: Lesson(joined([fold.train, fold.drawn(ratio)])))


def augment(ratios: Sequence[float]) -> list[Arm]:
    """Return the arms of augmentation; the first is what all others are compared with."""
    times = 1 + max(1, round(max(ratios)))
    return [
        Arm(REAL, "the real training rows alone", lambda fold: Lesson(fold.train)),
        *(augmented(ratio) for ratio in ratios),
        Arm(
            DISTILLED,
            f"real rows and {max(ratios):g} times as many synthetic ones, labelled by all learners",
            _distilled,
        ),
        Arm(SYNTHETIC, "as many synthetic rows, no real ones", lambda fold: Lesson(fold.drawn(1.0))),
        Arm(AUDITED, "real rows and as many synthetic ones that passed an audit", _audited),
        Arm(NOISE, "real rows and as many copies whose numbers moved a little", lambda fold: _beside(fold, noisy)),
        Arm(MIXUP, "real rows and as many between two of them", lambda fold: _beside(fold, mixed)),
        Arm(REPEATED, f"real rows {times} times over", lambda fold: Lesson(repeated(fold.train, times)), control=True),
    ]


def rebalance() -> list[Arm]:
    """Return the arms that make up for a rare class; the first is what all others are compared with."""
    return [
        Arm(REAL, "the real training rows alone", lambda fold: Lesson(fold.train)),
        Arm(WEIGHTS, "classes count alike in the loss", _weighted),
        Arm(OVERSAMPLED, "rare rows repeated at random", _oversampled),
        Arm(SMOTE, "rare rows interpolated by imbalanced-learn", _smote),
        Arm(REBALANCED, "synthetic rows of the rare class, drawn as such", _rebalanced),
    ]


def _beside(fold: Fold, change: Callable[[Table, int, Rng], Table]) -> Lesson:
    return Lesson(joined([fold.train, change(fold.train, len(fold.train), fold.rng.child(change.__name__))]))


def _distilled(fold: Fold) -> Lesson:
    """Let all learners together say what synthetic rows are: each row counts for each class by its probability.

    References
    ----------
    Fakoor et al. (2020), Fast, accurate, and simple models for tabular data via augmented distillation, NeurIPS.
    """
    drawn = fold.drawn(fold.most)
    said, own = fold.together(drawn), fold.goal.actual(fold.train)
    if said.ndim == 1:
        return Lesson(joined([fold.train, drawn]), target=np.concatenate([own, said]))
    row, code = np.nonzero(said >= UNLIKELY)
    weight = np.concatenate([np.ones(len(own)), said[row, code]])
    return Lesson(joined([fold.train, drawn.take(row)]), weight, np.concatenate([own, code]))


def _audited(fold: Fold) -> Lesson:
    """Draw from a generator that a part of the training rows never met, and keep rows that these judge as real.

    The price of the audit is in the arm: its generator learns from fewer rows.
    """
    order = fold.rng.child("judges").generator().permutation(len(fold.train))
    cut = len(order) // JUDGES
    judges, rest = (fold.train.take(np.sort(part)) for part in (order[:cut], order[cut:]))
    rng = fold.rng.child("audited")
    draw = from_generator(fold.maker.fit(rest, rng.child("generator"), fold.progress), rest, rng)
    limits = Limits(len(fold.train), BUDGET * len(fold.train))
    first_draw = draw(limits.wanted, 0, 0)
    assert first_draw is not None
    first = Case(rest, first_draw, judges, rng.child("audit"))
    found = collect(draw, first, ByOdds(first, Q), limits, by=None, rng=rng, progress=SILENT)
    return Lesson(joined([fold.train, found.rows(limits.wanted)]))


def _weighted(fold: Fold) -> Lesson:
    actual = fold.goal.actual(fold.train)
    counts = np.bincount(actual, minlength=len(fold.goal.levels) + 1)
    return Lesson(fold.train, len(actual) / ((counts > 0).sum() * counts[actual]))


def _oversampled(fold: Fold) -> Lesson:
    lacking, rare = fold.lacking, np.flatnonzero(fold.rare)
    more = fold.rng.child("oversampled").generator().choice(rare, lacking)
    return Lesson(joined([fold.train, fold.train.take(more)]))


def _smote(fold: Fold) -> Lesson:
    return Lesson(joined([fold.train, smote(fold.train, fold.rare, fold.lacking, fold.rng.child("smote"))]))


def _rebalanced(fold: Fold) -> Lesson:
    """Draw the rare class under the condition that the target is that class, exactly."""
    if not fold.lacking:
        return Lesson(fold.train)
    level = fold.train[fold.goal.target][int(np.flatnonzero(fold.rare)[0])].as_py()
    balance = Balance.of(fold.goal.target, {level: 1.0})
    made = sample(fold.generator, fold.lacking, balance=balance, rng=fold.rng.child("rebalanced"))
    return Lesson(joined([fold.train, align(made, fold.train, "synthetic")]))
