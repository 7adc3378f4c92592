"""Matrices come back as the columns they were made of."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri

from fidelia.encode.codes import Coded, Continuous, Discrete
from fidelia.encode.quantile import NormalScores
from fidelia.encode.tabular import TableEncoder

DRAW = np.random.Generator(np.random.PCG64(2))
PRICES = st.lists(st.none() | st.integers(-(10**9), 10**9).map(lambda n: n / 100), min_size=1, max_size=60)


@given(PRICES, st.integers(1, 300))
def test_what_is_encoded_comes_back(prices, levels):
    values = np.array([np.nan if price is None else price for price in prices])
    codes = np.arange(len(values), dtype=np.int32) * 7 % levels
    coded = Coded({"x": Continuous(values, 2), "c": Discrete(codes, levels, True)}, len(values))
    encoder = TableEncoder.restore(json.loads(json.dumps(TableEncoder.fit(coded).state())))
    matrix = encoder.encode(coded)
    back = encoder.decode(matrix)
    assert matrix.shape == (len(values), encoder.width)
    assert np.isfinite(matrix).all()
    np.testing.assert_array_equal(back["x"].values, values)
    assert back["c"].codes.tolist() == codes.tolist()
    assert (back["c"].levels, back["c"].ordered) == (levels, True)


def test_many_levels_take_few_columns():
    coded = Coded({"c": Discrete(np.arange(10_000, dtype=np.int32), 10_000)}, 10_000)
    encoder = TableEncoder.fit(coded)
    assert encoder.width == 14
    assert encoder.decode(encoder.encode(coded))["c"].codes.tolist() == list(range(10_000))


def test_scores_of_a_skewed_column_are_standard_normal():
    values = DRAW.lognormal(0, 2, 20_000)
    scores = NormalScores.fit(values).to_normal(values)
    assert scores.mean() == pytest.approx(0, abs=0.02)
    assert scores.std() == pytest.approx(1, abs=0.02)
    assert np.quantile(scores, 0.9) == pytest.approx(ndtri(0.9), abs=0.02)


def test_ties_share_the_middle_of_their_ranks():
    scores = NormalScores.fit(np.array([0.0] * 6 + [1.0] * 2))
    assert scores.to_normal(np.array([0.0, 1.0])) == pytest.approx(ndtri(np.array([3 / 8, 7 / 8])))


def test_tails_are_linear_and_invertible():
    values = DRAW.normal(5, 2, 1000)
    scores = NormalScores.fit(values)
    far = np.array([-100.0, 200.0])
    assert scores.from_normal(scores.to_normal(far)) == pytest.approx(far)
    assert scores.slope == pytest.approx(1 / values.std())


@pytest.mark.parametrize("values", [[], [np.nan, np.nan], [3.0], [3.0, 3.0]])
def test_degenerate_columns(values):
    scores = NormalScores.fit(np.array(values, float))
    assert scores.to_normal(np.array([3.0, np.nan]))[0] == pytest.approx(3.0 if not np.isfinite(values).any() else 0.0)


def test_rows_without_columns():
    assert TableEncoder.fit(Coded({}, 4)).encode(Coded({}, 4)).shape == (4, 0)
