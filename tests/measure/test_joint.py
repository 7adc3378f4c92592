"""Distances between clouds of points: closed forms, limits, agreement with scipy, and the metrics made of them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from scipy.stats import energy_distance, kstest, norm, wasserstein_distance
from tables import case, mixed, raw_case, table

from fidelia.errors import NotApplicable
from fidelia.measure import joint
from fidelia.measure.catalog import entries
from fidelia.measure.joint.adversarial import accuracy, adversarial_accuracy, vendi, vendi_ratio
from fidelia.measure.joint.alarm import Excess, panel_alarm
from fidelia.measure.joint.clouds import bandwidth, random_features
from fidelia.measure.joint.groups import grouped, subgroups
from fidelia.measure.joint.kernels import Blocks, Features, discrepancy, energy, minus_distance, mmd, rbf
from fidelia.measure.joint.propensity import logistic, pmse_ratio, propensity_error, row_propensity
from fidelia.measure.joint.transport import frechet, frechet_distance, sliced, wasserstein
from fidelia.rng import Rng
from fidelia.schema import Kind

D, WIDTH, S2 = 1.5, 8, 4.0


def normal(seed, n, d=WIDTH, shift=0.0, scale=1.0):
    rows = np.random.default_rng(seed).normal(size=(n, d)) * scale
    rows[:, 0] += shift
    return rows


def both(a, b):
    return np.concatenate([a, b]), [(np.arange(len(a)), len(a) + np.arange(len(b)))]


def exact(pool, kernel, diagonal):
    return Blocks(pool, kernel, diagonal)


# Closed forms (T15) and limits (T1, T7)


@pytest.mark.parametrize("kind", ["exact", "random features"])
def test_t15_squared_mmd_of_two_normals(kind):
    pool, pairs = both(normal(1, 3000), normal(2, 3000, shift=D))
    width = S2**0.5
    features = random_features(pool, width, 1024, Rng(0))
    gram = exact(pool, rbf(width), 1.0) if kind == "exact" else Features(features)
    expected = 2 * (S2 / (S2 + 2)) ** (WIDTH / 2) * (1 - np.exp(-(D**2) / (2 * (S2 + 2))))
    assert expected == pytest.approx(0.0675, abs=1e-4)
    assert discrepancy(gram, len(pool), pairs)[0] == pytest.approx(expected, abs=0.005 if kind == "exact" else 0.01)


def test_t15_frechet_distance_of_two_normals():
    assert frechet(normal(1, 4000), normal(2, 4000, shift=D)) == pytest.approx(D**2, rel=0.05)
    assert frechet(normal(1, 4000), normal(2, 4000, scale=2.0)) == pytest.approx(WIDTH, rel=0.05)


def test_t15_wasserstein_of_two_normals():
    a, b = normal(1, 4000), normal(2, 4000, shift=D)
    assert wasserstein(a, b)[0] == pytest.approx(D, abs=0.08)
    assert wasserstein(a, b, 1)[0] == pytest.approx(D, abs=0.08)
    assert wasserstein(a, b)[1] < 0.1


@pytest.mark.parametrize("d", [1, 2, 8, 64])
def test_t1_one_law(d):
    found = raw_case(*(normal(seed, 1000, d) for seed in (1, 2, 3)))
    assert adversarial_accuracy(found).value == pytest.approx(0.5, abs=0.03)
    assert propensity_error(found).value == pytest.approx(1, abs=5 * (2 / d) ** 0.5)
    for metric in (mmd, energy, sliced, frechet_distance, vendi_ratio):
        result = metric(found)
        assert abs(result.value - result.reference.value) < 6 * result.reference.sd + 1e-9  # skewed laws
        assert result.embedding == "raw"


def test_t7_disjoint_supports():
    far = raw_case(normal(1, 300), normal(2, 300) + 100, normal(3, 300))
    assert adversarial_accuracy(far).value == 1
    assert mmd(far).breakdown["p_value"] == pytest.approx(1 / 201)
    assert energy(far).value == pytest.approx(2 * 100 * WIDTH**0.5, rel=0.05)


def test_copies_fool_the_distances_but_not_the_nearest_neighbours():
    x = normal(1, 400)
    copied = raw_case(x, x[::-1].copy(), normal(2, 400))
    assert adversarial_accuracy(copied).value == 0
    assert mmd(copied).breakdown["p_value"] > 0.9


# Agreement with scipy


def test_energy_distance_in_one_dimension_is_that_of_scipy():
    a, b = normal(1, 300, 1), normal(2, 200, 1, shift=0.5)
    pool, pairs = both(a, b)
    found = discrepancy(exact(pool, minus_distance, 0.0), 500, pairs, unbiased=False)[0]
    assert found == pytest.approx(energy_distance(a[:, 0], b[:, 0]) ** 2, abs=1e-6)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 1000))
def test_wasserstein_1_is_that_of_scipy_for_any_sizes(n, m, seed):
    r = np.random.default_rng(seed)
    a, b = r.integers(0, 9, (n, 2)).astype(float), r.normal(size=(m, 2))
    expected = [wasserstein_distance(a[:, i], b[:, i]) for i in range(2)]
    assert wasserstein(a, b, 1) == pytest.approx(expected, abs=1e-9)


def test_unequal_sizes_weigh_quantiles_exactly():
    a = np.random.default_rng(1).normal(size=(6, 3))
    assert wasserstein(a, np.repeat(a, 5, axis=0)) == pytest.approx(np.zeros(3), abs=1e-12)


@pytest.mark.parametrize(("n", "d"), [(200, 5), (30, 12), (8, 20)])
def test_frechet_distance_is_that_of_the_matrix_root(n, d):
    r = np.random.default_rng(d)
    a, b = r.normal(size=(n, d)) @ r.normal(size=(d, d)), r.normal(size=(n, d)) + 0.3
    if n < d:  # the root of a singular product is not unique numerically; its trace by eigenvalues is
        c = np.cov(a, rowvar=False) @ np.cov(b, rowvar=False)
        cross = np.sqrt(np.maximum(np.linalg.eigvals(c).real, 0)).sum()
    else:
        cross = np.trace(sqrtm(np.cov(a, rowvar=False) @ np.cov(b, rowvar=False)).real)
    gap = a.mean(axis=0) - b.mean(axis=0)
    expected = gap @ gap + np.trace(np.cov(a, rowvar=False)) + np.trace(np.cov(b, rowvar=False)) - 2 * cross
    assert frechet(a, b) == pytest.approx(expected, rel=1e-6 if n > d else 1e-4)


def test_frechet_distance_to_itself_is_0():
    a = normal(1, 50)
    assert frechet(a, a[::-1]) == pytest.approx(0, abs=1e-9)


def test_logistic_regression_is_that_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    x = normal(1, 800, 4)
    y = (np.random.default_rng(2).random(800) < 1 / (1 + np.exp(-x[:, 0]))).astype(float)
    p, slopes = logistic(np.column_stack([x, x[:, 0] + x[:, 1]]), y)  # a redundant column does no harm
    fitted = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(x, y)
    assert slopes == 4
    assert np.abs(p - fitted.predict_proba(x)[:, 1]).max() < 1e-4


# Kernels


def test_blocks_give_the_sums_of_the_whole_matrix(monkeypatch):
    monkeypatch.setattr(joint.kernels, "BLOCK_CELLS", 500)
    pool, pairs = both(normal(1, 40, 3), normal(2, 30, 3))
    squared = ((pool[:, None] - pool[None]) ** 2).sum(axis=2)
    k = np.exp(-squared / 2)
    a, b = k[:40, :40], k[40:, 40:]
    expected = (a.sum() - 40) / (40 * 39) + (b.sum() - 30) / (30 * 29) - 2 * k[:40, 40:].mean()
    assert discrepancy(exact(pool, rbf(1.0), 1.0), 70, pairs)[0] == pytest.approx(expected, abs=1e-12)


def test_random_features_stand_for_the_kernel():
    x = normal(1, 200)
    features = random_features(x, 3.0, 4096, Rng(0)).astype(float)
    squared = ((x[:, None] - x[None]) ** 2).sum(axis=2)
    assert np.abs(features @ features.T - np.exp(-squared / 18)).max() < 0.1
    assert np.linalg.norm(features, axis=1) == pytest.approx(np.ones(200), abs=1e-5)


def test_large_tables_take_random_features_and_small_ones_agree_with_them(monkeypatch):
    found = raw_case(normal(1, 900), normal(2, 900, shift=0.5), normal(3, 900))
    whole = mmd(found)
    monkeypatch.setattr(joint.kernels, "EXACT", 1000)
    approximate = mmd(replace(found))
    assert (whole.breakdown["kernel"], approximate.breakdown["kernel"]) == ("exact", "1024 random features")
    assert approximate.value == pytest.approx(whole.value, rel=0.25)
    assert approximate.breakdown["p_value"] == whole.breakdown["p_value"] == pytest.approx(1 / 201)


def test_bandwidth_is_the_median_distance_and_passes_over_equal_rows():
    x = np.repeat([[0.0], [3.0]], 50, axis=0)
    assert bandwidth(x, Rng(0)) == 3.0
    assert bandwidth(np.zeros((5, 2)), Rng(0)) == 1.0


@pytest.mark.parametrize("metric", [mmd, energy])
def test_permutation_p_values_are_uniform_under_one_law_and_small_under_another(metric):
    found = []
    for seed in range(60):
        r = np.random.default_rng(seed)
        sides = [r.normal(size=(n, 3)) for n in (80, 60, 40)]
        found.append(metric(raw_case(*sides)).breakdown["p_value"])
    assert kstest(found, "uniform").pvalue > 0.01
    shifted = raw_case(normal(1, 200, 3), normal(2, 200, 3, shift=0.8), normal(3, 200, 3))
    assert metric(shifted).breakdown["p_value"] <= 0.01


# Vendi score


def test_vendi_counts_distinct_rows():
    assert vendi(np.eye(7)) == pytest.approx(7)
    assert vendi(np.repeat(np.eye(7)[:1], 20, axis=0)) == pytest.approx(1)
    assert vendi(np.repeat(np.eye(7)[:3], 4, axis=0)) == pytest.approx(3)


@given(st.integers(2, 12), st.integers(2, 12), st.integers(0, 100))
def test_vendi_is_the_same_from_either_matrix_and_lies_between_1_and_n(n, d, seed):
    x = np.random.default_rng(seed).normal(size=(n, d))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    size = np.linalg.eigvalsh(x @ x.T / n)
    size = size[size > 1e-12]
    assert vendi(x) == pytest.approx(np.exp(-(size * np.log(size)).sum()), rel=1e-6)
    assert 1 - 1e-9 <= vendi(x) <= min(n, d) + 1e-9


def test_vendi_ratio_falls_when_modes_or_spread_are_lost():
    r = np.random.default_rng(0)
    modes = r.normal(size=(20, 4)) * 6
    train, fresh, all_, few = (modes[r.integers(0, top, 600)] + r.normal(size=(600, 4)) for top in (20, 20, 20, 3))
    whole, lost = vendi_ratio(raw_case(train, all_, fresh)), vendi_ratio(raw_case(train, few, fresh))
    assert whole.value == pytest.approx(1, abs=0.1)
    assert lost.value < 0.7
    shrunk = raw_case(normal(1, 500), normal(2, 500, scale=0.5), normal(3, 500))
    assert vendi_ratio(shrunk).value < 0.8


# Propensity


@pytest.mark.parametrize(("n", "m"), [(600, 600), (900, 300)])
def test_pmse_ratio_is_1_under_one_law(n, m):
    """Mean over 60 draws; k - 1 = 5 slopes give each a variance of 2/5."""
    found = [pmse_ratio(normal(seed, n, 5), normal(seed + 1000, m, 5)) for seed in range(60)]
    assert np.mean(found) == pytest.approx(1, abs=4 * (0.4 / 60) ** 0.5)
    assert pmse_ratio(normal(1, n, 5), normal(2, m, 5, shift=1.0)) > 10


def test_pmse_of_separable_rows_is_finite():
    a, b = normal(1, 100, 2), normal(2, 100, 2) + 50
    assert pmse_ratio(a, b) == pytest.approx(0.25 * 200 / (0.25 * 2), rel=0.01)


def test_row_propensity_shares_the_trees_of_the_two_sample_auc(monkeypatch):
    fitted = []
    real = joint.detect.cross_fit
    monkeypatch.setattr(joint.detect, "cross_fit", lambda *a: fitted.append(1) or real(*a))
    found = case(mixed(300, 1), mixed(200, 2, flip=1.0), mixed(200, 3), target="label")
    auc, rows = entries()["FID26"](found), entries()["FID28"](found)
    assert len(fitted) == 6  # trees, logistic regression and neighbours, for synthetic and for train rows
    assert np.array_equal(auc.rows["synthetic.propensity"], rows.rows["synthetic.propensity"])
    assert rows.value > rows.reference.value
    assert {line["column"] for line in rows.breakdown["columns"]} == set(found.schema.names)


def test_row_propensity_names_the_column_that_gives_rows_away():
    train, fresh, made = (mixed(800, seed) for seed in (1, 2, 3))
    made["y"] += 2
    result = row_propensity(case(train, made, fresh))
    assert result.breakdown["columns"][0]["column"] == "y"
    assert result.breakdown["columns"][0]["value"] > 0.2
    assert result.value > 0.65


# Subgroups


def minority(n, seed, broken=False):
    r = np.random.default_rng(seed)
    group = np.where(r.random(n) < 0.15, "few", "many")
    x = r.normal(size=n)
    return pd.DataFrame({"x": np.where(broken & (group == "few"), x + 2, x), "g": group, "z": r.normal(size=n)})


def test_the_worst_group_is_found_though_the_whole_is_fine():
    result = subgroups(case(minority(2000, 1), minority(1000, 2, broken=True), minority(1000, 3)))
    assert (result.breakdown["by"], result.breakdown["worst"]) == ("g", "few")
    assert result.value < 0.7 < 0.9 < result.reference.value
    few, many = sorted(result.breakdown["lines"], key=lambda line: line["name"])
    assert few["q_value"] < 0.001 < 0.05 < many["q_value"]
    assert few["alpha_precision"] < 0.8 < many["alpha_precision"]
    fine = subgroups(case(minority(2000, 1), minority(1000, 2), minority(1000, 3)))
    assert all(line["q_value"] > 0.05 for line in fine.breakdown["lines"])


def test_a_lost_group_scores_0():
    made = minority(1000, 2)
    result = subgroups(case(minority(2000, 1), made[made.g == "many"].reset_index(drop=True), minority(1000, 3)))
    assert (result.breakdown["worst"], result.value) == ("few", 0)


def test_groups_come_from_the_target_first_and_a_number_is_quartered():
    frames = [mixed(400, seed) for seed in (1, 2, 3)]
    assert grouped(case(*frames, target="label")).column == "label"
    by_number = grouped(case(*frames, target="x"))
    assert (by_number.column, len(by_number.names)) == ("x", 4)
    assert np.bincount(by_number.codes["train"])[:4].tolist() == [100] * 4
    with pytest.raises(NotApplicable, match="DEGENERATE_COLUMN"):
        grouped(case(*(frame[["x"]] for frame in frames)))


# Panel alarm


def test_the_alarm_is_silent_for_real_rows_and_loud_for_each_kind_of_error():
    train, fresh, made = (mixed(800, seed) for seed in (4, 5, 6))
    quiet = panel_alarm(case(train, made, fresh))
    assert quiet.value < 1.645
    assert not quiet.breakdown["alarm"]
    moved, dependence, levels = made.copy(), made.copy(), made.copy()
    moved["y"] += 1
    dependence["y"] = np.random.default_rng(0).permutation(dependence["y"])
    levels["group"] = levels["group"].replace("west", "south")
    for broken, loudest in ((moved, "y"), (dependence, "FID26"), (levels, "group")):
        loud = panel_alarm(case(train, broken, fresh))
        assert loud.value > 3
        said = [line["name"] for line in loud.breakdown["lines"] if line["q_value"] < 0.001]
        assert any(loudest in name for name in said)


def test_false_alarms_are_rare():
    loud = [panel_alarm(case(*(mixed(120, 3 * seed + i) for i in range(3)))).value > 1.645 for seed in range(12)]
    assert np.sum(loud) <= 2


def test_the_largest_of_many_columns_is_corrected_for_their_number():
    assert Excess("FID01", "x", 2.0, tried=10).log_p == pytest.approx(np.log(10 * norm.sf(2.0)))
    assert Excess("FID01", "x", -1.0, tried=10).log_p == 0
    assert np.isfinite(Excess("FID01", "x", 37.0).log_p)


# The catalogue


@pytest.mark.parametrize("code", ["FID12", "FID13", "FID14", "FID15", "FID27", "DIV13"])
def test_worse_dependence_scores_worse_beyond_noise(code):
    train, fresh = mixed(1500, 1), mixed(1000, 2)
    made = mixed(1000, 3, flip=1.0)
    if code in ("FID27", "DIV13"):  # these see means and spread, not dependence
        made[["x", "y"]] *= 0.3
        made["x"] += 0.5
    result = entries()[code](case(train, made, fresh))
    distance = abs(result.value - result.reference.value)
    assert distance > 4 * result.reference.sd
    good = entries()[code](case(train, mixed(1000, 4), fresh))
    assert abs(good.value - good.reference.value) < distance / 2


def test_ids_alone_are_declined():
    ids = pd.DataFrame({"id": [f"k{i}" for i in range(40)]})
    sides = [table(ids, {"id": Kind.ID})] * 3
    alone = replace(case(ids, ids, ids), train=sides[0], synthetic=sides[1], holdout=sides[2])
    for code in ("FID12", "FID13", "FID14", "FID15", "FID26", "FID27", "FID28", "FID29", "FID30", "FID32", "DIV13"):
        with pytest.raises(NotApplicable):
            entries()[code](alone)


def test_accuracy_cuts_to_equal_numbers():
    a, b = normal(1, 500, 2), normal(2, 200, 2)
    assert accuracy(a, b) == accuracy(a[:200], b)
