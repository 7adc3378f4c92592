"""Precision, recall, density and coverage beside fresh real rows, plain and clipped, with row scores.

All six are found together, on matched subsamples; k is 5 throughout, the public package's default. The formulas are in
`prdc`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.measure.beside import Measured, beside, points
from fidelia.measure.result import Reference, Result
from fidelia.measure.space.caveats import subsampled, tie_caveats
from fidelia.measure.space.neighbors import search
from fidelia.measure.space.within import count_within
from fidelia.measure.statistics.intervals import normal
from fidelia.measure.statistics.resampling import draws
from fidelia.measure.support import prdc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case

    Floats = NDArray[np.float64]

K = prdc.NEIGHBOUR
CODES = ("FID20", "DIV05", "FID21", "DIV06", "FID22", "DIV07")
MOST, TIMES, SPREADS = 2_000, 2, 5
MOST_BASE = 3_000


def improved_precision(case: Case) -> Result:
    """FID20: the share of synthetic rows in any ball of a train row."""
    return _result(case, "FID20", {"synthetic.precision": _rows(case).counts > 0})


def density(case: Case) -> Result:
    """FID21: in how many balls of train rows a synthetic row lies, over k."""
    return _result(case, "FID21", {"synthetic.density": _rows(case).counts / K}, high=np.inf)


def clipped_density(case: Case) -> Result:
    """FID22: density with balls cut at the median radius and rows at 1, over that of real rows."""
    return _result(case, "FID22", {"synthetic.clipped_density": np.minimum(_rows(case).clipped / K, 1.0)})


def improved_recall(case: Case) -> Result:
    """DIV05: the share of train rows in any ball of a synthetic row."""
    return _result(case, "DIV05", {"train.recall": _rows(case).recalled})


def coverage(case: Case) -> Result:
    """DIV06: the share of train rows with a synthetic row in their ball, over what rows of train's law cover."""
    measured = _measured(case)
    expected = prdc.expected_coverage(measured.n["train"], measured.n["synthetic"])
    raw = float(measured.values[CODES.index("DIV06")]) * expected
    rows = {"train.covered": _rows(case).covered > 0}
    return _result(case, "DIV06", rows, high=1 / expected, breakdown={"coverage": raw, "expected": expected})


def clipped_coverage(case: Case) -> Result:
    """DIV07: the share of the synthetic rows that would have to be of train's law to cover it as well."""
    return _result(case, "DIV07", {"train.clipped_coverage": np.minimum(_rows(case).covered / K, 1.0)})


def realism(case: Case) -> Result:
    """FID25: how deep the middle synthetic row lies within the best ball of a train row."""
    found = beside(case, "FID25", points, _realism, most=MOST, times=1, spreads=5, fewest=K + 2)
    return found.result(low=0.0, breakdown={"k": K}, caveats=_caveats(case))


def _realism(real: Floats, other: Floats) -> float:
    return float(np.minimum(np.median(prdc.realism_rows(other, real)), 1e6))


def scores(real: Floats, other: Floats) -> Floats:
    """Return the six scores of two sets of points, in the order of `CODES`."""
    reach, own = prdc.radii(real, K), prdc.radii(other, K)
    counts = count_within(other, real, reach)
    near = search(real, other, K).distance
    inside = prdc.clipped(reach)
    clip = np.minimum(count_within(other, real, inside) / K, 1.0).mean()
    best = np.minimum(count_within(real, real, inside, own=np.arange(len(real))) / K, 1.0).mean()
    share = prdc.as_share(float((near < reach[:, None]).mean()), len(real), len(other))
    return np.array([
        (counts > 0).mean(),
        (count_within(real, other, own) > 0).mean(),
        counts.mean() / K,
        (near[:, 0] <= reach).mean() / prdc.expected_coverage(len(real), len(other)),
        min(1.0, clip / best) if best > 0 else float(clip > 0),
        min(1.0, share),
    ])  # fmt: skip


def _measured(case: Case) -> Measured:
    return case.once("balls", lambda c: beside(c, "balls", points, scores, **_SIZE))


_SIZE: Any = {"most": MOST, "times": TIMES, "spreads": SPREADS, "fewest": K + 2}


def _result(
    case: Case,
    code: str,
    rows: Mapping[str, NDArray[Any]],
    *,
    high: float = 1.0,
    breakdown: Mapping[str, Any] | None = None,
) -> Result:
    found, i = _measured(case), CODES.index(code)
    value, noise = float(found.values[i]), float(found.noises[i])
    kind = found.side.kind
    return Result(
        value=value,
        interval=normal(value, max(float(found.sds[i]), noise), 0.0, max(high, value)),
        reference=Reference(float(found.references[i]), noise, found.n["synthetic"], kind),
        n=found.n,
        caveats=(*found.side.caveats, *_caveats(case)),
        breakdown={"k": K, **(breakdown or {})},
        rows={name: case.aligned(name.partition(".")[0], np.asarray(r, dtype=np.float64)) for name, r in rows.items()},
    )


def _caveats(case: Case) -> tuple[Any, ...]:
    return (*tie_caveats(case), *subsampled(case))


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Of each synthetic row the balls of train rows that hold it; of each train row whether and how it is held.

    Against at most 3,000 rows of the other table.
    """

    counts: NDArray[np.int64]
    clipped: NDArray[np.int64]
    recalled: NDArray[np.bool_]
    covered: NDArray[np.int64]


def _rows(case: Case) -> _Rows:
    _measured(case)  # declines tables that are too small
    return case.once("balls/rows", _row_scores)


def _row_scores(case: Case) -> _Rows:
    near, rng = case.neighbors, case.rng.child("balls/rows")
    size = min(MOST_BASE, len(near.embedded.train), len(near.embedded.synthetic))
    train, made = (
        next(draws(rng.child(name), len(near.embedded.side(name)), size, 1)) for name in ("train", "synthetic")
    )
    reach = near.within("train", train, K).distance[:, -1]
    own = near.within("synthetic", made, K).distance[:, -1]
    ball = near.between("train", None, "train", train, K).distance[:, -1]
    held = near.between("train", None, "synthetic", made, K).distance
    return _Rows(
        counts=near.counts("synthetic", "train", reach, others=train),
        clipped=near.counts("synthetic", "train", prdc.clipped(reach), others=train),
        recalled=near.counts("train", "synthetic", own, others=made) > 0,
        covered=(held <= ball[:, None]).sum(axis=1),
    )
