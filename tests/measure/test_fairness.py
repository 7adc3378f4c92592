"""Fairness: differences between groups, on tables where they are known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import mixed, table

from fidelia.data.table import Table
from fidelia.errors import NotApplicable
from fidelia.measure.case import Case
from fidelia.measure.catalog import find
from fidelia.measure.fairness.groups import groups_of, outcomes_of
from fidelia.measure.fairness.odds import odds_gap
from fidelia.measure.fairness.parity import Shares, change
from fidelia.measure.statistics.intervals import mover, newcombe
from fidelia.rng import Rng
from fidelia.schema import Role, Schema

CODES = ("FAI01", "FAI02", "FAI03", "FAI04")


def guarded(train, synthetic, holdout, sensitive=("sex",), target="label"):
    """A case whose sensitive columns are declared."""

    def side(frame):
        if frame is None:
            return None
        made = table(frame, target=target)
        columns = (replace(c, role=Role.SENSITIVE) if c.name in sensitive else c for c in made.schema)
        return Table(made.arrow, Schema(tuple(columns)))

    return Case(side(train), side(synthetic), side(holdout), Rng(0))


def people(n, seed, bias=0.0, share=0.4):
    """Rows of two groups; `bias` moves the labels of the second."""
    r = np.random.default_rng(seed)
    sex = np.where(r.random(n) < share, "f", "m")
    x, y = r.normal(size=(2, n))
    label = np.where(x + y + 0.7 * r.normal(size=n) - bias * (sex == "f") > 0, "yes", "no")
    return pd.DataFrame({"sex": sex, "x": x, "y": y, "age": r.uniform(20, 60, n), "label": label})


def exact(rates, n=100):
    """Rows in which each group has exactly so many with the outcome."""
    rows = [(group, "yes" if i < round(rate * n) else "no") for group, rate in rates.items() for i in range(n)]
    return pd.DataFrame(rows, columns=["sex", "label"])


def test_the_parity_difference_of_a_constructed_table_is_exact():
    train, made, unseen = exact({"f": 0.3, "m": 0.5}), exact({"f": 0.2, "m": 0.6}), exact({"f": 0.32, "m": 0.5})
    result = find("FAI01")(guarded(train, made, unseen))
    assert result.value == pytest.approx(0.2) and result.reference.value == pytest.approx(-0.02)
    (line,) = result.breakdown["lines"]
    assert line["name"] == "sex: m against f" and line["outcome"] == "yes"
    assert (line["real"], line["synthetic"]) == (pytest.approx(0.2), pytest.approx(0.4))
    assert result.interval[0] < 0.2 < result.interval[1]
    rates = {each["group"]: each["synthetic"] for each in result.breakdown["groups"]}
    assert rates == {"f": 0.2, "m": 0.6}


def test_the_clearest_change_is_the_value():
    r = np.random.default_rng(0)
    train, made, unseen = (exact(d).assign(race=r.choice(["a", "b"], 200)) for d in ({"f": 0.3, "m": 0.5},) * 3)
    made["label"] = exact({"f": 0.7, "m": 0.5}).label
    result = find("FAI01")(guarded(train, made, unseen, ("sex", "race")))
    assert result.breakdown["lines"][0]["name"].startswith("sex")
    assert result.value == pytest.approx(-0.4)
    assert result.breakdown["lines"][0]["q"] < 0.001 < result.breakdown["lines"][1]["q"]


def test_the_interval_of_a_change_is_newcombes_where_the_real_side_is_certain():
    real = Shares(np.array([5 * 10**8, 2 * 10**8]), np.array([10**9, 10**9]))
    other = Shares(np.array([40, 30]), np.array([100, 120]))
    found = change(real, other, 0, 1)
    assert np.array(found.interval) + found.real == pytest.approx(np.array(newcombe(40, 100, 30, 120)), abs=1e-4)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(30, 60)), min_size=2, max_size=4), st.integers(0, 3))
@settings(max_examples=50)
def test_the_interval_of_a_sum_holds_it_and_turns_with_its_signs(parts, flipped):
    weighted = [(-1 if i == flipped else 1, k, n) for i, (k, n) in enumerate(parts)]
    low, high = mover(weighted)
    total = sum(w * k / n for w, k, n in weighted)
    assert low <= total <= high
    turned = mover([(-w, k, n) for w, k, n in weighted])
    assert turned == pytest.approx((-high, -low))


def test_the_interval_of_a_change_covers_the_truth():
    r = np.random.default_rng(0)
    rates = (0.5, 0.3, 0.45, 0.3)
    held = 0
    for _ in range(400):
        met = [int(r.binomial(80, p)) for p in rates]
        real, other = (Shares(np.array(met[i : i + 2]), np.array([80, 80])) for i in (0, 2))
        low, high = change(real, other, 0, 1).interval
        held += low <= (0.45 - 0.3) - (0.5 - 0.3) <= high
    assert held / 400 > 0.93


def test_equalised_odds_of_constructed_predictions_are_exact():
    #             truth: no         truth: yes     (decided no, decided yes)
    counts = np.array([[[90, 10], [20, 80]], [[70, 30], [30, 70]]], dtype=float)
    assert odds_gap(counts) == pytest.approx(max(0.3 - 0.1, 0.8 - 0.7))
    counts[0, 0] = [5, 0]  # too few rows for a false positive rate
    assert odds_gap(counts) == pytest.approx(0.1)
    assert np.isnan(odds_gap(counts[:1]))
    assert odds_gap(np.stack([counts, counts])).shape == (2,)


def test_equal_odds_of_the_same_rows_do_not_change():
    train, unseen = people(1200, 1), people(800, 3)
    good = find("FAI02")(guarded(train, people(1200, 2), unseen))
    bad = find("FAI02")(guarded(train, people(1200, 2, bias=2.5), unseen))
    assert good.interval[0] <= 0 <= good.interval[1]
    assert bad.interval[0] > 0.1
    assert bad.breakdown["lines"][0]["synthetic"] > bad.breakdown["lines"][0]["real"] + 0.2


def test_bias_in_the_rows_shows_in_the_rows_and_in_the_model():
    result = find("FAI01")(guarded(people(1500, 1), people(1500, 2, bias=2.0), people(1000, 3)))
    (line,) = result.breakdown["lines"]
    assert abs(result.value) > 0.2 > 0.1 > abs(result.reference.value)
    assert abs(line["model_synthetic"]) > 0.2 > 0.1 > abs(line["model_real"])
    assert 0 not in pd.Interval(*line["model_change_interval"])


def test_the_worst_group_is_the_one_that_is_made_badly():
    made = people(1500, 2)
    made.loc[made.sex == "f", "x"] += 2.0
    result = find("FAI03")(guarded(people(1500, 1), made, people(1000, 3)))
    assert result.breakdown["worst"] == "sex = f"
    assert result.interval[1] < result.reference.value - 2 * result.reference.sd
    worst, other = result.breakdown["lines"]
    assert worst["precision"] < worst["precision_reference"] - 0.1
    assert abs(other["value"]) < 4 * other["sd"]


def test_a_group_that_is_copied_shows_in_its_authenticity():
    train, made = people(1500, 1), people(1500, 2)
    copies = pd.concat([train[train.sex == "f"], made[made.sex == "m"]])
    result = find("FAI03")(guarded(train, copies, people(1000, 3)))
    lines = {line["name"]: line for line in result.breakdown["lines"]}
    assert lines["sex = f"]["authenticity"] == 0
    assert lines["sex = f"]["authenticity_gap_interval"][1] < -0.3
    low, high = lines["sex = m"]["authenticity_gap_interval"]
    assert low - 0.02 <= 0 <= high + 0.02


def test_no_group_is_worse_in_a_fresh_draw():
    """Over seeds the worst group's gap stays within what the worst of as many groups is expected to show."""
    z = []
    for seed in range(8):
        cut = guarded(people(600, 10 + seed), people(500, 30 + seed), people(400, 50 + seed), ("sex", "age"))
        result = find("FAI03")(cut)
        z.append((result.value - result.reference.value) / result.reference.sd)
    assert np.mean(z) > -1 and np.min(z) > -4


def test_the_worst_groups_model_is_the_one_that_learns_nothing():
    made = people(1500, 2)
    f = (made.sex == "f").to_numpy()
    made.loc[f, "label"] = np.random.default_rng(0).permutation(made.label[f].to_numpy())
    result = find("FAI04")(guarded(people(1500, 1), made, people(1000, 3)))
    assert result.breakdown["worst"] == "sex = f"
    assert result.value < result.reference.value - 0.1
    lines = {line["name"]: line for line in result.breakdown["lines"]}
    assert lines["sex = f"]["difference_interval"][1] < -0.05
    assert lines["sex = m"]["difference"] > -0.05


def test_groups_of_numbers_of_rare_levels_and_of_missing_values():
    n = 1200
    frame = mixed(n, 1).rename(columns={"group": "town"})
    frame["age"] = np.linspace(0, 1, n)
    frame["few"] = np.where(np.arange(n) < 40, "rare", np.where(np.arange(n) < 80, "other", "usual"))
    frame.loc[:20, "few"] = "alone"
    made = guarded(frame, frame.sample(frac=1, random_state=0), frame, ("age", "few", "town"))
    found = {groups.column: groups for groups in groups_of(made)[0]}
    assert found["age"].names == ["1st quarter", "2nd quarter", "3rd quarter", "4th quarter"]
    assert np.bincount(found["age"].codes["train"]).tolist() == [300] * 4
    assert found["few"].names == ["other", "usual", "(other)"]  # 21 and 19 rows are joined
    assert found["town"].names == ["north", "south", "west", "(missing)"]
    small = guarded(frame[:300], frame[:300], frame[:300], ("age",))
    assert groups_of(small)[0][0].names == ["lower half", "upper half"]


def test_small_groups_are_left_out_and_said():
    def rows(n, seed):
        frame = people(n, seed)
        frame.loc[:9, "sex"] = "x"
        return frame

    result = find("FAI03")(guarded(rows(600, 1), rows(500, 2), rows(400, 3)))
    assert "SMALL_GROUPS" in [caveat.code for caveat in result.caveats]
    assert {line["name"] for line in result.breakdown["lines"]} == {"sex = f", "sex = m"}
    absent = guarded(people(600, 1), people(500, 2).assign(sex="m"), people(400, 3), ("sex", "age"))
    for code in ("FAI01", "FAI03"):
        result = find(code)(absent)
        assert "MISSING_GROUPS" in [caveat.code for caveat in result.caveats]


@pytest.mark.parametrize("target", ["x", "kind"])
def test_outcomes_of_numbers_and_of_many_classes(target):
    def rows(n, seed):
        frame = people(n, seed)
        frame["kind"] = np.where(frame.x > 0.5, "a", np.where(frame.y > 0, "b", "c"))
        return frame

    made = guarded(rows(700, 1), rows(600, 2), rows(500, 3), target=target)
    outcomes = outcomes_of(made)
    assert sorted(outcomes.names) == (["above the median"] if target == "x" else ["a", "b", "c"])
    assert outcomes.hits["train"].mean(axis=0).sum() == pytest.approx(0.5 if target == "x" else 1)
    for code in CODES:
        result = find(code)(made)
        assert np.isfinite(result.value) and result.interval[0] <= result.value <= result.interval[1]


def test_what_cannot_be_measured_is_declined():
    plain = guarded(people(300, 1), people(300, 2), people(200, 3), ())
    same = guarded(*(people(n, n).assign(sex="f") for n in (300, 301, 200)))
    for code in CODES:
        with pytest.raises(NotApplicable, match="NEEDS_SENSITIVE"):
            find(code)(plain)
        with pytest.raises(NotApplicable, match="DEGENERATE_COLUMN"):
            find(code)(same)
    with pytest.raises(NotApplicable, match="NEEDS_TARGET"):
        find("FAI01")(guarded(people(300, 1), people(300, 2), people(200, 3), target=None))
    without = guarded(people(300, 1), people(300, 2), None)
    assert find("FAI01")(without).reference.kind == find("FAI03")(without).reference.kind == "train-split"
    assert "model_real" not in find("FAI01")(without).breakdown["lines"][0]
    for code in ("FAI02", "FAI04"):
        with pytest.raises(NotApplicable, match="NEEDS_HOLDOUT"):
            find(code)(without)


def test_adult_marginals_lose_what_the_groups_have(shared_data):
    from fidelia.data.split import split
    from fidelia.workflow import pipeline

    whole = pipeline.as_table(str(shared_data("adult")), target="income").take(np.arange(8_000))
    columns = (replace(c, role=Role.SENSITIVE) if c.name == "sex" else c for c in whole.schema)
    parts = split(Table(whole.arrow, Schema(tuple(columns))), holdout=0.25, rng=Rng(0).child("split"))
    made = pipeline.fit(parts.train, generator="marginals").sample_table(len(parts.train))
    aligned = Table(pa.table(made.arrow), parts.train.schema)
    apart = Case(parts.train, aligned, parts.holdout, Rng(0))
    parity = find("FAI01")(apart)
    (line,) = parity.breakdown["lines"]
    assert line["real"] > 0.15 and abs(line["synthetic"]) < 0.03 and parity.interval[1] < -0.1
    assert find("FAI03")(apart).interval[1] < -0.1
    assert find("FAI04")(apart).value < 0.6 < find("FAI04")(apart).reference.value
