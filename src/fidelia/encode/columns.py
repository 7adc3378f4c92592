"""TableCoder: a table as coded columns and back, with the types, order and names of the training table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import pyarrow as pa

from fidelia.data.table import Flavour, Table
from fidelia.encode.arrow import supported
from fidelia.encode.codes import Coded, CodedColumn, Discrete
from fidelia.encode.ids import IdCoder
from fidelia.encode.levels import LevelCoder
from fidelia.encode.numbers import NumberCoder
from fidelia.encode.protection import effective
from fidelia.encode.text import TextCoder
from fidelia.errors import BundleError, SchemaError, UsageError
from fidelia.schema.kinds import Kind
from fidelia.schema.schema import Column, Schema

if TYPE_CHECKING:
    from fidelia.rng import Rng

Coder = NumberCoder | LevelCoder | IdCoder | TextCoder
Rare = Literal["resample", "keep"]
CODERS: dict[str, Any] = {"number": NumberCoder, "level": LevelCoder, "id": IdCoder, "text": TextCoder}


@dataclass(frozen=True, slots=True, eq=False)
class TableCoder:
    """One coder per column.

    Parameters
    ----------
    schema : Schema
        Of the training table.
    coders : dict of str to coder
        In the schema's order.
    k : int
        The protection that was used, see `fidelia.encode.protection.effective`.
    asked : int
        The protection that was asked for.
    rare : {"resample", "keep"}
        What becomes of levels held by fewer than k rows.
    gaps : frozenset of str
        The ids and texts with missing values, whose pattern is modelled.
    metadata : bytes or None
        What pandas needs to restore its dtypes.
    flavour : {"pandas", "polars", "pyarrow"}
        Of the training table.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from fidelia.rng import Rng
    >>> schema = Schema((Column("age", Kind.INTEGER), Column("sex", Kind.CATEGORY)))
    >>> table = Table(pa.table({"age": [31, 42, 42], "sex": ["f", "m", "f"]}), schema)
    >>> coder = TableCoder.fit(table)
    >>> coded = coder.code(table)
    >>> coded["age"].values.tolist(), coded["sex"].codes.tolist()
    ([31.0, 42.0, 42.0], [0, 1, 0])
    >>> coder.decode(coded, rng=Rng(0)).arrow.equals(table.arrow)
    True
    """

    schema: Schema
    coders: dict[str, Coder]
    k: int
    asked: int
    rare: Rare
    gaps: frozenset[str]
    metadata: bytes | None
    flavour: Flavour

    @classmethod
    def fit(cls, table: Table, *, k: int = 5, rare: Rare = "resample", other: bool = False) -> Self:
        """Learn the columns of a training table.

        Parameters
        ----------
        k : int
            Nothing that fewer than `k` rows hold is kept; smaller tables bear less, see
            `fidelia.encode.protection.effective`.
        rare : {"resample", "keep"}
            Levels held by fewer than k rows: decoded to a frequent one, or kept as they are.
        other : bool
            Give every discrete column a code for levels that were not seen, and one for missing, so that any table
            of this schema can be coded. For measuring; a generator needs none.

        Raises
        ------
        SchemaError
            When a column does not fit its kind.
        UsageError
            When an argument does not exist.
        """
        if rare not in ("resample", "keep"):
            raise UsageError(f"rare = {rare!r}; there are 'resample' and 'keep'")
        used = effective(k, len(table))
        coders = {column.name: _fit(table, column, used, k, rare == "keep", other) for column in table.schema}
        gaps = frozenset(c.name for c in table.schema if not c.kind.modelled and table[c.name].null_count)
        metadata = _without_values((table.arrow.schema.metadata or {}).get(b"pandas"))
        return cls(table.schema, coders, used, int(k), rare, gaps, metadata, table.flavour)

    def code(self, table: Table) -> Coded:
        """Return the coded columns of a table with the training table's columns.

        Raises
        ------
        SchemaError
            When a column does not fit, or holds a level that no code stands for.
        """
        if said := self.schema.diff(table.schema):
            raise SchemaError(f"the table does not fit the training table: {'; '.join(said)}")
        return self.code_some(table)

    def code_some(self, table: Table) -> Coded:
        """Return those coded columns that a table has, of the training table's columns."""
        found: dict[str, CodedColumn] = {}
        for name, coder in self.coders.items():
            if name not in table.schema:
                continue
            if isinstance(coder, NumberCoder | LevelCoder):
                found[name] = coder.code(table[name], name)
            elif name in self.gaps:
                found[name] = Discrete(np.asarray(table[name].is_null()).astype(np.int32), 2)
        return Coded(found, len(table))

    def decode(self, coded: Coded, *, rng: Rng, first: int = 0) -> Table:
        """Return coded columns as a table of the training table's types.

        Numbers are rounded to their learned precision and clipped to their protected range; rare codes become
        frequent levels; ids and texts are made anew.

        Parameters
        ----------
        rng : Rng
            Draws the rare codes' levels and the texts.
        first : int
            Position of the first row in a longer draw; ids continue from there.
        """
        arrays = [self._decode(column, coded, rng.child(f"decode/{i}"), first) for i, column in enumerate(self.schema)]
        metadata = None if self.metadata is None else {b"pandas": self.metadata}
        fields = [pa.field(name, array.type) for name, array in zip(self.schema.names, arrays, strict=True)]
        if not fields:
            return Table(pa.table({}), self.schema, self.flavour)
        return Table(pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata)), self.schema, self.flavour)

    def _decode(self, column: Column, coded: Coded, rng: Rng, first: int) -> pa.Array:
        coder = self.coders[column.name]
        if isinstance(coder, NumberCoder):
            return coder.decode(coded[column.name])
        if isinstance(coder, LevelCoder):
            return coder.decode(coded[column.name], rng=rng, first=first)
        missing = np.zeros(len(coded), bool)
        if column.name in self.gaps:
            flags = coded[column.name]
            assert isinstance(flags, Discrete)
            missing = flags.codes == 1
        return coder.make(len(coded), missing, first) if isinstance(coder, IdCoder) else coder.make(missing, rng)

    def state(self) -> dict[str, Any]:
        """Return the coder as JSON values; no value held by fewer than `k` rows is among them."""
        kinds = {kind: name for name, kind in CODERS.items()}
        return {
            "schema": json.loads(self.schema.to_json()),
            "columns": [{"coder": kinds[type(coder)], **coder.state()} for coder in self.coders.values()],
            "gaps": sorted(self.gaps),
            "metadata": None if self.metadata is None else self.metadata.decode(),
            **{name: getattr(self, name) for name in ("k", "asked", "rare", "flavour")},
        }

    @classmethod
    def restore(cls, state: dict[str, Any]) -> Self:
        """Read what `state` returned.

        Raises
        ------
        BundleError
            When it cannot be the state of a coder.
        """
        try:
            return cls._restore(state)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, ArithmeticError) as error:
            raise BundleError(f"the coder of the columns is damaged: {error!r}") from error
        except SchemaError as error:
            raise BundleError(f"the schema of the model is damaged: {error}") from error

    @classmethod
    def _restore(cls, state: dict[str, Any]) -> Self:
        schema = Schema.from_json(json.dumps(state["schema"]))
        made = [CODERS[said["coder"]].restore(said) for said in state["columns"]]
        coders: dict[str, Coder] = dict(zip(schema.names, made, strict=True))
        if any(not isinstance(coders[column.name], _fitting(column.kind)) for column in schema):
            raise ValueError("a coder does not fit the kind of its column")
        if state["rare"] not in ("resample", "keep") or state["flavour"] not in ("pandas", "polars", "pyarrow"):
            raise ValueError(f"rare {state['rare']!r}, flavour {state['flavour']!r}")
        gaps = frozenset(state["gaps"])
        if not gaps <= {column.name for column in schema if not column.kind.modelled}:
            raise ValueError("gaps in columns that have none")
        metadata = None if state["metadata"] is None else _without_values(str(state["metadata"]).encode())
        return cls(
            schema, coders, int(state["k"]), int(state["asked"]), state["rare"], gaps, metadata, state["flavour"]
        )


def _fitting(kind: Kind) -> type[Coder]:
    if kind.continuous:
        return NumberCoder
    return LevelCoder if kind.discrete else IdCoder if kind is Kind.ID else TextCoder


def _fit(table: Table, column: Column, used: int, asked: int, keep: bool, other: bool) -> Coder:
    array, name = table[column.name], column.name
    if column.kind is Kind.IMAGE:
        raise SchemaError(
            f"column {name!r} holds pictures, which generators of tables do not learn; those do whose names begin with "
            "image-, as image-vae"
        )
    if not supported(array.type):
        raise SchemaError(f"column {name!r} holds {array.type}, which is no single value per row. Drop or unfold it")
    if column.kind.continuous:
        return NumberCoder.fit(array, name, used)
    if column.kind.discrete:
        return LevelCoder.fit(array, name, used, keep=keep, other=other, nullable=column.nullable)
    # Ids and texts are made anew whatever the number of rows, so their protection need not shrink with it.
    maker: type[IdCoder | TextCoder] = IdCoder if column.kind is Kind.ID else TextCoder
    return maker.fit(array, name, max(asked, 2))


def _without_values(metadata: bytes | None) -> bytes | None:
    """What pandas needs to restore dtypes, without the attributes and ranges that come from rows."""
    if metadata is None:
        return None
    said = json.loads(metadata)
    said["index_columns"] = [index for index in said.get("index_columns", []) if isinstance(index, str)]
    said.pop("attributes", None)
    return json.dumps(said, ensure_ascii=False).encode()
