"""Cases with known answers: T1 to T10 of the specification, in the plain space of the rows."""

import numpy as np
import pytest
from scipy.special import betainc
from scipy.stats import poisson
from tables import raw_case

from fidelia.attacks.closest import dcr_share
from fidelia.measure.authenticity.authentic import authenticity, difference
from fidelia.measure.authenticity.rows import identical
from fidelia.measure.support.alpha_beta import (
    hypersphere_precision,
    hypersphere_recall,
    level_set_precision,
    level_set_recall,
)

N = 3000


def normal(seed, d, n=N, scale=1.0, shift=0.0):
    return np.random.default_rng(seed).normal(size=(n, d)) * scale + shift


@pytest.mark.parametrize("d", [1, 2, 8, 64])
@pytest.mark.parametrize("metric", [level_set_precision, hypersphere_precision, level_set_recall, hypersphere_recall])
def test_t1_one_law_lies_in_the_null_band(d, metric):
    result = metric(raw_case(normal(1, d), normal(2, d), normal(3, d)))
    n_eff = N * N / (N + N)
    for value in (result.value, result.reference.value):
        assert abs(value - (1 - 0.6267 / n_eff**0.5)) <= 1.1 / n_eff**0.5
    assert result.breakdown["p_value"] > 0.001
    assert result.breakdown["one_sided"] > 0.97


def test_t1_p_values_are_uniform_under_one_law():
    found = []
    for seed in range(40):
        r = np.random.default_rng(seed)
        sides = [r.normal(size=(n, 3)) for n in (400, 300, 200)]
        found.append(level_set_precision(raw_case(*sides)).breakdown["p_value"])
    assert 0.35 < np.mean(found) < 0.65
    assert np.mean(np.array(found) < 0.1) < 0.25


def test_t2_copies():
    x = normal(1, 8)
    case = raw_case(x, x[::-1].copy(), normal(2, 8))
    assert hypersphere_precision(case).value == pytest.approx(1, abs=1e-3)
    alpha = level_set_precision(case)
    assert alpha.value == pytest.approx(0.912, abs=0.03)
    assert alpha.breakdown["S_plus"] > 0.05 > alpha.breakdown["S_minus"] + 0.04
    assert alpha.breakdown["p_plus"] < 0.001
    assert authenticity(case).value == 0
    assert identical(case).value == 1
    assert dcr_share(case).value == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("c", [0.1, 0.3])
def test_t3_a_share_of_copies(c):
    x, fresh = normal(1, 8, 4000), normal(2, 8, 4000)
    k = int(c * 4000)
    case = raw_case(x, np.concatenate([x[:k], fresh[k:]]), normal(3, 8, 4000))
    result = difference(case)
    assert authenticity(case).value == pytest.approx((1 - c) * result.breakdown["holdout"], abs=0.03)
    assert result.breakdown["copy_rate"] == pytest.approx(c, abs=0.04)
    low, high = result.breakdown["copy_rate_interval"]
    assert low < c + 0.02 and c - 0.02 < high
    assert result.interval[1] < 0
    assert dcr_share(case).value == pytest.approx((1 + c) / 2, abs=0.03)


@pytest.mark.parametrize(("d", "expected"), [(1, 1 / 3), (2, 0.3785), (3, 0.4074)])
def test_t4_authenticity_of_a_perfect_generator_on_a_torus(d, expected):
    """A torus has no border: tiles around the unit cube stand for its neighbours."""
    r = np.random.default_rng(d)
    x, y = r.random((1500, d)), r.random((1500, d))
    tiles = np.stack(np.meshgrid(*[[-1, 0, 1]] * d), -1).reshape(-1, d)
    around = np.concatenate([x + tile for tile in tiles])
    around = around[np.all((around > -0.3) & (around < 1.3), axis=1)]
    assert authenticity(raw_case(around, y, y[:10])).value == pytest.approx(expected, abs=0.035)


@pytest.mark.parametrize(("d", "s"), [(2, 2.0), (2, 0.5), (8, 2.0), (8, 0.5)])
def test_t5_scale(d, s):
    share = 1 / (1 + s**2) if s >= 1 else s**2 / (1 + s**2)
    expected = 2 * betainc(d / 2, d / 2, share)
    result = hypersphere_precision(raw_case(normal(1, d), normal(2, d, scale=s), normal(3, d)))
    assert result.value == pytest.approx(expected, abs=0.03)
    assert result.breakdown["S_minus" if s < 1 else "S_plus"] == pytest.approx(0, abs=0.01)
    assert result.interval[0] <= expected <= result.interval[1]


@pytest.mark.parametrize(("d", "length"), [(2, 1.0), (2, 2.0), (8, 1.0), (8, 2.0)])
def test_t6_shift(d, length):
    j = np.arange(80)
    expected = 2 * np.sum(poisson.pmf(j, length**2 / 2) * betainc(d / 2 + j, d / 2, 0.5))
    shift = np.zeros(d)
    shift[0] = length
    result = hypersphere_precision(raw_case(normal(1, d), normal(2, d, shift=shift), normal(3, d)))
    assert result.value == pytest.approx(expected, abs=0.03)


def test_t7_disjoint_supports_score_exactly_nothing():
    case = raw_case(normal(1, 3), normal(2, 3, shift=1000.0), normal(3, 3))
    for metric in (level_set_precision, hypersphere_precision, level_set_recall, hypersphere_recall):
        result = metric(case)
        assert result.value == pytest.approx(0, abs=1e-6)
        assert np.max(result.breakdown["curve"]["synthetic"]) == 0
    assert authenticity(case).value == 1


def test_t8_point_mass_at_the_centre():
    x = normal(1, 8)
    case = raw_case(x, np.repeat(x.mean(axis=0)[None], N, axis=0), normal(3, 8))
    result = hypersphere_precision(case)
    assert result.value == pytest.approx(0, abs=1e-3)
    assert result.breakdown["S_plus"] == pytest.approx(1, abs=1e-3)
    assert np.all(result.breakdown["curve"]["synthetic"][1:] == 1)
    assert authenticity(case).value in (0.0, 1.0)
    for metric in (level_set_precision, level_set_recall, hypersphere_recall):
        assert 0 <= metric(case).value <= 1


@pytest.mark.parametrize("w", [0.9, 0.5, 0.2])
def test_t9_kept_share_of_modes(w):
    centres = np.stack(np.meshgrid(*[np.arange(10.0) * 20] * 2), -1).reshape(-1, 2)
    recall, precision = [], []
    for seed in range(3):
        r = np.random.default_rng(seed)
        sides = [centres[r.integers(0, k, N)] + r.normal(size=(N, 2)) for k in (100, int(100 * w), 100)]
        case = raw_case(*sides)
        recall.append(level_set_recall(case).value)
        precision.append(level_set_precision(case).value)
    assert np.mean(recall) == pytest.approx(w, abs=0.03)
    assert np.mean(precision) > 0.91


@pytest.mark.parametrize("e", [0.1, 0.3])
def test_t10_invented_mass(e):
    y = normal(2, 4)
    y[: int(e * N)] += 500
    case = raw_case(normal(1, 4), y, normal(3, 4))
    result = level_set_precision(case)
    assert result.value == pytest.approx(1 - e, abs=0.03)
    assert result.breakdown["P_1"] == pytest.approx(1 - e, abs=0.01)
    assert hypersphere_precision(case).value == pytest.approx(1 - e, abs=0.03)
    assert np.all(result.rows["synthetic.alpha"][: int(e * N)] == 1)
