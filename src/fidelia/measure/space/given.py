"""Spaces of distances that come from elsewhere: a function of the rows, or features computed beforehand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fidelia.errors import NotApplicable, UsageError

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from fidelia.data.table import Table

    Floats = NDArray[np.float64]

NO_BLOCKS: Mapping[str, slice] = MappingProxyType({})
TRIED = 8


@dataclass(frozen=True, slots=True, eq=False)
class FromFunction:
    """The features that a function gives of rows.

    Parameters
    ----------
    function : callable
        From a frame of the user's own kind (pandas, polars or pyarrow) to ``(n, width)`` numbers.
    hash : str
        Of the function's name and of the features of train.
    """

    function: Callable[[Any], Any]
    name: str
    width: int
    hash: str
    train: pa.Table
    points: Floats

    version: ClassVar[int] = 1
    blocks: ClassVar[Mapping[str, slice]] = NO_BLOCKS

    @classmethod
    def fit(cls, function: Callable[[Any], Any], train: Table) -> FromFunction:
        """Compute the features of train and see that those of a row do not depend on the other rows.

        Raises
        ------
        UsageError
            When what the function gives is not one row of finite numbers for each row of the table, or changes with
            the other rows of the table.
        """
        name = str(getattr(function, "__name__", type(function).__name__))
        points = numbers(function(train.native()), len(train), f"the embedding {name!r}")
        made = cls(function, name, points.shape[1], digest(name, points), train.arrow, points)
        if len(train) > TRIED:
            alone = made.transform(train.take(np.arange(TRIED)))
            if not np.allclose(alone, points[:TRIED], rtol=1e-3, atol=1e-6 * np.abs(points).max()):
                raise UsageError(
                    f"the embedding {name!r} gives the first {TRIED} rows other features when they stand alone; fit "
                    "what it needs (means, scales) once, on train, and let it only transform"
                )
        return made

    def transform(self, table: Table) -> Floats:
        """Return the features of a table's rows, ``(n, width)``; those of train are kept."""
        if table.arrow is self.train:
            return self.points
        if len(table) == 0:
            return np.empty((0, self.width))
        return numbers(self.function(table.native()), len(table), f"the embedding {self.name!r}", self.width)

    def calibration(self, train: Table) -> NDArray[np.int64]:
        """Return all rows: what the function was fitted on is not known here."""
        return np.arange(len(train))


@dataclass(frozen=True, slots=True, eq=False)
class Precomputed:
    """Features that were computed beforehand; each table carries its own (`Table.features`), row by row."""

    width: int
    hash: str

    name: ClassVar[str] = "features"
    version: ClassVar[int] = 1
    blocks: ClassVar[Mapping[str, slice]] = NO_BLOCKS

    @classmethod
    def of(cls, features: Floats) -> Precomputed:
        """Return the embedding whose features of train these are."""
        return cls(features.shape[1], digest(cls.name, features))

    def transform(self, table: Table) -> Floats:
        """Return the features that the table carries, ``(n, width)``.

        Raises
        ------
        NotApplicable
            ``NEEDS_FEATURES``, for rows that were made after the features.
        """
        if table.features is None:
            raise NotApplicable("NEEDS_FEATURES", "features were given for the tables as they stand, not for new rows")
        return np.asarray(table.features, dtype=np.float64)

    def calibration(self, train: Table) -> NDArray[np.int64]:
        """Return all rows: what the features were fitted on is not known here."""
        return np.arange(len(train))


def digest(name: str, points: Floats) -> str:
    """Return the hash of an embedding that is known by its name and its points of train."""
    return blake2b(name.encode() + b"\0" + np.ascontiguousarray(points).tobytes(), digest_size=16).hexdigest()


def numbers(source: Any, rows: int, what: str, width: int | None = None) -> Floats:
    """Return features as ``(rows, width)`` float64.

    Parameters
    ----------
    source : array or path
        A ``.npy`` or ``.parquet`` file (each of its columns one feature), or whatever numpy reads as an array.
    rows : int
        How many rows the table has.
    what : str
        What errors call it.

    Raises
    ------
    UsageError
        When the shape is wrong, or a value is no finite number.
    """
    try:
        found = np.asarray(_loaded(source) if isinstance(source, str | Path) else source, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{what} is not made of numbers: {error}") from error
    if found.ndim != 2 or found.shape[1] == 0 or len(found) != rows:
        raise UsageError(f"{what} has the shape {found.shape}, but must have ({rows}, width): one row per table row")
    if width is not None and found.shape[1] != width:
        raise UsageError(f"{what} has {found.shape[1]} columns, but {width} for train")
    if not np.isfinite(found).all():
        row, column = (int(at[0]) for at in np.nonzero(~np.isfinite(found)))
        raise UsageError(f"{what} holds {found[row, column]} in row {row}, column {column}; distances need numbers")
    return found


def _loaded(path: str | Path) -> NDArray[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path(path)
    if path.suffix not in (".npy", ".parquet"):
        raise UsageError(f"features in {path.name}: give a .npy or a .parquet file")
    if not path.is_file():
        raise UsageError(f"there is no file {path} with features")
    if path.suffix == ".npy":
        return np.asarray(np.load(path, allow_pickle=False))
    try:
        return np.column_stack([column.to_numpy() for column in pq.read_table(path).columns])
    except pa.ArrowInvalid as error:
        raise UsageError(f"{path} cannot be read as parquet: {error}") from error
