"""Class shares of a target without labels: known answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fidelia.enhancement.transferring.shift import black_box, classified, saerens
from fidelia.rng import Rng


def posteriors(y: np.ndarray, draw: np.random.Generator, source: float, gap: float = 2.0) -> np.ndarray:
    """Exact probabilities under the source's share: x given y is N(gap y, 1)."""
    x = draw.normal(gap * y, 1)
    odds = source / (1 - source) * np.exp(gap * x - gap**2 / 2)
    return np.column_stack([1 / (1 + odds), odds / (1 + odds)])


@pytest.mark.parametrize("share", [0.05, 0.3, 0.9])
def test_known_shares_are_recovered_within_their_interval(share):
    draw = np.random.default_rng(0)
    p = posteriors((draw.random(4000) < share).astype(float), draw, 0.5)
    found = saerens(p[None], np.array([0.5, 0.5]))
    assert found.value.sum() == pytest.approx(1)
    assert abs(found.value[1] - share) < 3 * found.sd[1]
    assert found.weight == pytest.approx(found.value / 0.5)


def test_standard_errors_are_those_of_repetition():
    values, sds = [], []
    for seed in range(120):
        draw = np.random.default_rng(seed)
        found = saerens(posteriors((draw.random(500) < 0.2).astype(float), draw, 0.5)[None], np.array([0.5, 0.5]))
        values.append(found.value[1])
        sds.append(found.sd[1])
    assert np.std(values) == pytest.approx(np.mean(sds), rel=0.2)
    assert abs(np.mean(values) - 0.2) < 3 * np.std(values) / np.sqrt(len(values))


def test_copies_of_one_model_do_not_make_the_shares_surer():
    draw = np.random.default_rng(1)
    p = posteriors((draw.random(800) < 0.2).astype(float), draw, 0.5)
    one, five = (saerens(np.stack([p] * n), np.array([0.5, 0.5])) for n in (1, 5))
    assert five.value == pytest.approx(one.value, abs=1e-6)
    assert five.sd == pytest.approx(one.sd, rel=1e-4)


def test_a_class_that_is_gone_gets_no_share():
    draw = np.random.default_rng(2)
    found = saerens(posteriors(np.zeros(2000), draw, 0.5, gap=4.0)[None], np.array([0.5, 0.5]))
    assert found.value[1] < 0.01
    assert 0 < found.sd[1] < 0.01  # not seen in 2,000 rows is not impossible


@given(st.integers(2, 5), st.integers(0, 2**16))
def test_shares_are_shares(classes, seed):
    draw = np.random.default_rng(seed)
    p = draw.dirichlet(np.ones(classes), size=60)
    source = draw.dirichlet(5 * np.ones(classes))
    found = saerens(p[None], source)
    assert found.value.sum() == pytest.approx(1) and (found.value >= 0).all() and np.isfinite(found.sd).all()


def test_confusions_are_undone_exactly_where_they_are_known():
    """80 % of either class are recognised; with 30 % of class 1 then 0.7 * 0.2 + 0.3 * 0.8 = 38 % are called 1."""
    actual = np.repeat([0, 1], 500)
    predicted = np.concatenate([np.repeat([0, 1], [400, 100]), np.repeat([0, 1], [100, 400])])
    target = np.repeat([0, 1], [620, 380])[None]
    assert black_box(predicted, actual, target, 2).value == pytest.approx([0.7, 0.3])


def test_a_classifier_is_calibrated_and_feeds_the_shares():
    draw = np.random.default_rng(5)

    def rows(n: int, share: float) -> tuple[np.ndarray, np.ndarray]:
        y = (draw.random(n) < share).astype(np.int64)
        return draw.normal(size=(n, 2)) + 1.5 * y[:, None], y

    x, y = rows(1500, 0.5)
    model = classified(x, y, 2, [], Rng(0))
    sure = model.honest[:, 1] > 0.8
    assert abs(y[sure].mean() - model.honest[sure, 1].mean()) < 0.06
    there, true = rows(1000, 0.15)
    found = saerens(model.predict(there), np.bincount(y) / len(y))
    assert abs(found.value[1] - true.mean()) < 0.06
