"""The one-sided level-set score of many views at once: how many rows lie where reference rows are too seldom.

In the densest half of the reference rows (`CORE`) the order of rows is noise of estimation, and one row is as
realistic as another: what is scored is the curve P_a for a in [1/2, 1] below the diagonal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

CORE = 0.5


class Ordered:
    """Reference rows in order of each view, and where other rows stand among them.

    Parameters
    ----------
    own : (n, v) float64
        Surprise of the reference rows, each seen by the others; one column per view.
    other : (m, v) float64
        Surprise of the rows that are scored.
    """

    def __init__(self, own: Floats, other: Floats) -> None:
        self.order = np.argsort(own, axis=0, kind="stable")
        self.rank = np.empty_like(self.order)
        np.put_along_axis(self.rank, self.order, np.arange(len(own))[:, None], axis=0)
        ordered = np.take_along_axis(own, self.order, axis=0)
        self.place = np.column_stack([_places(ordered[:, i], other[:, i]) for i in range(own.shape[1])])

    def scores(self) -> Floats:
        """Return the score of each view, ``(v,)``: 1 where no row is too far out, 0 where all are beyond."""
        n, m = len(self.order), len(self.place)
        return _score(np.ones((n, 1)) / n, self._counted(self.place, np.ones(m)))

    def resampled(self, generator: np.random.Generator) -> Floats:
        """Return the scores of both tables' rows drawn anew; the rows are scored already, none is searched."""
        n, m = len(self.order), len(self.place)
        own, other = generator.multinomial(n, np.full(n, 1 / n)), generator.multinomial(m, np.full(m, 1 / m))
        return _score(own[self.order] / n, self._counted(self.place, other))

    def null(self, generator: np.random.Generator) -> Floats:
        """Return the scores of as many rows drawn from the reference rows themselves."""
        n, m = len(self.order), len(self.place)
        own, other = (generator.multinomial(size, np.full(n, 1 / n)) for size in (n, m))
        return _score(own[self.order] / n, self._counted(self.rank, other))

    def levels(self) -> Floats:
        """Return the share of reference rows that are more typical, ``(m, v)``: 1 is beyond all."""
        return np.asarray(self.place / len(self.order))

    def _counted(self, place: Ints, weights: NDArray[np.float64] | Ints) -> Floats:
        """Return the share of scored rows that are at most as far out as each reference row, in order."""
        n = len(self.order)
        found = [np.bincount(place[:, i], weights=weights, minlength=n + 1)[:n] for i in range(place.shape[1])]
        return np.asarray(np.cumsum(np.column_stack(found), axis=0) / np.sum(weights))


def _places(ordered: Floats, values: Floats) -> Ints:
    """Return how many reference rows are less far out; values that tie with several are spread over them."""
    low, high = (np.searchsorted(ordered, values, side=side) for side in ("left", "right"))
    tied = np.flatnonzero(high > low)
    if len(tied):
        by = tied[np.argsort(low[tied], kind="stable")]
        _, start, size = np.unique(low[by], return_index=True, return_counts=True)
        share = (np.arange(len(by)) - np.repeat(start, size) + 0.5) / np.repeat(size, size)
        low = low.copy()
        low[by] += np.floor(share * (high[by] - low[by])).astype(low.dtype)
    return np.asarray(low, dtype=np.int64)


def _score(weights: Floats, reached: Floats) -> Floats:
    """Return 1 - S-, where S- is the area below the diagonal over [CORE, 1], as a share of all of it."""
    level = np.cumsum(weights, axis=0) - weights / 2
    short = np.where(level > CORE, np.maximum(level - reached, 0.0), 0.0)
    return np.asarray(1 - (weights * short).sum(axis=0) * 2 / (1 - CORE**2))
