"""All four directions: learnt from real or synthetic rows, tested on real or synthetic rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fidelia.measure.learners import BOOSTED, LINEAR, NETWORK, TREE
from fidelia.measure.result import Reference, Result
from fidelia.measure.statistics.intervals import normal

if TYPE_CHECKING:
    from fidelia.measure.case import Case
    from fidelia.measure.statistics.estimates import Estimate
    from fidelia.measure.utility.fitted import Models

    Four = dict[str, Estimate]

WANTED = (BOOSTED, LINEAR, TREE, NETWORK)


def directions(case: Case) -> Result:
    """UTL02: train on real, test on synthetic (TRTS), beside the other three directions.

    The value is the score of boosted trees learnt from train on a fifth of the synthetic rows; the reference is that
    of the same model on the holdout (TRTR). Synthetic rows that are too easy, because they are all typical or all
    alike, are predicted better than real ones, and rows that contradict themselves worse: the value should be equal
    to the reference. TSTS learns from the other four fifths of the synthetic rows.
    """
    models = case.models
    task = models.task
    n = models.matched(BOOSTED, "train", "synthetic")
    found = {name: _four(models, name) for name in WANTED if name in models.families}
    value, real = found[BOOSTED]["TRTS"], found[BOOSTED]["TRTR"]
    return Result(
        value=value.value,
        interval=normal(value.value, value.sd, *task.bounds),
        reference=Reference(real.value, real.sd, n, "holdout"),
        n={"train": n, "synthetic": models.test("check")[1], "holdout": models.test()[1]},
        caveats=task.caveats,
        breakdown={
            "metric": task.metric,
            "baseline": task.baseline,
            "lines": [_line(name, four, task.bounds) for name, four in found.items()],
        },
    )


def _four(models: Models, family: str) -> Four:
    """Return the scores of one learner, of as many rows as it can afford."""
    n = models.matched(family, "train", "synthetic")
    real, made, part = ("train", n), ("synthetic", n), ("learn", min(n, len(models.pool("learn"))))
    check = models.test("check")
    return {
        "TSTR": models.score(family, made),
        "TRTR": models.score(family, real),
        "TRTS": models.score(family, real, on=check),
        "TSTS": models.score(family, part, on=check),
    }


def _line(name: str, four: Four, bounds: tuple[float, float]) -> dict[str, Any]:
    line: dict[str, Any] = {"name": name}
    for direction, found in four.items():
        line[direction] = found.value
        line[f"{direction}_interval"] = normal(found.value, found.sd, *bounds)
    return line
