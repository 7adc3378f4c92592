"""Fitting: scale the numbers, order the columns, grow a law for each given those before it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fidelia.encode.codes import Coded, CodedColumn, Continuous, Discrete
from fidelia.generate.forest import targets
from fidelia.generate.forest.columns import Floats, Ints, check
from fidelia.generate.forest.grow import grow
from fidelia.generate.forest.law import Law
from fidelia.generate.forest.leaves import learn_leaves
from fidelia.generate.forest.order import association, column_order, screened
from fidelia.generate.forest.part import Part
from fidelia.generate.forest.scale import TOP, Scale, learn_scale
from fidelia.progress import Tick
from fidelia.rng import Rng


@dataclass(frozen=True, slots=True)
class Params:
    """Settings of a forest.

    Parameters
    ----------
    k : int
        Fewest training rows behind any value, level, knot or bin.
    trees : int
        Trees of a column.
    leaf : int or None
        Fewest rows of a leaf among the rows that a tree grows on; by default 15 to 30.
    share : float
        Share of the rows that a tree grows on; its leaves are filled with all rows.
    bins, knots : int
        Most bins that trees split between, and about most knots of the body of a number.
    indicators : int
        Quantile indicators in the split target of a number.
    indicator_weight : float
        Standard deviation of one of them beside 1 for the normal score.
    width : int
        Numbers in the split target of a category with many levels.
    predictors : int
        Most predictors of one column; fewer, down to 24, in a table of more than 100 columns.
    workers : int
        Threads that grow columns side by side.
    """

    k: int = 5
    trees: int = 8
    leaf: int | None = None
    share: float = 0.5
    bins: int = 256
    knots: int = 1_024
    indicators: int = 15
    indicator_weight: float = 0.5
    width: int = 8
    predictors: int = 64
    workers: int = 2

    def leaf_rows(self, n: int) -> int:
        """Return the fewest rows of a leaf for a table of n rows: 15 up to 21,000, 27 at 39,000, 30 beyond.

        Smaller leaves bring small tables no quality and repeat their rows (benchmarks/RESULTS.md).
        """
        return self.leaf if self.leaf is not None else min(30, max(15, n // 1_400))

    def most_predictors(self, columns: int) -> int:
        """Return the most predictors of a column, so that a wide table takes time in proportion to its width."""
        return min(self.predictors, max(24, 6_400 // columns))


@dataclass(frozen=True, slots=True)
class Prepared:
    """A column with its codes for splits, and which of its rows are observed.

    Levels come protected from the coder; the scale protects numbers.
    """

    name: str
    column: CodedColumn
    scale: Scale | None
    codes: Ints
    observed: NDArray[np.bool_]


def prepare(name: str, column: CodedColumn, params: Params, rng: np.random.Generator) -> Prepared:
    """Return a column ready to learn from."""
    if isinstance(column, Discrete):
        return Prepared(name, column, None, column.codes.astype(np.int64), np.ones(len(column), bool))
    scale = learn_scale(column.values, column.decimals, params.k, params.bins, params.knots, rng)
    return Prepared(name, column, scale, scale.bins(column.values).astype(np.int64), ~np.isnan(column.values))


def fit_parts(coded: Coded, params: Params, rng: Rng, tick: Tick) -> tuple[list[Part], list[int]]:
    """Fit the laws of all columns.

    Parameters
    ----------
    coded : Coded
        The training table.
    params : Params
    rng : Rng
        Every column has streams of its own.
    tick : Tick
        Told of every column that is done.

    Returns
    -------
    parts : list of Part
        In the order of the table.
    order : list of int
        The order in which the columns are drawn.
    """
    check(coded)
    if not coded.columns:
        return [], []
    prepared = [
        prepare(name, coded[name], params, rng.child(f"prepare/{i}").generator()) for i, name in enumerate(coded)
    ]
    strength = association([p.codes for p in prepared], rng.child("order").generator())
    order = column_order(strength)

    def one(place: int) -> Part:
        target = order[place]
        chosen = screened(strength, target, order[:place], params.most_predictors(len(order)))
        return fit_part(prepared, target, chosen, params, rng.child(f"grow/{target}").generator())

    return in_order(order, one, params.workers, tick), order


def in_order(order: list[int], one: Callable[[int], Part], workers: int, tick: Tick) -> list[Part]:
    """Return the parts in the order of the table; `one` fits the column at a place of the order, side by side."""
    parts: dict[int, Part] = {}
    with ThreadPoolExecutor(workers) as pool:
        for place, part in enumerate(pool.map(one, range(len(order)))):
            parts[order[place]] = part
            tick(1)
    return [parts[i] for i in range(len(order))]


def fit_part(
    prepared: list[Prepared], target: int, earlier: list[int], params: Params, rng: np.random.Generator
) -> Part:
    """Fit the laws of one column given the columns before it."""
    own = prepared[target]
    name, scale = own.name, own.scale
    if isinstance(own.column, Discrete) or scale is None:
        value = fit_levels(own.codes, prepared, earlier, params, rng)
        return Part(name, own.column.levels if isinstance(own.column, Discrete) else 0, None, None, value)
    missing = None
    if not own.observed.any():
        return Part(name, 0, scale, None, None)
    if not own.observed.all():
        missing = fit_levels((~own.observed).astype(np.int64), prepared, earlier, params, rng)
    return Part(name, 0, scale, missing, fit_numbers(own, scale, prepared, earlier, params, rng))


def fit_levels(
    codes: Ints, prepared: list[Prepared], earlier: list[int], params: Params, rng: np.random.Generator
) -> Law:
    """Fit the law of level codes."""
    given = [prepared[j].codes for j in earlier]
    target = targets.of_levels(codes, given, params.width)
    rows = np.ones(len(codes), bool)
    return _law(target, codes, np.zeros(len(codes)), -1, 0.0, rows, prepared, earlier, params, rng)


def fit_numbers(
    own: Prepared, scale: Scale, prepared: list[Prepared], earlier: list[int], params: Params, rng: np.random.Generator
) -> Law:
    """Fit the law of a number given that it is observed."""
    assert isinstance(own.column, Continuous)
    values = own.column.values[own.observed]
    target = targets.of_numbers(values, params.indicators, params.indicator_weight)
    symbols, body = scale.symbols(values), len(scale.atoms)
    positions = scale.positions(values) if len(scale.knots) else np.zeros(len(values))
    blur = TOP * min(1.0, params.k / max(1, int((symbols == body).sum())))
    return _law(target, symbols, positions, body, blur, own.observed, prepared, earlier, params, rng)


def _law(
    target: Floats,
    symbols: Ints,
    positions: Floats,
    body: int,
    blur: float,
    rows: NDArray[np.bool_],
    prepared: list[Prepared],
    earlier: list[int],
    params: Params,
    rng: np.random.Generator,
) -> Law:
    """Grow the trees of one target and fill their leaves with all rows."""
    ranks: dict[int, Any] = {}
    prefix = {j: prepared[j].codes[rows] for j in earlier}
    for j in earlier:
        column = prepared[j].column
        if isinstance(column, Discrete):
            ranks[j] = targets.ranks(prefix[j], column.levels, target, strength=10.0)
    matrix = np.empty((len(target), len(earlier)), np.uint16)
    for i, j in enumerate(earlier):
        matrix[:, i] = ranks[j][prefix[j]] if j in ranks else prefix[j]
    leaf = params.leaf_rows(len(rows))
    grove = grow(target, matrix, earlier, ranks, trees=params.trees, leaf=leaf, share=params.share, rng=rng)
    slim = grove.matrix(prefix) if len(grove.predictors) else np.empty((len(target), 0), np.uint16)
    trees, n = len(grove.roots), len(target)
    leaves = np.concatenate([grove.leaves(slim, np.full(n, b)) for b in range(trees)])
    held = learn_leaves(leaves, np.tile(symbols, trees), np.tile(positions, trees), grove.n_leaves, body, blur, rng)
    return Law(grove, held)
