"""Normal scores: numbers to a standard normal by their ranks, and exactly back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from fidelia.encode.codes import Floats

KNOTS = (10, 1000)
"""Fewest and most knots; between them one for every 30 values."""


@dataclass(frozen=True, slots=True, eq=False)
class NormalScores:
    """A strictly increasing map between values and normal scores, linear between knots and beyond the ends.

    Parameters
    ----------
    knots : (m,) float64
        Distinct values in rising order, m >= 1.
    scores : (m,) float64
        The normal quantile of each knot's mid-rank, strictly rising.
    slope : float
        Scores per unit of value beyond the first and last knot: 1 / standard deviation.

    Examples
    --------
    >>> import numpy as np
    >>> scores = NormalScores.fit(np.array([1.0, 2.0, 3.0, np.nan]))
    >>> scores.to_normal(np.array([2.0, np.nan])).round(3).tolist()
    [0.0, nan]
    >>> scores.from_normal(scores.to_normal(np.array([1.0, 2.5, 9.0]))).round(9).tolist()
    [1.0, 2.5, 9.0]
    """

    knots: Floats
    scores: Floats
    slope: float

    @classmethod
    def fit(cls, values: Floats, most: int = KNOTS[1]) -> Self:
        """Learn the map from ``values`` (n,); NaN is left out, and nothing left gives the identity around 0.

        Parameters
        ----------
        most : int
            The most knots to keep, at least 2; ties always fall on a knot or between the same two.
        """
        from scipy.special import ndtri

        present = values[~np.isnan(values)]
        if not len(present):
            return cls(np.zeros(1), np.zeros(1), 1.0)
        distinct, counts = np.unique(present, return_counts=True)
        ranks = (np.cumsum(counts) - counts / 2) / len(present)
        kept = _spread(ranks, min(max(len(present) // 30, KNOTS[0]), most))
        spread = deviation(present)
        return cls(distinct[kept], ndtri(ranks[kept]), 1.0 / spread if spread > 0 else 1.0)

    def to_normal(self, values: Floats) -> Floats:
        """Return the scores of ``values`` (n,); NaN stays NaN."""
        inside = np.interp(values, self.knots, self.scores)
        below, above = np.minimum(values - self.knots[0], 0), np.maximum(values - self.knots[-1], 0)
        return np.asarray(inside + (below + above) * self.slope)

    def from_normal(self, scores: Floats) -> Floats:
        """Return the values of ``scores`` (n,); the inverse of `to_normal` up to floating-point error."""
        inside = np.interp(scores, self.scores, self.knots)
        below, above = np.minimum(scores - self.scores[0], 0), np.maximum(scores - self.scores[-1], 0)
        return np.asarray(inside + (below + above) / self.slope)

    def state(self) -> dict[str, Any]:
        """Return the map as JSON values."""
        return {"knots": self.knots.tolist(), "scores": self.scores.tolist(), "slope": self.slope}

    @classmethod
    def restore(cls, state: dict[str, Any]) -> Self:
        """Read what `state` returned."""
        return cls(np.asarray(state["knots"], float), np.asarray(state["scores"], float), float(state["slope"]))


def deviation(values: Floats) -> float:
    """Return the standard deviation of ``values`` (n,), n >= 1, without overflow for any finite values."""
    top = float(np.abs(values).max())
    return float(np.std(values / top)) * top if top > 0 else 0.0


def _spread(ranks: Floats, most: int) -> np.ndarray:
    """Positions of at most `most` ranks, the ends among them, spread evenly in probability."""
    if len(ranks) <= most:
        return np.arange(len(ranks))
    return np.unique(np.searchsorted(ranks, np.linspace(ranks[0], ranks[-1], most)).clip(0, len(ranks) - 1))
