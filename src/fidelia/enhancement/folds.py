"""The splits of a trial: repeated stratified folds, and in each as many training rows as are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.rng import Rng

    Ints = NDArray[np.int64]

FEW, MANY = 5, 10
ROWS, CLASS = 20, 2
"""A fold has so many rows at least, and so many of each class, where there are `MANY`."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """One split of the rows.

    Parameters
    ----------
    repeat, fold : int
    train : (n,) int64
        The rows that may be learnt from, in an order of which every first part is stratified too, so that smaller
        training sets lie within larger ones.
    test : (m,) int64
        The rows of the fold.
    """

    repeat: int
    fold: int
    train: Ints
    test: Ints

    def learnt(self, share: float) -> Ints:
        """Return the training rows of a share, in the order of the table."""
        return np.sort(self.train[: max(1, round(share * len(self.train)))])


def folds(strata: Ints, classes: bool) -> int:
    """Return how many folds serve best.

    Intervals are the narrower the fewer rows a split tests on (`fidelia.measure.statistics.repeated`), and where a
    tenth is tested on and no more than a tenth learnt from, the covariance of two splits is bounded by theory.

    Parameters
    ----------
    strata : (n,) int64
    classes : bool
        Whether the strata are classes, of which each fold needs some rows.

    Examples
    --------
    >>> folds(np.repeat([0, 1], [900, 100]), True), folds(np.repeat([0, 1], [900, 13]), True)
    (10, 5)
    """
    rare = np.unique(strata, return_counts=True)[1].min() if classes else len(strata)
    return MANY if len(strata) >= ROWS * MANY and rare >= CLASS * MANY else FEW


def splits(strata: Ints, count: int, repeats: int, rng: Rng, groups: Ints | None = None) -> Iterator[Split]:
    """Yield the splits of repeated stratified cross-validation, repeat by repeat.

    Parameters
    ----------
    strata : (n,) int64
        Rows of one number are spread evenly over the folds.
    count : int
        Folds of a repeat.
    repeats : int
    groups : (n,) int64 or None
        Rows of one number stand in one fold.
    """
    for repeat in range(repeats):
        draw = rng.child(f"repeat/{repeat}").generator()
        fold = _dealt(strata, count, draw) if groups is None else _dealt(_zeros(groups), count, draw)[groups]
        for k in range(count):
            rest = np.flatnonzero(fold != k)
            yield Split(repeat, k, rest[_spread(strata[rest], draw)], np.flatnonzero(fold == k))


def _zeros(groups: Ints) -> Ints:
    return np.zeros(int(groups.max()) + 1, dtype=np.int64)


def _dealt(strata: Ints, count: int, draw: np.random.Generator) -> Ints:
    """Deal the rows to folds like cards, stratum after stratum."""
    shuffled = draw.permutation(len(strata))
    ordered = shuffled[np.argsort(strata[shuffled], kind="stable")]
    fold = np.empty(len(strata), dtype=np.int64)
    fold[ordered] = np.arange(len(strata)) % count
    return fold


def _spread(strata: Ints, draw: np.random.Generator) -> Ints:
    """Return an order in which each stratum's rows stand at even distances, beginning anywhere."""
    place = np.empty(len(strata))
    for stratum in np.unique(strata):
        rows = draw.permutation(np.flatnonzero(strata == stratum))
        place[rows] = (np.arange(len(rows)) + draw.random()) / len(rows)
    return np.argsort(place, kind="stable")
