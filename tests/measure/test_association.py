"""Associations of pairs of columns, against closed forms and public functions."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from scipy.stats.contingency import association
from sklearn.metrics import mutual_info_score
from tables import case, mixed

from fidelia.errors import NotApplicable
from fidelia.measure.catalog import find
from fidelia.measure.columns.association import (
    correlation,
    correlation_ratio,
    cramers_v,
    mid_ranks,
    mutual_information,
    table_of,
)

R = np.random.default_rng(0)


def pair(n: int, r: float, seed: int) -> pd.DataFrame:
    g = np.random.default_rng(seed)
    x = g.normal(size=n)
    return pd.DataFrame({"x": x, "y": r * x + np.sqrt(1 - r**2) * g.normal(size=n)})


def test_correlations_are_those_of_numpy_pandas_and_scipy():
    rows = R.normal(size=(200, 4)) @ R.normal(size=(4, 4)) + 1e6
    assert correlation(rows) == pytest.approx(np.corrcoef(rows.T), abs=1e-9)
    codes = R.integers(0, 9, (200, 3))
    expected = spearmanr(codes).statistic
    assert correlation(mid_ranks(codes.astype(float), [9, 9, 9])) == pytest.approx(expected, abs=1e-9)
    holes = np.where(R.random((200, 4)) < 0.2, np.nan, rows)
    assert correlation(holes) == pytest.approx(pd.DataFrame(holes).corr().to_numpy(), abs=1e-9)
    assert np.isnan(correlation(np.column_stack([rows[:, 0], np.full(200, 3.7)]))[0, 1])


@pytest.mark.parametrize("lost", [0.8, 0.3])
def test_the_difference_of_correlations(lost):
    made = case(pair(8000, 0.8, 1), pair(8000, 0.8 - lost, 2), pair(6000, 0.8, 3))
    found = find("FID07")(made)
    assert found.value == pytest.approx(lost, abs=0.04) and found.reference.value < 0.03
    assert found.breakdown["pairs"][0]["value"] == pytest.approx(lost, abs=0.03)
    assert [line["name"] for line in found.breakdown["lines"]] == ["Pearson", "Spearman"]
    assert not [c for c in found.caveats if c.code == "NO_CORRELATION"]


def test_independent_columns_score_well_and_a_caveat_says_why():
    found = find("FID07")(case(pair(3000, 0, 1), pair(3000, 0, 2), pair(2000, 0, 3)))
    assert found.value < 0.05
    assert "NO_CORRELATION" in [c.code for c in found.caveats]


def test_a_constant_synthetic_column_has_lost_its_correlation():
    found = find("FID07")(case(pair(3000, 0.7, 1), pair(3000, 0.7, 2).assign(y=1.0), pair(2000, 0.7, 3)))
    assert found.value == pytest.approx(0.7, abs=0.05)
    with pytest.raises(NotApplicable, match="DEGENERATE_COLUMN"):
        find("FID07")(case(*(pair(300, 0.7, i).assign(y=1.0) for i in range(3))))


def test_cramers_v_without_its_bias():
    table = R.integers(1, 50, (4, 6)).astype(float)
    n, (r, k) = table.sum(), table.shape
    plain = association(table.astype(int), method="cramer")
    squared = plain**2 * min(r - 1, k - 1) - (r - 1) * (k - 1) / (n - 1)
    rows, columns = (s - (s - 1) ** 2 / (n - 1) for s in (r, k))
    assert cramers_v(table) == pytest.approx(np.sqrt(max(squared, 0) / (min(rows, columns) - 1)), abs=1e-12)
    assert cramers_v(np.diag([10.0, 20.0, 30.0])) == pytest.approx(1)
    independent = [cramers_v(table_of(R.integers(0, 8, 300), R.integers(0, 8, 300))) for _ in range(200)]
    assert np.mean(independent) < 0.05  # without the correction it is about 0.15
    assert np.isnan(cramers_v(np.array([[5.0, 3.0]])))


def test_the_correlation_ratio_is_the_root_of_explained_variance():
    levels = R.integers(0, 4, 500)
    numbers = levels**2 + R.normal(size=500) + 1e6
    numbers[::7] = np.nan
    known = ~np.isnan(numbers)
    frame = pd.DataFrame({"a": levels[known], "x": numbers[known]})
    fitted = frame.groupby("a").x.transform("mean")
    assert correlation_ratio(levels, numbers) == pytest.approx(np.sqrt(fitted.var() / frame.x.var()), abs=1e-6)
    assert np.isnan(correlation_ratio(levels, np.ones(500)))


def test_mutual_information_is_that_of_scikit_learn():
    a, b = R.integers(0, 5, 400), R.integers(0, 3, 400)
    for other in (b, a // 2, a):
        assert mutual_information(table_of(a, other)) == pytest.approx(mutual_info_score(a, other), abs=1e-9)


def shuffled(frame: pd.DataFrame) -> pd.DataFrame:
    r = np.random.default_rng(5)
    return frame.apply(lambda column: column.to_numpy()[r.permutation(len(column))])


@pytest.mark.parametrize("code", ["FID07", "FID08", "FID09"])
def test_columns_shuffled_apart_lose_their_associations(code):
    train = mixed(3000, 1)
    apart, good = (find(code)(case(train, rows, mixed(1500, 3))) for rows in (shuffled(train), mixed(3000, 2)))
    assert apart.interval[0] > apart.reference.value + 3 * apart.reference.sd
    assert good.value < good.reference.value + 4 * good.reference.sd
    worst = {apart.breakdown["pairs"][0][side] for side in "ab"}
    assert worst in ({"x", "y"}, {"x", "group"}, {"x", "label"}, {"y", "label"})


def test_many_pairs_are_sampled_and_said_so(monkeypatch):
    monkeypatch.setattr("fidelia.measure.columns.association.chosen.__defaults__", (3,))
    found = find("FID09")(case(mixed(300, 1), mixed(300, 2), mixed(200, 3)))
    assert len(found.breakdown["pairs"]) == 3
    assert "3 of 10 sets" in next(c.text for c in found.caveats if c.code == "SUBSAMPLED")


def test_real_associations(shared_data):
    """The marginals of adult without its associations: husbands are men, years of education follow its name."""
    adult = pd.read_parquet(shared_data("adult")).head(9000)
    train, fresh = adult[:6000], adult[6000:]
    made = case(train, shuffled(train), fresh)
    found = find("FID08")(made)
    assert found.value > 5 * found.reference.value
    worst = [{line["a"], line["b"]} for line in found.breakdown["pairs"][:3]]
    assert {"education", "education-num"} in worst
