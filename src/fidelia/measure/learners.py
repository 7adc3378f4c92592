"""The classifiers and regressors that measure a table.

Two are used throughout: linear ones on the embedding, and boosted trees on the columns. Five more families stand
beside them where it is asked whether models rank alike.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from threadpoolctl import ThreadpoolController

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


def boosted(
    categorical: list[int],
    task: str,
    seed: int,
    *,
    rate: float = 0.15,
    leaves: int = 31,
    least: int = 20,
    rounds: int = ROUNDS,
) -> Learner:
    """Return histogram gradient boosting: 100 rounds at rate 0.15, as strong here as deeper slow settings.

    Parameters
    ----------
    rate, leaves, least, rounds : float, int, int, int
        Learning rate, leaves of a tree, rows in a leaf, and trees: smaller steps of smaller trees rank rows a little
        worse and give better probabilities.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingRegressor if task == "regression" else HistGradientBoostingClassifier
    learner: Learner = kind(
        max_iter=rounds,
        learning_rate=rate,
        max_leaf_nodes=leaves,
        min_samples_leaf=least,
        early_stopping=False,
        categorical_features=categorical or None,
        random_state=seed,
    )
    return learner


def linear(task: str, *, strength: float = 1.0) -> Learner:
    """Return ridge or logistic regression; the data count `strength` times as much as the penalty."""
    from sklearn.linear_model import LogisticRegression, Ridge

    learner: Learner = (
        Ridge(alpha=1 / strength) if task == "regression" else LogisticRegression(C=strength, max_iter=100, tol=1e-3)
    )
    return learner


def neighbourhood(task: str) -> Learner:
    """Return the mean, or the vote, of the 25 nearest rows."""
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

    kind = KNeighborsRegressor if task == "regression" else KNeighborsClassifier
    return _Few(kind, 25)


class _Few:
    """Neighbours, as many as there are rows at most."""

    def __init__(self, kind: Callable[..., Any], most: int) -> None:
        self.kind, self.most = kind, most

    def fit(self, x: Floats, y: NDArray[Any]) -> Any:
        """Learn."""
        return self.kind(n_neighbors=min(self.most, len(x))).fit(x, y)


def bayes() -> Learner:
    """Return naive Bayes with normal densities, smoothed because most coordinates are indicators."""
    from sklearn.naive_bayes import GaussianNB

    learner: Learner = GaussianNB(var_smoothing=1e-2)
    return learner


def tree(task: str, seed: int) -> Learner:
    """Return one decision tree, at most eight questions deep."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    kind = DecisionTreeRegressor if task == "regression" else DecisionTreeClassifier
    learner: Learner = kind(max_depth=8, min_samples_leaf=5, random_state=seed)
    return learner


def forest(task: str, seed: int) -> Learner:
    """Return a random forest of 40 trees."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    kind = RandomForestRegressor if task == "regression" else RandomForestClassifier
    learner: Learner = kind(n_estimators=40, max_features="sqrt", min_samples_leaf=3, random_state=seed)
    return learner


def network(task: str, seed: int, *, passes: int = 20) -> Learner:
    """Return a network with one hidden layer of 32 units, trained for at most so many passes over the rows."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    kind = MLPRegressor if task == "regression" else MLPClassifier
    made = kind(hidden_layer_sizes=(32,), alpha=1e-2, learning_rate_init=5e-3, max_iter=passes, random_state=seed)
    return _Scaled(made) if task == "regression" else _plain(made)


def _plain(made: Any) -> Learner:
    learner: Learner = made
    return learner


class _Scaled:
    """A regressor that learns the target in units of its spread, for learners whose steps depend on it."""

    def __init__(self, made: Any) -> None:
        self.made, self.mean, self.sd = made, 0.0, 1.0

    def fit(self, x: Floats, y: NDArray[Any]) -> _Scaled:
        """Learn."""
        self.mean, self.sd = float(y.mean()), float(y.std()) or 1.0
        self.made.fit(x, (y - self.mean) / self.sd)
        return self

    def predict(self, x: Floats) -> Floats:
        """Return predictions in the target's own units."""
        return np.asarray(self.made.predict(x) * self.sd + self.mean)


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of learner.

    Parameters
    ----------
    sees : {"columns", "points"}
        Numbers and codes, or the embedding.
    make : callable
        ``(task, categorical columns, seed) -> Learner``.
    most : int
        It may learn from so many rows,
    cells : float
        and from so many cells: rows times columns times classes but one.
    """

    name: str
    sees: str
    make: Callable[[str, list[int], int], Learner]
    most: int = 50_000
    cells: float = 1e7
    classifier_only: bool = False


BOOSTED, LINEAR, TREE, NETWORK = "boosted trees", "linear", "decision tree", "neural network"
FAMILIES = (
    Family(BOOSTED, "columns", lambda task, categorical, seed: boosted(categorical, task, seed), cells=2e6),
    Family(LINEAR, "points", lambda task, _, __: linear(task)),
    Family("nearest neighbours", "points", lambda task, _, __: neighbourhood(task)),
    Family("naive Bayes", "points", lambda _, __, ___: bayes(), classifier_only=True),
    Family(TREE, "points", lambda task, _, seed: tree(task, seed), 5_000),
    Family("random forest", "points", lambda task, _, seed: forest(task, seed), 5_000),
    Family(NETWORK, "points", lambda task, _, seed: network(task, seed), 5_000),
)


def train(learner: Learner, x: Floats, y: NDArray[Any], classes: int) -> Callable[[Floats], Floats]:
    """Fit and return what predicts: ``(n,)`` numbers if `classes` is 0, else ``(n, classes)`` probabilities.

    A class that is not among `y` has probability 0; with a single class or value there is nothing to learn.
    """
    present = np.unique(y)
    if len(present) < 2:
        return lambda q: _constant(len(q), present, classes)
    empty = np.isnan(x).all(axis=0)  # boosted trees cannot bin a column without values

    # One thread: threads wait longer for each other than these small rounds take, many times so on a busy machine.
    with warnings.catch_warnings(), _pools().limit(limits=1):
        warnings.simplefilter("ignore")  # an optimum that is not reached to the last digit is good enough here
        fitted = learner.fit(np.where(empty, 0.0, x), y)

    def predict(q: Floats) -> Floats:
        q = np.where(empty, 0.0, q)
        with _pools().limit(limits=1):
            if classes == 0:
                return np.asarray(fitted.predict(q), dtype=np.float64)
            out = np.zeros((len(q), classes))
            out[:, present.astype(int)] = fitted.predict_proba(q)
            return out

    return predict


@cache
def _pools() -> ThreadpoolController:
    """The pools of threads of this process; finding them takes longer than a small model."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _constant(n: int, present: NDArray[Any], classes: int) -> Floats:
    if classes == 0:
        return np.full(n, present[0] if len(present) else 0.0)
    out = np.zeros((n, classes))
    out[:, present.astype(int)] = 1.0
    return out
