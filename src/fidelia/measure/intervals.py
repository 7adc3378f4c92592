"""The one place for statistics: intervals, tests and their corrections.

Nearest-neighbour statistics must not be bootstrapped over rows that are searched: a resample holds duplicates, so
that distances of 0 appear that no real sample has. Rows of scores already computed may be resampled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

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


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """A value, and what each of its observations moves it by: enough for intervals of it and of differences.

    Parameters
    ----------
    value : float
    influence : (n,) float64
        Mean zero; the variance of `value` is ``var(influence) / n``.
    """

    value: float
    influence: Floats

    @property
    def sd(self) -> float:
        """Standard error of the value."""
        return float(np.sqrt(self.influence.var(ddof=1) / len(self.influence))) if len(self.influence) > 1 else 0.0

    def minus(self, other: Estimate) -> Estimate:
        """Return the paired difference of two estimates on the same observations."""
        return Estimate(self.value - other.value, self.influence - other.influence)


def auc(scores: ArrayLike, labels: ArrayLike) -> Estimate:
    """Return the area under the ROC curve with DeLong's variance.

    Parameters
    ----------
    scores : (n,) float
        Higher speaks for the positive class; ties count one half.
    labels : (n,) bool

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44, 837-845; computed from mid-ranks as in Sun and Xu
    (2014), IEEE Signal Processing Letters 21, 1389-1393.

    Examples
    --------
    >>> auc([0.1, 0.4, 0.35, 0.8], [False, False, True, True]).value
    0.75
    """
    from scipy.stats import rankdata

    score, positive = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=bool)
    p, n = int(positive.sum()), int((~positive).sum())
    if p == 0 or n == 0:
        return Estimate(0.5, np.zeros(len(score)))
    ranks = rankdata(score)
    above = (ranks[positive] - rankdata(score[positive])) / n
    below = 1 - (ranks[~positive] - rankdata(score[~positive])) / p
    value = float(above.mean())
    influence = np.empty(len(score))
    influence[positive] = (above - value) * len(score) / p
    influence[~positive] = (below - value) * len(score) / n
    return Estimate(value, influence)


def r_squared(predicted: Floats, actual: Floats) -> Estimate:
    """Return the share of variance explained, with the variance of the ratio of means (delta method)."""
    squared, around = (actual - predicted) ** 2, (actual - actual.mean()) ** 2
    total = around.mean()
    if total == 0:
        return Estimate(0.0, np.zeros(len(actual)))
    ratio = squared.mean() / total
    return Estimate(float(1 - ratio), -(squared - ratio * around) / total)


def benjamini_hochberg(p: Floats) -> Floats:
    """Return q-values: the smallest false discovery rate at which each hypothesis is rejected.

    References
    ----------
    Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57, 289-300. Valid under the positive
    dependence of conformal p-values: Bates et al. (2023), Annals of Statistics 51, 149-178.

    Examples
    --------
    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03, 0.5])).round(4).tolist()
    [0.04, 0.0533, 0.0533, 0.5]
    """
    order = np.argsort(p, kind="stable")
    raised = p[order] * len(p) / np.arange(1, len(p) + 1)
    q = np.empty(len(p))
    q[order] = np.minimum(1, np.minimum.accumulate(raised[::-1])[::-1])
    return q


def conformal(scores: Floats, calibration: Floats, extreme: Literal["high", "low"]) -> Floats:
    """Return the p-value of each score: how often a calibration row is at least as extreme.

    ``(1 + #{as or more extreme}) / (n + 1)``: ties count in full, so that the p-value is conservative. It holds for
    each score that is exchangeable with the calibration scores, whatever their law.

    References
    ----------
    Vovk, Gammerman and Shafer (2005), Algorithmic Learning in a Random World, chapter 2.

    Examples
    --------
    >>> conformal(np.array([0.0, 2.5, 9.0]), np.array([1.0, 2.0, 3.0]), "high").tolist()
    [1.0, 0.5, 0.25]
    """
    ordered = np.sort(calibration)
    if extreme == "high":
        count = len(ordered) - np.searchsorted(ordered, scores, side="left")
    else:
        count = np.searchsorted(ordered, scores, side="right")
    return np.asarray((1 + count) / (len(ordered) + 1), dtype=np.float64)


BRIDGE_MEAN, BRIDGE_SD = float(np.sqrt(np.pi / 32)), 0.1361
"""Mean (Shepp 1982, Annals of Probability 10, 234-239) and standard deviation of the integral of abs(B)."""

# Upper-tail quantiles of a Brownian bridge's integrals, 400,000 seeded bridges of 1,000 steps:
#   r = np.random.default_rng(20260101); t = np.arange(1, 1001) / 1000
#   for _ in range(400):
#       w = np.cumsum(r.standard_normal((1000, 1000), dtype=np.float32), 1) / np.sqrt(1000)
#       b = w - t * w[:, -1:]; two_sided.append(abs(b).mean(1)); one_sided.append(np.maximum(b, 0).mean(1))
# (standard error of the 5 % quantile: 0.0006)
_TAIL = np.array([
    1, 0.999, 0.99, 0.975, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.025, 0.01, 0.005, 0.0025,
    0.001, 0.0005, 0.0002,
])  # fmt: skip
_TWO_SIDED = np.array([
    0, 0.1039, 0.1259, 0.1394, 0.1534, 0.1723, 0.2013, 0.2271, 0.2534, 0.2820, 0.3152, 0.3558, 0.4105, 0.4993,
    0.5830, 0.6599, 0.7526, 0.8161, 0.8765, 0.9498, 1.0026, 1.0705,
])  # fmt: skip
_ONE_SIDED = np.array([
    0, 0.00001, 0.0002, 0.0009, 0.0027, 0.0077, 0.0226, 0.0435, 0.0704, 0.1041, 0.1469, 0.2011, 0.2739, 0.3869,
    0.4858, 0.5752, 0.6796, 0.7499, 0.8136, 0.8936, 0.9520, 1.0147,
])  # fmt: skip


def effective(a: int, b: int) -> float:
    """Return ab / (a + b), the effective number of rows of a two-sample statistic."""
    return a * b / (a + b)


def null_gap(a: int, b: int) -> tuple[float, float]:
    """Return mean and standard deviation of 1 - IP when both samples follow one law.

    ``sqrt(n_eff) (1 - IP) / 2`` tends to the integral of the absolute Brownian bridge, whatever the law of the rows,
    when rows and calibration are independent given the reference rows.
    """
    scale = 2 / np.sqrt(effective(a, b))
    return float(BRIDGE_MEAN * scale), float(BRIDGE_SD * scale)


def bridge_p(gap: float, a: int, b: int, *, one_sided: bool = False) -> float:
    """Return the p-value of 1 - IP, or of one signed part S+ or S-, with a and b rows.

    Interpolated in the tables above, linearly in log p against the square of the statistic, whose slope tends to
    -6 because no linear functional of the bridge in question has variance above 1/12.

    Examples
    --------
    >>> round(bridge_p(2 * 0.583 / 500**0.5, 1000, 1000), 3)
    0.05
    """
    x = np.sqrt(effective(a, b)) * gap / 2
    known = _ONE_SIDED if one_sided else _TWO_SIDED
    if x > known[-1]:
        return float(max(np.exp(np.log(_TAIL[-1]) - 6 * (x**2 - known[-1] ** 2)), 1e-300))
    return float(np.exp(np.interp(x**2, known**2, np.log(_TAIL))))
