"""How much a column's distribution moves from one synthetic table of a generator to the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.columns.shapes import ks_complement, tv_complement
from fidelia.measure.generations.sets import tables
from fidelia.measure.joint.transport import wasserstein
from fidelia.measure.result import Reference, Result
from fidelia.measure.statistics.intervals import normal
from fidelia.measure.statistics.resampling import draws, resplits
from fidelia.measure.values import codes, numbers, shared_levels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]
    Distance = Callable[["Field", NDArray[Any], NDArray[Any]], dict[str, float]]

BINS, RESPLITS = 10, 20


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One column of all tables.

    Parameters
    ----------
    sets : list of (n,) array
        Numbers with NaN, or codes; of each synthetic table.
    real : (n,) array
        Train and holdout together.
    edges : (bins - 1,) float64 or None
        Inner edges of train's quantile bins; None for a category.
    scale : float
        Train's interquartile range, or its standard deviation where that is 0, or 1.
    """

    name: str
    sets: list[NDArray[Any]]
    real: NDArray[Any]
    edges: Floats | None
    scale: float = 1.0

    def counts(self, values: NDArray[Any], width: int) -> Floats:
        """Return how many values are in each bin or level; missing is one of them."""
        if self.edges is not None:
            place = np.searchsorted(self.edges, values, side="left")
            values = np.where(np.isnan(values), len(self.edges) + 1, place)
        return np.bincount(values, minlength=width).astype(np.float64)

    @property
    def width(self) -> int:
        """Number of bins or levels, missing included."""
        if self.edges is not None:
            return len(self.edges) + 2
        return int(max(part.max(initial=0) for part in (*self.sets, self.real))) + 1


def stability_index(case: Case) -> Result:
    """STB01: population stability index between synthetic tables, mean over pairs of them and over columns."""
    return _drift(case, "STB01", _psi, "psi")


def field_stability(case: Case) -> Result:
    """STB02: Kolmogorov-Smirnov or total variation distance between synthetic tables, mean over pairs and columns.

    Beside it the Wasserstein-1 distance in train's interquartile ranges.
    """
    return _drift(case, "STB02", _distances, "distance")


def psi(p: Floats, q: Floats) -> float:
    """Return sum (p - q) ln(p / q) of the shares of two counts over the same bins.

    An empty bin counts as half a row, so that the index stays finite; a bin that both lack is left out.

    References
    ----------
    Kullback and Leibler (1951), Annals of Mathematical Statistics 22, 79-86 (J, their symmetric divergence); Siddiqi
    (2006), Credit Risk Scorecards, for its use as a stability index.

    Examples
    --------
    >>> round(psi(np.array([50.0, 50.0]), np.array([40.0, 60.0])), 4)
    0.0405
    """
    used = (p > 0) | (q > 0)
    a, b = (np.maximum(x[used], 0.5) for x in (p, q))
    a, b = a / a.sum(), b / b.sum()
    return float(((a - b) * np.log(a / b)).sum())


def _psi(field: Field, a: NDArray[Any], b: NDArray[Any]) -> dict[str, float]:
    return {"psi": psi(field.counts(a, field.width), field.counts(b, field.width))}


def _distances(field: Field, a: NDArray[Any], b: NDArray[Any]) -> dict[str, float]:
    if field.edges is None:
        return {"distance": 1 - tv_complement(a, b)}
    x, y = a[~np.isnan(a)], b[~np.isnan(b)]
    moved = float(wasserstein(x[:, None], y[:, None], 1)[0]) / field.scale if len(x) and len(y) else 0.0
    return {"distance": 1 - ks_complement(a, b), "w1": moved}


def _drift(case: Case, code: str, distance: Distance, main: str) -> Result:
    """Return the distance between synthetic tables beside that between fresh real samples of the same size."""
    made = tables(case)
    fields = _fields(case)
    m = min(*(len(table) for table in made), len(fields[0].real) // 2)
    if m < 2:
        raise NotApplicable("TOO_FEW_ROWS", f"{m} rows a table; the distance of two tables needs 2")
    rng = case.rng.child(code)
    rows = [next(draws(rng.child(f"set {i}"), len(table), m, 1)) for i, table in enumerate(made)]
    between = [
        [distance(f, f.sets[i][rows[i]], f.sets[j][rows[j]]) for i, j in combinations(range(len(made)), 2)]
        for f in fields
    ]
    real = _real(fields, m, distance, rng)
    value = float(np.mean([_mean(found, main) for found in between]))
    # Pairs share tables: K of them are worth K / 2 pairs of their own.
    noise = np.array([[each[main] for each in found] for found in real])
    sd = float(noise.mean(axis=0).std(ddof=1) * np.sqrt(2 / len(made)))
    lines = [_line(*parts, main, len(made)) for parts in zip(fields, between, real, strict=True)]
    return Result(
        value=value,
        interval=normal(value, sd, 0.0),
        reference=Reference(float(noise.mean()), sd, m, "train-split" if case.holdout is None else "holdout"),
        n={"synthetic": m, "real": m, "sets": len(made)},
        breakdown={"columns": sorted(lines, key=lambda line: -(line["value"] - line["reference"]) / line["noise"])},
    )


def _mean(found: list[dict[str, float]], name: str) -> float:
    return float(np.mean([each[name] for each in found]))


def _line(
    field: Field, between: list[dict[str, float]], real: list[dict[str, float]], main: str, k: int
) -> dict[str, Any]:
    """Return a column's mean distance between tables, and the largest, beside that between real samples."""
    drawn = np.array([each[main] for each in real])
    sd = float(drawn.std(ddof=1) * np.sqrt(2 / k))
    line: dict[str, Any] = {"column": field.name, "value": _mean(between, main), "reference": float(drawn.mean())}
    line |= {"sd": sd, "noise": max(sd, 1e-9), "most": max(each[main] for each in between)}
    if "w1" in between[0]:
        line |= {"w1": _mean(between, "w1"), "w1_reference": _mean(real, "w1")}
    return line


def _real(fields: list[Field], m: int, distance: Distance, rng: Rng) -> list[list[dict[str, float]]]:
    """Return the distances between two disjoint real samples of m rows, for each column and re-split."""
    parts = list(resplits(rng, len(fields[0].real), m, m, RESPLITS))
    return [[distance(f, f.real[a], f.real[b]) for a, b in parts] for f in fields]


def _fields(case: Case) -> list[Field]:
    """Return the modelled columns of all tables in one coding.

    Raises
    ------
    NotApplicable
        When all columns are ids or texts.
    """
    found = [_field(case, column.name, column.kind.continuous) for column in case.schema if column.kind.modelled]
    if not found:
        raise NotApplicable("UNSUPPORTED_TYPE", "all columns are ids or texts")
    return found


def _field(case: Case, name: str, continuous: bool) -> Field:
    real = [table[name] for table in (case.train, case.holdout) if table is not None]
    made = [table[name] for table in tables(case)]
    if not continuous:
        levels = shared_levels([*real, *made])
        return Field(
            name, [codes(part, levels) for part in made], np.concatenate([codes(p, levels) for p in real]), None
        )
    sides = [numbers(part) for part in (*real, *made)]
    train = sides[0][~np.isnan(sides[0])]
    edges = np.unique(np.quantile(train, np.arange(1, BINS) / BINS)) if len(train) else np.array([])
    return Field(name, sides[len(real) :], np.concatenate(sides[: len(real)]), edges, _scale(train))


def _scale(train: Floats) -> float:
    if not len(train):
        return 1.0
    low, high = np.quantile(train, [0.25, 0.75])
    return float(high - low) or float(train.std()) or 1.0
