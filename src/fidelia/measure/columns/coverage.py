"""What of train's values the other rows reach: ranges, levels, rare levels; and rows that stand twice.

All of these grow with the number of rows, so that they mean something only beside fresh real rows in equal number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.data.keys import learnt_keys
from fidelia.errors import NotApplicable
from fidelia.measure.beside import beside
from fidelia.measure.columns.ranked import beside_columns, column_lines, columns_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.result import Result

    Floats = NDArray[np.float64]

RARE = 0.01


def ranges(case: Case) -> Result:
    """DIV10: the share of train's range that the other rows span, mean over columns of numbers and times."""
    columns, caveats = columns_of(case, continuous=True)

    def score(j: int, real: Floats, other: Floats) -> float:
        return range_coverage(columns.grids[j], real[:-1], other[:-1])

    found = beside_columns(case, "DIV10", columns, score)
    lines = column_lines(found, columns.names)
    return found.result(low=0.0, high=1.0, breakdown={"columns": lines}, caveats=(*caveats, *columns.caveats))


def range_coverage(grid: Floats, real: Floats, other: Floats) -> float:
    """Return the share of the real range between the ends of the other values, in [0, 1].

    Of a constant column: whether the other values reach it. NaN where a side is empty.

    References
    ----------
    The definition of SDMetrics' RangeCoverage.

    Examples
    --------
    >>> range_coverage(np.array([0.0, 1.0, 4.0]), np.array([1.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0]))
    0.75
    """
    if not real.sum() or not other.sum():
        return float("nan")
    (low, high), (least, greatest) = (grid[np.flatnonzero(side)[[0, -1]]] for side in (real, other))
    if low == high:
        return float(least <= low <= greatest)
    lost = max(least - low, 0.0) + max(high - greatest, 0.0)
    return float(max(0.0, 1 - lost / (high - low)))


def levels(case: Case) -> Result:
    """DIV11: the share of train's levels, missing left out, that the other rows have, mean over categories."""
    columns, _ = columns_of(case, continuous=False)
    kept = [j for j, counts in enumerate(columns.counts("train")) if counts[:-1].any()]
    if not kept:
        raise NotApplicable("ALL_MISSING", "no column of categories has a value in train")
    columns = columns.of(kept)

    def score(_: int, real: Floats, other: Floats) -> float:
        seen = real[:-1] > 0
        return float((other[:-1][seen] > 0).mean()) if seen.any() else float("nan")

    found = beside_columns(case, "DIV11", columns, score)
    lines = column_lines(found, columns.names)
    return found.result(low=0.0, high=1.0, breakdown={"columns": lines}, caveats=columns.caveats)


def rare_levels(case: Case) -> Result:
    """DIV12: the share of train's levels below one row in a hundred that the other rows have at least once."""
    columns, _ = columns_of(case, continuous=False)
    counts = [found[:-1] for found in columns.counts("train")]
    rows = len(columns.sides["train"])
    rare = [(found > 0) & (found < RARE * rows) for found in counts]
    kept = [j for j, some in enumerate(rare) if some.any()]
    if not kept:
        raise NotApplicable("DEGENERATE_COLUMN", f"no level of train is rarer than {RARE:.0%}")
    some, rare, counts = columns.of(kept), [rare[j] for j in kept], [counts[j] for j in kept]

    def score(j: int, _: Floats, other: Floats) -> float:
        return float((other[:-1][rare[j]] > 0).mean())

    found = beside_columns(case, "DIV12", some, score)
    m = found.n["synthetic"]
    # Levels were chosen for being seen in train, so that their counts there are a little high.
    expected = [float((1 - (1 - c[r] / rows) ** m).mean()) for c, r in zip(counts, rare, strict=True)]
    numbers = [int(r.sum()) for r in rare]
    lines = column_lines(found, some.names, expected=expected, levels=numbers)
    return found.result(
        low=0.0,
        high=1.0,
        breakdown={"columns": lines, "expected": float(np.mean(expected)), "levels": sum(numbers)},
        caveats=some.caveats,
    )


def duplicates(case: Case) -> Result:
    """DIV15: the share of rows that another row of their table equals, minus that of as many rows of train."""
    found = beside(case, "DIV15", _keys, excess)
    own = {side: repeated(*_counted(keys)) for side, keys in _keys(case.contrast.case).items()}
    lines = [{"name": name, "duplicated": share} for name, share in own.items()]
    return found.result(low=-1.0, high=1.0, breakdown={"lines": lines})


def _keys(case: Case) -> dict[str, NDArray[np.uint64]]:
    if not any(column.kind.modelled for column in case.schema):
        raise NotApplicable("UNSUPPORTED_TYPE", "no column of values, so that all rows are equal")
    tables = {"train": case.train, "synthetic": case.synthetic, "holdout": case.unseen}
    return {name: learnt_keys(table) for name, table in tables.items()}


def excess(real: NDArray[np.uint64], other: NDArray[np.uint64]) -> float:
    """Return by how much the other rows repeat themselves more than the real ones, at the smaller number of rows."""
    m = min(len(real), len(other))
    return repeated(*_counted(other), m) - repeated(*_counted(real), m)


def _counted(keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], int]:
    return np.unique(keys, return_counts=True)[1], len(keys)


def repeated(counts: NDArray[np.int64], n: int, m: int | None = None) -> float:
    """Return the expected share of duplicated rows among m of n rows drawn without replacement.

    A row whose value c rows share is alone among m rows with probability ``C(n - c, m - 1) / C(n - 1, m - 1)``.

    Parameters
    ----------
    counts : (values,) int
        How many of the n rows have each value.
    n : int
    m : int or None
        None is all n.

    References
    ----------
    Hurlbert (1971), Ecology 52, 577-586 (rarefaction).

    Examples
    --------
    >>> repeated(np.array([2, 1, 1]), 4)
    0.5
    >>> round(repeated(np.array([2, 1, 1]), 4, 2), 4)  # one pair of six
    0.1667
    """
    from scipy.special import gammaln

    if m is None or m >= n:
        return float(counts[counts > 1].sum() / max(n, 1))
    sizes, times = np.unique(counts, return_counts=True)

    def chose(a: Floats, b: int) -> Floats:
        with np.errstate(invalid="ignore"):
            return np.where(a >= b, gammaln(a + 1) - gammaln(b + 1) - gammaln(np.maximum(a - b, 0) + 1), -np.inf)

    whole = float(chose(np.array([n - 1.0]), m - 1)[0])
    alone = np.exp(chose((n - sizes).astype(np.float64), m - 1) - whole)
    return float((sizes * times) @ (1 - np.where(sizes == 1, 1.0, alone)) / n)
