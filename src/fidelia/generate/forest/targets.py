"""Split targets: a column turned into a few numbers whose variance trees reduce.

A tree that only follows the mean misses changes of spread, tails and atoms. A number therefore becomes its normal
score and a row of indicators 'exceeds this quantile'; a category becomes one indicator per level or, with many
levels, its coordinates in a correspondence analysis against the predictors, where levels with alike predictors lie
close.

References
----------
.. [1] M. Greenacre, "Correspondence Analysis in Practice", 3rd ed., CRC Press, 2017.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from fidelia.generate.forest.columns import Floats, Ints

COARSE = 16
"""Most groups of a predictor in the correspondence analysis."""


def of_numbers(values: Floats, indicators: int, weight: float) -> Floats:
    """Return the split target of observed numbers.

    Parameters
    ----------
    values : ndarray of float64, shape (n_rows,)
        Numbers without NaN.
    indicators : int
        Most quantile indicators.
    weight : float
        Standard deviation of one indicator; that of the normal score is 1.

    Returns
    -------
    ndarray of float64, shape (n_rows, 1 + up to indicators)
    """
    ordered = np.sort(values)
    rank = (np.searchsorted(ordered, values) + np.searchsorted(ordered, values, side="right")) / 2
    score = ndtri((rank / len(values)).clip(0.5 / len(values), 1 - 0.5 / len(values)))
    at = np.arange(1, indicators + 1) / (indicators + 1)
    cuts = np.unique(ordered[(at * len(values)).astype(int)])
    above = (values[:, None] >= cuts[cuts > ordered[0]]).astype(np.float64)
    return np.column_stack([_standard(score[:, None]), weight * _standard(above)])


def of_levels(codes: Ints, predictors: list[Ints], width: int) -> Floats:
    """Return the split target of level codes.

    Parameters
    ----------
    codes : ndarray of int, shape (n_rows,)
        Codes of the target.
    predictors : list of ndarray of int, each of shape (n_rows,)
        Codes of the earlier columns.
    width : int
        Most numbers a row.

    Returns
    -------
    ndarray of float64, shape (n_rows, at most max(width, 16))
    """
    present, code = np.unique(codes, return_inverse=True)
    if len(present) <= max(width, 16):
        return np.eye(len(present))[code][:, : max(1, len(present) - (len(present) == 2))]
    return _correspondence(code, len(present), predictors, width)[code]


def _correspondence(code: Ints, levels: int, predictors: list[Ints], width: int) -> Floats:
    """Coordinates of the levels, shape (levels, width); all zero without predictors."""
    counts = np.bincount(code, minlength=levels).astype(np.float64)
    tables = [_profile(code, counts, p) for p in predictors]
    if not tables:
        return np.zeros((levels, 1))
    profile = np.hstack(tables) * (counts / (counts + 5.0))[:, None]
    gram = (profile * counts[:, None]).T @ profile / counts.sum()
    axes = np.linalg.eigh(gram)[1][:, ::-1][:, :width]
    return np.asarray(profile @ axes)


def _profile(code: Ints, counts: Floats, predictor: Ints) -> Floats:
    """Deviation of each level's predictor distribution from the whole one, in chi-square scale."""
    group, groups = coarse(predictor, COARSE)
    table = np.bincount(code * groups + group, minlength=len(counts) * groups).reshape(len(counts), groups)
    whole = table.sum(0) / counts.sum()
    return np.asarray((table / counts[:, None] - whole) / np.sqrt(whole.clip(1e-12)))


def coarse(codes: Ints, most: int) -> tuple[Ints, int]:
    """Merge codes, keeping their order, into at most about ``most`` groups of alike size; return them, how many."""
    counts = np.bincount(codes)
    if np.count_nonzero(counts) <= most:
        group = np.cumsum(counts > 0) - 1
    else:
        middle = counts.cumsum() - counts / 2
        group = np.unique((middle * most / len(codes)).astype(np.int64), return_inverse=True)[1]
    return group[codes], int(group.max()) + 1


def ranks(codes: Ints, levels: int, target: Floats, strength: float) -> NDArray[np.uint16]:
    """Return a rank per level along the first principal axis of the levels' mean targets.

    Parameters
    ----------
    codes : ndarray of int, shape (n_rows,)
        A discrete predictor.
    levels : int
        Number of its levels.
    target : ndarray of float64, shape (n_rows, width)
        The split target.
    strength : float
        Rows' worth of shrinkage of each level's mean towards the whole mean.

    Returns
    -------
    ndarray of uint16, shape (levels,)
        Levels that do not occur get the middle rank.
    """
    counts = np.bincount(codes, minlength=levels).astype(np.float64)
    sums = np.stack([np.bincount(codes, t, minlength=levels) for t in (target - target.mean(0)).T], axis=1)
    means = sums / (counts + strength)[:, None]
    axis = np.linalg.eigh((means * counts[:, None]).T @ means)[1][:, -1]
    return dense_ranks(means @ axis)


def dense_ranks(score: Floats) -> NDArray[np.uint16]:
    """Return ranks 0, 1, ... of the scores; more than 65,535 distinct ones share ranks."""
    rank = np.unique(score, return_inverse=True)[1]
    return (rank if rank.max(initial=0) < 65_535 else rank * 65_534 // rank.max()).astype(np.uint16)


def _standard(x: Floats) -> Floats:
    spread = x.std(0)
    return np.asarray((x - x.mean(0)) / np.where(spread > 0, spread, 1.0))
