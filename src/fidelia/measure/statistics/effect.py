"""Effect sizes, which say how large a difference is where a p-value only says that there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.statistics.estimates import auc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def standardized_difference(a: Floats, b: Floats) -> float:
    """Return the difference of means, a - b, over the root of the mean of the two variances; 0 where both are constant
    and equal, infinite where they are constant and differ.

    References
    ----------
    Cohen (1988), Statistical Power Analysis for the Behavioral Sciences, 2.2 (d, there with equal numbers).

    Examples
    --------
    >>> standardized_difference(np.array([1.0, 3.0]), np.array([0.0, 2.0])).__round__(4)
    0.7071
    """
    gap = float(a.mean() - b.mean())
    spread = float(np.sqrt((a.var(ddof=min(1, len(a) - 1)) + b.var(ddof=min(1, len(b) - 1))) / 2))
    if spread == 0:
        return 0.0 if gap == 0 else float(np.copysign(np.inf, gap))
    return gap / spread


def cliffs_delta(a: Floats, b: Floats) -> float:
    """Return P(a > b) - P(a < b) of random rows, in [-1, 1]: 2 AUC - 1.

    References
    ----------
    Cliff (1993), Psychological Bulletin 114, 494-509.

    Examples
    --------
    >>> cliffs_delta(np.array([3.0, 4.0]), np.array([1.0, 3.0]))
    0.75
    """
    return 2 * auc(np.concatenate([a, b]), np.arange(len(a) + len(b)) < len(a)).value - 1
