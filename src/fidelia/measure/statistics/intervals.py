"""Intervals of proportions and of values with a standard error."""

from __future__ import annotations

import numpy as np

Z = 1.959963984540054
Interval = tuple[float, float]


def wilson(successes: float, n: int) -> Interval:
    """Return the 95 % interval of a proportion.

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22, 209-212.

    Examples
    --------
    >>> [round(x, 4) for x in wilson(5, 10)]
    [0.2366, 0.7634]
    """
    if n == 0:
        return 0.0, 1.0
    p, shrink = successes / n, 1 + Z**2 / n
    middle = (p + Z**2 / (2 * n)) / shrink
    half = Z / shrink * np.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    return float(min(p, max(0.0, middle - half))), float(max(p, min(1.0, middle + half)))


def newcombe(successes_a: float, n_a: int, successes_b: float, n_b: int) -> Interval:
    """Return the 95 % interval of the difference a - b of two independent proportions.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17, 873-890, method 10.
    """
    a, b = successes_a / n_a, successes_b / n_b
    (low_a, high_a), (low_b, high_b) = wilson(successes_a, n_a), wilson(successes_b, n_b)
    down = np.hypot(a - low_a, high_b - b)
    up = np.hypot(high_a - a, b - low_b)
    return float(a - b - down), float(a - b + up)


def clopper_pearson(successes: int, n: int, level: float = 0.95) -> Interval:
    """Return the exact interval of a proportion.

    References
    ----------
    Clopper and Pearson (1934), Biometrika 26, 404-413.

    Examples
    --------
    >>> [round(x, 4) for x in clopper_pearson(0, 10)]
    [0.0, 0.3085]
    """
    from scipy.stats import beta

    tail = (1 - level) / 2
    low = 0.0 if successes == 0 else float(beta.ppf(tail, successes, n - successes + 1))
    high = 1.0 if successes == n else float(beta.ppf(1 - tail, successes + 1, n - successes))
    return low, high


def normal(value: float, sd: float, low: float = -np.inf, high: float = np.inf) -> Interval:
    """Return value +- 1.96 sd, cut off at the bounds of the quantity."""
    return float(max(low, value - Z * sd)), float(min(high, value + Z * sd))
