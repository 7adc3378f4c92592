"""Utility: does a model learnt from synthetic rows do on real ones what a model learnt from real rows does?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.measure.learners import BOOSTED, LINEAR, NETWORK
from fidelia.measure.result import Reference, Result
from fidelia.measure.statistics.intervals import normal
from fidelia.measure.utility.importance import importances

if TYPE_CHECKING:
    from fidelia.measure.case import Case
    from fidelia.measure.statistics.estimates import Estimate
    from fidelia.measure.utility.fitted import Models
    from fidelia.measure.utility.task import Task

    Found = tuple[Estimate, float]


def utility(case: Case) -> Result:
    """UTL01: models learnt from synthetic rows and from as many train rows, both tested on the holdout.

    The value is the score of boosted trees learnt from synthetic rows; the reference is the same learnt from train.
    Where a table has more rows than the matched number, scores are means over three draws. Intervals cover the draw
    of test rows and those draws; differences and the normalised score are paired over test rows.
    """
    models = case.models
    task = models.task
    n = models.matched(BOOSTED, "train", "synthetic")
    (real, real_spread), (made, made_spread) = (models.scores(BOOSTED, (side, n)) for side in ("train", "synthetic"))
    lines = [line(BOOSTED, n, (real, real_spread), (made, made_spread), task), *_others(models)]
    return Result(
        value=made.value,
        interval=normal(made.value, float(np.hypot(made.sd, made_spread)), *task.bounds),
        reference=Reference(real.value, float(np.hypot(real.sd, real_spread)), n, "holdout"),
        n={"train": n, "synthetic": n, "holdout": models.test()[1]},
        caveats=task.caveats,
        breakdown={
            "task": task.kind,
            "metric": task.metric,
            "baseline": task.baseline,
            "normalised": lines[0]["normalised"],
            "normalised_interval": lines[0]["normalised_interval"],
            "models": lines,
            "importances": _importances(models, n),
        },
    )


def line(model: str, n: int, real: Found, made: Found, task: Task) -> dict[str, Any]:
    """Return what is said of a learner: both scores, their paired difference and their ratio above the baseline."""
    (expected, expected_spread), (found, found_spread) = real, made
    spread = float(np.hypot(expected_spread, found_spread))
    gap, share = found.minus(expected), found.relative_to(expected, task.baseline)
    above = max(expected.value - task.baseline, 1e-12)
    known = bool(np.isfinite(share.value))
    return {
        "model": model,
        "rows": n,
        "real": expected.value,
        "synthetic": found.value,
        "real_interval": normal(expected.value, float(np.hypot(expected.sd, expected_spread)), *task.bounds),
        "synthetic_interval": normal(found.value, float(np.hypot(found.sd, found_spread)), *task.bounds),
        "difference": gap.value,
        "difference_interval": normal(gap.value, float(np.hypot(gap.sd, spread))),
        "normalised": share.value if known else None,
        "normalised_interval": normal(share.value, float(np.hypot(share.sd, spread / above))) if known else None,
    }


def _others(models: Models) -> list[dict[str, Any]]:
    """Return the lines of a linear model and a network on the embedding; none where nothing varies."""
    lines = []
    for name in (LINEAR, NETWORK):
        if name in models.families:
            n = models.matched(name, "train", "synthetic")
            real, made = (models.scores(name, (side, n)) for side in ("train", "synthetic"))
            lines.append(line(name, n, real, made, models.task))
    return lines


def _importances(models: Models, n: int) -> list[dict[str, Any]]:
    """Return by how much each model's score falls when a column of the test rows is permuted, largest first."""
    real, made = (importances(models, (side, n), times=1) for side in ("train", "synthetic"))
    found = [
        {"column": name, "real": max(0.0, a.value), "synthetic": max(0.0, b.value)}
        for name, a, b in zip(models.table.names, real, made, strict=True)
    ]
    return sorted(found, key=lambda shown: -shown["real"])
