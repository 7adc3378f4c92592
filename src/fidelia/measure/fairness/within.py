"""Within each group: alpha-precision, beta-recall, authenticity, and the score of models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.fairness.groups import Groups, classes_of, groups_of
from fidelia.measure.learners import BOOSTED
from fidelia.measure.result import Caveat, Reference, Result
from fidelia.measure.space.caveats import subsampled
from fidelia.measure.statistics.intervals import newcombe, normal
from fidelia.measure.support.levels import integrate, levels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.space.neighbors import Near, Neighbors
    from fidelia.measure.statistics.estimates import Estimate
    from fidelia.measure.support.levels import Score
    from fidelia.rng import Rng

    Ints = NDArray[np.int64]

NEIGHBOUR = 5
FEWEST = 10
TRAIN, OTHER = 4_000, 2_000
DRAWS = 2_000


@dataclass(frozen=True, slots=True, eq=False)
class Within:
    """What one group's rows score among its train rows: alpha-precision, beta-recall, and how many are authentic."""

    precision: Score
    recall: Score
    authentic: int
    rows: int


def group_fidelity(case: Case) -> Result:
    """FAI03: the worst group's gap: alpha-precision and beta-recall within a group, minus those of fresh real rows.

    Each group's synthetic and fresh real rows, in equal numbers, are compared with the train rows of that group alone;
    its gap is the mean of the two gaps. The worst group is the one whose gap is largest for its standard error, so
    that the noise of small groups hides no large one. The reference is what the worst of as many groups is expected
    to show when none differs. Authenticity stands beside it with Newcombe's interval.
    """
    return _worst_group(case, "FAI03", groups_of)


def class_fidelity(case: Case) -> Result:
    """IMG09: as FAI03, of the classes of the target: which class is worst drawn, and what each class scores."""
    return _worst_group(case, "IMG09", classes_of)


def _worst_group(case: Case, code: str, cut: Callable[[Case], tuple[list[Groups], tuple[Caveat, ...]]]) -> Result:
    side = case.contrast
    grouped, caveats = cut(side.case)
    near = side.case.neighbors
    rng = case.rng.child(code)
    lines, absent = [], []
    for groups in grouped:
        for g, name in enumerate(groups.names):
            line = _group(near, _members(side.case, groups, g), rng.child(f"{groups.column}/{name}"))
            shown = f"{groups.column} = {name}"
            if line is None:
                absent.append(shown)
            else:
                lines.append({"name": shown, **line})
    if not lines:
        raise NotApplicable("TOO_FEW_ROWS", f"no group has {FEWEST} rows in each table")
    worst = min(lines, key=lambda line: line["value"] / line["sd"])
    noise = rng.child("worst").generator().normal(size=(DRAWS, len(lines))).min(axis=1) * worst["sd"]
    missing = f"Fewer than {FEWEST} rows in a table, so that nothing can be said of: {', '.join(absent)}."
    return Result(
        value=worst["value"],
        interval=normal(worst["value"], worst["sd"], -1.0, 1.0),
        reference=side.reference(float(noise.mean()), float(noise.std(ddof=1))),
        n={"train": len(near.embedded.train), "synthetic": len(near.embedded.synthetic), side.kind: side.rows},
        caveats=(
            *side.caveats,
            *caveats,
            *subsampled(case),
            *((Caveat("MISSING_GROUPS", missing),) if absent else ()),
        ),
        breakdown={"worst": worst["name"], "lines": sorted(lines, key=lambda line: line["value"] / line["sd"])},
    )


def _members(case: Case, groups: Groups, g: int) -> dict[str, Ints]:
    """Return the points of each side that belong to a group."""
    return {side: np.flatnonzero(codes[case.embedded.rows[side]] == g) for side, codes in groups.codes.items()}


def _group(near: Neighbors, rows: dict[str, Ints], rng: Rng) -> dict[str, Any] | None:
    """Return the scores of a group beside those of its fresh real rows; None where it has too few."""
    m = min(OTHER, len(rows["synthetic"]), len(rows["holdout"]))
    if m < FEWEST or len(rows["train"]) < FEWEST:
        return None
    sizes = {"train": min(TRAIN, len(rows["train"])), "synthetic": m, "holdout": m}
    taken = {s: np.sort(rng.child(s).generator().choice(rows[s], size, replace=False)) for s, size in sizes.items()}
    own = near.within("train", taken["train"], NEIGHBOUR)
    made, fresh = (_within(near, own, taken, of) for of in ("synthetic", "holdout"))
    gaps = made.precision.value - fresh.precision.value, made.recall.value - fresh.recall.value
    spread = [s.sd**2 for each in (made, fresh) for s in (each.precision, each.recall)]
    counts = made.authentic, made.rows, fresh.authentic, fresh.rows
    return {
        "rows": m,
        "value": float(np.mean(gaps)),
        "sd": float(np.sqrt(np.sum(spread)) / 2),
        "precision": made.precision.value,
        "precision_reference": fresh.precision.value,
        "recall": made.recall.value,
        "recall_reference": fresh.recall.value,
        "authenticity": made.authentic / m,
        "authenticity_reference": fresh.authentic / m,
        "authenticity_gap_interval": newcombe(*counts),
    }


def _within(near: Neighbors, own: Near, taken: dict[str, Ints], of: str) -> Within:
    """Score the rows of side `of` against the train rows of their group."""
    to = near.between(of, taken[of], "train", taken["train"], NEIGHBOUR)
    back = near.between("train", taken["train"], of, taken[of], NEIGHBOUR)
    among = near.within(of, taken[of], NEIGHBOUR)
    nearest = np.searchsorted(taken["train"], to.index[:, 0])
    return Within(
        integrate([levels(to.distance[:, -1], own.distance[:, -1])]),
        integrate([levels(back.distance[:, -1], among.distance[:, -1])]),
        int((to.distance[:, 0] > own.distance[nearest, 0]).sum()),
        len(taken[of]),
    )


def group_utility(case: Case) -> Result:
    """FAI04: the score of a model learnt from synthetic rows within the group where it is lowest.

    The reference is the lowest group's score of a model learnt from as many train rows; it need not be the same
    group. Groups with one class alone are left out. Intervals cover the draw of test rows; differences are paired.
    """
    models = case.models
    task = models.task
    grouped, caveats = groups_of(case)
    n = models.matched(BOOSTED, "train", "synthetic")
    test = models.test()
    rows, actual = models.rows(test), models.actual(test)
    told = [models.predicted(BOOSTED, (side, n), on=test) for side in ("train", "synthetic")]
    found: list[tuple[str, Estimate, Estimate]] = []
    for groups in grouped:
        codes = groups.codes["holdout"][rows]
        for g, name in enumerate(groups.names):
            inside = np.flatnonzero(codes == g)
            if len(inside) >= FEWEST and len(np.unique(actual[inside])) > 1:
                real, made = (task.score(each[inside], actual[inside]) for each in told)
                found.append((f"{groups.column} = {name}", real, made))
    if not found:
        raise NotApplicable("TOO_FEW_ROWS", "no group has two classes, or two numbers, in the holdout")
    worst = min(found, key=lambda line: line[2].value)
    expected = min((real for _, real, _ in found), key=lambda estimate: estimate.value)
    return Result(
        value=worst[2].value,
        interval=normal(worst[2].value, worst[2].sd, *task.bounds),
        reference=Reference(expected.value, expected.sd, n, "holdout"),
        n={"train": n, "synthetic": n, "holdout": len(rows)},
        caveats=(*task.caveats, *caveats),
        breakdown={
            "metric": task.metric,
            "worst": worst[0],
            "lines": [_utility_line(*line) for line in sorted(found, key=lambda line: line[2].value)],
        },
    )


def _utility_line(name: str, real: Estimate, made: Estimate) -> dict[str, Any]:
    gap = made.minus(real)
    return {
        "name": name,
        "rows": len(made.influence),
        "value": made.value,
        "reference": real.value,
        "difference": gap.value,
        "difference_interval": normal(gap.value, gap.sd),
    }
