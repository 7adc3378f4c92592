"""The judge learns odds, and choosing by odds turns one law into another."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from fidelia.encode.codes import Coded, Continuous, Discrete  # noqa: E402
from fidelia.generate.deep.batch import Rows  # noqa: E402
from fidelia.generate.deep.gan.judge import GUESS, Judge, Judging, chosen, told  # noqa: E402
from fidelia.generate.deep.layout import Layout  # noqa: E402
from fidelia.generate.deep.loop import Course, train  # noqa: E402
from fidelia.rng import Rng  # noqa: E402

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def test_a_judge_that_knows_nothing_guesses():
    judge = Judge(3, width=8, depth=1)
    assert torch.equal(judge(torch.randn(5, 3)), torch.zeros(5, 1))
    assert float(told(torch.zeros(9), torch.zeros(4))) == pytest.approx(GUESS)


def test_choosing_by_equal_odds_is_even_and_never_twice():
    kept = chosen(torch.zeros(1000), 300)
    assert kept.unique().numel() == 300
    assert (kept.diff() > 0).all()
    assert kept.float().mean() == pytest.approx(500, abs=40)


def test_choosing_by_odds_corrects_the_law():
    """Of standard normals, those chosen by the odds of a normal around 1/2 have that mean."""
    x = torch.randn(160_000)
    kept = x[chosen(0.5 * x - 0.125, 10_000)]
    assert float(kept.mean()) == pytest.approx(0.5, abs=0.05)
    assert float(kept.std()) == pytest.approx(1.0, abs=0.05)


def test_a_row_without_odds_is_not_chosen():
    odds = torch.zeros(10)
    odds[3] = -torch.inf
    assert all(3 not in chosen(odds, 9).tolist() for _ in range(20))


def test_it_learns_the_odds_of_two_laws():
    share = 0.8
    draw = np.random.default_rng(0)
    coded = Coded(
        {"a": Discrete((draw.random(3000) < share).astype(np.int32), 2), "x": Continuous(draw.normal(size=3000), None)},
        3000,
    )
    layout = Layout.fit(coded, k=1)
    rows = Rows.of(layout.encode(coded), CPU)

    def onehot(tokens):
        return torch.nn.functional.one_hot(tokens, 2).float()

    judge = Judge(2, width=16, depth=1)
    judging = Judging(judge, lambda b: onehot(b.tokens[:, 0]), lambda n: onehot(torch.randint(2, (n,))))
    train(judging, rows, Course(steps=250, batch=256, checks=4, ema=0.95), rng=Rng(0))
    judge.eval()
    odds = judge(torch.eye(2))[:, 0].tolist()
    assert odds == pytest.approx([np.log(2 * (1 - share)), np.log(2 * share)], abs=0.15)
