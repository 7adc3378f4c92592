"""`across`: the scores of K synthetic sets of one generator as one value, with t-intervals of its mean and of a set.

The spread between sets (seeds, releases) usually outweighs the error of measuring one set, and no interval that is
taken from a single set knows of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fidelia.errors import NotApplicable

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Across:
    """What K sets of one generator say.

    Parameters
    ----------
    value : float
        Mean over sets.
    sets : int
        K.
    between : float
        Variance B between sets, K - 1 in the denominator; it holds the measuring error that sets do not share.
    shared : float
        Variance W of the measuring error that all sets share (the same real rows); 0 if not given.
    interval : (float, float)
        95 % interval of the generator's mean score: variance ``B / K + W``.
    further : (float, float)
        95 % interval of the score of one further set: variance ``T_K = (1 + 1 / K) B + W``.
    """

    value: float
    sets: int
    between: float
    shared: float
    interval: Interval
    further: Interval

    @property
    def sd(self) -> float:
        """Standard error of the mean over sets."""
        return float(np.sqrt(self.between / self.sets + self.shared))


def across(values: ArrayLike, shared: float = 0.0, low: float = -np.inf, high: float = np.inf) -> Across:
    """Combine the scores of K >= 2 independent synthetic sets.

    Student's t with K - 1 degrees of freedom where all variance lies between the sets; with a shared part W, which is
    taken as known, Satterthwaite's ``(K - 1) (1 + W / (B / K))^2``.

    Parameters
    ----------
    values : (K,) float
    shared : float
        Variance of the error that all sets share.
    low, high : float
        Bounds of the quantity, at which intervals are cut off.

    Raises
    ------
    NotApplicable
        ``NEEDS_MANY_SETS``.

    References
    ----------
    Rubin (1987), Multiple Imputation for Nonresponse in Surveys, chapter 3, for T and its degrees of freedom; Reiter
    (2003), Survey Methodology 29, 181-188, for synthetic sets, whose within-set variance is the ``shared`` one here.

    Examples
    --------
    >>> found = across([0.80, 0.84, 0.88])
    >>> round(found.value, 4), [round(x, 4) for x in found.interval], [round(x, 4) for x in found.further]
    (0.84, [0.7406, 0.9394], [0.6413, 1.0387])
    """
    scores = np.asarray(values, dtype=np.float64)
    k = len(scores)
    if k < 2:
        raise NotApplicable("NEEDS_MANY_SETS", f"{k} synthetic set; the spread between sets needs at least 2")
    value, between = float(scores.mean()), float(scores.var(ddof=1))
    intervals = [_interval(value, part, shared, k, low, high) for part in (between / k, (1 + 1 / k) * between)]
    return Across(value, k, between, shared, intervals[0], intervals[1])


def _interval(value: float, part: float, shared: float, k: int, low: float, high: float) -> Interval:
    """Return value -+ t sqrt(part + shared); only `part` is estimated, from k sets."""
    from scipy.stats import t

    df = (k - 1) * (1 + shared / part) ** 2 if part > 0 else np.inf
    half = float(t.ppf(0.975, min(df, 1e9)) * np.sqrt(part + shared))
    return max(low, value - half), min(high, value + half)
