"""What two tables have in common: the columns of one that can be continued from another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from fidelia.data.align import cast
from fidelia.data.table import Table
from fidelia.errors import SchemaError
from fidelia.schema.kinds import Kind
from fidelia.schema.schema import Column, Schema


@dataclass(frozen=True, slots=True)
class Overlap:
    """A table beside another one.

    Parameters
    ----------
    table : Table
        The columns that both have come first, in the other's order and kinds, and in its types where all values fit;
        then those that are the table's own, as they were.
    shared, own, lost : tuple of str
        Names of the columns of both, of the table alone, and of the other alone. Ids and texts are never shared: they
        are made anew.
    notes : tuple of str
        Why columns of one name are not shared.
    """

    table: Table
    shared: tuple[str, ...]
    own: tuple[str, ...]
    lost: tuple[str, ...]
    notes: tuple[str, ...] = ()


def overlap(table: Table, other: Table) -> Overlap:
    """Return what `table` shares with `other`, by name and kind."""
    found: dict[str, tuple[Column, pa.Array]] = {}
    notes = []
    for column in other.schema:
        if column.name in table.schema:
            try:
                found[column.name] = _continued(table, column, other[column.name].type)
            except SchemaError as reason:
                notes.append(str(reason))
    shared = tuple(found)
    own = tuple(name for name in table.schema.names if name not in found)
    found |= {name: (table.schema[name], table[name]) for name in own}
    lost = tuple(name for name in other.schema.names if name not in table.schema)
    return Overlap(_table(table, found), shared, own, lost, tuple(notes))


def _continued(table: Table, column: Column, wanted: pa.DataType) -> tuple[Column, pa.Array]:
    """Return a column of the table under the kind and, where its values fit, the type of the other's."""
    mine, values = table.schema[column.name], table[column.name]
    if not (mine.kind.modelled and column.kind.modelled):
        raise SchemaError(f"column {column.name!r} is made anew: it is of kind {mine.kind}")
    if _family(mine.kind) != _family(column.kind):
        raise SchemaError(f"column {column.name!r} is {mine.kind} here and {column.kind} in the source: learnt anew")
    if {mine.kind, column.kind} == {Kind.NUMBER, Kind.INTEGER}:
        return replace(mine, kind=Kind.NUMBER), _in_type(values, pa.float64(), mine, "target")
    return replace(mine, kind=column.kind), _in_type(values, wanted, column, "target")


def _in_type(values: pa.Array, wanted: pa.DataType, column: Column, name: str) -> pa.Array:
    """Return values in a type, dictionaries in their very own; SchemaError where they do not fit."""
    if values.type.equals(wanted):
        return values
    found = cast(values, wanted, column, name)
    if not pa.types.is_dictionary(wanted) or found.type.equals(wanted):
        return found
    codes = found.indices.cast(wanted.index_type)
    return pa.DictionaryArray.from_arrays(codes, found.dictionary, ordered=wanted.ordered)


def _family(kind: Kind) -> str:
    return "time" if kind is Kind.DATETIME else "number" if kind.continuous else "level"


def _table(table: Table, found: dict[str, tuple[Column, pa.Array]]) -> Table:
    fields = [pa.field(name, values.type) for name, (_, values) in found.items()]
    said = pa.schema(fields, table.arrow.schema.metadata)
    arrow = pa.Table.from_arrays([values for _, values in found.values()], schema=said)
    return Table(arrow, Schema(tuple(column for column, _ in found.values())), table.flavour)


def beside(rows: Table, like: Table, names: Sequence[str]) -> Table:
    """Return these columns of `rows`, in this order, in the types of `like`.

    Raises
    ------
    SchemaError
        When a value does not fit the type.
    """
    columns = [_in_type(rows[name], like[name].type, rows.schema[name], "source") for name in names]
    fields = [pa.field(name, values.type) for name, values in zip(names, columns, strict=True)]
    schema = Schema(tuple(like.schema[name] for name in names))
    return Table(pa.Table.from_arrays(columns, schema=pa.schema(fields)), schema, like.flavour)
