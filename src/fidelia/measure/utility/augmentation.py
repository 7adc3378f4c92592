"""Augmentation: does a model gain from synthetic rows beside the real ones?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.learners import BOOSTED
from fidelia.measure.result import Caveat, Reference, Result
from fidelia.measure.statistics.estimates import Estimate
from fidelia.measure.statistics.intervals import normal

if TYPE_CHECKING:
    from fidelia.measure.case import Case
    from fidelia.measure.utility.fitted import Models, Part

FEWEST = 10


def augmentation(case: Case) -> Result:
    """UTL03: the score of a model learnt from train and m synthetic rows, minus that of one learnt from train alone.

    The reference is the gain from m fresh real rows: each half of the holdout is added to train and tested on the
    other half, so that m is half the holdout. The gain from all synthetic rows stands in the breakdown as ``full``.
    Intervals are paired over test rows.
    """
    models = case.models
    task, rng_halves = models.task, ("fresh 0", "fresh 1")
    m = min(len(models.pool("synthetic")), *(len(models.pool(name)) for name in rng_halves))
    if m < FEWEST or any(len(np.unique(models.actual((name, len(models.pool(name)))))) < 2 for name in rng_halves):
        raise NotApplicable("TOO_FEW_ROWS", f"half of the holdout has {m} rows, or one value of the target alone")
    total = models.affordable(BOOSTED)
    real: Part = ("train", min(len(models.pool("train")), total))
    made = _gain(models, real, ("synthetic", m))
    fresh = _mean([_gain(models, real, (name, m), on=other) for name, other in _swapped(rng_halves)])
    whole: Part = ("synthetic", min(len(models.pool("synthetic")), total))
    full = _gain(models, real, whole)
    base = models.score(BOOSTED, real)
    return Result(
        value=made.value,
        interval=normal(made.value, made.sd),
        reference=Reference(fresh.value, fresh.sd, m, "holdout"),
        n={"train": real[1], "synthetic": m, "holdout": models.test()[1]},
        caveats=(*task.caveats, *_limited(models, total)),
        breakdown={
            "metric": task.metric,
            "full": full.value,
            "lines": [
                {"name": "train alone", "rows": real[1], "score": base.value},
                _line("train and fresh real rows", real[1] + m, fresh),
                _line("train and as many synthetic rows", real[1] + m, made),
                _line("train and all synthetic rows", real[1] + whole[1], full),
            ],
        },
    )


def _swapped(names: tuple[str, str]) -> list[tuple[str, str]]:
    return [names, names[::-1]]


def _gain(models: Models, real: Part, more: Part, on: str | None = None) -> Estimate:
    """Return the paired gain from more rows, on the holdout or on a part of it."""
    test = None if on is None else models.test(on)
    return models.score(BOOSTED, real, more, on=test).minus(models.score(BOOSTED, real, on=test))


def _mean(found: list[Estimate]) -> Estimate:
    """Return the mean of estimates on disjoint test rows of about equal number."""
    return Estimate(float(np.mean([each.value for each in found])), np.concatenate([each.influence for each in found]))


def _line(name: str, rows: int, gain: Estimate) -> dict[str, object]:
    low, high = normal(gain.value, gain.sd)
    return {"name": name, "rows": rows, "gain": gain.value, "low": low, "high": high}


def _limited(models: Models, total: int) -> tuple[Caveat, ...]:
    if max(len(models.pool("train")), len(models.pool("synthetic"))) <= total:
        return ()
    return (Caveat("SUBSAMPLED", f"At most {total:,} train rows and {total:,} synthetic rows were learnt from."),)
