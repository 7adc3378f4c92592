"""From rows to an answer: what each question tries, on which splits, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.data.images.imageset import picture_column
from fidelia.data.keys import value_keys
from fidelia.enhancement import pictures
from fidelia.enhancement.arms import (
    AUDITED,
    DISTILLED,
    MIXUP,
    NOISE,
    REPEATED,
    SYNTHETIC,
    Arm,
    Maker,
    augment,
    rebalance,
)
from fidelia.enhancement.enhanced import Enhanced, What, curve_of, lines_of, pairs_of, parts_of
from fidelia.enhancement.folds import folds
from fidelia.enhancement.goal import FEWEST, RARE, Goal, goal_of, segments
from fidelia.enhancement.learning import learners as learners_of
from fidelia.enhancement.trial import Plan, Trial, run
from fidelia.enhancement.words import verdict
from fidelia.errors import SchemaError, UsageError
from fidelia.generate.catalog import find
from fidelia.progress import SILENT, Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.rng import Rng

QUESTIONS = ("augment", "rebalance", "scarce")
RATIOS, REPEATS = (0.5, 1.0, 2.0, 4.0), 2
FEW_RATIOS = (1.0, 4.0)
"""Of learning curves and of pictures, whose networks take their time."""
SHARES = (0.01, 0.05, 0.1, 0.5, 1.0)
SCARCE = {AUDITED, NOISE, MIXUP, REPEATED, SYNTHETIC}
"""Arms of augmentation that a learning curve does without."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a user asks.

    Parameters
    ----------
    what : {"augment", "rebalance", "scarce"}
    generator, parameters : str, mapping
        From the catalog.
    protected : bool
        Whether the generator protects rare values as one whose rows are published does.
    ratios : sequence of float
        Synthetic rows for each real one.
    share : float
        Of the training rows of each fold that are learnt from, in (0, 1].
    rare : str or None
        The class that `rebalance` is about; None for the least frequent.
    learners : sequence of str, mapping or None
        As in `fidelia.enhancement.learning.learners`.
    tuned : bool
        Whether the settings of learners are chosen on the real rows of each training fold.
    segment, by : str or None
        A column within whose values models are scored too; a column of entities that stay on one side.
    repeats : int
    time_limit : float or None
        Seconds. A generator that trains step by step gets half of it, over all fits that are planned.
    flips : bool
        Whether a mirrored picture means the same.
    """

    what: What = "augment"
    generator: str = "trees"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    protected: bool = False
    ratios: Sequence[float] | None = None
    share: float = 1.0
    rare: str | None = None
    learners: Sequence[str] | Mapping[str, Any] | None = None
    tuned: bool = True
    segment: str | None = None
    by: str | None = None
    repeats: int = REPEATS
    time_limit: float | None = None
    flips: bool = False

    def __post_init__(self) -> None:
        if self.what not in QUESTIONS:
            raise UsageError(f"what = {self.what!r}; there are {', '.join(QUESTIONS)}")
        if not 0 < self.share <= 1:
            raise UsageError(f"share = {self.share!r}: a share of the rows lies above 0 and is at most 1")
        if self.repeats < 1:
            raise UsageError(f"repeats = {self.repeats!r}: at least 1 is needed")
        if self.ratios is not None and not (self.ratios and all(0 < ratio <= 100 for ratio in self.ratios)):
            raise UsageError(f"ratios = {self.ratios!r}: each lies above 0 and is at most 100")
        if self.rare is not None and self.what != "rebalance":
            raise UsageError(f"rare = {self.rare!r} is asked with what='rebalance'")
        if self.time_limit is not None and not 0 < self.time_limit < float("inf"):
            raise UsageError(f"time_limit = {self.time_limit!r}: a time limit is a number of seconds above 0")
        find(self.generator)


def enhance(table: Table, asked: Asked, rng: Rng, progress: Progress = SILENT) -> Enhanced:
    """Answer a question about a table whose target is declared.

    Raises
    ------
    UsageError, SchemaError
        When the question does not fit the table.
    """
    if asked.what == "rebalance" and picture_column(table.schema) is not None:
        raise UsageError("what = 'rebalance' is asked of rows; of pictures there are 'augment' and 'scarce'")
    goal, left_out = goal_of(table, rare=(asked.rare or True) if asked.what == "rebalance" else False)
    rows = table.take(np.flatnonzero(goal.known(goal.actual(table))))
    segments(rows, asked.segment)
    plan = plan_of(asked, goal, goal.strata(rows))
    trial = run(rows, goal, plan, rng.child("trial"), progress, groups=_groups(rows, asked.by, plan.folds))
    with progress.stage("compare"):
        return _enhanced(
            trial, asked, [*table.notes, *left_out, *_too_few(asked, plan, len(rows))], rng.child("statistics")
        )


def plan_of(asked: Asked, goal: Goal, strata: NDArray[np.int64]) -> Plan:
    """Return what is to be tried on rows of these strata.

    Raises
    ------
    SchemaError
        When too few rows would be learnt from.
    """
    shares: tuple[float, ...] = SHARES if asked.what == "scarce" else (asked.share,)
    count = folds(strata, goal.kind != "regression")
    there = round(len(strata) * (1 - 1 / count))
    shares = tuple(share for share in shares if share * there >= FEWEST)
    if not shares:
        raise SchemaError(f"{asked.share:g} of {there:,} training rows are too few: {FEWEST} are needed to learn from")
    ratios = tuple(asked.ratios or (FEW_RATIOS if asked.what == "scarce" or goal.pictures else RATIOS))
    arms = pictures.augment(ratios, flips=asked.flips) if goal.pictures else _arms(asked.what, ratios)
    chosen = _chosen(arms) if asked.what == "augment" and not goal.pictures else ()
    fits = count * asked.repeats * len(shares) * (1 + 2 * bool(chosen))
    seconds = None if asked.time_limit is None else asked.time_limit / (2 * fits)
    return Plan(
        arms,
        learners_of(asked.learners, tuned=asked.tuned, task=goal.kind, pictures=goal.pictures),
        shares,
        count,
        asked.repeats,
        chosen,
        Maker.of(asked.generator, asked.parameters, protected=asked.protected, seconds=seconds),
        asked.segment,
        max(ratios),
        asked.time_limit,
    )


def _chosen(arms: Sequence[Arm]) -> tuple[Arm, ...]:
    return tuple(arm for arm in arms if "+" in arm.name or arm.name == DISTILLED)


def _arms(what: What, ratios: Sequence[float]) -> list[Arm]:
    if what == "rebalance":
        return rebalance()
    return [arm for arm in augment(ratios) if what == "augment" or arm.name not in SCARCE]


def _groups(table: Table, by: str | None, least: int) -> NDArray[np.int64] | None:
    if by is None:
        return None
    table.schema[by]
    keys, group = np.unique(value_keys(table[by]), return_inverse=True)
    if len(keys) < least:
        raise SchemaError(f"column {by!r} has {len(keys)} entities: too few for {least} folds")
    return group.astype(np.int64)


def _too_few(asked: Asked, plan: Plan, rows: int) -> list[str]:
    if asked.what != "scarce" or len(plan.shares) == len(SHARES):
        return []
    gone = ", ".join(f"{100 * share:g} %" for share in SHARES if share not in plan.shares)
    return [f"{gone} of {rows:,} rows are fewer than {FEWEST} to learn from: not tried"]


def _enhanced(trial: Trial, asked: Asked, notes: list[str], rng: Rng) -> Enhanced:
    lines = lines_of(trial, rng)
    pairs = pairs_of(trial, rng)
    return Enhanced(
        asked.what,
        _facts(trial, asked),
        lines,
        pairs,
        parts_of(trial, rng),
        curve_of(trial, lines),
        verdict(trial, asked.what, lines, pairs),
        (*notes, *_notes(trial)),
    )


def _facts(trial: Trial, asked: Asked) -> dict[str, Any]:
    plan, maker, goal, at = trial.plan, trial.plan.maker, trial.goal, range(len(trial.plan.shares))
    together = [float(np.mean([sitting[s].together for sitting in trial.sittings])) for s in at]
    splits = {"folds": plan.folds, "repeats": plan.repeats, "planned": plan.splits}
    return {
        "target": goal.target,
        "task": goal.kind,
        **({"pictures": True} if goal.pictures else {}),
        "metric": goal.metric,
        "rare": None if goal.rare is None else goal.levels[goal.rare],
        "rows": trial.rows,
        "shares": list(plan.shares),
        "learnt": [round(float(np.mean([sitting[s].learnt for sitting in trial.sittings]))) for s in at],
        "tested": round(float(np.mean(trial.tested))),
        "splits": {**splits, "done": trial.done, "stopped": trial.stopped},
        "generator": {"name": maker.name, "parameters": dict(maker.parameters), "seconds": maker.seconds},
        "arms": [{"name": arm.name, "summary": arm.summary, "control": arm.control} for arm in plan.arms],
        "learners": [{"name": learner.name, "settings": _settings(trial, learner.name)} for learner in plan.learners],
        "tuned": asked.tuned,
        "together": [None if np.isnan(score) else score for score in together],
        "picked": {learner.name: _picked(trial, learner.name) for learner in plan.learners} if plan.chosen else {},
        "declined": dict(trial.declined),
    }


def _settings(trial: Trial, learner: str) -> list[dict[str, Any]]:
    """Return the settings that were chosen and how often."""
    every = [sitting.settings[learner] for split in trial.sittings for sitting in split]
    return [{"setting": one, "times": every.count(one)} for i, one in enumerate(every) if one not in every[:i]]


def _picked(trial: Trial, learner: str) -> dict[str, int]:
    every = [sitting.picked[learner] for split in trial.sittings for sitting in split]
    return {arm: every.count(arm) for arm in dict.fromkeys(every)}


def _notes(trial: Trial) -> list[str]:
    plan, said = trial.plan, []
    if trial.stopped:
        said.append(
            f"{trial.done} of {plan.splits} splits were made before {trial.stopped}: the question is the same, the "
            "intervals are wider"
        )
    if trial.goal.kind != "regression" and min(trial.tested) < RARE * len(trial.goal.levels):
        said.append(f"folds have {min(trial.tested)} rows: scores within a fold are coarse")
    return said
