"""Tests of proportions."""

from __future__ import annotations


def greater_p(hits_a: int, n_a: int, hits_b: int, n_b: int) -> float:
    """Return the one-sided p-value that proportion a is not above proportion b: Fisher's exact test.

    Examples
    --------
    >>> round(greater_p(8, 10, 2, 10), 4)
    0.0115
    """
    from scipy.stats import hypergeom

    if n_a == 0 or n_b == 0:
        return 1.0
    return float(hypergeom.sf(hits_a - 1, n_a + n_b, hits_a + hits_b, n_a))
