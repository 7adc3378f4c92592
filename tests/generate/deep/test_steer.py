"""Steering: rows that obey come by the model's own law, and the draws are bounded."""

from __future__ import annotations

import numpy as np
import pytest

from fidelia.encode.codes import Allowed, Coded, Continuous, Discrete
from fidelia.generate.deep.steer import LEAST, TRIES, breaches, joined, steered, taken


class Source:
    """Draws rows of a known law: a level of probability `share`, and a number whose mean is the level."""

    def __init__(self, share, seed=0):
        self.random, self.share, self.sizes = np.random.default_rng(seed), share, []

    def __call__(self, size):
        self.sizes.append(size)
        codes = (self.random.random(size) < self.share).astype(np.int32)
        values = self.random.normal(10.0 * codes, 1.0)
        return Coded({"d": Discrete(codes, 2, True), "x": Continuous(values, 2)}, size)


ONE = {"d": Allowed(np.array([False, True]))}
NEVER = {"x": Allowed(None, ((1e6, 2e6),))}


@pytest.mark.parametrize(("share", "n"), [(1.0, 50), (0.5, 400), (0.2, 3000), (0.01, 100)])
def test_rows_that_obey_come_by_the_law_of_the_model(share, n):
    source = Source(share)
    found, ess = steered(n, source, ONE, np.random.default_rng(0))
    assert (len(found), ess) == (n, n)
    assert (found["d"].codes == 1).all()
    assert found["x"].values.mean() == pytest.approx(10.0, abs=4 / np.sqrt(n))
    assert found["x"].values.std() == pytest.approx(1.0, abs=4 / np.sqrt(n))
    assert len(np.unique(found["x"].values)) > 0.9 * min(n, 300), "rows are drawn, not repeated"


def test_a_range_cuts_the_law():
    found, ess = steered(2000, Source(0.5), {"x": Allowed(None, ((10.0, np.inf),))}, np.random.default_rng(0))
    assert ess == 2000
    assert found["x"].values.min() >= 10
    assert found["d"].codes.mean() > 0.99
    assert found["x"].values.mean() == pytest.approx(10 + np.sqrt(2 / np.pi), abs=0.06)


@pytest.mark.parametrize("n", [1, 100, 5000])
def test_draws_are_bounded_when_nothing_obeys(n):
    source = Source(0.5)
    found, ess = steered(n, source, NEVER, np.random.default_rng(0))
    assert (len(found), ess) == (n, 0)
    assert sum(source.sizes) <= (TRIES + 4) * max(n, LEAST)
    assert max(source.sizes) <= 4 * max(n, LEAST)


def test_what_is_missing_is_filled_with_the_rows_that_break_least():
    source = Source(0.1)
    found, ess = steered(500, source, {**ONE, **NEVER}, np.random.default_rng(0))
    assert (len(found), ess) == (500, 0)
    assert (found["d"].codes == 1).all(), "one condition of two can hold, and holds"


def test_rows_that_obey_are_all_used_before_others():
    source = Source(2e-4)
    found, ess = steered(1000, source, ONE, np.random.default_rng(1))
    assert 0 < ess < 1000
    assert (found["d"].codes == 1).sum() >= ess


def test_no_rows_asked_for():
    found, ess = steered(0, Source(0.5), ONE, np.random.default_rng(0))
    assert (len(found), ess) == (0, 0)


def test_breaches_are_counted_by_row():
    coded = Coded(
        {"d": Discrete(np.array([0, 1, 1], np.int32), 2), "x": Continuous(np.array([5.0, 5.0, np.nan]), 0)}, 3
    )
    both = {**ONE, "x": Allowed(None, ((0.0, 9.0),))}
    assert breaches(coded, both).tolist() == [1, 0, 1]
    assert breaches(coded, {"x": Allowed(None, (), True)}).tolist() == [1, 1, 0]
    assert breaches(coded, {}).tolist() == [0, 0, 0]


def test_rows_are_taken_and_joined():
    coded = Source(0.5)(10)
    again = joined([taken(coded, np.arange(4)), taken(coded, np.arange(4, 10))])
    assert len(again) == 10
    assert (again["d"].codes == coded["d"].codes).all()
    assert (again["x"].values == coded["x"].values).all()
    assert (again["d"].levels, again["d"].ordered, again["x"].decimals) == (2, True, 2)
