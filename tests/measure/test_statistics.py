"""Statistics against published values, simulation and other implementations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import cKDTree
from scipy.stats import binomtest, false_discovery_control, permutation_test

from fidelia.errors import NotApplicable
from fidelia.measure.statistics import bridge, effect, estimates, intervals, multiple
from fidelia.measure.statistics.permutation import permutation_p
from fidelia.measure.statistics.resampling import half_samples
from fidelia.measure.statistics.sets import across
from fidelia.measure.support.levels import integrate, levels, signed_parts
from fidelia.rng import Rng


@given(st.integers(0, 60), st.integers(1, 60))
def test_proportions_equal_scipy(k, n):
    k = min(k, n)
    test = binomtest(k, n)
    for mine, method in ((intervals.wilson(k, n), "wilson"), (intervals.clopper_pearson(k, n), "exact")):
        theirs = test.proportion_ci(method=method)
        assert mine == pytest.approx((theirs.low, theirs.high), abs=1e-6)


def test_newcombe_equals_the_published_example():
    """56/70 against 48/80: Newcombe (1998), table II, method 10."""
    assert intervals.newcombe(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=1e-4)


def test_auc_and_its_variance():
    r = np.random.default_rng(0)
    found, spread = [], []
    for _ in range(300):
        x = np.concatenate([r.normal(1, 1, 60), r.normal(0, 1, 90)])
        estimate = estimates.auc(x, np.arange(150) < 60)
        found.append(estimate.value)
        spread.append(estimate.sd)
    assert np.mean(found) == pytest.approx(0.7602, abs=0.01)
    assert np.mean(spread) == pytest.approx(np.std(found), rel=0.1)


def test_paired_difference_of_a_model_with_itself_is_nothing():
    r = np.random.default_rng(1)
    a = estimates.auc(r.random(50), r.random(50) < 0.5)
    assert a.minus(a).value == 0 and a.minus(a).sd == 0


def test_r_squared_interval_covers():
    r = np.random.default_rng(2)
    held = 0
    for _ in range(200):
        x = r.normal(size=300)
        y = x + r.normal(size=300)
        estimate = estimates.r_squared(x, y)
        held += abs(estimate.value - 0.5) < 1.96 * estimate.sd
    assert held > 175


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_benjamini_hochberg_equals_scipy(p):
    assert np.allclose(multiple.benjamini_hochberg(np.array(p)), false_discovery_control(p))


def test_conformal_p_values_are_super_uniform():
    r = np.random.default_rng(3)
    p = np.concatenate([multiple.conformal(r.random(50), r.random(40), "high") for _ in range(200)])
    for level in (0.05, 0.1, 0.5):
        assert np.mean(p <= level) <= level + 0.01


@pytest.mark.parametrize(("quantile", "p"), [(0.282, 0.5), (0.498, 0.1), (0.579, 0.05), (0.758, 0.01)])
def test_bridge_p_values(quantile, p):
    assert bridge.bridge_p(2 * quantile / 500**0.5, 1000, 1000) == pytest.approx(p, rel=0.1)
    assert bridge.bridge_p(0.0, 1000, 1000) == 1


def test_bridge_p_values_fall_steadily():
    at = np.linspace(0, 0.3, 200)
    for one_sided in (False, True):
        p = [bridge.bridge_p(gap, 1000, 1000, one_sided=one_sided) for gap in at]
        assert np.all(np.diff(p) <= 0) and p[-1] < 1e-8


def test_null_law_of_the_exact_integral():
    r = np.random.default_rng(4)
    gaps = [sum(signed_parts(levels(r.random(400), r.random(300)).spread)) for _ in range(400)]
    mean, sd = bridge.null_gap(400, 300)
    assert np.mean(gaps) == pytest.approx(mean, rel=0.08)
    assert np.std(gaps) == pytest.approx(sd, rel=0.12)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_signed_parts_equal_a_fine_grid(found):
    ordered = np.sort(found)
    above, below = signed_parts(ordered)
    grid = (np.arange(20000) + 0.5) / 20000
    gap = np.searchsorted(ordered, grid, side="right") / len(ordered) - grid
    assert above == pytest.approx(2 * np.maximum(gap, 0).mean(), abs=3e-4)
    assert below == pytest.approx(2 * np.maximum(-gap, 0).mean(), abs=3e-4)


def own_radius(rows, k):
    return cKDTree(rows).query(rows, k + 1)[0][:, k]


def authenticity(train, made):
    distance, nearest = cKDTree(train).query(made, 1)
    return float(np.mean(distance > own_radius(train, 1)[nearest]))


def coverage(train, made):
    return float(np.mean(cKDTree(made).query(train, 1)[0] <= own_radius(train, 1)))


def recall(train, made):
    return integrate([levels(cKDTree(made).query(train, 5)[0][:, -1], own_radius(made, 5))]).value


def test_the_naive_bootstrap_is_wrong_and_half_samples_are_not():
    """A resample holds rows twice, whose distance to each other is 0: authenticity rises by far."""
    true, resampled, halved = [], [], []
    for seed in range(3):
        r = np.random.default_rng(seed)
        x, y = r.normal(size=(1000, 8)), r.normal(size=(1000, 8))
        true.append(authenticity(x, y))
        resampled += [authenticity(x[a], y[b]) for a, b in r.integers(0, 1000, (4, 2, 1000))]
        halved += [authenticity(x[a], y[b]) for a, b in half_samples(Rng(seed), 1000, 1000, 4)]
    assert np.mean(true) == pytest.approx(0.597, abs=0.03)
    assert np.mean(resampled) == pytest.approx(0.76, abs=0.03)
    assert np.mean(halved) == pytest.approx(np.mean(true), abs=0.03)


@pytest.mark.parametrize("statistic", [authenticity, coverage, recall])
def test_half_samples_cover(statistic):
    """Over 50 pairs of tables the interval holds the mean: 93 to 100 % in 150 pairs, being up to 40 % too wide."""
    values, sds = [], []
    for seed in range(50):
        r = np.random.default_rng(seed)
        x, y = r.normal(size=(200, 3)), 0.8 * r.normal(size=(200, 3))
        values.append(statistic(x, y))
        sds.append(np.std([statistic(x[a], y[b]) for a, b in half_samples(Rng(seed), 200, 200, 12)], ddof=1))
    held = np.abs(np.array(values) - np.mean(values)) <= 1.96 * np.array(sds)
    assert held.mean() >= 0.88
    assert 0.85 < np.mean(sds) / np.std(values, ddof=1) < 1.6


def test_permutation_p_equals_scipy():
    r = np.random.default_rng(0)
    x, y = r.normal(size=4), r.normal(0.8, 1, size=3)
    exact = permutation_test((x, y), lambda a, b: a.mean() - b.mean(), n_resamples=np.inf, alternative="less")
    drawn = exact.null_distribution
    assert permutation_p(exact.statistic, drawn, "low") == pytest.approx((1 + exact.pvalue * 35) / 36)
    assert permutation_p(0.0, [0.0] * 19) == 1 and permutation_p(5.0, [np.nan, 1.0]) == 0.5


def test_permutation_p_is_uniform_at_most():
    r = np.random.default_rng(1)
    p = np.array([permutation_p(r.normal(), r.normal(size=19), "both") for _ in range(2000)])
    for level in (0.1, 0.2, 0.5):
        assert np.mean(p <= level) <= level + 0.025


def test_intervals_across_sets_cover():
    r = np.random.default_rng(2)
    mean, further = 0, 0
    for _ in range(1500):
        drawn = r.normal(3, 2, size=5)
        found = across(drawn[:4])
        mean += found.interval[0] <= 3 <= found.interval[1]
        further += found.further[0] <= drawn[4] <= found.further[1]
    assert mean / 1500 == pytest.approx(0.95, abs=0.02) and further / 1500 == pytest.approx(0.95, abs=0.02)


def test_intervals_across_sets_with_a_shared_error_cover():
    """All sets are measured on the same real rows, whose error they share and no spread between them shows."""
    r = np.random.default_rng(3)
    held, alone = 0, 0
    for _ in range(1500):
        drawn = 3 + r.normal() + r.normal(0, 0.5, size=4)
        low, high = across(drawn, shared=1.0).interval
        held += low <= 3 <= high
        low, high = across(drawn).interval
        alone += low <= 3 <= high
    assert held / 1500 == pytest.approx(0.95, abs=0.025) and alone / 1500 < 0.7


def test_across_declines_one_set_and_takes_equal_ones():
    with pytest.raises(NotApplicable, match="NEEDS_MANY_SETS"):
        across([0.5])
    same = across([0.5, 0.5, 0.5], shared=0.01, low=0.4)
    assert same.interval == pytest.approx((0.4, 0.5 + 1.96 * 0.1), abs=1e-3)


def test_epsilon_bound_holds_for_randomised_response():
    """A bit kept with probability e / (1 + e) is exactly 1-private."""
    r = np.random.default_rng(5)
    keep = np.e / (1 + np.e)
    found = [
        intervals.epsilon_bound(r.binomial(2000, keep), 2000, r.binomial(2000, 1 - keep), 2000) for _ in range(300)
    ]
    assert np.mean(np.array(found) > 1) <= 0.05 and np.mean(found) == pytest.approx(0.91, abs=0.02)
    assert intervals.epsilon_bound(500, 1000, 500, 1000) == 0
    assert intervals.epsilon_bound(900, 1000, 100, 1000, delta=0.5) < intervals.epsilon_bound(900, 1000, 100, 1000)
    assert intervals.epsilon_bound(100, 100, 0, 100) == pytest.approx(np.log(0.025 ** (1 / 100) / (1 - 0.025**0.01)))


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=12), st.lists(st.integers(-5, 5), min_size=1, max_size=12))
def test_cliffs_delta_counts_pairs(a, b):
    x, y = np.array(a, float), np.array(b, float)
    assert effect.cliffs_delta(x, y) == pytest.approx(np.sign(x[:, None] - y[None]).mean())
    assert effect.cliffs_delta(y, x) == pytest.approx(-effect.cliffs_delta(x, y))


def test_effect_sizes():
    r = np.random.default_rng(6)
    a, b = r.normal(0.5, 2, 20_000), r.normal(0, 2, 20_000)
    assert effect.standardized_difference(a, b) == pytest.approx(0.25, abs=0.03)
    assert effect.standardized_difference(np.ones(3), np.ones(3)) == 0
    assert effect.standardized_difference(np.ones(3), np.zeros(3)) == np.inf
