"""How many balls hold a row: counts that may exceed any k, decided in double precision, without an n x m matrix.

A blocked product in single precision, centred, finds the pairs that may lie within a ball; a pair whose margin is
smaller than the product's rounding error is decided by its distance in double precision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.space.threads import share_out

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

ROWS, COLUMNS = 512, 4096
PAIRS = 65_536


def count_within(queries: Floats, points: Floats, radii: Floats, *, own: Ints | None = None) -> Ints:
    """Return for each query the number of points whose own ball holds it, the surface included.

    Parameters
    ----------
    queries : (n, d) float64
    points : (m, d) float64
    radii : (m,) float64
        Of the ball around each point; infinite holds everything, negative or NaN nothing.
    own : (n,) int64 or None
        The position of each query itself in `points`, whose ball does not count; -1 where it is not there.

    Examples
    --------
    >>> count_within(np.array([[0.0], [5.0]]), np.array([[0.0], [1.0], [9.0]]), np.array([1.0, 1.0, 4.0])).tolist()
    [2, 1]
    """
    counts = np.zeros(len(queries), dtype=np.int64)
    use = np.flatnonzero(radii >= 0)
    if not len(use):
        return counts
    centre = points.mean(axis=0)
    shifted = points[use] - centre
    order = np.argsort(np.einsum("nd,nd->n", shifted, shifted), kind="stable")  # tiles of like norms bound errors well
    use, shifted = use[order], shifted[order]
    columns = [slice(i, i + COLUMNS) for i in range(0, len(use), COLUMNS)]
    tiles = [_Tile(points, radii, use[at], shifted[at]) for at in columns]

    def work(blocks: list[slice]) -> None:
        for rows in blocks:
            mine = None if own is None else own[rows]
            moved = queries[rows] - centre
            counts[rows] = sum(tile.count(queries[rows], moved, mine) for tile in tiles)

    share_out(work, [slice(i, i + ROWS) for i in range(0, len(queries), ROWS)])
    return counts


class _Tile:
    """Some of the points, and what a product with them needs.

    A pair lies within the ball when ``q.p + (r^2 - |p|^2) / 2 >= |q|^2 / 2``: the left side is one product of rows
    that carry one more coordinate.
    """

    def __init__(self, points: Floats, radii: Floats, use: Ints, shifted: Floats) -> None:
        self.points, self.radii, self.use = points, radii[use], use
        square = np.einsum("nd,nd->n", shifted, shifted)
        reach = np.minimum(self.radii, 1e18) ** 2
        self.wide = np.column_stack([shifted, (reach - square) / 2]).astype(np.float32)
        self.size = square + reach
        self.error = float(np.finfo(np.float32).eps) * (shifted.shape[1] + 8)

    def count(self, queries: Floats, shifted: Floats, own: Ints | None) -> Ints:
        """Return how many balls hold each of a block of queries."""
        half = np.einsum("nd,nd->n", shifted, shifted) / 2
        rows = np.column_stack([shifted, np.ones(len(shifted))]).astype(np.float32)
        product = rows @ self.wide.T
        least = half - self.error * (2 * half + self.size.max())
        row, column = np.nonzero(product >= np.nextafter(least.astype(np.float32), np.float32(-np.inf))[:, None])
        margin = product[row, column] - half[row]
        held = margin > self.error * (2 * half[row] + self.size[column])
        near = np.flatnonzero(~held)
        for at in (near[i : i + PAIRS] for i in range(0, len(near), PAIRS)):
            held[at] = distances(queries[row[at]], self.points[self.use[column[at]]]) <= self.radii[column[at]]
        if own is not None:
            held &= own[row] != self.use[column]
        return np.bincount(row[held], minlength=len(queries)).astype(np.int64)


def distances(a: Floats, b: Floats) -> Floats:
    """Return the distance of each row of `a` to the same row of `b`, ``(n,)``, in double precision.

    All distances come from here, so that a radius and the distance that it was taken from compare as equal.
    """
    gap = a - b
    return np.asarray(np.sqrt(np.einsum("nd,nd->n", gap, gap)))
