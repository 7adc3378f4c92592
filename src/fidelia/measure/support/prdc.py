"""Precision, recall, density and coverage by nearest-row balls, on arrays: the formulas, without reference or interval.

A ball around a row reaches to its k-th nearest other row of the same table; a row on the surface is inside, so that
columns of few values have supports at all; a row is no neighbour of itself, by position, though it may have twins.

References
----------
Kynkäänniemi et al. (2019), Improved Precision and Recall Metric for Assessing Generative Models, arXiv 1904.06991.
Naeem et al. (2020), Reliable Fidelity and Diversity Metrics for Generative Models, arXiv 2002.09797.
Salvy, Talbot and Thirion (2025), Enhanced Generative Model Evaluation with Clipped Density and Coverage, arXiv
2507.01761.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.space.neighbors import search
from fidelia.measure.space.within import count_within

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

NEIGHBOUR = 5


def radii(points: Floats, k: int) -> Floats:
    """Return the distance of each row to its k-th nearest other row, ``(n,)``; infinite where there are fewer."""
    return search(points, points, k, own=np.arange(len(points))).distance[:, -1]


def precision_rows(other: Floats, real: Floats, k: int = NEIGHBOUR) -> NDArray[np.bool_]:
    """Return which of the other rows lie in any ball of a real row, ``(m,)``.

    Their share is improved precision; with the roles of the tables swapped it is improved recall.
    """
    return count_within(other, real, radii(real, k)) > 0


def density_rows(other: Floats, real: Floats, k: int = NEIGHBOUR) -> Floats:
    """Return in how many balls of real rows each of the other rows lies, over k, ``(m,)``; the mean is density."""
    return np.asarray(count_within(other, real, radii(real, k)) / k)


def covered_rows(real: Floats, other: Floats, k: int = NEIGHBOUR) -> NDArray[np.bool_]:
    """Return which real rows have one of the other rows in their ball, ``(n,)``; their share is coverage."""
    return search(real, other, 1).distance[:, 0] <= radii(real, k)


def expected_coverage(n: int, m: int, k: int = NEIGHBOUR) -> float:
    """Return the coverage of n real rows by m rows of the same continuous law, exactly.

    ``1 - prod_{i < k} (n - 1 - i) / (n - 1 + m - i)``: no other row is among the k nearest of the pooled rows.

    Examples
    --------
    >>> expected_coverage(101, 100, 1)
    0.5
    """
    i = np.arange(min(k, n - 1))
    return float(1 - np.prod((n - 1 - i) / (n - 1 + m - i)))


def clipped(reach: Floats) -> Floats:
    """Return radii cut off at their median."""
    return np.minimum(reach, np.median(reach))


def as_share(found: float, n: int, m: int, k: int = NEIGHBOUR) -> float:
    """Return the share of m rows that would have to be of the real law to cover as much as `found`.

    Of j such rows a ball of k others holds a beta-binomial number, ``BetaBin(j, k, n - k)``; the expected clipped
    coverage grows with j and is inverted, linearly between whole j. Values above 1 are possible: rows that are more
    evenly spread than real ones.
    """
    if n <= k or m < 1:
        return 0.0
    low, high = 0, 2 * m
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _expected_clipped(middle, n, k) <= found else (low, middle)
    a, b = _expected_clipped(low, n, k), _expected_clipped(high, n, k)
    return float((low + (min(max((found - a) / (b - a), 0.0), 1.0) if b > a else 0.0)) / m)


def _expected_clipped(j: int, n: int, k: int) -> float:
    """Return E min(B, k) / k of B ~ BetaBin(j, k, n - k)."""
    from scipy.special import betaln

    i = np.arange(min(k, j + 1))
    chosen = -np.log(j + 1) - betaln(j - i + 1, i + 1)
    share = np.exp(chosen + betaln(i + k, j - i + n - k) - betaln(k, n - k))
    return float(1 - (share * (k - i)).sum() / k) if j >= k else float(j * k / n / k)


def realism_rows(other: Floats, real: Floats, k: int = NEIGHBOUR) -> Floats:
    """Return the largest ratio of a ball's radius to the distance from its centre, ``(m,)``; 1 is on the surface.

    Only balls of radius below the median count. Copies have infinite realism.
    """
    reach = radii(real, k)
    kept = reach <= np.median(reach)
    return 1 / np.concatenate([_least(block, real[kept], reach[kept]) for block in _blocks(other)])


def _least(block: Floats, centres: Floats, reach: Floats) -> Floats:
    """Return the smallest distance in units of the radius; 0 / 0 is 1, a distance of 0 a tiny number."""
    far = between(block, centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = far / reach
    ratio = np.where((far == 0) & (reach == 0), 1.0, ratio)
    return np.asarray(np.maximum(ratio.min(axis=1), np.finfo(np.float64).tiny))


def p_precision_rows(other: Floats, real: Floats, k: int = 4, width: float = 1.2) -> Floats:
    """Return each other row's probability to lie in the support of the real ones, ``(m,)``.

    ``1 - prod_i min(1, d(y, x_i) / R)``, R = 1.2 times the mean distance to the fourth nearest real row. Their mean is
    P-precision; with the roles of the tables swapped, P-recall.

    References
    ----------
    Park and Kim (2023), Probabilistic Precision and Recall Towards Reliable Evaluation of Generative Models, ICCV.
    """
    reach = width * float(radii(real, k).mean())
    if reach == 0:
        return np.asarray(search(other, real, 1).distance[:, 0] == 0, dtype=np.float64)
    return 1 - np.concatenate([_outside(block, real, reach) for block in _blocks(other)])


def _outside(block: Floats, real: Floats, reach: float) -> Floats:
    return np.asarray(np.prod(np.minimum(between(block, real) / reach, 1.0), axis=1))


def between(a: Floats, b: Floats) -> Floats:
    """Return all distances, ``(n, m)``, in double precision."""
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(a, b), dtype=np.float64)


def _blocks(rows: Floats, size: int = 512) -> list[Floats]:
    return [rows[i : i + size] for i in range(0, len(rows), size)] or [rows]
