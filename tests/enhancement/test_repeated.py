"""Intervals and p-values over the splits of a repeated cross-validation, and their correction."""

import numpy as np
import pytest
from scipy.stats import t as student

from fidelia.enhancement.folds import splits
from fidelia.measure.statistics import repeated
from fidelia.measure.statistics.repeated import compared, inflation, shrunk
from fidelia.rng import Rng


def test_one_comparison_is_the_corrected_resampled_t() -> None:
    d = np.array([0.01, 0.03, -0.01, 0.02, 0.04, 0.00, 0.02, 0.01, 0.03, 0.05])
    found = compared(d[:, None], 0.1, Rng(0))[0]
    sd = d.std(ddof=1) * np.sqrt(1 / 10 + 1 / 9)  # Nadeau and Bengio: 1/J + n_test / n_train
    assert found.value == pytest.approx(d.mean())
    assert found.sd == pytest.approx(sd)
    assert found.p == pytest.approx(2 * student.sf(d.mean() / sd, 9))
    assert found.interval == pytest.approx(
        (d.mean() - student.ppf(0.975, 9) * sd, d.mean() + student.ppf(0.975, 9) * sd)
    )
    assert (found.joint_interval, found.joint_p) == (found.interval, found.p)


def test_disjoint_test_sets_of_no_overlap_give_the_plain_t() -> None:
    d = np.random.default_rng(0).normal(size=12)
    found = compared(d[:, None], 0.0, Rng(0))[0]
    from scipy.stats import ttest_1samp

    assert found.p == pytest.approx(ttest_1samp(d, 0).pvalue)
    assert inflation(12, 0.0) == 1 / 12


def test_more_splits_narrow_an_interval_only_so_far() -> None:
    """The rows of one table do not become more by being split again."""
    assert inflation(10**9, 0.1) == pytest.approx(1 / 9)


def test_arms_that_do_the_same_need_no_correction() -> None:
    d = np.random.default_rng(1).normal(0.3, 1, size=(20, 1))
    one, *others = compared(np.repeat(d, 12, axis=1), 0.1, Rng(0))
    assert one.joint_interval == pytest.approx(one.interval, rel=0.03)
    assert all(other == one for other in others)


def test_independent_arms_are_corrected_like_sidak() -> None:
    d = np.random.default_rng(2).normal(size=(40, 8))
    found = compared(d, 0.0, Rng(0))
    wide = [(one.joint_interval[1] - one.value) / one.sd for one in found]
    assert wide == pytest.approx([student.ppf(1 - (1 - 0.95 ** (1 / 8)) / 2, 39)] * 8, rel=0.03)


def test_joint_p_and_interval_say_the_same() -> None:
    d = np.random.default_rng(3).normal(np.linspace(0, 1.2, 15), 1, size=(20, 15))
    for one in compared(d, 0.1, Rng(0)):
        assert one.joint_p >= one.p
        assert one.joint_interval[0] <= one.interval[0] <= one.value <= one.interval[1] <= one.joint_interval[1]
        assert (one.joint_p < 0.05) == (one.joint_interval[0] > 0 or one.joint_interval[1] < 0)


@pytest.mark.parametrize("rows", [1, 2])
def test_few_splits_say_little(rows: int) -> None:
    found = compared(np.arange(rows * 3.0).reshape(rows, 3) + 1, 0.1, Rng(0))
    assert [one.splits for one in found] == [rows] * 3
    if rows == 1:
        assert all(one.interval is None and one.joint_p is None for one in found)
    else:
        assert all(one.joint_p > one.p for one in found)  # correlations of two splits are not believed


def test_missing_and_constant_differences() -> None:
    d = np.column_stack(
        [np.zeros(10), np.r_[np.nan, np.arange(9.0)], np.full(10, np.nan), np.r_[1.0, np.full(9, np.nan)]]
    )
    same, gap, nothing, once = compared(d, 0.1, Rng(0))
    assert (same.p, same.joint_interval) == (1.0, (0.0, 0.0))
    assert (gap.value, gap.splits) == (4.0, 9)
    assert (nothing.splits, nothing.interval, once.splits, once.joint_interval) == (0, None, 1, None)


def test_shrinkage() -> None:
    assert shrunk(np.ones((4, 4)), 5) == 1.0
    assert shrunk(np.ones((4, 4)), 20) == 0.0
    assert shrunk(np.eye(4), 20) == 1.0
    assert shrunk(np.full((2, 2), 0.5), 20) == pytest.approx(0.75**2 / 19 / 0.25)


def test_same_seed_same_law() -> None:
    d = np.random.default_rng(4).normal(size=(10, 5))
    assert compared(d, 0.1, Rng(1)) == compared(d, 0.1, Rng(1))
    assert compared(d, 0.1, Rng(1)) != compared(d, 0.1, Rng(2))


def family_wise(times: int, splits: int, arms: int, correlation: float) -> float:
    draw = np.random.default_rng(0)
    hits = 0
    for i in range(times):
        own, common = draw.normal(size=(splits, arms)), draw.normal(size=(splits, 1))
        d = np.sqrt(1 - correlation) * own + np.sqrt(correlation) * common
        hits += min(one.joint_p for one in compared(d, 0.0, Rng(i))) < 0.05
    return hits / times


@pytest.mark.parametrize(("splits", "correlation"), [(3, 0.5), (10, 0.0), (10, 0.9)])
def test_family_wise_error(splits: int, correlation: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeated, "DRAWS", 1000)
    assert family_wise(120, splits, 12, correlation) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 120)


@pytest.mark.slow
@pytest.mark.parametrize("splits", [2, 6, 10, 20, 50])
@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_family_wise_error_often(splits: int, correlation: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeated, "DRAWS", 2000)
    assert family_wise(1000, splits, 20, correlation) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1000)


def rejected(times: int, rows: int, share: float, repeats: int, folds: int = 10) -> tuple[float, float]:
    """Return how often two learners that know equally much are told apart over repeated splits, corrected and not.

    One sees four columns, the other four more of the same law: neither is better, but on a given table each has its
    luck in training and in testing, which all splits share.
    """
    draw = np.random.default_rng(1)
    corrected = plain = 0
    for i in range(times):
        x = draw.normal(size=(rows, 8))
        y = x.sum(axis=1) / 2 + draw.normal(size=rows)
        d = []
        for split in splits(np.zeros(rows, dtype=np.int64), folds, repeats, Rng(i)):
            train, error = split.learnt(share), []
            for seen in (slice(0, 4), slice(4, 8)):
                w = np.linalg.lstsq(x[train, seen], y[train], rcond=None)[0]
                error.append(np.mean((y[split.test] - x[split.test, seen] @ w) ** 2))
            d.append(error[0] - error[1])
        one = np.array(d)[:, None]
        corrected += compared(one, 1 / folds, Rng(i))[0].p < 0.05
        plain += compared(one, 0.0, Rng(i))[0].p < 0.05
    return corrected / times, plain / times


def test_repeated_cross_validation_under_no_difference() -> None:
    corrected, plain = rejected(150, 200, 1.0, 3)
    assert corrected <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 150)
    assert plain > 0.12  # what comes of taking splits for independent


@pytest.mark.slow
@pytest.mark.parametrize(("share", "repeats"), [(1.0, 1), (1.0, 5), (0.5, 2), (0.1, 2), (0.1, 5)])
def test_repeated_cross_validation_often(share: float, repeats: int) -> None:
    corrected, plain = rejected(600, 300, share, repeats)
    assert corrected <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 600)
    assert plain > corrected
