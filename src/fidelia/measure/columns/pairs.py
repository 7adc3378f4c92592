"""Pair trends: is each pair of columns distributed together as in train?

All contingency tables come from one product of indicator matrices, so that fifty columns cost no more than one
matrix product over the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.result import Result
from fidelia.measure.statistics.intervals import normal
from fidelia.measure.statistics.resampling import draws

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.values import Values

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int32]

BINS, LEVELS = 10, 50
SHOWN, WORST = 40, 10
RESPLITS = 5
CHUNK = 8192


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """Columns as few codes each: quantile bins of train for numbers, the most frequent levels for categories.

    Parameters
    ----------
    start : (columns,) int64
        First indicator of each column.
    width : int
        Number of indicators.
    train, synthetic, fresh : (n, columns) int32
        The indicator of each cell.
    """

    names: list[str]
    start: NDArray[np.int64]
    width: int
    train: Codes
    synthetic: Codes
    fresh: Codes


def pair_trends(case: Case) -> Result:
    """FID10: 1 - total variation of the two-way table, mean over pairs of columns; missing is a level."""
    side = case.contrast
    coded = code(side.case)
    rng = case.rng.child("FID10")
    real = tables(coded.train, coded.width)
    rows = draws(rng, len(coded.synthetic), side.rows, 1)
    made = tables(coded.synthetic[next(rows)], coded.width)
    fresh = tables(coded.fresh[next(draws(rng.child("fresh"), len(coded.fresh), side.rows, 1))], coded.width)
    scores, expected = likeness(real, made, coded.start), likeness(real, fresh, coded.start)
    value, reference = _mean(scores), _mean(expected)
    sd = _noise(coded, rng, side.rows)
    full = tables(coded.synthetic, coded.width) if len(coded.synthetic) > side.rows else made
    return Result(
        value=value,
        interval=normal(value, sd, 0.0, 1.0),
        reference=side.reference(reference, sd),
        n=side.sizes,
        caveats=side.caveats,
        breakdown={
            **_maps(coded, scores, expected, association(real, coded.start), association(full, coded.start)),
            "full": _mean(likeness(real, full, coded.start)),
        },
    )


def code(case: Case) -> Coded:
    """Return the columns of a case as few codes each.

    Raises
    ------
    NotApplicable
        When there are fewer than two columns.
    """
    columns = list(case.values.values())
    if len(columns) < 2:
        raise NotApplicable("UNSUPPORTED_TYPE", f"{len(columns)} columns of values; a pair needs two")
    found = [_binned(v) if v.levels is None else few_levels(v) for v in columns]
    sizes = [int(max(part.max(initial=0) for part in parts)) + 1 for parts in found]
    start = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    sides = [np.column_stack([parts[i] for parts in found]) + start.astype(np.int32) for i in range(3)]
    return Coded([v.name for v in columns], start, int(sum(sizes)), *(side.astype(np.int32) for side in sides))


def _binned(values: Values) -> list[Codes]:
    """Put numbers into train's quantile bins; missing is the last code."""
    present = values.train[~np.isnan(values.train)]
    inner = np.unique(np.quantile(present, np.arange(1, BINS) / BINS)) if len(present) else np.array([])
    return [
        np.where(np.isnan(side), len(inner) + 1, np.searchsorted(inner, side, side="left")).astype(np.int32)
        for side in _sides(values)
    ]


def few_levels(values: Values) -> list[Codes]:
    """Keep train's most frequent levels; the others share a code, missing has its own."""
    count = np.bincount(values.train, minlength=values.codes)
    count[-1] = 0
    place = np.full(values.codes, LEVELS, dtype=np.int32)
    kept = np.argsort(-count, kind="stable")[:LEVELS]
    kept = kept[count[kept] > 0]
    place[place == LEVELS] = len(kept)
    place[kept] = np.arange(len(kept))
    place[-1] = len(kept) + 1
    return [place[side] for side in _sides(values)]


def _sides(values: Values) -> list[NDArray[Any]]:
    assert values.holdout is not None
    return [values.train, values.synthetic, values.holdout]


def tables(cells: Codes, width: int) -> Floats:
    """Return the shares of all two-way tables as one ``(width, width)`` matrix of blocks."""
    total = np.zeros((width, width))
    for at in range(0, len(cells), CHUNK):
        part = cells[at : at + CHUNK]
        indicator = np.zeros((len(part), width), dtype=np.float32)
        indicator[np.arange(len(part))[:, None], part] = 1
        total += indicator.T @ indicator
    return total / max(len(cells), 1)


def _blocks(matrix: Floats, start: NDArray[np.int64]) -> Floats:
    """Sum a matrix over the blocks of each pair of columns."""
    return np.asarray(np.add.reduceat(np.add.reduceat(matrix, start, axis=0), start, axis=1))


def likeness(real: Floats, other: Floats, start: NDArray[np.int64]) -> Floats:
    """Return 1 - total variation of each pair, ``(columns, columns)``; the diagonal holds the columns' own."""
    return np.asarray(1 - _blocks(np.abs(real - other), start) / 2)


def association(shares: Floats, start: NDArray[np.int64]) -> Floats:
    """Return Cramer's V of each pair, in [0, 1]: 0 independent (up to chance), 1 one determines the other."""
    margin = shares.diagonal()
    expected = np.outer(margin, margin)
    ratio = np.divide(shares**2, expected, out=np.zeros_like(shares), where=expected > 0)
    squared = np.maximum(_blocks(ratio, start) - 1, 0)
    used = np.add.reduceat((margin > 0).astype(float), start)
    least = np.minimum.outer(used, used) - 1
    return np.asarray(np.sqrt(np.divide(squared, least, out=np.zeros_like(squared), where=least > 0)).clip(0, 1))


def _mean(scores: Floats) -> float:
    return float(scores[np.triu_indices(len(scores), 1)].mean())


def _noise(coded: Coded, rng: Any, m: int) -> float:
    """Return the spread of the score of fresh real rows over re-splits of train and fresh rows."""
    generator = rng.child("resplit").generator()
    pooled = np.concatenate([coded.train, coded.fresh])
    every, n = tables(pooled, coded.width), len(pooled)
    found = []
    for _ in range(RESPLITS):
        part = tables(pooled[generator.choice(n, m, replace=False)], coded.width)
        found.append(_mean(likeness((every * n - part * m) / (n - m), part, coded.start)))
    return float(np.std(found, ddof=1))


def _maps(coded: Coded, scores: Floats, expected: Floats, real: Floats, made: Floats) -> dict[str, Any]:
    """Return the heat maps of at most forty columns (the worst ones, in the table's order) and the worst pairs."""
    shown = np.sort(np.argsort(scores.mean(axis=0), kind="stable")[:SHOWN])
    a, b = np.triu_indices(len(scores), 1)
    order = np.argsort((scores - expected)[a, b], kind="stable")[:WORST]
    square = np.ix_(shown, shown)
    return {
        "columns": [coded.names[i] for i in shown],
        "score": scores[square],
        "real": real[square],
        "synthetic": made[square],
        "worst": [
            {"a": coded.names[i], "b": coded.names[j], "value": scores[i, j], "reference": expected[i, j]}
            for i, j in zip(a[order], b[order], strict=True)
        ],
    }
