"""How alike two lists of numbers are ordered, where each number is an estimate with an error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.statistics.estimates import Estimate
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]

DRAWS = 500


def kendall(a: Floats, b: Floats) -> Floats:
    """Return Kendall's tau-b of the last axis, ``(..., k) -> (...)``; 0 where one list is constant.

    Examples
    --------
    >>> float(kendall(np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])).round(3))
    0.333
    """
    i, j = np.triu_indices(a.shape[-1], 1)
    first, second = np.sign(a[..., i] - a[..., j]), np.sign(b[..., i] - b[..., j])
    return _ratio((first * second).sum(-1), (first**2).sum(-1), (second**2).sum(-1))


def spearman(a: Floats, b: Floats) -> Floats:
    """Return Spearman's correlation of the last axis, ``(..., k) -> (...)``; 0 where one list is constant.

    Examples
    --------
    >>> float(spearman(np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])))
    0.5
    """
    from scipy.stats import rankdata

    first, second = (rankdata(x, axis=-1) for x in (a, b))
    first, second = (x - x.mean(-1, keepdims=True) for x in (first, second))
    return _ratio((first * second).sum(-1), (first**2).sum(-1), (second**2).sum(-1))


def _ratio(both: Floats, first: Floats, second: Floats) -> Floats:
    under = np.sqrt(first * second)
    return np.asarray(np.divide(both, under, out=np.zeros_like(under), where=under > 0))


@dataclass(frozen=True, slots=True)
class Agreement:
    """A rank correlation of estimates.

    Parameters
    ----------
    value, sd : float
        Mean and standard deviation over draws of the estimates from their joint normal law. Where two estimates
        differ by less than their errors the mean counts them as half in order, half out of it, so that it does not
        jump as the correlation of the estimates themselves does.
    observed : float
        The correlation of the estimates themselves.
    """

    value: float
    sd: float
    observed: float


def agreement(
    a: Sequence[Estimate],
    b: Sequence[Estimate],
    coefficient: Callable[[Floats, Floats], Floats],
    rng: Rng,
) -> Agreement:
    """Return the rank correlation of two lists of estimates on the same observations.

    Parameters
    ----------
    a, b : sequence of Estimate
        Equally many; the covariance of all of them is that of their influences.
    coefficient : callable
        `kendall` or `spearman`.
    """
    values = np.array([each.value for each in (*a, *b)])
    influence = np.stack([each.influence for each in (*a, *b)], axis=1)
    k = len(a)
    drawn = values + _drawn(influence - influence.mean(axis=0), rng)
    found = coefficient(drawn[:, :k], drawn[:, k:])
    return Agreement(float(found.mean()), float(found.std(ddof=1)), float(coefficient(values[:k], values[k:])))


def _drawn(around: Floats, rng: Rng) -> Floats:
    """Return draws from the normal law with the covariance of the means of `around`."""
    n = len(around)
    values, vectors = np.linalg.eigh(around.T @ around / n**2)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    return np.asarray(rng.generator().normal(size=(DRAWS, len(values))) @ root.T)
