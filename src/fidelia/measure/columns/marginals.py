"""k-way marginals and entropies of columns in bins."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.beside import beside
from fidelia.measure.columns.association import SPREADS, chosen, local
from fidelia.measure.columns.pairs import Coded, code
from fidelia.measure.columns.ranked import WORST, column_lines, most, pair_lines, sampled
from fidelia.measure.result import Caveat

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.result import Result

    Floats = NDArray[np.float64]
    Cells = NDArray[np.int64]

SETS = 100
"""Sets of columns of each order; of more, so many are drawn at random."""
COARSE = 5
"""Codes of a column in three-way tables, beside those of rarer levels joined."""
ORDERS = ("one-way", "two-way", "three-way")


def accuracies(case: Case) -> Result:
    """FID11: 1 - total variation of one-, two- and three-way tables, mean over the orders."""
    coded = code(case.contrast.case)
    seen = _fine_and_coarse(case, coded)
    sets, caveats = _sets(case, len(coded.names))
    sizes = np.max([side.max(axis=0, initial=0) for side in seen.values()], axis=0) + 1

    def each(a: Cells, b: Cells) -> list[Floats]:
        a, b = (np.ascontiguousarray(side.T) for side in (a, b))
        return [np.array([likeness(a, b, sizes, s) for s in order]) for order in sets]

    rows = most(seen.values())
    found = beside(
        case, "FID11", lambda _: seen, lambda a, b: np.array([e.mean() for e in each(a, b)]), most=rows, spreads=SPREADS
    )
    lines = [
        {
            "name": name,
            "value": found.values[i],
            "reference": found.references[i],
            "sd": found.noises[i],
            "share_of_maximum": found.values[i] / found.references[i] if found.references[i] else None,
            "sets": len(sets[i]),
        }
        for i, name in enumerate(ORDERS[: len(sets)])
    ]
    return found.result(
        low=0.0,
        high=1.0,
        breakdown={"lines": lines, "sets": _worst(coded.names, sets[-1], each(seen["train"], seen["synthetic"])[-1])},
        caveats=(*caveats, *sampled(rows)),
    )


def _fine_and_coarse(case: Case, coded: Coded) -> dict[str, Cells]:
    """Return the codes of each column, and behind them coarser ones: few enough for three-way tables."""
    fine = local(coded)
    values = [case.contrast.case.values[name] for name in coded.names]
    out = {}
    for side, part in fine.items():
        columns = [
            _halved(part[:, j], np.isnan(getattr(v, side)), fine["train"][:, j][~np.isnan(v.train)])
            if v.levels is None
            else _frequent(part[:, j], fine["train"][:, j])
            for j, v in enumerate(values)
        ]
        out[side] = np.column_stack([part, *columns])
    return out


def _halved(codes: Cells, missing: NDArray[np.bool_], train: Cells) -> Cells:
    """Join neighbouring bins of numbers."""
    bins = int(train.max(initial=0)) + 1
    return np.where(missing, COARSE, np.minimum(codes, bins - 1) * COARSE // bins)


def _frequent(codes: Cells, train: Cells) -> Cells:
    """Join all but train's most frequent levels."""
    size = int(max(codes.max(initial=0), train.max(initial=0))) + 1
    place = np.full(size, COARSE)
    frequent = np.argsort(-np.bincount(train, minlength=size), kind="stable")[:COARSE]
    place[frequent] = np.arange(len(frequent))
    return place[codes]


def _sets(case: Case, width: int) -> tuple[list[list[list[int]]], tuple[Caveat, ...]]:
    """Return the columns, pairs and triples looked at; triples look at the coarse codes, which stand behind."""
    found, said = [], []
    for k in (1, 2, 3):
        every: list[Any] = list(combinations(range(width), k)) if width**k <= 2e6 else _drawn(case, width, k)
        kept, caveat = chosen(every, case.rng.child("FID11").child(ORDERS[k - 1]), SETS)
        found.append([[j + width * (k == 3) for j in s] for s in kept])
        said += [Caveat(c.code, c.text.replace("sets of columns", f"{ORDERS[k - 1]} tables")) for c in caveat]
    return [order for order in found if order], tuple(said)


def _drawn(case: Case, width: int, k: int) -> list[tuple[int, ...]]:
    generator = case.rng.child("FID11").child("sets").generator()
    return sorted({tuple(sorted(generator.choice(width, k, replace=False).tolist())) for _ in range(4 * SETS)})


def likeness(real: Cells, other: Cells, sizes: NDArray[np.int64], chosen: list[int]) -> float:
    """Return 1 - total variation of the joint table of some columns.

    Parameters
    ----------
    real, other : (columns, n) int64
        Codes, column by column.
    sizes : (columns,) int64
        Which the codes of each column lie below.
    chosen : list of int
        The columns of the table.

    Examples
    --------
    >>> a, b = np.array([[0, 1], [0, 1]]), np.array([[0, 1], [1, 1]])
    >>> likeness(a, b, np.array([2, 2]), [0, 1])
    0.5
    """
    p, q = (_table(part, sizes, chosen) for part in (real, other))
    return float(1 - np.abs(p / p.sum() - q / q.sum()).sum() / 2)


def _table(cells: Cells, sizes: NDArray[np.int64], chosen: list[int]) -> Floats:
    at = cells[chosen[0]]
    for j in chosen[1:]:
        at = at * sizes[j] + cells[j]
    return np.bincount(at, minlength=int(np.prod(sizes[chosen]))).astype(np.float64)


def _worst(names: list[str], sets: list[list[int]], scores: Floats) -> list[dict[str, Any]]:
    order = np.argsort(scores, kind="stable")[:WORST]
    return [{"columns": [names[j % len(names)] for j in sets[i]], "value": scores[i]} for i in order]


def entropies(case: Case) -> Result:
    """DIV14: entropy in the other rows per entropy in train, mean over columns and pairs of columns that vary."""
    coded = code(case.contrast.case)
    seen = local(coded)
    sizes = np.max([side.max(axis=0, initial=0) for side in seen.values()], axis=0) + 1
    pairs, caveats = chosen(list(combinations(range(len(coded.names)), 2)), case.rng.child("DIV14"))

    def of(rows: Cells, sets: list[list[int]]) -> Floats:
        columns = np.ascontiguousarray(rows.T)
        return np.array([entropy(_table(columns, sizes, s)) for s in sets])

    own = of(seen["train"], [[j] for j in range(len(coded.names))])
    single = [[j] for j in np.flatnonzero(own > 0).tolist()]
    double = [[a, b] for a, b in pairs if max(own[a], own[b]) > 0]
    if not single:
        raise NotApplicable("DEGENERATE_COLUMN", "no column of train varies")

    def ratios(a: Cells, b: Cells) -> Floats:
        real = of(a, single + double)
        return np.asarray(np.divide(of(b, single + double), real, out=np.full(len(real), np.nan), where=real > 0))

    rows = most(seen.values())
    found = beside(case, "DIV14", lambda _: seen, ratios, most=rows, spreads=SPREADS)
    named = [(coded.names[a], coded.names[b]) for a, b in double]
    return found.result(
        low=0.0,
        breakdown={
            "columns": column_lines(found, [coded.names[j] for (j,) in single]),
            "pairs": pair_lines(found, named, start=len(single)),
        },
        caveats=(*caveats, *sampled(rows)),
    )


def entropy(counts: Floats) -> float:
    """Return Shannon's entropy of counts, in bits.

    Examples
    --------
    >>> entropy(np.array([2.0, 2.0]))
    1.0
    """
    p = counts[counts > 0] / counts.sum()
    return float(max(0.0, -(p @ np.log2(p))))
