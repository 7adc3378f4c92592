"""Cases with known answers: T1 to T14 of the specification, in the plain space of the rows.

T15 and the parts of T1, T2, T7, T8 and T9 that speak of classifiers, coverage and nearest-neighbour accuracy stand
beside those metrics.
"""

import numpy as np
import pytest
from scipy.special import betainc
from scipy.stats import chi2, poisson
from tables import case, points, raw_case

from fidelia.attacks.closest import dcr_share
from fidelia.measure.authenticity.authentic import authenticity, difference
from fidelia.measure.authenticity.copies import estimated_copies
from fidelia.measure.authenticity.rows import identical
from fidelia.measure.support import compat
from fidelia.measure.support.hypersphere import hypersphere_precision, hypersphere_recall
from fidelia.measure.support.level_set import level_set_precision, level_set_recall

N = 4000
BALLS = (hypersphere_precision, hypersphere_recall)
SETS = (level_set_precision, level_set_recall)


def normal(seed, d, n=N, scale=1.0, shift=0.0):
    return np.random.default_rng(seed).normal(size=(n, d)) * scale + shift


def in_null_band(value, n_eff):
    return abs(value - (1 - 0.6267 / n_eff**0.5)) <= 1.1 / n_eff**0.5


@pytest.mark.parametrize("d", [1, 2, 8, 64])
def test_t1_one_law_lies_in_the_null_band(d):
    made = raw_case(normal(1, d), normal(2, d), normal(3, d))
    for metric in SETS + BALLS:
        result = metric(made)
        assert in_null_band(result.value, N / 2) and in_null_band(result.reference.value, N / 2)
        assert result.breakdown["p_value"] > 0.001
        assert result.breakdown["one_sided"] > 0.97
        curve = result.breakdown["curve"]
        assert np.abs(curve["synthetic"] - curve["level"]).max() < 1.95 / (N / 2) ** 0.5
    assert dcr_share(made).value == pytest.approx(0.5, abs=0.03)
    assert abs(difference(made).value) < 0.04


def test_t1_p_values_are_uniform_under_one_law():
    found = []
    for seed in range(50):
        r = np.random.default_rng(seed)
        made = raw_case(*(r.normal(size=(n, 3)) for n in (200, 160, 120)))
        found.append([metric(made).breakdown["p_value"] for metric in SETS + BALLS])
    found = np.array(found)
    assert np.all(np.abs(found.mean(axis=0) - 0.5) < 0.13)
    assert np.all((found < 0.1).mean(axis=0) < 0.22)


def test_t2_copies():
    x = normal(1, 8)
    made = raw_case(x, x[np.random.default_rng(0).permutation(N)], normal(2, 8))
    assert hypersphere_precision(made).value == pytest.approx(1, abs=1e-3)
    for metric in SETS:
        result = metric(made)
        assert result.value == pytest.approx(0.912, abs=0.03)
        assert result.value < 1 - 2 * 0.583 / (N / 2) ** 0.5
        assert result.breakdown["S_plus"] > 0.05 and result.breakdown["S_minus"] < 0.01
    assert level_set_precision(made).breakdown["p_plus"] < 0.001
    assert authenticity(made).value == 0
    assert estimated_copies(made).value == 1
    assert identical(made).value == 1
    assert dcr_share(made).value == pytest.approx(1, abs=1e-9)


def test_t2_copies_in_two_dimensions():
    x = normal(1, 2)
    result = level_set_precision(raw_case(x, x[::-1].copy(), normal(2, 2)))
    assert result.breakdown["S_plus"] == pytest.approx(0.15, abs=0.03)
    assert result.breakdown["S_minus"] < 0.01


@pytest.mark.parametrize("c", [0.1, 0.3])
def test_t3_a_share_of_copies(c):
    k = int(c * N)
    rates, new, shares = [], [], []
    for seed in range(0, 9, 3):
        x, fresh = normal(seed, 8), normal(seed + 1, 8)
        made = raw_case(x, np.concatenate([x[:k], fresh[k:]]), normal(seed + 2, 8))
        result, estimate = difference(made), estimated_copies(made)
        new.append(authenticity(made).value / result.breakdown["holdout"])
        rates.append(estimate.value)
        shares.append(dcr_share(made).value)
        assert result.interval[1] < 0
        assert estimate.interval[0] - 0.02 < c < estimate.interval[1] + 0.02
        assert result.breakdown["copy_rate"] == estimate.value
    assert np.mean(new) == pytest.approx(1 - c, abs=0.03)
    assert np.mean(rates) == pytest.approx(c, abs=0.03)
    assert np.mean(shares) == pytest.approx((1 + c) / 2, abs=0.03)


@pytest.mark.parametrize("d", [1, 2, 3, 5, 8])
def test_t4_authenticity_of_a_perfect_generator_on_a_torus(d):
    """A product of circles has no border; its probability of mutual nearest neighbours is that of R^d."""
    expected = 1 - 1 / (2 - betainc((d + 1) / 2, 0.5, 0.75))
    found = []
    for seed in range(3):
        angle = np.random.default_rng([d, seed]).random((2, 3000, d)) * 2 * np.pi
        x, y = np.concatenate([np.cos(angle), np.sin(angle)], axis=2)
        found.append(authenticity(raw_case(x, y, y[:10])).value)
    assert expected == pytest.approx({1: 1 / 3, 2: 0.3785, 3: 0.4074, 5: 0.4423, 8: 0.4688}[d], abs=1e-4)
    assert np.mean(found) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(("d", "s"), [(2, 2.0), (2, 0.5), (8, 2.0), (8, 0.5)])
def test_t5_scale(d, s):
    share = 1 / (1 + s**2) if s >= 1 else s**2 / (1 + s**2)
    expected = 2 * betainc(d / 2, d / 2, share)
    if d == 2:
        assert expected == pytest.approx(0.4)
    result = hypersphere_precision(raw_case(normal(1, d), normal(2, d, scale=s), normal(3, d)))
    assert result.value == pytest.approx(expected, abs=0.03)
    assert result.breakdown["S_minus" if s < 1 else "S_plus"] == pytest.approx(0, abs=0.01)
    assert result.interval[0] <= expected <= result.interval[1]
    level = result.breakdown["curve"]["level"]
    curve = chi2(d).cdf(chi2(d).ppf(level) / s**2)
    assert np.abs(result.breakdown["curve"]["synthetic"] - curve)[:-1].mean() < 0.015


@pytest.mark.parametrize(("d", "length"), [(2, 1.0), (2, 2.0), (8, 1.0), (8, 2.0)])
def test_t6_shift(d, length):
    j = np.arange(80)
    expected = 2 * np.sum(poisson.pmf(j, length**2 / 2) * betainc(d / 2 + j, d / 2, 0.5))
    known = {(2, 1.0): 0.7788, (2, 2.0): 0.3679, (8, 1.0): 0.8701, (8, 2.0): 0.5585}[d, length]
    assert expected == pytest.approx(known, abs=1e-4)
    shift = np.zeros(d)
    shift[0] = length
    result = hypersphere_precision(raw_case(normal(1, d), normal(2, d, shift=shift), normal(3, d)))
    assert result.value == pytest.approx(expected, abs=0.03)


def test_t7_disjoint_supports_score_exactly_nothing():
    made = raw_case(normal(1, 3), normal(2, 3, shift=1000.0), normal(3, 3))
    for metric in SETS + BALLS:
        result = metric(made)
        assert result.value == pytest.approx(0, abs=1e-6)
        assert np.max(result.breakdown["curve"]["synthetic"]) == 0
        assert result.breakdown["S_minus"] == pytest.approx(1, abs=1e-6)
    assert authenticity(made).value == 1


def test_t8_point_mass_at_the_centre():
    x = normal(1, 8)
    made = raw_case(x, np.repeat(x.mean(axis=0)[None], N, axis=0), normal(3, 8))
    result = hypersphere_precision(made)
    assert result.value == pytest.approx(0, abs=1e-3)
    assert result.breakdown["S_plus"] == pytest.approx(1, abs=1e-3)
    assert np.all(result.breakdown["curve"]["synthetic"][1:] == 1)
    assert authenticity(made).value in (0.0, 1.0)
    for metric in SETS + BALLS:
        found = metric(made)
        assert 0 <= found.value <= 1
        assert not any(np.isnan(scores).any() for scores in found.rows.values())


@pytest.mark.parametrize("w", [0.9, 0.5, 0.25, 0.1])
def test_t9_kept_share_of_modes(w):
    centres = np.stack(np.meshgrid(*[np.arange(10.0) * 20] * 2), -1).reshape(-1, 2)
    recall, precision = [], []
    for seed in range(3):
        r = np.random.default_rng(seed)
        sides = [centres[r.integers(0, k, 3000)] + r.normal(size=(3000, 2)) for k in (100, int(100 * w), 100)]
        made = raw_case(*sides)
        recall.append(level_set_recall(made).value)
        precision.append(level_set_precision(made).value)
    assert np.mean(recall) == pytest.approx(w, abs=0.03)
    assert np.mean(precision) > 0.93


def two_modes(seed, share, n=N):
    r = np.random.default_rng(seed)
    return r.normal(size=n) + np.where(r.random(n) < share, -10, 10)


def test_t9_one_of_two_modes_with_the_centre_between():
    made = raw_case(two_modes(1, 0.5), two_modes(2, 0.0), two_modes(3, 0.5))
    ball = hypersphere_precision(made)
    assert ball.value > 0.8, "one ball does not see that a mode is lost; that is recall's part"
    assert hypersphere_recall(made).value == pytest.approx(0.5, abs=0.03)
    assert level_set_recall(made).value == pytest.approx(0.5, abs=0.03)
    assert level_set_precision(made).value == pytest.approx(1, abs=0.07)


@pytest.mark.parametrize("e", [0.1, 0.3])
def test_t10_invented_mass(e):
    y = normal(2, 4)
    y[: int(e * N)] += 500
    made = raw_case(normal(1, 4), y, normal(3, 4))
    result = level_set_precision(made)
    assert result.value == pytest.approx(1 - e, abs=0.03)
    assert result.breakdown["P_1"] == pytest.approx(1 - e, abs=0.01)
    assert hypersphere_precision(made).value == pytest.approx(1 - e, abs=0.03)
    assert np.all(result.rows["synthetic.alpha"][: int(e * N)] == 1)


@pytest.mark.parametrize("t", [0.2, -0.3])
def test_t11_two_shells(t):
    """Mass t moved between an inner and an outer shell makes the curve a triangle."""

    def shells(seed, outer):
        r = np.random.default_rng(seed)
        x = r.normal(size=(N, 3))
        radius = np.where(r.random(N) < outer, 10, 1) * (1 + 0.01 * r.random(N))
        return x / np.linalg.norm(x, axis=1)[:, None] * radius[:, None]

    result = hypersphere_precision(raw_case(shells(1, 0.5), shells(2, 0.5 + t), shells(3, 0.5)))
    assert result.value == pytest.approx(1 - abs(t), abs=0.03)


def test_t12_copies_of_a_tenth_of_the_rows():
    x = normal(1, 8)
    made = raw_case(x, x[np.random.default_rng(0).integers(0, N // 10, N)], normal(3, 8))
    assert authenticity(made).value == 0
    assert hypersphere_precision(made).value > 0.93
    assert level_set_recall(made).value <= 0.12
    alpha = level_set_precision(made).breakdown
    assert alpha["S_plus"] > 0.05 and alpha["p_plus"] < 0.001


@pytest.mark.parametrize("m", [1000, 4000, 16_000])
def test_t13_recall_does_not_grow_with_the_synthetic_size_but_the_published_one_does(m):
    for program in ("alaa2022", "synthcity"):
        found = []
        for seed in range(3):
            curve = compat.recall_curve(normal([seed, 1], 8, 1000), normal([seed, 2], 8, m), program)
            found.append(compat.integral(curve, program))
        assert np.mean(found) == pytest.approx(m / (m + 1000 - 1), abs=0.03)
    x, y, h = normal(1, 8, 1000), normal(2, 8, m), normal(3, 8, 1000)
    made = raw_case(x, y, h)
    for metric in (level_set_recall, hypersphere_recall):
        assert in_null_band(metric(made).value, 500)
        assert in_null_band(metric(made).breakdown["full"], 1000 * m / (1000 + m))


def test_t14_rigid_motions_and_one_scale_change_nothing():
    r = np.random.default_rng(0)
    sides = [r.normal(size=(n, 4)) * [1, 2, 3, 4] + s for n, s in ((600, 0), (500, 0.2), (400, 0))]
    turn = np.linalg.qr(r.normal(size=(4, 4)))[0]
    before, after = raw_case(*sides), raw_case(*(7 * side @ turn + 3 for side in sides))
    for metric in (*SETS, *BALLS, authenticity, difference, dcr_share):
        a, b = metric(before), metric(after)
        assert a.value == pytest.approx(b.value, abs=1e-9)
        for name, scores in a.rows.items():
            assert scores == pytest.approx(b.rows[name], abs=1e-9)


def test_t14_the_units_of_columns_change_nothing_after_the_encoder():
    r = np.random.default_rng(1)
    sides = [r.normal(size=(n, 3)) for n in (500, 400, 300)]
    before, after = (case(*(points(side * scale) for side in sides)) for scale in (1, [1e-3, 5, 1e6]))
    for metric in (*SETS, *BALLS, authenticity):
        assert metric(before).value == pytest.approx(metric(after).value, abs=1e-9)
