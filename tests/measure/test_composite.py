"""Composite fidelity and diversity on constructions of their own, with other laws and sizes than the sanity suite's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import case, mixed

from fidelia.measure.catalog import find
from fidelia.measure.support.composite import diversity_of, fidelity_of, visible
from fidelia.measure.support.one_sided import CORE, Ordered
from fidelia.measure.support.surprise import Rows, Ruler, Support, _Hollow, _Ranges
from fidelia.rng import Rng


def both(real: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    return fidelity_of(real, other, Rng(0)), diversity_of(real, other, Rng(0))


def draw(seed: int, n: int, d: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d))


@pytest.mark.parametrize("d", [1, 5, 40])
def test_real_rows_score_one(d: int) -> None:
    assert min(both(draw(1, 700, d), draw(2, 700, d))) > 0.95


@pytest.mark.parametrize(("d", "shift"), [(1, 5.5), (5, 3.5), (40, 1.2)])
def test_disjoint_rows_score_nothing(d: int, shift: float) -> None:
    assert max(both(draw(1, 700, d), draw(2, 700, d) + shift)) < 0.02


@pytest.mark.parametrize(("d", "narrow"), [(1, 0.005), (5, 0.1), (40, 0.4)])
def test_narrow_rows_are_faithful_and_not_diverse_and_wide_ones_the_reverse(d: int, narrow: float) -> None:
    real, other = draw(3, 700, d), draw(4, 700, d)
    fidelity, diversity = both(real, narrow * other)
    assert fidelity > 0.9 and diversity < 0.05
    fidelity, diversity = both(real, other / narrow)
    assert fidelity < 0.05 and diversity > 0.9


@pytest.mark.parametrize("share", [0.1, 0.4, 0.8])
def test_invented_rows_cost_their_share_of_fidelity_and_missing_ones_of_diversity(share: float) -> None:
    real, other, far = draw(5, 800, 3), draw(6, 800, 3), draw(7, 800, 3) + 12
    some = np.arange(800)[:, None] < share * 800
    assert fidelity_of(real, np.where(some, far, other), Rng(0)) == pytest.approx(1 - share, abs=0.04)
    assert diversity_of(np.where(some, far, real), other, Rng(0)) == pytest.approx(1 - share, abs=0.04)


def test_one_shifted_column_among_hundreds_is_seen() -> None:
    real, other = draw(8, 500, 201), draw(9, 500, 201)
    other[:, 17] += 6
    assert max(both(real, other)) < 0.02


def test_a_box_shifted_in_every_column_keeps_its_overlap() -> None:
    """Distances hardly move, but the share of rows beyond some range is what does not overlap."""
    r = np.random.default_rng(10)
    for d in (1, 6, 30):
        low, high = r.random((1500, d)), 1 - 0.3 ** (1 / d) + r.random((1500, d))
        assert both(low, high) == pytest.approx((0.3, 0.3), abs=0.06)


@pytest.mark.parametrize("d", [2, 20, 100])
def test_shells_inside_one_another_are_apart(d: int) -> None:
    """Rows in the hollow are near to all rows of the shell in many dimensions, and yet where no row is."""
    x, y = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (draw(11, 600, d), draw(12, 600, d)))
    assert max(both(x, 0.2 * y)) < 0.05
    assert max(both(x, 1.8 * y)) < 0.05
    assert min(both(x, y)) > 0.93


def test_normal_and_box_clouds_are_not_hollow_and_shells_are() -> None:
    r = np.random.default_rng(13)
    shell = r.normal(size=(500, 60))
    shell /= np.linalg.norm(shell, axis=1, keepdims=True)
    found = [_Hollow(rows).hollow for rows in (r.normal(size=(500, 200)), r.random((500, 200)), shell)]
    assert found == [False, False, True]


def test_dropped_modes_cost_diversity_alone() -> None:
    r = np.random.default_rng(14)
    centres = 9.0 * np.arange(6)[:, None]
    real = centres[r.integers(6, size=900)] + r.normal(size=(900, 4))
    some = centres[r.integers(2, size=900)] + r.normal(size=(900, 4))
    fidelity, diversity = both(real, some)
    assert fidelity > 0.93 and diversity == pytest.approx(1 / 3, abs=0.04)


@pytest.mark.parametrize("unit", [1.3, 40.0, 900.0])
def test_rounding_is_paid_by_the_side_that_lacks_it(unit: float) -> None:
    """Off the real lattice: no real value. On a lattice that real values lack: some real values cannot come."""
    a, b = unit * draw(15, 800, 1), unit * draw(16, 800, 1)
    fidelity, diversity = both(np.round(a), b)
    assert fidelity < 0.02 and diversity > 0.94
    fidelity, diversity = both(a, np.round(b))
    assert fidelity > 0.94 and diversity < 0.02
    assert min(both(np.round(a), np.round(b))) > 0.94


def test_coarser_rounding_than_real_costs_what_it_leaves_out() -> None:
    r = np.random.default_rng(17)
    years, tens = r.integers(0, 90, (900, 1)).astype(float), 10.0 * r.integers(0, 9, (900, 1))
    fidelity, diversity = both(years, tens)
    assert fidelity > 0.9 and diversity == pytest.approx(0.1, abs=0.04)


def test_a_lattice_must_be_seen() -> None:
    r = np.random.default_rng(18)
    assert visible(np.round(r.normal(size=500), 6)) is None
    assert visible(np.round(100 * r.normal(size=500))) is not None
    assert visible(np.full(500, 3.0)) is None
    assert visible(np.full(5, np.nan)) is None


def test_a_large_unit_of_one_column_changes_nothing() -> None:
    real, other = draw(19, 500, 2), draw(20, 500, 2) + np.array([1.5, 0.0])
    unit = np.array([1.0, 1e6])
    assert both(real, other) == pytest.approx(both(unit * real, unit * other), abs=1e-6)


@given(st.floats(0, 1), st.integers(0, 10_000))
@settings(max_examples=25)
def test_one_sided_scores_are_the_area_under_the_curve(share: float, seed: int) -> None:
    """Against the integral on a fine grid."""
    r = np.random.default_rng(seed)
    own, other = r.random((300, 2)), r.random((200, 2)) + share * r.random()
    grid = np.sort(own, axis=0)
    for i, score in enumerate(Ordered(own, other).scores()):
        level = (np.arange(300) + 0.5) / 300
        reached = (other[:, i][:, None] <= grid[:, i]).mean(axis=0)
        area = np.maximum(level - reached, 0)[level > CORE].sum() / 300
        assert score == pytest.approx(1 - 2 * area / (1 - CORE**2), abs=1e-9)


def test_ends_and_ties_of_one_sided_scores() -> None:
    own = np.arange(100.0)[:, None]
    found = [Ordered(own, value * np.ones((50, 1))).scores()[0] for value in (-1, 49, 1000)]
    assert found == pytest.approx([1, 1, 0], abs=1e-9)
    same = np.zeros((100, 1))
    assert Ordered(same, same[:40]).scores()[0] == pytest.approx(1, abs=0.02)


def test_reference_rows_see_the_ranges_of_the_others() -> None:
    ranges = _Ranges(np.array([[0.0], [1.0], [5.0]]))
    assert ranges.beyond(np.array([[0.0], [1.0], [5.0]]), own=True).tolist() == [1.0, 0.0, 4.0]
    assert ranges.beyond(np.array([[-2.0], [0.0], [7.0], [np.nan]]), own=False).tolist() == [2.0, 0.0, 2.0, 0.0]


def test_views_of_reference_rows_are_those_of_other_rows_of_the_law() -> None:
    """Exchangeable: fresh rows lie among the reference rows' own numbers as those do."""
    real, fresh = (Rows(draw(seed, 600, 4), np.empty((600, 0), np.int64)) for seed in (21, 22))
    support = Support(real, Ruler.of(real, ()), np.random.default_rng(0))
    own, other = support.own.all, support.of(fresh).all
    for i in range(own.shape[1]):
        middle = (other[:, i] <= np.median(own[:, i])).mean()
        assert middle == pytest.approx((own[:, i] <= np.median(own[:, i])).mean(), abs=0.09)


def test_rows_and_columns_name_what_is_wrong() -> None:
    train, fresh, made = mixed(600, 1), mixed(400, 2), mixed(400, 3)
    bad = np.arange(400) < 120
    made.loc[bad, "x"] = 25.0 + np.random.default_rng(0).normal(size=120)
    result = find("FID39")(case(train, made, fresh))
    assert result.value == pytest.approx(0.7, abs=0.05)
    assert result.reference is not None and result.reference.value > 0.95
    worst = min(result.breakdown["columns"], key=lambda column: column["value"])
    assert worst["column"] == "x"
    beyond = result.rows["synthetic.beyond"]
    assert beyond[bad].min() > 0.97 > np.median(beyond[~bad])


def test_a_level_that_is_missing_costs_diversity() -> None:
    train, fresh, made = mixed(600, 4), mixed(400, 5), mixed(900, 6)
    some = made[made["group"] != "north"].head(400).reset_index(drop=True)
    result = find("DIV19")(case(train, some, fresh))
    assert result.value is not None and result.reference is not None
    assert result.value < 0.75 < 0.93 < result.reference.value
    assert result.rows["train.beyond"].shape == (600,)


def test_half_years_among_years_are_seen() -> None:
    r = np.random.default_rng(23)
    sides = [pd.DataFrame({"age": r.integers(18, 90, 400).astype(float), "x": r.normal(size=400)}) for _ in "abc"]
    sides[1].loc[:99, "age"] += 0.5
    result = find("FID39")(case(*sides))
    assert result.value == pytest.approx(0.75, abs=0.05)
    assert result.breakdown["off_lattice"] == pytest.approx(0.25)
    assert result.rows["synthetic.beyond"][:100].min() == 1


@pytest.mark.parametrize("code", ["FID39", "DIV19"])
def test_a_real_table_scores_like_itself(code: str, shared_data) -> None:
    frame = pd.read_parquet(shared_data("pima")).sample(frac=1, random_state=0, ignore_index=True)
    train, made, fresh = (frame.iloc[i::3].reset_index(drop=True) for i in range(3))
    result = find(code)(case(train, made, fresh))
    assert result.value is not None and result.value > 0.93
