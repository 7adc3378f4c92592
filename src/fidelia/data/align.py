"""Bring a second table under the schema and the types of a first one, or say in which column it does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from fidelia.data.table import Table, one_chunk
from fidelia.errors import SchemaError
from fidelia.schema.kinds import Kind

if TYPE_CHECKING:
    from fidelia.schema.schema import Column


def align(table: Table, train: Table, name: str) -> Table:
    """Return `table` with the columns, order, kinds and Arrow types of `train`.

    Parameters
    ----------
    table : Table
        The same columns in any order; ``"1"``, ``1`` and ``1.0`` are one value, whatever the file made of them.
    train : Table
        Whose schema rules.
    name : str
        What to call `table` in an error: ``"synthetic"``, ``"holdout"``.

    Raises
    ------
    SchemaError
        When columns are missing or new, or values do not fit the column's type.
    """
    theirs = set(table.schema.names)
    if missing := [column for column in train.schema.names if column not in theirs]:
        raise SchemaError(f"the {name} table lacks column {missing[0]!r}{_more(missing)}, which the train table has")
    if extra := [column for column in table.schema.names if column not in train.schema]:
        raise SchemaError(
            f"the {name} table has column {extra[0]!r}{_more(extra)}, which the train table lacks; drop it"
        )
    columns = [cast(table[column.name], train[column.name].type, column, name) for column in train.schema]
    types = [field.with_type(values.type) for field, values in zip(train.arrow.schema, columns, strict=True)]
    arrow = pa.Table.from_arrays(columns, schema=pa.schema(types, metadata=train.arrow.schema.metadata))
    return Table(arrow, train.schema, table.flavour, table.features)


def _more(names: list[str]) -> str:
    return f" (and {len(names) - 1} more)" if len(names) > 1 else ""


def cast(values: pa.Array, wanted: pa.DataType, column: Column, name: str) -> pa.Array:
    """Return the values of a column of the table called `name` in a type, or say how they do not fit.

    A fraction in a column of whole numbers stays, for the audit to find.
    """
    plain = values.dictionary_decode() if pa.types.is_dictionary(values.type) else values
    target = wanted.value_type if pa.types.is_dictionary(wanted) else wanted
    if column.kind is Kind.INTEGER and pa.types.is_floating(plain.type) and not pa.types.is_floating(target):
        target = target if _whole(plain) else pa.float64()
    if pa.types.is_string(target) and pa.types.is_floating(plain.type) and _whole(plain):
        plain = plain.cast(pa.int64())
    try:
        cast = _booleans(plain, target).cast(target)
        return one_chunk(pa.chunked_array([cast.dictionary_encode()])) if pa.types.is_dictionary(wanted) else cast
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        found = next((str(value) for value in plain.drop_null()[:1].to_pylist()), "nothing")
        raise SchemaError(
            f"column {column.name!r} of the {name} table does not fit: the train table holds {target} ({column.kind}), "
            f"the {name} table {plain.type} (first value: {found!r}). Give both tables the same kind of column. {error}"
        ) from error


def _whole(values: pa.Array) -> bool:
    found = pc.all(pc.equal(values, pc.floor(values)))
    return found.as_py() is not False


def _booleans(values: pa.Array, target: pa.DataType) -> pa.Array:
    """Arrow casts 'True' to a boolean only when it is spelt 'true'."""
    return pc.utf8_lower(values) if pa.types.is_boolean(target) and pa.types.is_string(values.type) else values
