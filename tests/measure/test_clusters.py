"""Clusters: their number, their names in words, their shares, and groups of invented rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from modes import five_modes
from scipy.stats import chi2_contingency
from tables import case, mixed, raw_case

from fidelia.errors import NotApplicable
from fidelia.measure.catalog import find
from fidelia.measure.diagnosis.clusters import clusters, described, invented
from fidelia.measure.diagnosis.diagnose import diagnose
from fidelia.measure.diagnosis.shares import change, variation


@pytest.mark.parametrize("seed", range(3))
def test_five_modes_are_five_clusters(seed: int) -> None:
    r = np.random.default_rng(seed)
    found = clusters(raw_case(five_modes(r, 1000), five_modes(r, 1000), five_modes(r, 500)))
    assert len(found.names) == 5
    assert np.bincount(found.labels["train"]) / 1000 == pytest.approx([0.2] * 5, abs=0.05)
    assert all("x0" in name and "x1" in name and ".." in name for name in found.names)


def test_clusters_by_a_column_are_its_levels() -> None:
    made = case(mixed(500, 0), mixed(500, 1), mixed(200, 2))
    found = clusters(made, "group")
    assert found.names[:3] == ("group=north", "group=south", "group=west")
    assert (found.labels["train"] == 0).mean() == pytest.approx((mixed(500, 0).group == "north").mean())
    table = diagnose(made, by="group").clusters
    assert {line.name for line in table} >= {"group=north", "group=south", "group=west"}
    assert sum(line.real for line in table) == pytest.approx(1)


def test_clusters_by_a_continuous_column_are_declined() -> None:
    with pytest.raises(NotApplicable, match="not discrete"):
        clusters(case(mixed(500, 0), mixed(500, 1), mixed(200, 2)), "x")


def test_a_set_of_rows_is_named_by_what_sets_it_apart() -> None:
    r = np.random.default_rng(0)
    young = r.random(1000) < 0.3
    frame = pd.DataFrame({
        "age": np.where(young, r.uniform(17, 28, 1000), r.uniform(30, 80, 1000)).round(),
        "sex": np.where(young, "Female", np.where(r.random(1000) < 0.1, "Female", "Male")),
        "noise": r.normal(size=1000),
        "child": np.where(young, np.nan, 1.0 + r.integers(0, 9, 1000)),
    })  # fmt: skip
    made = case(frame, frame, frame)
    name = described(made.values, "train", np.flatnonzero(young), "train", np.flatnonzero(~young))
    assert set(name.split(", ")) == {"sex=Female", "age 18..27", "child missing"}


def test_a_level_of_few_rows_names_nothing() -> None:
    frame = pd.DataFrame({"name": ["Ann"] * 5 + ["others"] * 95, "x": np.arange(100.0)})
    made = case(frame, frame, frame)
    assert "Ann" not in described(made.values, "train", np.arange(12), "train", np.arange(12, 100))
    assert described(made.values, "train", np.arange(5), "train", np.arange(5, 100)) == "a few rows"


@pytest.mark.parametrize("seed", range(3))
def test_chi_square_is_scipys(seed: int) -> None:
    r = np.random.default_rng(seed)
    real, synthetic = r.integers(0, 6, 700), r.choice(6, 400, p=[0.3, 0.1, 0.2, 0.2, 0.1, 0.1])
    found = change(real, synthetic, 6)
    theirs = chi2_contingency([np.bincount(real, minlength=6), np.bincount(synthetic, minlength=6)])
    assert (found.chi_square, found.p_value) == pytest.approx((theirs.statistic, theirs.pvalue))
    assert found.value == pytest.approx(variation(real, synthetic, 6))


def test_expected_variation_is_that_of_equal_laws() -> None:
    r = np.random.default_rng(0)
    found = [change(r.integers(0, 8, 900), r.integers(0, 8, 500), 8) for _ in range(300)]
    assert np.mean([each.value for each in found]) == pytest.approx(found[0].expected, rel=0.05)
    assert np.mean([each.p_value < 0.05 for each in found]) == pytest.approx(0.05, abs=0.035)
    assert np.mean([each.interval[0] > 0 for each in found]) < 0.06


def test_the_table_adds_up_and_shows_what_moved() -> None:
    r = np.random.default_rng(0)
    made = raw_case(five_modes(r, 1000), five_modes(r, 1000, [0.5, 0.2, 0.1, 0.1, 0.1]), five_modes(r, 1000))
    result = find("DIV17")(made)
    lines = result.breakdown["lines"]
    for side in ("real", "holdout", "synthetic"):
        assert sum(line[side] for line in lines) == pytest.approx(1)
    assert sorted(round(line["synthetic"], 1) for line in lines) == [0.1, 0.1, 0.1, 0.2, 0.5]
    assert result.value == pytest.approx(0.3, abs=0.04)
    assert result.reference is not None
    assert result.reference.value < 0.06
    assert all(line["coverage"] > 0.99 for line in lines)


def test_a_lost_mode_is_a_lost_cluster() -> None:
    r = np.random.default_rng(1)
    lost = diagnose(raw_case(five_modes(r, 1000), five_modes(r, 1000, keep=4), five_modes(r, 1000))).clusters
    gone = [line for line in lost if line.missing]
    assert len(gone) == 1
    assert gone[0].coverage == pytest.approx(0, abs=0.02)
    assert gone[0] is lost[0]


def test_invented_rows_are_grouped_by_single_linkage() -> None:
    r = np.random.default_rng(0)
    synthetic = five_modes(r, 1000)
    synthetic[:200] = r.normal(size=(200, 2)) * 0.5 + [30, 30]
    synthetic[200:250] = r.normal(size=(50, 2)) * 0.5 + [-30, 30]
    made = raw_case(five_modes(r, 1000), synthetic, five_modes(r, 500))
    odd = np.arange(1000) < 250
    groups = invented(made, odd, 2.0)
    assert [group.share for group in groups] == pytest.approx([0.2, 0.05])
    assert "x0 29" in groups[0].name
    assert invented(made, np.zeros(1000, dtype=bool), 2.0) == []


def test_tables_of_few_rows_are_declined() -> None:
    with pytest.raises(NotApplicable, match="clusters need"):
        find("DIV17")(case(mixed(40, 0), mixed(40, 1), mixed(40, 2)))
