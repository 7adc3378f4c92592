"""How a trial learns: what learners see of rows, how their settings are chosen, and rows that count more or less.

The families are those of `fidelia.measure.learners`. Their settings are chosen within each training fold by
cross-validation on its real rows alone, and every arm learns with the settings so chosen: rows that only make up for a
badly set learner are no gain. For the same reason the number of rows changes neither the penalty of a linear model nor
the number of steps of a network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.enhancement.sight import Sees, Sight, sight
from fidelia.errors import UsageError
from fidelia.measure.learners import BOOSTED, FAMILIES, LINEAR, NETWORK, boosted, linear, network, train
from fidelia.schema.schema import closest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.enhancement.goal import Goal
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]
    Predict = Callable[[Any], Floats]

Setting = Mapping[str, Any]
CNN = "small CNN"
DEFAULTS, OF_PICTURES = (LINEAR, BOOSTED, NETWORK), (CNN, LINEAR)
BATCH = 200
INNER = 3


@dataclass(frozen=True, slots=True, eq=False)
class Learner:
    """A family of models.

    Parameters
    ----------
    name : str
    sees : {"points", "columns", "frame", "pixels"}
        Normal scores and indicators, numbers and codes, the pandas frame without the target; or pictures. What sees
        columns or points sees features of pictures.
    make : callable
        ``(setting, task, categorical columns, rows, seed) -> estimator``, not fitted.
    ladder : sequence of Setting
        The settings to choose from, the usual one first.
    fixed : bool
        Whether all rows together count as many as the real ones, whatever their number.
    """

    name: str
    sees: Sees
    make: Callable[[Setting, str, list[int], int, int], Any]
    ladder: Sequence[Setting] = ({},)
    fixed: bool = False


TUNED = {
    LINEAR: Learner(
        LINEAR,
        "points",
        lambda setting, task, _, __, ___: linear(task, **setting),
        [{"strength": c} for c in (1.0, 0.1, 0.01, 10.0)],
        fixed=True,
    ),
    BOOSTED: Learner(
        BOOSTED,
        "columns",
        lambda setting, task, categorical, _, seed: boosted(categorical, task, seed, **setting),
        [{}, {"rounds": 25}, {"rounds": 25, "least": 5}],
    ),
    NETWORK: Learner(
        NETWORK,
        "points",
        lambda setting, task, _, rows, seed: network(task, seed, passes=_passes(setting["steps"], rows)),
        [{"steps": steps} for steps in (200, 60, 600)],
    ),
}


def _classifier(setting: Setting, seed: int) -> Any:
    from fidelia.measure.images.classifier import Classifier

    return Classifier(seed, setting["steps"])


SEES_PICTURES = Learner(
    CNN,
    "pixels",
    lambda setting, _, __, ___, seed: _classifier(setting, seed),
    [{"steps": steps} for steps in (300, 900)],
)
"""Families of the catalog see features of pictures; this one sees the pictures."""


def _passes(steps: int, rows: int) -> int:
    return max(1, round(steps / -(-rows // min(BATCH, rows))))


def learners(
    wanted: Sequence[str] | Mapping[str, Any] | None, *, tuned: bool = True, task: str, pictures: bool = False
) -> list[Learner]:
    """Return the learners of a trial.

    Parameters
    ----------
    wanted : sequence of str, mapping of str to estimator, or None
        Names of families, or own estimators with scikit-learn's interface by any names; a name with None is a family.
        A pipeline gets the pandas frame without the target, any other estimator the embedding: normal scores,
        indicators, no missing values. It is cloned for each fit.
    tuned : bool
        Choose the settings of the families, or take them as they are.
    task : {"binary", "multiclass", "regression"}
    pictures : bool
        Whether pictures are to be told apart; own estimators then get features of them.

    Raises
    ------
    UsageError
        When a family does not exist, or an estimator cannot do the task.
    """
    known = {family.name: family for family in FAMILIES}
    usual = OF_PICTURES if pictures else DEFAULTS
    given = dict.fromkeys(wanted or usual) if not isinstance(wanted, Mapping) else dict(wanted)
    found = []
    for name, own in given.items():
        if own is not None:
            found.append(_own(name, own, task))
        elif name == CNN and pictures:
            found.append(SEES_PICTURES if tuned else replace(SEES_PICTURES, ladder=SEES_PICTURES.ladder[:1]))
        elif name in known:
            found.append(TUNED[name] if tuned and name in TUNED else _plain(name))
        else:
            names = [*known, *([CNN] if pictures else [])]
            raise UsageError(f"no learner {name!r}{closest(name, names)} (there are: {', '.join(names)})")
        if own is None and task == "regression" and known[name].classifier_only:
            raise UsageError(f"learner {name!r} only knows classes, and the target is a number; leave it out")
    return found


def _plain(name: str) -> Learner:
    family = next(family for family in FAMILIES if family.name == name)
    sees: Sees = "columns" if family.sees == "columns" else "points"
    return Learner(name, sees, lambda _, task, categorical, __, seed: family.make(task, categorical, seed))


def _own(name: str, estimator: Any, task: str) -> Learner:
    from sklearn.base import clone
    from sklearn.pipeline import Pipeline

    needs = "predict" if task == "regression" else "predict_proba"
    if not (hasattr(estimator, "fit") and hasattr(estimator, needs)):
        raise UsageError(
            f"learner {name!r} ({type(estimator).__name__}) has no `fit` and `{needs}`, which {task} needs"
        )
    frame = any(isinstance(part, Pipeline) for part in (estimator, getattr(estimator, "estimator", None)))
    return Learner(name, "frame" if frame else "points", lambda *_: clone(estimator))


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """What a model learns from.

    Parameters
    ----------
    rows : Table
    weight : (n,) float64 or None
        How much each row counts; None: all alike.
    target : (n,) array or None
        What is to be predicted of the rows, where it is not what they say themselves: numbers or codes of classes.
    """

    rows: Table
    weight: Floats | None = None
    target: NDArray[Any] | None = None


@dataclass(eq=False)
class School:
    """The learners of one training fold: their settings, and what they learn from any lesson.

    Parameters
    ----------
    train : Table
        The real rows of the fold.
    goal : Goal
    rng : Rng
    settings : dict of str to Setting
        Those that are chosen already.
    """

    train: Table
    goal: Goal
    rng: Rng
    settings: dict[str, Setting] = field(default_factory=dict)
    eyes: Sight = field(init=False)

    def __post_init__(self) -> None:
        self.eyes = sight(self.train, self.goal.target)

    def learnt(self, learner: Learner, lesson: Lesson) -> Callable[[Table], Floats]:
        """Return the model of a lesson: from rows to ``(n,)`` numbers or ``(n, classes)`` probabilities."""
        y = self.goal.actual(lesson.rows) if lesson.target is None else lesson.target
        known = np.flatnonzero(self.goal.known(y))
        weight = None if lesson.weight is None else lesson.weight[known]
        x = self.eyes.see(learner.sees, lesson.rows.take(known))
        predict = self._fitted(learner, self.setting(learner), x, y[known], weight)
        return lambda table: predict(self.eyes.see(learner.sees, table))

    def setting(self, learner: Learner) -> Setting:
        """Return the setting that predicts best within the real rows of the fold; in doubt the usual one."""
        if learner.name not in self.settings:
            self.settings[learner.name] = self._chosen(learner)
        return self.settings[learner.name]

    def _chosen(self, learner: Learner) -> Setting:
        from fidelia.enhancement.folds import splits

        if len(learner.ladder) == 1:
            return learner.ladder[0]
        y, x = self.goal.actual(self.train), self.eyes.see(learner.sees, self.train)
        scores = np.full((INNER, len(learner.ladder)), np.nan)
        inner = splits(self.goal.strata(self.train), INNER, 1, self.rng.child("settings"))
        for i, split in enumerate(inner):
            for k, setting in enumerate(learner.ladder):
                predict = self._fitted(learner, setting, x[split.train], y[split.train], None)
                scores[i, k] = self.goal.score(predict(x[split.test]), y[split.test])
        if not np.isfinite(scores).any():
            return learner.ladder[0]
        return learner.ladder[int(np.argmax(np.nanmean(scores[np.isfinite(scores).any(axis=1)], axis=0)))]

    def _fitted(self, learner: Learner, setting: Setting, x: Any, y: NDArray[Any], weight: Floats | None) -> Predict:
        seed = self.rng.child(f"learner/{learner.name}").integer()
        made = learner.make(setting, self.goal.kind, self.eyes.categorical, len(y), seed)
        if learner.fixed and weight is None:
            weight = np.ones(len(y))
        if weight is not None:
            total = min(len(self.train), len(y)) if learner.fixed else len(y)
            weight = weight * (total / weight.sum())
        taught = _Taught(made, weight)
        if learner.sees == "frame":
            return _frame(taught, x, y, len(self.goal.levels))
        return train(taught, x, y, len(self.goal.levels))


@dataclass(frozen=True, slots=True, eq=False)
class _Taught:
    """An estimator whose rows count by weight; one that takes no weights gets rows as often as they count."""

    made: Any
    weight: Floats | None

    def fit(self, x: Any, y: NDArray[Any]) -> Any:
        """Learn."""
        if self.weight is None:
            return self.made.fit(x, y)
        if "sample_weight" in signature(self.made.fit).parameters:
            return self.made.fit(x, y, sample_weight=self.weight)
        share = np.cumsum(self.weight) / self.weight.sum()
        rows = np.searchsorted(share, (np.arange(len(y)) + 0.5) / len(y))
        return self.made.fit(x.iloc[rows] if hasattr(x, "iloc") else x[rows], y[rows])


def _frame(taught: _Taught, x: Any, y: NDArray[Any], classes: int) -> Predict:
    """Fit a pipeline on a frame; see `fidelia.measure.learners.train`."""
    fitted = taught.fit(x, y)
    if classes == 0:
        return lambda q: np.asarray(fitted.predict(q), dtype=np.float64)

    def predict(q: Any) -> Floats:
        out = np.zeros((len(q), classes))
        out[:, np.asarray(fitted.classes_, dtype=int)] = fitted.predict_proba(q)
        return out

    return predict
