"""A key per row, equal for equal rows: for duplicates, exact copies and splits that keep equal rows together."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fidelia.data.table import Table
from fidelia.schema.kinds import Kind
from fidelia.schema.types import is_text

Keys = NDArray[np.uint64]

_MISSING = np.uint64(0x9E3779B97F4A7C15)
_SAFE = 2.0**53
_PICTURES = 1024  # at once


def row_keys(table: Table, exclude_ids: bool = True) -> Keys:
    """Hash every row over its values.

    Rows have equal keys when their values are equal: numbers as numbers whatever their type (fractions in single
    precision, whole numbers exactly), words as words whatever their encoding, moments as moments whatever their
    unit, missing as a value of its own. The order of columns does not matter; their names do. Two different rows
    of a million share a key with probability below 1e-7.

    Parameters
    ----------
    table : Table
        Any rows.
    exclude_ids : bool
        Leave out columns of kind id, which make every row different.

    Returns
    -------
    (n,) uint64 array
    """
    return _joined(table, [c.name for c in table.schema if not (exclude_ids and c.kind is Kind.ID)])


def learnt_keys(table: Table) -> Keys:
    """Hash every row over the columns whose values generators learn: neither ids nor texts, which are made anew."""
    return _joined(table, [c.name for c in table.schema if not c.kind.invented])


def column_keys(table: Table) -> dict[str, Keys]:
    """Hash every value of the columns whose values generators learn; the sum over any columns is a key of part rows."""
    return {c.name: scattered(c.name, value_keys(table[c.name])) for c in table.schema if not c.kind.invented}


def scattered(name: str, keys: Keys) -> Keys:
    """Return keys of one column's values that can be added to those of other columns."""
    return _mixed(keys ^ _named(name))


def _joined(table: Table, names: list[str]) -> Keys:
    total = np.zeros(len(table), dtype=np.uint64)
    for name in names:
        total += scattered(name, value_keys(table[name]))
    return _mixed(total)


def value_keys(values: pa.Array) -> Keys:
    """Hash every value of one column.

    Returns
    -------
    (n,) uint64 array
        Missing has a key of its own.
    """
    kind = values.type
    if isinstance(kind, pa.FixedShapeTensorType):
        return _of_pictures(values)
    if pa.types.is_dictionary(kind):
        return _of_levels(values)
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _of_floats(values.cast(pa.float64()).to_numpy(zero_copy_only=False))
    gone = values.is_null().to_numpy(zero_copy_only=False)
    if pa.types.is_null(kind):
        return np.full(len(values), _MISSING)
    if is_text(kind):
        return _of_levels(values.dictionary_encode())
    return np.where(gone, _MISSING, _whole(_integers(values)))


def _integers(values: pa.Array) -> NDArray[np.int64]:
    """Return booleans, integers and moments (in nanoseconds where they fit, else in microseconds) as integers."""
    kind = values.type
    if pa.types.is_temporal(kind):
        values = values.cast(pa.timestamp("us", getattr(kind, "tz", None)), safe=False).cast(pa.int64())
    elif pa.types.is_uint64(kind):
        return np.asarray(values.fill_null(0).to_numpy(zero_copy_only=False).view(np.int64))
    return np.asarray(pc.fill_null(values.cast(pa.int64()), 0).to_numpy(zero_copy_only=False))


def _of_pictures(values: pa.ExtensionArray) -> Keys:
    """Hash all bytes of each picture."""
    rows = values.storage.flatten().to_numpy().reshape(len(values), -1)
    factors = np.random.PCG64(0).random_raw(rows.shape[1]) | np.uint64(1)
    blocks = [rows[i : i + _PICTURES].astype(np.uint64) @ factors for i in range(0, len(rows), _PICTURES)]
    return _mixed(np.concatenate([np.empty(0, np.uint64), *blocks]))


def _whole(numbers: NDArray[np.int64]) -> Keys:
    return _mixed(numbers.view(np.uint64))


def _of_floats(numbers: NDArray[np.float64]) -> Keys:
    """Hash whole numbers as integers are hashed, so that 3 and 3.0 are one; the rest in single precision."""
    with np.errstate(invalid="ignore", over="ignore"):
        whole = (numbers == np.floor(numbers)) & (np.abs(numbers) < _SAFE)
        bits = numbers.astype(np.float32).view(np.uint32).astype(np.uint64)
        integers = np.where(whole, numbers, 0.0).astype(np.int64)
    fractions = _mixed(bits ^ np.uint64(0xF10A700000000000))
    return np.where(np.isnan(numbers), _MISSING, np.where(whole, _whole(integers), fractions))


def _of_levels(values: pa.DictionaryArray) -> Keys:
    """Hash each level once."""
    levels = values.dictionary
    known = _of_words(levels) if is_text(levels.type) else value_keys(levels)
    codes = pc.fill_null(values.indices.cast(pa.int64()), len(levels)).to_numpy(zero_copy_only=False)
    return np.asarray(np.append(known, _MISSING)[codes])


def _of_words(levels: pa.Array) -> Keys:
    from pandas.util import hash_array

    words = levels.fill_null("").to_numpy(zero_copy_only=False)
    keys = hash_array(np.asarray(words, dtype=object), categorize=False)
    return np.where(levels.is_null().to_numpy(zero_copy_only=False), _MISSING, keys)


def _named(name: str) -> np.uint64:
    return np.uint64(int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little"))


def _mixed(keys: Keys) -> Keys:
    """Scatter keys over all 64 bits (the finaliser of SplitMix64: Steele, Lea and Flood 2014)."""
    keys = keys + _MISSING
    keys ^= keys >> np.uint64(30)
    keys *= np.uint64(0xBF58476D1CE4E5B9)
    keys ^= keys >> np.uint64(27)
    keys *= np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))
