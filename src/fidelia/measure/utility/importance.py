"""Which columns matter for the prediction: to the model learnt from synthetic rows and to one learnt from real rows.

References
----------
Breiman (2001), Random Forests, Machine Learning 45, 5-32 (permutation importance); Fisher, Rudin and Dominici (2019),
Journal of Machine Learning Research 20(177).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.learners import BOOSTED
from fidelia.measure.result import Reference, Result
from fidelia.measure.statistics.estimates import Estimate
from fidelia.measure.statistics.intervals import normal
from fidelia.measure.statistics.ranks import agreement, spearman

if TYPE_CHECKING:
    from fidelia.measure.case import Case
    from fidelia.measure.utility.fitted import Models, Part

PERMUTED = 2_000
TIMES = 5
MOST = 20_000
FEWEST = 3


def importances(models: Models, part: Part, times: int) -> list[Estimate]:
    """Return by how much the score of boosted trees falls when each column of the test rows is permuted.

    Parameters
    ----------
    part : (str, int)
        What the model has learnt from.
    times : int
        Permutations of each column, the same for every model.

    Returns
    -------
    list of Estimate
        One per column, all on the same test rows, at most 2,000.
    """
    test = ("holdout", min(PERMUTED, len(models.pool("holdout"))))
    x, actual = models.x(BOOSTED, test), models.actual(test)
    model, task = models.learnt(BOOSTED, part), models.task
    base = task.score(model(x), actual)
    found = []
    for i, name in enumerate(models.table.names):
        generator = models.case.rng.child(f"models/permuted/{name}").generator()
        falls = []
        for _ in range(times):
            changed = x.copy()
            changed[:, i] = changed[generator.permutation(len(x)), i]
            falls.append(base.minus(task.score(model(changed), actual)))
        found.append(
            Estimate(
                float(np.mean([fall.value for fall in falls])), np.mean([fall.influence for fall in falls], axis=0)
            )
        )
    return found


def importance_agreement(case: Case) -> Result:
    """UTL05: rank correlation of permutation importances, of models learnt from synthetic rows and from half of train.

    The reference is that of models learnt from the two halves of train. All three models see equally many rows, and
    the columns of the same test rows are permuted in the same way. The correlation is averaged over draws of the test
    rows, which the interval covers.
    """
    models = case.models
    names = models.table.names
    if len(names) < FEWEST:
        raise NotApplicable("DEGENERATE_COLUMN", f"{len(names)} columns beside the target; a ranking needs {FEWEST}")
    n = min(MOST, models.matched(BOOSTED, "first", "second", "synthetic"))
    real, again, made = (importances(models, (pool, n), TIMES) for pool in ("first", "second", "synthetic"))
    rng = case.rng.child("UTL05")
    either = [agreement(half, made, spearman, rng) for half in (real, again)]
    value, sd = (float(np.mean([getattr(each, part) for each in either])) for part in ("value", "sd"))
    expected = agreement(real, again, spearman, rng.child("fresh"))
    columns = [
        {"column": name, "value": c.value, "reference": a.value, "again": b.value, "sd": a.sd}
        for name, a, b, c in zip(names, real, again, made, strict=True)
    ]
    return Result(
        value=value,
        interval=normal(value, sd, -1.0, 1.0),
        reference=Reference(expected.value, expected.sd, n, "train-split"),
        n={"train": n, "synthetic": n, "holdout": min(PERMUTED, len(models.pool("holdout")))},
        caveats=models.task.caveats,
        breakdown={
            "metric": models.task.metric,
            "observed": float(np.mean([each.observed for each in either])),
            "columns": sorted(columns, key=lambda line: -float(line["reference"])),
        },
    )
