"""Column shapes: is each column distributed as in train?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.columns.pictures import bars, histogram
from fidelia.measure.result import Caveat, Result
from fidelia.measure.statistics.intervals import normal
from fidelia.measure.statistics.resampling import draws

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.reference import Contrast
    from fidelia.measure.values import Values
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]

RESPLITS = 20


@dataclass(frozen=True, slots=True)
class Shape:
    """How alike one column is: at the matched size, of fresh real rows, its noise, and at full size."""

    value: float
    reference: float
    noise: Floats
    full: float


def numbers(case: Case) -> Result:
    """FID01: 1 - Kolmogorov-Smirnov distance, mean over columns of numbers and times; missing left out."""
    return _shapes(case, "FID01", continuous=True)


def categories(case: Case) -> Result:
    """FID02: 1 - total variation distance, mean over columns of categories; missing is a level."""
    return _shapes(case, "FID02", continuous=False)


def _shapes(case: Case, code: str, *, continuous: bool) -> Result:
    side = case.contrast
    chosen = [v for v in side.case.values.values() if (v.levels is None) == continuous]
    usable = [v for v in chosen if not (continuous and np.isnan(v.train).all() and np.isnan(v.synthetic).all())]
    if not usable:
        raise NotApplicable(*_nothing(bool(chosen), continuous))
    shapes = {v.name: _shape(case, side, v, code) for v in usable}
    value, real, full = (
        float(np.mean([getattr(s, part) for s in shapes.values()])) for part in ("value", "reference", "full")
    )
    sd = float(np.mean([s.noise for s in shapes.values()], axis=0).std(ddof=1))
    skipped = [v.name for v in chosen if v.name not in shapes]
    caveats = (Caveat("ALL_MISSING", f"No values at all, in any table: {', '.join(skipped)}."),) if skipped else ()
    return Result(
        value=value,
        interval=normal(value, sd, 0.0, 1.0),
        reference=side.reference(real, sd),
        n=side.sizes,
        caveats=(*side.caveats, *caveats),
        breakdown={"columns": [_line(case, name, s) for name, s in shapes.items()], "full": full},
    )


def _nothing(found: bool, continuous: bool) -> tuple[str, str]:
    what = "numbers or times" if continuous else "categories"
    return ("ALL_MISSING", f"no column of {what} has values") if found else ("UNSUPPORTED_TYPE", f"no column of {what}")


def _shape(case: Case, side: Contrast, values: Values, code: str) -> Shape:
    rng = case.rng.child(code).child(values.name)
    likeness = ks_complement if values.levels is None else tv_complement
    fresh = values.holdout
    assert fresh is not None
    value = [likeness(values.train, values.synthetic[rows]) for rows in draws(rng, len(values.synthetic), side.rows)]
    real = [likeness(values.train, fresh[rows]) for rows in draws(rng.child("fresh"), len(fresh), side.rows)]
    pooled = np.concatenate([values.train, fresh])
    noise = _noise(rng, pooled, side.rows, continuous=values.levels is None)
    whole = case.values[values.name]
    return Shape(float(np.mean(value)), float(np.mean(real)), noise, likeness(whole.train, whole.synthetic))


def _noise(rng: Rng, pooled: NDArray[Any], fresh: int, *, continuous: bool) -> Floats:
    """Return the likeness of `fresh` rows drawn from all real rows to the rest, twenty times."""
    generator = rng.child("resplit").generator()
    kept = np.sort(pooled[~np.isnan(pooled)]) if continuous else pooled
    last = np.append(kept[1:] != kept[:-1], True)[: len(kept)]
    found = np.ones(RESPLITS)
    for i in range(RESPLITS):
        chosen = np.zeros(len(kept), dtype=bool)
        chosen[generator.choice(len(kept), min(fresh * len(kept) // len(pooled), len(kept)), replace=False)] = True
        if not 0 < chosen.sum() < len(kept):
            continue
        if continuous:
            gap = np.cumsum(chosen) / chosen.sum() - np.cumsum(~chosen) / (~chosen).sum()
            found[i] = 1 - np.abs(gap[last]).max()
        else:
            found[i] = tv_complement(kept[~chosen], kept[chosen])
    return found


def ks_complement(real: Floats, other: Floats) -> float:
    """Return 1 - sup |F - G| of the values that are present; 0 where only one side has any.

    Examples
    --------
    >>> ks_complement(np.array([1.0, 2.0]), np.array([1.0, 3.0]))
    0.5
    """
    a, b = np.sort(real[~np.isnan(real)]), np.sort(other[~np.isnan(other)])
    if not len(a) or not len(b):
        return float(len(a) == len(b))
    at = np.concatenate([a, b])
    gap = np.searchsorted(a, at, side="right") / len(a) - np.searchsorted(b, at, side="right") / len(b)
    return float(1 - np.abs(gap).max())


def tv_complement(real: NDArray[np.int32], other: NDArray[np.int32]) -> float:
    """Return 1 - half the sum of absolute differences of level shares.

    Examples
    --------
    >>> tv_complement(np.array([0, 0, 1, 1]), np.array([0, 0, 0, 1]))
    0.75
    """
    top = int(max(real.max(initial=0), other.max(initial=0))) + 1
    p, q = np.bincount(real, minlength=top) / len(real), np.bincount(other, minlength=top) / len(other)
    return float(1 - np.abs(p - q).sum() / 2)


def _line(case: Case, name: str, shape: Shape) -> dict[str, Any]:
    values = case.values[name]
    line: dict[str, Any] = {"column": name, "kind": str(values.kind), "value": shape.value}
    line |= {"reference": shape.reference, "sd": float(shape.noise.std(ddof=1))}
    if values.levels is None:
        return line | {"histogram": histogram(values)}
    return line | {"bars": bars(values)}
