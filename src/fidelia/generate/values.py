"""Axis: the law of one column as positions in [0, 1], for every generator that thinks in probabilities.

The values of a column lie along the unit interval in rising order (levels in their codes' order), each owning as
much of it as its share of the rows, missing values at the end. A uniform position is then a draw from the column's
law, an allowed set of values is a set of windows, and a level or a shared value is an interval.

Numbers are protected: a value that at least k training rows hold is an atom, drawn as it is; between atoms the law
is interpolated through knots, each the mean of at least k neighbours, and rounded to the column's precision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fidelia.encode.codes import Allowed, CodedColumn, Continuous, Discrete, Floats
from fidelia.encode.numbers import rounded

ATOMS, KNOTS = 1_000, 500
"""Most atoms and about the most knots of one column."""


@dataclass(frozen=True, slots=True, eq=False)
class NumberAxis:
    """Of a continuous column.

    Parameters
    ----------
    places, values : (m,) float64
        The quantile function: positions from 0 to `full` and the values there, both never falling; a flat piece is
        an atom, a jump a gap. Empty when every value is missing.
    full : float
        Share of rows with a value; beyond it positions are missing values.
    decimals : int or None
        As in `Continuous`.
    """

    places: Floats
    values: Floats
    full: float
    decimals: int | None

    @classmethod
    def fit(cls, column: Continuous, k: int) -> Self:
        """Learn the law of a column in which values held by fewer than `k` rows are protected."""
        present = np.sort(column.values[~np.isnan(column.values)])
        if not len(present):
            return cls(np.zeros(0), np.zeros(0), 0.0, column.decimals)
        counts, values = quantile_function(present, k)
        full = len(present) / len(column)
        return cls(counts / counts[-1] * full, values, full, column.decimals)

    def spans(self, column: CodedColumn) -> tuple[Floats, Floats]:
        """Return where the interval of each value begins and ends, two (n,) arrays."""
        assert isinstance(column, Continuous)
        missing = np.isnan(column.values)
        values = np.where(missing, 0.0, column.values)
        begin, end = self._below(values, "left"), self._below(values, "right")
        return np.where(missing, self.full, begin), np.where(missing, 1.0, np.maximum(begin, end))

    def windows(self, allowed: Allowed | None) -> Floats:
        """Return the positions of the allowed values as rising windows, (w, 2); empty ones mark values of no mass."""
        if allowed is None:
            return np.array([[0.0, 1.0]])
        half = 0.0 if self.decimals is None else 0.5 * 10.0**-self.decimals
        found = [self._window(low - half, high + half) for low, high in allowed.intervals if self.full > 0]
        if allowed.missing or not found:
            found.append((self.full, 1.0))
        return merged(np.array(found))

    def _window(self, low: float, high: float) -> tuple[float, float]:
        begin = float(self._below(np.array([low]), "left")[0])
        return begin, max(begin, float(self._below(np.array([high]), "right")[0]))

    def _below(self, values: Floats, side: str) -> Floats:
        """Return the share of rows below `values` (left) or up to them (right)."""
        if not len(self.values):
            return np.zeros(len(values))
        left = np.searchsorted(self.values, values, "left")
        right = np.searchsorted(self.values, values, "right")
        at = np.clip(left, 1, max(len(self.values) - 1, 1))
        before, after = at - 1, np.minimum(at, len(self.values) - 1)
        gap = self.values[after] - self.values[before]
        share = np.clip((values - self.values[before]) / np.where(gap > 0, gap, 1.0), 0.0, 1.0)
        between = self.places[before] + share * (self.places[after] - self.places[before])
        hit = left < right
        known = self.places[np.clip(left if side == "left" else right - 1, 0, len(self.places) - 1)]
        found = np.where(hit, known, between)
        found = np.where(values < self.values[0], 0.0, np.where(values > self.values[-1], self.full, found))
        return np.asarray(found)

    def at(self, places: Floats) -> Continuous:
        """Return the values at positions (n,)."""
        if not len(self.values):
            return Continuous(np.full(len(places), np.nan), self.decimals)
        values = rounded(np.interp(places, self.places, self.values), self.decimals)
        return Continuous(np.where(places >= self.full, np.nan, values) if self.full < 1 else values, self.decimals)

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return JSON values and arrays."""
        return {"full": self.full, "decimals": self.decimals}, {"places": self.places, "values": self.values}

    @classmethod
    def restore(cls, values: dict[str, Any], arrays: dict[str, np.ndarray]) -> Self:
        """Read what `state` returned."""
        places, found, full = arrays["places"], arrays["values"], float(values["full"])
        if not (rising(places) and rising(found) and places.shape == found.shape and 0 <= full <= 1):
            raise ValueError("positions and values of a column do not fit")
        if len(places) and not 0 <= places[0] <= places[-1] <= 1:
            raise ValueError("positions of a column leave [0, 1]")
        return cls(places, found, full, None if values["decimals"] is None else int(values["decimals"]))


@dataclass(frozen=True, slots=True, eq=False)
class LevelAxis:
    """Of a discrete column.

    Parameters
    ----------
    edges : (levels + 1,) float64
        Where each level's interval begins, and 1.
    ordered : bool
        As in `Discrete`.
    """

    edges: Floats
    ordered: bool

    @classmethod
    def fit(cls, column: Discrete) -> Self:
        """Learn the shares of the levels."""
        counts = np.bincount(column.codes, minlength=column.levels)
        edges = np.concatenate(([0.0], np.cumsum(counts) / max(counts.sum(), 1)))
        edges[-1] = 1.0
        return cls(edges, column.ordered)

    def spans(self, column: CodedColumn) -> tuple[Floats, Floats]:
        """Return where the interval of each code begins and ends, two (n,) arrays."""
        assert isinstance(column, Discrete)
        return self.edges[column.codes], self.edges[column.codes + 1]

    def windows(self, allowed: Allowed | None) -> Floats:
        """Return the positions of the allowed codes as rising windows, (w, 2)."""
        if allowed is None or allowed.codes is None:
            return np.array([[0.0, 1.0]])
        codes = np.flatnonzero(allowed.codes)
        return merged(np.column_stack([self.edges[codes], self.edges[codes + 1]]))

    def at(self, places: Floats) -> Discrete:
        """Return the codes at positions (n,)."""
        codes = np.searchsorted(self.edges, places, "right") - 1
        levels = len(self.edges) - 1
        return Discrete(np.clip(codes, 0, levels - 1).astype(np.int32), levels, self.ordered)

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return JSON values and arrays."""
        return {"ordered": self.ordered}, {"edges": self.edges}

    @classmethod
    def restore(cls, values: dict[str, Any], arrays: dict[str, np.ndarray]) -> Self:
        """Read what `state` returned."""
        edges = arrays["edges"]
        if not rising(edges) or len(edges) < 2 or edges[0] < 0 or edges[-1] != 1:
            raise ValueError("shares of levels do not fit")
        return cls(edges, bool(values["ordered"]))


Axis = NumberAxis | LevelAxis


def fit_axis(column: CodedColumn, k: int) -> Axis:
    """Learn the axis of a column; levels were protected when they were coded."""
    return NumberAxis.fit(column, k) if isinstance(column, Continuous) else LevelAxis.fit(column)


def axes_state(axes: dict[str, Axis]) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
    """Return the axes, in order, as JSON values and arrays named by position."""
    parts = [axis.state() for axis in axes.values()]
    arrays = {f"axis/{i}/{name}": array for i, (_, found) in enumerate(parts) for name, array in found.items()}
    return [{"name": name, **values} for name, (values, _) in zip(axes, parts, strict=True)], arrays


def restore_axes(said: list[dict[str, Any]], arrays: dict[str, np.ndarray]) -> dict[str, Axis]:
    """Read what `axes_state` returned."""
    axes: dict[str, Axis] = {}
    for i, values in enumerate(said):
        mine = {name.split("/", 2)[2]: array for name, array in arrays.items() if name.startswith(f"axis/{i}/")}
        if any(array.dtype != np.float64 for array in mine.values()):
            raise ValueError("an axis is not of float64")
        axes[str(values["name"])] = (NumberAxis if "places" in mine else LevelAxis).restore(values, mine)
    return axes


def quantile_function(ordered: Floats, k: int) -> tuple[Floats, Floats]:
    """Return the protected quantile function of sorted values, in rows.

    Parameters
    ----------
    ordered : (n,) float64
        Rising, n >= 1.
    k : int
        Rows that must share a value for it to be an atom, and rows behind every knot.

    Returns
    -------
    rows, values : (m,) float64
        Cumulated rows from 0 to n, and the value there; both never fall.
    """
    _, first, counts = np.unique(ordered, return_index=True, return_counts=True)
    least = k if (counts >= k).sum() <= ATOMS else max(k, int(np.sort(counts)[-ATOMS]) + 1)
    atoms = np.flatnonzero(counts >= least)
    size = max(k, len(ordered) // KNOTS)
    points: list[tuple[float, float]] = []
    begin = 0
    for start, held in zip(first[atoms].tolist(), counts[atoms].tolist(), strict=True):
        points += _knots(ordered, begin, start, size, k)
        points += [(start, float(ordered[start])), (start + held, float(ordered[start]))]
        begin = start + held
    points += _knots(ordered, begin, len(ordered), size, k)
    if not points:
        points = [(0.0, float(ordered.mean()))]
    return _closed(np.array(points, float), len(ordered))


def _knots(ordered: Floats, begin: int, end: int, size: int, k: int) -> list[tuple[float, float]]:
    """Means of groups of neighbours within the run ``[begin, end)`` of values that few rows hold."""
    if end - begin < k:
        return []  # too few for a mean: their mass is spread between the atoms beside them
    edges = np.linspace(begin, end, max((end - begin) // size, 1) + 1).astype(int)
    means = np.add.reduceat(ordered[begin:end], edges[:-1] - begin) / np.diff(edges)
    return list(zip(((edges[:-1] + edges[1:]) / 2).tolist(), means.tolist(), strict=True))


def _closed(points: Floats, rows: int) -> tuple[Floats, Floats]:
    """Prolong the function to 0 and `rows`: along its first and last slope, half a group far."""
    places, values = points[:, 0], np.maximum.accumulate(points[:, 1])
    ends = []
    for here, there, border in ((0, 1, 0.0), (-1, -2, float(rows))):
        step = places[there] - places[here] if len(places) > 1 else 0.0
        slope = (values[there] - values[here]) / step if step else 0.0
        ends.append(values[here] + slope * (border - places[here]))
    places = np.concatenate(([0.0], places, [float(rows)]))
    return places, np.concatenate(([ends[0]], values, [ends[1]]))


def rising(array: np.ndarray) -> bool:
    """Whether a one-dimensional array is finite and never falls."""
    return array.ndim == 1 and bool(np.isfinite(array).all() and (np.diff(array) >= 0).all())


def merged(windows: Floats) -> Floats:
    """Return windows (w, 2) in rising order, those that touch or overlap as one."""
    ordered = windows[np.argsort(windows[:, 0], kind="stable")]
    kept = [ordered[0]]
    for begin, end in ordered[1:]:
        if begin <= kept[-1][1]:
            kept[-1] = np.array([kept[-1][0], max(kept[-1][1], end)])
        else:
            kept.append(np.array([begin, end]))
    return np.array(kept)


def within(windows: Floats, uniform: Floats) -> Floats:
    """Map uniform numbers (n,) in [0, 1) onto windows (w, 2), evenly over their joint length."""
    sizes = windows[:, 1] - windows[:, 0]
    if sizes.sum() <= 0:
        return np.asarray(windows[np.minimum((uniform * len(windows)).astype(int), len(windows) - 1), 0])
    edges = np.concatenate(([0.0], np.cumsum(sizes)))
    goal = uniform * edges[-1]
    at = np.clip(np.searchsorted(edges, goal, "right") - 1, 0, len(sizes) - 1)
    return np.asarray(np.minimum(windows[at, 0] + goal - edges[at], np.nextafter(windows[at, 1], windows[at, 0])))


def parcels(rows: int, width: int) -> list[slice]:
    """Cut rows into slices whose work space of `width` numbers per row stays within some 30 MB."""
    step = max(4_000_000 // max(width, 1), 1)
    return [slice(start, start + step) for start in range(0, rows, step)]


def obeying(column: CodedColumn, allowed: Allowed | None, draw: np.random.Generator) -> CodedColumn:
    """Return the column with the values that `allowed` does not admit moved to the nearest that it does.

    Draws from windows obey already, but for rounding and for allowed values that the model gives no probability.
    """
    if allowed is None:
        return column
    if isinstance(column, Discrete):
        assert allowed.codes is not None
        wrong = np.flatnonzero(~allowed.codes[column.codes])
        codes = column.codes.copy()
        codes[wrong] = draw.choice(np.flatnonzero(allowed.codes), len(wrong))
        return Discrete(codes, column.levels, column.ordered)
    return Continuous(_moved(column.values, allowed, draw), column.decimals)


def _moved(values: Floats, allowed: Allowed, draw: np.random.Generator) -> Floats:
    missing = np.isnan(values)
    if not allowed.intervals:
        return np.full(len(values), np.nan)
    lost = missing & (not allowed.missing)
    start = np.where(lost, draw.choice([low for low, _ in allowed.intervals], len(values)), values)
    choices = np.array([np.clip(start, low, high) for low, high in allowed.intervals])
    nearest = choices[np.abs(choices - start).argmin(axis=0), np.arange(len(values))]
    return np.asarray(np.where(missing & allowed.missing, np.nan, nearest))


def admitted(column: CodedColumn, allowed: Allowed) -> NDArray[np.bool_]:
    """Whether each value of a column is allowed, (n,) bool."""
    if isinstance(column, Discrete):
        assert allowed.codes is not None
        return np.asarray(allowed.codes[column.codes])
    inside = np.isnan(column.values) & allowed.missing
    for low, high in allowed.intervals:
        inside |= (column.values >= low) & (column.values <= high)
    return inside
