"""Statistics against published values, simulation and other implementations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, false_discovery_control

from fidelia.measure.statistics import bridge, estimates, intervals, multiple
from fidelia.measure.support.alpha_beta import levels, signed_parts


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
