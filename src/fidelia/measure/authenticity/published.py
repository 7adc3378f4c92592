"""Authenticity as public programs compute it, errors included: for comparison with published numbers only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.result import Caveat, Reference, Result
from fidelia.measure.space.caveats import subsampled, tie_caveats
from fidelia.measure.statistics.intervals import wilson
from fidelia.measure.support.comparison import compared, matched, original, variant

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case


def published_authenticity(case: Case) -> Result:
    """AUT12: authenticity of synthcity (the value) and of the paper's repository (beside it)."""
    try:
        result = compared(case, "AUT12", "synthcity", "authenticity")
        other = matched(case, "AUT12/alaa2022", "alaa2022", "authenticity")
    except NotApplicable as reason:
        if reason.code != "UNSUPPORTED_TYPE":
            raise
        return compared(case, "AUT12", "alaa2022", "authenticity")
    line = {"name": variant("alaa2022"), "value": other.value, "reference": other.reference}
    breakdown = {**result.breakdown, "lines": [*result.breakdown["lines"], line]}
    return replace(result, breakdown={**breakdown, "original_alaa2022": original(case, "alaa2022", "authenticity")})


def any_ball(case: Case) -> Result:
    """AUT13: the share of synthetic rows that lie in no real row's ball of the distance to its nearest real row."""
    side = case.contrast
    if len(side.case.embedded.train) < 2:
        raise NotApplicable("TOO_FEW_ROWS", "authenticity needs two train rows")
    synthetic, fresh = (outside(side.case, of) for of in ("synthetic", "holdout"))
    hits, real = int(synthetic.sum()), float(fresh.mean())
    caveat = Caveat(
        "PUBLISHED_ERRORS",
        "The published program asks for any real row's ball instead of the nearest row's: this is 1 - improved "
        "precision at k = 1. AUT02 is the measure to judge by.",
    )
    return Result(
        value=float(synthetic.mean()),
        interval=wilson(hits, len(synthetic)),
        reference=Reference(real, float((real * (1 - real) / len(fresh)) ** 0.5), len(fresh), side.kind),
        n={"train": len(side.case.embedded.train), "synthetic": len(synthetic), side.kind: len(fresh)},
        caveats=(*side.caveats, *tie_caveats(case), *subsampled(case), caveat),
        breakdown={"variant": "pymdma", "rows": hits},
    )


def outside(case: Case, of: str) -> NDArray[np.bool_]:
    """Return which rows of a side lie in no train row's ball, ``(n,)``."""
    near = case.neighbors
    return np.asarray(near.counts(of, "train", near.radius("train", "train", 1)) == 0)
