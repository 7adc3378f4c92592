"""Precision, recall, density, coverage: against their formulas written out, their laws, and constructed tables."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables import case, points, raw_case

from fidelia.errors import NotApplicable
from fidelia.measure.catalog import find
from fidelia.measure.support import balls, prdc


def distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.sqrt(((a[:, None, :] - b[None]) ** 2).sum(-1))


def oracle(real: np.ndarray, other: np.ndarray, k: int) -> dict[str, float]:
    """The public package's definitions; its strict comparisons agree with ours where no two distances tie.

    It finds its radius as the k-th value above a row's own distance of 0, which is the k-th nearest other row.
    """
    own, made, cross = distances(real, real), distances(other, other), distances(real, other)
    r, s = np.sort(own, axis=1)[:, k], np.sort(made, axis=1)[:, k]
    return {
        "precision": (cross < r[:, None]).any(0).mean(),
        "recall": (cross < s[None]).any(1).mean(),
        "density": (cross < r[:, None]).sum(0).mean() / k,
        "coverage": (cross.min(1) < r).mean(),
    }


@pytest.mark.parametrize(("n", "m", "d", "k"), [(200, 200, 3, 5), (150, 260, 12, 3), (90, 40, 1, 1)])
def test_agrees_with_the_public_formulas(n: int, m: int, d: int, k: int) -> None:
    r = np.random.default_rng(n)
    x, y = r.normal(size=(n, d)), 0.3 + 1.2 * r.normal(size=(m, d))
    expected = oracle(x, y, k)
    assert prdc.precision_rows(y, x, k).mean() == pytest.approx(expected["precision"], abs=1e-6)
    assert prdc.precision_rows(x, y, k).mean() == pytest.approx(expected["recall"], abs=1e-6)
    assert prdc.density_rows(y, x, k).mean() == pytest.approx(expected["density"], abs=1e-6)
    assert prdc.covered_rows(x, y, k).mean() == pytest.approx(expected["coverage"], abs=1e-6)


def test_six_scores_at_once_are_the_formulas_one_by_one() -> None:
    r = np.random.default_rng(1)
    x, y = r.normal(size=(120, 3)), r.normal(size=(150, 3))
    found = dict(zip(balls.CODES, balls.scores(x, y), strict=True))
    assert found["FID20"] == prdc.precision_rows(y, x).mean()
    assert found["DIV05"] == prdc.precision_rows(x, y).mean()
    assert found["FID21"] == pytest.approx(prdc.density_rows(y, x).mean())
    assert found["DIV06"] == pytest.approx(prdc.covered_rows(x, y).mean() / prdc.expected_coverage(120, 150))
    reach = prdc.clipped(prdc.radii(x, 5))
    own = distances(x, x) + np.diag(np.full(120, np.inf))
    clipped = _inside(distances(y, x), reach).mean() / _inside(own, reach).mean()
    assert found["FID22"] == pytest.approx(min(1.0, clipped))
    covered = np.minimum((distances(x, y) < prdc.radii(x, 5)[:, None]).sum(axis=1) / 5, 1).mean()
    assert found["DIV07"] == pytest.approx(min(1.0, prdc.as_share(covered, 120, 150)))


def _inside(distance: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Return in how many of the balls each row lies, over 5 and at most 1."""
    return np.minimum((distance <= reach[None, :] * (1 + 1e-12)).sum(axis=1) / 5, 1)


@pytest.mark.parametrize("k", [3, 5])
def test_the_package_prdc_gives_the_same_four_numbers(k: int) -> None:
    """It tests balls with < where the papers say <=, which differs on ties alone: these rows have none."""
    package = pytest.importorskip("prdc")
    r = np.random.default_rng(11)
    x, y = r.normal(size=(300, 4)), 0.9 * r.normal(size=(260, 4)) + 0.2
    with contextlib.redirect_stdout(io.StringIO()):
        expected = package.compute_prdc(real_features=x, fake_features=y, nearest_k=k)
    assert prdc.precision_rows(y, x, k).mean() == pytest.approx(expected["precision"], abs=1e-6)
    assert prdc.precision_rows(x, y, k).mean() == pytest.approx(expected["recall"], abs=1e-6)
    assert prdc.density_rows(y, x, k).mean() == pytest.approx(expected["density"], abs=1e-6)
    assert prdc.covered_rows(x, y, k).mean() == pytest.approx(expected["coverage"], abs=1e-6)


@pytest.mark.parametrize(("n", "m", "k"), [(60, 60, 1), (60, 30, 5), (40, 160, 5), (50, 50, 3)])
def test_expected_coverage_is_exact(n: int, m: int, k: int) -> None:
    r = np.random.default_rng(k)
    found = [prdc.covered_rows(r.random((n, 1)), r.random((m, 1)), k).mean() for _ in range(300)]
    assert np.mean(found) == pytest.approx(prdc.expected_coverage(n, m, k), abs=4 * np.std(found) / np.sqrt(300))


def test_coverage_of_a_share_of_far_modes() -> None:
    """T9: with a share w of the modes kept and as many rows, coverage_1 is w / (1 + w)."""
    r, w, modes = np.random.default_rng(5), 0.25, 100
    centres = 1000.0 * np.stack(np.meshgrid(np.arange(10), np.arange(10)), -1).reshape(-1, 2)
    n = 3000
    x = centres[r.integers(modes, size=n)] + r.normal(size=(n, 2))
    y = centres[r.integers(int(w * modes), size=n)] + r.normal(size=(n, 2))
    assert prdc.covered_rows(x, y, 1).mean() == pytest.approx(w / (1 + w), abs=0.03)


@pytest.mark.parametrize("d", [1, 2, 8])
def test_equal_laws_have_density_one(d: int) -> None:
    """T1: of n + 1 rows of one law the last is among the k nearest of another with probability k / n, exactly."""
    r = np.random.default_rng(2)
    found = [prdc.density_rows(r.normal(size=(60, d)), r.normal(size=(60, d))).mean() for _ in range(200)]
    assert np.mean(found) == pytest.approx(1, abs=4 * np.std(found) / np.sqrt(200))


def test_disjoint_tables_score_nothing() -> None:
    """T7."""
    r = np.random.default_rng(3)
    x = r.normal(size=(80, 4))
    assert balls.scores(x, x + 1000).tolist() == [0.0] * 6
    assert prdc.p_precision_rows(x + 1000, x).max() == 0
    assert prdc.realism_rows(x + 1000, x).max() < 0.05


def test_ties_are_inside_and_a_row_is_no_neighbour_of_itself() -> None:
    x = np.repeat(np.arange(4.0), 10)[:, None]
    assert balls.scores(x, x.copy())[:4].tolist() == pytest.approx([1, 1, 2.0, 1 / prdc.expected_coverage(40, 40)])
    line = np.array([[0.0], [1.0], [3.0]])
    assert prdc.radii(line, 1).tolist() == [1.0, 1.0, 2.0]
    assert prdc.precision_rows(np.array([[-1.0], [-1.01], [5.0]]), line, 1).tolist() == [True, False, True]


def test_clipped_coverage_is_strict() -> None:
    """Each row's ball of radius 5 on the line holds its 5th neighbour on its surface, which does not count."""
    line = np.array([0.0, 1, 2, 3, 4, 5, 100, 101, 102, 103, 104, 105])[:, None]
    on, inside = line.copy(), line + 0.25
    found = [dict(zip(balls.CODES, balls.scores(line, other), strict=True))["DIV07"] for other in (on, inside)]
    ends = (distances(line, on) < prdc.radii(line, 5)[:, None]).sum(axis=1)
    assert ends.max() <= 5 and (distances(line, on) <= prdc.radii(line, 5)[:, None]).sum(axis=1).min() == 6
    assert found[0] == pytest.approx(min(1.0, prdc.as_share(np.minimum(ends / 5, 1).mean(), 12, 12)))


@given(st.integers(6, 400), st.integers(1, 300), st.integers(1, 5))
def test_shares_invert_the_expectation(n: int, m: int, k: int) -> None:
    good = m // 2
    found = prdc._expected_clipped(good, n, k)
    assert prdc.as_share(found, n, m, k) == pytest.approx(good / m, abs=1.001 / m)


def test_expected_clipped_coverage_is_the_beta_binomial_one() -> None:
    from scipy.stats import betabinom

    for j, n, k in [(3, 40, 5), (60, 40, 5), (200, 100, 3)]:
        b = np.arange(j + 1)
        expected = (betabinom.pmf(b, j, k, n - k) * np.minimum(b, k)).sum() / k
        assert prdc._expected_clipped(j, n, k) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.75])
def test_clipped_scores_fall_in_a_straight_line(share: float) -> None:
    """The promise of the clipped metrics: the share of good rows, whatever the bad ones are."""
    r = np.random.default_rng(7)
    x, y = r.normal(size=(1500, 4)), r.normal(size=(1500, 4))
    y[: int(share * len(y))] += 50
    found = balls.scores(x, y)
    assert found[4] == pytest.approx(1 - share, abs=0.05)
    assert found[5] == pytest.approx(1 - share, abs=0.05)


def test_one_outlier_does_not_move_clipped_density() -> None:
    """A far real row has a ball that holds invented rows: precision falls for it, clipped density does not."""
    r = np.random.default_rng(8)
    x = np.vstack([r.normal(size=(500, 2)), [[60.0, 60.0]]])
    y = np.vstack([r.normal(size=(350, 2)), 20 + r.normal(size=(150, 2))])
    found = dict(zip(balls.CODES, balls.scores(x, y), strict=True))
    assert found["FID20"] > 0.95
    assert found["FID22"] == pytest.approx(0.7, abs=0.06)


def test_p_precision_is_its_formula() -> None:
    r = np.random.default_rng(9)
    x, y = r.normal(size=(60, 3)), r.normal(size=(50, 3))
    reach = 1.2 * np.sort(distances(x, x), axis=1)[:, 4].mean()
    expected = 1 - np.prod(np.minimum(distances(y, x) / reach, 1), axis=1)
    assert prdc.p_precision_rows(y, x) == pytest.approx(expected, abs=1e-9)
    constant = np.zeros((10, 2))
    assert prdc.p_precision_rows(np.vstack([constant, constant + 1]), constant).tolist() == [1.0] * 10 + [0.0] * 10


def test_realism_is_its_formula() -> None:
    r = np.random.default_rng(10)
    x, y = r.normal(size=(80, 2)), r.normal(size=(40, 2))
    reach = np.sort(distances(x, x), axis=1)[:, 5]
    kept = reach <= np.median(reach)
    expected = (reach[kept] / distances(y, x[kept])).max(axis=1)
    assert prdc.realism_rows(y, x) == pytest.approx(expected)
    assert prdc.realism_rows(x[:1] * 1, x)[0] > 1


def test_rows_are_aligned_and_say_what_the_value_says() -> None:
    r = np.random.default_rng(11)
    x, y, h = (r.normal(size=(n, 3)) for n in (300, 200, 150))
    y[:50] += 30
    found = {code: find(code)(raw_case(x, y, h)) for code in balls.CODES}
    inside = found["FID20"].rows["synthetic.precision"]
    assert inside[:50].max() == 0 and inside.shape == (200,)
    assert found["FID20"].value == pytest.approx(inside.mean(), abs=0.08)
    assert found["FID21"].rows["synthetic.density"][:50].max() == 0
    assert found["DIV05"].rows["train.recall"].shape == found["DIV07"].rows["train.clipped_coverage"].shape == (300,)
    assert found["DIV06"].breakdown["coverage"] < found["DIV06"].breakdown["expected"] < 1


def test_fresh_rows_reach_the_reference_and_invented_ones_do_not() -> None:
    r = np.random.default_rng(12)
    x, y, h = (points(r.normal(size=(400, 3))) for _ in range(3))
    far = y.copy()
    far.iloc[:200] += 40
    for code in ("FID20", "FID21", "FID22", "FID23"):
        good, bad = find(code)(case(x, y, h)), find(code)(case(x, far, h))
        assert good.reference is not None and bad.value is not None and good.value is not None
        assert good.value == pytest.approx(good.reference.value, abs=0.12)
        assert bad.value < good.value - 0.2


def test_too_few_rows_are_declined() -> None:
    few = np.arange(6.0)[:, None]
    with pytest.raises(NotApplicable, match="rows on a side"):
        find("FID20")(raw_case(few, few, few))
