"""Table: a schema and its columns, held as Arrow; gives back the flavour of frame that it was given."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import narwhals as nw
import pyarrow as pa

from fidelia.errors import ReadError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from fidelia.schema.schema import Schema

Flavour = Literal["pandas", "polars", "pyarrow"]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Rows with a schema.

    Arrow is the form inside: it keeps the missing values of every type, big integers, time zones and
    dictionaries, and each of pandas, polars and DuckDB reads it without loss.

    Parameters
    ----------
    arrow : pyarrow.Table
        The columns, in the schema's order. Its metadata hold what pandas needs to restore its dtypes.
    schema : Schema
        What the columns mean.
    flavour : {"pandas", "polars", "pyarrow"}
        The kind of frame that `native` returns.
    features : (n, width) array or None
        Features of each row that were computed elsewhere; they go where the rows go.
    notes : tuple of str
        What is to be said of how the rows were read: files that were left out.

    Examples
    --------
    >>> import fidelia as fd
    >>> table = fd.read(fd.sample_path("adult"), target="income")
    >>> len(table.take(range(100))), table.schema.target
    (100, 'income')
    """

    arrow: pa.Table
    schema: Schema
    flavour: Flavour = "pandas"
    features: np.ndarray | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.arrow.column_names != self.schema.names:
            raise SchemaError(
                f"columns {self.arrow.column_names} do not stand in the order of the schema {self.schema.names}"
            )

    def __len__(self) -> int:
        return int(self.arrow.num_rows)

    def __repr__(self) -> str:
        return f"Table of {len(self):,} rows x {len(self.schema)} columns\n{self.schema}"

    def __getitem__(self, name: str) -> pa.Array:
        """Return one column as a single Arrow array."""
        self.schema[name]
        return one_chunk(self.arrow.column(name))

    def take(self, rows: np.ndarray | Sequence[int]) -> Table:
        """Return the table of the rows at these positions, in this order."""
        arrow = self.arrow.take(pa.array(rows, type=pa.int64()))
        features = None if self.features is None else self.features[rows]
        return Table(arrow, self.schema, self.flavour, features)

    def with_arrow(self, arrow: pa.Table) -> Table:
        """Return a table of other rows with this table's schema and flavour."""
        return Table(arrow, self.schema, self.flavour)

    def with_schema(self, schema: Schema) -> Table:
        """Return the same rows under another schema."""
        return Table(self.arrow, schema, self.flavour, self.features, self.notes)

    def native(self) -> Any:
        """Return the rows as the flavour of frame that the table was made from."""
        if self.flavour == "pyarrow":
            return self.arrow
        if self.flavour == "polars":
            return nw.from_arrow(self.arrow, backend="polars").to_native()
        return _nullable(_with_objects(self.arrow.to_pandas(), self.arrow), self)

    def write(self, path: str) -> None:
        """Write the rows to `path`; the ending says the format. See `fidelia.data.write.write`."""
        from fidelia.data.write import write

        write(self, path)


def one_chunk(column: pa.ChunkedArray) -> pa.Array:
    """Return a chunked column as one array."""
    joined = column.combine_chunks()
    return joined if isinstance(joined, pa.Array) else pa.concat_arrays(joined.chunks)


def to_arrow(frame: Any) -> tuple[pa.Table, Flavour]:
    """Turn a pandas, polars or pyarrow frame into Arrow and name its flavour.

    Raises
    ------
    ReadError
        When `frame` is no dataframe, or two of its columns have the same name.
    """
    if hasattr(frame, "shape"):  # a lazy frame has none, and must not be asked for its columns
        refuse_twins([str(name) for name in getattr(frame, "columns", ())], frame)
    try:
        wrapped = nw.from_native(frame, eager_only=True)
    except TypeError as error:
        raise ReadError(
            f"{type(frame).__name__} is no dataframe; pass a path or a pandas, polars or pyarrow table"
        ) from error
    if wrapped.implementation.is_pandas():
        return pa.Table.from_pandas(frame.reset_index(drop=True)), "pandas"
    flavour: Flavour = "polars" if wrapped.implementation.is_polars() else "pyarrow"
    return wrapped.to_arrow(), flavour


def _with_objects(frame: Any, arrow: pa.Table) -> Any:
    """Give columns that were Python objects in pandas, such as words of old, back as objects."""
    said = json.loads((arrow.schema.metadata or {}).get(b"pandas", b"{}")).get("columns", [])
    objects = {column["field_name"] for column in said if column["numpy_type"] == "object"}
    for at, name in enumerate(arrow.column_names):
        if name in objects and str(frame.dtypes.iloc[at]) != "object":
            frame.isetitem(at, type(frame.iloc[:, at])(arrow.column(at).to_pylist(), dtype=object, index=frame.index))
    return frame


def _nullable(frame: Any, table: Table) -> Any:
    """Give nullable booleans and integers the dtype that pandas gives them with missing values, also without any."""
    if b"pandas" in (table.arrow.schema.metadata or {}):
        return frame
    for at, (column, kind) in enumerate(zip(table.schema, table.arrow.schema.types, strict=True)):
        wide = "object" if pa.types.is_boolean(kind) else "float64" if pa.types.is_integer(kind) else None
        if column.nullable and wide and not table.arrow.column(at).null_count:
            frame.isetitem(at, frame.iloc[:, at].astype(wide))
    return frame


def refuse_twins(names: Sequence[str], frame: Any = None) -> None:
    """Raise ReadError when two columns share a name."""
    if isinstance(frame, pa.Table):
        names = frame.column_names
    twins = [name for name, count in Counter(names).items() if count > 1]
    if twins:
        raise ReadError(f"column {twins[0]!r} stands {Counter(names)[twins[0]]} times; rename all but one")
