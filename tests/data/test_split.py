"""Splits: shares, strata, entities, time, equal rows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fidelia.data.keys import row_keys
from fidelia.data.read import read
from fidelia.data.split import split
from fidelia.errors import SchemaError, UsageError
from fidelia.rng import Rng

RNG = Rng(0)


def numbers(table, name="i"):
    return table[name].to_numpy(zero_copy_only=False)


@pytest.fixture
def people():
    rows = 1000
    frame = pd.DataFrame(
        {
            "i": np.arange(rows) * 3,
            "who": [f"p{i % 130}" for i in range(rows)],
            "day": pd.date_range("2020-01-01", periods=rows // 4, freq="D").repeat(4),
            "y": ["rare" if i % 100 == 0 else "common" for i in range(rows)],
        }
    )
    return read(frame, target="y")


@settings(max_examples=50, deadline=None)
@given(rows=st.integers(2, 300), share=st.floats(0.05, 0.95), seed=st.integers(0, 1000))
def test_every_row_stands_on_one_side(rows, share, seed):
    table = read(pd.DataFrame({"i": np.arange(rows) * 3}))
    try:
        made = split(table, holdout=share, rng=Rng(seed))
    except SchemaError as error:
        assert "is empty" in str(error) and min(share, 1 - share) * rows < 1
        return
    assert abs(len(made.holdout) - share * rows) < 1
    train, holdout = numbers(made.train), numbers(made.holdout)
    assert sorted([*train, *holdout]) == list(range(0, rows * 3, 3))
    assert (np.diff(train) > 0).all() and (np.diff(holdout) > 0).all()


def test_target_levels_keep_their_share(people):
    for seed in range(5):
        made = split(people, rng=Rng(seed))
        assert len(made.holdout) == 200
        assert made.holdout["y"].to_pylist().count("rare") == 2
        assert "within the levels of 'y'" in made.notes[0]


def test_the_seed_decides(people):
    first, again, other = (split(people, rng=Rng(seed)).holdout.arrow for seed in (0, 0, 1))
    assert first.equals(again)
    assert not first.equals(other)


def test_rows_are_drawn_evenly():
    table = read(pd.DataFrame({"i": np.arange(50) * 3}))
    drawn = np.zeros(50)
    for seed in range(400):
        drawn[numbers(split(table, rng=Rng(seed)).holdout) // 3] += 1
    assert abs(drawn / 400 - 0.2).max() < 5 * np.sqrt(0.2 * 0.8 / 400)


def test_no_entity_stands_on_both_sides(people):
    made = split(people, rng=RNG, by="who")
    train, holdout = set(made.train["who"].to_pylist()), set(made.holdout["who"].to_pylist())
    assert not train & holdout
    assert len(holdout) == 26
    assert "130 entities of 'who'" in made.notes[0]


def test_rows_without_an_entity_are_entities_of_their_own():
    table = read(pd.DataFrame({"who": ["a", "a", None, None, None, None, "b", "b"] * 5, "x": range(40)}))
    made = split(table, rng=RNG, by="who", holdout=0.5)
    assert "20 rows without 'who'" in made.notes[1]
    assert 0 < made.holdout["who"].null_count < 20


def test_time_cuts_between_instants(people):
    made = split(people, rng=RNG, time="day", holdout=0.201)
    assert len(made.holdout) == 200
    assert max(made.train["day"].to_pylist()) < min(made.holdout["day"].to_pylist())


def test_time_takes_numbers_and_leaves_missing_in_train():
    table = read(pd.DataFrame({"year": [2003.0, None, 2001.0, 2004.0, 2002.0], "x": [1, 5, 9, 2, 2]}))
    made = split(table, rng=RNG, time="year", holdout=0.5)
    assert made.holdout["year"].to_pylist() == [2003, 2004]
    assert "1 rows without 'year' stay in train" in made.notes[1]


def test_straddling_rows_are_reported():
    table = read(pd.DataFrame({"a": ["x", "y"] * 50}))
    made = split(table, rng=RNG)
    assert made.notes[-1] == "20 rows of the holdout (100.0%) have an equal row in train"


def test_equal_rows_can_be_kept_together():
    frame = pd.DataFrame({"a": np.repeat(np.arange(300) * 7, 3), "b": "z"})
    table = read(frame)
    made = split(table, rng=RNG, duplicates="together")
    assert not np.isin(row_keys(made.holdout), row_keys(made.train)).any()
    assert len(made.holdout) == 180
    assert not any("equal row in train" in note for note in made.notes)


def test_schema_and_flavour_stay(people):
    made = split(people, rng=RNG)
    assert made.train.schema == made.holdout.schema == people.schema
    assert made.train.flavour == "pandas"


@pytest.mark.parametrize("share", [0, 1, -0.2, 1.5, float("nan")])
def test_a_share_lies_between_nothing_and_all(people, share):
    with pytest.raises(UsageError, match="a share between 0 and 1"):
        split(people, holdout=share, rng=RNG)


def test_columns_must_exist_and_order_time(people):
    with pytest.raises(UsageError, match="no column 'whom' to split by; did you mean 'who'"):
        split(people, rng=RNG, by="whom")
    with pytest.raises(UsageError, match="not by both"):
        split(people, rng=RNG, by="who", time="day")
    with pytest.raises(SchemaError, match="does not order rows in time"):
        split(people, rng=RNG, time="who")


def test_an_empty_side_is_refused():
    with pytest.raises(SchemaError, match="side of a split of 8 rows is empty"):
        split(read(pd.DataFrame({"who": ["a"] * 8, "x": range(8)})), rng=RNG, by="who")
    with pytest.raises(SchemaError, match="is empty"):
        split(read(pd.DataFrame({"t": [5] * 8, "x": range(8)})), rng=RNG, time="t")
