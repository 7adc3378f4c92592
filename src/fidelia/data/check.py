"""Whether a table is fit for work, in one place: each fault named with its column, its value and the way out."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fidelia.data.table import Table, one_chunk
from fidelia.errors import SchemaError
from fidelia.schema.kinds import Kind
from fidelia.schema.schema import Column
from fidelia.schema.types import is_number, is_pictures, is_text

MIN_ROWS = 2


def check(table: Table, *, name: str = "the table") -> Table:
    """Return `table` if generators and metrics can work on it.

    Parameters
    ----------
    table : Table
        What was read.
    name : str
        What to call it in errors: its path.

    Raises
    ------
    SchemaError
        When it has no column or fewer than two rows, a column of nested values, an infinite number, values that do
        not fit the column's kind, or a constant target.
    """
    _check_size(table, name)
    for column in table.schema:
        values = table[column.name]
        _check_type(column, values)
        _check_finite(column, values)
        _check_kind(column, values)
    _check_target(table)
    return table


def _check_size(table: Table, name: str) -> None:
    if not len(table.schema):
        raise SchemaError(f"{name}: has no columns")
    if len(table) == 0:
        raise SchemaError(f"{name}: has column names but no rows; it needs at least {MIN_ROWS}")
    if len(table) < MIN_ROWS:
        raise SchemaError(f"{name}: has one row; it needs at least {MIN_ROWS}")


def _check_type(column: Column, values: pa.Array) -> None:
    if is_pictures(values.type):
        return
    kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    if pa.types.is_nested(kind):
        raise SchemaError(
            f"column {column.name!r}: holds nested values ({kind}); spread them to columns of their own or drop it"
        )
    if pa.types.is_duration(kind) or pa.types.is_time(kind):
        raise SchemaError(f"column {column.name!r}: holds {kind}, which is no kind of column; turn it into seconds")
    if not _is_plain(kind):
        raise SchemaError(f"column {column.name!r}: holds {kind}, which is no kind of column; turn it into text")


def _is_plain(kind: pa.DataType) -> bool:
    if is_number(kind) or is_text(kind):
        return True
    return any(
        is_one(kind) for is_one in (pa.types.is_boolean, pa.types.is_null, pa.types.is_date, pa.types.is_timestamp)
    )


def _check_finite(column: Column, values: pa.Array) -> None:
    if not pa.types.is_floating(values.type):
        return
    numbers = values.to_numpy(zero_copy_only=False)
    infinite = np.flatnonzero(np.isinf(numbers))
    if infinite.size:
        first = infinite[0]
        raise SchemaError(
            f"column {column.name!r}: {infinite.size:,} of {len(values):,} values are infinite "
            f"(first: {numbers[first]}, row {first + 1:,}). Make them missing or a finite number"
        )


def _check_kind(column: Column, values: pa.Array) -> None:
    if (column.kind is Kind.IMAGE) != is_pictures(values.type):
        raise SchemaError(f"column {column.name!r}: holds {values.type}, which does not fit the kind {column.kind}")
    if values.null_count == len(values):
        return
    if column.kind in (Kind.NUMBER, Kind.INTEGER) and not is_number(values.type):
        _refuse_words(column, values, "numbers")
    if column.kind is Kind.INTEGER and pa.types.is_floating(values.type):
        _refuse_fractions(column, values)
    if column.kind is Kind.DATETIME and not pa.types.is_temporal(values.type):
        _refuse_words(column, values, "dates or times")
    if column.kind is Kind.BOOLEAN and (levels := len(pc.unique(values.drop_null()))) > 2:
        raise SchemaError(
            f"column {column.name!r}: has {levels:,} levels, a boolean has two. {_way_out(column, 'category')}"
        )


def _refuse_words(column: Column, values: pa.Array, wanted: str) -> None:
    """Say which values stand against the kind, or that only the column's type does."""
    present = values.drop_null()
    bad = _not_numbers(values) if wanted == "numbers" and is_text(values.type) else None
    if bad is not None and not len(bad):
        raise SchemaError(f"column {column.name!r}: its numbers are stored as text; turn the column into numbers first")
    row = int(bad[0]) if bad is not None else int(pc.index(values.is_valid(), True).as_py())
    count = len(bad) if bad is not None else len(present)
    raise SchemaError(
        f"column {column.name!r}: {count:,} of {len(values):,} values are not {wanted} "
        f"(first: {values[row].as_py()!r}, row {row + 1:,}). {_way_out(column, 'category')}"
    )


def _not_numbers(values: pa.Array) -> np.ndarray:
    """Return the rows whose words are no numbers."""
    fits = pc.match_substring_regex(values.cast(pa.string()), r"(?i)^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$")
    return np.flatnonzero(pc.invert(fits.fill_null(True)).to_numpy(zero_copy_only=False))


def _refuse_fractions(column: Column, values: pa.Array) -> None:
    numbers = values.to_numpy(zero_copy_only=False)
    broken = np.flatnonzero(~np.isnan(numbers) & (numbers != np.floor(numbers)))
    if broken.size:
        raise SchemaError(
            f"column {column.name!r}: {broken.size:,} of {len(values):,} values are not whole "
            f"(first: {numbers[broken[0]]}, row {broken[0] + 1:,}). {_way_out(column, 'number')}"
        )


def _way_out(column: Column, kind: str) -> str:
    article = "number" if kind == "number" else "category"
    return f"Treat it as a {article}: --kind {column.name}={kind}"


def _check_target(table: Table) -> None:
    target = table.schema.target
    if target is None:
        return
    levels = pc.unique(one_chunk(table.arrow.column(target)).drop_null())
    if len(levels) < 2:
        found = f"the single value {levels[0].as_py()!r}" if len(levels) else "no value at all"
        raise SchemaError(f"column {target!r}: the target has {found}; choose a target that varies")
