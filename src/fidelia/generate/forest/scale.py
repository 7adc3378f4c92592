"""A protected scale for one continuous column: shared atoms, a smooth body between them, and bins for splits.

Nothing here is the value of fewer than ``k`` training rows: an atom is held by at least ``k`` rows, a knot is the
mean of at least ``k`` neighbouring values, and an edge lies at random between two values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fidelia.generate.forest.columns import Codes, Floats, Ints, Mask

TOP = 65_535
"""Largest position in the body; positions are unsigned 16-bit integers."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Atoms, knots and bin edges of a continuous column.

    Parameters
    ----------
    atoms : ndarray of float64, shape (n_atoms,)
        Values held by at least ``k`` training rows, ascending.
    knots : ndarray of float64, shape (n_knots,)
        Values of the body at evenly spaced positions ``0 .. TOP``, ascending; empty if all values are atoms.
    edges : ndarray of float64, shape (n_bins - 1,)
        Borders of the bins that trees split on.
    decimals : int or None
        Precision of the values handed out.
    """

    atoms: Floats
    knots: Floats
    edges: Floats
    decimals: int | None

    def bins(self, values: Floats) -> Codes:
        """Return the bin of each value: 0 if missing, else 1, 2, ... from the left."""
        code = np.searchsorted(self.edges, values, side="right") + 1
        code[np.isnan(values)] = 0
        return code.astype(np.uint16)

    @property
    def width(self) -> int:
        """Number of bin codes, the one of missing values included."""
        return len(self.edges) + 2

    def symbols(self, values: Floats) -> Ints:
        """Return the index of each value's atom; ``len(atoms)`` stands for the body."""
        if not len(self.atoms):
            return np.zeros(len(values), np.int64)
        at = np.searchsorted(self.atoms, values).clip(0, len(self.atoms) - 1)
        if len(self.knots):
            return np.where(self.atoms[at] == values, at, len(self.atoms))
        left = (at - 1).clip(0)
        nearer = np.abs(self.atoms[left] - values) < np.abs(self.atoms[at] - values)
        return np.where(nearer, left, at)

    def positions(self, values: Floats) -> Floats:
        """Return body positions in ``0 .. TOP``; values beyond the outer knots are moved onto them."""
        return np.interp(values, self.knots, self._grid())

    def values(self, symbols: Ints, positions: Floats) -> Floats:
        """Return the numbers that symbols and, in the body, positions stand for."""
        out = np.empty(len(symbols))
        body = symbols == len(self.atoms)
        out[~body] = self.atoms[symbols[~body]]
        if body.any():
            out[body] = self.rounded(np.interp(positions[body], self._grid(), self.knots))
        return out

    def rounded(self, values: Floats) -> Floats:
        """Round to the precision of the column."""
        return values if self.decimals is None else np.round(values, self.decimals) + 0.0

    def allowed_atoms(self, intervals: tuple[tuple[float, float], ...]) -> Mask:
        """Return which atoms lie in one of the closed intervals."""
        inside = np.zeros(len(self.atoms), bool)
        for low, high in intervals:
            inside |= (self.atoms >= low) & (self.atoms <= high)
        return inside

    def on_grid(self, intervals: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        """Return intervals drawn in to the values that the precision can express; empty ones are left out."""
        if self.decimals is not None:
            step = 10.0**-self.decimals
            intervals = tuple(
                (self._round(np.ceil(a / step - 1e-9) * step), self._round(np.floor(b / step + 1e-9) * step))
                for a, b in intervals
            )
        return tuple((a, b) for a, b in intervals if a <= b)

    def reach(self, low: float, high: float) -> tuple[float, float]:
        """Return the positions whose rounded value lies in an interval on the grid; empty if first exceeds last."""
        half = 0.0 if self.decimals is None else 0.5 * 10.0**-self.decimals
        if high + half < self.knots[0] or low - half > self.knots[-1]:
            return 1.0, 0.0
        first, last = self.positions(np.array([low - half, high + half]))
        return float(first), float(last)

    def _round(self, value: float) -> float:
        return float(self.rounded(np.array([value]))[0])

    def _grid(self) -> Floats:
        return np.linspace(0.0, TOP, len(self.knots)) if len(self.knots) > 1 else np.zeros(len(self.knots))

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return the state as one plain dict and one dict of arrays."""
        return {"decimals": self.decimals}, {"atoms": self.atoms, "knots": self.knots, "edges": self.edges}

    @classmethod
    def restore(cls, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Scale:
        """Return the scale whose `state` is given."""
        return cls(arrays["atoms"], arrays["knots"], arrays["edges"], facts["decimals"])


def learn_scale(values: Floats, decimals: int | None, k: int, bins: int, knots: int, rng: np.random.Generator) -> Scale:
    """Learn the scale of one column.

    Parameters
    ----------
    values : ndarray of float64, shape (n_rows,)
        The column; NaN marks missing.
    decimals : int or None
        Its precision.
    k : int
        Fewest rows behind an atom, a knot or a bin.
    bins, knots : int
        Most bins and, about, most knots.
    rng : numpy.random.Generator
        Places the edges.

    Returns
    -------
    Scale
    """
    seen = values[~np.isnan(values)]
    distinct, counts = np.unique(seen, return_counts=True)
    common = counts >= k
    rest = np.repeat(distinct[~common], counts[~common])
    atoms = distinct[common]
    centres = _group_means(rest, k, knots) if len(rest) >= k or not len(atoms) else np.empty(0)
    return Scale(atoms, centres, _edges(distinct, counts, k, bins, rng), decimals)


def _group_means(ordered: Floats, k: int, most: int) -> Floats:
    """Means of neighbouring values: at least k a group, small groups in the tails, about ``most`` groups."""
    n = len(ordered)
    if n < 2 * k:
        return np.array([ordered.mean()]) if n else np.empty(0)
    inner = max(k, -(-n // most))
    tail = np.minimum(k * 2 ** np.arange(40.0), inner).cumsum()
    tail = tail[(tail <= n / 2) & (np.r_[0, tail[:-1]] < tail)].astype(int)[: int(np.ceil(np.log2(inner / k))) + 1]
    middle = np.arange(tail[-1], n - tail[-1], inner)[1:] if len(tail) else np.empty(0, int)
    cuts = np.unique(np.r_[0, tail, middle, n - tail])
    cuts = np.r_[0, cuts[1:][np.diff(cuts) >= k]]
    cuts = cuts[n - cuts >= k]
    sums = np.add.reduceat(ordered, cuts)
    return np.asarray(sums / np.diff(np.r_[cuts, n]))


def _edges(distinct: Floats, counts: Ints, k: int, bins: int, rng: np.random.Generator) -> Floats:
    """Borders of bins with at least k rows each; a value held by many rows has a bin of its own."""
    if len(distinct) < 2:
        return np.empty(0)
    total = counts.sum()
    share = max(k, total / bins)
    after = counts.cumsum()
    heavy = counts >= share
    wanted = np.diff((after // share).astype(int), prepend=0) > 0
    cut = (wanted | heavy)[:-1] | heavy[1:]
    at = _spaced(np.flatnonzero(cut), after, k)
    left, right = distinct[at], distinct[at + 1]
    return np.asarray(left + rng.uniform(0.25, 0.75, len(at)) * (right - left))


def _spaced(at: Ints, after: Ints, k: int) -> Ints:
    """Drop borders until at least k rows lie between neighbours."""
    kept: list[int] = []
    last = 0
    for i in at:
        if after[i] - last >= k and after[-1] - after[i] >= k:
            kept.append(int(i))
            last = after[i]
    return np.array(kept, np.int64)
