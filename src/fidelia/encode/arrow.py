"""Arrow types and scalars as JSON, and arrays of any type as whole numbers and back."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as is_

from fidelia.errors import BundleError

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
"""Nanoseconds in a unit of time."""
DAY = 86_400 * 10**9

PLAIN = {
    str(plain): plain
    for plain in (
        *(pa.null(), pa.bool_(), pa.string(), pa.large_string(), pa.string_view()),
        *(pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
        *(pa.float16(), pa.float32(), pa.float64(), pa.date32(), pa.date64()),
        *(pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns")),
        *(pa.timestamp(unit) for unit in UNITS),
        *(pa.duration(unit) for unit in UNITS),
    )
}


def supported(kind: pa.DataType) -> bool:
    """Whether columns of this Arrow type can be coded."""
    if is_.is_dictionary(kind):
        return bool(supported(kind.value_type)) and not is_.is_dictionary(kind.value_type)
    return str(kind) in PLAIN or is_.is_timestamp(kind) or is_.is_decimal(kind)


def type_to_json(kind: pa.DataType) -> Any:
    """Return an Arrow type as JSON values."""
    if is_.is_dictionary(kind):
        index, value = type_to_json(kind.index_type), type_to_json(kind.value_type)
        return {"dictionary": {"index": index, "value": value, "ordered": bool(kind.ordered)}}
    if is_.is_timestamp(kind) and kind.tz is not None:
        return {"timestamp": {"unit": kind.unit, "tz": kind.tz}}
    if is_.is_decimal(kind):
        return {"decimal": {"bits": kind.bit_width, "precision": kind.precision, "scale": kind.scale}}
    return str(kind)


def type_from_json(said: Any) -> pa.DataType:
    """Read what `type_to_json` wrote."""
    match said:
        case str() if said in PLAIN:
            return PLAIN[said]
        case {"timestamp": {"unit": unit, "tz": str() as tz}} if unit in UNITS:
            return pa.timestamp(unit, tz)
        case {"decimal": {"bits": bits, "precision": int() as precision, "scale": int() as scale}}:
            makers = {32: "decimal32", 64: "decimal64", 128: "decimal128", 256: "decimal256"}
            return getattr(pa, makers[bits])(precision, scale)
        case {"dictionary": {"index": index, "value": value, "ordered": bool() as ordered}}:
            return pa.dictionary(type_from_json(index), type_from_json(value), ordered)
    raise BundleError(f"{said!r} is no type that this version of fidelia knows")


def unwrap(column: pa.Array) -> pa.Array:
    """Return a column without its dictionary, its text as large strings, NaN as null."""
    if is_.is_dictionary(column.type):
        column = column.dictionary_decode()
    if is_text(column.type):
        return column.cast(pa.large_string())
    if is_.is_floating(column.type):
        return pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    return column


def wrap(column: pa.Array, kind: pa.DataType, dictionary: pa.Array | None = None) -> pa.Array:
    """Return an unwrapped column in its own type; `dictionary` holds all values of a dictionary type."""
    if column.type.equals(kind):
        return column
    if not is_.is_dictionary(kind):
        return column.cast(kind)
    if dictionary is None:
        dictionary = column.drop_null().unique()
    index = pc.index_in(column, value_set=dictionary, skip_nulls=True).cast(kind.index_type)
    return pa.DictionaryArray.from_arrays(index, dictionary.cast(kind.value_type), ordered=kind.ordered)


def is_text(kind: pa.DataType) -> bool:
    """Whether values of this type are strings."""
    return bool(is_.is_string(kind) or is_.is_large_string(kind) or is_.is_string_view(kind))


def is_whole(kind: pa.DataType) -> bool:
    """Whether values of this type are whole numbers underneath: integers, booleans, dates and times."""
    return bool(is_.is_integer(kind) or is_.is_temporal(kind) or is_.is_boolean(kind))


def to_whole(column: pa.Array) -> NDArray[np.int64] | NDArray[np.uint64]:
    """Return the whole numbers under a column, (n,) int64 (uint64 for that type); 0 where missing."""
    if is_.is_uint64(column.type):
        return np.asarray(column.fill_null(0))
    if column.type.bit_width == 32 and is_.is_temporal(column.type):
        column = column.cast(pa.int32())
    return np.asarray(column.cast(pa.int64()).fill_null(0))


def from_whole(values: np.ndarray, missing: NDArray[np.bool_], kind: pa.DataType) -> pa.Array:
    """Return whole numbers as a column of the type `kind`."""
    column = pa.array(values, mask=missing)
    if kind.bit_width == 32 and is_.is_temporal(kind):
        column = column.cast(pa.int32())
    return column.cast(kind)


def tick(kind: pa.DataType) -> int:
    """Return the nanoseconds in one unit of a temporal type."""
    if is_.is_date32(kind):
        return DAY
    return UNITS["ms"] if is_.is_date64(kind) else UNITS[kind.unit]


def values_to_json(column: pa.Array) -> list[Any]:
    """Return the values of an unwrapped column without missing values as JSON values."""
    if is_whole(column.type) and not is_.is_boolean(column.type):
        return [int(value) for value in to_whole(column)]
    return [str(value) if isinstance(value, Decimal) else value for value in column.to_pylist()]


def values_from_json(said: list[Any], kind: pa.DataType) -> pa.Array:
    """Read what `values_to_json` wrote into an unwrapped column of type `kind`."""
    if is_.is_null(kind):
        return pa.nulls(0)
    if is_.is_decimal(kind):
        return pa.array([Decimal(value) for value in said], kind)
    if is_whole(kind) and not is_.is_boolean(kind):
        whole = np.array(said, dtype=np.uint64 if is_.is_uint64(kind) else np.int64)
        return from_whole(whole, np.zeros(len(whole), bool), kind)
    return pa.array(said, kind)
