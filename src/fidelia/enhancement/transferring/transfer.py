"""A generator of a large source tuned on a small target, and kept only where target rows show that it is better.

Over repeated folds of the target rows, the tuned generator stands beside one learnt from the target rows alone, the
source as it is, and one learnt from both together. Two questions are asked of rows that none of them saw: which of two
generators they look like (`nearer`), and how well a model learnt from synthetic rows predicts them. Unless the tuned
generator is better in one and worse in none, what is returned is the generator of the target alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.enhancement.folds import Split, splits
from fidelia.enhancement.goal import Goal, goal_of
from fidelia.enhancement.learning import Lesson, School, learners
from fidelia.enhancement.transferring.nearer import preference
from fidelia.enhancement.transferring.tuning import REAL, SUMMARIES, TARGET, TUNED, Tuned, Tuner
from fidelia.enhancement.transferring.words import transferred as said_of
from fidelia.errors import SchemaError
from fidelia.generate.replay import shared
from fidelia.generate.trees import Trees
from fidelia.measure.learners import BOOSTED
from fidelia.measure.statistics.repeated import Compared, compared
from fidelia.progress import SILENT, Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.generate.catalog import Generator
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]

FEWEST, FOLDS, REPEATS = 50, 5, 2
TWO = 2
"""Splits that are made whatever the time limit: one says nothing of chance."""


@dataclass(frozen=True, slots=True)
class Line:
    """One generator beside that of the target alone, over all splits.

    Parameters
    ----------
    arm, summary : str
    nearer : Compared or None
        Probability, less 1/2, that an unseen target row is of this generator rather than of that of the target alone.
    score : float or None
        Mean score on unseen target rows of boosted trees learnt from its rows.
    gain : Compared or None
        By how much the score is above that of the target alone.
    """

    arm: str
    summary: str
    nearer: Compared | None = None
    score: float | None = None
    gain: Compared | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Transferred:
    """A generator for the target, and why this one.

    Parameters
    ----------
    name : str
        Of the generator in the catalog.
    generator : Generator
        Learnt from all target rows.
    tuned : bool
        Whether it is the tuned one; else it is learnt from the target alone.
    method : str
        How the tuned one was made.
    lines : tuple of Line
        The first is what the others stand beside.
    metric : str or None
        What scores are.
    facts : mapping
        Rows, columns, splits.
    notes : tuple of str
    """

    name: str
    generator: Generator = field(repr=False)
    tuned: bool
    method: str
    lines: tuple[Line, ...]
    metric: str | None
    facts: Mapping[str, Any]
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> dict[str, Any]:
        """``level`` ("gain", "none"), ``headline`` and ``sentences``."""
        return said_of(self)

    def __str__(self) -> str:
        return "\n".join([self.verdict["headline"], *self.verdict["sentences"]])

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, without the generator."""
        return {
            "format": 1,
            "kind": "transfer",
            "verdict": self.verdict,
            "generator": self.name,
            "tuned": self.tuned,
            "method": self.method,
            "metric": self.metric,
            **self.facts,
            "lines": [asdict(line) for line in self.lines],
            "notes": list(self.notes),
        }


def transfer(
    source: Generator,
    table: Table,
    *,
    name: str,
    repeats: int = REPEATS,
    seconds: float | None = None,
    rng: Rng,
    progress: Progress = SILENT,
) -> Transferred:
    """Tune a generator on a small table of another domain.

    Parameters
    ----------
    source : Generator
        Fitted on the source. One that cannot be continued draws rows, and trees learn beside them.
    table : Table
        The target, with some of the source's columns and perhaps others.
    name : str
        Of the source in the catalog.
    repeats : int
        Times five folds of the target rows.
    seconds : float or None
        Time limit; what it ends is not reproducible.

    Raises
    ------
    SchemaError
        When there are too few target rows, or no column in common.
    """
    like = shared(source, table)
    notes: list[str] = []
    if len(table) < FEWEST:
        raise SchemaError(f"{len(table)} target rows are too few to tell whether a transfer helps: {FEWEST} are needed")
    each = None if seconds is None else seconds / (2 * FOLDS * repeats + 2)
    tuner = Tuner.of(source, name, like, each, rng.child("source"), progress)
    goal = _goal(like.table, notes)
    found, stopped = _tried(tuner, goal, repeats, seconds, rng, progress)
    lines = _lines(found, rng.child("compared"))
    keep = better(_claims(found, rng.child("guard")))
    with progress.stage("learn all target rows"):
        made = tuner.tuned(like.table, rng.child("fit"))
        if not keep:
            alone = Trees().fit(like.table, rng=rng.child("fit"))
    facts = {
        "source": name,
        "target": like.table.schema.target,
        "rows": len(like.table),
        "columns": {"shared": like.shared, "own": like.own, "lost": like.lost},
        "splits": {"folds": FOLDS, "done": len(found), "stopped": stopped},
    }
    said = (*like.notes, *notes, *_said(made, like.own))
    metric = None if goal is None else goal.metric
    chosen = (made.name, made.generator) if keep else ("trees", alone)
    return Transferred(*chosen, keep, made.method, lines, metric, facts, said)


def _goal(table: Table, notes: list[str]) -> Goal | None:
    """Return what is to be predicted, if anything can be."""
    if table.schema.target is None:
        return None
    try:
        return goal_of(table)[0]
    except SchemaError as reason:
        notes.append(f"usefulness is not measured: {reason}")
        return None


Found = dict[str, tuple[float, float]]
"""Of each arm in one split: the mean preference over the target alone, and the score; NaN where there is none."""


def _tried(
    tuner: Tuner, goal: Goal | None, repeats: int, limit: float | None, rng: Rng, progress: Progress
) -> tuple[list[Found], str | None]:
    """Try all arms on every split for which there is time, and say why splits are missing."""
    rows, start = tuner.like.table, monotonic()
    found: list[Found] = []
    strata = np.zeros(len(rows), np.int64) if goal is None else goal.strata(rows)
    with progress.stage("try arms", FOLDS * repeats) as tick:
        for split in splits(strata, FOLDS, repeats, rng.child("splits")):
            spent = monotonic() - start
            if limit is not None and len(found) >= TWO and spent + 2 * spent / len(found) > limit:
                return found, "the time limit"
            found.append(_split(tuner, goal, split, rng.child(f"split/{split.repeat}/{split.fold}")))
            tick(1)
    return found, None


def _split(tuner: Tuner, goal: Goal | None, split: Split, rng: Rng) -> Found:
    rows = tuner.like.table
    train, test = rows.take(np.sort(split.train)), rows.take(split.test)
    drawn = dict(tuner.drawn(train, rng))
    found = {}
    for arm, made in drawn.items():
        near = preference(made, drawn[TARGET], test, rng.child(f"nearer/{arm}")).mean() if arm != TARGET else 0.5
        found[arm] = float(near), _score(goal, made, train, test, rng)
    return found if goal is None else {**found, REAL: (np.nan, _score(goal, train, train, test, rng))}


def _score(goal: Goal | None, made: Table, train: Table, test: Table, rng: Rng) -> float:
    """Return the score on target rows of boosted trees learnt from rows of an arm."""
    if goal is None:
        return float("nan")
    known = test.take(np.flatnonzero(goal.known(goal.actual(test))))
    learner = learners([BOOSTED], tuned=False, task=goal.kind)[0]
    predict = School(train, goal, rng.child("learner")).learnt(learner, Lesson(made))
    return goal.score(predict(known), goal.actual(known))


def _matrix(found: list[Found], which: int) -> Floats:
    """One of the two numbers, (splits, arms)."""
    return np.array([[one[arm][which] for arm in found[0]] for one in found])


def _lines(found: list[Found], rng: Rng) -> tuple[Line, ...]:
    nearer, scores = (_matrix(found, which) for which in (0, 1))
    base = list(found[0]).index(TARGET)
    lines = []
    for i, arm in enumerate(found[0]):
        near, gain = (_one(values, rng) for values in (nearer[:, i] - 0.5, scores[:, i] - scores[:, base]))
        score = None if np.isnan(scores[:, i]).all() else float(np.nanmean(scores[:, i]))
        beside = (None, None) if arm == TARGET else (near, gain)
        lines.append(Line(arm, SUMMARIES[arm], beside[0], score, beside[1]))
    return tuple(lines)


def _one(differences: Floats, rng: Rng) -> Compared | None:
    return None if np.isnan(differences).all() else compared(differences[:, None], 1 / FOLDS, rng)[0]


def _claims(found: list[Found], rng: Rng) -> list[Compared]:
    """Return the tuned generator beside that of the target alone in all that is asked."""
    at, base = (list(found[0]).index(arm) for arm in (TUNED, TARGET))
    scores = _matrix(found, 1)
    claims = np.column_stack([_matrix(found, 0)[:, at] - 0.5, scores[:, at] - scores[:, base]])
    return compared(claims[:, ~np.isnan(claims).all(axis=0)], 1 / FOLDS, rng)


def better(claims: list[Compared]) -> bool:
    """Return whether some claim lies above 0, for all of them together, and none below by itself."""
    above = any(one.joint_interval is not None and one.joint_interval[0] > 0 for one in claims)
    below = any(one.interval is not None and one.interval[1] < 0 for one in claims)
    return above and not below


def _said(made: Tuned, own: tuple[str, ...]) -> list[str]:
    names = ", ".join(map(repr, own))
    said = [f"only the target has {names}: drawn given the other columns, as the target rows say"] if own else []
    return [*said, *([made.note] if made.note else [])]
