"""The score of networks without likelihood, on laws that are equal, near and far."""

from __future__ import annotations

import time

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from fidelia.encode.codes import Coded, Continuous, Discrete  # noqa: E402
from fidelia.generate.deep.batch import Rows  # noqa: E402
from fidelia.generate.deep.family import Network  # noqa: E402
from fidelia.generate.deep.layout import Drawn, Layout  # noqa: E402
from fidelia.generate.deep.told_apart import energy, separation, told_apart  # noqa: E402


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


class Resampled(Network):
    """Draws training rows again, its numbers moved by `shift` and its tokens, if asked for, by one level."""

    def __init__(self, layout, rows, shift=0.0, turn=0):
        super().__init__()
        self.layout, self.rows, self.shift, self.turn = layout, rows, shift, turn

    def draw(self, n, known=None):
        batch = self.rows.take(torch.randint(len(self.rows), (n,))).batch()
        levels = np.array([token.levels for token in self.layout.tokens], dtype=np.int64)
        return Drawn((batch.tokens.numpy() + self.turn) % levels, batch.numbers.double().numpy() + self.shift)


def parts(n, numbers=2, levels=(3, 5), missing=False):
    draw = np.random.default_rng(1)
    columns = {}
    for i in range(numbers):
        values = draw.normal(size=n)
        values[draw.random(n) < 0.3 * missing] = np.nan
        columns[f"x{i}"] = Continuous(values, None)
    for i, size in enumerate(levels):
        columns[f"c{i}"] = Discrete((draw.integers(0, size, n) ** 2 % size).astype(np.int32), size)
    layout = Layout.fit(Coded(columns, n), k=1)
    return layout, Rows.of(layout.encode(Coded(columns, n)), torch.device("cpu"))


def halves(n, **more):
    """Validation rows, and ten times as many others: rows drawn twice are a giveaway."""
    layout, rows = parts(11 * n, **more)
    return layout, rows.take(torch.arange(n, 11 * n)), rows.take(torch.arange(n))


@pytest.mark.parametrize("more", [{}, {"missing": True}, {"numbers": 0}, {"levels": ()}])
def test_equal_laws_cannot_be_told_apart_and_distant_ones_can(more):
    layout, rows, unseen = halves(800, **more)
    assert told_apart(Resampled(layout, rows), unseen) < 0.06
    assert told_apart(Resampled(layout, rows, shift=0.5, turn=1), unseen) > 0.12
    if more == {"levels": ()}:
        assert told_apart(Resampled(layout, rows, shift=60.0), unseen) > 0.95


def test_the_score_falls_as_laws_come_closer_even_where_the_classifier_knows_every_row():
    layout, rows, unseen = halves(400)
    scores = [told_apart(Resampled(layout, rows, shift=shift), unseen) for shift in (40.0, 20.0, 10.0, 1.0, 0.0)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[2] + 0.05


def test_the_same_random_state_gives_the_same_score():
    layout, rows, unseen = halves(300)
    found = []
    for _ in range(2):
        torch.manual_seed(3)
        found.append(told_apart(Resampled(layout, rows, shift=0.2), unseen))
    assert found[0] == found[1]


@pytest.mark.parametrize("n", [1, 2, 5, 19])
def test_few_validation_rows_are_enough_to_score(n):
    layout, rows, unseen = halves(max(n, 50))
    near, far = (told_apart(Resampled(layout, rows, shift), unseen.take(torch.arange(n))) for shift in (0.0, 30.0))
    assert 0 <= near < far <= 1


def test_wide_and_long_tables_take_no_longer():
    layout, rows = parts(6_000, numbers=150, levels=(4,) * 150)
    start = time.process_time()
    told_apart(Resampled(layout, rows), rows)
    assert time.process_time() - start < 8


def test_a_classifier_that_cannot_tell_counts_as_none_and_too_few_rows_as_unknown():
    draw = np.random.default_rng(0)
    one, other = (draw.normal(size=(400, 3)).astype(np.float32) for _ in range(2))
    assert separation(one, other, []) < 0.1
    assert separation(one, other + 9, []) == pytest.approx(1.0)
    assert separation(one[:5], other + 9, []) == 0.0


def test_the_energy_coefficient_of_two_points_is_one_and_of_one_point_none():
    zeros, ones = np.zeros((30, 2), np.float32), np.ones((30, 2), np.float32)
    assert energy(zeros, ones, tokens=0) == pytest.approx(1.0)
    assert energy(zeros, ones, tokens=2) == pytest.approx(1.0)
    assert energy(ones, ones, tokens=1) == 0.0
