"""Precision and recall with soft supports: a row is inside with a probability, not for certain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.beside import beside, points
from fidelia.measure.result import Result
from fidelia.measure.space.caveats import subsampled, tie_caveats
from fidelia.measure.statistics.resampling import draws
from fidelia.measure.support import prdc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case

    Floats = NDArray[np.float64]

MOST, SPREADS, FEWEST = 2_000, 6, 6


def p_precision(case: Case) -> Result:
    """FID23: the mean probability that a synthetic row lies in the support of train."""
    return _soft(case, "FID23", "synthetic")


def p_recall(case: Case) -> Result:
    """DIV08: the mean probability that a train row lies in the support of the synthetic rows."""
    return _soft(case, "DIV08", "train")


def _soft(case: Case, code: str, side: str) -> Result:
    def score(real: Floats, other: Floats) -> float:
        inside = (other, real) if side == "synthetic" else (real, other)
        return float(prdc.p_precision_rows(*inside).mean())

    found = beside(case, code, points, score, most=MOST, times=2, spreads=SPREADS, fewest=FEWEST)
    base = "train" if side == "synthetic" else "synthetic"
    there = case.embedded.side(base)
    kept = there[next(draws(case.rng.child(f"{code}/rows"), len(there), MOST, 1))]
    rows = {f"{side}.inside": case.aligned(side, prdc.p_precision_rows(case.embedded.side(side), kept))}
    caveats = (*tie_caveats(case), *subsampled(case))
    return found.result(low=0.0, high=1.0, breakdown={"k": 4, "width": 1.2}, rows=rows, caveats=caveats)
