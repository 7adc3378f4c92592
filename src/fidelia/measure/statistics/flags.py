"""Calibrated flags of rows (off the support, copies) at a controlled false discovery rate.

A row is judged by where its score falls among the scores of fresh real rows (the holdout), never by a fixed
threshold: so a perfect generator keeps its rows (METRICS 8.2 shows what the uncalibrated filters do to one).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from fidelia.measure.statistics.multiple import benjamini_hochberg, conformal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

T = TypeVar("T")


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
    return flags(conformal(scores, fresh, "high"))


def too_small(scores: Floats, fresh: Floats) -> Flags:
    """Test each score against fresh real ones; small is strange. p = (1 + #{fresh <= score})/(n + 1)."""
    return flags(conformal(scores, fresh, "low"))


def flags(p: Floats) -> Flags:
    """Return p-values with their q-values."""
    return Flags(p, benjamini_hochberg(p))


def in_turn(tests: Mapping[T, Flags], q: float, done: NDArray[np.bool_]) -> dict[T, Flags]:
    """Let each of several tests of the same rows choose among those that are not flagged yet.

    Each on its own would flag the same strange rows and, beside them, a share q of others of its own choice; chosen in
    turn, all flags together hold to the rate. A row that is flagged already has the q-value of the test over all rows.

    Parameters
    ----------
    tests : mapping to Flags
        In the order in which they choose.
    q : float
        The false discovery rate.
    done : (M,) bool
        Rows that are flagged beforehand.

    Examples
    --------
    >>> first = Flags(np.array([0.01, 0.9, 0.8]), np.array([0.03, 0.9, 0.9]))
    >>> second = Flags(np.array([0.02, 0.06, 0.9]), np.array([0.06, 0.09, 0.9]))
    >>> found = in_turn({"first": first, "second": second}, 0.1, np.zeros(3, dtype=bool))
    >>> found["second"].q.tolist()
    [0.06, 0.12, 0.9]
    """
    found = {}
    for name, over_all in tests.items():
        value = over_all.q.copy()
        value[~done] = benjamini_hochberg(over_all.p[~done])
        found[name] = Flags(over_all.p, value)
        done = done | (value <= q)
    return found


def fewest(rows: int, fresh: int, q: float) -> int:
    """Return how many strange rows there must be before any can be flagged.

    The smallest p-value is 1/(n + 1), and the Benjamini-Hochberg rule flags k rows only if it is at most q k/M.
    """
    return int(np.ceil(rows / (q * (fresh + 1))))
