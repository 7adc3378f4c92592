"""Columns cut into cells, and the conditions that can be said of them: levels, ranges, missing values.

A condition never singles out what fewer than ten real rows hold: rarer levels share one cell, and the ends of
ranges are rounded numbers unless many rows hold that very value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.diagnosis.words import FEW, equals, number
from fidelia.schema.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from fidelia.measure.values import Values

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

CUTS = np.array([0.002, 0.02, 0.05, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 0.95, 0.98, 0.998])
HEAVY = 0.05
APART = 0.015
LEVELS = 64
CLOSED = 0.01
MOST_CUT = 100_000
DAY = 86_400e6


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """One column as cells, and the conditions on it.

    Parameters
    ----------
    name : str
    codes : dict of str to (n,) int64
        The cell of each row, by side.
    cells : int
    atoms : (conditions, cells) bool
        Which cells each condition allows.
    texts : tuple of str
        Each condition in words.
    discrete : bool
        Whether the column has levels.
    """

    name: str
    codes: dict[str, Ints]
    cells: int
    atoms: NDArray[np.bool_]
    texts: tuple[str, ...]
    discrete: bool


def axes(columns: Iterable[Values]) -> list[Axis]:
    """Return the columns as axes; one on which nothing can be said is left out."""
    found = [_line(values) if values.levels is None else _levels(values) for values in columns]
    return [axis for axis in found if len(axis.texts) > 1]


def _sides(values: Values) -> dict[str, NDArray[np.generic]]:
    sides = {"train": values.train, "synthetic": values.synthetic}
    return sides if values.holdout is None else {**sides, "holdout": values.holdout}


def _levels(values: Values) -> Axis:
    """Cells: the frequent levels, all rare ones together, all that no real row has, and missing.

    Where fresh real rows would bring new levels too (Good's estimate), those that no real row has are rare ones.
    """
    sides = {name: side.astype(np.int64) for name, side in _sides(values).items()}
    levels = values.levels or ()
    counts = {name: np.bincount(side, minlength=values.codes)[:-1] for name, side in sides.items()}
    real = counts["train"] + counts.get("holdout", 0)
    kept = np.flatnonzero(real >= FEW)
    kept = np.sort(kept[np.argsort(-real[kept], kind="stable")[:LEVELS]])
    rare, foreign, missing = len(kept), len(kept) + 1, len(kept) + 2
    cell = np.where((real == 0) & ((real == 1).sum() < CLOSED * real.sum()), foreign, rare)
    cell[kept] = np.arange(len(kept))
    cell = np.append(cell, missing)
    codes = {name: cell[side] for name, side in sides.items()}
    texts = [equals(values.name, levels[i]) for i in kept]
    texts += [f"a rare {values.name}", f"a {values.name} that no real row has", f"{values.name} missing"]
    return _present(values.name, codes, np.eye(missing + 1, dtype=bool), texts, discrete=True)


def _line(values: Values) -> Axis:
    """Cells: ranges between rounded quantiles, single values that many rows hold, and missing."""
    sides = {name: np.asarray(side, dtype=np.float64) for name, side in _sides(values).items()}
    dated = values.kind is Kind.DATETIME
    cuts = _cuts(sides["train"], sides["synthetic"], dated=dated)
    cells = len(cuts) + 2  # below, between, above; missing is the last
    codes = {name: np.searchsorted(cuts, side, side="right") for name, side in sides.items()}
    codes = {name: np.where(np.isnan(sides[name]), cells - 1, code) for name, code in codes.items()}
    whole = _whole(sides["train"])
    ranges = [(i, j) for i in range(cells - 1) for j in range(i, cells - 1) if j - i < cells - 2]
    atoms = np.zeros((len(ranges) + 1, cells), dtype=bool)
    for row, (i, j) in enumerate(ranges):
        atoms[row, i : j + 1] = True
    atoms[-1, -1] = True
    ends = np.concatenate([[-np.inf], cuts, [np.inf]])
    texts = [_range(values.name, ends[i], ends[j + 1], whole=whole, dated=dated) for i, j in ranges]
    return _present(values.name, codes, atoms, [*texts, f"{values.name} missing"], discrete=False)


def _present(name: str, codes: dict[str, Ints], atoms: NDArray[np.bool_], texts: list[str], *, discrete: bool) -> Axis:
    """Return the axis without conditions that hold for no row."""
    count = sum(np.bincount(code, minlength=atoms.shape[1]) for code in codes.values())
    held = np.flatnonzero(atoms @ np.asarray(count) > 0)
    return Axis(name, codes, atoms.shape[1], atoms[held], tuple(texts[i] for i in held), discrete)


def _whole(values: Floats) -> bool:
    known = values[np.isfinite(values)]
    return bool(len(known)) and bool((known == np.round(known)).all())


def _cuts(train: Floats, synthetic: Floats, *, dated: bool) -> Floats:
    """Return ascending cuts: rounded quantiles of both sides, and both ends of each value that many rows hold."""
    thinned = [side[:: 1 + len(side) // MOST_CUT] for side in (train, synthetic)]
    known = [side[np.isfinite(side)] for side in thinned]
    known = [np.sort(side) for side in known if len(side)]
    if not known:
        return np.empty(0)
    whole = _whole(train)
    heavy = _heavy(known, whole)
    drawn = np.unique(np.concatenate([_quantiles(side) for side in known]))
    if dated and drawn[-1] - drawn[0] > 30 * DAY:
        loose = np.ceil(drawn / DAY) * DAY
    else:
        loose = np.ceil(drawn) if whole and not dated else _rounded(drawn)
    kept = list(heavy)
    for cut in loose:
        if all(_between(known, cut, other) >= APART for other in kept):
            kept.append(float(cut))
    return np.unique(np.asarray(kept))


def _quantiles(values: Floats) -> Floats:
    """Return quantiles of sorted values, none within the ten outermost rows."""
    few = min(FEW / len(values), 0.5)
    return np.asarray(np.quantile(values, np.clip(CUTS, few, 1 - few), method="inverted_cdf"))


def _heavy(known: list[Floats], whole: bool) -> list[float]:
    """Return cuts before and after each value that at least 5 % of a side hold."""
    found = set()
    for side in known:
        value, count = np.unique(side, return_counts=True)
        found |= set(value[(count >= HEAVY * len(side)) & (count >= FEW)].tolist())
    after = [v + 1 if whole and abs(v) < 2**52 else float(np.nextafter(v, np.inf)) for v in found]
    return sorted({*found, *after})


def _between(known: list[Floats], a: float, b: float) -> float:
    """Return the largest share of a side that lies between two cuts."""
    low, high = min(a, b), max(a, b)
    return float(max((np.searchsorted(x, high) - np.searchsorted(x, low)) / len(x) for x in known))


def _rounded(cuts: Floats) -> Floats:
    """Round each cut to a tenth of the way to its nearer neighbour."""
    if len(cuts) < 2:
        return np.array([float(f"{cut:.2g}") for cut in cuts])
    gap = np.diff(cuts)
    near = np.minimum(np.append(gap, np.inf), np.insert(gap, 0, np.inf))
    places = np.ceil(-np.log10(np.maximum(near, 1e-300))).astype(int)
    return np.array([_round(float(cut), int(place)) for cut, place in zip(cuts, places, strict=True)])


def _round(cut: float, place: int) -> float:
    return round(cut, min(place, 300)) if np.isfinite(cut) else cut


def _range(name: str, low: float, high: float, *, whole: bool, dated: bool) -> str:
    """Say ``low <= x < high`` as people do."""
    if whole and not dated and np.isfinite(high):
        low, high = low, high - 1
        if low == high:
            return f"{name}={number(low)}"
        return f"{name}<={number(high)}" if low == -np.inf else f"{name} {number(low)}..{number(high)}"
    at = float(np.nextafter(high, -np.inf))
    if low == at:
        return f"{name}={number(low, dated=dated)}"
    if np.isfinite([low, high]).all() and not _after(low) and not _after(high):
        return f"{name} {number(low, dated=dated)}..{number(high, dated=dated)}"
    if low == -np.inf:
        return f"{name}{_end(high, dated, '<', '<=')}"
    above = f"{name}{_end(low, dated, '>=', '>')}"
    return above if high == np.inf else f"{above} and {_end(high, dated, '<', '<=')}"


def _end(cut: float, dated: bool, at: str, beyond: str) -> str:
    """Say one end; a cut right after a value that many rows hold is said of that value."""
    before = float(np.nextafter(cut, -np.inf))
    return f"{beyond}{number(before, dated=dated)}" if _after(cut) else f"{at}{number(cut, dated=dated)}"


def _after(cut: float) -> bool:
    """Whether a cut stands right after a value: the number before it is the shorter one to write."""
    before = float(np.nextafter(cut, -np.inf))
    return bool(np.isfinite(cut)) and len(repr(before)) < len(repr(float(cut)))
