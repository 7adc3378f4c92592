"""Raking gives chosen rows the shares that are known."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from fidelia.encode.codes import Coded, Continuous, Discrete  # noqa: E402
from fidelia.generate.deep.gan.judge import chosen  # noqa: E402
from fidelia.generate.deep.gan.raking import PARTS, Raking, chance, inclusion  # noqa: E402
from fidelia.generate.deep.layout import Layout  # noqa: E402


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def layout():
    draw = np.random.default_rng(0)
    x = np.where(draw.random(400) < 0.25, np.nan, draw.normal(size=400))
    columns = {"a": Discrete((draw.random(400) < 0.4).astype(np.int32), 2), "x": Continuous(x, None)}
    return Layout.fit(Coded({**columns, "y": Continuous(draw.normal(size=400), None)}, 400), k=1)


def drawn(n):
    tokens = torch.stack([torch.randint(2, (n,)), (torch.rand(n) < 0.5).long()], 1)
    numbers = torch.randn(n, 2) + 0.3 * tokens[:, :1]
    return tokens, numbers, numbers[:, 1] - tokens[:, 0]


def test_chances_sum_to_what_is_kept_and_rise_with_the_odds():
    odds = 3 * torch.randn(5000)
    found = inclusion(odds, 0.125)
    assert float(found.mean()) == pytest.approx(0.125, abs=1e-4)
    assert (found[odds.argsort()].diff() >= 0).all()
    assert torch.allclose(inclusion(torch.zeros(8), 0.25), torch.full((8,), 0.25), atol=1e-5)
    assert float(chance(torch.tensor(0.0))) == pytest.approx(1 - np.exp(-1))


def test_chances_are_those_of_choosing():
    odds = torch.tensor([0.0, 1.0, 2.0, 3.0]).repeat(500)
    hits = torch.zeros(2000)
    for _ in range(100):
        hits[chosen(odds, 500)] += 1
    found = (hits / 100).reshape(500, 4).mean(0)
    assert torch.allclose(found, inclusion(odds, 0.25)[:4], atol=0.01)


def test_without_corrections_nothing_is_added():
    tokens, numbers, _ = drawn(50)
    assert torch.equal(Raking(layout())(tokens, numbers), torch.zeros(50))


def test_chosen_rows_have_the_shares_that_are_known():
    raking, share = Raking(layout()), torch.tensor([0.6, 0.4, 0.75, 0.25])
    tokens, numbers, odds = drawn(40_000)
    raking.learn(odds, tokens, numbers, share, 1 / 8)
    tokens, numbers, odds = drawn(40_000)
    kept = chosen(odds + raking(tokens, numbers), 5000)
    assert tokens[kept].float().mean(0).tolist() == pytest.approx([0.4, 0.25], abs=0.03)
    open_ = tokens[kept, 1] == 0
    for law in (numbers[kept][open_, 0], numbers[kept, 1]):
        parts = torch.special.ndtr(law).mul(PARTS / 4).long().clamp(0, 4)
        assert torch.allclose(parts.bincount(minlength=5) / len(law), torch.full((5,), 0.2), atol=0.03)


def test_numbers_that_are_not_there_stand_in_no_cell():
    raking = Raking(layout())
    cells = raking.cells(torch.tensor([[0, 1], [0, 0]]), torch.zeros(2, 2))
    assert int(cells[0, 2]) == len(raking.terms) - 1
    assert int(cells[1, 2]) == 4 + PARTS // 2
