"""Values that know what each observation moves them by: areas under curves, explained variance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


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

    def relative_to(self, other: Estimate, floor: float) -> Estimate:
        """Return ``(self - floor) / (other - floor)`` on the same observations, by the delta method.

        The value is NaN where `other` does not rise above the floor.
        """
        if other.value <= floor:
            return Estimate(np.nan, np.zeros(len(self.influence)))
        ratio = (self.value - floor) / (other.value - floor)
        return Estimate(ratio, (self.influence - ratio * other.influence) / (other.value - floor))


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
