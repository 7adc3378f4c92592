"""Intervals of proportions and of values with a standard error; `epsilon_bound`, `mover`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


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


def mover(parts: Sequence[tuple[float, float, int]]) -> Interval:
    """Return the 95 % interval of a weighted sum of independent proportions, from the Wilson interval of each.

    Parameters
    ----------
    parts : sequence of (weight, successes, n)
        With weights 1 and -1 of two proportions it is `newcombe`.

    References
    ----------
    Zou and Donner (2008), Statistics in Medicine 27, 1693-1702 (method of variance estimates recovery).

    Examples
    --------
    >>> mover([(1, 5, 10), (-1, 3, 10)]) == newcombe(5, 10, 3, 10)
    True
    """
    total, down, up = 0.0, 0.0, 0.0
    for weight, successes, n in parts:
        share, (low, high) = successes / n, wilson(successes, n)
        if weight < 0:
            low, high = high, low
        total += weight * share
        down, up = np.hypot(down, weight * (share - low)), np.hypot(up, weight * (high - share))
    return float(total - down), float(total + up)


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


def epsilon_bound(
    true_positives: int, members: int, false_positives: int, others: int, *, delta: float = 0.0, level: float = 0.95
) -> float:
    """Return the lower bound on epsilon that a membership test implies, at least 0.

    A mechanism of (epsilon, delta) keeps ``TPR <= e^epsilon FPR + delta`` and ``TNR <= e^epsilon FNR + delta`` for
    every test. Both rates are replaced by the ends of their exact intervals, each with half of the error, so that the
    bound holds with probability `level` for one test that was fixed beforehand: choose the threshold on other rows.

    Parameters
    ----------
    true_positives, members : int
        Members that the test calls members, of how many.
    false_positives, others : int
        Rows that the generator never saw and that the test calls members, of how many.

    References
    ----------
    Jagielski, Ullman and Oprea (2020), Auditing Differentially Private Machine Learning, NeurIPS, section 4.

    Examples
    --------
    >>> round(epsilon_bound(90, 100, 10, 100), 3), epsilon_bound(50, 100, 50, 100)
    (1.542, 0.0)
    """
    caught, accused = (clopper_pearson(k, n, level) for k, n in ((true_positives, members), (false_positives, others)))
    odds = ((caught[0] - delta) / accused[1], (1 - accused[1] - delta) / (1 - caught[0]))
    return float(np.log(max(1.0, *odds)))
