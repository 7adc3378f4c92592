"""The search for the region whose share differs most between two tables, and how its difference is taken out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.diagnosis.words import FEW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fidelia.measure.diagnosis.conditions import Axis

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

MOST_PAIRS = 300
MOST_SCREENED = 3_000
SCREENED_ROWS = 5_000
GONE = 0.1
WORTH = 1.1
DEEPENED = 5
PURE = 0.25

Region = tuple[tuple[int, int], ...]
"""Pairs of (axis, condition), all of which hold."""


@dataclass(slots=True, eq=False)
class Pair:
    """Rows of two tables as cells, with weights that change as differences are explained.

    Parameters
    ----------
    a, b : list of (n,) int64
        Cells of each row, by axis.
    u, v : (n,) float64
        Weights of the rows of a and of b.
    gains : bool
        Whether only regions of which b has the larger share are sought.
    """

    a: list[Ints]
    b: list[Ints]
    u: Floats
    v: Floats
    gains: bool = False

    @classmethod
    def of(cls, a: list[Ints], b: list[Ints], *, gains: bool = False) -> Pair:
        """Return the pair with equal weights."""
        return cls(a, b, np.ones(len(a[0])), np.ones(len(b[0])), gains)

    def copy(self) -> Pair:
        """Return a pair whose weights change by themselves."""
        return Pair(self.a, self.b, self.u.copy(), self.v.copy(), self.gains)

    def only(self, p: Mask, q: Mask) -> Pair:
        """Return the rows p of a and q of b, with their weights."""
        return Pair([x[p] for x in self.a], [x[q] for x in self.b], self.u[p], self.v[q], self.gains)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Weight and effective number of rows of each table."""

    u: float
    v: float
    n: float
    m: float


def sizes(pair: Pair) -> Sizes:
    """Return the weights of both tables and how many rows of equal weight they are worth."""
    total = float(pair.u.sum()), float(pair.v.sum())
    worth = [t**2 / max(float((w**2).sum()), 1e-300) for t, w in zip(total, (pair.u, pair.v), strict=True)]
    return Sizes(max(total[0], 1e-300), max(total[1], 1e-300), worth[0], worth[1])


def _weighed(z: Floats, p: Floats, q: Floats) -> Floats:
    """Return z, up to a quarter larger where hardly any row of one table is in the region.

    A region and its complement have the same z; the one that is nearly empty in one table says more, and of two such
    the one that b is in.
    """
    both = p + q
    return z * (1 + PURE * np.abs(np.divide(q - p, both, out=np.zeros_like(both), where=both > 0)) + 1e-9 * (q > p))


def z_scores(p: Floats, q: Floats, n: float, m: float) -> Floats:
    """Return the two-proportion z of q - p; 0 for regions of fewer than ten rows in both tables."""
    both = (p * n + q * m) / max(n + m, 1.0)
    spread = np.sqrt(np.maximum(both * (1 - both), 0) * (1 / max(n, 1.0) + 1 / max(m, 1.0)))
    enough = (np.maximum(p * n, q * m) >= FEW) & (spread > 0)
    return np.divide(q - p, spread, out=np.zeros_like(spread), where=enough)


def inside(axes: Sequence[Axis], cells: Sequence[Ints], region: Region) -> Mask:
    """Return which rows lie in the region."""
    found = np.ones(len(cells[0]), dtype=bool)
    for axis, atom in region:
        found &= axes[axis].atoms[atom][cells[axis]]
    return found


def shares(axes: Sequence[Axis], pair: Pair, region: Region) -> tuple[float, float]:
    """Return the weighted shares of a region in both tables."""
    of = sizes(pair)
    p, q = inside(axes, pair.a, region), inside(axes, pair.b, region)
    return float(pair.u[p].sum() / of.u), float(pair.v[q].sum() / of.v)


def best(axes: Sequence[Axis], pair: Pair, pairs: Sequence[tuple[int, int]]) -> tuple[Region, float]:
    """Return the region of one, two or three conditions whose shares differ most, and its weighed z.

    A further condition must raise its size by a tenth.
    """
    of = sizes(pair)
    single = _strongest([_single(axes, pair, of, i) for i in range(len(axes))])
    double = _strongest([_double(axes, pair, of, i, j) for i, j in pairs])
    found = single[0]
    if double and abs(double[0][1]) > WORTH * abs(found[1]):
        found = double[0]
    for region, _ in [found, *double[:DEEPENED]]:
        if len(region) == 2 and abs((deeper := _deeper(axes, pair, of, region))[1]) > WORTH * abs(found[1]):
            found = deeper
    return found


def _strongest(found: list[tuple[Region, float]]) -> list[tuple[Region, float]]:
    return sorted(found, key=lambda each: -abs(each[1]))


def _single(axes: Sequence[Axis], pair: Pair, of: Sizes, i: int) -> tuple[Region, float]:
    axis = axes[i]
    p = axis.atoms @ np.bincount(pair.a[i], pair.u, axis.cells) / of.u
    q = axis.atoms @ np.bincount(pair.b[i], pair.v, axis.cells) / of.v
    z = _weighed(z_scores(p, q, of.n, of.m), p, q)
    place = int(np.argmax(z if pair.gains else np.abs(z)))
    return ((i, place),), float(z[place])


def _double(axes: Sequence[Axis], pair: Pair, of: Sizes, i: int, j: int) -> tuple[Region, float]:
    first, second = axes[i].atoms.astype(np.float64), axes[j].atoms.astype(np.float64)
    p = first @ _crossed(axes, pair.a, pair.u, i, j) @ second.T / of.u
    q = first @ _crossed(axes, pair.b, pair.v, i, j) @ second.T / of.v
    z = _weighed(z_scores(p, q, of.n, of.m), p, q)
    row, column = np.unravel_index(int(np.argmax(z if pair.gains else np.abs(z))), z.shape)
    return ((i, int(row)), (j, int(column))), float(z[row, column])


def _crossed(axes: Sequence[Axis], cells: Sequence[Ints], weights: Floats, i: int, j: int) -> Floats:
    width = axes[j].cells
    counts = np.bincount(cells[i] * width + cells[j], weights, axes[i].cells * width)
    return counts.reshape(-1, width).astype(np.float64)


def _deeper(axes: Sequence[Axis], pair: Pair, of: Sizes, region: Region) -> tuple[Region, float]:
    """Return the region narrowed by the best third condition."""
    inner = pair.only(inside(axes, pair.a, region), inside(axes, pair.b, region))
    used = {axis for axis, _ in region}
    third = [_single(axes, inner, of, i) for i in range(len(axes)) if i not in used]
    if not third:
        return region, 0.0
    more, z = _strongest(third)[0]
    return (*region, *more), z


def promising(axes: Sequence[Axis], pair: Pair) -> list[tuple[int, int]]:
    """Return the pairs of axes to search in full: all, or in wide tables the 300 whose cells differ most.

    Above 3,000 pairs, those are chosen among the 3,000 whose rank correlations differ most.
    """
    pairs = list(combinations(range(len(axes)), 2))
    if len(pairs) <= MOST_PAIRS:
        return pairs
    if len(pairs) > MOST_SCREENED:
        apart = np.abs(_correlations(pair.a) - _correlations(pair.b))
        pairs = sorted(pairs, key=lambda ij: -apart[ij])[:MOST_SCREENED]
    few = Pair.of([cells[:SCREENED_ROWS] for cells in pair.a], [cells[:SCREENED_ROWS] for cells in pair.b])
    of = sizes(few)

    def differs(ij: tuple[int, int]) -> float:
        p, q = _crossed(axes, few.a, few.u, *ij) / of.u, _crossed(axes, few.b, few.v, *ij) / of.v
        both = p + q
        return float(np.divide((p - q) ** 2, both, out=np.zeros_like(both), where=both > 0).sum())

    return sorted(sorted(pairs, key=lambda ij: -differs(ij))[:MOST_PAIRS])


def _correlations(cells: Sequence[Ints]) -> Floats:
    """Return the correlations of the cells' numbers, 0 where a column is constant."""
    x = np.column_stack(cells)[:SCREENED_ROWS].astype(np.float64)
    x -= x.mean(axis=0)
    x /= np.maximum(np.sqrt((x**2).mean(axis=0)), 1e-12)
    return np.asarray(x.T @ x / len(x))


def kind(p: float, q: float) -> str:
    """Return what the shares p of real and q of synthetic rows say of a region."""
    return "missing" if q <= GONE * p else "invented" if p <= GONE * q else "shifted"


def balance(axes: Sequence[Axis], pair: Pair, region: Region) -> bool:
    """Take the difference in a region out; false where nothing is left to compare.

    Rows of a missing or invented region are set aside in both tables; of a shifted one the rows of b are weighted so
    that its share is that of a.
    """
    p, q = shares(axes, pair, region)
    a, b = inside(axes, pair.a, region), inside(axes, pair.b, region)
    if kind(p, q) != "shifted" or 1 - max(p, q) <= 0:
        pair.u[a], pair.v[b] = 0.0, 0.0
    else:
        pair.v *= np.where(b, p / q, (1 - p) / (1 - q))
    of = sizes(pair)
    return min(of.n, of.m) >= 4 * FEW
