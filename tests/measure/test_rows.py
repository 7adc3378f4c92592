"""Repeated rows, parts of rows and combinations: exact answers, brute-force oracles, planted copies."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu
from tables import case, mixed, points, raw_case

from fidelia.errors import NotApplicable
from fidelia.measure.authenticity.copying import cell_test, data_copying
from fidelia.measure.authenticity.rows import (
    column_sets,
    identical,
    near_identical,
    new_rows,
    partial,
    rediscovery,
)
from fidelia.rng import Rng

words = st.lists(st.tuples(*[st.sampled_from("ab")] * 3), min_size=2, max_size=12)


def frame(rows) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["x", "y", "z"])


@given(words, words, words)
def test_shares_of_repeated_rows_are_those_by_hand(train, made, fresh):
    sides = case(frame(train), frame(made), frame(fresh))

    def near(row, others, least):
        return any(sum(a == b for a, b in zip(row, other, strict=True)) >= least for other in others)

    for metric, least in ((identical, 3), (near_identical, 2)):
        result = metric(sides)
        assert result.value == pytest.approx(np.mean([near(row, train, least) for row in made]))
        assert result.reference.value == pytest.approx(np.mean([near(row, train, least) for row in fresh]))
    assert new_rows(sides).value == pytest.approx(1 - identical(sides).value)


@given(words, words)
def test_lift_of_equal_tables_is_that_by_hand(train, made):
    """With as many holdout rows as train rows nothing is drawn, so that the excess is exact."""
    fresh = train[::-1][: len(train) // 2] + [("c", "c", "c")] * (len(train) - len(train) // 2)
    result = identical(case(frame(train), frame(made), frame(fresh)))
    expected = np.mean([row in train for row in made]) - np.mean([row in fresh for row in made])
    assert result.breakdown["excess"] == pytest.approx(expected)


def test_without_a_holdout_the_share_stands_alone():
    for metric in (identical, near_identical, new_rows):
        result = metric(case(mixed(50, 0), mixed(50, 1), None))
        assert result.reference is None and [c.code for c in result.caveats] == ["NEEDS_HOLDOUT"]
        assert "alarm" not in result.breakdown
    for metric in (partial, rediscovery, data_copying):
        with pytest.raises(NotApplicable, match="NEEDS_HOLDOUT"):
            metric(case(mixed(50, 0), mixed(50, 1), None))


def test_new_rows_count_twice_when_they_repeat_each_other():
    train, made = frame([("a", "a", "a")] * 4), frame([("b", "b", "b")] * 3 + [("a", "a", "a")])
    result = new_rows(case(train, made, train))
    assert result.value == 0.75 and result.breakdown["distinct"] == 0.25


def test_copies_with_one_value_changed_are_near_identical_only():
    train, made, fresh = mixed(600, 0), mixed(600, 1), mixed(600, 2)
    made.iloc[:60] = train.iloc[:60].to_numpy()
    made.loc[:59, "x"] += 0.1
    sides = case(train, made, fresh)
    assert not identical(sides).breakdown["alarm"] and identical(sides).value == 0
    result = near_identical(sides)
    assert result.breakdown["alarm"] and result.rows["synthetic.near_identical"][:60].all()


def test_parts_of_rows_learnt_by_heart_are_found_with_their_columns():
    r = np.random.default_rng(0)

    def wide(n):
        return pd.DataFrame({f"c{i}": r.integers(0, 30, n).astype(float) for i in range(6)})

    train, made, fresh = wide(800), wide(800), wide(800)
    made.loc[:39, ["c0", "c1", "c2", "c3"]] = train.loc[:39, ["c0", "c1", "c2", "c3"]].to_numpy()
    result = partial(case(train, made, fresh))
    assert result.breakdown["alarm"]
    worst = max(result.breakdown["lines"], key=lambda line: line["low"])
    assert len(set(worst["name"].split(", ")) - {"c4", "c5"}) >= 2
    assert not identical(case(train, made, fresh)).breakdown["alarm"]


def test_the_largest_of_many_sets_is_corrected_for_their_number():
    r = np.random.default_rng(1)
    raised = naive = 0
    for _ in range(60):
        sides = [pd.DataFrame(r.integers(0, 4, (120, 6)).astype(str), columns=list("abcdef")) for _ in range(3)]
        result = partial(case(*sides))
        raised += result.breakdown["alarm"]
        naive += max(line["excess"] for line in result.breakdown["lines"]) > 0
    assert raised <= 5, "P(Binomial(60, 0.025) > 5) < 0.005"
    assert naive > 50, "one of the sets is nearly always above 0"


@pytest.mark.parametrize("columns", [1, 2, 3, 6, 15, 40])
def test_column_sets_are_distinct_and_of_three_sizes(columns):
    sets = column_sets(columns, Rng(0))
    assert len({tuple(each) for each in sets}) == len(sets) <= 12
    assert all(1 <= len(each) <= columns and len(set(each)) == len(each) for each in sets)
    if columns >= 6:
        assert len({len(each) for each in sets}) == 3


@given(words, words, words)
def test_rediscovery_is_that_by_hand(train, made, fresh):
    codes = itertools.count()

    def unique(rows, n):
        """Rows of which twelve hold a combination of their own, beside those that are drawn."""
        return rows + [("s", str(next(codes)), "t") for _ in range(n)]

    train, fresh = unique(train, 12), unique(fresh, 12)
    made = [*made, train[-1], train[-2], fresh[-1]]
    result = rediscovery(case(frame(train), frame(made), frame(fresh)))
    real = train + fresh
    for side, rows in ((result.value, train), (result.reference.value, fresh)):
        alone = [row for row in rows if real.count(row) == 1]
        assert side == pytest.approx(np.mean([row in made for row in alone]))


def test_near_copies_are_rediscovered_in_their_bins():
    train, made, fresh = mixed(800, 0), mixed(800, 1), mixed(800, 2)
    made.iloc[:80] = train.iloc[:80].to_numpy()
    for name in ("x", "y"):
        made.loc[:79, name] += np.random.default_rng(3).normal(size=80) * 0.01
    result = rediscovery(case(train, made, fresh))
    assert result.breakdown["alarm"] and identical(case(train, made, fresh)).value == 0


def test_rediscovery_declines_where_nobody_is_unique():
    few = pd.DataFrame({"a": list("ab") * 50})
    with pytest.raises(NotApplicable, match="DEGENERATE_COLUMN"):
        rediscovery(case(few, few, few))


levels = st.lists(st.integers(0, 5).map(float), min_size=3, max_size=40).map(np.array)


@given(levels, levels)
def test_a_cells_statistic_is_that_of_scipy(made, unseen):
    found = cell_test(made, unseen)
    pooled = np.concatenate([made, unseen])
    if len(np.unique(pooled)) == 1:
        assert found.z == 0
        return
    u = mannwhitneyu(made, unseen).statistic
    assert found.farther == pytest.approx(u / (len(made) * len(unseen)))
    p = mannwhitneyu(made, unseen, alternative="less", method="asymptotic", use_continuity=False).pvalue
    from scipy.stats import norm

    assert norm.cdf(found.z) == pytest.approx(p, abs=1e-9)


def test_data_copying_is_a_standard_normal_when_nothing_is_copied():
    found = []
    for seed in range(60):
        r = np.random.default_rng(seed)
        result = data_copying(raw_case(*(r.normal(size=(n, 3)) for n in (300, 250, 250))))
        found.append(result.value / result.reference.sd)
    assert abs(np.mean(found)) < 0.4 and 0.7 < np.std(found) < 1.3


def test_copies_in_one_region_only_are_seen_there():
    """A generator that copies a tenth of the data and shuns train elsewhere: the mean distance says nothing."""
    r = np.random.default_rng(0)

    def law(n):
        region = r.integers(0, 10, n)
        return np.column_stack([10 * region, np.zeros(n)]) + r.normal(size=(n, 2)), region

    (x, _), (y, place), (h, _) = law(2000), law(2000), law(2000)
    twins, near = x[x[:, 0] < 5], np.flatnonzero(place == 0)
    y[near] = twins[r.integers(0, len(twins), len(near))] + 1e-3 * r.normal(size=(len(near), 2))
    result = data_copying(raw_case(x, y, h))
    lines = result.breakdown["lines"]
    assert result.breakdown["alarm"]
    assert lines[0]["z"] < -6 and lines[-1]["z"] > -3


def test_rows_off_the_data_raise_no_alarm():
    r = np.random.default_rng(1)
    result = data_copying(case(*(points(r.normal(size=(400, 3)) * s) for s in (1.0, 3.0, 1.0))))
    assert result.value > 3 and not result.breakdown["alarm"]
