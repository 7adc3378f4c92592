"""Associations of pairs of columns: correlation, Cramer's V, correlation ratio, mutual information.

Each score is the mean over pairs of the absolute difference between the association in train and in the other rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.beside import beside
from fidelia.measure.columns.pairs import Coded, code, few_levels
from fidelia.measure.columns.ranked import Ranked, columns_of, count, most, pair_lines, sampled
from fidelia.measure.result import Caveat

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.result import Result
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int32]
    Cells = NDArray[np.int64]
    Pairs = list[tuple[int, int]]

MOST_PAIRS = 400
"""Pairs of columns looked at; of more, so many are drawn at random."""
SPREADS = 10
"""Half-samples and re-splits behind the intervals of scores that look at many pairs."""
WEAK = 0.1
"""No pair beyond this correlation: whatever is independent scores well."""


def correlations(case: Case) -> Result:
    """FID07: the difference of Pearson's and Spearman's correlations, absolute, mean over pairs of numbers."""
    columns, caveats = columns_of(case, continuous=True)
    width, sizes = len(columns.names), [len(grid) for grid in columns.grids]
    if width < 2:
        raise NotApplicable("UNSUPPORTED_TYPE", "a correlation needs two columns of numbers or times with values")
    seen = {side: _numbers(columns, side) for side in columns.sides}
    above = np.triu_indices(width, 1)
    known = ~np.isnan(correlation(seen["train"][:, :width])[above])
    pairs = (above[0][known], above[1][known])
    if not known.any():
        raise NotApplicable("DEGENERATE_COLUMN", "no two columns of numbers vary in train")

    def both(rows: Floats) -> Floats:
        ranks = mid_ranks(rows[:, width:], sizes)
        return np.concatenate([correlation(rows[:, :width])[pairs], correlation(ranks)[pairs]])

    real = both(seen["train"])
    found = beside(case, "FID07", lambda _: seen, lambda a, b: _apart(both(a), both(b)), spreads=SPREADS)
    names = [(columns.names[a], columns.names[b]) for a, b in zip(*pairs, strict=True)]
    kinds = {"Pearson": slice(0, len(names)), "Spearman": slice(len(names), None)}
    lines = [
        {"name": name, "value": found.values[part].mean(), "reference": found.references[part].mean()}
        for name, part in kinds.items()
    ]
    return found.result(
        low=0.0,
        high=2.0,
        breakdown={"pairs": pair_lines(found, names), "lines": lines},
        caveats=(*caveats, *columns.caveats, *_weak(real, len(seen["train"]))),
    )


def _weak(real: Floats, rows: int) -> tuple[Caveat, ...]:
    """Return the caveat for tables in which nothing correlates, where any table of independent columns scores well."""
    strongest = float(np.nanmax(np.abs(real)))
    if strongest >= max(WEAK, 3 / np.sqrt(rows)):
        return ()
    text = (
        f"The strongest correlation in train is {strongest:.2f}: independent columns score well, for want of a trend."
    )
    return (Caveat("NO_CORRELATION", text),)


def _numbers(columns: Ranked, side: str) -> Floats:
    """Return numbers, centred so that squares lose no digits, and ranks beside them."""
    ranks = columns.sides[side]
    raw = np.empty(ranks.shape)
    for j, (grid, counts) in enumerate(zip(columns.grids, columns.counts("train"), strict=True)):
        raw[:, j] = np.append(grid - (grid * counts[:-1]).sum() / counts[:-1].sum(), np.nan)[ranks[:, j]]
    return np.column_stack([raw, ranks])


def mid_ranks(ranks: Floats, sizes: Sequence[int]) -> Floats:
    """Return each column's ranks among its own present values, ties sharing their mean; NaN where missing."""
    out = np.empty(ranks.shape)
    for j, size in enumerate(sizes):
        codes = ranks[:, j].astype(np.int32)
        counts = count(codes, size)
        place = np.cumsum(counts) - (counts - 1) / 2
        place[-1] = np.nan
        out[:, j] = place[codes]
    return out


def correlation(rows: Floats) -> Floats:
    """Return Pearson's correlations over the rows in which both columns are present; NaN where one is constant.

    Parameters
    ----------
    rows : (n, columns) float64
        NaN is missing.

    Returns
    -------
    (columns, columns) float64
    """
    known = ~np.isnan(rows)
    middle = np.where(known, rows, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    x, seen = np.where(known, rows - middle, 0.0), known.astype(np.float64)
    n, sums, squares = seen.T @ seen, x.T @ seen, (x * x).T @ seen
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = squares - sums**2 / n
        # What is left of a constant column is the rounding of its sums.
        variance[~(variance > 1e-12 * squares)] = np.nan
        return np.asarray(np.clip((x.T @ x - sums * sums.T / n) / np.sqrt(variance * variance.T), -1, 1))


def _apart(real: Floats, other: Floats) -> Floats:
    """Return absolute differences; an association that only train has was lost, and counts as 0 in the other rows."""
    return np.asarray(np.abs(real - np.nan_to_num(other)))


def mixed_associations(case: Case) -> Result:
    """FID08: the difference of Cramer's V (categories) and of the correlation ratio (category and number)."""
    columns, _ = columns_of(case)
    coded = _few_levels(case)
    discrete = [j for j, name in enumerate(columns.names) if name in coded]
    numeric = [j for j in range(len(columns.names)) if columns.continuous[j]]
    every = [*combinations(discrete, 2), *((a, x) for a in discrete for x in numeric)]
    if not every:
        raise NotApplicable("UNSUPPORTED_TYPE", "these associations need a category and one more column")
    seen = {side: _mixed_side(case, side, columns.names, coded, numeric) for side in columns.sides}

    def score(rows: Floats, pairs: Pairs) -> Floats:
        parts = np.ascontiguousarray(rows.T)
        codes = {j: parts[j].astype(np.int64) for j in discrete}
        return np.array(
            [
                correlation_ratio(codes[a], parts[b])
                if columns.continuous[b]
                else cramers_v(table_of(codes[a], codes[b]))
                for a, b in pairs
            ]
        )

    return _compared(case, "FID08", seen, score, every, columns.names, high=1.0)


def _few_levels(case: Case) -> dict[str, list[Codes]]:
    """Return categories as codes of train's most frequent levels."""
    return {v.name: few_levels(v) for v in case.contrast.case.values.values() if v.levels is not None}


def _mixed_side(case: Case, side: str, names: list[str], coded: dict[str, list[Codes]], numeric: list[int]) -> Floats:
    at = ("train", "synthetic", "holdout").index(side)
    values = case.contrast.case.values
    out = np.column_stack([coded[name][at] if name in coded else getattr(values[name], side) for name in names])
    out = out.astype(np.float64)
    for j in numeric:
        train = values[names[j]].train
        known = train[np.isfinite(train)]
        out[:, j] -= known.mean() if len(known) else 0.0
    return out


def chosen(items: list[Any], rng: Rng, at_most: int = MOST_PAIRS) -> tuple[list[Any], tuple[Caveat, ...]]:
    """Return the items, or so many of them drawn at random and a caveat that says so."""
    if len(items) <= at_most:
        return items, ()
    kept = np.sort(rng.child("chosen").generator().choice(len(items), at_most, replace=False))
    text = f"{at_most} of {len(items):,} sets of columns were looked at, drawn at random."
    return [items[i] for i in kept], (Caveat("SUBSAMPLED", text),)


def _compared(
    case: Case,
    code: str,
    seen: dict[str, Any],
    score: Callable[[Any, Pairs], Floats],
    every: Pairs,
    names: list[str],
    high: float = np.inf,
) -> Result:
    """Compare the associations of pairs; `score` gives those of some rows, NaN where a column does not vary."""
    some, caveats = chosen(every, case.rng.child(code))
    defined = ~np.isnan(score(seen["train"], some))
    pairs = [pair for pair, known in zip(some, defined, strict=True) if known]
    if not pairs:
        raise NotApplicable("DEGENERATE_COLUMN", "no two columns of train vary")
    rows = most(seen.values())
    found = beside(
        case,
        code,
        lambda _: seen,
        lambda a, b: _apart(score(a, pairs), score(b, pairs)),
        most=rows,
        spreads=SPREADS,
    )
    lines = {"pairs": pair_lines(found, [(names[a], names[b]) for a, b in pairs])}
    return found.result(low=0.0, high=high, breakdown=lines, caveats=(*caveats, *sampled(rows)))


def table_of(a: NDArray[Any], b: NDArray[Any]) -> Floats:
    """Return the contingency table of two columns of codes."""
    rows, width = int(a.max(initial=0)) + 1, int(b.max(initial=0)) + 1
    return np.bincount(a * width + b, minlength=rows * width).reshape(rows, width).astype(np.float64)


def cramers_v(table: Floats) -> float:
    """Return Cramer's V with its bias removed, in [0, 1]; NaN where a column has one level.

    References
    ----------
    Bergsma (2013), Journal of the Korean Statistical Society 42, 323-328.

    Examples
    --------
    >>> cramers_v(np.array([[50.0, 0.0], [0.0, 50.0]]))
    1.0
    """
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    n, (r, k) = table.sum(), table.shape
    if min(r, k) < 2:
        return float("nan")
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    squared = float((table**2 / expected).sum() / n) - 1
    squared = max(0.0, squared - (k - 1) * (r - 1) / (n - 1))
    rows, columns = r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)
    least = min(rows, columns) - 1
    return float(np.sqrt(min(1.0, squared / least))) if least > 0 else float("nan")


def correlation_ratio(levels: NDArray[Any], numbers: Floats) -> float:
    """Return eta: the root of the share of a number's variance that lies between the levels of a category.

    NaN where the number is constant or there is one level.

    Examples
    --------
    >>> correlation_ratio(np.array([0, 0, 1, 1]), np.array([1.0, 1.0, 3.0, 3.0]))
    1.0
    """
    known = np.isfinite(numbers)
    levels, numbers = levels[known], numbers[known]
    if not len(numbers):
        return float("nan")
    apart = numbers - numbers.mean()
    counts, sums = np.bincount(levels), np.bincount(levels, weights=apart)
    total = float((apart**2).sum())  # BLAS would start threads for each of thousands of short sums
    if (counts > 0).sum() < 2 or total <= 1e-12 * float((numbers**2).sum()):
        return float("nan")
    between = float((sums[counts > 0] ** 2 / counts[counts > 0]).sum())
    return float(np.sqrt(min(1.0, between / total)))


def mutual_informations(case: Case) -> Result:
    """FID09: the difference of mutual information in nats, numbers in ten quantile bins of train, over pairs."""
    coded = code(case.contrast.case)
    every = list(combinations(range(len(coded.names)), 2))

    def score(rows: Cells, pairs: Pairs) -> Floats:
        columns = np.ascontiguousarray(rows.T)
        return np.array([mutual_information(table_of(columns[a], columns[b])) for a, b in pairs])

    return _compared(case, "FID09", local(coded), score, every, coded.names)


def local(coded: Coded) -> dict[str, Cells]:
    """Return coded columns with codes that begin at 0 in each."""
    sides = {"train": coded.train, "synthetic": coded.synthetic, "holdout": coded.fresh}
    return {name: (side - coded.start).astype(np.int64) for name, side in sides.items()}


def mutual_information(table: Floats) -> float:
    """Return the mutual information of a contingency table in nats.

    Examples
    --------
    >>> round(mutual_information(np.array([[5.0, 0.0], [0.0, 5.0]])), 4)
    0.6931
    """
    p = table / table.sum()
    outer = np.outer(p.sum(axis=1), p.sum(axis=0))
    used = p > 0
    return float(max(0.0, p[used] @ np.log(p[used] / outer[used])))
