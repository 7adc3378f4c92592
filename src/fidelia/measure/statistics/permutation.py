"""`permutation_p`: how often a statistic is as extreme when labels are dealt out at random."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Tail = Literal["high", "low", "both"]


def permutation_p(observed: float, drawn: ArrayLike, tail: Tail = "high") -> float:
    """Return the p-value of a statistic beside its values under permuted (or re-split) labels.

    ``(1 + #{drawn as or more extreme}) / (draws + 1)``: the observed labelling is one of those that could have been
    drawn, so that the p-value is valid at any number of draws and never 0.

    Parameters
    ----------
    observed : float
    drawn : (draws,) float
        Undefined (NaN) values are left out.
    tail : {"high", "low", "both"}
        Which values are extreme; ``"both"`` is twice the smaller one, at most 1.

    References
    ----------
    Phipson and Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9, article 39.

    Examples
    --------
    >>> permutation_p(5.0, [1, 2, 3, 4]), permutation_p(1.0, [1, 2, 3], "low"), permutation_p(9.0, [1, 2, 3], "both")
    (0.2, 0.5, 0.5)
    """
    null = np.asarray(drawn, dtype=np.float64)
    null = null[~np.isnan(null)]
    room = 1e-12 * max(1.0, abs(observed))  # equal labellings give sums that differ in the last digit
    high = float((1 + (null >= observed - room).sum()) / (len(null) + 1))
    low = float((1 + (null <= observed + room).sum()) / (len(null) + 1))
    return {"high": high, "low": low, "both": min(1.0, 2 * min(high, low))}[tail]
