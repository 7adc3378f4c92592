"""Formulas of public packages whose defects a requirement shows, written from their published definitions.

Each is small: what the package computes, errors included, on arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.space.neighbors import search

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]


def inverse_kl(real: Codes, other: Codes) -> float:
    """Return 1 / (1 + KL) of frequencies that each table lists by size, as synthcity 0.2 does: labels are lost.

    Examples
    --------
    >>> inverse_kl(np.array([0] * 9 + [1]), np.array([0] + [1] * 9))
    1.0
    """
    p, q = (np.sort(np.unique(codes, return_counts=True)[1] / len(codes))[::-1] for codes in (real, other))
    size = min(len(p), len(q))
    return float(1 / (1 + (p[:size] * np.log(p[:size] / q[:size])).sum()))


def variation(real: Codes, other: Codes) -> float:
    """Return the total-variation complement, as SDMetrics does for categories."""
    size = int(max(real.max(), other.max())) + 1
    p, q = (np.bincount(codes, minlength=size) / len(codes) for codes in (real, other))
    return float(1 - np.abs(p - q).sum() / 2)


def kolmogorov(real: Floats, other: Floats) -> float:
    """Return the mean Kolmogorov-Smirnov complement over columns, as SDMetrics does for numbers."""
    from scipy.stats import ks_2samp

    return float(np.mean([1 - ks_2samp(a, b, method="asymp").statistic for a, b in zip(real.T, other.T, strict=True)]))


def median_distance_ratio(real: Floats, other: Floats) -> float:
    """Return the median distance to the closest real row over that among real rows, as SynthEval 1.7 does.

    Two equal arrays are taken for one, so that each row's own copy is skipped; a shuffled copy is not.
    """
    own = np.arange(len(real))
    skipped = own if np.array_equal(real, other) else None
    made = search(other, real, 1, own=skipped).distance[:, 0]
    return float(np.median(made) / np.median(search(real, real, 1, own=own).distance[:, 0]))


def any_ball_authenticity(real: Floats, other: Floats) -> float:
    """Return the share of rows outside every real row's ball to its nearest row, as pymdma does."""
    from fidelia.measure.support.prdc import precision_rows

    return float(1 - precision_rows(other, real, 1).mean())
