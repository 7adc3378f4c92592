"""The law of integrated scores when both samples follow one law: integrals of a Brownian bridge."""

from __future__ import annotations

import numpy as np

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
