"""Do synthetic rows rank kinds of models as real rows do?

References
----------
Jordon, Yoon and van der Schaar (2018), Measuring the quality of synthetic data for use in competitions,
arXiv 1806.11345 (synthetic ranking agreement); Kendall (1945), Biometrika 33, 239-251 (tau-b).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.result import Reference, Result
from fidelia.measure.statistics.intervals import Z, normal
from fidelia.measure.statistics.ranks import agreement, kendall

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fidelia.measure.case import Case
    from fidelia.measure.statistics.estimates import Estimate

MOST = 4_000
TESTED = 10_000
FEWEST = 5


def model_ranking(case: Case) -> Result:
    """UTL04: Kendall's tau of the scores of at least five kinds of models, learnt from synthetic and from real rows.

    All are tested on the same holdout rows. The value is the mean over both halves of train that synthetic rows are
    compared with; the reference is the tau of these halves: where kinds of models do equally well, real rows do not
    agree with real rows either. Tau is averaged over draws of the test rows, which the interval covers. SRA is the
    share of pairs in the same order; its ``clear`` form takes only pairs that the real scores tell apart.
    """
    models = case.models
    names = models.families
    if len(names) < FEWEST:
        raise NotApplicable("DEGENERATE_COLUMN", f"{len(names)} kinds of models can be learnt here; it takes {FEWEST}")
    n = min(MOST, *(models.matched(name, "first", "second", "synthetic") for name in names))
    test = ("holdout", min(TESTED, len(models.pool("holdout"))))
    real, again, made = (
        [models.score(name, (pool, n), on=test) for name in names] for pool in ("first", "second", "synthetic")
    )
    rng = case.rng.child("UTL04")
    either = [agreement(half, made, kendall, rng) for half in (real, again)]
    value, sd = (float(np.mean([getattr(each, part) for each in either])) for part in ("value", "sd"))
    expected = agreement(real, again, kendall, rng.child("fresh"))
    lines = [
        {"name": name, "real": a.value, "again": b.value, "synthetic": c.value, "sd": a.sd}
        for name, a, b, c in zip(names, real, again, made, strict=True)
    ]
    return Result(
        value=value,
        interval=normal(value, sd, -1.0, 1.0),
        reference=Reference(expected.value, expected.sd, n, "train-split"),
        n={"train": n, "synthetic": n, "holdout": test[1]},
        caveats=models.task.caveats,
        breakdown={
            "metric": models.task.metric,
            "observed": float(np.mean([each.observed for each in either])),
            **ranking(real, made),
            "reference": ranking(real, again),
            "lines": sorted(lines, key=lambda line: -float(line["real"])),
        },
    )


def ranking(real: Sequence[Estimate], made: Sequence[Estimate]) -> dict[str, Any]:
    """Return the share of pairs in the same order, of all and of those that the real scores tell apart.

    Also what is lost, in real score, by taking the kind of model that `made` ranks first.
    """
    pairs = [(i, j) for i in range(len(real)) for j in range(i)]
    same = np.array([(real[i].value - real[j].value) * (made[i].value - made[j].value) > 0 for i, j in pairs])
    gaps = (real[i].minus(real[j]) for i, j in pairs)
    clear = np.array([abs(gap.value) > Z * gap.sd for gap in gaps])
    best = int(np.argmax([each.value for each in made]))
    return {
        "sra": float(same.mean()),
        "clear_pairs": int(clear.sum()),
        "clear_sra": float(same[clear].mean()) if clear.any() else None,
        "regret": float(max(each.value for each in real) - real[best].value),
    }
