"""Which synthetic rows are copies, and how many: conformal flags and the copy rate, both against fresh real rows.

Where more than 5 % of train rows have a twin, distances to the nearest row are often 0 and ratios say nothing: the
copy rate then counts rows that equal a train row, whose law it shares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.authenticity.ratio import ratios
from fidelia.measure.result import Caveat, Reference, Result
from fidelia.measure.space.caveats import MOST, subsampled, tie_caveats, tie_share
from fidelia.measure.statistics.flags import fewest, too_large, too_small
from fidelia.measure.statistics.intervals import Interval, newcombe, normal, wilson
from fidelia.measure.support.level_set import NEIGHBOUR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.space.neighbors import Neighbors

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

RATE = 0.1
SPLITS = 10
THRESHOLDS = (1.0, 0.5)


def flagged_copies(case: Case) -> Result:
    """AUT03: the share of synthetic rows that are named as copies at a false discovery rate of 0.1.

    A row's p-value is the share of holdout rows whose authenticity ratio is as small. The reference flags one half of
    the holdout by the other.
    """
    refuse_small(case, len(case.unseen))
    synthetic, fresh = (ratios(case.neighbors, of) for of in ("synthetic", "holdout"))
    flags = too_small(synthetic, fresh)
    hits = int((flags.q <= RATE).sum())
    value, spread = flagged_among_fresh(case, fresh)
    return Result(
        value=hits / len(synthetic),
        interval=wilson(hits, len(synthetic)),
        reference=Reference(value, spread, len(fresh), "holdout"),
        n={"train": len(case.embedded.train), "synthetic": len(synthetic), "holdout": len(fresh)},
        caveats=(*tie_caveats(case), *too_small_holdout(len(synthetic), len(fresh)), *subsampled(case)),
        breakdown={
            "rows": hits,
            "q": RATE,
            "fewest": fewest(len(synthetic), len(fresh), RATE),
            "identical": identical_beside(case),
        },
        rows={
            "synthetic.p_copy": case.aligned("synthetic", flags.p),
            "synthetic.q_copy": case.aligned("synthetic", flags.q),
        },
    )


def flagged_among_fresh(case: Case, fresh: Floats) -> tuple[float, float]:
    """Return mean and spread, over random halves of the holdout, of the share of one half that the other flags."""
    generator = case.rng.child("AUT03").generator()
    shares = []
    for _ in range(SPLITS):
        order = generator.permutation(len(fresh))
        half = len(order) // 2
        shares.append(float((too_small(fresh[order[:half]], fresh[order[half:]]).q <= RATE).mean()))
    return float(np.mean(shares)), float(np.std(shares, ddof=1))


def estimated_copies(case: Case) -> Result:
    """AUT04: the estimated share of copies among the synthetic rows that look real."""
    refuse_small(case, len(case.unseen))
    synthetic, fresh = seen_as_new(case)
    found = copy_rate(synthetic, fresh)
    if found.rate is None:
        raise NotApplicable("TOO_FEW_ROWS", "all fresh real rows count as copies, so that copies cannot be told apart")
    new = float(fresh.mean())
    noise = np.sqrt((1 - new) / new * (1 / len(synthetic) + 1 / len(fresh)))
    return Result(
        value=found.rate,
        interval=found.interval,
        reference=Reference(0.0, float(noise), len(fresh), "holdout"),
        n={"train": len(case.embedded.train), "synthetic": len(synthetic), "holdout": len(fresh)},
        caveats=(*tie_caveats(case), *subsampled(case)),
        breakdown={
            "rule": "identical rows" if tied(case) else "authenticity",
            "synthetic": float(synthetic.mean()),
            "holdout": new,
            "unrealistic": len(case.embedded.synthetic) - len(synthetic),
            "unclipped": found.unclipped,
            "lines": _by_threshold(case),
        },
    )


def _by_threshold(case: Case) -> list[dict[str, Any]]:
    """Return the rate by the ratio's usual threshold 1 and by one half, which a shift of density moves less.

    The lower threshold misses copies that are blurred by more than half of the distance between neighbours.
    """
    if tied(case):
        return []
    found = [(top, copy_rate(*seen_as_new(case, top))) for top in THRESHOLDS]
    return [
        {"name": f"ratio up to {top:g}", "value": each.rate, "low": each.interval[0], "high": each.interval[1]}
        for top, each in found
        if each.interval is not None
    ]


def tied(case: Case) -> bool:
    """Say whether so many train rows have a twin that ratios of distances say nothing."""
    return tie_share(case) > MOST


def seen_as_new(case: Case, threshold: float = 1.0) -> tuple[Mask, Mask]:
    """Return which rows that look real are not copies by the rule of the table.

    Rows beyond the first distance that is flagged as unrealistic are left out on both sides, so that the fresh rows
    that stay follow the law that the synthetic rows that stay are held to.

    Parameters
    ----------
    threshold : float
        The authenticity ratio up to which a row counts as a copy; 1 is authenticity's own.

    Returns
    -------
    synthetic, fresh : (n,) bool
        Authentic rows; where train has many twins, rows that equal no train row.
    """
    near = case.neighbors
    if tied(case):
        synthetic, fresh = (near.radius(of, "train", 1) > 0 for of in ("synthetic", "holdout"))
    else:
        synthetic, fresh = (ratios(near, of) > threshold for of in ("synthetic", "holdout"))
    reach, fresh_reach = (near.radius(of, "train", NEIGHBOUR) for of in ("synthetic", "holdout"))
    first = reach[unrealistic(near)].min(initial=np.inf)
    return synthetic[reach < first], fresh[fresh_reach < first]


def unrealistic(near: Neighbors, q: float = RATE) -> Mask:
    """Return which synthetic rows lie beyond the real ones at false discovery rate q, by the holdout's distances."""
    synthetic, fresh = (near.radius(of, "train", NEIGHBOUR) for of in ("synthetic", "holdout"))
    return np.asarray(too_large(synthetic, fresh).q <= q)


@dataclass(frozen=True, slots=True)
class CopyRate:
    """The estimated share of copies.

    Parameters
    ----------
    rate, interval : float and (float, float), or None
        Clipped at 0, with a delta-method interval; None where no fresh row is new.
    unclipped : float or None
    rows : int
        Synthetic rows behind it.
    """

    rate: float | None
    interval: Interval | None
    unclipped: float | None
    rows: int


def copy_rate(synthetic: Mask, fresh: Mask) -> CopyRate:
    """Estimate the share c of copies from the shares of new rows: A_g = (1 - c) A_h.

    Parameters
    ----------
    synthetic, fresh : (n,) bool
        Which rows are new; of the synthetic ones only those that look real, since those that are no copies must
        follow the real law.

    Examples
    --------
    >>> copy_rate(np.arange(100) < 30, np.arange(100) < 60).rate
    0.5
    """
    if not len(synthetic) or not fresh.any():
        return CopyRate(None, None, None, len(synthetic))
    a, b = float(synthetic.mean()), float(fresh.mean())
    sd = np.sqrt(a * (1 - a) / len(synthetic) / b**2 + (a / b) ** 2 * (1 - b) / b / len(fresh))
    rate = 1 - a / b
    low, high = normal(rate, float(sd))
    return CopyRate(max(0.0, rate), (max(0.0, low), min(1.0, max(0.0, high))), rate, len(synthetic))


def identical_beside(case: Case) -> dict[str, Any] | None:
    """Return the shares of synthetic and of fresh rows that coincide with a train row, where train has many twins."""
    if not tied(case):
        return None
    synthetic, fresh = (case.neighbors.radius(of, "train", 1) == 0 for of in ("synthetic", "holdout"))
    same = (int(synthetic.sum()), len(synthetic), int(fresh.sum()), len(fresh))
    return {
        "synthetic": float(synthetic.mean()),
        "holdout": float(fresh.mean()),
        "difference": float(synthetic.mean() - fresh.mean()),
        "interval": newcombe(*same),
    }


def too_small_holdout(synthetic: int, fresh: int) -> tuple[Caveat, ...]:
    """Say how many copies the holdout is too small to name: k rows can be flagged only if n_h + 1 >= M / (q k)."""
    least = fewest(synthetic, fresh, RATE)
    if least <= 0.01 * synthetic:
        return ()
    text = f"With {fresh:,} holdout rows, fewer than {least:,} near copies cannot be named row by row."
    return (Caveat("HOLDOUT_TOO_SMALL", text),)


def refuse_small(case: Case, fresh: int) -> None:
    """Decline where a difference to fresh rows has nothing to rest on."""
    if min(fresh, len(case.synthetic)) < 2 or len(case.train) < NEIGHBOUR + 1:
        text = "the comparison with fresh rows needs 6 train rows and 2 of each other"
        raise NotApplicable("TOO_FEW_ROWS", text)
