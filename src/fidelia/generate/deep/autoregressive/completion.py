"""What the autoregressive network says of rows that are there: draws of their missing cells, and their density."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from fidelia.data.table import Table
from fidelia.encode.arrow import unwrap
from fidelia.encode.codes import Allowed, Coded, Continuous, Discrete, Floats
from fidelia.encode.columns import TableCoder
from fidelia.encode.levels import LevelCoder
from fidelia.generate.deep.autoregressive.ancestral import completed
from fidelia.generate.deep.autoregressive.nade import Conditionals
from fidelia.generate.deep.batch import Batch, scores
from fidelia.generate.deep.layout import Bools, Drawn, Known, Layout, NumberColumn, Parts
from fidelia.generate.values import NumberAxis
from fidelia.rng import Rng

SLICE = 4_096
"""Rows that are worked on at once."""
FINE = 1e-10
"""Share of its column's range below which the unit of the last decimal is no rounding."""


def gaps(table: Table, coder: TableCoder, layout: Layout) -> dict[str, Bools]:
    """Return which cells are missing (n,) of each column whose missing cells can be drawn."""
    found = {}
    for name, column in layout.columns.items():
        missing = np.asarray(unwrap(table[name]).is_null())
        if missing.any() and name not in coder.gaps and _values(column, coder, name):
            found[name] = missing
    return found


def _values(column: object, coder: TableCoder, name: str) -> bool:
    """Whether a column has any value besides missing."""
    if isinstance(column, NumberColumn):
        return column.axis is not None or len(column.atoms) > 0
    one = coder.coders[name]
    return isinstance(one, LevelCoder) and len(one) > one.nullable


def codable(table: Table, coder: TableCoder, gaps: dict[str, Bools]) -> Table:
    """Return the table with some level in place of missing ones, where the coder knows none: they are drawn anew."""
    arrays = {}
    for name, missing in gaps.items():
        one = coder.coders[name]
        if isinstance(one, LevelCoder) and not one.nullable:
            level = Discrete(np.zeros(len(table), np.int32), len(one))
            arrays[name] = merged(table[name], one.decode(level, rng=Rng(0)), missing)
    return replaced(table, arrays)


def possible(coder: TableCoder, layout: Layout, gaps: dict[str, Bools]) -> Known:
    """Return the condition that nothing of these columns is missing."""
    evidence = {}
    for name in gaps:
        one = coder.coders[name]
        if isinstance(one, LevelCoder):
            evidence[name] = Allowed(codes=np.arange(len(one)) < len(one) - one.nullable)
        else:
            evidence[name] = Allowed(intervals=((-np.inf, np.inf),))
    return layout.known(evidence)


def completions(network: Conditionals, parts: Parts, gaps: dict[str, Bools], possible: Known) -> Drawn:
    """Draw the parts of rows that lie in gaps given all the others."""
    layout = network.layout
    none = np.zeros(len(parts), bool)
    owners = [*(token.column for token in layout.tokens), *(number.column for number in layout.numbers)]
    lacking = np.column_stack([gaps.get(name, none) for name in owners])
    numbers = scores(torch.from_numpy((parts.begin.astype(np.float64) + parts.end) / 2)).double().numpy()
    pieces = [slice(at, at + SLICE) for at in range(0, len(parts), SLICE)]
    found = [completed(network, Drawn(parts.tokens[p], numbers[p]), lacking[p], possible) for p in pieces]
    return Drawn(np.concatenate([f.tokens for f in found]), np.concatenate([f.numbers for f in found]))


def merged(known: pa.Array, drawn: pa.Array, missing: Bools) -> pa.Array:
    """Return a column with its missing cells taken from another."""
    if not drawn.type.equals(known.type):
        drawn = drawn.cast(known.type)
    both = pa.chunked_array([known, drawn]).unify_dictionaries().combine_chunks()
    return both.take(pa.array(np.arange(len(known)) + len(known) * missing))


def replaced(table: Table, arrays: dict[str, pa.Array]) -> Table:
    """Return the table with some columns exchanged."""
    arrow = table.arrow
    for name, array in arrays.items():
        at = arrow.column_names.index(name)
        arrow = arrow.set_column(at, arrow.schema.field(at).with_type(array.type), array)
    return table.with_arrow(arrow)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The numbers of rows, as their likelihood takes them.

    Parameters
    ----------
    seen : (n, C) float64
        Positions in the middle of what each value owns: what other parts see.
    begin, end : (n, C) float64
        The positions that would be written as this very value.
    widths : (n, C) float64
        Of that interval in the column's own units, where values are not rounded; 1 where they are.
    """

    seen: Floats
    begin: Floats
    end: Floats
    widths: Floats


def cells(layout: Layout, coded: Coded, finest: float) -> Cells:
    """Return the numbers of coded rows; unrounded ones own at least `finest` of the positions."""
    found = [_cells(axis, one, finest) for axis, one in _bodies(layout, coded)]
    n = len(coded)
    return Cells(*(np.column_stack([f[i] for f in found]) if found else np.zeros((n, 0)) for i in range(4)))


def _bodies(layout: Layout, coded: Coded) -> list[tuple[NumberAxis, Continuous]]:
    found = []
    for name, column in layout.columns.items():
        one = coded[name]
        if isinstance(column, NumberColumn) and column.axis is not None and isinstance(one, Continuous):
            # Behind closed gates any value will do; beyond the protected range the density is that of its end.
            values = np.clip(np.nan_to_num(one.values), column.axis.values[0], column.axis.values[-1])
            found.append((column.axis, Continuous(values, one.decimals)))
    return found


def _cells(axis: NumberAxis, one: Continuous, finest: float) -> tuple[Floats, Floats, Floats, Floats]:
    begin, end = axis.spans(one)
    seen = (begin + end) / 2
    if one.decimals is not None and 10.0**-one.decimals > FINE * (axis.values[-1] - axis.values[0]):
        half = 0.5 * 10.0**-one.decimals
        begin = axis.spans(Continuous(one.values - half, None))[0]
        end = axis.spans(Continuous(one.values + half, None))[1]
        return seen, begin, end, np.ones(len(seen))
    more = np.maximum(finest - (end - begin), 0) / 2
    begin, end = (begin - more).clip(0, 1), (end + more).clip(0, 1)
    widths = np.where(more > 0, axis.at(end).values - axis.at(begin).values, 1.0)
    return seen, begin, end, np.where(widths > 0, widths, 1.0)


def log_likelihood(network: Conditionals, coded: Coded, orders: int) -> Floats:
    """Return the natural logarithm of the likelihood of each row, a mean over orders; the plain order is the first."""
    parts = network.layout.encode(coded)
    numbers = cells(network.layout, coded, float(network.finest))
    firsts = [None, *(network.firsts(1) for _ in range(orders - 1))]
    slices = [slice(at, at + SLICE) for at in range(0, len(parts), SLICE)]
    total = np.concatenate([np.zeros(0), *(_log_likelihood(network, parts, numbers, rows, firsts) for rows in slices)])
    total -= (np.log(numbers.widths) * parts.active).sum(1)
    return np.where(_unheard(network.layout, coded), -np.inf, total)


def _log_likelihood(
    network: Conditionals, parts: Parts, numbers: Cells, rows: slice, firsts: list[Tensor | None]
) -> Floats:
    arrays = (parts.tokens, scores(torch.from_numpy(numbers.seen)).numpy(), parts.active, numbers.begin, numbers.end)
    batch = Batch(*(torch.as_tensor(array[rows]).to(network.enter.device) for array in arrays))
    orders = [None if first is None else first.expand(-1, len(batch)) for first in firsts]
    each = torch.stack([-network.nll(batch, first).double().sum(1) for first in orders])
    found: Floats = (torch.logsumexp(each, 0) - np.log(len(orders))).cpu().numpy()
    return found


def _unheard(layout: Layout, coded: Coded) -> Bools:
    """Rows with a missing number where training had none."""
    found = np.zeros(len(coded), bool)
    for name, column in layout.columns.items():
        one = coded[name]
        if isinstance(column, NumberColumn) and not column.missing and isinstance(one, Continuous):
            found |= np.isnan(one.values)
    return found
