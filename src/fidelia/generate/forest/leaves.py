"""What leaves hold: counts of shared symbols and, for the body of a number, cells between neighbours.

A symbol is a level of a discrete column or an atom of a continuous one; one more symbol stands for the body. Cells
of a leaf have equal probability and are uniform inside, so masses of intervals are exact. A cell's borders lie at
random between neighbouring values, and no cell is narrower than the reach of ``k`` training rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fidelia.generate.forest.columns import Floats, Ints, Mask
from fidelia.generate.forest.scale import TOP

MOST_CELLS = 256


@dataclass(frozen=True)
class Leaves:
    """The laws of all leaves of a grove.

    Parameters
    ----------
    start : ndarray of int32, shape (n_leaves + 1,)
        Where each leaf's symbols start.
    symbols, counts : ndarray of int, shape (n_entries,)
        Symbols and the rows behind them.
    bound_start : ndarray of int32, shape (n_leaves + 1,)
        Where each leaf's borders start; a leaf with m cells has m + 1 borders or none.
    bounds : ndarray of uint16
        Borders of the cells as body positions.
    body : int
        The symbol of the body; -1 if there is none.
    blur : float
        Least width of a cell in positions.
    """

    start: NDArray[np.int32]
    symbols: NDArray[Any]
    counts: NDArray[Any]
    bound_start: NDArray[np.int32]
    bounds: NDArray[np.uint16]
    body: int = -1
    blur: float = 0.0

    @cached_property
    def _rows(self) -> NDArray[Any]:
        """Symbols repeated by their counts, so that one number picks one."""
        return np.repeat(self.symbols, self.counts)

    @cached_property
    def _row_start(self) -> Ints:
        climb: Ints = np.r_[0, self.counts.astype(np.int64).cumsum()]
        return climb[self.start]

    def size(self) -> Ints:
        """Return the number of rows behind each leaf."""
        return np.diff(self._row_start)

    def draw(self, leaf: Ints, rng: np.random.Generator) -> tuple[Ints, Floats]:
        """Draw from the laws of leaves.

        Parameters
        ----------
        leaf : ndarray of int, shape (n_rows,)
            The leaf of each row.
        rng : numpy.random.Generator

        Returns
        -------
        symbols : ndarray of int64, shape (n_rows,)
        positions : ndarray of float64, shape (n_rows,)
            Body positions; 0 where the symbol is not the body.
        """
        first = self._row_start[leaf]
        count = self._row_start[leaf + 1] - first
        symbols = self._rows[first + (rng.random(len(leaf)) * count).astype(np.int64)].astype(np.int64)
        positions = np.zeros(len(leaf))
        if self.body >= 0:
            rows = np.flatnonzero(symbols == self.body)
            positions[rows] = self._body(leaf[rows], rng)
        return symbols, positions

    def _body(self, leaf: Ints, rng: np.random.Generator) -> Floats:
        first = self.bound_start[leaf].astype(np.int64)
        cells = self.bound_start[leaf + 1] - first - 1
        low, high = self._cells(first + (rng.random(len(leaf)) * cells).astype(np.int64))
        return low + rng.random(len(leaf)) * (high - low)

    def _cells(self, at: Ints) -> tuple[Floats, Floats]:
        """Lower and upper ends of the cells that begin at given borders."""
        low, high = self.bounds[at].astype(np.float64), self.bounds[at + 1].astype(np.float64)
        lack = (self.blur - (high - low)).clip(0) / 2
        return (low - lack).clip(0), (high + lack).clip(None, TOP)

    def within(self, allowed: Mask, reaches: list[tuple[float, float]]) -> Truncated:
        """Return the laws truncated to a condition.

        Parameters
        ----------
        allowed : ndarray of bool, shape (n_symbols,)
            Allowed symbols other than the body.
        reaches : list of (float, float)
            Allowed intervals of body positions, free of overlap.

        Returns
        -------
        Truncated
        """
        leaf = np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))
        share, pieces = np.zeros(len(self.start) - 1), None
        if self.body >= 0 and reaches:
            share, pieces = self._pieces(reaches)
        is_body = self.symbols == self.body
        plain = np.r_[allowed, False][np.where(is_body, len(allowed), self.symbols.astype(np.int64))]
        weights = self.counts * np.where(is_body, share[leaf], plain)
        picks = Picks.of(leaf, weights, len(self.start) - 1)
        return Truncated(picks.total / self.size(), picks, self.symbols[picks.index], pieces, self.body)

    def _pieces(self, reaches: list[tuple[float, float]]) -> tuple[Floats, Pieces]:
        """Share of each leaf's body that is allowed, and the allowed pieces of its cells."""
        widths = np.diff(self.bound_start)
        starts = np.ones(len(self.bounds), bool)
        starts[self.bound_start[1:][widths > 0] - 1] = False
        at = np.flatnonzero(starts)
        leaf = np.repeat(np.arange(len(widths)), (widths - 1).clip(0))
        low, high = self._cells(at)
        lows = np.concatenate([np.maximum(low, a) for a, _ in reaches])
        highs = np.concatenate([np.minimum(high, b) for _, b in reaches])
        weights = ((highs - lows) / np.tile(high - low, len(reaches))).clip(0)
        cells = (widths - 1).clip(1)
        picks = Picks.of(np.tile(leaf, len(reaches)), weights, len(widths))
        return picks.total / cells, Pieces(picks, lows[picks.index], highs[picks.index])

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return the state as one plain dict and one dict of arrays."""
        names = ("start", "symbols", "counts", "bound_start", "bounds")
        return {"body": self.body, "blur": self.blur}, {name: getattr(self, name) for name in names}

    @classmethod
    def restore(cls, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Leaves:
        """Return the laws whose `state` is given."""
        return cls(**arrays, body=facts["body"], blur=facts["blur"])


@dataclass(frozen=True, slots=True)
class Picks:
    """Weighted choice inside groups: entries with positive weight, sorted by group."""

    index: Ints
    start: Ints
    total: Floats
    climb: Floats

    @classmethod
    def of(cls, group: Ints, weights: Floats, groups: int) -> Picks:
        """Return the choice for entries with a group and a weight each."""
        index = np.flatnonzero(weights > 0)
        index = index[np.argsort(group[index], kind="stable")]
        start = np.r_[0, np.bincount(group[index], minlength=groups).cumsum()]
        total = np.bincount(group[index], weights[index], minlength=groups).astype(np.float64)
        return cls(index, start, total, np.r_[0.0, weights[index].cumsum()])

    def pick(self, group: Ints, rng: np.random.Generator) -> Ints:
        """Return for each row an entry of its group, which must not be empty, as a place in `index`."""
        low, high = self.climb[self.start[group]], self.climb[self.start[group + 1]]
        at = np.searchsorted(self.climb, low + rng.random(len(group)) * (high - low), side="right") - 1
        return at.clip(self.start[group], self.start[group + 1] - 1)


@dataclass(frozen=True, slots=True)
class Pieces:
    """Allowed pieces of cells."""

    picks: Picks
    low: Floats
    high: Floats

    def draw(self, leaf: Ints, rng: np.random.Generator) -> Floats:
        """Draw a position in the allowed pieces of each leaf."""
        at = self.picks.pick(leaf, rng)
        return self.low[at] + rng.random(len(leaf)) * (self.high[at] - self.low[at])


@dataclass(frozen=True, slots=True)
class Truncated:
    """Laws of leaves truncated to a condition.

    Parameters
    ----------
    mass : ndarray of float64, shape (n_leaves,)
        Exact probability of the condition in each leaf.
    """

    mass: Floats
    picks: Picks
    symbols: NDArray[Any]
    pieces: Pieces | None
    body: int

    def draw(self, leaf: Ints, rng: np.random.Generator) -> tuple[Ints, Floats]:
        """Draw from truncated laws; every leaf must have positive mass."""
        symbols = self.symbols[self.picks.pick(leaf, rng)].astype(np.int64)
        positions = np.zeros(len(leaf))
        if self.pieces is not None:
            rows = np.flatnonzero(symbols == self.body)
            positions[rows] = self.pieces.draw(leaf[rows], rng)
        return symbols, positions


def learn_leaves(
    leaf: Ints, symbols: Ints, positions: Floats, n_leaves: int, body: int, blur: float, rng: np.random.Generator
) -> Leaves:
    """Learn the laws of leaves from the rows that fall into them.

    Parameters
    ----------
    leaf, symbols : ndarray of int, shape (n_rows,)
        Leaf and symbol of each row.
    positions : ndarray of float64, shape (n_rows,)
        Body positions, read where the symbol is the body.
    n_leaves : int
        Number of leaves; each must have a row.
    body : int
        The symbol of the body, or -1.
    blur : float
        Least width of a cell in positions.
    rng : numpy.random.Generator
        Places the borders.

    Returns
    -------
    Leaves
    """
    width = int(symbols.max()) + 1
    pair, counts = np.unique(leaf.astype(np.int64) * width + symbols, return_counts=True)
    start = np.r_[0, np.bincount(pair // width, minlength=n_leaves).cumsum()].astype(np.int32)
    is_body = symbols == body
    bound_start, bounds = _bounds(leaf[is_body], positions[is_body], n_leaves, rng)
    return Leaves(start, _small(pair % width), _small(counts), bound_start, bounds, body, blur)


def _bounds(
    leaf: Ints, positions: Floats, n_leaves: int, rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.uint16]]:
    """Borders of each leaf's cells: between neighbours, and as far beyond the outer values."""
    order = np.lexsort((positions, leaf))
    leaf, positions = leaf[order], positions[order]
    m = np.bincount(leaf, minlength=n_leaves)
    start = np.r_[0, (m + (m > 0)).cumsum()]
    bounds = np.empty(int(start[-1]))
    if not len(leaf):
        return start.astype(np.int32), bounds.astype(np.uint16)
    first = np.r_[True, leaf[1:] != leaf[:-1]]
    last = np.r_[first[1:], True]
    gap = np.diff(positions, append=positions[-1])
    gap[last] = 0.0
    upper = positions + rng.uniform(0.25, 0.75, len(gap)) * gap
    upper[last] = positions[last] + rng.uniform(0.25, 0.75, last.sum()) * np.roll(gap, 1)[last] * ~first[last]
    place = np.arange(len(leaf)) + np.cumsum(first)
    bounds[place] = upper
    bounds[place[first] - 1] = positions[first] - rng.uniform(0.25, 0.75, first.sum()) * gap[first]
    start, bounds = _thinned(start, bounds)
    return start.astype(np.int32), np.round(bounds).clip(0, TOP).astype(np.uint16)


def _thinned(start: Ints, bounds: Floats) -> tuple[Ints, Floats]:
    """Merge the cells of a leaf with more than 256 into 256 of equal probability."""
    borders = np.diff(start)
    few = np.minimum(borders, MOST_CELLS + 1)
    thin = np.r_[0, few.cumsum()]
    place = np.arange(thin[-1]) - np.repeat(thin[:-1], few)
    step = np.repeat((borders - 1).clip(1) / (few - 1).clip(1), few)
    return thin, np.interp(np.repeat(start[:-1], few) + place * step, np.arange(len(bounds)), bounds)


def _small(x: Ints) -> NDArray[Any]:
    top = int(x.max(initial=0))
    return x.astype(np.uint8 if top < 256 else np.uint16 if top < 65_536 else np.int32)
