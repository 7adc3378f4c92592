"""What the forest reads: coded columns, checked, and the array types that its modules share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fidelia.encode.codes import Coded, Continuous

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[np.uint16]
Mask = NDArray[np.bool_]


def check(coded: Coded) -> int:
    """Return the number of rows after refusing an input that cannot be learnt from.

    Raises
    ------
    ValueError
        If there is no row, lengths clash, or a value is out of range.
    """
    if not len(coded):
        raise ValueError("the forest needs at least one row")
    for name in coded:
        column = coded[name]
        if len(column) != len(coded):
            raise ValueError(f"column {name!r} has {len(column)} rows, the table {len(coded)}")
        if isinstance(column, Continuous):
            if np.isinf(column.values).any():
                raise ValueError(f"column {name!r} holds infinite values")
        elif column.codes.min() < 0 or column.codes.max() >= column.levels:
            raise ValueError(f"column {name!r} has codes outside 0..{column.levels - 1}")
    return len(coded)
