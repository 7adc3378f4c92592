"""Columns as ranks among their distinct values: every score of a single column is a score of two lists of counts.

Counting ranks replaces sorting values. Sorting happens once for each case, and the tens of draws, half-samples and
re-splits behind a score, its reference and its noise then cost a count each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.beside import Measured, beside
from fidelia.measure.result import Caveat
from fidelia.measure.statistics.resampling import draws

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.values import Values

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int32]
    ColumnScore = Callable[[int, Floats, Floats], float]

FINEST = 65_536
"""Distinct values kept of a column; of more, pooled quantiles, which moves no distribution by more than 1 / FINEST."""
MOST = 200_000
"""Rows of each table that scores of columns look at."""
SHOWN = 40
WORST = 20


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """Some columns of the three tables as ranks.

    Parameters
    ----------
    names : list of str
    grids : list of (k,) float64
        The distinct values of each column in ascending order (of a category: its codes).
    continuous : (columns,) bool
    sides : dict of (n, columns) int32
        ``"train"``, ``"synthetic"`` and ``"holdout"``: positions in the grids; missing has the position ``k``.
    thinned : bool
        Whether a table had more rows than are looked at.
    """

    names: list[str]
    grids: list[Floats]
    continuous: NDArray[np.bool_]
    sides: dict[str, Codes]
    thinned: bool = False

    def of(self, chosen: Sequence[int]) -> Ranked:
        """Return these columns alone."""
        at = list(chosen)
        sides = {name: side[:, at] for name, side in self.sides.items()}
        return Ranked(
            [self.names[i] for i in at], [self.grids[i] for i in at], self.continuous[at], sides, self.thinned
        )

    @property
    def caveats(self) -> tuple[Caveat, ...]:
        """What to say where not all rows are looked at."""
        return sampled(MOST if self.thinned else None)

    def counts(self, side: str) -> list[Floats]:
        """Return how often each value stands in a table, missing last, by column."""
        return [count(self.sides[side][:, j], len(grid)) for j, grid in enumerate(self.grids)]


def ranked(case: Case, finest: int | None = FINEST) -> Ranked:
    """Return the modelled columns of a case with a holdout as ranks. Infinite numbers count as missing.

    Parameters
    ----------
    finest : int or None
        Distinct values kept of a column.
    """
    columns = list(case.values.values())
    names = ("train", "synthetic", "holdout")
    rows = {}
    for name in names:
        rows[name] = next(draws(case.rng.child("ranked").child(name), len(getattr(case, name)), MOST, 1))
    found = [_ranks(values, [getattr(values, name)[rows[name]] for name in names], finest) for values in columns]
    sides = {
        name: np.column_stack([ranks[i] for _, ranks in found]) if found else np.zeros((len(rows[name]), 0), np.int32)
        for i, name in enumerate(names)
    }
    continuous = np.array([values.levels is None for values in columns], dtype=bool)
    thinned = any(len(rows[name]) < len(getattr(case, name)) for name in names)
    return Ranked([values.name for values in columns], [grid for grid, _ in found], continuous, sides, thinned)


def _ranks(values: Values, parts: list[NDArray[Any]], finest: int | None) -> tuple[Floats, list[Codes]]:
    if values.levels is not None:
        return np.arange(len(values.levels), dtype=np.float64), [part.astype(np.int32) for part in parts]
    pooled = np.concatenate(parts)
    known = np.isfinite(pooled)
    grid, place = np.unique(pooled[known], return_inverse=True)
    if finest is not None and len(grid) > finest:
        grid, place = _coarser(grid, place, finest)
    ranks = np.full(len(pooled), len(grid), dtype=np.int32)
    ranks[known] = place
    return grid, np.split(ranks, np.cumsum([len(part) for part in parts])[:-1])


def _coarser(grid: Floats, place: NDArray[np.int64], finest: int) -> tuple[Floats, NDArray[np.int64]]:
    """Join neighbouring values into bins of equal weight, each standing at its mean."""
    weight = np.bincount(place, minlength=len(grid)).astype(np.float64)
    share = (np.cumsum(weight) - weight / 2) / weight.sum()
    bins = np.unique((share * finest).astype(np.int64), return_inverse=True)[1]
    means = np.bincount(bins, weights=weight * grid) / np.bincount(bins, weights=weight)
    return means, bins[place]


def count(codes: Codes, size: int) -> Floats:
    """Return how often each of ``size`` values stands in a column, and how often a value is missing."""
    return np.bincount(codes, minlength=size + 1).astype(np.float64)


def columns_of(case: Case, *, continuous: bool | None = None, exact: bool = False) -> tuple[Ranked, tuple[Caveat, ...]]:
    """Return the columns that can be scored, and a caveat that names those without values on a side.

    Parameters
    ----------
    continuous : bool or None
        Only numbers and times, which need present values in train and synthetic; only categories, where missing is
        a level as any other; None for all.
    exact : bool
        Keep every distinct value, however many.

    Raises
    ------
    NotApplicable
        ``UNSUPPORTED_TYPE`` without such columns, ``ALL_MISSING`` when none has values.
    """
    every = case.contrast.case.ranked
    if exact and max(map(len, every.grids), default=0) >= FINEST // 2:
        every = ranked(case.contrast.case, finest=None)
    wanted = [j for j in range(len(every.names)) if continuous is None or every.continuous[j] == continuous]
    if not wanted:
        what = {None: "values", True: "numbers or times", False: "categories"}[continuous]
        raise NotApplicable("UNSUPPORTED_TYPE", f"no column of {what}")
    some = every.of(wanted)
    if continuous is not True:
        return some, ()
    empty = [
        bool(a[:-1].sum() == 0 or b[:-1].sum() == 0)
        for a, b in zip(*map(some.counts, ("train", "synthetic")), strict=True)
    ]
    gone = [name for name, nothing in zip(some.names, empty, strict=True) if nothing]
    if len(gone) == len(some.names):
        raise NotApplicable("ALL_MISSING", "no column of numbers or times has values in both train and synthetic")
    text = f"Not scored, as train or synthetic has no value there: {', '.join(gone)}."
    kept = some.of([j for j, nothing in enumerate(empty) if not nothing])
    return kept, (Caveat("ALL_MISSING", text),) if gone else ()


def beside_columns(case: Case, code: str, columns: Ranked, score: ColumnScore, **how: Any) -> Measured:
    """Score each column by its counts in train rows and in other rows, beside fresh real rows.

    Parameters
    ----------
    score : callable
        From the column's position, train's counts and the other counts (missing last) to a number.
    """
    sizes = [len(grid) for grid in columns.grids]

    def scores(real: Codes, other: Codes) -> Floats:
        return np.array([score(j, count(real[:, j], size), count(other[:, j], size)) for j, size in enumerate(sizes)])

    return beside(case, code, lambda _: columns.sides, scores, **how)


def most(sides: Iterable[NDArray[Any]]) -> int | None:
    """Return how many rows of a side to look at where there are very many, else None."""
    return MOST if max(len(side) for side in sides) > MOST else None


def sampled(n: int | None) -> tuple[Caveat, ...]:
    """Return the caveat that says how many rows were looked at, where not all were."""
    return (
        ()
        if n is None
        else (Caveat("SUBSAMPLED", f"At most {n:,} rows of each table were looked at, drawn at random."),)
    )


def column_lines(found: Measured, names: Sequence[str], **more: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the breakdown by column: at most forty, those farthest from their reference, in the table's order."""
    gap = np.abs(found.values - found.references)[: len(names)]
    shown = np.sort(np.argsort(-gap, kind="stable")[:SHOWN])
    return [
        {"column": names[j], "value": found.values[j], "reference": found.references[j], "sd": found.noises[j]}
        | {key: parts[j] for key, parts in more.items()}
        for j in shown
    ]


def pair_lines(found: Measured, pairs: Sequence[tuple[str, str]], start: int = 0) -> list[dict[str, Any]]:
    """Return the breakdown by pair: the twenty that are farthest from their reference, worst first.

    Parameters
    ----------
    start : int
        The part of `found` that the first pair is.
    """
    values, references = (side[start : start + len(pairs)] for side in (found.values, found.references))
    order = np.argsort(-np.abs(values - references), kind="stable")[:WORST]
    return [
        {"a": pairs[i][0], "b": pairs[i][1], "value": values[i], "reference": references[i]} for i in order.tolist()
    ]
