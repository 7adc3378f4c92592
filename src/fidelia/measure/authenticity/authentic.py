"""Is a synthetic row new? Authenticity with its ratio, and its difference to fresh real rows.

A synthetic row is authentic when it lies farther from its nearest train row than that train row lies from its own
nearest other train row. Rows of a perfect generator are authentic at a rate well below 1 that depends on the
dimension, so that only the difference to the holdout speaks of copying.

References
----------
Alaa, van Breugel, Saveliev and van der Schaar (2022), ICML, arXiv 2102.08921, section 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.authenticity.copies import (
    copy_rate,
    identical_beside,
    refuse_small,
    seen_as_new,
    too_small_holdout,
)
from fidelia.measure.authenticity.ratio import ratios
from fidelia.measure.result import Reference, Result
from fidelia.measure.space.caveats import subsampled, tie_caveats, tie_share
from fidelia.measure.statistics.intervals import newcombe, wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case

    Floats = NDArray[np.float64]

EDGES = np.array([0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 4])


def authenticity(case: Case) -> Result:
    """AUT01: the share of synthetic rows that are authentic, beside that of fresh real rows.

    The share does not depend on the number of synthetic rows, so that all of them count.
    """
    side = case.contrast
    if len(side.case.embedded.train) < 2:
        raise NotApplicable("TOO_FEW_ROWS", "authenticity needs two train rows")
    synthetic, fresh = (ratios(side.case.neighbors, of) for of in ("synthetic", "holdout"))
    whole = synthetic if side.case is case else ratios(case.neighbors, "synthetic")
    hits, real = int((synthetic > 1).sum()), float((fresh > 1).mean())
    sd = np.sqrt(real * (1 - real) / len(fresh))
    points = side.case.embedded
    rows = {"synthetic.ratio": case.aligned("synthetic", whole)}
    if case.holdout is not None:
        rows["holdout.ratio"] = case.aligned("holdout", fresh)
    return Result(
        value=hits / len(synthetic),
        interval=wilson(hits, len(synthetic)),
        reference=Reference(real, float(sd), len(fresh), side.kind),
        n={"train": len(points.train), "synthetic": len(synthetic), side.kind: len(fresh)},
        caveats=(*side.caveats, *tie_caveats(case), *subsampled(case)),
        breakdown={
            "ratio": {
                "edges": EDGES.tolist(),
                "synthetic": _shares(synthetic),
                "holdout": _shares(fresh) if case.holdout is not None else None,
            },
            "full": float((whole > 1).mean()),
            "ties": tie_share(case),
        },
        rows=rows,
    )


def _shares(ratio: Floats) -> list[float]:
    """Return the share of rows between each two edges; the last bin also holds what lies beyond."""
    places = np.minimum(np.searchsorted(EDGES, ratio, side="right") - 1, len(EDGES) - 2)
    counts = np.bincount(places, minlength=len(EDGES) - 1)
    return [float(share) for share in counts / len(ratio)]


def difference(case: Case) -> Result:
    """AUT02: authenticity of the synthetic rows minus that of the holdout, and the share of copies that it implies."""
    fresh_rows = len(case.unseen)
    refuse_small(case, fresh_rows)
    synthetic, fresh = (ratios(case.neighbors, of) > 1 for of in ("synthetic", "holdout"))
    a, b = float(synthetic.mean()), float(fresh.mean())
    found = copy_rate(*seen_as_new(case))
    noise = np.sqrt(b * (1 - b) * (1 / len(synthetic) + 1 / len(fresh)))
    return Result(
        value=a - b,
        interval=newcombe(synthetic.sum(), len(synthetic), fresh.sum(), len(fresh)),
        reference=Reference(0.0, float(noise), len(fresh), "holdout"),
        n={"train": len(case.embedded.train), "synthetic": len(synthetic), "holdout": len(fresh)},
        caveats=(*tie_caveats(case), *too_small_holdout(len(synthetic), len(fresh)), *subsampled(case)),
        breakdown={
            "synthetic": a,
            "holdout": b,
            "copy_rate": found.rate,
            "copy_rate_interval": found.interval,
            "copy_rate_rows": found.rows,
            "identical": identical_beside(case),
        },
    )
