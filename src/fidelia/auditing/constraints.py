"""Constraints that the real rows themselves declare: levels, missing values, whole numbers, unique keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fidelia.schema.kinds import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.schema.schema import Column


CLOSED = 0.01
"""Below this chance of a new level the levels seen are all there are."""


@dataclass(frozen=True, slots=True, eq=False)
class Violation:
    """Rows that break one constraint.

    Parameters
    ----------
    column : str
        Where.
    rule : str
        In words, for people.
    rows : (n_synthetic,) bool
        Which synthetic rows.
    """

    column: str
    rule: str
    rows: NDArray[np.bool_]


def violations(synthetic: Table, real: list[Table]) -> list[Violation]:
    """Return what synthetic rows break that no row of the real tables breaks; empty where all is well."""
    found = [
        violation
        for column in synthetic.schema
        for violation in _of_column(column, synthetic[column.name], [table[column.name] for table in real])
    ]
    return [violation for violation in found if violation.rows.any()]


def _of_column(column: Column, values: pa.Array, real: list[pa.Array]) -> Iterator[Violation]:
    if not any(part.null_count for part in real):
        yield Violation(column.name, "is missing, and never is in the real rows", _bool(pc.is_null(values)))
    if column.kind.discrete and unseen(levels := pa.concat_arrays([_words(part) for part in real])) < CLOSED:
        known = pc.unique(levels)
        strange = pc.and_(pc.invert(pc.is_in(_words(values), known)), pc.is_valid(values))
        yield Violation(column.name, "has a level that no real row has", _bool(strange))
    if column.kind is Kind.INTEGER and pa.types.is_floating(values.type):
        numbers = values.to_numpy(zero_copy_only=False)
        yield Violation(column.name, "is not a whole number", np.isfinite(numbers) & (numbers != np.floor(numbers)))
    if column.kind is Kind.ID and all(_unique(part) for part in real):
        yield Violation(column.name, "repeats an id, and ids are unique", _repeats(values))


def unseen(levels: pa.Array) -> float:
    """Return the chance that a fresh real row has a level not seen yet: the share of levels seen once (Good, 1953)."""
    counts = pc.value_counts(levels.drop_null()).field("counts")
    return float(pc.sum(pc.equal(counts, 1)).as_py() or 0) / max(len(levels), 1)


def _words(values: pa.Array) -> pa.Array:
    return _flat(values).cast(pa.string())


def _flat(values: pa.Array) -> pa.Array:
    return values.dictionary_decode() if isinstance(values, pa.DictionaryArray) else values


def _bool(mask: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(mask.to_numpy(zero_copy_only=False), dtype=np.bool_)


def _unique(values: pa.Array) -> bool:
    return bool(pc.count_distinct(values).as_py() == len(values) - values.null_count)


def _repeats(values: pa.Array) -> NDArray[np.bool_]:
    """Mark the second and later rows of every value; missing repeats nothing."""
    codes = _flat(values).dictionary_encode().indices
    missing = _bool(pc.is_null(codes))
    numbers = codes.fill_null(-1).to_numpy(zero_copy_only=False)
    first = np.zeros(len(numbers), dtype=np.bool_)
    first[np.unique(numbers, return_index=True)[1]] = True
    return np.asarray(~first & ~missing)
