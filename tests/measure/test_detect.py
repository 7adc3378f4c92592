"""The two-sample classifier: closed forms, limits, and the learners beside the trees."""

import numpy as np
import pytest
from scipy.stats import norm
from tables import case, mixed, raw_case

from fidelia.errors import NotApplicable
from fidelia.measure.joint.detect import cross_fit, detection, two_sample
from fidelia.measure.learners import linear
from fidelia.rng import Rng

D, N = 1.5, 2000


def normal(seed, n=N, d=8, shift=0.0):
    rows = np.random.default_rng(seed).normal(size=(n, d))
    rows[:, 0] += shift
    return rows


def test_t15_auc_and_accuracy_of_two_normals():
    told = cross_fit(np.concatenate([normal(1, shift=D), normal(2)]), lambda: linear("binary"), Rng(0))
    assert told.estimate.value == pytest.approx(norm.cdf(D / 2**0.5), abs=0.02)
    right = np.mean((told.scores > 0.5) == np.repeat([True, False], N))
    assert right == pytest.approx(norm.cdf(D / 2), abs=0.02)


def test_t15_every_learner_comes_near_the_best_auc():
    result = two_sample(raw_case(normal(1), normal(2, shift=D), normal(3)))
    best = norm.cdf(D / 2**0.5)
    for line in result.breakdown["models"]:
        assert best - 0.06 < line["auc"] < best + 0.02
        assert abs(line["reference"] - 0.5) < 0.05
        assert line["low"] < line["auc"] < line["high"]
    assert [line["model"] for line in result.breakdown["models"]] == [
        "boosted trees",
        "logistic regression",
        "nearest neighbours",
    ]


@pytest.mark.parametrize("d", [1, 8])
def test_t1_one_law_cannot_be_told(d):
    result = two_sample(raw_case(*(normal(seed, 600, d) for seed in (1, 2, 3))))
    assert result.value == pytest.approx(0.5, abs=0.06)
    assert result.interval[0] < 0.53 and result.interval[1] > 0.47


def test_t7_disjoint_supports_are_always_told():
    result = two_sample(raw_case(normal(1, 300), normal(2, 300) + 100, normal(3, 300)))
    assert result.value == pytest.approx(1, abs=0.01)
    assert result.rows["synthetic.propensity"].min() > 0.9
    assert all(line["auc"] == pytest.approx(1, abs=0.01) for line in result.breakdown["models"])


def test_copies_do_not_fool_it():
    x = mixed(600, 1)
    result = two_sample(case(x, x.sample(frac=1, random_state=0).reset_index(drop=True), mixed(600, 2)))
    assert result.value == pytest.approx(result.reference.value, abs=0.06)


def test_rows_left_out_of_the_folds_are_scored_too():
    found = case(mixed(600, 1), mixed(500, 2), mixed(100, 3))
    scores = two_sample(found).rows["synthetic.propensity"]
    assert len(scores) == 500 and np.isfinite(scores).all()
    assert detection(found).m == 100


def test_a_case_is_fitted_once():
    found = case(mixed(100, 1), mixed(100, 2), mixed(100, 3))
    assert detection(found) is detection(found)


def test_too_few_rows_are_declined():
    with pytest.raises(NotApplicable, match="TOO_FEW_ROWS"):
        two_sample(case(mixed(50, 1), mixed(5, 2), mixed(50, 3)))
