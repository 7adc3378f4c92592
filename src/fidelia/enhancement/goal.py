"""The goal of a trial: what is to be predicted, and by what numbers a model's predictions are judged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.data.images.imageset import picture_column
from fidelia.errors import SchemaError, UsageError
from fidelia.measure.utility.task import Task
from fidelia.measure.values import codes, numbers, shared_levels
from fidelia.schema.schema import closest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fidelia.data.table import Table

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

SCORE, CLASS, SEGMENT, RANKING = "score", "class: ", "segment: ", "ranking"
FEWEST, RARE, STRATA, BINS = 20, 10, 10, 4
"""Rows of a trial; rows of a class, and of a segment in a fold; strata of a numeric target; parts of a segment."""


@dataclass(frozen=True, slots=True, eq=False)
class Goal:
    """What is to be predicted.

    Parameters
    ----------
    target : str
    kind : {"binary", "multiclass", "regression"}
    levels : tuple of str
        The classes, those of enough rows; empty for a regression.
    rare : int or None
        The class that the score is about: then it is its average precision.
    pictures : bool
        Pictures are to be told apart: then it is the share of them that are.
    """

    target: str
    kind: str
    levels: tuple[str, ...] = ()
    rare: int | None = None
    pictures: bool = False

    @property
    def metric(self) -> str:
        """What `score` is, for people; higher is better."""
        if self.rare is not None:
            return f"average precision of {self.levels[self.rare]!r}"
        if self.pictures:
            return "accuracy"
        return {"binary": "AUC", "multiclass": "AUC, mean over classes", "regression": "R²"}[self.kind]

    @property
    def task(self) -> Task:
        """The task of the same kind: its scores and its baseline."""
        return Task(self.kind, len(self.levels), {}, {})

    def actual(self, table: Table) -> NDArray[Any]:
        """Return the target of rows: numbers, or codes of classes; ``len(levels)`` for none of them."""
        column = table[self.target]
        return numbers(column) if self.kind == "regression" else codes(column, self.levels)

    def known(self, actual: NDArray[Any]) -> NDArray[np.bool_]:
        """Return which targets can be learnt, (n,)."""
        return np.asarray(~np.isnan(actual) if self.kind == "regression" else actual < len(self.levels))

    def strata(self, table: Table) -> Ints:
        """Return the classes, or tenths of a number, over which folds are to be alike."""
        actual = self.actual(table)
        if self.kind != "regression":
            return np.asarray(actual, dtype=np.int64)
        inner = np.quantile(actual, np.linspace(0, 1, STRATA + 1)[1:-1])
        return np.asarray(np.searchsorted(inner, actual), dtype=np.int64)

    def score(self, predicted: Floats, actual: NDArray[Any]) -> float:
        """Return the score of predictions; NaN where one class or value is alone.

        Parameters
        ----------
        predicted : (n,) numbers or (n, classes) probabilities
        """
        if len(actual) < 2 or len(np.unique(actual)) < 2:
            return float("nan")
        if self.rare is not None:
            return self._found(predicted, actual, self.rare)
        if self.pictures:
            return float((predicted.argmax(axis=1) == actual).mean())
        return self.task.score(predicted, actual).value

    def _found(self, predicted: Floats, actual: NDArray[Any], code: int) -> float:
        from sklearn.metrics import average_precision_score

        positive = actual == code
        if not positive.any() or positive.all():
            return float("nan")
        return float(average_precision_score(positive, predicted[:, code]))

    def names(self, segments: Sequence[str]) -> tuple[str, ...]:
        """Return what `measures` returns: the score, the ranking where the score is not one, classes, segments."""
        ranking = () if self.rare is None else (RANKING,)
        classes = (f"{CLASS}{level}" for level in self.levels)
        return (SCORE, *ranking, *classes, *(f"{SEGMENT}{name}" for name in segments))

    def measures(self, predicted: Floats, actual: NDArray[Any], segment: Ints, segments: Sequence[str]) -> list[float]:
        """Return every number: of each class the average precision, in each segment the score.

        Parameters
        ----------
        segment : (n,) int
            Positions in `segments`; other numbers belong to none.
        """
        found = [self.score(predicted, actual)]
        if self.rare is not None:
            found.append(replace(self, rare=None).score(predicted, actual))
        found += [self._found(predicted, actual, code) for code in range(len(self.levels))]
        for code in range(len(segments)):
            rows = segment == code
            found.append(self.score(predicted[rows], actual[rows]) if rows.sum() >= RARE else float("nan"))
        return found


def goal_of(table: Table, *, rare: str | bool = False) -> tuple[Goal, list[str]]:
    """Return the goal that the target of a table sets, and what is to be said of rows left out.

    Parameters
    ----------
    rare : str or bool
        The class that the score is about; True for the least frequent one of enough rows.

    Raises
    ------
    UsageError
        When there is no target, it is no class or number, or `rare` is none of its classes.
    SchemaError
        When there are too few rows, or the target does not vary.
    """
    target = table.schema.target
    if target is None:
        raise UsageError("there is nothing to predict: name the target column, target='...' or --target COLUMN")
    kind = table.schema[target].kind
    if not kind.modelled:
        raise UsageError(f"target {target!r} is of kind {kind}: only classes and numbers can be predicted")
    if kind.continuous and rare:
        raise UsageError(f"target {target!r} is a number: it has no rare class")
    goal, gone = _classes(table, target, rare) if kind.discrete else (Goal(target, "regression"), dict[str, int]())
    actual = goal.actual(table)
    known = int(goal.known(actual).sum())
    if known < FEWEST:
        raise SchemaError(
            f"{known} rows have a {target!r} that can be learnt; {FEWEST} are needed to learn and to test"
        )
    if len(np.unique(actual[goal.known(actual)])) < 2:
        raise SchemaError(f"target {target!r} does not vary in {known:,} rows; there is nothing to predict")
    said = [f"left out: {count:,} rows of {level}" for level, count in gone.items()]
    if empty := len(table) - known - sum(gone.values()):
        said.append(f"left out: {empty:,} rows without a target")
    return goal, said


def _classes(table: Table, target: str, rare: str | bool) -> tuple[Goal, dict[str, int]]:
    """Return the goal of a target of levels, and how many rows each level has that is too rare to be learnt."""
    levels = shared_levels([table[target]])
    counts = np.bincount(codes(table[target], levels), minlength=len(levels) + 1)[:-1]
    kept = np.flatnonzero(counts >= RARE)
    names = tuple(levels[i] for i in kept)
    gone = {f"{target}={level}": int(n) for level, n in zip(levels, counts, strict=True) if 0 < n < RARE}
    chosen: int | None = None
    if rare is True and len(kept):
        chosen = int(np.argmin(counts[kept]))
    elif isinstance(rare, str):
        if rare not in names:
            few = f" of at least {RARE} rows" if rare in levels else closest(rare, names)
            raise UsageError(f"rare = {rare!r} is no level of {target!r}{few} (there are: {', '.join(names)})")
        chosen = names.index(rare)
    kind = "binary" if len(names) == 2 else "multiclass"
    return Goal(target, kind, names, chosen, picture_column(table.schema) is not None), gone


def segments(table: Table, name: str | None) -> tuple[Ints, tuple[str, ...]]:
    """Return the segment of each row and the segments' names: levels of a column, or quarters of a number.

    Raises
    ------
    UsageError
        When there is no such column, or it is neither a category nor a number.
    """
    if name is None:
        return np.full(len(table), -1, dtype=np.int64), ()
    kind = table.schema[name].kind
    if not kind.modelled:
        raise UsageError(f"segment {name!r} is of kind {kind}: rows are grouped by a category or a number")
    if not kind.continuous:
        levels = shared_levels([table[name]])
        found = codes(table[name], levels)
        return np.where(found == len(levels), -1, found).astype(np.int64), tuple(f"{name}={level}" for level in levels)
    values = numbers(table[name])
    ends = np.unique(np.nanquantile(values, np.linspace(0, 1, BINS + 1)))
    part = np.clip(np.searchsorted(ends, values, side="right") - 1, 0, max(len(ends) - 2, 0))
    names = tuple(f"{name} {low:g} to {high:g}" for low, high in pairwise(ends)) or (f"{name} {ends[0]:g}",)
    return np.where(np.isnan(values), -1, part).astype(np.int64), names
