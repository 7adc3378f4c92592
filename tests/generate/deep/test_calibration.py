"""The calibration maps what is drawn onto standard normals and keeps the order."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from fidelia.generate.deep.gan.calibration import Calibration, rising  # noqa: E402


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def test_it_starts_as_the_identity_far_out_too():
    x = torch.linspace(-4.7, 4.7, 101)[:, None].expand(-1, 2)
    assert torch.allclose(Calibration(2)(x), x, atol=1e-5)


def test_any_rising_function_of_normals_becomes_normal_again():
    z = torch.randn(20_000, 2)
    bent = torch.stack([z[:, 0].exp() - 3, 0.2 * z[:, 1] + 1], 1)
    it = Calibration(2)
    it.learn(bent, torch.ones(bent.shape, dtype=torch.bool))
    found = it(bent)
    assert found.mean(0).tolist() == pytest.approx([0, 0], abs=0.01)
    assert found.std(0).tolist() == pytest.approx([1, 1], abs=0.01)
    inner = z.abs() < 3
    assert float((found - z)[inner].abs().max()) < 0.2
    order = bent[:, 0].argsort()
    assert (found[order, 0].diff() >= 0).all()


def test_only_numbers_that_are_there_count():
    x = torch.randn(5000, 1)
    there = x[:, :1] > 10
    it = Calibration(1)
    it.learn(x, there)
    assert torch.equal(it.curves, Calibration(1).curves)
    half = torch.arange(5000)[:, None] % 2 == 0
    it.learn(torch.where(half, x + 2, 50.0), half)
    assert it(x + 2).mean() == pytest.approx(0, abs=0.05)


def test_ties_are_no_obstacle():
    it = Calibration(1)
    it.learn(torch.zeros(500, 1), torch.ones(500, 1, dtype=torch.bool))
    assert it(torch.tensor([[-1.0], [0.0], [1.0]])).isfinite().all()
    assert (rising(torch.tensor([0.0, 0.0, -1.0, 2.0])).diff() > 0).all()


def test_no_numbers_are_no_obstacle():
    it = Calibration(0)
    it.learn(torch.zeros(500, 0), torch.zeros(500, 0, dtype=torch.bool))
    assert it(torch.zeros(7, 0)).shape == (7, 0)
