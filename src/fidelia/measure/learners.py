"""The two classifiers and regressors that measure a table: linear on the embedding, boosted trees on the columns."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.values import Values

    Floats = NDArray[np.float64]

LEVELS = 254
ROUNDS = 100


class Learner(Protocol):
    """Fits numbers or classes and predicts a number per row, or a probability per row and class."""

    def fit(self, x: Floats, y: NDArray[Any]) -> Any:
        """Learn."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Columns as one matrix for boosted trees: numbers with NaN, categories as codes.

    Parameters
    ----------
    names : list of str
    categorical : list of int
        Positions of the categorical columns.
    train, synthetic, holdout : (n, columns) float64
    """

    names: list[str]
    categorical: list[int]
    train: Floats
    synthetic: Floats
    holdout: Floats


def features(columns: Sequence[Values]) -> Features:
    """Return the matrix; of a category's levels the 253 most frequent in train keep a code of their own."""
    parts = [_columns(values) for values in columns]
    sides = [np.column_stack([part[i] for part in parts]) for i in range(3)]
    categorical = [i for i, values in enumerate(columns) if values.levels is not None]
    return Features([values.name for values in columns], categorical, *sides)


def _columns(values: Values) -> list[Floats]:
    assert values.holdout is not None
    sides = [values.train, values.synthetic, values.holdout]
    if values.levels is None:
        return sides
    count = np.bincount(values.train, minlength=values.codes)
    place = np.full(values.codes, LEVELS - 1.0)
    kept = np.argsort(-count, kind="stable")[: LEVELS - 1]
    place[kept] = np.arange(len(kept))
    return [place[side] for side in sides]


def boosted(categorical: list[int], task: str, seed: int) -> Learner:
    """Return histogram gradient boosting: 100 rounds at rate 0.15, as strong here as deeper slow settings."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingRegressor if task == "regression" else HistGradientBoostingClassifier
    learner: Learner = kind(
        max_iter=ROUNDS,
        learning_rate=0.15,
        early_stopping=False,
        categorical_features=categorical or None,
        random_state=seed,
    )
    return learner


def linear(task: str) -> Learner:
    """Return ridge or logistic regression."""
    from sklearn.linear_model import LogisticRegression, Ridge

    learner: Learner = Ridge(alpha=1.0) if task == "regression" else LogisticRegression(C=1.0, max_iter=100, tol=1e-3)
    return learner


def train(learner: Learner, x: Floats, y: NDArray[Any], classes: int) -> Callable[[Floats], Floats]:
    """Fit and return what predicts: ``(n,)`` numbers if `classes` is 0, else ``(n, classes)`` probabilities.

    A class that is not among `y` has probability 0; with a single class or value there is nothing to learn.
    """
    present = np.unique(y)
    if len(present) < 2:
        return lambda q: _constant(len(q), present, classes)
    empty = np.isnan(x).all(axis=0)  # boosted trees cannot bin a column without values
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    # One thread: threads wait longer for each other than these small rounds take, many times so on a busy machine.
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")  # an optimum that is not reached to the last digit is good enough here
        fitted = learner.fit(np.where(empty, 0.0, x), y)

    def predict(q: Floats) -> Floats:
        q = np.where(empty, 0.0, q)
        with threadpool_limits(1):
            if classes == 0:
                return np.asarray(fitted.predict(q), dtype=np.float64)
            out = np.zeros((len(q), classes))
            out[:, present.astype(int)] = fitted.predict_proba(q)
            return out

    return predict


def _constant(n: int, present: NDArray[Any], classes: int) -> Floats:
    if classes == 0:
        return np.full(n, present[0] if len(present) else 0.0)
    out = np.zeros((n, classes))
    out[:, present.astype(int)] = 1.0
    return out
