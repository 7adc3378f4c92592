"""What missing values depend on, and whether times are of the right time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.beside import beside
from fidelia.measure.columns.association import chosen
from fidelia.measure.columns.ranked import Ranked, beside_columns, column_lines, columns_of, count, pair_lines
from fidelia.measure.columns.shapes import ks_complement
from fidelia.measure.completeness.adherence import within
from fidelia.schema.kinds import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.result import Result

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int32]

FEWEST = 10
SPREADS = 10


def dependence(case: Case) -> Result:
    """CMP09: the difference of how well an observed column tells where another is missing, mean over such pairs.

    How well is the area under the ROC curve: of a number its order, of a category the order of its levels by how
    often the other column is missing with them in train. Where nothing is missing the area is one half.
    """
    columns, _ = columns_of(case)
    missing = [counts[-1] for counts in columns.counts("train")]
    rows = len(columns.sides["train"])
    some = [i for i, gone in enumerate(missing) if FEWEST <= gone <= rows - FEWEST]
    pairs = [(i, j) for i in some for j in range(len(columns.names)) if i != j and missing[j] < rows]
    if not pairs:
        raise NotApplicable("DEGENERATE_COLUMN", f"no column of train has {FEWEST} missing values beside another one")
    pairs, caveats = chosen(pairs, case.rng.child("CMP09"))
    orders = [_order(columns, i, j) for i, j in pairs]

    def areas(part: Codes) -> Floats:
        scored = [_area(part, columns, i, j, order) for (i, j), order in zip(pairs, orders, strict=True)]
        return np.array(scored)

    found = beside(case, "CMP09", lambda _: columns.sides, lambda a, b: np.abs(areas(a) - areas(b)), spreads=SPREADS)
    names = [(columns.names[i], columns.names[j]) for i, j in pairs]
    return found.result(
        low=0.0, high=1.0, breakdown={"pairs": pair_lines(found, names)}, caveats=(*caveats, *columns.caveats)
    )


def _order(columns: Ranked, i: int, j: int) -> NDArray[np.int64] | None:
    """Return each level's place in the order of missing rates in train; None for numbers, which have their own."""
    if columns.continuous[j]:
        return None
    gone, present = _counts(columns.sides["train"], columns, i, j)
    rate = gone / np.maximum(gone + present, 1)
    place = np.empty(len(rate), dtype=np.int64)
    place[np.argsort(rate, kind="stable")] = np.arange(len(rate))
    return place


def _counts(part: Codes, columns: Ranked, i: int, j: int) -> tuple[Floats, Floats]:
    """Return the counts of column j's values where column i is missing and where it is present."""
    gone, size = part[:, i] == len(columns.grids[i]), len(columns.grids[j])
    first, second = count(part[gone, j], size), count(part[~gone, j], size)
    return (first[:-1], second[:-1]) if columns.continuous[j] else (first, second)


def _area(part: Codes, columns: Ranked, i: int, j: int, order: NDArray[np.int64] | None) -> float:
    gone, present = _counts(part, columns, i, j)
    if order is not None:
        at = np.argsort(order)
        gone, present = gone[at], present[at]
    return area(gone, present)


def area(high: Floats, low: Floats) -> float:
    """Return the probability that a value of the first counts is above one of the second, ties one half.

    Examples
    --------
    >>> area(np.array([0.0, 1.0, 1.0]), np.array([1.0, 1.0, 0.0]))
    0.875
    """
    if not high.sum() or not low.sum():
        return 0.5
    return float((high * (np.cumsum(low) - low / 2)).sum() / (high.sum() * low.sum()))


def timeliness(case: Case) -> Result:
    """CMP10: times inside train's window, and gaps between them as in train, mean over columns of times."""
    columns, caveats = columns_of(case, continuous=True)
    times = [j for j, name in enumerate(columns.names) if case.schema[name].kind is Kind.DATETIME]
    if not times:
        raise NotApplicable("UNSUPPORTED_TYPE", "no column of times has values")
    columns = columns.of(times)

    def score(j: int, real: Floats, other: Floats) -> float:
        alike = ks_complement(*(gaps(columns.grids[j], part[:-1]) for part in (real, other)))
        return within(real[:-1], other[:-1]) * alike

    found = beside_columns(case, "CMP10", columns, score, spreads=SPREADS)
    pairs = zip(columns.counts("train"), columns.counts("synthetic"), strict=True)
    inside = [within(real[:-1], other[:-1]) for real, other in pairs]
    lines = column_lines(found, columns.names, inside=inside)
    return found.result(low=0.0, high=1.0, breakdown={"columns": lines}, caveats=(*caveats, *columns.caveats))


def gaps(grid: Floats, counts: Floats) -> Floats:
    """Return the gaps between sorted values in units of their mean, so that tables of other sizes compare.

    Examples
    --------
    >>> gaps(np.array([1.0, 2.0, 4.0]), np.array([2.0, 0.0, 1.0])).tolist()
    [0.0, 2.0]
    """
    apart = np.diff(np.repeat(grid, counts.astype(np.int64)))
    middle = apart.mean() if len(apart) else 0.0
    return np.asarray(np.round(apart / middle, 9) if middle > 0 else apart)
