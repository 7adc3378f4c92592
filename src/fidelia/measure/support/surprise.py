"""How far out each row lies, seen in several ways: among its neighbours, in its columns, beyond their ranges.

Each view gives a row one number, larger where the reference rows are rarer, and gives it to the reference rows too,
each seen by the others. Only the order counts, so that a view needs no model that is true: under equal laws the rows
that are scored lie among the reference rows' own numbers as those do.

References
----------
Loftsgaarden and Quesenberry (1965), Annals of Mathematical Statistics 36, 1049-1051 (density by nearest rows).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.space.neighbors import search
from fidelia.measure.space.tabular import vertices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.values import Values

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MOST_BESIDE = 50
HOLLOW, THIN, SHELL = 4.0, 50.0, 0.1
"""A shell is hollow if squared norms have a gamma shape (mean^2 / variance) of 4 times a normal law's (a box has 2.5
times) and at least 50; within a tenth of their mean they do not differ."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of a table as numbers and codes.

    Parameters
    ----------
    numbers : (n, c) float64
        NaN is missing.
    codes : (n, q) int64
        Of discrete columns, in one coding for all tables.
    """

    numbers: Floats
    codes: Ints

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.numbers)

    def take(self, rows: NDArray[np.int64]) -> Rows:
        """Return some rows."""
        return Rows(self.numbers[rows], self.codes[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Ruler:
    """Units of the columns, from train: every column weighs the same in distances.

    Parameters
    ----------
    middle, unit : (c,) float64
        Mean and standard deviation of each numeric column; a unit of 1 where it does not vary.
    flag : (c,) float64
        What a missing value adds beside a present one.
    corners : tuple of (levels, width) float64
        A point for each code of each discrete column.
    """

    middle: Floats
    unit: Floats
    flag: Floats
    corners: tuple[Floats, ...]

    @classmethod
    def of(cls, train: Rows, levels: tuple[int, ...]) -> Ruler:
        """Measure the columns of `train`; `levels` is the number of codes of each discrete column."""
        known = ~np.isnan(train.numbers)
        count = np.maximum(known.sum(axis=0), 1)
        filled = np.where(known, train.numbers, 0.0)
        middle = filled.sum(axis=0) / count
        spread = np.sqrt((np.where(known, train.numbers - middle, 0.0) ** 2).sum(axis=0) / count)
        unit = np.where(spread > 1e-12 * np.maximum(1.0, np.abs(middle)), spread, 1.0)
        flag = np.where((count < len(train)) & (count > 1), 1.0, 0.0)
        corners = (_corners(f"composite/{i}", train.codes[:, i], size) for i, size in enumerate(levels))
        return cls(middle, unit, flag, tuple(corners))

    def measured(self, rows: Rows) -> Floats:
        """Return the numeric columns in these units, ``(n, c)``; NaN stays."""
        return np.asarray((rows.numbers - self.middle) / self.unit)

    def points(self, rows: Rows) -> Floats:
        """Return rows as points, ``(n, width)``: mean squared distance 1 per column among train rows."""
        number = self.measured(rows)
        absent = np.isnan(number)
        parts = [np.where(absent, 0.0, number) / np.sqrt(2)]
        if self.flag.any():
            parts.append(absent[:, self.flag > 0].astype(np.float64))
        parts += [corner[rows.codes[:, i]] for i, corner in enumerate(self.corners)]
        return np.column_stack(parts)


def _corners(name: str, codes: Ints, size: int) -> Floats:
    points = vertices(name, size, with_missing=False)[:size]
    spread = 2 * points[codes].var(axis=0).sum()
    return np.asarray(points / np.sqrt(spread) if spread > 1e-12 else points)


@dataclass(frozen=True, slots=True, eq=False)
class Surprise:
    """What each view says of rows.

    Parameters
    ----------
    views : (n, v) float64
        One column per view that needs whole rows, in the order of `names`.
    columns : (n, c + q) float64
        One column per column of the table, numbers before codes.
    names : tuple of str
    """

    views: Floats
    columns: Floats
    names: tuple[str, ...]

    @property
    def all(self) -> Floats:
        """Views and columns side by side."""
        return np.column_stack([self.views, self.columns])


class Support:
    """What is known of reference rows, and how far out other rows lie.

    Parameters
    ----------
    reference : Rows
    ruler : Ruler
    generator : numpy Generator
        Breaks ties between a row and its neighbours.
    """

    def __init__(self, reference: Rows, ruler: Ruler, generator: np.random.Generator) -> None:
        self.ruler = ruler
        self.k = max(1, int(np.ceil(np.sqrt(len(reference)))))
        self._generator = generator
        self._points = ruler.points(reference)
        self._numbers, self._codes = ruler.measured(reference), reference.codes
        self._hollow = _Hollow(np.nan_to_num(self._numbers))
        self._ranges = _Ranges(self._numbers)
        self._beyond = self._ranges.beyond(self._numbers, own=True)
        self._scale: list[_Currency] = []
        self.own = self._surprise(reference, own=True)

    def of(self, rows: Rows) -> Surprise:
        """Return how far out other rows lie."""
        return self._surprise(rows, own=False)

    def _surprise(self, rows: Rows, *, own: bool) -> Surprise:
        at = np.arange(len(rows)) if own else None
        near = search(self.ruler.points(rows), self._points, self.k, own=at)
        beside = near.index[:, : min(self.k, len(self._points) - own)][:, :MOST_BESIDE]
        numbers = self.ruler.measured(rows)
        columns = self._columns(numbers, rows.codes, beside)
        if own:
            self._scale = [_Currency(columns[:, i]) for i in range(columns.shape[1])]
        views = {"neighbours": near.distance[:, -1], "hollow": self._hollow.of(np.nan_to_num(numbers))}
        beyond = self._beyond if own else self._ranges.beyond(numbers, own=False)
        views["ranges"] = self._among(beyond, beside)
        rarest = np.column_stack([each.of(columns[:, i]) for i, each in enumerate(self._scale)])
        views["worst column"] = rarest.max(axis=1)
        return Surprise(np.column_stack(list(views.values())), columns, tuple(views))

    def _columns(self, numbers: Floats, codes: Ints, beside: Ints) -> Floats:
        """Return how far each value is from those of the row's neighbours, ``(n, c + q)``.

        Of a number the median distance; of a code the share of neighbours that have another.
        """
        far = [_median_gap(numbers[:, i], self._numbers[:, i][beside]) for i in range(numbers.shape[1])]
        far += [(self._codes[:, i][beside] != codes[:, i][:, None]).mean(axis=1) for i in range(codes.shape[1])]
        return np.column_stack(far)

    def _among(self, values: Floats, beside: Ints) -> Floats:
        """Return the share of a row's neighbours that are less far beyond than it; ties are broken at random.

        Where rows are at the edge of a table, so are their neighbours: what counts is whether a row is further beyond
        than they. Of rows that are beyond all neighbours the value itself decides.
        """
        about = self._beyond[beside]
        more, same = (about > values[:, None]).sum(axis=1), (about == values[:, None]).sum(axis=1)
        place = more + self._generator.random(len(values)) * (same + 1)
        size = np.where(np.isfinite(values), values / (1 + np.abs(values)), 1.0)
        return np.asarray(1 - np.where(place < 1, 0.5 * (1 - size), place) / (beside.shape[1] + 1))


def _median_gap(values: Floats, about: Floats) -> Floats:
    """Return the median distance of each value to those about it; missing is 0 from missing, else infinite."""
    gap = np.abs(about - values[:, None])
    if np.isnan(gap).any():
        both = np.isnan(about) & np.isnan(values)[:, None]
        gap = np.where(both, 0.0, np.where(np.isnan(gap), np.inf, gap))
    middle = gap.shape[1] // 2
    return np.asarray(np.partition(gap, middle, axis=1)[:, middle])


class _Ranges:
    """How far a row lies beyond the range of any numeric column; a reference row beyond that of the others."""

    def __init__(self, numbers: Floats) -> None:
        present = (~np.isnan(numbers)).sum(axis=0)
        self.known = present > 2
        ordered = np.sort(numbers, axis=0)[:, self.known]
        last, each = present[self.known] - 1, np.arange(ordered.shape[1])
        first = np.zeros_like(each)
        self.low, self.second_low = ordered[first, each], ordered[first + 1, each]
        self.high, self.second_high = ordered[last, each], ordered[last - 1, each]

    def beyond(self, numbers: Floats, *, own: bool) -> Floats:
        """Return the largest excess over all columns, ``(n,)``; 0 inside all ranges."""
        values = numbers[:, self.known]
        low, high = np.broadcast_to(self.low, values.shape), np.broadcast_to(self.high, values.shape)
        if own:
            low = np.where(values <= self.low, self.second_low, low)
            high = np.where(values >= self.high, self.second_high, high)
        excess = np.nan_to_num(np.maximum(low - values, values - high))
        return np.asarray(np.maximum(excess.max(axis=1, initial=0.0), 0.0))


class _Hollow:
    """The middle of a thin shell, where no row is.

    In many dimensions no row is near any other and the middle is nearest to all, so that means of rows look typical
    to neighbours. Squared norms that are far more concentrated than those of a normal law (or of a box) with the same
    covariance say that the middle is empty: then the nearer to it, the further out. Else the middle says nothing.
    """

    def __init__(self, numbers: Floats) -> None:
        self.centre = numbers.mean(axis=0)
        squared = ((numbers - self.centre) ** 2).sum(axis=1)
        self.mean = float(squared.mean())
        shape = self.mean**2 / max(float(squared.var()), 1e-12 * self.mean**2, 1e-300)
        self.hollow = shape > max(THIN, HOLLOW * _freedom(numbers - self.centre) / 2)

    def of(self, numbers: Floats) -> Floats:
        """Return minus the logarithm of the squared norm over its mean, ``(n,)``; 0 on the shell and outside."""
        if not self.hollow:
            return np.zeros(len(numbers))
        squared = ((numbers - self.centre) ** 2).sum(axis=1) / self.mean
        return np.where(squared < 1 - SHELL, -np.log(np.maximum(squared, 1e-12)), 0.0)


def _freedom(centred: Floats) -> float:
    """Return (tr C)^2 / tr C^2, the effective number of dimensions, without the bias of few rows."""
    n, d = centred.shape
    product = centred.T @ centred / n if d <= n else centred @ centred.T / n
    trace, squares = float(np.trace(product)), float((product**2).sum())
    return float(trace**2 / max(squares - trace**2 / n, trace**2 / max(d, 1), 1e-300))


class _Currency:
    """A column's numbers as minus the logarithm of the share of reference rows that are as rare.

    Beyond the rarest hundredth the logarithm goes on as a straight line in the logarithm of the number, so that
    columns compare there too.
    """

    def __init__(self, own: Floats) -> None:
        finite = own[np.isfinite(own)]
        self.ordered = np.sort(own)
        small = finite[finite > 0].min(initial=1.0)
        self.tiny = 1e-3 * small
        ends = np.log(np.quantile(finite, [0.9, 0.99]) + self.tiny) if len(finite) else np.zeros(2)
        gap = ends[1] - ends[0]
        self.end, self.slope = ends[1], np.log(10.0) / gap if gap > 1e-9 else 0.0

    def of(self, numbers: Floats) -> Floats:
        """Return ``(n,)`` values, 0 for the most common."""
        n = len(self.ordered)
        share = (n - np.searchsorted(self.ordered, numbers, side="left")) / n
        within = -np.log(np.maximum(share, 0.01))
        beyond = self.slope * (np.log(np.minimum(numbers, 1e300) + self.tiny) - self.end)
        rare = np.where(self.slope > 0, np.log(100.0) + np.maximum(beyond, 0.0), -np.log(np.maximum(share, 0.5 / n)))
        return np.asarray(np.where(share < 0.01, rare, within))


def rows_of(case: Case, side: str) -> Rows:
    """Return one table of a case; columns that are ids or texts are left out."""
    found = case.values.values()
    length = len(getattr(case, side))
    none = [np.empty((length, 0))]
    numbers = [getattr(v, side) for v in found if v.levels is None] or none
    codes = [getattr(v, side) for v in found if v.levels is not None] or none
    return Rows(np.column_stack(numbers).astype(np.float64), np.column_stack(codes).astype(np.int64))


def levels_of(values: dict[str, Values]) -> tuple[int, ...]:
    """Return how many codes each discrete column has, in order."""
    return tuple(v.codes for v in values.values() if v.levels is not None)
