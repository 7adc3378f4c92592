"""How much of a table is duplicated, which decides what nearest-neighbour ratios can mean."""

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
