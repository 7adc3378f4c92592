"""The one k-NN service: exact nearest rows among the three tables, computed once and shared.

Searches are blocked matrix products (`product`), whose candidates are measured again in double precision, so that
exact copies are exactly 0 apart. Equal rows are searched once and then spread out again, lowest index first, so that
thousands of duplicates crowd nothing out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.space.product import nearest
from fidelia.measure.space.within import count_within

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.space.embed import Embedded

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

K = 16


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """The nearest rows of each query.

    Parameters
    ----------
    distance : (n, k) float64
        Ascending; infinite where there are fewer than k other rows.
    index : (n, k) int64
        Positions among the searched points; -1 where there is none.
    """

    distance: Floats
    index: Ints


class Neighbors:
    """Nearest rows between the sides of an `Embedded`, each search done on first use.

    Parameters
    ----------
    embedded : Embedded
    real : Neighbors or None
        A service over the same real rows, whose searches among them serve here too.
    k : int
        How many neighbours `near` keeps.
    """

    def __init__(self, embedded: Embedded, real: Neighbors | None = None, k: int = K) -> None:
        self.embedded = embedded
        self.real = real
        self.k = k
        self._found: dict[tuple[str, str], Near] = {}

    def near(self, of: str, among: str) -> Near:
        """Return the k nearest rows of side `among` for each row of side `of`; a row is not its own neighbour.

        Parameters
        ----------
        of, among : {"train", "synthetic", "holdout"}
        """
        if self.real is not None and "synthetic" not in (of, among):
            return self.real.near(of, among)
        if (of, among) not in self._found:
            points = self.embedded.side(of)
            own = np.arange(len(points)) if of == among else None
            self._found[of, among] = search(points, self.embedded.side(among), self.k, own=own)
        return self._found[of, among]

    def radius(self, of: str, among: str, k: int) -> Floats:
        """Return the distance to the k-th nearest row, ``(n,)``; k at most the service's own."""
        return self.near(of, among).distance[:, k - 1]

    def between(self, of: str, rows: Ints | None, among: str, others: Ints | None, k: int) -> Near:
        """Return the k nearest of the points `others` of side `among` for the points `rows` of side `of`.

        None means all points of that side. Indices are positions in `among`, whatever the subset. A row that stands
        on both sides is not its own neighbour.
        """
        queries = np.arange(len(self.embedded.side(of))) if rows is None else rows
        targets = np.arange(len(self.embedded.side(among))) if others is None else others
        own = _places(queries, targets) if of == among else None
        found = search(self.embedded.side(of)[queries], self.embedded.side(among)[targets], k, own=own)
        return Near(found.distance, np.where(found.index >= 0, targets[found.index], -1))

    def within(self, side: str, rows: Ints, k: int) -> Near:
        """Return the k nearest among the points `rows` of one side, each without itself."""
        return self.between(side, rows, side, rows, k)

    def counts(self, of: str, among: str, radii: Floats, rows: Ints | None = None, others: Ints | None = None) -> Ints:
        """Return for each row of side `of` how many rows of side `among` have it within their own ball.

        Blocked, exact at the surface (which counts as within), never an n x m matrix. A row does not count itself.

        Parameters
        ----------
        of, among : {"train", "synthetic", "holdout"}
        radii : (m,) float64
            The ball around each searched row: of side `among`, or of `others` where that is given.
        rows, others : (n,) int64 or None
            Only these points of side `of`, and of side `among`; None means all.

        Returns
        -------
        (n,) int64
        """
        queries = np.arange(len(self.embedded.side(of))) if rows is None else rows
        targets = np.arange(len(self.embedded.side(among))) if others is None else others
        if len(radii) != len(targets):
            raise ValueError(f"{len(radii)} radii for {len(targets)} searched rows")
        own = _places(queries, targets) if of == among else None
        return count_within(self.embedded.side(of)[queries], self.embedded.side(among)[targets], radii, own=own)

    def nearest_of(self, of: str, among: str, others: Ints) -> Near:
        """Return the single nearest of a subset, read from the full search where that reaches far enough.

        Exact: a row none of whose k neighbours is in the subset is searched for again.
        """
        full = self.near(of, among)
        chosen = np.zeros(len(self.embedded.side(among)) + 1, dtype=bool)
        chosen[others] = True
        hits = chosen[full.index]
        first = hits.argmax(axis=1)
        row = np.arange(len(first))
        distance, index = full.distance[row, first][:, None], full.index[row, first][:, None]
        if len(missed := np.flatnonzero(~hits.any(axis=1))):
            again = self.between(of, missed, among, others, 1)
            distance[missed], index[missed] = again.distance, again.index
        return Near(distance, index)


def search(queries: Floats, points: Floats, k: int, *, own: Ints | None = None) -> Near:
    """Return the k nearest points of each query, exactly.

    Parameters
    ----------
    queries : (n, d) float64
    points : (m, d) float64
    k : int
    own : (n,) int64 or None
        The position of each query itself in `points`, which is not its neighbour; -1 where it is not there.

    Returns
    -------
    Near
        Ties among equal points go to the lowest index.
    """
    distinct, order, start, count = _groups(points)
    wanted = k + (own is not None)
    groups, distance = nearest(queries, distinct, wanted)
    if len(distinct) == len(points):
        index = order[start[groups]]
    else:
        index, distance = _members(groups, distance, order, start, count, wanted)
    index, distance = _ranked(index, distance)
    if own is not None:
        index, distance = _without(index, distance, own)
    return _padded(index, distance, k)


def _groups(points: Floats) -> tuple[Floats, Ints, Ints, Ints]:
    """Return the distinct points, the rows in order of group, and each group's start and size there."""
    rows = np.ascontiguousarray(points + 0.0)
    _, first, inverse = np.unique(_keys(rows), return_index=True, return_inverse=True)
    if not np.array_equal(rows[first[inverse]], rows):  # two keys that fell together: sort the rows themselves
        keys = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()
        _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    count = np.bincount(inverse)
    order = np.argsort(inverse, kind="stable")
    return points[first], order, np.cumsum(count) - count, count


def _keys(rows: Floats) -> NDArray[np.uint64]:
    """Return a number for each row, the same for equal rows and, almost surely, for no others."""
    factors = np.random.PCG64(0).random_raw(rows.shape[1]) | np.uint64(1)
    words = rows.view(np.uint64)
    return np.asarray((words ^ (words >> np.uint64(29))) @ factors)


def _members(groups: Ints, distance: Floats, order: Ints, start: Ints, count: Ints, k: int) -> tuple[Ints, Floats]:
    """Spread groups of equal points out into their rows, lowest index first, until k rows are reached."""
    nearest = np.argsort(distance, axis=1, kind="stable")
    groups, distance = np.take_along_axis(groups, nearest, 1), np.take_along_axis(distance, nearest, 1)
    reach = np.cumsum(count[groups], axis=1)
    index = np.full((len(groups), k), -1, dtype=np.int64)
    spread = np.full((len(groups), k), np.inf)
    row = np.arange(len(groups))
    for slot in range(k):
        which = (reach <= slot).sum(axis=1)
        ok = which < groups.shape[1]
        which = np.minimum(which, groups.shape[1] - 1)
        group = groups[row, which]
        place = start[group] + slot - (reach[row, which] - count[group])
        index[ok, slot] = order[place[ok]]
        spread[ok, slot] = distance[row, which][ok]
    return index, spread


def _ranked(index: Ints, distance: Floats) -> tuple[Ints, Floats]:
    by = np.lexsort((index, distance), axis=1)
    return np.take_along_axis(index, by, 1), np.take_along_axis(distance, by, 1)


def _without(index: Ints, distance: Floats, own: Ints) -> tuple[Ints, Floats]:
    """Drop each query itself from its list, or the last entry where it is not in it."""
    itself = index == own[:, None]
    itself[:, -1] |= ~itself.any(axis=1)
    keep = ~itself
    shape = (len(index), index.shape[1] - 1)
    return index[keep].reshape(shape), distance[keep].reshape(shape)


def _padded(index: Ints, distance: Floats, k: int) -> Near:
    short = k - index.shape[1]
    if short > 0:
        index = np.pad(index, ((0, 0), (0, short)), constant_values=-1)
        distance = np.pad(distance, ((0, 0), (0, short)), constant_values=np.inf)
    return Near(distance[:, :k], index[:, :k])


def _places(queries: Ints, targets: Ints) -> Ints:
    """Return the position of each query in `targets`, -1 where it is not there."""
    place = np.full(max(queries.max(initial=-1), targets.max(initial=-1)) + 1, -1, dtype=np.int64)
    place[targets] = np.arange(len(targets))
    return place[queries]
