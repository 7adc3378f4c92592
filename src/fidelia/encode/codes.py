"""Coded columns: a table as plain numpy arrays, the form in which generators without networks learn.

A continuous column is a float64 array with NaN for missing; a discrete one is an int32 array of codes, missing
being the last code of a nullable column. Everything that must be known to go back to the table's own types and
levels is kept by the `TableCoder` (`fidelia.encode.columns`) that made them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Continuous:
    """Numbers on a line.

    Parameters
    ----------
    values : (n,) float64
        NaN is missing; otherwise finite. Integers are whole floats; datetimes count steps
        of their learned precision (whole days: days; milliseconds: milliseconds) from a fixed origin.
    decimals : int or None
        Decimals to which every value is rounded (0 for integers, may be negative); None for full precision.
    """

    values: Floats
    decimals: int | None

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True, eq=False)
class Discrete:
    """Codes of levels.

    Parameters
    ----------
    codes : (n,) int32
        In ``[0, levels)``. In a nullable column the last code is missing.
    levels : int
        How many codes there are, missing and the group of rare levels included.
    ordered : bool
        Whether the codes' order means something (numbers with few values, ordered categories).
    """

    codes: Codes
    levels: int
    ordered: bool = False

    def __len__(self) -> int:
        return len(self.codes)


CodedColumn = Continuous | Discrete


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """The modelled columns of a table, by name and in order; all of one length.

    Columns that are not modelled (ids, texts) are absent unless they have missing values: then their pattern of
    missing values stands here as a discrete column of two levels (0 present, 1 missing).
    """

    columns: dict[str, CodedColumn]
    rows: int

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, name: str) -> CodedColumn:
        return self.columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)


@dataclass(frozen=True, slots=True, eq=False)
class Allowed:
    """The values that a condition leaves to one column; a value is allowed if any part admits it.

    Parameters
    ----------
    codes : (levels,) bool or None
        Of a discrete column: which codes. None for a continuous one.
    intervals : tuple of (low, high)
        Of a continuous column: closed intervals; infinite ends are open.
    missing : bool
        Of a continuous column: whether missing is allowed.
    """

    codes: NDArray[np.bool_] | None = None
    intervals: tuple[tuple[float, float], ...] = ()
    missing: bool = False


Evidence = Mapping[str, Allowed]
"""Conditions in coded form, by column."""
