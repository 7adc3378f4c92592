"""The k-rule: what is held by fewer than k training rows is not handed out, nor written into a model.

A table of fewer than ``10 k`` rows cannot give up ``k`` rows at each end of every column and still be a table, so
the number that is used shrinks with the rows: ``min(k, rows // 10)``, and never below 1. Below 20 rows it is 1, which
protects nothing; whoever fits on so few rows hands them out. The number that was used is stored with the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.errors import UsageError

if TYPE_CHECKING:
    from fidelia.encode.codes import Floats


def effective(k: int, rows: int) -> int:
    """Return the k that a table of `rows` rows can bear: ``max(1, min(k, rows // 10))``."""
    if not isinstance(k, int | np.integer) or isinstance(k, bool) or k < 1:
        raise UsageError(f"k = {k!r}: the fewest rows that must share a value is a whole number of at least 1")
    return max(1, min(int(k), rows // 10))


def bounds(values: Floats, k: int) -> tuple[float, float]:
    """Return the protected range of `values`.

    Each end is the mean of the values ranked k to 2k - 1 from it, so it lies between the k-th smallest and the k-th
    largest value and belongs to no single row; a value held by at least k rows extends the range.

    Parameters
    ----------
    values : (n,) float64
        Finite, n >= k.
    k : int
        At least 1.
    """
    ordered = np.sort(values)
    distinct, counts = np.unique(ordered, return_counts=True)
    shared = distinct[counts >= k]
    middle = (len(ordered) + 1) // 2
    if len(ordered) < 2 * k:
        low = high = float(ordered.mean())
    else:
        low = float(ordered[k - 1 : min(2 * k - 1, middle)].mean())
        high = float(ordered[::-1][k - 1 : min(2 * k - 1, middle)].mean())
    return min([low, *shared[:1].tolist()]), max([high, *shared[-1:].tolist()])
