"""Numbers, dates and times as float64, exactly back, clipped to their protected range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as is_

from fidelia.encode.arrow import (
    DAY,
    UNITS,
    from_whole,
    is_text,
    is_whole,
    tick,
    to_whole,
    type_from_json,
    type_to_json,
    unwrap,
    wrap,
)
from fidelia.encode.codes import CodedColumn, Continuous, Floats
from fidelia.encode.protection import bounds
from fidelia.errors import SchemaError

EXACT = 2**52
"""The widest span of whole numbers that is coded without loss."""
STEPS = (DAY, 3600 * 10**9, 60 * 10**9, *UNITS.values())
"""The precisions that a temporal column may have, in nanoseconds."""
DIGITS = {"halffloat": 3, "float": 7, "double": 15}
"""Significant decimal digits that each type of float can tell apart."""


@dataclass(frozen=True, slots=True, eq=False)
class NumberCoder:
    """Codes one column of numbers or times.

    A coded value is ``(whole - offset) / step``, where `whole` is the integer under the Arrow value, or the number
    itself for floats and decimals.

    Parameters
    ----------
    kind : pyarrow.DataType
        Of the training column.
    decimals : int or None
        As in `Continuous`.
    low, high : float
        The protected range, in coded units; decoding clips to it.
    offset, step : int
        Of whole numbers; 0 and 1 otherwise. A temporal column counts steps of its learned precision.
    wall : bool
        Whether a zoned column was coded by its local clock (its values are whole days there and not in UTC).
    nan : bool
        Whether missing floats were NaN instead of null.
    empty : bool
        Fewer than k rows have a value: everything comes out missing.
    """

    kind: pa.DataType
    decimals: int | None
    low: float = 0.0
    high: float = 0.0
    offset: int = 0
    step: int = 1
    wall: bool = False
    nan: bool = False
    empty: bool = False

    @classmethod
    def fit(cls, column: pa.Array, name: str, k: int) -> Self:
        """Learn precision, offset and protected range of `column`; `name` is for errors."""
        inner = _numeric(unwrap(column), name)
        present = inner.drop_null()
        nan = bool(is_.is_floating(column.type) and column.null_count == 0 and inner.null_count > 0)
        if len(present) < k:
            return cls(column.type, 0, nan=nan, empty=True)
        draft = cls(column.type, None, *_frame(present), nan=nan)
        values = draft.code(column, name).values
        values = values[~np.isnan(values)]
        decimals = _whole_decimals(values) if is_whole(inner.type) else learn_decimals(values, str(inner.type))
        low, high = (rounded(np.array(bounds(values, k)), decimals)).tolist()
        return cls(column.type, decimals, low, high, draft.offset, draft.step, draft.wall, nan)

    def code(self, column: pa.Array, name: str) -> Continuous:
        """Return the coded values of a column; those beyond the protected range are kept."""
        inner = _numeric(unwrap(column), name)
        missing = np.asarray(inner.is_null())
        if self.empty or is_.is_null(inner.type):
            return Continuous(np.full(len(column), np.nan), self.decimals)
        values = self._coded(inner, name)
        values[missing] = np.nan
        return Continuous(rounded(values, self.decimals), self.decimals)

    def _coded(self, inner: pa.Array, name: str) -> Floats:
        if not is_whole(inner.type):
            values = np.array(inner.cast(pa.float64()).fill_null(0.0))
            refuse_infinite(values, name)
            return rounded(values, inner.type.scale) if is_.is_decimal(inner.type) else values
        whole = to_whole(_local(inner) if self.wall else inner)
        if self.offset:
            # Wrapping arithmetic: exact even where the values themselves pass 2^53.
            whole = (whole.astype(np.uint64) - np.uint64(self.offset % 2**64)).view(np.int64)
        return np.asarray(whole / self.step, dtype=np.float64)

    def decode(self, coded: CodedColumn) -> pa.Array:
        """Return coded values, rounded and clipped, in the type of the training column."""
        assert isinstance(coded, Continuous)
        missing = np.isnan(coded.values)
        if self.empty or is_.is_null(self.kind):
            return self._missing_all(len(coded))
        values = np.clip(rounded(np.where(missing, self.low, coded.values), self.decimals), self.low, self.high)
        inner = self.inner
        if is_whole(inner):
            return wrap(self._decoded(values, missing), self.kind)
        if is_.is_floating(inner):
            values = np.where(missing & self.nan, np.nan, values).astype(inner.to_pandas_dtype())
            return wrap(pa.array(values, mask=missing & (not self.nan)), self.kind)
        return wrap(pa.array(values, mask=missing).cast(inner), self.kind)

    def _decoded(self, values: Floats, missing: np.ndarray) -> pa.Array:
        inner = self.inner
        if is_.is_uint64(inner) and not self.offset:
            return from_whole(np.rint(values).clip(0, 2.0**64 - 2048).astype(np.uint64), missing, inner)
        whole = np.rint(values).clip(-(2.0**63), 2.0**63 - 1024).astype(np.int64) * np.int64(self.step)
        if self.offset:
            whole = (whole.view(np.uint64) + np.uint64(self.offset % 2**64)).view(np.int64)
        if is_.is_uint64(inner):
            return from_whole(whole.view(np.uint64), missing, inner)
        if not self.wall:
            return from_whole(whole, missing, inner)
        local = from_whole(whole, missing, pa.timestamp(inner.unit))
        return pc.assume_timezone(local, inner.tz, ambiguous="earliest", nonexistent="latest")

    def _missing_all(self, n: int) -> pa.Array:
        if self.nan:
            return pa.array(np.full(n, np.nan)).cast(self.kind)
        return pa.nulls(n, self.kind)

    @property
    def inner(self) -> pa.DataType:
        """The type of the values, without a dictionary."""
        return self.kind.value_type if is_.is_dictionary(self.kind) else self.kind

    @property
    def temporal(self) -> bool:
        """Whether values are dates, times or durations."""
        return bool(is_.is_temporal(self.inner))

    def state(self) -> dict[str, Any]:
        """Return the coder as JSON values."""
        names = ("decimals", "low", "high", "offset", "step", "wall", "nan", "empty")
        return {"kind": type_to_json(self.kind), **{name: getattr(self, name) for name in names}}

    @classmethod
    def restore(cls, state: dict[str, Any]) -> Self:
        """Read what `state` returned."""
        decimals = None if state["decimals"] is None else int(state["decimals"])
        low, high, step = float(state["low"]), float(state["high"]), int(state["step"])
        if not (np.isfinite([low, high]).all() and low <= high and step >= 1 and abs(decimals or 0) <= 40):
            raise ValueError(f"range {low} to {high}, step {step}, {decimals} decimals")
        flags = (bool(state[name]) for name in ("wall", "nan", "empty"))
        return cls(type_from_json(state["kind"]), decimals, low, high, int(state["offset"]), step, *flags)


def rounded(values: Floats, decimals: int | None) -> Floats:
    """Round to `decimals` (None: not at all); never -0.0."""
    return values if decimals is None else np.round(values, decimals) + 0.0


def learn_decimals(values: Floats, type_name: str = "double") -> int | None:
    """Return the fewest decimals d such that all values are multiples of ``10**-d``, None when there are too many.

    d may be negative: prices in whole thousands have -3. Values with more significant digits than the type can tell
    apart have no decimals.
    """
    top = float(np.abs(values).max(initial=0.0))
    digits = DIGITS.get(type_name, 15)
    if top == 0 or not len(values):
        return 0
    exponent = int(np.floor(np.log10(top)))
    if abs(exponent) > 22:  # powers of ten are exact up to 10**22
        return None
    exact = np.dtype({"halffloat": "f2", "float": "f4"}.get(type_name, "f8"))
    first, same = values[:500], values.astype(exact)
    for decimals in range(-exponent, min(digits - exponent - 1, 22) + 1):
        if np.array_equal(np.round(first, decimals).astype(exact), same[:500]) and np.array_equal(
            np.round(values, decimals).astype(exact), same
        ):
            return decimals
    return None


def _whole_decimals(values: Floats) -> int:
    decimals = learn_decimals(values) if np.abs(values).max(initial=0.0) < 10**15 else 0
    return min(decimals or 0, 0)


def _frame(present: pa.Array) -> tuple[float, float, int, int, bool]:
    """Low and high (not known yet), offset, step and wall of a column without missing values."""
    if not is_whole(present.type):
        return 0.0, 0.0, 0, 1, False
    wall = _by_wall(present)
    whole = to_whole(_local(present) if wall else present)
    step = _step(whole, tick(present.type)) if is_.is_temporal(present.type) else 1
    low, high = int(whole.min()), int(whole.max())
    middle = int(np.sort(whole)[len(whole) // 2])
    if (high - low) // step > EXACT or max(abs(low), abs(high)) // step <= EXACT:
        return 0.0, 0.0, 0, step, wall
    # A multiple of a huge number, so that the offset tells nothing of the values.
    return 0.0, 0.0, middle // (EXACT * step) * EXACT * step, step, wall


def _step(whole: np.ndarray, unit: int) -> int:
    """The coarsest step, in units, that divides all values; coarser where float64 could not count them."""
    span = int(whole.max()) - int(whole.min())
    for nanoseconds in STEPS:
        step = nanoseconds // unit
        if step >= 1 and (whole % step == 0).all():
            return step
    return next((n // unit for n in reversed(STEPS) if n >= unit and span // (n // unit) <= EXACT), 1)


def _by_wall(present: pa.Array) -> bool:
    """Whether zoned values are whole days on the local clock alone, and come back exactly from it."""
    if not is_.is_timestamp(present.type) or present.type.tz in (None, "UTC"):
        return False
    unit = DAY // tick(present.type)
    local = _local(present)
    if (to_whole(present) % unit == 0).all() or not (to_whole(local) % unit == 0).all():
        return False
    back = pc.assume_timezone(local, present.type.tz, ambiguous="earliest", nonexistent="latest")
    return bool(back.equals(present))


def _local(column: pa.Array) -> pa.Array:
    return pc.local_timestamp(column)


def _numeric(inner: pa.Array, name: str) -> pa.Array:
    if is_text(inner.type):
        found = inner.drop_null()
        raise SchemaError(
            f"column {name!r} holds text, not numbers (first: {found[0].as_py() if len(found) else None!r}). "
            f"Treat it as a category: --kind {name}=category, or convert it before"
        )
    return inner


def refuse_infinite(values: Floats, name: str) -> None:
    """Raise SchemaError when a value is infinite."""
    endless = np.isinf(values)
    if endless.any():
        raise SchemaError(
            f"column {name!r}: {int(endless.sum()):,} of {len(values):,} values are infinite "
            f"(first: row {int(endless.argmax())}). Replace them by missing values or a large number"
        )
