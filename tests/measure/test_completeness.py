"""Missing values, what they depend on, and times."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from tables import case

from fidelia.errors import NotApplicable
from fidelia.measure.catalog import find
from fidelia.measure.completeness.dependence import area, gaps


def incomes(n: int, seed: int, how: str) -> pd.DataFrame:
    """Incomes of which three in ten are missing: by age, by town, or at random."""
    r = np.random.default_rng(seed)
    age, town = r.integers(18, 90, n), r.choice(list("abc"), n)
    rate = {"age": np.where(age < 40, 0.75, 0.1), "town": np.where(town == "a", 0.75, 0.1), "random": np.full(n, 0.3)}[
        how
    ]
    income = np.where(r.random(n) < rate, np.nan, r.normal(size=n))
    return pd.DataFrame({"age": age.astype(float), "town": town, "income": income})


def test_area_is_that_of_the_roc_curve():
    r = np.random.default_rng(0)
    values, gone = r.integers(0, 9, 300), r.random(300) < 0.4
    counts = [np.bincount(values[side], minlength=9).astype(float) for side in (gone, ~gone)]
    assert area(*counts) == pytest.approx(roc_auc_score(gone, values), abs=1e-12)
    assert area(np.zeros(3), np.ones(3)) == 0.5


@pytest.mark.parametrize(("how", "partner"), [("age", "age"), ("town", "town")])
def test_missing_at_random_is_told_from_missing_for_a_reason(how, partner):
    train, fresh = incomes(5000, 1, how), incomes(4000, 3, how)
    good, lost = (find("CMP09")(case(train, incomes(4000, 2, kind), fresh)) for kind in (how, "random"))
    assert good.interval[0] < good.reference.value + 3 * good.reference.sd
    assert lost.value > lost.reference.value + 0.05
    worst = lost.breakdown["pairs"][0]
    assert (worst["a"], worst["b"]) == ("income", partner) and worst["value"] > 0.2
    # rates alone do not show it
    assert find("CMP02")(case(train, incomes(4000, 2, "random"), fresh)).value < 0.03


def test_where_nothing_is_missing_nothing_depends():
    whole = [incomes(300, i, "age").fillna(0.0) for i in range(3)]
    with pytest.raises(NotApplicable, match="missing"):
        find("CMP09")(case(*whole))
    filled = find("CMP09")(case(incomes(2000, 1, "age"), incomes(2000, 2, "age").fillna(0.0), incomes(2000, 3, "age")))
    assert filled.breakdown["pairs"][0]["value"] == pytest.approx(0.36, abs=0.06)


def visits(n: int, seed: int, *, start: str = "2023-01-01", burst: bool = False) -> pd.DataFrame:
    r = np.random.default_rng(seed)
    seconds = 1.5e6 * r.integers(1, 21, n) + 1000 * r.random(n) if burst else 3.15e7 * r.random(n)
    return pd.DataFrame(
        {"when": pd.Timestamp(start) + pd.to_timedelta(seconds.round(), unit="s"), "y": r.normal(size=n)}
    )


def test_times_of_another_year_or_pace():
    train, fresh = visits(1500, 1), visits(1200, 3)
    good = find("CMP10")(case(train, visits(1200, 2), fresh))
    assert good.value > 0.93 and abs(good.value - good.reference.value) < 0.05
    later = find("CMP10")(case(train, visits(1200, 2, start="2023-07-02"), fresh))
    assert later.breakdown["columns"][0]["inside"] == pytest.approx(0.5, abs=0.05) and later.value < 0.55
    bursts = find("CMP10")(case(train, visits(1200, 2, burst=True), fresh))
    assert bursts.breakdown["columns"][0]["inside"] > 0.99 and bursts.value < 0.8


def test_gaps_have_mean_one():
    grid = np.sort(np.random.default_rng(0).random(50))
    assert gaps(grid, np.ones(50)).mean() == pytest.approx(1, abs=1e-6)
    assert gaps(grid[:1], np.array([4.0])).tolist() == [0, 0, 0]


def test_missing_patterns_of_the_real_data(shared_data):
    """In adult, occupation and workclass are missing together; apart, rates are right and patterns wrong."""
    adult = pd.read_parquet(shared_data("adult")).head(12_000)
    train, fresh = adult[:8000], adult[8000:]
    apart = train.copy()
    apart["occupation"] = train["occupation"].sample(frac=1, random_state=0).to_numpy()
    made = case(train, apart, fresh)
    assert find("CMP02")(made).value < 0.005
    patterns = find("CMP03")(made)
    assert patterns.value > 0.05 > patterns.reference.value
