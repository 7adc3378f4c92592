"""The learning curve, and what synthetic rows are worth on it in real ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Worth:
    """How many times as many real rows reach the same score.

    Parameters
    ----------
    factor : float or None
        None where the curve does not rise, so that no number of rows stands for a score.
    bound : {"", "at most", "at least"}
        Where the score lies outside the curve that was measured, the factor is that of its end.
    """

    factor: float | None
    bound: str = ""

    def __str__(self) -> str:
        if self.factor is None:
            return "unknown"
        return f"{self.bound} {self.factor:.2g} times".strip()


def worth(rows: Sequence[float], scores: Sequence[float], at: int, wanted: float) -> Worth:
    """Return what a score is worth, read off the curve of real rows alone.

    The curve is made monotone (isotonic regression) and followed in straight lines over the logarithm of the rows.

    Parameters
    ----------
    rows, scores : (k,)
        Rows learnt from, rising, and the mean score reached with them.
    at : int
        Position in `rows` of those that `wanted` was reached with.
    wanted : float

    Examples
    --------
    >>> worth([100, 200, 400], [0.6, 0.7, 0.8], 0, 0.7)
    Worth(factor=2.0, bound='')
    >>> str(worth([100, 200, 400], [0.6, 0.7, 0.8], 1, 0.9)), str(worth([100, 200], [0.6, 0.6], 0, 0.7))
    ('at least 2 times', 'unknown')
    """
    from sklearn.isotonic import IsotonicRegression

    place = np.log(np.asarray(rows, dtype=np.float64))
    rising = IsotonicRegression().fit_transform(place, np.asarray(scores, dtype=np.float64))
    if len(rising) < 2 or rising[-1] - rising[0] <= 1e-12:
        return Worth(None)
    if wanted > rising[-1] or wanted < rising[0]:
        end, bound = (-1, "at least") if wanted > rising[-1] else (0, "at most")
        return Worth(float(np.exp(place[end] - place[at])), bound)
    steps = np.r_[True, np.diff(rising) > 1e-12]  # of equal scores the fewest rows
    return Worth(round(float(np.exp(np.interp(wanted, rising[steps], place[steps]) - place[at])), 6))
