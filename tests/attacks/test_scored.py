"""Rates and bounds of scored attacks: known answers, agreement with scikit-learn and scipy, known epsilon."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import binomtest, norm
from sklearn.metrics import roc_auc_score, roc_curve

from fidelia.attacks.scored import Scored, alarm, audited
from fidelia.measure.statistics.excess import discordant
from fidelia.rng import Rng

scores = st.lists(st.integers(0, 6).map(float), min_size=2, max_size=60).map(np.array)


@given(scores, scores)
def test_auc_and_rates_are_those_of_scikit_learn(members, others):
    attack = Scored("x", members, others)
    label = np.repeat([1, 0], [len(members), len(others)])
    score = np.concatenate([members, others])
    assert attack.auc.value == pytest.approx(roc_auc_score(label, score), abs=1e-12)
    wrong, right, _ = roc_curve(label, score, drop_intermediate=False)
    for rate in (0.1, 0.3, 1.0):
        found = attack.caught(rate)
        if rate * len(others) < 1:
            assert found is None
        else:
            value, (low, high) = found
            assert value == pytest.approx(right[wrong <= rate + 1e-12].max())
            assert low <= value <= high


def test_a_rate_that_so_few_rows_cannot_show_is_not_shown():
    r = np.random.default_rng(0)
    attack = Scored("x", r.normal(size=500), r.normal(size=999))
    line = attack.line()
    assert line["tpr_at_0.001"] is None and line["tpr_at_0.01"] is not None
    assert Scored("x", r.normal(size=500), r.normal(size=1000)).caught(0.001) is not None


def test_rate_at_one_percent_covers_the_truth():
    """Members N(2, 1), others N(0, 1): the true rate at 1 % is 1 - Phi(z - 2)."""
    truth = norm.sf(norm.isf(0.01) - 2)
    missed = 0
    for seed in range(100):
        r = np.random.default_rng(seed)
        _, (low, high) = Scored("x", r.normal(2, 1, 1000), r.normal(size=1000)).caught(0.01)
        missed += not low <= truth <= high
    assert missed <= 10


def test_auc_interval_covers_the_truth():
    truth, missed = norm.cdf(0.5 / np.sqrt(2)), 0
    for seed in range(200):
        r = np.random.default_rng(seed)
        low, high = Scored("x", r.normal(0.5, 1, 80), r.normal(size=80)).interval
        missed += not low <= truth <= high
    assert missed <= 20


def test_constant_scores_say_nothing():
    attack = Scored("x", np.zeros(50), np.zeros(50))
    bound = audited([attack], Rng(0))
    assert attack.auc.value == 0.5 and bound.value == 0 and not attack.alarm()["alarm"]
    assert attack.caught(0.1)[0] == 0


def test_perfect_scores_give_the_largest_bound_that_so_many_rows_allow():
    attack = Scored("x", np.arange(100, 300.0), np.arange(100.0) / 10)
    bound = audited([attack], Rng(0))
    # 100 members and 50 others on the half that counts: ln(0.025^(1/100) / (1 - 0.025^(1/50))) or its mirror.
    caught, accused = 0.025 ** (1 / 100), 1 - 0.025 ** (1 / 50)
    expected = np.log(max(caught / accused, (1 - accused) / (1 - caught)))
    assert bound.value == pytest.approx(expected) == bound.most
    assert (bound.members, bound.others) == (100, 50)


def test_the_bound_names_the_attack_that_sees_the_leak():
    r = np.random.default_rng(1)
    blind = Scored("blind", r.normal(size=400), r.normal(size=400))
    seeing = Scored("seeing", r.normal(4, 1, 400), r.normal(size=400))
    assert audited([blind, seeing, blind], Rng(0)).attack == "seeing"


def test_unequal_numbers_and_few_rows():
    assert audited([Scored("x", np.ones(2), np.zeros(2))], Rng(0)).value >= 0
    assert audited([Scored("x", np.ones(900), np.zeros(7))], Rng(0)).value > 0


def laplace(epsilon, n, r):
    """A count that one row moves by 1, with Laplace noise of scale 1 / epsilon."""
    return 1 + r.laplace(0, 1 / epsilon, n), r.laplace(0, 1 / epsilon, n)


def answers(epsilon, n, r):
    """Randomised response: the truth with odds e^epsilon."""
    lie = 1 / (1 + np.exp(epsilon))
    return (r.random(n) >= lie).astype(float), (r.random(n) < lie).astype(float)


def gaussian(epsilon, n, r, delta=1e-3):
    """Noise that is exactly (epsilon, delta): Balle and Wang 2018, theorem 8."""

    def over(sd):
        up, down = norm.cdf(0.5 / sd - epsilon * sd), norm.cdf(-0.5 / sd - epsilon * sd)
        return up - np.exp(epsilon) * down - delta

    sd = brentq(over, 0.05, 100)
    return 1 + r.normal(0, sd, n), r.normal(0, sd, n)


@pytest.mark.parametrize(("mechanism", "delta"), [(laplace, 0.0), (answers, 0.0), (gaussian, 1e-3)])
@pytest.mark.parametrize("epsilon", [0.1, 0.5, 1.0, 2.0, 4.0])
def test_s13_releases_of_known_epsilon(mechanism, delta, epsilon):
    found = []
    for seed in range(12):
        members, others = mechanism(epsilon, 1000, np.random.default_rng(seed))
        found.append(audited([Scored("x", members, others)], Rng(seed), delta=delta).value)
    assert sum(value > epsilon for value in found) <= 3, "at 95 % confidence, 12 bounds: P(more than 3) < 0.003"
    if epsilon >= 2:
        assert min(found) > 0 and np.mean(found) > 0.25 * epsilon, found


def test_s13_the_bound_holds_at_its_confidence_where_it_is_tight():
    """Randomised response attains TPR = e^epsilon FPR, so that the bound can only just hold."""
    wrong = 0
    for seed in range(200):
        members, others = answers(1.0, 400, np.random.default_rng(seed))
        wrong += audited([Scored("x", members, others)], Rng(seed)).value > 1.0
    assert wrong <= 18  # P(Binomial(200, 0.05) > 18) < 0.01


def test_alarm_is_raised_only_above_zero():
    assert alarm(0.1, (0.01, 0.2))["alarm"]
    assert not alarm(0.1, (-0.01, 0.2))["alarm"]
    assert not alarm(-0.5, (-0.6, -0.4))["alarm"]
    assert alarm(0.1, (0.0, 0.2)) == {"alarm": False, "excess": 0.1, "excess_interval": [0.0, 0.2], "level": 0.05}


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 30))
def test_discordant_is_the_exact_binomial_interval_for_single_rows(a, b, both):
    n = a + b + both + 10
    seen, unseen = np.arange(n) < a + both, (np.arange(n) >= a) & (np.arange(n) < a + both + b)
    excess, (low, high) = discordant(seen, unseen, np.arange(n, dtype=np.uint64))
    assert excess == pytest.approx((a - b) / n)
    if a + b:
        exact = binomtest(a, a + b).proportion_ci(method="exact")
        assert low == pytest.approx((2 * exact.low - 1) * (a + b) / n)
        assert high == pytest.approx((2 * exact.high - 1) * (a + b) / n)
    assert low <= excess <= high


def test_rows_of_one_cluster_count_once():
    seen, cluster = np.ones(60, dtype=bool), np.zeros(60, dtype=np.uint64)
    _, (low, _) = discordant(seen, ~seen, cluster)
    assert low < 0, "sixty copies of one row are one event"
    _, (low, _) = discordant(seen, ~seen, np.arange(60, dtype=np.uint64))
    assert low > 0.8
