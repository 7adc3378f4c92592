"""What must be said beside a number that rests on distances: ties, and searches in a part of the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.result import Caveat

if TYPE_CHECKING:
    from fidelia.measure.case import Case

MOST = 0.05


def tie_share(case: Case) -> float:
    """Return the share of train rows that have a twin: another train row at distance 0."""
    return float(np.mean(case.neighbors.radius("train", "train", 1) == 0))


def tie_caveats(case: Case) -> tuple[Caveat, ...]:
    """Return the caveat ``TIES`` where more than 5 % of train rows have a twin."""
    share = tie_share(case)
    if share <= MOST:
        return ()
    text = (
        f"{share:.0%} of train rows have an exact twin in train, so that distances to the nearest row are often 0: "
        "compare identical rows (AUT05) with the holdout's instead."
    )
    return (Caveat("TIES", text),)


def subsampled(case: Case) -> tuple[Caveat, ...]:
    """Return the caveats that only a part of the rows was searched, where that is so."""
    points, said = case.embedded, []
    used = ", ".join(f"{len(rows):,} {side}" for side, rows in points.rows.items())
    if points.subsampled:
        said.append(Caveat("SUBSAMPLED", f"Neighbours were searched in a seeded subsample: {used} rows."))
    if points.fitted:
        text = (
            f"{points.fitted:,} train rows trained the embedding {points.name!r} and are not searched, since they lie "
            f"nearer to its centre than rows of the same law: distances are among {used} rows."
        )
        said.append(Caveat("SPLIT_CALIBRATED", text))
    return tuple(said)
