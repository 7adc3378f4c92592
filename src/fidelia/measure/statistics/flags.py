"""Calibrated flags of rows (off the support, copies) at a controlled false discovery rate.

A row is judged by where its score falls among the scores of fresh real rows (the holdout), never by a fixed
threshold: so a perfect generator keeps its rows (METRICS 8.2 shows what the uncalibrated filters do to one).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.statistics.multiple import benjamini_hochberg, conformal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Flags:
    """One calibrated test for every row.

    Parameters
    ----------
    p, q : (M,) float
        Conformal p-value, and the smallest false discovery rate at which the row is flagged.
    """

    p: Floats
    q: Floats


def too_large(scores: Floats, fresh: Floats) -> Flags:
    """Test each score against fresh real ones; large is strange. p = (1 + #{fresh >= score})/(n + 1)."""
    return _flags(conformal(scores, fresh, "high"))


def too_small(scores: Floats, fresh: Floats) -> Flags:
    """Test each score against fresh real ones; small is strange. p = (1 + #{fresh <= score})/(n + 1)."""
    return _flags(conformal(scores, fresh, "low"))


def _flags(p: Floats) -> Flags:
    return Flags(p, benjamini_hochberg(p))


def fewest(rows: int, fresh: int, q: float) -> int:
    """Return how many strange rows there must be before any can be flagged.

    The smallest p-value is 1/(n + 1), and the Benjamini-Hochberg rule flags k rows only if it is at most q k/M.
    """
    return int(np.ceil(rows / (q * (fresh + 1))))
