"""Fidelity within groups of rows: a table may be right on the whole and wrong for a minority."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.beside import Measured, beside
from fidelia.measure.columns.shapes import ks_complement, tv_complement
from fidelia.measure.result import Result
from fidelia.measure.statistics.intervals import normal
from fidelia.measure.statistics.multiple import benjamini_hochberg
from fidelia.measure.support.level_set import NEIGHBOUR
from fidelia.measure.support.levels import integrate, levels
from fidelia.schema.kinds import Role

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.values import Values

    Floats = NDArray[np.float64]

FEWEST, GROUPS = 20, 10
MOST, TIMES, SPREADS = 10_000, 3, 10


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """A cut of the rows into groups.

    Parameters
    ----------
    column : str
        What the rows are grouped by.
    names : list of str
    codes : dict of str to (n,) int64
        The group of each row, by side; ``len(names)`` is none of them.
    """

    column: str
    names: list[str]
    codes: dict[str, NDArray[np.int64]]


def subgroups(case: Case) -> Result:
    """FID30: column shapes within the worst group of rows, beside what fresh real rows get in that group.

    A group's score is the mean over the other columns of 1 - Kolmogorov-Smirnov or 1 - total variation distance, 0
    where no synthetic row is in it. Groups are the values of the target, of a sensitive column, or of the most
    balanced category (a target that is a number: its quarters). The worst group is the one that is furthest below its
    reference in units of noise.
    """
    side = case.contrast
    groups = grouped(side.case)
    columns = [v for v in side.case.values.values() if v.name != groups.column]
    if not columns:
        raise NotApplicable("UNSUPPORTED_TYPE", f"{groups.column!r} is the only column; groups need another to compare")

    def sides(_: Case) -> dict[str, Floats]:
        cells = {name: [np.asarray(getattr(v, name), dtype=np.float64) for v in columns] for name in groups.codes}
        return {name: np.column_stack([groups.codes[name], *parts]) for name, parts in cells.items()}

    def score(a: Floats, b: Floats) -> Floats:
        return np.array([_shape(a[a[:, 0] == g], b[b[:, 0] == g], columns) for g in range(len(groups.names))])

    found = beside(case, "FID30", sides, score, most=MOST, times=TIMES, spreads=SPREADS)
    noise = np.maximum(np.maximum(found.sds, found.noises), 1e-9)
    excess = (found.references - found.values) / noise
    worst = int(np.argmax(excess))
    return Result(
        value=float(found.values[worst]),
        interval=normal(float(found.values[worst]), float(noise[worst]), 0.0, 1.0),
        reference=side.reference(float(found.references[worst]), float(found.noises[worst])),
        n=found.n,
        caveats=side.caveats,
        breakdown={"by": groups.column, "worst": groups.names[worst], "lines": _lines(case, groups, found, excess)},
    )


def _shape(real: Floats, other: Floats, columns: list[Values]) -> float:
    """Return the mean likeness of the columns of one group; the first column of the rows is the group itself."""
    if not len(real):
        return float("nan")
    if not len(other):
        return 0.0
    found = [
        ks_complement(real[:, i], other[:, i])
        if v.levels is None
        else tv_complement(real[:, i].astype(np.int64), other[:, i].astype(np.int64))
        for i, v in enumerate(columns, start=1)
    ]
    return float(np.mean(found))


def _lines(case: Case, groups: Groups, found: Measured, excess: Floats) -> list[dict[str, Any]]:
    """Return a line per group: shapes, alpha-precision, and the q-value of being worse than fresh real rows."""
    from scipy.stats import norm

    q = benjamini_hochberg(norm.sf(excess))
    alphas = _alphas(case, groups)
    return [
        {
            "name": name,
            "value": found.values[i],
            "reference": found.references[i],
            "sd": found.noises[i],
            "q_value": q[i],
            "alpha_precision": alphas[i][0],
            "alpha_reference": alphas[i][1],
            "train": int((groups.codes["train"] == i).sum()),
            "synthetic": int((groups.codes["synthetic"] == i).sum()),
        }
        for i, name in enumerate(groups.names)
    ]


def _alphas(case: Case, groups: Groups) -> list[tuple[float | None, float | None]]:
    """Return alpha-precision within each group, of synthetic and of fresh rows, from the distances of FID16."""
    side = case.contrast.case
    try:
        near = side.neighbors
    except NotApplicable:
        return [(None, None)] * len(groups.names)
    inside = {name: codes[side.embedded.rows[name]] for name, codes in groups.codes.items()}
    if len(inside["train"]) <= NEIGHBOUR:
        return [(None, None)] * len(groups.names)
    radii = {name: near.radius(name, "train", NEIGHBOUR) for name in inside}
    found = []
    for g in range(len(groups.names)):
        train, made, fresh = (radii[name][inside[name] == g] for name in ("train", "synthetic", "holdout"))
        m = min(len(made), len(fresh))
        scores = [integrate([levels(x, train)]).value if m and len(train) else None for x in (made, fresh)]
        found.append((scores[0], scores[1]))
    return found


def grouped(case: Case, by: str | None = None) -> Groups:
    """Return the groups of a case's rows: at most ten, of at least twenty train rows each.

    Parameters
    ----------
    by : str or None
        The column that cuts the rows into groups; None for the first of the candidates that does.

    Raises
    ------
    NotApplicable
        When no column cuts the rows into two such groups.
    """
    for values in _candidates(case) if by is None else [v for v in case.values.values() if v.name == by]:
        cut = _cut(values)
        kept = [(name, code) for name, code in cut[0] if (cut[1]["train"] == code).sum() >= FEWEST]
        kept = sorted(kept, key=lambda group: -int((cut[1]["train"] == group[1]).sum()))[:GROUPS]
        if len(kept) >= 2:
            place = {code: i for i, (_, code) in enumerate(kept)}
            table = np.array([place.get(code, len(kept)) for code in range(max(c for _, c in cut[0]) + 2)])
            codes = {side: table[np.minimum(found, len(table) - 1)] for side, found in cut[1].items()}
            return Groups(values.name, [name for name, _ in kept], codes)
    raise NotApplicable("DEGENERATE_COLUMN", f"no category cuts train into two groups of {FEWEST} rows")


def _candidates(case: Case) -> list[Values]:
    """Return the columns to group by, in order: target, sensitive ones, categories from the most balanced on."""
    roles = {column.name: column.role for column in case.schema}
    first = [v for v in case.values.values() if roles[v.name] is Role.TARGET]
    second = [v for v in case.values.values() if roles[v.name] is Role.SENSITIVE]
    categories = [v for v in case.values.values() if v.levels is not None and v.codes <= 2 * GROUPS]
    return [*first, *second, *sorted(categories, key=lambda v: -_balance(v))]


def _balance(values: Values) -> float:
    """Return the entropy of a category over that of as many equal groups, in [0, 1]."""
    share = np.bincount(values.train, minlength=values.codes) / max(len(values.train), 1)
    share = share[share > 0]
    return float(-(share * np.log(share)).sum() / np.log(len(share))) if len(share) > 1 else 0.0


def _cut(values: Values) -> tuple[list[tuple[str, int]], dict[str, NDArray[np.int64]]]:
    """Return the names and codes of a column's groups, and each row's code: levels, or quarters of a number."""
    sides = {name: getattr(values, name) for name in ("train", "synthetic", "holdout")}
    sides = {name: side for name, side in sides.items() if side is not None}
    if values.levels is not None:
        names = [*values.levels, "missing"]
        return list(zip(names, range(len(names)), strict=True)), {k: v.astype(np.int64) for k, v in sides.items()}
    present = values.train[~np.isnan(values.train)]
    inner = np.unique(np.quantile(present, [0.25, 0.5, 0.75])) if len(present) else np.array([])
    names = [f"part {i + 1} of {len(inner) + 1}, by size" for i in range(len(inner) + 1)] + ["missing"]
    codes = {
        k: np.where(np.isnan(v), len(inner) + 1, np.searchsorted(inner, v, side="left")).astype(np.int64)
        for k, v in sides.items()
    }
    return list(zip(names, range(len(names)), strict=True)), codes
