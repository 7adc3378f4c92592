"""Whole rows repeated from train: identical ones, found by hash whatever the order of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.data.keys import learnt_keys
from fidelia.errors import NotApplicable
from fidelia.measure.result import Caveat, Reference, Result
from fidelia.measure.statistics.intervals import wilson

if TYPE_CHECKING:
    from fidelia.measure.case import Case


def identical(case: Case) -> Result:
    """AUT05: the share of synthetic rows that equal a train row in every column but ids and texts."""
    if not case.values:
        raise NotApplicable("UNSUPPORTED_TYPE", "all columns are ids or texts")
    if not len(case.synthetic):
        raise NotApplicable("TOO_FEW_ROWS", "the synthetic table has no rows")
    train = learnt_keys(case.train)
    same = np.isin(learnt_keys(case.synthetic), train)
    n = {"train": len(train), "synthetic": len(same)}
    fresh = None
    if case.holdout is not None and len(case.holdout):
        real = np.isin(learnt_keys(case.holdout), train)
        n["holdout"] = len(real)
        share = float(real.mean())
        fresh = Reference(share, float(np.sqrt(share * (1 - share) / len(real))), len(real), "holdout")
    return Result(
        value=float(same.mean()),
        interval=wilson(int(same.sum()), len(same)),
        reference=fresh,
        n=n,
        caveats=() if fresh else (Caveat("NEEDS_HOLDOUT", "Without a holdout the expected share is not known."),),
        breakdown={"synthetic": float(same.mean()), "holdout": fresh and fresh.value, "rows": int(same.sum())},
        rows={"synthetic.identical": same},
    )
