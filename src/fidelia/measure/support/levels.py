"""Where scores lie among calibration scores, and how far such levels are from uniform: exact, without a grid.

What alpha-precision, beta-recall and the composites that build on them share: `Levels` and `levels`; the exact
integral `signed_parts` with its parts "too typical" and "too atypical"; `integrate`, an integrated score with standard
error, curve and debiased forms; `p_values`, the test against the law under no difference.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.statistics.bridge import BRIDGE_MEAN, BRIDGE_SD, bridge_p, effective, null_gap
from fidelia.measure.statistics.intervals import Z

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

GRID = np.linspace(0, 1, 101)


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Where scores lie among calibration scores.

    Parameters
    ----------
    low, high : (n,) float64
        Share of calibration rows that are strictly more typical, and that are at least as typical.
    calibration : int
        Number of calibration rows.
    """

    low: Floats
    high: Floats
    calibration: int

    @property
    def rows(self) -> Floats:
        """One level per row: the middle of its ties; 1 is beyond every calibration row."""
        return (self.low + self.high) / 2

    @property
    def spread(self) -> Floats:
        """Sorted levels, tied rows spread evenly over the interval that they share."""
        order = np.lexsort((self.high, self.low))
        low, high = self.low[order], self.high[order]
        new = np.concatenate([[True], (np.diff(low) != 0) | (np.diff(high) != 0)])
        start = np.flatnonzero(new)
        size = np.diff(np.append(start, len(low)))
        place = np.arange(len(low)) - np.repeat(start, size)
        return np.sort(low + (high - low) * (place + 0.5) / np.repeat(size, size))

    def take(self, rows: Ints) -> Levels:
        """Return the levels of some rows."""
        return Levels(self.low[rows], self.high[rows], self.calibration)


def levels(scores: Floats, calibration: Floats) -> Levels:
    """Return where `scores` lie among `calibration`; low is typical."""
    ordered = np.sort(calibration)
    n = len(ordered)
    low, high = (np.searchsorted(ordered, scores, side=side) / n for side in ("left", "right"))
    return Levels(low, high, n)


def signed_parts(sorted_levels: Floats) -> tuple[float, float]:
    """Return S+ (too typical) and S- (too atypical) of sorted levels, without a grid.

    Twice the areas of the curve P above and below the diagonal; 1 - S+ - S- is the integrated score, which equals
    1 - 2 W1 of the levels and the uniform law.

    Examples
    --------
    >>> signed_parts(np.zeros(4)), signed_parts(np.ones(4))
    ((1.0, 0.0), (0.0, 1.0))
    """
    edges = np.concatenate([[0.0], sorted_levels, [1.0]])
    low, high = edges[:-1], edges[1:]
    share = np.arange(len(low)) / max(len(sorted_levels), 1)
    inside = np.clip(share, low, high)
    above = ((inside - low) * (2 * share - low - inside)).sum()
    below = ((high - inside) * (inside + high - 2 * share)).sum()
    return float(above), float(below)


def curve(sorted_levels: Floats) -> Floats:
    """Return P at 101 levels; at level 1 the share of rows that are not beyond every calibration row."""
    share = np.searchsorted(sorted_levels, GRID, side="right") / len(sorted_levels)
    share[-1] = np.searchsorted(sorted_levels, 1.0, side="left") / len(sorted_levels)
    return np.asarray(share)


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """An integrated score: the mean over one or more draws of rows.

    Parameters
    ----------
    plus, minus : float
        S+ and S-.
    sd : float
        Standard error, given the reference rows.
    n_eff : float
        Effective number of rows of one draw.
    curve : (101,) float64
        P at the levels of `GRID`.
    """

    plus: float
    minus: float
    sd: float
    n_eff: float
    curve: Floats

    @property
    def value(self) -> float:
        """1 - S+ - S-, in [0, 1]."""
        return min(1.0, max(0.0, 1 - self.plus - self.minus))

    @property
    def _null(self) -> float:
        """Mean of 1 - IP under equal laws."""
        return float(2 * BRIDGE_MEAN / np.sqrt(self.n_eff))

    @property
    def one_sided(self) -> float:
        """1 - S- + z / 2, at most 1: only what is too atypical counts; z is the mean of 1 - IP under equal laws."""
        return float(min(1.0, 1 - self.minus + self._null / 2))

    @property
    def two_sided(self) -> float:
        """1 - (1 - IP - z) / (1 - z), at most 1: the value with the chance part taken out, 0 staying 0."""
        z = self._null
        return float(min(1.0, 1 - (1 - self.value - z) / (1 - z))) if z < 1 else 1.0

    @property
    def noise(self) -> float:
        """Standard deviation of the value under equal laws."""
        return float(2 * BRIDGE_SD / np.sqrt(self.n_eff))

    @property
    def band(self) -> Floats:
        """Half the width of the pointwise 95 % band of the curve under equal laws, ``(101,)``."""
        return np.asarray(Z * np.sqrt(GRID * (1 - GRID) / self.n_eff))


def integrate(found: Iterable[Levels]) -> Score:
    """Average the exact integrals of one or more draws."""
    parts, spreads, curves, sizes = [], [], [], []
    for drawn in found:
        ordered = drawn.spread
        parts.append(signed_parts(ordered))
        curves.append(curve(ordered))
        spreads.append(_sd(ordered, drawn.calibration))
        sizes.append(effective(len(ordered), drawn.calibration))
    plus, minus = np.mean(parts, axis=0)
    return Score(float(plus), float(minus), float(np.mean(spreads)), float(sizes[0]), np.mean(curves, axis=0))


def _sd(ordered: Floats, calibration: int) -> float:
    """Return the standard error of an integrated score: delta method for rows and calibration, at least the null's.

    With s(t) the sign of P_t - t, a row at level a moves the integral by the integral of s over [a, 1], and a
    calibration row at level u by the mean over rows of s(a) 1{a >= u}.
    """
    m = len(ordered)
    sign = np.sign(curve(ordered) - GRID)
    tail = np.concatenate([[0.0], np.cumsum((sign[1:] + sign[:-1])[::-1] / 2)])[::-1] / 100
    rows = np.interp(ordered, GRID, tail)
    at = sign[np.minimum((ordered * 100).astype(int), 100)]
    after = np.concatenate([np.cumsum(at[::-1])[::-1], [0.0]]) / m
    calibrated = after[np.searchsorted(ordered, GRID)]
    found = 2 * np.sqrt(rows.var() / m + calibrated.var() / calibration)
    return float(max(found, null_gap(m, calibration)[1]))


def p_values(found: Levels) -> dict[str, float]:
    """Return the p-values of any difference, of too typical rows, and of too atypical rows.

    The levels must be uniform under equal laws: calibrated on rows that are exchangeable with the scored ones, given
    all that the scores rest on. Ties make the values conservative.
    """
    plus, minus = signed_parts(found.spread)
    sizes = len(found.low), found.calibration
    return {
        "p_value": bridge_p(plus + minus, *sizes),
        "p_plus": bridge_p(plus, *sizes, one_sided=True),
        "p_minus": bridge_p(minus, *sizes, one_sided=True),
    }
