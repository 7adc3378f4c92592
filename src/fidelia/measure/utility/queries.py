"""Query workload: do counts and grouped counts come out alike?

References
----------
Moerkotte, Neumann and Steidl (2009), Preventing Bad Plans by Bounding the Impact of Cardinality Estimation Errors,
PVLDB 2, 982-993 (q-error).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.beside import beside
from fidelia.measure.result import Result
from fidelia.measure.statistics.intervals import normal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.values import Values
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]
    Hits = NDArray[np.bool_]

SIDES = ("train", "synthetic", "holdout")
QUERIES = 200
TRIES = 3
LEAST = 0.01
GROUPS = 10
MOST = 40_000
QUANTILES = {"median": 0.5, "90 %": 0.9, "95 %": 0.95, "99 %": 0.99}


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """One cell to be counted: the rows that meet all predicates, and the group where there is one.

    Parameters
    ----------
    kind : {"range", "count", "group"}
        On numbers alone; on categories too; or one group of a grouped count.
    columns : int
        How many columns it reads.
    hits : dict of str to (n,) bool
        Which rows count, by side.
    """

    kind: str
    columns: int
    hits: dict[str, Hits]


def query_error(case: Case) -> Result:
    """UTL06: the geometric mean q-error of random counts on one to three columns; 1 is exact.

    The q-error of a count is the larger of estimate / truth and truth / estimate, both as shares of their table and
    at least half a row. The same queries are put to fresh real rows.
    """
    side = case.contrast
    queries = workload(side.case.values, case.rng.child("UTL06"))
    if not queries:
        raise NotApplicable("DEGENERATE_COLUMN", "no column varies, so that every count is of all rows or of none")
    found = beside(case, "UTL06", lambda _: _hits(queries), log_q_errors, most=MOST, times=3, spreads=10)
    value, expected = (float(np.exp(x)) for x in (found.value, found.reference))
    low, high = normal(found.value, max(found.sd, found.noise), 0.0)
    made, fresh = np.exp(found.values), np.exp(found.references)
    return Result(
        value=value,
        interval=(float(np.exp(low)), float(np.exp(high))),
        reference=side.reference(expected, expected * found.noise),
        n=found.n,
        caveats=side.caveats,
        breakdown={"queries": len(queries), "lines": _lines(queries, made, fresh)},
    )


def log_q_errors(truth: Hits, other: Hits) -> Floats:
    """Return the log q-error of each query, from ``(n, queries)`` and ``(m, queries)`` hits.

    Examples
    --------
    >>> np.exp(log_q_errors(np.array([[True], [False]]), np.array([[True], [False], [False], [False]]))).tolist()
    [2.0]
    """
    least = 0.5 / min(len(truth), len(other))
    a, b = (np.maximum(hits.mean(axis=0), least) for hits in (truth, other))
    return np.asarray(np.abs(np.log(a / b)))


def _hits(queries: list[Query]) -> dict[str, Hits]:
    return {side: np.column_stack([query.hits[side] for query in queries]) for side in SIDES}


def _lines(queries: list[Query], made: Floats, fresh: Floats) -> list[dict[str, Any]]:
    """Return quantiles over all queries, and means by kind and number of columns."""
    lines: list[dict[str, Any]] = [
        {"name": name, "value": float(np.quantile(made, q)), "reference": float(np.quantile(fresh, q))}
        for name, q in QUANTILES.items()
    ]
    for key in sorted({(query.kind, query.columns) for query in queries}):
        which = np.array([(query.kind, query.columns) == key for query in queries])
        line = {"name": f"{key[0]}, {key[1]} column{'s' if key[1] > 1 else ''}", "queries": int(which.sum())}
        means = (float(np.exp(np.log(side[which]).mean())) for side in (made, fresh))
        lines.append(line | dict(zip(("value", "reference"), means, strict=True)))
    return lines


def workload(values: dict[str, Values], rng: Rng) -> list[Query]:
    """Return random queries that at least 1 % of train rows meet; they depend on neither order of rows nor columns."""
    names = sorted(name for name, column in values.items() if _varies(column))
    queries: list[Query] = []
    for i in range(QUERIES):
        generator = rng.child(f"query/{i}").generator()
        for _ in range(TRIES):
            found = _query([values[name] for name in names], generator) if names else []
            kept = [query for query in found if LEAST <= query.hits["train"].mean() < 1]
            if kept:
                queries += kept
                break
    return queries


def _varies(column: Values) -> bool:
    if column.levels is not None:
        return len(np.unique(column.train)) > 1
    known = column.train[~np.isnan(column.train)]
    return len(known) > 1 and bool(known.min() < known.max())


def _query(columns: list[Values], generator: np.random.Generator) -> list[Query]:
    """Return a count, or the groups of a grouped count, on one to three random columns."""
    number = min(len(columns), int(generator.integers(1, 4)))
    chosen = [columns[i] for i in np.sort(generator.choice(len(columns), number, replace=False))]
    grouped = [column for column in chosen if column.levels is not None]
    by = grouped[0] if grouped and generator.random() < 0.5 else None
    hits = {side: np.ones(len(getattr(columns[0], side)), dtype=bool) for side in SIDES}
    for column in chosen:
        if column is by:
            continue
        met = _predicate(column, generator)
        hits = {side: hits[side] & met[side] for side in SIDES}
    if by is None:
        kind = "count" if grouped else "range"
        return [Query(kind, number, hits)]
    largest = np.argsort(-np.bincount(by.train, minlength=by.codes), kind="stable")[:GROUPS]
    return [Query("group", number, {s: hits[s] & (getattr(by, s) == code) for s in SIDES}) for code in largest]


def _predicate(column: Values, generator: np.random.Generator) -> dict[str, Hits]:
    """Return where a random range of a number, or a random set of levels, is met: of 10 to 70 % of train rows."""
    share = generator.uniform(0.1, 0.7)
    sides = {side: getattr(column, side) for side in SIDES}
    if column.levels is None:
        known = column.train[~np.isnan(column.train)]
        start = generator.uniform(0, 1 - share)
        low, high = np.quantile(known, [start, start + share])
        return {side: (array >= low) & (array <= high) for side, array in sides.items()}
    weight = np.bincount(column.train, minlength=column.codes) / len(column.train)
    order = generator.permutation(column.codes)
    taken = order[: 1 + int(np.searchsorted(np.cumsum(weight[order]), share))]
    return {side: np.isin(array, taken) for side, array in sides.items()}
