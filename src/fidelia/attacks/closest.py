"""Distances to the closest record: are synthetic rows nearer to train than to rows that nobody has seen?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.result import Caveat, Reference, Result
from fidelia.measure.space.caveats import subsampled
from fidelia.measure.statistics.intervals import normal
from fidelia.measure.statistics.resampling import DRAWS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case

    Floats = NDArray[np.float64]

NO_EVIDENCE = Caveat(
    "NOT_PRIVACY_EVIDENCE",
    "Distances to the closest record can show copying; that they show none is no evidence of privacy.",
)


def dcr_share(case: Case) -> Result:
    """PRV02: the share of synthetic rows nearer to train than to an equally large holdout; ties count one half.

    The larger side is subsampled to the size of the smaller, five times. The standard error adds the draw of the
    synthetic rows and of the holdout (rows that share their nearest holdout row stand or fall together) and the draw
    of the train rows (the spread over subsamples, or the same clustering where there is but one).
    """
    if min(len(case.unseen), len(case.synthetic), len(case.train)) < 2:
        raise NotApplicable("TOO_FEW_ROWS", "the share needs two rows in each table")
    near, points = case.neighbors, case.embedded
    sizes = {side: len(points.side(side)) for side in ("train", "holdout")}
    equal = min(sizes.values())
    rng = case.rng.child("PRV02").generator()
    wins, ties, spreads = [], [], []
    for _ in range(DRAWS if max(sizes.values()) > equal else 1):
        picks = {side: np.sort(rng.choice(n, equal, replace=False)) for side, n in sizes.items()}
        train, holdout = (near.nearest_of("synthetic", side, picks[side]) for side in ("train", "holdout"))
        gap = train.distance[:, 0] - holdout.distance[:, 0]
        wins.append((gap < 0) + (gap == 0) / 2)
        ties.append(gap == 0)
        spreads.append(max(_clustered(wins[-1], each.index[:, 0]) for each in (train, holdout)))
    value, tied = float(np.mean(wins)), float(np.mean(ties))
    sd = _sd(np.array(wins), near.near("synthetic", "holdout").index[:, 0], equal / max(sizes.values()), spreads)
    return Result(
        value=value,
        interval=normal(value, sd, 0.0, 1.0),
        reference=Reference(0.5, sd, equal, "holdout"),
        n={"train": equal, "synthetic": len(points.synthetic), "holdout": equal},
        caveats=(NO_EVIDENCE, *subsampled(case)),
        breakdown={
            "ties": tied,
            "closer_to_train": value - tied / 2,
            "closer_to_holdout": 1 - value - tied / 2,
            "highest": (1 + equal / sizes["train"]) / 2,
        },
    )


def _sd(wins: Floats, nearest: NDArray[np.int64], part: float, spreads: list[float]) -> float:
    """Return the standard error of the mean win; `part` is the share of the larger side in each draw.

    With one draw both real samples vary: two clusterings, of which each holds the draw of the synthetic rows.
    """
    least = 0.5 / len(wins[0])
    if len(wins) == 1:
        return max(least, float(np.sqrt(2) * spreads[0]))
    clustered = _clustered(wins.mean(axis=0), nearest) ** 2
    between = wins.mean(axis=1).var(ddof=1)
    return max(least, float(np.sqrt(clustered + between * (1 / len(wins) + part / (1 - part)))))


def _clustered(win: Floats, cluster: NDArray[np.int64]) -> float:
    """Return the standard error of a mean over rows of which those of one cluster go together."""
    moved = np.bincount(cluster, weights=win - win.mean())
    return float(np.sqrt((moved**2).sum()) / len(win))
