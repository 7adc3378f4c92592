"""Laws of single columns: shares, protection, windows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fidelia.encode.codes import Allowed, Continuous, Discrete
from fidelia.generate.values import LevelAxis, NumberAxis, admitted, merged, obeying, within

DRAW = np.random.Generator(np.random.PCG64(3))
EVEN = (np.arange(20_000) + 0.5) / 20_000


def test_shared_values_keep_their_share_and_single_ones_are_never_drawn():
    values = np.concatenate([np.full(300, 7.0), DRAW.normal(size=700)])
    drawn = NumberAxis.fit(Continuous(values, None), 5).at(EVEN).values
    assert (drawn == 7.0).mean() == pytest.approx(0.3, abs=0.01)
    assert not set(values[300:]) & set(drawn)
    assert drawn.mean() == pytest.approx(values.mean(), abs=0.03)
    assert np.quantile(drawn, [0.1, 0.5, 0.65]) == pytest.approx(np.quantile(values, [0.1, 0.5, 0.65]), abs=0.05)


def test_missing_values_keep_their_share():
    values = np.concatenate([np.full(250, np.nan), np.arange(750.0)])
    assert np.isnan(NumberAxis.fit(Continuous(values, 0), 5).at(EVEN).values).mean() == pytest.approx(0.25, abs=1e-3)


@pytest.mark.parametrize("values", [[np.nan] * 9, [4.0] * 9, [4.0], [1.0, 2.0], [1.0, np.nan]])
def test_degenerate_columns(values):
    axis = NumberAxis.fit(Continuous(np.array(values), 0), 1)
    drawn = axis.at(np.array([0.0, 0.3, 0.99])).values
    assert set(drawn[~np.isnan(drawn)]) <= set(values)
    begin, end = axis.spans(Continuous(np.array(values), 0))
    assert ((begin >= 0) & (begin <= end) & (end <= 1)).all()


numbers = st.lists(st.integers(-20, 20).map(float) | st.just(np.nan), min_size=1, max_size=200)


@given(numbers, st.integers(1, 5), st.integers(-20, 20), st.integers(0, 8), st.booleans())
def test_draws_within_windows_obey(values, k, low, width, missing):
    axis = NumberAxis.fit(Continuous(np.array(values), 0), k)
    allowed = Allowed(intervals=((float(low), float(low + width)),), missing=missing)
    windows = axis.windows(allowed)
    assert (np.diff(windows.ravel()) >= 0).all()
    column = obeying(axis.at(within(windows, DRAW.random(50))), allowed, DRAW)
    assert admitted(column, allowed).all()


@given(numbers, st.integers(1, 5))
def test_laws_come_back_from_their_state(values, k):
    axis = NumberAxis.fit(Continuous(np.array(values), 0), k)
    np.testing.assert_array_equal(NumberAxis.restore(*axis.state()).at(EVEN).values, axis.at(EVEN).values)


def test_the_share_of_a_window_is_the_share_of_its_rows():
    values = np.repeat(np.arange(10.0), 100)
    axis = NumberAxis.fit(Continuous(values, 0), 5)
    ((begin, end),) = axis.windows(Allowed(intervals=((3.0, 5.0),)))
    assert end - begin == pytest.approx(0.3, abs=0.01)


def test_levels():
    column = Discrete(np.array([0, 0, 1, 3], np.int32), 4)
    axis = LevelAxis.fit(column)
    assert np.bincount(axis.at(EVEN).codes, minlength=4) / len(EVEN) == pytest.approx([0.5, 0.25, 0, 0.25], abs=1e-3)
    allowed = Allowed(codes=np.array([False, False, True, True]))
    assert axis.windows(allowed).tolist() == [[0.75, 1.0]]
    assert set(axis.at(within(axis.windows(allowed), EVEN)).codes) == {3}


def test_a_level_of_no_rows_can_still_be_asked_for():
    axis = LevelAxis.fit(Discrete(np.array([0, 0, 1], np.int32), 3))
    allowed = Allowed(codes=np.array([False, False, True]))
    assert set(obeying(axis.at(within(axis.windows(allowed), EVEN)), allowed, DRAW).codes) == {2}


def test_windows_that_touch_are_one():
    assert merged(np.array([[0.5, 0.7], [0.0, 0.2], [0.2, 0.3]])).tolist() == [[0.0, 0.3], [0.5, 0.7]]
