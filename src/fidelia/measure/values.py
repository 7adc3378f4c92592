"""The columns of the three tables of a case as numpy arrays, in one coding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fidelia.schema.kinds import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """One column of the three tables.

    Parameters
    ----------
    train, synthetic : (n,) float64 or int32
        Of a continuous column: numbers, NaN is missing (datetimes are microseconds). Of a discrete one: codes;
        missing has the code ``len(levels)``.
    holdout : (n,) array or None
    levels : tuple of str or None
        The levels of a discrete column: those of train in the order of their text, then those that only the other
        tables have. None for a continuous column.
    """

    name: str
    kind: Kind
    train: NDArray[Any]
    synthetic: NDArray[Any]
    holdout: NDArray[Any] | None
    levels: tuple[str, ...] | None

    @property
    def codes(self) -> int:
        """How many codes a discrete column has, missing included."""
        return len(self.levels or ()) + 1


def values_of(case: Case) -> dict[str, Values]:
    """Return the columns of `case` that are modelled (neither ids nor texts), by name."""
    return {column.name: _values(case, column.name, column.kind) for column in case.schema if column.kind.modelled}


def _values(case: Case, name: str, kind: Kind) -> Values:
    arrays = [table[name] for table in (case.train, case.synthetic, case.holdout) if table is not None]
    if kind.continuous:
        sides: Sequence[NDArray[Any]] = [numbers(array) for array in arrays]
        levels = None
    else:
        levels = shared_levels(arrays)
        sides = [codes(array, levels) for array in arrays]
    return Values(name, kind, sides[0], sides[1], sides[2] if len(sides) > 2 else None, levels)


def numbers(array: pa.Array) -> NDArray[np.float64]:
    """Return an Arrow array of numbers or times as float64, NaN where missing; times in microseconds."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_date(array.type) or pa.types.is_timestamp(array.type):
        zone = getattr(array.type, "tz", None)
        array = array.cast(pa.timestamp("us", tz=zone), safe=False).cast(pa.int64())
    elif pa.types.is_temporal(array.type):
        array = array.cast(pa.int64(), safe=False) if array.type.bit_width == 64 else array.cast(pa.int32())
    flat = array.cast(pa.float64(), safe=False)
    return np.asarray(flat.to_numpy(zero_copy_only=False), dtype=np.float64)


def missing(array: pa.Array) -> NDArray[np.bool_]:
    """Return where an Arrow array is missing: null or NaN."""
    return np.asarray(array.is_null(nan_is_null=True).to_numpy(zero_copy_only=False), dtype=bool)


def shared_levels(arrays: Sequence[pa.Array]) -> tuple[str, ...]:
    """Return the levels of the first array in the order of their text, then the new ones of each other array."""
    known: dict[str, None] = {}
    for array in arrays:
        known.update(dict.fromkeys(sorted({text for text in _level_texts(array)[1] if text is not None})))
    return tuple(known)


def codes(array: pa.Array, levels: Sequence[str]) -> NDArray[np.int32]:
    """Return the positions of an array's values in `levels`; missing and unknown values get ``len(levels)``."""
    indices, texts = _level_texts(array)
    place = {level: code for code, level in enumerate(levels)}
    table = np.array([place.get(text, len(levels)) if text is not None else len(levels) for text in texts], np.int32)
    table = np.append(table, np.int32(len(levels)))
    return np.asarray(table[indices], dtype=np.int32)


def _level_texts(array: pa.Array) -> tuple[NDArray[np.int64], list[str | None]]:
    """Return each row's position among the distinct values (the last position is missing), and their texts."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    encoded = pc.dictionary_encode(array)
    texts = [_text(value) for value in encoded.dictionary.to_pylist()]
    indices = encoded.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)
    return np.asarray(indices, dtype=np.int64), texts


def _text(value: Any) -> str | None:
    """Name a level so that ``1``, ``1.0`` and ``"1"`` are one, whatever type a file gave them."""
    if value is None or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
