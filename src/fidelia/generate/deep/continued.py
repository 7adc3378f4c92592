"""A layout that continues another one: the parts of shared columns keep their meaning, so that weights keep theirs.

The positions of a number stay those of the source's law, with a little room beyond its ends where the new values go
beyond them. Levels and gates may gain levels; which of the old ones each continues is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from fidelia.encode.codes import Coded, CodedColumn, Continuous, Floats
from fidelia.encode.columns import TableCoder
from fidelia.encode.levels import LevelCoder
from fidelia.encode.numbers import NumberCoder
from fidelia.generate.deep.layout import WIDEST, ColumnLayout, Layout, LevelColumn, NumberColumn
from fidelia.generate.values import NumberAxis

ROOM = 0.005
"""Share of the positions that each end gives up for values beyond it."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Kin:
    """Which parts of a layout continue parts of another one.

    Parameters
    ----------
    tokens : dict of int to (int, (levels,) int64)
        For a token the one that it continues, and for each of its levels the old one; -1 is new.
    numbers : dict of int to int
    """

    tokens: dict[int, tuple[int, Ints]] = field(default_factory=dict)
    numbers: dict[int, int] = field(default_factory=dict)


def continued(
    source: Layout, sources: TableCoder, coded: Coded, coder: TableCoder, shared: Iterable[str]
) -> tuple[Layout, Kin]:
    """Return the layout of a table that shares columns with another one, and which parts continue which.

    Parameters
    ----------
    source, sources : Layout, TableCoder
        Of the other table.
    coded, coder : Coded, TableCoder
        Of the table; the coder knows all that the other one does (`fidelia.encode.united`).
    shared : iterable of str
    """
    columns, levels = dict(Layout.fit(coded, coder.k).columns), {}
    for name in set(shared) & set(source.columns):
        before, after = sources.coders[name], coder.coders[name]
        found = _column(source.columns[name], before, coded[name], after, coder.k)
        if found is not None:
            columns[name], levels[name] = found
    layout = Layout(columns)
    return layout, _kin(source, layout, levels)


def _column(
    old: ColumnLayout, before: object, values: CodedColumn, after: object, k: int
) -> tuple[ColumnLayout, Ints | None] | None:
    """Return how a shared column lies and which old level each level of its token continues; None to begin anew."""
    if isinstance(old, LevelColumn) and isinstance(before, LevelCoder) and isinstance(after, LevelCoder):
        found = _levels(before, after)
        digits = max(old.levels, len(found)) > WIDEST
        same = old.levels == len(found) and np.array_equal(found, np.arange(len(found)))
        return None if digits and not same else (LevelColumn(len(found), after.ordered), None if digits else found)
    if isinstance(old, NumberColumn) and isinstance(before, NumberCoder) and isinstance(after, NumberCoder):
        known = not (before.empty or after.empty) and before.wall == after.wall and old.gate > 0
        return _number(old, before, values, after, k) if known and isinstance(values, Continuous) else None
    return None


def _levels(before: LevelCoder, after: LevelCoder) -> Ints:
    """The old code of each new one, -1 where there was none."""
    theirs = before.levels.cast(after.levels.type) if len(before.levels) else after.levels.slice(0, 0)
    found = np.asarray(pc.fill_null(pc.index_in(after.levels, value_set=theirs), -1), dtype=np.int64)
    rare = [len(before.levels) if before.group else -1] if after.group else []
    gone = [len(before) - 1 if before.nullable else -1] if after.nullable else []
    codes = np.concatenate([found, np.array([*rare, *gone], np.int64)])
    return codes if len(codes) else np.zeros(1, np.int64)


def _number(
    old: NumberColumn, before: NumberCoder, values: Continuous, after: NumberCoder, k: int
) -> tuple[ColumnLayout, Ints]:
    atoms = _moved(old.atoms, before, after)
    axis = None
    if old.axis is not None:
        axis = _reaching(replace(old.axis, values=_moved(old.axis.values, before, after)), after)
    new = np.zeros(0) if axis is not None else _shared_values(values.values, atoms, k)
    every = np.union1d(atoms, new)
    missing = old.missing or bool(np.isnan(values.values).any())
    body = [0] if axis is not None else []
    at = np.where(np.isin(every, atoms), np.searchsorted(atoms, every) + len(body), -1)
    gone = [old.gate - 1 if old.missing else -1] if missing else []
    return NumberColumn(every, missing, axis, after.decimals), np.array([*body, *at, *gone], np.int64)


def _moved(values: Floats, before: NumberCoder, after: NumberCoder) -> Floats:
    """Coded values in the units of another coder."""
    if (before.offset, before.step) == (after.offset, after.step):
        return values
    return (values * before.step + float(before.offset - after.offset)) / after.step


def _shared_values(values: Floats, atoms: Floats, k: int) -> Floats:
    """The values held by at least k rows that are no atoms yet."""
    found, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    return np.asarray(found[(counts >= k) & ~np.isin(found, atoms)])


def _reaching(axis: NumberAxis, coder: NumberCoder) -> NumberAxis:
    """Return the axis with room for the values that the coder knows beyond its ends."""
    below, above = int(coder.low < axis.values[0]), int(coder.high > axis.values[-1])
    inner = ROOM * below + axis.places / axis.full * (1 - ROOM * (below + above))
    places = np.concatenate([[0.0] * below, inner, [1.0] * above])
    values = np.concatenate([[coder.low] * below, axis.values, [coder.high] * above])
    return NumberAxis(places * axis.full, values, axis.full, coder.decimals)


def _kin(source: Layout, layout: Layout, levels: dict[str, Ints | None]) -> Kin:
    kin = Kin()
    tokens = {(token.column, token.role): i for i, token in enumerate(source.tokens)}
    numbers = {number.column: i for i, number in enumerate(source.numbers)}
    for i, token in enumerate(layout.tokens):
        old = tokens.get((token.column, token.role))
        if old is not None and token.column in levels:
            found = levels[token.column]
            kin.tokens[i] = old, np.arange(token.levels) if found is None else found
    for i, number in enumerate(layout.numbers):
        if number.column in levels and number.column in numbers:
            kin.numbers[i] = numbers[number.column]
    return kin
