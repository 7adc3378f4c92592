"""Paired differences over the splits of a repeated cross-validation, and the correction for many comparisons.

The splits share rows, so that their differences are not independent and the plain paired t interval is far too narrow.
The corrected resampled t takes the covariance of two splits for that of their test rows: the share of all rows that
both are expected to test. Of the rows learnt from the same holds as long as they are no more than the test rows, so
that the interval is then conservative whatever learner it is; with more of them it is a heuristic that holds well where
it has been tried (Bouckaert and Frank 2004).

References
----------
Nadeau and Bengio (2003), Inference for the generalization error, Machine Learning 52, 239-281, section 3.
Bouckaert and Frank (2004), Evaluating the replicability of significance tests for comparing learning algorithms, PAKDD.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.statistics.intervals import Interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from fidelia.rng import Rng

    Floats = NDArray[np.float64]

LEVEL = 0.95
DRAWS = 10_000
CHUNK = 500
FEWEST = 6


@dataclass(frozen=True, slots=True)
class Compared:
    """A mean difference over splits.

    Parameters
    ----------
    value : float
    splits : int
        Over which it is the mean.
    sd : float or None
        Its standard error; None of fewer than two splits, like all that rests on it.
    interval : (float, float) or None
        95 %, of this comparison alone.
    p : float or None
        Two-sided, of this comparison alone.
    joint_interval : (float, float) or None
        95 % for all comparisons together: with that probability all of them cover.
    joint_p : float or None
        Below 0.05 exactly where `joint_interval` leaves out 0, but for the draws of the last digit.
    """

    value: float
    splits: int
    sd: float | None = None
    interval: Interval | None = None
    p: float | None = None
    joint_interval: Interval | None = None
    joint_p: float | None = None


def inflation(splits: int, overlap: float) -> float:
    """Return the variance of a mean over splits, in units of the variance between splits.

    Parameters
    ----------
    splits : int
    overlap : float
        The share of all rows that a split tests on, in [0, 1).

    Examples
    --------
    >>> inflation(10, 0.1) == 1 / 10 + (1 / 10) / (9 / 10)
    True
    """
    return 1 / splits + overlap / (1 - overlap)


def compared(differences: ArrayLike, overlap: float, rng: Rng) -> list[Compared]:
    """Compare many arms with one reference over the same splits.

    Parameters
    ----------
    differences : (splits, comparisons) float
        Arm minus reference; NaN where a split has no value.
    overlap : float
        As in `inflation`.
    rng : Rng
        Draws the law of the largest statistic.

    Returns
    -------
    list of Compared
        One for each comparison. Joint intervals and p-values hold for all of them together: the largest of the
        statistics under no difference is drawn with the correlation that the splits show (Hothorn, Bretz and Westfall
        2008, Simultaneous inference in general parametric models, Biometrical Journal 50), shrunk towards none
        because there are few splits (`shrunk`).
    """
    from scipy.stats import t as student

    d = np.atleast_2d(np.asarray(differences, dtype=np.float64))
    known = np.isfinite(d)
    count = known.sum(axis=0)
    mean, spread = _moments(d, known)
    usable = (count >= 2) & (spread > 0)
    sd = (np.sqrt([inflation(max(n, 1), overlap) for n in count]) * spread).tolist()
    fewest = int(count[usable].min()) if usable.any() else 0
    largest = _largest(_standard(d, known, mean, spread)[:, usable], fewest, rng)
    found = []
    for k in range(d.shape[1]):
        value, n = float(mean[k]), int(count[k])
        if n < 2:
            found.append(Compared(value, n))
        elif not usable[k]:
            found.append(Compared(value, n, 0.0, (value, value), 1.0, (value, value), 1.0))
        else:
            ratio, alone = abs(value) / sd[k], float(student.ppf((1 + LEVEL) / 2, n - 1))
            p = float(2 * student.sf(ratio, n - 1))
            together, joint = alone, p
            if len(largest):
                together = max(alone, float(np.quantile(largest, LEVEL)))
                joint = max(p, float((1 + (largest >= ratio).sum()) / (1 + len(largest))))
            ends = [(value - width * sd[k], value + width * sd[k]) for width in (alone, together)]
            found.append(Compared(value, n, sd[k], ends[0], p, ends[1], joint))
    return found


def shrunk(correlation: Floats, splits: int) -> float:
    """Return how far to shrink correlations over few splits, in [0, 1]; 1 is to none, as of fewer than six splits.

    References
    ----------
    Schäfer and Strimmer (2005), A shrinkage approach to large-scale covariance matrix estimation, Statistical
    Applications in Genetics and Molecular Biology 4 (1), with the variance ``(1 - r^2)^2 / (n - 1)`` of a correlation.
    """
    if splits < FEWEST:
        return 1.0
    off = correlation[~np.eye(len(correlation), dtype=bool)]
    noise = ((1 - off**2) ** 2).sum() / max(splits - 1, 1)
    return float(min(1.0, noise / max((off**2).sum(), 1e-300)))


def _moments(d: Floats, known: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of each column over its known values; NaN and 0 where there are too few."""
    count = known.sum(axis=0)
    filled = np.where(known, d, 0.0)
    mean = np.divide(filled.sum(axis=0), count, out=np.full(d.shape[1], np.nan), where=count > 0)
    squares = np.where(known, (filled - np.where(count > 0, mean, 0.0)) ** 2, 0.0).sum(axis=0)
    spread = np.sqrt(np.divide(squares, count - 1, out=np.zeros(d.shape[1]), where=count > 1))
    return mean, np.where(spread > 1e-12, spread, 0.0)


def _standard(d: Floats, known: NDArray[np.bool_], mean: Floats, spread: Floats) -> Floats:
    scale = np.where(spread > 0, spread, 1.0)
    return np.where(known, (np.where(known, d, 0.0) - np.where(np.isfinite(mean), mean, 0.0)) / scale, 0.0)


def _largest(z: Floats, splits: int, rng: Rng) -> Floats:
    """Return draws of the largest absolute t statistic of columns that correlate like those of `z`, (DRAWS,)."""
    m = z.shape[1]
    if m < 2:
        return np.zeros(0)
    z = z / np.sqrt((z**2).sum(axis=0))
    shrink = shrunk(z.T @ z, splits)
    root = np.vstack([np.sqrt(1 - shrink) * z, np.sqrt(shrink) * np.eye(m)])
    draw = rng.child("largest").generator()
    found = []
    for _ in range(DRAWS // CHUNK):
        x = draw.normal(size=(CHUNK, splits, len(root))) @ root
        found.append(np.abs(x.mean(axis=1) / np.sqrt(x.var(axis=1, ddof=1) / splits)).max(axis=1))
    return np.concatenate(found)
