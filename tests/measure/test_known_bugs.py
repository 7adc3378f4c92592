"""Errors of published implementations that ours must not have: B1, B7, B8, B10."""

import numpy as np
import pandas as pd
import pytest
from tables import case, raw_case

from fidelia.measure.authenticity.authentic import authenticity, difference, ratios
from fidelia.measure.space.neighbors import search
from fidelia.measure.support.alpha_beta import level_set_precision, level_set_recall


def test_b1_copies_of_a_tenth_of_the_rows_are_not_authentic():
    r = np.random.default_rng(0)
    x = r.normal(size=(2000, 8))
    made = raw_case(x, x[r.integers(0, 200, 2000)], r.normal(size=(500, 8)))
    assert authenticity(made).value == 0
    assert difference(made).breakdown["copy_rate"] == 1


def test_b1_defined_for_more_synthetic_than_train_rows_and_equal_to_the_rule():
    r = np.random.default_rng(1)
    x, y = r.normal(size=(80, 3)), r.normal(size=(300, 3))
    made = raw_case(x, y, y[:40])
    far = np.linalg.norm(y[:, None] - x[None], axis=2)
    own = np.linalg.norm(x[:, None] - x[None], axis=2)
    np.fill_diagonal(own, np.inf)
    nearest = far.argmin(axis=1)
    assert np.allclose(ratios(made.neighbors, "synthetic"), far.min(axis=1) / own.min(axis=1)[nearest], rtol=1e-12)
    reverse = raw_case(x, y[::-1].copy(), y[:40])
    assert np.array_equal(ratios(reverse.neighbors, "synthetic")[::-1], ratios(made.neighbors, "synthetic"))


def test_b7_disjoint_data_is_exactly_nothing():
    r = np.random.default_rng(2)
    made = raw_case(r.normal(size=(300, 2)), r.normal(size=(300, 2)) + 100, r.normal(size=(200, 2)))
    assert level_set_precision(made).value == 0


@pytest.mark.parametrize("m", [1000, 4000])
def test_b8_recall_does_not_grow_with_the_synthetic_size(m):
    r = np.random.default_rng(3)
    made = raw_case(r.normal(size=(1000, 8)), r.normal(size=(m, 8)), r.normal(size=(m, 8)))
    n_eff = 1000 * m / (1000 + m)
    for metric in (level_set_precision, level_set_recall):
        assert abs(metric(made).value - (1 - 0.6267 / n_eff**0.5)) <= 1.1 / n_eff**0.5


def test_b9_the_order_of_levels_means_nothing():
    r = np.random.default_rng(4)
    codes = [r.integers(0, 5, n) for n in (400, 400, 200)]
    x = [r.normal(size=len(c)) for c in codes]

    def made(names):
        return case(*(pd.DataFrame({"x": v, "c": np.array(names)[c]}) for v, c in zip(x, codes, strict=True)))

    a, b = made(list("abcde")), made(list("dbeca"))
    assert level_set_precision(a).value == pytest.approx(level_set_precision(b).value, abs=1e-9)


def test_b10_duplicates_and_ties():
    r = np.random.default_rng(5)

    def frame(n):
        return pd.DataFrame({"a": r.integers(0, 3, n).astype(str), "b": r.integers(0, 2, n).astype(str)})

    made = case(frame(2000), frame(1500), frame(1000))
    result = authenticity(made)
    assert "TIES" in [caveat.code for caveat in result.caveats]
    assert abs(difference(made).value) < 0.01
    for metric in (level_set_precision, level_set_recall):
        found = metric(made)
        assert found.value > 0.97, "tied rows are spread, so that one law still scores near 1"
        assert found.breakdown["p_value"] > 0.01


def test_b10_copies_of_duplicated_rows():
    r = np.random.default_rng(6)
    x = np.repeat(r.normal(size=(500, 4)), 2, axis=0)
    made = raw_case(x, x[r.permutation(1000)], r.normal(size=(300, 4)))
    assert authenticity(made).value == 0
    assert search(x, x, 1, own=np.arange(1000)).distance.max() == 0
