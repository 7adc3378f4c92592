"""Distances of single columns: Wasserstein, Jensen-Shannon, Hellinger, and moments.

Numbers are compared where they lie; bins, where a distance needs them, are twenty quantile bins of train with a bin
beyond either end, so that values that train does not reach count as mass outside. Missing is a bin of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.columns.ranked import beside_columns, column_lines, columns_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.result import Result

    Floats = NDArray[np.float64]

BINS = 20
QUANTILES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}
MOMENTS = ("mean", "standard deviation", *QUANTILES)


def wasserstein(case: Case) -> Result:
    """FID03: the Wasserstein-1 distance of each column of numbers in train's interquartile ranges; missing left out."""
    columns, caveats = columns_of(case, continuous=True)
    scales = [spread(grid, real) for grid, real in zip(columns.grids, columns.counts("train"), strict=True)]

    def score(j: int, real: Floats, other: Floats) -> float:
        return w1(columns.grids[j], real[:-1], other[:-1]) / scales[j]

    found = beside_columns(case, "FID03", columns, score)
    lines = column_lines(found, columns.names)
    return found.result(low=0.0, breakdown={"columns": lines}, caveats=(*caveats, *columns.caveats))


def w1(grid: Floats, real: Floats, other: Floats) -> float:
    """Return the Wasserstein-1 distance of two lists of counts on one grid; NaN where a side is empty.

    Examples
    --------
    >>> w1(np.array([0.0, 1.0, 3.0]), np.array([1.0, 1.0, 0.0]), np.array([0.0, 0.0, 5.0]))
    2.5
    """
    if not real.sum() or not other.sum():
        return float("nan")
    gap = np.cumsum(real) / real.sum() - np.cumsum(other) / other.sum()
    return float((np.abs(gap[:-1]) * np.diff(grid)).sum())


def spread(grid: Floats, counts: Floats) -> float:
    """Return the unit of a column: interquartile range; standard deviation where that is 0; else its own size, or 1."""
    present = counts[:-1]
    low, high = quantiles(grid, present, np.array([0.25, 0.75]))
    return float(high - low) or moments(grid, present)[1] or float(np.abs(grid[np.argmax(present)])) or 1.0


def jensen_shannon(case: Case) -> Result:
    """FID04: the Jensen-Shannon distance (the root, in bits) of each column, numbers in bins of train."""
    return _binned(case, "FID04", js)


def hellinger_distance(case: Case) -> Result:
    """FID05: the Hellinger distance of each column, numbers in bins of train."""
    return _binned(case, "FID05", hellinger)


def js(p: Floats, q: Floats) -> float:
    """Return the Jensen-Shannon distance of two distributions, in [0, 1]; nothing is added to any probability.

    References
    ----------
    Lin (1991), IEEE Transactions on Information Theory 37, 145-151; its root is a metric (Endres and Schindelin 2003).

    Examples
    --------
    >>> js(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    1.0
    """
    middle = (p + q) / 2
    return float(np.sqrt(max(0.0, (_divergence(p, middle) + _divergence(q, middle)) / 2)))


def _divergence(p: Floats, q: Floats) -> float:
    """Return the Kullback-Leibler divergence in bits; q is positive where p is."""
    used = p > 0
    return float(p[used] @ np.log2(p[used] / q[used]))


def hellinger(p: Floats, q: Floats) -> float:
    """Return the Hellinger distance of two distributions, in [0, 1].

    Examples
    --------
    >>> hellinger(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    1.0
    """
    return float(np.sqrt(((np.sqrt(p) - np.sqrt(q)) ** 2).sum() / 2))


def _binned(case: Case, code: str, distance: Callable[[Floats, Floats], float]) -> Result:
    columns, _ = columns_of(case)
    starts = [
        bin_starts(grid, real) if continuous else None
        for grid, real, continuous in zip(columns.grids, columns.counts("train"), columns.continuous, strict=True)
    ]

    def score(j: int, real: Floats, other: Floats) -> float:
        at = starts[j]
        p, q = (part if at is None else np.add.reduceat(part, at) for part in (real, other))
        return distance(p / p.sum(), q / q.sum())

    found = beside_columns(case, code, columns, score)
    lines = column_lines(found, columns.names)
    return found.result(low=0.0, high=1.0, breakdown={"columns": lines}, caveats=columns.caveats)


def bin_starts(grid: Floats, counts: Floats, bins: int = BINS) -> NDArray[np.int64]:
    """Return where train's quantile bins begin on its grid: below train, the bins, beyond train, missing."""
    present = counts[:-1]
    if not present.sum():
        return np.unique([0, len(grid)])
    used = np.flatnonzero(present)
    inner = np.searchsorted(grid, quantiles(grid, present, np.arange(1, bins) / bins), side="right")
    return np.unique(np.concatenate([[0, used[0]], inner, [used[-1] + 1, len(grid)]]))


def moments_of_columns(case: Case) -> Result:
    """FID06: differences of mean, standard deviation and quantiles in train's standard deviations, absolute, mean."""
    columns, caveats = columns_of(case, continuous=True)
    units = [
        moments(grid, real[:-1])[1] or spread(grid, real)
        for grid, real in zip(columns.grids, columns.counts("train"), strict=True)
    ]

    def differences(j: int, real: Floats, other: Floats) -> Floats:
        if not real[:-1].sum() or not other[:-1].sum():
            return np.full(len(MOMENTS), np.nan)
        return (_summary(columns.grids[j], other[:-1]) - _summary(columns.grids[j], real[:-1])) / units[j]

    found = beside_columns(case, "FID06", columns, lambda *parts: float(np.abs(differences(*parts)).mean()))
    pairs = zip(columns.counts("train"), columns.counts("synthetic"), strict=True)
    signed = [dict(zip(MOMENTS, differences(j, *pair), strict=True)) for j, pair in enumerate(pairs)]
    lines = column_lines(found, columns.names, differences=signed)
    return found.result(low=0.0, breakdown={"columns": lines}, caveats=(*caveats, *columns.caveats))


def _summary(grid: Floats, counts: Floats) -> Floats:
    return np.concatenate([moments(grid, counts), quantiles(grid, counts, np.array(list(QUANTILES.values())))])


def moments(grid: Floats, counts: Floats) -> tuple[float, float]:
    """Return mean and standard deviation of counted values."""
    share = counts / max(counts.sum(), 1)
    middle = float((share * grid).sum())
    return middle, float(np.sqrt((share * (grid - middle) ** 2).sum()))


def quantiles(grid: Floats, counts: Floats, levels: Floats) -> Floats:
    """Return quantiles of counted values: the smallest value whose share of values below or at it reaches the level."""
    reached = np.cumsum(counts)
    at = np.searchsorted(reached, levels * reached[-1] * (1 - 1e-12)) if len(reached) else np.zeros(len(levels), int)
    return grid[np.minimum(at, len(grid) - 1)] if len(grid) else np.zeros(len(levels))
