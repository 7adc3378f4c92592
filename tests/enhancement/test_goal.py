"""What is to be predicted, and by what numbers."""

import numpy as np
import pandas as pd
import pytest
from made import made, numbers

from fidelia.data.read import read
from fidelia.enhancement.goal import CLASS, RANKING, SCORE, SEGMENT, goal_of, segments
from fidelia.errors import SchemaError, UsageError


def test_binary_is_scored_by_auc() -> None:
    goal, said = goal_of(made(100))
    assert (goal.kind, goal.levels, goal.metric, said) == ("binary", ("no", "yes"), "AUC", [])
    actual, p = np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])
    assert goal.score(np.column_stack([1 - p, p]), actual) == 0.75


def test_numbers_are_scored_by_explained_variance() -> None:
    goal, _ = goal_of(numbers(60))
    assert (goal.kind, goal.metric) == ("regression", "R²")
    assert goal.score(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0])) == 1.0
    assert len(np.unique(goal.strata(numbers(60)))) == 10


def test_rare_class_is_scored_by_average_precision() -> None:
    goal, _ = goal_of(made(300, classes=3, rare=0.3), rare=True)
    assert goal.rare is not None and goal.levels[goal.rare] in ("yes", "perhaps")
    perfect = np.eye(3)[[0, 1, 2, 0]]
    assert goal.score(perfect, np.array([0, 1, 2, 0])) == 1.0
    found = dict(zip(goal.names([]), goal.measures(perfect, np.array([0, 1, 2, 0]), np.full(4, -1), []), strict=True))
    assert found == {SCORE: 1.0, RANKING: 1.0, **{f"{CLASS}{level}": 1.0 for level in goal.levels}}


def test_one_class_alone_has_no_score() -> None:
    goal, _ = goal_of(made(100))
    assert np.isnan(goal.score(np.full((5, 2), 0.5), np.zeros(5, dtype=int)))


def test_classes_of_few_rows_and_missing_targets_are_left_out_and_said() -> None:
    frame = pd.DataFrame({"x": range(64), "y": ["a"] * 30 + ["b"] * 25 + ["c"] * 4 + [None] * 5})
    goal, said = goal_of(read(frame, target="y", kinds={"x": "integer", "y": "category"}))
    assert goal.levels == ("a", "b")
    assert said == ["left out: 4 rows of y=c", "left out: 5 rows without a target"]


def test_segments_of_levels_and_of_quarters() -> None:
    table = made(200)
    code, names = segments(table, "level")
    assert names == ("level=high", "level=low", "level=middle")
    assert (np.bincount(code) > 30).all()
    code, names = segments(table, "z")
    assert len(names) == 4 and set(code) == {-1, 0, 1, 2, 3}  # -1: missing
    assert np.bincount(code + 1)[1:].min() > 30


def test_scores_within_segments() -> None:
    goal, _ = goal_of(made(200))
    p = np.r_[np.linspace(0, 1, 20), np.linspace(1, 0, 20), 0.5, 0.5]
    actual = np.r_[np.repeat([0, 1], 10), np.repeat([0, 1], 10), 0, 1]
    segment = np.r_[np.zeros(20), np.ones(20), [2, 2]].astype(int)
    found = goal.measures(np.column_stack([1 - p, p]), actual, segment, ["a", "b", "c"])
    named = dict(zip(goal.names(["a", "b", "c"]), found, strict=True))
    assert (named[f"{SEGMENT}a"], named[f"{SEGMENT}b"]) == (1.0, 0.0)
    assert np.isnan(named[f"{SEGMENT}c"])  # two rows say nothing


def test_refusals_name_the_way_out() -> None:
    table = made(100)
    with pytest.raises(UsageError, match=r"--target COLUMN"):
        goal_of(table.with_schema(table.schema.with_target(None)))
    with pytest.raises(UsageError, match=r"no level of 'y'.*there are: no, yes"):
        goal_of(table, rare="never")
    with pytest.raises(UsageError, match="no rare class"):
        goal_of(numbers(60), rare=True)
    with pytest.raises(SchemaError, match="12 rows have a 'y' that can be learnt; 20 are needed"):
        goal_of(table.take(np.repeat(np.flatnonzero(np.asarray(table["y"]) == "yes"), 2)[:12]))
    with pytest.raises(SchemaError, match="does not vary"):
        goal_of(table.take(np.flatnonzero(np.asarray(table["y"]) == "yes")))
    with pytest.raises(UsageError, match="no column 'w'"):
        segments(table, "w")
