"""Duplicates: rows that a synthetic table repeats more often than the real table can explain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binom

from fidelia.measure.statistics.multiple import benjamini_hochberg

if TYPE_CHECKING:
    from numpy.typing import NDArray


def surplus(synthetic: NDArray[np.uint64], real: NDArray[np.uint64], *, q: float) -> NDArray[np.bool_]:
    """Mark the copies of a synthetic row beyond those that its frequency among real rows explains.

    If a row value is as common among M synthetic as among N real rows, then of its m + t occurrences m follow
    Binomial(m + t, M/(M + N)): the exact test of two Poisson rates. Values that are too common are found at a false
    discovery rate of `q` over the distinct values; of those, the copies after the first ``ceil(M (t + 1)/(N + 1))``
    are marked.

    Parameters
    ----------
    synthetic : (M,) uint64
        Row keys.
    real : (N,) uint64
        Row keys of all real rows at hand.
    q : float
        In (0, 1).

    Returns
    -------
    (M,) bool

    References
    ----------
    Przyborowski and Wilenski (1940), Biometrika 31, 313-323.
    """
    values, inverse, counts = np.unique(synthetic, return_inverse=True, return_counts=True)
    seen, times = np.unique(real, return_counts=True)
    place = np.minimum(np.searchsorted(seen, values), max(len(seen) - 1, 0))
    known = np.where(seen[place] == values, times[place], 0) if len(seen) else np.zeros(len(values), dtype=np.int64)
    p = binom.sf(counts - 1, counts + known, len(synthetic) / (len(synthetic) + len(real)))
    p[counts == 1] = 1.0
    flagged = benjamini_hochberg(p) <= q
    allowed = np.where(flagged, np.maximum(np.ceil(len(synthetic) * (known + 1) / (len(real) + 1)), 1), np.inf)
    return np.asarray(nth(inverse) > allowed[inverse])


def nth(codes: NDArray[np.intp]) -> NDArray[np.int64]:
    """For every row, how many rows up to it carry its code (1 for the first)."""
    order = np.argsort(codes, kind="stable")
    sorted_codes = codes[order]
    starts = np.r_[True, sorted_codes[1:] != sorted_codes[:-1]]
    start = np.maximum.accumulate(np.where(starts, np.arange(len(codes)), 0))
    place = np.empty(len(codes), dtype=np.int64)
    place[order] = np.arange(len(codes)) - start + 1
    return place
