"""Is a synthetic row new? Authenticity with its ratio, its difference to fresh real rows, and identical rows.

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
from fidelia.measure.result import Caveat, Reference, Result
from fidelia.measure.space.caveats import subsampled, tie_caveats, tie_share
from fidelia.measure.statistics.intervals import newcombe, normal, wilson
from fidelia.measure.statistics.multiple import benjamini_hochberg, conformal
from fidelia.measure.support.alpha_beta import NEIGHBOUR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.space.neighbors import Near, Neighbors

    Floats = NDArray[np.float64]

EDGES = np.array([0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 4])
RATE = 0.1


def ratios(near: Neighbors, of: str) -> Floats:
    """Return the authenticity ratio of each row of side `of`; see `ratio`."""
    return ratio(near.near(of, "train"), near.near("train", "train"))


def ratio(nearest: Near, own: Near) -> Floats:
    """Return rho of each row: its distance to the nearest train row over that row's own nearest distance.

    A row is authentic when rho > 1. Where both distances are 0 the ratio is 1; where only the lower one is, infinite.

    Parameters
    ----------
    nearest : Near
        The nearest train points of each row.
    own : Near
        The nearest other train points of each train point.
    """
    above = nearest.distance[:, 0]
    below = own.distance[nearest.index[:, 0], 0]
    out = np.where(above == 0, 1.0, np.inf)
    np.divide(above, below, out=out, where=below > 0)
    return out


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
    _refuse_small(case, fresh_rows)
    near = case.neighbors
    synthetic, fresh = ratios(near, "synthetic") > 1, ratios(near, "holdout") > 1
    a, b = float(synthetic.mean()), float(fresh.mean())
    rate, interval, used = copy_rate(synthetic[~unrealistic(near)], fresh)
    noise = np.sqrt(b * (1 - b) * (1 / len(synthetic) + 1 / len(fresh)))
    return Result(
        value=a - b,
        interval=newcombe(synthetic.sum(), len(synthetic), fresh.sum(), len(fresh)),
        reference=Reference(0.0, float(noise), len(fresh), "holdout"),
        n={"train": len(case.embedded.train), "synthetic": len(synthetic), "holdout": len(fresh)},
        caveats=(*tie_caveats(case), *_too_small(len(synthetic), len(fresh)), *subsampled(case)),
        breakdown={
            "synthetic": a,
            "holdout": b,
            "copy_rate": rate,
            "copy_rate_interval": interval,
            "copy_rate_rows": used,
        },
    )


def unrealistic(near: Neighbors, q: float = RATE) -> NDArray[np.bool_]:
    """Return which synthetic rows lie beyond the real ones at false discovery rate q, by the holdout's distances."""
    synthetic, fresh = (near.radius(of, "train", NEIGHBOUR) for of in ("synthetic", "holdout"))
    return np.asarray(benjamini_hochberg(conformal(synthetic, fresh, "high")) <= q)


def copy_rate(
    synthetic: NDArray[np.bool_], fresh: NDArray[np.bool_]
) -> tuple[float | None, tuple[float, float] | None, int]:
    """Estimate the share c of copies from authentic rows: A_g = (1 - c) A_h.

    Parameters
    ----------
    synthetic, fresh : (n,) bool
        Which rows are authentic; of the synthetic ones only those that look real, since the rest must follow the
        real law.

    Returns
    -------
    rate, interval
        1 - A_g / A_h clipped at 0, with a delta-method interval; None where no fresh row is authentic.
    rows : int
        Synthetic rows behind it.
    """
    if not len(synthetic) or not fresh.any():
        return None, None, len(synthetic)
    a, b = float(synthetic.mean()), float(fresh.mean())
    sd = np.sqrt(a * (1 - a) / len(synthetic) / b**2 + (a / b) ** 2 * (1 - b) / b / len(fresh))
    rate = 1 - a / b
    low, high = normal(rate, float(sd))
    return max(0.0, rate), (max(0.0, low), min(1.0, max(0.0, high))), len(synthetic)


def _too_small(synthetic: int, fresh: int) -> tuple[Caveat, ...]:
    """Say how many copies the holdout is too small to name: k rows can be flagged only if n_h + 1 >= M / (q k)."""
    least = int(np.ceil(synthetic / (RATE * (fresh + 1))))
    if least <= 0.01 * synthetic:
        return ()
    text = f"With {fresh:,} holdout rows, fewer than {least:,} near copies cannot be named row by row."
    return (Caveat("HOLDOUT_TOO_SMALL", text),)


def _refuse_small(case: Case, fresh: int) -> None:
    if min(fresh, len(case.synthetic)) < 2 or len(case.train) < NEIGHBOUR + 1:
        raise NotApplicable("TOO_FEW_ROWS", "the difference of authenticity needs 6 train rows and 2 of each other")
