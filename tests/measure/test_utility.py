"""Utility: what models, queries and regressions find, on tables where the answer is known."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tables import case, mixed

from fidelia.data.split import split
from fidelia.errors import NotApplicable
from fidelia.measure.catalog import find
from fidelia.measure.learners import FAMILIES
from fidelia.measure.statistics.estimates import Estimate
from fidelia.measure.statistics.ranks import agreement, kendall, spearman
from fidelia.measure.utility.calibration import brier, calibration_error
from fidelia.measure.utility.coefficients import Fit, overlap, regression
from fidelia.measure.utility.column_tests import chi_squared, ks
from fidelia.measure.utility.queries import log_q_errors, workload
from fidelia.rng import Rng

MODELLED = ("UTL01", "UTL02", "UTL03", "UTL04", "UTL05", "UTL08")
CODES = (*MODELLED, "UTL06", "UTL07", "UTL10")


@pytest.fixture(scope="module")
def fresh():
    """Synthetic rows that are a fresh draw of the real law."""
    return case(mixed(1600, 1), mixed(1600, 2), mixed(900, 3), target="label")


@pytest.fixture(scope="module")
def permuted():
    """Synthetic rows whose labels say nothing."""
    made = mixed(1600, 2)
    labels = np.random.default_rng(0).permutation(made.label)
    return case(mixed(1600, 1), made.assign(label=labels), mixed(900, 3), target="label")


def covers(interval, value, slack=0.0):
    return interval[0] - slack <= value <= interval[1] + slack


def test_a_fresh_draw_teaches_as_much(fresh):
    result = find("UTL01")(fresh)
    for line in result.breakdown["models"]:
        assert covers(line["difference_interval"], 0, 0.005)
        assert covers(line["normalised_interval"], 1, 0.01)
        assert line["difference"] == pytest.approx(line["synthetic"] - line["real"])
        above = (line["synthetic"] - 0.5) / (line["real"] - 0.5)
        assert line["normalised"] == pytest.approx(above)


def test_permuted_labels_teach_nothing(permuted):
    result = find("UTL01")(permuted)
    assert result.value == pytest.approx(0.5, abs=0.1)
    assert result.reference.value > 0.8
    assert result.breakdown["normalised_interval"][1] < 0.4
    assert all(line["difference_interval"][1] < -0.2 for line in result.breakdown["models"])


def test_a_class_conditional_shift_shows_in_every_direction_but_real_on_real():
    """Synthetic rows in which the classes are farther apart are too easy: TSTS and TRTS rise, TSTR does not."""
    made = mixed(1600, 2)
    shift = np.where(made.label == "yes", 2.0, -2.0)
    apart = case(mixed(1600, 1), made.assign(x=made.x + shift), mixed(900, 3), target="label")
    result = find("UTL02")(apart)
    boosted = next(line for line in result.breakdown["lines"] if line["name"] == "boosted trees")
    assert result.value == boosted["TRTS"] > result.reference.value + 0.05
    assert boosted["TSTS"] > 0.95 > boosted["TRTR"] > boosted["TSTR"]
    assert result.interval[0] > result.reference.value


def test_all_four_directions_agree_on_a_fresh_draw(fresh):
    result = find("UTL02")(fresh)
    assert [line["name"] for line in result.breakdown["lines"]] == [
        "boosted trees", "linear", "decision tree", "neural network"
    ]  # fmt: skip
    for line in result.breakdown["lines"]:
        scores = [line[d] for d in ("TSTR", "TRTR", "TRTS", "TSTS")]
        assert max(scores) - min(scores) < 0.08
        assert min(scores) > 0.7
    four = {line["name"]: line for line in result.breakdown["lines"]}
    for model in find("UTL01")(fresh).breakdown["models"]:
        line = four[model["model"]]
        assert (model["synthetic"], model["real"]) == (line["TSTR"], line["TRTR"])


def test_a_tiny_real_table_gains_from_fresh_real_rows():
    result = find("UTL03")(case(mixed(40, 4), mixed(2000, 5), mixed(1000, 6), target="label"))
    assert result.n == {"train": 40, "synthetic": 500, "holdout": 1000}
    assert result.interval[0] > 0 and result.reference.value > 0.02
    assert result.breakdown["full"] >= result.value - 0.02
    assert abs(result.value - result.reference.value) < 0.03


def test_rows_with_permuted_labels_do_harm_to_a_large_one(permuted):
    result = find("UTL03")(permuted)
    assert result.interval[1] < 0 and result.value < result.reference.value
    assert result.breakdown["full"] < result.value


def test_kinds_of_models_rank_alike_on_a_fresh_draw_and_not_on_noise(fresh, permuted):
    good, bad = (find("UTL04")(each) for each in (fresh, permuted))
    assert len(good.breakdown["lines"]) == len(FAMILIES)
    assert covers(good.interval, good.reference.value, 3 * good.reference.sd)
    assert bad.value < good.value and bad.breakdown["regret"] >= good.breakdown["regret"]
    assert -1 <= bad.interval[0] <= bad.value <= bad.interval[1] <= 1


def test_importances_rank_alike_on_a_fresh_draw_and_not_on_noise(fresh, permuted):
    good, bad = (find("UTL05")(each) for each in (fresh, permuted))
    assert good.value > 0.5
    assert covers(good.interval, good.reference.value, 3 * good.reference.sd)
    assert bad.value < good.value
    columns = {line["column"]: line for line in good.breakdown["columns"]}
    assert columns["x"]["value"] > 5 * abs(columns["count"]["value"])


def test_brier_and_calibration_error_by_hand():
    told = np.array([[0.0, 1.0], [1.0, 0.0], [0.5, 0.5], [0.5, 0.5]])
    actual = np.array([1, 1, 0, 1])
    assert brier(told, actual).value == pytest.approx((0 + 1 + 0.25 + 0.25) / 4)
    assert calibration_error(told, actual)["ece"] == pytest.approx(0.25)
    three = np.array([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]])
    assert brier(three, np.array([0, 1])).value == pytest.approx((0 + 0.5) / 2)


def test_brier_is_that_of_scikit_learn():
    from sklearn.metrics import brier_score_loss

    r = np.random.default_rng(0)
    p, y = r.random(500), r.integers(0, 2, 500)
    found = brier(np.column_stack([1 - p, p]), y)
    assert found.value == pytest.approx(brier_score_loss(y, p), abs=1e-12)
    assert found.sd == pytest.approx(((p - y) ** 2).std(ddof=1) / 500**0.5)


def test_perfect_probabilities_err_by_no_more_than_noise():
    r = np.random.default_rng(0)
    p = r.random(20_000)
    found = calibration_error(np.column_stack([1 - p, p]), (r.random(20_000) < p).astype(int))
    assert found["ece"] == pytest.approx(found["ece_noise"], rel=0.5)


def test_a_model_learnt_from_another_base_rate_is_not_calibrated(fresh):
    real = mixed(3200, 2)
    keep = (real.label == "yes") | (np.random.default_rng(0).random(3200) < 0.15)
    skewed = case(mixed(1600, 1), real[keep].reset_index(drop=True), mixed(900, 3), target="label")
    result, good = find("UTL08")(skewed), find("UTL08")(fresh)
    assert result.breakdown["difference_interval"][0] > 0
    assert covers(good.breakdown["difference_interval"], 0, 0.01)
    said = {line["name"]: line["ece"] for line in result.breakdown["lines"]}
    assert said["synthetic"] > 2 * said["real"]
    assert find("UTL01")(skewed).value == pytest.approx(find("UTL01")(fresh).value, abs=0.03)  # ranks are kept


# -- queries ------------------------------------------------------------------------------------------------------


def test_the_q_error_of_a_table_with_itself_is_one():
    train = mixed(600, 1)
    same = case(train, train, mixed(600, 2))
    result = find("UTL06")(same)
    assert result.value == pytest.approx(1, abs=1e-12)
    assert result.reference.value > 1.01


def test_the_q_error_of_half_the_share_is_two():
    truth = np.arange(100)[:, None] < np.array([40, 20])
    other = np.arange(200)[:, None] < np.array([40, 80])
    assert np.exp(log_q_errors(truth, other)) == pytest.approx([2, 2])
    nothing = np.zeros((200, 2), dtype=bool)
    assert np.exp(log_q_errors(truth, nothing)) == pytest.approx([0.4 / 0.005, 0.2 / 0.005])


def test_queries_do_not_depend_on_the_order_of_columns_and_are_met():
    made = case(mixed(600, 1), mixed(500, 2), mixed(400, 3))
    names = made.schema.names[::-1]
    turned = case(*(mixed(n, seed)[names] for n, seed in ((600, 1), (500, 2), (400, 3))))
    first, second = (workload(each.values, Rng(0)) for each in (made, turned))
    assert [q.hits["train"].sum() for q in first] == [q.hits["train"].sum() for q in second]
    assert {q.columns for q in first} == {1, 2, 3} and {q.kind for q in first} == {"range", "count", "group"}
    assert all(0.01 <= q.hits["train"].mean() < 1 for q in first)


def test_shuffled_columns_fail_joint_queries_alone():
    train, r = mixed(2000, 1), np.random.default_rng(9)
    apart = pd.DataFrame({name: train[name].to_numpy()[r.permutation(2000)] for name in train})
    result = find("UTL06")(case(train, apart, mixed(2000, 3)))
    assert result.interval[0] > result.reference.value
    for line in result.breakdown["lines"]:
        if line["name"].endswith("1 column"):
            assert line["value"] == pytest.approx(1, abs=1e-9)
        if line["name"] == "count, 3 columns":
            assert line["value"] > line["reference"] + 0.1


# -- regression ---------------------------------------------------------------------------------------------------


def test_the_overlap_of_a_table_with_itself_is_one():
    train = mixed(600, 1)
    assert find("UTL07")(case(train, train, mixed(600, 2), target="label")).value == pytest.approx(1)


def test_overlap_by_hand():
    def fit(low, high):
        return Fit(np.array([(low + high) / 2]), np.array([(high - low) / (2 * 1.959963984540054)]))

    assert overlap(fit(0, 2), fit(1, 3)) == pytest.approx([0.5])
    assert overlap(fit(0, 4), fit(1, 2)) == pytest.approx([(1 / 4 + 1) / 2])
    assert overlap(fit(0, 1), fit(2, 3)) == pytest.approx([0])
    nowhere = Fit(np.array([0.0]), np.array([np.inf]))
    assert overlap(fit(0, 1), nowhere) == pytest.approx([0]) and np.isnan(overlap(nowhere, nowhere)).all()


def test_least_squares_is_that_of_scipy():
    r = np.random.default_rng(0)
    x = r.normal(size=5000)
    y = 0.4 * x + r.normal(size=5000)
    found, expected = regression(x[:, None], y, logistic=False), stats.linregress(x, y)
    assert found.estimate[0] == pytest.approx(expected.slope, abs=1e-4)
    assert found.error[0] == pytest.approx(expected.stderr, abs=1e-4)


def test_logistic_regression_finds_the_law_and_its_error():
    r = np.random.default_rng(1)
    estimates, errors = [], []
    for _ in range(40):
        x = r.normal(size=(800, 2))
        y = (r.random(800) < 1 / (1 + np.exp(-(0.5 + x @ [1.0, -0.5])))).astype(float)
        found = regression(x, y, logistic=True)
        estimates.append(found.estimate)
        errors.append(found.error)
    assert np.mean(estimates, axis=0) == pytest.approx([1.0, -0.5], abs=0.06)
    assert np.std(estimates, axis=0) == pytest.approx(np.mean(errors, axis=0), rel=0.3)


@given(st.integers(0, 50), st.booleans())
@settings(max_examples=30)
def test_separated_classes_and_collinear_columns_have_finite_coefficients(seed, constant):
    r = np.random.default_rng(seed)
    x = r.normal(size=200)
    y = (x > 0).astype(float) * (0 if constant else 1)
    found = regression(np.column_stack([x, 2 * x, np.zeros(200)]), y, logistic=True)
    assert np.isfinite(found.estimate).all() and np.isfinite(found.error[:2]).all()
    assert found.error[2] == np.inf and found.estimate[2] == 0
    assert np.abs(found.estimate).max() < 30


def test_turned_labels_turn_signs(fresh):
    made = mixed(1600, 2)
    turned = case(
        mixed(1600, 1), made.assign(label=np.where(made.label == "yes", "no", "yes")), mixed(900, 3), target="label"
    )
    bad, good = find("UTL07")(turned), find("UTL07")(fresh)
    assert good.breakdown["signs"] > 0.6 > 0.4 > bad.breakdown["signs"]
    assert bad.interval[1] < bad.reference.value
    assert covers(good.interval, good.reference.value, 3 * good.reference.sd)
    x = next(line for line in bad.breakdown["lines"] if line["name"] == "x")
    assert x["real"] > 0 > x["synthetic"] and x["value"] == 0


# -- tests of columns ---------------------------------------------------------------------------------------------


def test_chi_squared_is_that_of_scipy():
    r = np.random.default_rng(0)
    a, b = r.integers(0, 4, 300).astype(float), r.integers(0, 4, 200).astype(float)
    table = np.array([np.bincount(x.astype(int), minlength=4) for x in (a, b)])
    expected = stats.chi2_contingency(table, correction=False)
    v, p = chi_squared(a, b)
    assert p == pytest.approx(expected.pvalue, abs=1e-12)
    assert v == pytest.approx((expected.statistic / 500) ** 0.5)


def test_ks_is_that_of_scipy():
    r = np.random.default_rng(0)
    a, b = r.normal(size=400), r.normal(0.1, 1, 300)
    d, p = ks(a, np.append(b, np.nan))
    expected = stats.ks_2samp(a, b, method="asymp")
    assert d == pytest.approx(expected.statistic)
    assert p == pytest.approx(stats.kstwobign.sf(d * (400 * 300 / 700) ** 0.5))


@pytest.mark.parametrize(("counts", "width"), [((1000, 1, 1, 1), 1), ((500, 500, 30, 1, 1), 3)])
def test_rare_levels_are_joined(counts, width):
    a = np.repeat(np.arange(len(counts)), counts).astype(float)
    _, p = chi_squared(a, a)
    assert np.isnan(p) if width < 2 else p == pytest.approx(1)


def test_rejections_of_equal_laws_are_rare_and_of_shifted_ones_certain(fresh):
    assert find("UTL10")(fresh).value <= 0.2
    far = find("UTL10")(case(mixed(1600, 1), mixed(1600, 2).assign(x=5.0, label="no"), mixed(900, 3), target="label"))
    lines = {line["column"]: line for line in far.breakdown["columns"]}
    assert lines["x"]["value"] > 0.5 and lines["x"]["q"] < 1e-6 and lines["label"]["q"] < 1e-6
    assert lines["y"]["q"] > 0.05 and 0.3 < far.value < 0.6
    assert {other["test"] for other in lines["y"]["others"]} == {"Welch's t", "Mann-Whitney"}


def test_the_location_tests_are_those_of_scipy():
    from fidelia.measure.utility.column_tests import _locations

    r = np.random.default_rng(0)
    a, b = r.normal(size=100), r.normal(0.3, 2, 150)
    welch, ranks = _locations(a, b)
    assert welch["p"] == pytest.approx(stats.ttest_ind(a, b, equal_var=False).pvalue)
    assert ranks["p"] == pytest.approx(stats.mannwhitneyu(b, a).pvalue)
    assert ranks["value"] == pytest.approx(2 * stats.mannwhitneyu(b, a).statistic / 15_000 - 1)


# -- ranks --------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=12))
@settings(max_examples=60)
def test_rank_correlations_are_those_of_scipy(pairs):
    a, b = np.array(pairs, dtype=float).T
    if len(set(a)) == 1 or len(set(b)) == 1:
        assert kendall(a, b) == spearman(a, b) == 0
    else:
        assert kendall(a, b) == pytest.approx(stats.kendalltau(a, b).statistic)
        assert spearman(a, b) == pytest.approx(stats.spearmanr(a, b).statistic)


def test_agreement_of_estimates_counts_what_noise_leaves_open():
    r = np.random.default_rng(0)
    noise = r.normal(size=(400, 4))
    clear = [Estimate(float(i), noise[:, i]) for i in range(4)]
    same = agreement(clear, clear, kendall, Rng(0))
    assert same.value == same.observed == 1 and same.sd == 0
    other = [Estimate(i / 100, 5 * r.normal(size=400)) for i in range(4)]
    open_ = agreement(clear, other, kendall, Rng(0))
    assert open_.observed == 1 and abs(open_.value) < 0.4 and open_.sd > 0.3


# -- awkward tables -----------------------------------------------------------------------------------------------


@cache
def tasked(target):
    return case(mixed(500, 1), mixed(400, 2), mixed(300, 3), target=target)


@cache
def lacking(target):
    made = mixed(300, 2)
    made = made.assign(label="yes") if target == "label" else made[made.group != "west"]
    return case(mixed(300, 1), made, mixed(200, 3), target=target)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("target", ["y", "group", "count"])
def test_every_task_and_missing_targets(code, target):
    """Targets that are a number, a class of three with missing values, and a count with missing values."""
    made = tasked(target)
    if code == "UTL08" and target != "group":
        with pytest.raises(NotApplicable, match="probabilities"):
            find(code)(made)
        return
    result = find(code)(made)
    assert np.isfinite(result.value) and result.interval[0] <= result.value <= result.interval[1]


@pytest.mark.parametrize("code", CODES)
def test_one_synthetic_class_and_absent_classes(code):
    for each in (lacking("label"), lacking("group")):
        result = find(code)(each)
        assert np.isfinite(result.value)
        if code in MODELLED:
            assert "MISSING_CLASSES" in [caveat.code for caveat in result.caveats]


@pytest.mark.parametrize("code", MODELLED)
def test_what_cannot_be_measured_is_declined(code):
    train, made, unseen = mixed(300, 1), mixed(300, 2), mixed(200, 3)
    for reason, each in (
        ("NEEDS_TARGET", case(train, made, unseen)),
        ("NEEDS_HOLDOUT", case(train, made, None, target="label")),
        ("TOO_FEW_ROWS", case(train, made[:10], unseen, target="label")),
        ("DEGENERATE_COLUMN", case(train.assign(label="a"), made, unseen, target="label")),
    ):
        with pytest.raises(NotApplicable, match=reason):
            find(code)(each)


def test_the_order_of_metrics_changes_nothing():
    def made():
        return case(mixed(300, 1), mixed(500, 2), mixed(200, 3), target="label")

    first, second = made(), made()
    forth = {code: find(code)(first).to_dict() for code in MODELLED}
    back = {code: find(code)(second).to_dict() for code in MODELLED[::-1]}
    assert forth == back
    assert {code: find(code)(first).embedding for code in MODELLED} == {
        code: find(code)(second).embedding for code in MODELLED
    }


def test_a_model_is_learnt_once():
    made = case(mixed(300, 1), mixed(300, 2), mixed(200, 3), target="label")
    find("UTL01")(made)
    learnt = set(made.models._fitted)
    find("UTL08")(made)
    assert set(made.models._fitted) == learnt
    assert len(learnt) == 6  # three learners, two sides


def test_several_draws_where_a_table_has_more_rows():
    many = case(mixed(300, 1), mixed(1500, 2), mixed(200, 3), target="label")
    find("UTL01")(many)
    assert {key[2] for key in many.models._fitted if key[1][0][0] == "synthetic"} == {0, 1, 2}
    assert {key[2] for key in many.models._fitted if key[1][0][0] == "train"} == {0}


# -- real data ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def adult(shared_data):
    from fidelia.workflow import pipeline

    table = pipeline.as_table(str(shared_data("adult")), target="income")
    return split(table.take(np.arange(8_000)), holdout=0.25, rng=Rng(0).child("split"))


def test_adult_marginals_teach_nothing_and_trees_nearly_everything(adult):
    from fidelia.measure.case import Case
    from fidelia.workflow import pipeline

    n = len(adult.train)
    marginals, trees = (
        Case(adult.train, pipeline.fit(adult.train, generator=name).sample_table(n), adult.holdout, Rng(0))
        for name in ("marginals", "trees")
    )
    bad, good = (find("UTL01")(each) for each in (marginals, trees))
    assert bad.value == pytest.approx(0.5, abs=0.06) and bad.reference.value > 0.9
    assert good.value > bad.reference.value - 0.02
    assert good.breakdown["normalised"] > 0.95
    for code, worse in (("UTL03", -1), ("UTL06", 1), ("UTL07", -1), ("UTL08", 1)):
        apart, near = (find(code)(each) for each in (marginals, trees))
        assert worse * (apart.value - near.value) > 0, code
    copies = replace(marginals, synthetic=adult.train)
    assert find("UTL01")(copies).value == find("UTL01")(copies).reference.value
