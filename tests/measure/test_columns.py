"""Distances of single columns, lattices and coverage, against closed forms and public functions."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp, norm, wasserstein_distance
from tables import case, mixed

from fidelia.measure.catalog import find
from fidelia.measure.columns import ranked
from fidelia.measure.columns.coverage import excess, range_coverage, repeated
from fidelia.measure.columns.distances import bin_starts, hellinger, js, moments, quantiles, w1
from fidelia.measure.columns.granularity import lattice, off_lattice
from fidelia.measure.columns.shapes import ks_complement, tv_complement

N = 20_000
shares = arrays(np.float64, 6, elements=st.floats(0.001, 1)).map(lambda p: p / p.sum())


def normal(mean: float, n: int = N, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 1, n)


def counted(*sides: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    grid, place = np.unique(np.concatenate(sides), return_inverse=True)
    parts = np.split(place, np.cumsum([len(side) for side in sides])[:-1])
    return grid, [np.bincount(part, minlength=len(grid)).astype(float) for part in parts]


def numbers(**columns: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(columns)


@pytest.mark.parametrize("shift", [0.5, 1.5])
def test_a_shifted_normal_has_the_distances_of_theory(shift):
    made = case(numbers(x=normal(0)), numbers(x=normal(shift, seed=1)), numbers(x=normal(0, seed=2)))
    iqr = 2 * norm.ppf(0.75)
    assert find("FID01")(made).value == pytest.approx(1 - (2 * norm.cdf(shift / 2) - 1), abs=0.02)
    found = find("FID03")(made)
    assert found.value == pytest.approx(shift / iqr, abs=0.025)
    assert found.reference.value < 0.03
    half = norm.ppf(0.975) * np.sqrt(2 / N) / iqr
    assert found.interval[1] - found.value == pytest.approx(half, rel=0.5)
    middle = find("FID06")(made).breakdown["columns"][0]["differences"]
    assert middle["mean"] == pytest.approx(shift, abs=0.04) and middle["median"] == pytest.approx(shift, abs=0.04)
    assert middle["standard deviation"] == pytest.approx(0, abs=0.03)


@given(
    arrays(np.int64, st.integers(1, 30), elements=st.integers(-5, 5)), arrays(np.int64, 17, elements=st.integers(-9, 5))
)
def test_counts_give_what_scipy_gives_on_values(a, b):
    grid, (real, other) = counted(a.astype(float), b.astype(float))
    assert w1(grid, real, other) == pytest.approx(wasserstein_distance(a, b), abs=1e-9)
    assert 1 - ks_complement(a.astype(float), b.astype(float)) == pytest.approx(ks_2samp(a, b).statistic, abs=1e-9)
    assert moments(grid, real) == pytest.approx((a.mean(), a.std()), abs=1e-9)
    levels = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    assert quantiles(grid, real, levels) == pytest.approx(np.quantile(a, levels, method="inverted_cdf"))


@given(shares, shares)
def test_distances_of_distributions(p, q):
    tv = np.abs(p - q).sum() / 2
    with np.errstate(invalid="ignore"):  # scipy takes the root of -1e-17 for equal distributions
        assert js(p, q) == pytest.approx(np.nan_to_num(jensenshannon(p, q, base=2)), abs=1e-7)
    assert js(p, q) == pytest.approx(js(q, p)) and hellinger(p, q) == pytest.approx(hellinger(q, p))
    assert hellinger(p, q) ** 2 <= tv + 1e-12 and tv <= np.sqrt(2) * hellinger(p, q) + 1e-12
    assert js(p, p) == pytest.approx(0, abs=1e-7) and 0 <= js(p, q) <= 1


def swapped(n: int, share: float, seed: int) -> pd.DataFrame:
    r = np.random.default_rng(seed)
    return pd.DataFrame({"label": np.where(r.random(n) < share, "a", "b"), "other": r.choice(["u", "v"], n)})


def test_classes_that_change_places_are_told():
    """Frequencies that are sorted before they are compared, and 1 added to probabilities, hide it."""
    p, q = np.array([0.9, 0.1]), np.array([0.1, 0.9])
    assert js(p, q) == pytest.approx(0.7287, abs=1e-4)
    assert jensenshannon(p + 1, q + 1, base=2) < 0.25
    made = case(swapped(8000, 0.9, 1), swapped(8000, 0.1, 2), swapped(4000, 0.9, 3))
    line = {code: find(code)(made).breakdown["columns"][0] for code in ("FID02", "FID04", "FID05")}
    assert line["FID02"]["value"] == pytest.approx(0.2, abs=0.02) and line["FID02"]["reference"] > 0.97
    assert line["FID04"]["value"] == pytest.approx(0.7287, abs=0.02) and line["FID04"]["reference"] < 0.03
    assert line["FID05"]["value"] == pytest.approx(hellinger(p, q), abs=0.02)


def test_levels_and_ranges_that_train_lacks_are_mass_outside():
    far = case(numbers(x=normal(0)), numbers(x=normal(1e6)), numbers(x=normal(0, seed=2)))
    assert find("FID04")(far).value == pytest.approx(1) and find("FID05")(far).value == pytest.approx(1)
    new = case(swapped(500, 0.5, 1), swapped(500, 0.5, 2).assign(label="c"), swapped(500, 0.5, 3))
    assert find("FID04")(new).breakdown["columns"][0]["value"] == pytest.approx(1)


def test_bins_hold_equal_shares_of_train_and_have_open_ends():
    grid, (real, other) = counted(normal(0, 4000), normal(0, 300, 1) * 9)
    starts = bin_starts(grid, np.append(real, 0))
    real, other = (np.add.reduceat(np.append(side, 0.0), starts) for side in (real, other))
    assert len(starts) == 23 and real[0] == 0 == real[-2]
    assert real[1:-2] == pytest.approx(np.full(20, 200), abs=1)
    assert other[0] > 50 and other[-2] > 50


def test_constant_columns_are_measured_by_their_own_size():
    same = numbers(x=np.full(50, 7.0), y=normal(0, 50))
    made = case(same, same.assign(x=14.0), same)
    line = find("FID03")(made).breakdown["columns"][0]
    assert (line["column"], line["value"], line["reference"]) == ("x", 1.0, 0.0)


def test_a_column_without_values_is_named():
    train = mixed(400, 1)
    made = case(train, mixed(400, 2).assign(x=np.nan), mixed(300, 3))
    for code in ("FID03", "FID06", "FID07", "DIV10", "CMP04"):
        result = find(code)(made)
        assert "x" in next(c.text for c in result.caveats if c.code == "ALL_MISSING").split()[-1]
    assert find("FID04")(made).breakdown["columns"][0]["value"] > 0.9


def test_very_many_values_and_rows_keep_their_distances(monkeypatch):
    sides = [numbers(x=normal(0, 9000)), numbers(x=normal(0.5, 9000, 1)), numbers(x=normal(0, 9000, 2))]
    exact = find("FID03")(case(*sides)).value
    monkeypatch.setattr(ranked, "FINEST", 500)
    monkeypatch.setattr(ranked.ranked, "__defaults__", (500,))
    assert find("FID03")(case(*sides)).value == pytest.approx(exact, abs=0.002)
    monkeypatch.setattr(ranked, "MOST", 3000)
    found = find("FID03")(case(*sides))
    assert found.value == pytest.approx(exact, abs=0.05) and found.n["train"] == 3000
    assert "SUBSAMPLED" in [c.code for c in found.caveats]


Z = np.random.default_rng(0).normal(size=3000)
WHOLE = np.random.default_rng(1).integers(0, 256, 3000).astype(float)


@pytest.mark.parametrize(
    ("values", "step"),
    [
        (np.round(Z * 10), 1),
        (np.round(Z, 2), 0.01),
        (np.round(Z, 1).astype(np.float32).astype(float), 0.1),
        (np.round(Z * 100) * 25, 25),
        (WHOLE * 10 + 3, 10),
        (WHOLE / 255, 1 / 255),
        (WHOLE * 2.54, 2.54),
        (np.append(np.round(Z * 10), 0.5), 1),
        (np.where(np.arange(3000) % 10 > 0, 0, np.round(np.abs(Z), 2)), 0.01),
        (np.round(Z * 2**40), 1),
        (np.array([0.37, 0.92]), 0.01),
        (np.full(9, 7.0), 1),
        (np.array([np.nan, np.inf, 3.0]), 1),
    ],
)
def test_lattices_are_found(values, step):
    found = lattice(values)
    assert found.step == pytest.approx(step)
    assert found.holds(values[np.isfinite(values)]).mean() > 0.99
    moved = values[np.isfinite(values)] + step / np.pi
    assert found.holds(moved).mean() < 0.01


@pytest.mark.parametrize(
    "values", [Z, Z + 1e6, np.exp(5 * Z), np.log(WHOLE + 1), Z.astype(np.float32).astype(float), Z[:0]]
)
def test_what_is_continuous_has_no_lattice(values):
    assert lattice(values) is None
    assert off_lattice(values, Z) == 0


def test_times_have_steps_of_time():
    day = 864e8
    assert lattice(np.arange(100) * day + 5e5 * day, times=True).step == day
    minutes = np.random.default_rng(0).integers(0, 10**6, 500) * 60e6
    assert lattice(minutes, times=True).step == 60e6
    assert off_lattice(minutes, minutes + 1e6, times=True) == 1


def test_lattices_are_those_of_one_side():
    ages, ages_with_months = np.round(Z * 10), np.round(Z * 120) / 12
    assert off_lattice(ages, ages_with_months) == pytest.approx(11 / 12, abs=0.02)
    assert off_lattice(Z, ages) == 0 and off_lattice(ages, Z) > 0.97


def test_granularity_tells_unrounded_and_unrepeated_values():
    def rows(seed, noise=0.0):
        r = np.random.default_rng(seed)
        zeros = r.random(4000) < 0.6
        return numbers(
            age=r.integers(17, 90, 4000) + noise * r.random(4000), gain=np.where(zeros, 0, r.exponential(size=4000))
        )

    assert find("FID31")(case(rows(1), rows(2), rows(3))).value > 0.97
    ages = find("FID31")(case(rows(1), rows(2, 0.9), rows(3)))
    assert ages.breakdown["columns"][0]["value"] < 0.01 and ages.breakdown["columns"][0]["step"] == 1
    smooth = find("FID31")(case(rows(1), rows(2).assign(gain=np.abs(normal(0, 4000))), rows(3)))
    assert smooth.breakdown["columns"][1]["parts"]["repetition"] == pytest.approx(0.6, abs=0.03)
    new = rows(2)
    new.loc[:1999, "age"] = np.arange(2000) + 200
    assert find("FID31")(case(rows(1), new, rows(3))).breakdown["columns"][0]["parts"]["new"] == pytest.approx(0.5)


def test_range_coverage_is_the_public_definition():
    """1 - [(min(s) - min(r)) + (max(r) - max(s))] / (max(r) - min(r)), each term at least 0."""
    for seed in range(20):
        real, other = normal(0, 50, seed), normal(seed / 10, 40, seed + 99)
        lost = max(other.min() - real.min(), 0) + max(real.max() - other.max(), 0)
        grid, (a, b) = counted(real, other)
        assert range_coverage(grid, a, b) == pytest.approx(max(0, 1 - lost / np.ptp(real)), abs=1e-12)


def levels(n: int, k: int, seed: int) -> pd.DataFrame:
    r = np.random.default_rng(seed)
    common = r.random(n) < 0.9
    return pd.DataFrame(
        {"town": np.where(common, "capital", [f"t{i}" for i in r.integers(0, k, n)]), "y": r.normal(size=n)}
    )


def test_lost_levels_and_ends_show_beside_what_fresh_rows_lose():
    train, fresh = levels(6000, 100, 1), levels(1500, 100, 3)
    good, poor = levels(1500, 100, 2), levels(1500, 20, 2).assign(y=lambda f: f.y.clip(-1, 1))
    for code in ("DIV10", "DIV11", "DIV12"):
        well, ill = (find(code)(case(train, rows, fresh)) for rows in (good, poor))
        assert ill.value < ill.reference.value - 0.3
        assert abs(well.value - well.reference.value) < 0.15
    rare = find("DIV12")(case(train, good, fresh))
    assert rare.breakdown["expected"] == pytest.approx(1 - np.exp(-1.5), abs=0.05)
    assert rare.reference.value == pytest.approx(rare.breakdown["expected"], abs=0.1)
    assert rare.breakdown["levels"] == 100
    assert find("DIV11")(case(train, poor, fresh)).breakdown["columns"][0]["value"] < 0.25


@given(arrays(np.int64, st.integers(1, 6), elements=st.integers(1, 4)), st.integers(1, 12))
def test_rarefaction_is_the_mean_over_draws(counts, m):
    from itertools import combinations

    rows = np.repeat(np.arange(len(counts)), counts)
    m = min(m, len(rows))
    drawn = [np.bincount(rows[list(c)]) for c in combinations(range(len(rows)), m)][:5000]
    if len(drawn) < 5000:
        assert repeated(counts, len(rows), m) == pytest.approx(np.mean([c[c > 1].sum() for c in drawn]) / m, abs=1e-9)


def test_duplicates_beyond_those_of_real_rows():
    keys = np.arange(4000, dtype=np.uint64)
    assert excess(keys, keys[:1000]) == 0
    assert excess(keys, np.repeat(keys[:500], 2)) == 1
    assert excess(np.repeat(keys[:2000], 2), keys[:1000]) == pytest.approx(-0.25, abs=0.01)
    train = mixed(1500, 1)
    made = case(train, pd.concat([mixed(600, 2), mixed(600, 2)]), mixed(800, 3))
    assert find("DIV15")(made).value == pytest.approx(2 / 3, abs=0.05)
    assert find("DIV15")(made).reference.value == 0


def test_breakdowns_stay_short_on_wide_tables():
    wide = [
        pd.DataFrame(np.random.default_rng(i).normal(size=(60, 70)), columns=[f"x{j}" for j in range(70)])
        for i in range(3)
    ]
    assert len(find("FID03")(case(*wide)).breakdown["columns"]) == 40
    assert len(find("FID07")(case(*wide)).breakdown["pairs"]) == 20


def test_tv_of_categories_is_half_the_sum_of_differences():
    a, b = np.array([0] * 9 + [1]), np.array([0] + [1] * 9)
    assert tv_complement(a, b) == pytest.approx(0.2)
