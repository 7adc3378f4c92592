"""Alpha-precision and beta-recall: properties, variants, tests and row scores."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.integrate import quad
from scipy.stats import kstest, wasserstein_distance
from tables import case, mixed, raw_case

from fidelia.errors import NotApplicable
from fidelia.measure.support.hypersphere import Balls, hypersphere_precision, hypersphere_recall
from fidelia.measure.support.level_set import coinciding, level_set_precision, level_set_recall
from fidelia.measure.support.levels import Levels, integrate, levels, p_values, signed_parts
from fidelia.measure.support.local_coverage import most_central
from fidelia.rng import Rng

METRICS = (level_set_precision, hypersphere_precision, level_set_recall, hypersphere_recall)


@given(arrays.arrays(float, st.integers(1, 60), elements=st.floats(0, 1)))
def test_the_score_is_a_wasserstein_distance_to_the_uniform_law(found):
    plus, minus = signed_parts(np.sort(found))
    fine = (np.arange(20_000) + 0.5) / 20_000
    assert plus + minus == pytest.approx(2 * wasserstein_distance(found, fine), abs=2e-4)
    assert plus >= 0 and minus >= 0


def test_the_signed_parts_are_the_areas_on_either_side_of_the_diagonal():
    found = np.array([0.1, 0.15, 0.5, 0.9, 0.95])

    def gap(level):
        return np.mean(found <= level) - level

    edges = [*np.sort(found), 0.2, 0.4, 0.6]
    above = 2 * quad(lambda a: max(gap(a), 0), 0, 1, points=edges, limit=200)[0]
    below = 2 * quad(lambda a: max(-gap(a), 0), 0, 1, points=edges, limit=200)[0]
    assert signed_parts(found) == pytest.approx((above, below), abs=1e-6)


@given(
    arrays.arrays(float, st.integers(1, 40), elements=st.integers(0, 5).map(float)),
    arrays.arrays(float, st.integers(1, 40), elements=st.integers(0, 5).map(float)),
)
def test_levels_are_shares_of_calibration_rows(scores, calibration):
    found = levels(scores, calibration)
    assert found.low == pytest.approx([np.mean(calibration < s) for s in scores])
    assert found.high == pytest.approx([np.mean(calibration <= s) for s in scores])
    assert np.all(np.diff(found.spread) >= 0)
    assert found.spread.mean() == pytest.approx(found.rows.mean())


def test_equal_ties_on_both_sides_are_no_difference():
    tied = np.repeat(np.arange(4.0), 25)
    score = integrate([levels(tied, tied)])
    assert score.value > 0.98
    assert p_values(levels(tied, tied))["p_value"] > 0.9


@pytest.mark.parametrize("gap", [0.0, 0.1, 0.9])
def test_debiased_scores(gap):
    """Levels of a perfect model score 1 on average after debiasing; 0 stays 0."""
    r = np.random.default_rng(0)
    raw, two, one = [], [], []
    for _ in range(200):
        calibration, scored = r.random(300), r.random(200) * (1 - gap) + gap
        score = integrate([levels(scored, calibration)])
        raw.append(score.value)
        two.append(1 - (1 - score.value - score._null) / (1 - score._null))
        one.append(1 - score.minus + score._null / 2)
        assert score.two_sided <= 1 and score.one_sided <= 1
    if gap == 0:
        assert np.mean(raw) == pytest.approx(1 - 0.6267 / 120**0.5, abs=0.006)
        assert np.mean(two) == pytest.approx(1, abs=0.006)
        assert np.mean(one) == pytest.approx(1, abs=0.006)
    else:
        assert np.mean(raw) == pytest.approx(1 - gap, abs=0.02)
    worst = integrate([Levels(np.ones(5), np.ones(5), 100)])
    assert worst.value == worst.two_sided == 0


TIMES = 200
LAWS = {
    "normal": lambda r, n: r.normal(size=(n, 3)),
    "heavy tails": lambda r, n: r.standard_t(1.5, size=(n, 2)),
    "tied": lambda r, n: np.column_stack([r.integers(0, 4, n), np.round(r.normal(size=n), 1)]),
    "discrete": lambda r, n: r.integers(0, 3, (n, 2)).astype(float),
}


@pytest.mark.slow
@pytest.mark.parametrize("law", LAWS)
def test_p_values_are_uniform_or_conservative_on_tied_data(law):
    found = []
    for seed in range(TIMES):
        r = np.random.default_rng([seed, 7])
        made = raw_case(*(LAWS[law](r, n) for n in (200, 160, 120)))
        found.append([[m(made).breakdown[p] for p in ("p_value", "p_plus", "p_minus")] for m in METRICS])
    found = np.array(found)
    assert np.all((found < 0.05).mean(axis=0) < 0.05 + 3 * (0.05 * 0.95 / TIMES) ** 0.5)
    assert np.all((found < 0.2).mean(axis=0) < 0.2 + 3 * (0.2 * 0.8 / TIMES) ** 0.5)
    if law == "normal":
        assert min(kstest(found[:, i, 0], "uniform").pvalue for i in range(4)) > 0.001


@pytest.mark.parametrize("metric", METRICS)
def test_p_values_see_a_small_shift_and_its_side(metric):
    r = np.random.default_rng(0)
    wide = raw_case(r.normal(size=(1500, 2)), 1.3 * r.normal(size=(1500, 2)), r.normal(size=(1500, 2)))
    narrow = raw_case(r.normal(size=(1500, 2)), r.normal(size=(1500, 2)) / 1.3, r.normal(size=(1500, 2)))
    precision = metric in METRICS[:2]
    for made, side in ((wide, "p_minus" if precision else "p_plus"), (narrow, "p_plus" if precision else "p_minus")):
        found = metric(made).breakdown
        assert found["p_value"] < 0.001 and found[side] < 0.001


def two_modes(r, n, gap=6.0):
    x = r.normal(size=(n, 2))
    x[:, 0] += np.where(r.random(n) < 0.5, -gap, gap)
    return x


def lines(result):
    return {line["name"]: line["value"] for line in result.breakdown["lines"]}


def test_several_centres_see_modes_turned_about_their_middle():
    r = np.random.default_rng(1)
    made = raw_case(two_modes(r, 2000), two_modes(r, 2000)[:, ::-1].copy(), two_modes(r, 1000))
    precision, recall = hypersphere_precision(made), hypersphere_recall(made)
    assert precision.value > 0.95 and recall.value > 0.95, "one ball sees distances to the middle alone"
    assert lines(precision)["10 centres"] < 0.01 and lines(recall)["10 centres"] < 0.01
    assert lines(precision)["one centre"] == precision.value
    chosen = hypersphere_precision(made, centres=2)
    assert chosen.value < 0.01
    assert chosen.breakdown["estimator"] == "hypersphere, 2 centres"


def test_several_centres_measure_each_cluster_in_its_own_spread():
    """A ring around a tight cluster is invented, though a wide cluster has rows as far from its centre."""
    r = np.random.default_rng(2)

    def real(n):
        tight = (r.random(n) < 0.5)[:, None]
        return r.normal(size=(n, 2)) * np.where(tight, 0.1, 3) + np.where(tight, [-20, 0], [20, 0])

    y = real(3000)
    turn = r.random(600) * 2 * np.pi
    y[:600] = np.column_stack([np.cos(turn), np.sin(turn)]) * 1.5 + [-20, 0]
    result = hypersphere_precision(raw_case(real(3000), y, real(1500)))
    assert lines(result)["10 centres"] == pytest.approx(0.8, abs=0.06)
    assert result.value > 0.9


@pytest.mark.parametrize("d", [1, 8, 64])
def test_several_centres_are_calibrated(d):
    r = np.random.default_rng(d)
    made = raw_case(*(r.normal(size=(2000, d)) for _ in range(3)))
    for metric in METRICS[1::2]:
        found = metric(made, centres=10)
        assert abs(found.value - (1 - 0.6267 / 667**0.5)) < 1.1 / 667**0.5
        assert found.breakdown["p_value"] > 0.001


def test_balls_of_few_or_equal_rows_are_one():
    rows = np.repeat(np.random.default_rng(0).normal(size=(5, 2)), 100, axis=0)
    assert len(Balls.fit(rows, 10, Rng(0)).centres) == 1
    assert len(Balls.fit(np.random.default_rng(0).normal(size=(100, 2)), 10, Rng(0)).centres) == 5


@pytest.mark.parametrize(("d", "expected"), [(1, 0.964), (2, 0.975), (8, 0.436), (64, 0.142)])
def test_local_coverage_of_a_perfect_model_is_biased_as_documented(d, expected):
    r = np.random.default_rng(d)
    made = raw_case(*(r.normal(size=(3000, d)) for _ in range(3)))
    result = hypersphere_recall(made, local_k=5)
    assert result.value == pytest.approx(expected, abs=0.04)
    assert result.value == pytest.approx(result.reference.value, abs=0.04)
    assert result.breakdown["R_1"] == pytest.approx(1 - 2**-5, abs=0.02)
    assert lines(result)["local coverage, k = 5"] == result.value


def test_local_coverage_sees_lost_modes():
    centres = np.stack(np.meshgrid(*[np.arange(10.0) * 20] * 2), -1).reshape(-1, 2)
    r = np.random.default_rng(0)
    sides = [centres[r.integers(0, k, 3000)] + r.normal(size=(3000, 2)) for k in (100, 50, 100)]
    assert hypersphere_recall(raw_case(*sides), local_k=5).value == pytest.approx(0.483, abs=0.04)


def test_the_most_central_within_a_ball_equals_all_pairs():
    r = np.random.default_rng(3)
    rows, others, radii = r.normal(size=(60, 2)), r.normal(size=(90, 2)), r.random(60) * 2
    central = np.linalg.norm(others - others.mean(axis=0), axis=1)
    inside = np.linalg.norm(rows[:, None] - others[None], axis=2) <= radii[:, None]
    expected = np.where(inside, central, np.inf).min(axis=1)
    assert np.array_equal(most_central(rows, radii, others, central), expected)
    assert inside.sum(axis=1).max() > 16, "some balls hold more than the list of neighbours"


@pytest.mark.parametrize("k", [1, 5, 16])
def test_the_neighbour_is_a_parameter(k):
    r = np.random.default_rng(k)
    made = raw_case(*(r.normal(size=(1000, 3)) for _ in range(3)))
    for metric in METRICS[::2]:
        assert metric(made, k=k).value == pytest.approx(0.972, abs=0.05)
    with pytest.raises(NotApplicable, match="distance to neighbour 16 needs 17"):
        level_set_precision(raw_case(*(r.normal(size=(16, 2)) for _ in range(3))), k=16)


def test_row_scores_say_which_rows_are_far_out_and_which_are_missing():
    r = np.random.default_rng(4)
    x, y, h = (r.normal(size=(n, 2)) for n in (900, 700, 500))
    x[:90] += 30
    h[:50] += 30
    y[:70] -= 30
    made = raw_case(x, y, h)
    for metric in METRICS[:2]:
        alpha = metric(made).rows["synthetic.alpha"]
        assert alpha.shape == (700,) and alpha[:70].min() > alpha[70:].mean() + 0.3
    beta = level_set_recall(made).rows["train.beta"]
    assert beta.shape == (900,) and np.all(beta[:90] == 1) and beta[90:].mean() < 0.6
    assert hypersphere_recall(made).rows["train.beta"].shape == (900,)


def test_row_scores_have_the_size_of_the_table_without_a_holdout():
    made = case(mixed(300, 1), mixed(200, 2), None)
    for metric, name, n in zip(
        METRICS, ("synthetic.alpha",) * 2 + ("train.beta",) * 2, (200,) * 2 + (300,) * 2, strict=True
    ):
        result = metric(made)
        scores = result.rows[name]
        assert len(scores) == n and np.all((scores >= 0) & (scores <= 1))
        assert result.reference.kind == "train-split"


def test_coinciding_rows_are_counted():
    support = np.array([[0.0, 1.0], [-0.0, 1.0], [2.0, 2.0]])
    assert coinciding(np.array([[0.0, 1.0], [2.0, 2.0], [3.0, 3.0]]), support).tolist() == [2, 1, 0]


def test_a_single_category_column_is_measured_by_its_frequencies():
    r = np.random.default_rng(5)

    def frame(n, shares):
        return pd.DataFrame({"c": r.choice(list("abcd"), n, p=shares)})

    real = [0.5, 0.3, 0.15, 0.05]
    fresh = case(frame(2000, real), frame(2000, real), frame(2000, real))
    wrong = case(frame(2000, real), frame(2000, [0.2, 0.3, 0.3, 0.2]), frame(2000, real))
    for metric in METRICS[::2]:
        assert metric(fresh).value > 0.95 > 0.85 > metric(wrong).value
        assert metric(wrong).breakdown["p_value"] < 1e-5


@pytest.mark.parametrize("metric", METRICS)
def test_intervals_cover_the_value_of_large_tables(metric):
    """The score of a shifted law, at the matched size, lies within nine in ten intervals."""
    values = []
    for seed in range(30):
        r = np.random.default_rng([seed, 3])
        made = raw_case(*(r.normal(size=(400, 2)) * s for s in (1, 1.4, 1)))
        result = metric(made)
        values.append((result.value, *result.interval))
    values = np.array(values)
    held = (values[:, 1] <= values[:, 0].mean()) & (values[:, 0].mean() <= values[:, 2])
    assert held.mean() >= 0.85
