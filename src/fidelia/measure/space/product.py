"""The nearest points by blocked matrix products, proved right row by row.

A product in single precision orders points by distance; the c best of each row are measured again in double
precision and put in order. Nothing that was left out can be among the k nearest when the k-th distance lies below the
worst of the c by more than the product's rounding error; rows where that does not hold are searched in double
precision. Blocks are fixed and each is worked on by one thread, so that the number of threads changes nothing.

The c best of a long row are found among its groups of columns: at most c groups have a maximum as high as the c-th
value, so that the c groups with the highest maxima hold all c values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.measure.space.threads import share_out

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

SPARE = 6
SAMPLE = 1000
TIED = 1e-9
BLOCK_BYTES = 16 * 2**20
LOWEST = -1e30


def nearest(queries: Floats, points: Floats, k: int) -> tuple[Ints, Floats]:
    """Return the positions and distances of the k nearest points of each query, ``(n, min(k, m))``, nearest first.

    Parameters
    ----------
    queries : (n, d) float64
    points : (m, d) float64
        With no two rows equal.
    k : int
        At least 1. Where several points are as far as the k-th, any of them may be named.

    Examples
    --------
    >>> index, distance = nearest(np.array([[0.0], [6.0]]), np.array([[1.0], [2.0], [9.0]]), 2)
    >>> index.tolist(), distance.tolist()
    ([[0, 1], [2, 1]], [[1.0, 2.0], [3.0, 4.0]])
    """
    k = min(k, len(points))
    index, distance = np.empty((len(queries), k), dtype=np.int64), np.empty((len(queries), k))
    rows = np.arange(len(queries))
    for precision, spare in ((np.float32, SPARE), (np.float64, 6 * SPARE)):
        if not len(rows):
            break
        engine = _Engine.of(points, queries, precision, k, min(k + spare, len(points)))
        sure = engine.run(queries, rows, index, distance)
        rows = rows[~sure]
    for row in rows:  # sizes so unlike each other that no product holds them
        gap = points - queries[row]
        exact = np.sqrt(np.einsum("nd,nd->n", gap, gap))
        index[row] = np.argsort(exact, kind="stable")[:k]
        distance[row] = exact[index[row]]
    return index, distance


@dataclass(frozen=True, slots=True, eq=False)
class _Engine:
    """The searched points as one operand of the products.

    A row ``[q, 1]`` times a column ``[p, -|p|^2 / 2]`` is a score that falls with the distance:
    ``(|q|^2 - |q - p|^2) / 2``.

    Parameters
    ----------
    columns : (groups * length, d + 1) float32 or float64
        Padded to full groups; column j belongs to group ``j % length``.
    c : int
        Columns whose distances are measured.
    scale : float
        What coordinates are divided by, so that nothing overflows.
    """

    points: Floats
    centre: Floats
    scale: float
    columns: NDArray[Any]
    groups: int
    k: int
    c: int

    @classmethod
    def of(cls, points: Floats, queries: Floats, precision: Any, k: int, c: int) -> _Engine:
        m, d = points.shape
        centre = np.median(points[:: max(1, m // SAMPLE)], axis=0)  # which far rows do not move
        shifted = points - centre
        scale = max(float(np.abs(shifted).max()), float(np.abs(queries - centre).max()), 1e-300)
        shifted /= scale
        groups = max(1, int(np.sqrt(m / c)))
        columns = np.zeros((-(-m // groups) * groups, d + 1), dtype=precision)
        columns[:m, :d] = shifted
        columns[:m, d] = np.einsum("nd,nd->n", shifted, shifted) / -2
        columns[m:, d] = LOWEST
        return cls(points, centre, scale, columns, groups, k, c)

    @property
    def mask(self) -> int:
        """The bits of a double that number the columns."""
        return (1 << (len(self.columns) - 1).bit_length()) - 1

    def run(self, queries: Floats, rows: Ints, index: Ints, distance: Floats) -> NDArray[np.bool_]:
        """Fill the lines `rows` of `index` and `distance`; return for each whether they are surely right."""
        step = int(np.clip(BLOCK_BYTES // (self.columns.itemsize * len(self.columns)), 16, 256))
        blocks = [slice(i, i + step) for i in range(0, len(rows), step)]
        sure = np.ones(len(rows), dtype=bool)

        def work(mine: list[slice]) -> None:
            buffer = np.empty((step, len(self.columns)), dtype=self.columns.dtype)
            for block in mine:
                at = rows[block]
                index[at], distance[at], sure[block] = self._block(queries[at], buffer[: len(at)])

        share_out(work, blocks)
        return sure

    def _block(self, queries: Floats, scores: NDArray[Any]) -> tuple[Ints, Floats, NDArray[np.bool_]]:
        shifted = (queries - self.centre) / self.scale
        left = np.ones((len(queries), self.columns.shape[1]), dtype=self.columns.dtype)
        left[:, :-1] = shifted
        np.matmul(left, self.columns.T, out=scores)
        found, least = self._best(scores)
        gap = self.points[found]
        gap -= queries[:, None, :]
        exact = np.sqrt(np.einsum("ncd,ncd->nc", gap, gap))
        order = np.argsort(exact, axis=1, kind="stable")[:, : self.k]
        found, exact = np.take_along_axis(found, order, 1), np.take_along_axis(exact, order, 1)
        return found, exact, self._sure(shifted, exact[:, -1] / self.scale, least)

    def _best(self, scores: NDArray[Any]) -> tuple[Ints, Floats]:
        """Return the c columns of highest score, ``(n, c)``, and the lowest score among them."""
        length = len(self.columns) // self.groups
        columns: Ints = np.arange(len(self.columns))
        if length > self.c:
            tops = scores.reshape(len(scores), self.groups, length).max(axis=1)
            best = _highest(tops, np.arange(length), self.c, self.mask) & self.mask
            columns = (best[:, :, None] + length * np.arange(self.groups)).reshape(len(scores), -1)
            scores = scores.ravel().take(columns + len(self.columns) * np.arange(len(scores))[:, None])
        found = _highest(scores, columns, self.c, self.mask)
        return found & self.mask, (found & ~self.mask).view(np.float64).min(axis=1)

    def _sure(self, shifted: Floats, kth: Floats, least: Floats) -> NDArray[np.bool_]:
        """Return whether no column left out can be nearer than the k-th distance found by more than rounding.

        Only points p with ``|p| <= |q| + kth`` can be, and their scores are off by at most
        ``(d + 4) u (|q||p| + |p|^2 / 2)``, u the unit of rounding, to which numbering adds its own.
        """
        if self.c == len(self.points):
            return np.ones(len(kth), dtype=bool)
        size = np.sqrt(np.einsum("nd,nd->n", shifted, shifted))
        far = size + kth
        kind = np.finfo(self.columns.dtype)
        relative = (shifted.shape[1] + 4) * float(kind.eps) / 2 + (self.mask + 1) * 2.0**-51
        error = relative * far * (size + far / 2) + 2 * shifted.shape[1] * float(kind.tiny)
        gap = size**2 - 2 * least - 2 * error - kth**2
        return np.asarray((gap >= 0) | (4 * error <= TIED * kth**2) & (gap >= -4 * error))


def _highest(scores: NDArray[Any], names: Ints, c: int, mask: int) -> Ints:
    """Return the c highest scores of each row, ``(n, c)`` in no order, as the bits of doubles that end in their names.

    Numbers that carry their names can be partitioned as they are, several times faster than positions can.
    """
    keys = scores.astype(np.float64).view(np.int64)
    keys &= ~mask
    keys |= names
    cut = scores.shape[1] - c
    keys.view(np.float64).partition(cut, axis=1)
    return keys[:, cut:]
