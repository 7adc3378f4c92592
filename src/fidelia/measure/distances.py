"""Distances to the closest record: are synthetic rows nearer to train than to rows that nobody has seen?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.alpha_beta import subsampled
from fidelia.measure.intervals import normal
from fidelia.measure.reference import DRAWS
from fidelia.measure.result import Caveat, Reference, Result

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.neighbors import Near

    Floats = NDArray[np.float64]

NO_EVIDENCE = Caveat(
    "NOT_PRIVACY_EVIDENCE",
    "Distances to the closest record can show copying; that they show none is no evidence of privacy.",
)


@dataclass(frozen=True, slots=True)
class Share:
    """One draw of the train subsample: what is nearer, and the standard error of the share."""

    train: float
    holdout: float
    ties: float
    sd: float

    @property
    def value(self) -> float:
        """P(nearer to train) + P(tie) / 2."""
        return self.train + self.ties / 2


def dcr_share(case: Case) -> Result:
    """PRV02: the share of synthetic rows nearer to train than to an equally large holdout; ties count one half.

    The larger side is subsampled to the size of the smaller, five times. The interval is clustered by the nearest
    real row: synthetic rows that share it stand or fall together, which covers the draw of both real samples.
    """
    if min(len(case.unseen), len(case.synthetic), len(case.train)) < 2:
        raise NotApplicable("TOO_FEW_ROWS", "the share needs two rows in each table")
    near, points = case.neighbors, case.embedded
    sizes = {side: len(points.side(side)) for side in ("train", "holdout")}
    equal = min(sizes.values())
    rng = case.rng.child("PRV02").generator()
    shares = []
    for _ in range(DRAWS if max(sizes.values()) > equal else 1):
        picks = {side: np.sort(rng.choice(n, equal, replace=False)) for side, n in sizes.items()}
        train, holdout = (near.nearest_of("synthetic", side, picks[side]) for side in ("train", "holdout"))
        shares.append(_share(train, holdout))
    value, sd = float(np.mean([s.value for s in shares])), float(np.mean([s.sd for s in shares]))
    return Result(
        value=value,
        interval=normal(value, sd, 0.0, 1.0),
        reference=Reference(0.5, sd, equal, "holdout"),
        n={"train": equal, "synthetic": len(points.synthetic), "holdout": equal},
        caveats=(NO_EVIDENCE, *subsampled(case)),
        breakdown={
            "ties": float(np.mean([s.ties for s in shares])),
            "closer_to_train": float(np.mean([s.train for s in shares])),
            "closer_to_holdout": float(np.mean([s.holdout for s in shares])),
            "highest": (1 + equal / sizes["train"]) / 2,
        },
    )


def _share(train: Near, holdout: Near) -> Share:
    to_train, to_holdout = train.distance[:, 0], holdout.distance[:, 0]
    closer, farther = to_train < to_holdout, to_train > to_holdout
    win = closer + 0.5 * ~(closer | farther)
    owner = np.where(closer, train.index[:, 0], -1 - holdout.index[:, 0])
    _, cluster = np.unique(owner, return_inverse=True)
    moved = np.bincount(cluster.ravel(), weights=win - win.mean())
    # rows of one cluster agree, so that a share near 0 or 1 would seem certain: shrink towards one half as Wilson does
    floor = 1 / (len(win) + 4)
    sd = np.sqrt((moved**2).sum() + floor * len(win)) / len(win)
    return Share(float(closer.mean()), float(farther.mean()), float(1 - (closer | farther).mean()), float(sd))
