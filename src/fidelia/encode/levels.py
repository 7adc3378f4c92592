"""Categories and booleans as codes by falling frequency, with one group for the levels of too few rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as is_

from fidelia.encode.arrow import is_text, type_from_json, type_to_json, unwrap, values_from_json, values_to_json, wrap
from fidelia.encode.codes import CodedColumn, Discrete
from fidelia.encode.text import IdCoder
from fidelia.errors import SchemaError

if TYPE_CHECKING:
    from fidelia.rng import Rng


@dataclass(frozen=True, slots=True, eq=False)
class LevelCoder:
    """Codes one column of levels: the levels in order, then the group of rare ones, then missing.

    Parameters
    ----------
    kind : pyarrow.DataType
        Of the training column.
    levels : pyarrow.Array
        Unwrapped values, each held by at least k training rows: by falling frequency, or in their own order when
        `ordered`.
    counts : (levels,) int64
        Training rows of each.
    dictionary : pyarrow.Array or None
        All values of a dictionary type, in its order.
    group : bool
        Whether there is a code for rare levels, which decode to one of `levels` drawn by frequency.
    nullable : bool
        Whether the last code is missing.
    ordered : bool
        Whether the order of the codes means something.
    maker : IdCoder or None
        When no level is frequent: makes values of the same pattern anew for the rare code.
    nan : bool
        Whether missing floats were NaN instead of null.
    """

    kind: pa.DataType
    levels: pa.Array
    counts: np.ndarray
    dictionary: pa.Array | None
    group: bool
    nullable: bool
    ordered: bool
    maker: IdCoder | None = None
    nan: bool = False

    @classmethod
    def fit(cls, column: pa.Array, name: str, k: int, *, keep: bool, other: bool, nullable: bool) -> Self:
        """Learn the levels of `column`; `keep` hands out rare ones, `other` adds a code for levels not seen here."""
        inner = unwrap(column)
        nan = bool(is_.is_floating(column.type) and column.null_count == 0 and inner.null_count > 0)
        levels, counts = _by_value(inner)
        frequent = counts >= (1 if keep else k)
        dictionary = _dictionary(column, levels.filter(pa.array(~frequent)))
        ordered = _is_ordered(column.type, len(levels))
        if not ordered:
            order = np.argsort(-counts, kind="stable")
        else:
            order = np.arange(len(levels)) if dictionary is None or not column.type.ordered else _rank(levels, column)
        order = order[frequent[order]]
        group = other or not bool(frequent.all())
        maker = IdCoder.fit(inner, name, k) if group and not frequent.any() and counts.sum() >= k else None
        missing = nullable or other or inner.null_count > 0 or (group and not frequent.any() and maker is None)
        kept = levels.take(pa.array(order, pa.int64()))
        return cls(column.type, kept, counts[order], dictionary, group, missing, ordered, maker, nan)

    def __len__(self) -> int:
        """How many codes there are."""
        return max(len(self.levels) + self.group + self.nullable, 1)

    def code(self, column: pa.Array, name: str) -> Discrete:
        """Return the codes of a column.

        Raises
        ------
        SchemaError
            When it holds a level, or missing values, that no code stands for.
        """
        inner = unwrap(column)
        found = self._find(inner)
        known, missing = np.asarray(found.is_valid()), np.asarray(inner.is_null())
        codes = np.array(found.fill_null(len(self.levels)), dtype=np.int32)
        if not self.group and (strange := ~known & ~missing).any():
            at = int(strange.argmax())
            raise SchemaError(f"column {name!r}: {inner[at].as_py()!r} (row {at}) is none of the levels of training")
        if missing.any() and not self.nullable:
            raise SchemaError(f"column {name!r}: row {int(missing.argmax())} is missing; training had none missing")
        codes[missing] = len(self) - 1
        return Discrete(codes, len(self), self.ordered)

    def decode(self, coded: CodedColumn, *, rng: Rng, first: int = 0) -> pa.Array:
        """Return the levels of codes in the type of the training column."""
        assert isinstance(coded, Discrete)
        codes, n = coded.codes.astype(np.int64), len(self.levels)
        missing = (codes == len(self) - 1) & self.nullable
        if self.maker is not None:
            made = self.maker.make(len(codes), missing, first)
            return wrap(unwrap(made), self.kind, self.dictionary)
        if self.group and n:
            rare = np.flatnonzero((codes == n) & ~missing)
            codes[rare] = rng.generator().choice(n, len(rare), p=self.counts / self.counts.sum())
        found = self.levels.take(pa.array(np.minimum(codes, max(n - 1, 0)), mask=missing | (n == 0)))
        if self.nan:
            found = found.fill_null(float("nan"))
        return wrap(found, self.kind, self.dictionary)

    def find(self, value: Any) -> int | None:
        """Return the code of one value, None when it is no frequent level."""
        try:
            wanted = pa.array([value]).cast(self.levels.type)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
            return None
        code = self._find(wanted)[0].as_py()
        return None if code is None else int(code)

    def _find(self, inner: pa.Array) -> pa.Array:
        if is_.is_null(inner.type) or not len(self.levels):
            return pa.nulls(len(inner), pa.int32())
        if not inner.type.equals(self.levels.type):
            inner = inner.cast(self.levels.type)
        return pc.index_in(inner, value_set=self.levels, skip_nulls=True)

    def state(self) -> dict[str, Any]:
        """Return the coder as JSON values."""
        return {
            "kind": type_to_json(self.kind),
            "levels": values_to_json(self.levels),
            "counts": self.counts.tolist(),
            "dictionary": None if self.dictionary is None else values_to_json(self.dictionary),
            "maker": None if self.maker is None else self.maker.state(),
            **{name: getattr(self, name) for name in ("group", "nullable", "ordered", "nan")},
        }

    @classmethod
    def restore(cls, state: dict[str, Any]) -> Self:
        """Read what `state` returned."""
        kind = type_from_json(state["kind"])
        value = _unwrapped_type(kind)
        levels, counts = values_from_json(state["levels"], value), np.array(state["counts"], np.int64)
        if counts.shape != (len(levels),) or (counts < 1).any() or len(levels.drop_null().unique()) != len(levels):
            raise ValueError("levels and their counts do not fit")
        dictionary = None if state["dictionary"] is None else values_from_json(state["dictionary"], value)
        maker = None if state["maker"] is None else IdCoder.restore(state["maker"])
        group, nullable, ordered, nan = (bool(state[name]) for name in ("group", "nullable", "ordered", "nan"))
        return cls(kind, levels, counts, dictionary, group, nullable, ordered, maker, nan)


def _by_value(inner: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """The distinct values in rising order, and the rows of each."""
    counted = pc.value_counts(inner.drop_null())
    values, counts = counted.field(0), np.asarray(counted.field(1), dtype=np.int64)
    if not len(values) or is_.is_null(values.type):
        return values.slice(0, 0), counts[:0]
    sortable = values.cast(pa.int8()) if is_.is_boolean(values.type) else values
    order = pc.sort_indices(sortable)
    return values.take(order), counts[np.asarray(order)]


def _is_ordered(kind: pa.DataType, levels: int) -> bool:
    if is_.is_dictionary(kind):
        return bool(kind.ordered) or _is_ordered(kind.value_type, levels)
    return levels > 2 and not (is_text(kind) or is_.is_boolean(kind) or is_.is_null(kind))


def _rank(levels: pa.Array, column: pa.Array) -> np.ndarray:
    """The order in which `levels` stand in the dictionary of `column`."""
    return np.argsort(np.asarray(pc.index_in(levels, value_set=unwrap(column.dictionary))), kind="stable")


def _dictionary(column: pa.Array, rare: pa.Array) -> pa.Array | None:
    """The values of a dictionary type but the rare ones; levels that no row holds are the user's words and stay."""
    if not is_.is_dictionary(column.type):
        return None
    values = unwrap(column.dictionary)
    if not len(rare):
        return values
    return values.filter(pc.invert(pc.is_in(values, value_set=rare)))


def _unwrapped_type(kind: pa.DataType) -> pa.DataType:
    value = kind.value_type if is_.is_dictionary(kind) else kind
    return pa.large_string() if is_text(value) else value
