"""Coders of one table that know the levels and ranges of another one too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fidelia.encode.columns import Coder, TableCoder
from fidelia.encode.levels import LevelCoder
from fidelia.encode.numbers import NumberCoder


def united(own: TableCoder, other: TableCoder, shared: Iterable[str]) -> TableCoder:
    """Return `own` with the ranges of shared numbers widened to those of `other`, and the levels of shared categories.

    Parameters
    ----------
    own, other : TableCoder
        What either knows is protected, so that what both know is too.
    shared : iterable of str
        Columns of one kind in both.
    """
    wider: dict[str, Coder] = {name: _united(own.coders[name], other.coders[name]) for name in shared}
    return replace(own, coders={**own.coders, **wider})


def _united(own: Coder, other: Coder) -> Coder:
    if isinstance(own, NumberCoder) and isinstance(other, NumberCoder):
        return _numbers(own, other)
    if isinstance(own, LevelCoder) and isinstance(other, LevelCoder):
        return _levels(own, other)
    return own


def _numbers(own: NumberCoder, other: NumberCoder) -> NumberCoder:
    """Numbers that count from other points, or other hours, keep the range of `own` alone."""
    if own.empty and not other.empty:
        return replace(other, kind=own.kind, nan=own.nan)
    if other.empty or (own.offset, own.step, own.wall) != (other.offset, other.step, other.wall):
        return own
    decimals = None if own.decimals is None or other.decimals is None else max(own.decimals, other.decimals)
    return replace(own, low=min(own.low, other.low), high=max(own.high, other.high), decimals=decimals)


def _levels(own: LevelCoder, other: LevelCoder) -> LevelCoder:
    """The levels of `other`, then new ones, each with its rows in `own`, and at least one."""
    if own.maker is not None or other.maker is not None:
        return own
    theirs = other.levels.cast(own.levels.type) if len(other.levels) else own.levels.slice(0, 0)
    new = own.levels.filter(pc.invert(pc.is_in(own.levels, value_set=theirs)))
    levels = pa.concat_arrays([theirs, new])
    known = np.asarray(pc.fill_null(pc.index_in(levels, value_set=own.levels), -1), dtype=np.int64)
    counts = np.where(known >= 0, np.append(own.counts, 1)[known], 1)
    dictionary = _dictionary(own, other)
    ordered = own.ordered and other.ordered
    order = _order(levels, dictionary, own.kind) if ordered else np.arange(len(levels))
    said: dict[str, Any] = {name: getattr(own, name) or getattr(other, name) for name in ("group", "nullable")}
    return replace(
        own, levels=levels.take(pa.array(order)), counts=counts[order], dictionary=dictionary, ordered=ordered, **said
    )


def _dictionary(own: LevelCoder, other: LevelCoder) -> pa.Array | None:
    """All values of a dictionary type: those of `other` first."""
    if own.dictionary is None or other.dictionary is None:
        return own.dictionary
    both = pa.concat_arrays([other.dictionary.cast(own.dictionary.type), own.dictionary])
    return both.unique()


def _order(levels: pa.Array, dictionary: pa.Array | None, kind: pa.DataType) -> np.ndarray:
    """The order of the levels: that of an ordered dictionary, else that of the values."""
    if dictionary is not None and kind.ordered:
        return np.argsort(np.asarray(pc.index_in(levels, value_set=dictionary)), kind="stable")
    return np.asarray(pc.sort_indices(levels), dtype=np.int64)
