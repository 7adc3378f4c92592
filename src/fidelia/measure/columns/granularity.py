"""Lattices: are numbers rounded as the real ones are, and do values repeat as the real ones do?

Real columns of numbers are seldom continuous: ages are whole, prices have two decimals, loans are multiples of 25,
days begin at midnight. A generator that ignores it is told from real data at a glance, though every distribution fits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.columns.coverage import repeated
from fidelia.measure.columns.ranked import beside_columns, column_lines, columns_of
from fidelia.schema.kinds import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.result import Result

    Floats = NDArray[np.float64]

HELD = 0.99
"""Share of values that a lattice must hold; the odd half value does not make ages continuous."""
DISTINCT = 20_000
OPEN = 0.05
"""Share of real values that stand once, above which a column's list of values is open: new ones belong to it."""
FEW = 5
SINGLE, DOUBLE = 2.0**-23, 2.0**-50
TOLERANCE = 1e-3
"""Of a step; what rounding of floats adds to it must stay as small."""
FINEST = 1e7
"""Points between the ends of a column; a finer lattice is as good as none, unless it is that of whole numbers."""
DECIMALS = tuple(m * 10.0**e for e in range(12, -10, -1) for m in (5, 2.5, 2, 1))
SECOND = 1e6
TIMES = tuple(s * SECOND for s in (7 * 86400, 86400, 3600, 1800, 900, 600, 300, 60, 1))
"""Steps of times in microseconds."""


@dataclass(frozen=True, slots=True)
class Lattice:
    """Evenly spaced numbers ``offset + k * step``.

    Parameters
    ----------
    step : float
        Positive.
    offset : float
        0 where the values are multiples of the step.
    digits : float
        Relative error of the values' own floats: none where all are whole, else single or double precision.
    """

    step: float
    offset: float = 0.0
    digits: float = DOUBLE

    def holds(self, values: Floats) -> NDArray[np.bool_]:
        """Return which values lie on the lattice; missing ones do not."""
        with np.errstate(invalid="ignore", over="ignore"):
            at = (values - self.offset) / self.step
            room = TOLERANCE + self.digits * np.abs(values) / self.step
            return np.asarray(np.abs(at - np.round(at)) <= np.minimum(room, 2 * TOLERANCE))


def lattice(values: Floats, *, times: bool = False) -> Lattice | None:
    """Return the coarsest lattice that the values lie on; None where they are continuous.

    Steps tried are 1, 2, 2.5 and 5 times the powers of ten, units of time, and the most common gap between
    neighbouring values (pixels in 255ths, inches in centimetres). At most one value in a hundred may lie elsewhere,
    not counting the most common value, which would hide the others where most are 0.

    Parameters
    ----------
    values : (n,) float64
        NaN is missing; times are microseconds.
    times : bool
        Whether they are times: steps are weeks, days, hours ... seconds.

    Examples
    --------
    >>> lattice(np.array([0.0, 20.0, 50.0, 70.0, 110.0, 40.0])).step
    10.0
    >>> lattice(np.array([1.25, 0.5, 3.99, 7.01, 2.48])).step
    0.01
    >>> lattice(np.random.default_rng(0).normal(size=100)) is None
    True
    """
    distinct, counts = np.unique(values[np.isfinite(values)], return_counts=True)
    if not len(distinct):
        return None
    steps = _steps(distinct, counts, times)
    digits, apart = _digits(distinct), float(distinct[-1] - distinct[0])
    largest = float(np.abs(distinct).max())
    distinct, weights = _thinned(distinct, counts)
    for step, offset in steps:
        # A lattice finer than the floats themselves, or with two points or fewer to stand on, says nothing.
        fine = digits > 0 and apart / step > FINEST
        if fine or digits * largest / step > TOLERANCE or 0 < apart < step:
            continue
        found = Lattice(step, offset, digits)
        if weights[found.holds(distinct)].sum() >= HELD * weights.sum():
            return found
    return None


def off_lattice(real: Floats, other: Floats, *, times: bool = False) -> float:
    """Return the share of the other values that lie off the lattice of the real ones; 0 where those have none.

    Swapped, it is the share of real values that a coarser table cannot hold.

    Examples
    --------
    >>> off_lattice(np.arange(50.0), np.array([1.0, 2.0, 2.5, np.nan, 99.0]))
    0.25
    """
    found, present = lattice(real, times=times), other[~np.isnan(other)]
    return 0.0 if found is None or not len(present) else float(1 - found.holds(present).mean())


def _digits(distinct: Floats) -> float:
    """Return the relative error of the floats that hold these values."""
    if not np.any(distinct % 1):
        return 0.0
    with np.errstate(over="ignore"):
        return SINGLE if np.all(distinct == distinct.astype(np.float32)) else DOUBLE


def _thinned(distinct: Floats, counts: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return at most some thousands of the values, drawn at random as every fifth might be a multiple of five."""
    weights = counts.astype(np.float64)
    if len(distinct) > FEW:
        weights[np.argmax(counts)] = 0
    if len(distinct) > DISTINCT:
        kept = np.sort(np.random.PCG64(0).random_raw(len(distinct)).argsort()[:DISTINCT])
        distinct, weights = distinct[kept], weights[kept]
    return distinct, weights


def _steps(distinct: Floats, counts: NDArray[np.int64], times: bool) -> list[tuple[float, float]]:
    """Return steps and offsets, coarse ones first; few values are no evidence for a coarse step."""
    steps = TIMES + DECIMALS[DECIMALS.index(1e5) :] if times else DECIMALS
    if len(distinct) < FEW:
        one = SECOND if times else 1.0
        return [(s, 0.0) for s in steps if s <= one and np.isclose(np.log10(s), np.round(np.log10(s)))]
    gap = _common_gap(distinct)
    gap = next((s for s in steps if abs(s - gap) < 1e-6 * s), gap)  # 0.0100001 is 0.01, but for the floats
    offset = float(distinct[np.argmax(counts)]) % gap if gap > 0 else 0.0
    own = {(gap, 0.0), (gap, offset)} if gap > 0 else set()
    return sorted(own.union((s, 0.0) for s in steps), key=lambda found: (-found[0], found[1]))


def _common_gap(distinct: Floats) -> float:
    """Return the most common gap between neighbouring values, to six digits; 0 where no gap is common."""
    gaps = np.diff(distinct)
    unit = 10.0 ** (np.floor(np.log10(gaps)) - 6)
    _, place, counts = np.unique(np.round(gaps / unit) * unit, return_inverse=True, return_counts=True)
    most = int(np.argmax(counts))
    return float(np.median(gaps[place == most])) if counts[most] >= max(FEW, 0.05 * len(gaps)) else 0.0


def granularity(case: Case) -> Result:
    """FID31: 1 - the worst of three shares, mean over columns of numbers: off the lattice, new values, repetition.

    Off the lattice: values that are not rounded as train's. New: values that train does not have, in columns whose
    values nearly all repeat. Repetition: how much more or less often a value stands again, at equal numbers of rows.
    """
    columns, caveats = columns_of(case, continuous=True, exact=True)
    kinds = case.schema
    lattices = [
        lattice(grid[real[:-1] > 0], times=kinds[name].kind is Kind.DATETIME)
        for name, grid, real in zip(columns.names, columns.grids, columns.counts("train"), strict=True)
    ]
    on = [None if found is None else found.holds(g) for found, g in zip(lattices, columns.grids, strict=True)]

    def score(j: int, real: Floats, other: Floats) -> float:
        return 1 - max(parts(on[j], real[:-1], other[:-1]).values())

    found = beside_columns(case, "FID31", columns, score)
    pairs = zip(on, columns.counts("train"), columns.counts("synthetic"), strict=True)
    apart = [parts(held, real[:-1], other[:-1]) for held, real, other in pairs]
    lines = column_lines(found, columns.names, step=[None if x is None else x.step for x in lattices], parts=apart)
    return found.result(low=0.0, high=1.0, breakdown={"columns": lines}, caveats=(*caveats, *columns.caveats))


def parts(on: NDArray[np.bool_] | None, real: Floats, other: Floats) -> dict[str, float]:
    """Return the shares that granularity is made of, each in [0, 1], 0 being as in train.

    Parameters
    ----------
    on : (k,) bool or None
        Which values lie on the real lattice; None where there is none.
    real, other : (k,) float64
        Counts of the values.
    """
    if not real.sum() or not other.sum():
        return {"off_lattice": float("nan")}
    share = other / other.sum()
    off = 0.0 if on is None else float(share[~on].sum())
    closed = real[real == 1].sum() < OPEN * real.sum()
    new = float(share[real == 0].sum()) if closed else 0.0
    m = int(min(real.sum(), other.sum()))
    again = [repeated(side[side > 0].astype(np.int64), int(side.sum()), m) for side in (real, other)]
    return {"off_lattice": off, "new": new, "repetition": abs(again[0] - again[1])}
