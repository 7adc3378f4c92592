from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.special import ndtr, ndtri

from fidelia.generate.deep.heads import Mixture, categorical, score

HEAD = Mixture(bells=3)
RAW = torch.tensor([0.3, -0.7, 1.1, -1.0, 0.2, 1.5, -2.0, 0.4, -0.5])


def law():
    weights = torch.softmax(RAW[:3], 0).numpy()
    return weights, stats.logistic(loc=RAW[3:6].numpy(), scale=RAW[6:].exp().numpy())


def mass(begin, end, raw=RAW):
    found = HEAD.log_mass(raw, torch.tensor(begin, dtype=torch.float64), torch.tensor(end, dtype=torch.float64))
    return float(found.exp())


def test_the_mass_of_an_interval_is_that_of_the_mixture():
    weights, bells = law()
    for begin, end in ((0.2, 0.3), (0.01, 0.9), (0.5, 0.5001), (0.999, 0.9995)):
        wanted = (weights * (bells.cdf(ndtri(end)) - bells.cdf(ndtri(begin)))).sum()
        assert mass(begin, end) == pytest.approx(wanted, rel=2e-4)


def test_a_narrow_interval_has_its_density():
    weights, bells = law()
    z, half = 0.7, 1e-7
    begin, end = ndtr(z) - half, ndtr(z) + half
    assert mass(begin, end) / (ndtri(end) - ndtri(begin)) == pytest.approx((weights * bells.pdf(z)).sum(), rel=1e-3)


def test_intervals_that_cover_everything_sum_to_one():
    edges = np.sort(np.concatenate(([0.0, 1.0], np.random.default_rng(0).random(50))))
    assert sum(mass(begin, end) for begin, end in pairwise(edges)) == pytest.approx(1, abs=1e-5)
    assert mass(0.0, 1.0) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("scale", [-50.0, 50.0])
def test_extreme_outputs_stay_finite(scale):
    raw = torch.cat([torch.tensor([50.0, -50, 0]), torch.tensor([-30.0, 30, 0]), torch.full((3,), scale)])
    raw.requires_grad_()
    places = torch.tensor([0.0, 0.3, 0.9999999, 1.0], dtype=torch.float64)
    found = HEAD.log_mass(raw, places[:-1], places[1:]).sum()
    found.backward()
    assert torch.isfinite(found)
    assert torch.isfinite(raw.grad).all()


def test_draws_follow_the_mixture():
    torch.manual_seed(0)
    drawn = HEAD.sample(RAW.expand(20_000, -1)).numpy()
    weights, bells = law()
    assert stats.kstest(drawn, lambda z: (weights * bells.cdf(z[:, None])).sum(1)).pvalue > 0.001


def test_draws_within_windows_follow_the_cut_mixture():
    torch.manual_seed(0)
    windows = np.array([[0.1, 0.15], [0.8, 0.95]])
    places = ndtr(HEAD.sample(RAW.expand(20_000, -1), torch.from_numpy(windows)).numpy())
    inside = (places[:, None] >= windows[:, 0] - 1e-9) & (places[:, None] <= windows[:, 1] + 1e-9)
    assert inside.any(1).all()
    low, high = (mass(*window) for window in windows.tolist())
    assert inside[:, 1].mean() == pytest.approx(high / (low + high), abs=0.015)
    part = places[inside[:, 1]]
    assert (part < 0.9).mean() == pytest.approx(mass(0.8, 0.9) / high, abs=0.02)


@pytest.mark.parametrize("window", [(0.0, 1e-4), (0.9999, 1.0), (0.4, 0.4)])
def test_draws_in_tails_and_at_points_stay_there(window):
    torch.manual_seed(0)
    raw = torch.cat([torch.zeros(3), torch.tensor([-3.0, 0, 3]), torch.full((3,), -6.0)])
    places = ndtr(HEAD.sample(raw.expand(500, -1), torch.tensor([window], dtype=torch.float64)).numpy())
    assert np.isfinite(places).all()
    assert (places >= window[0] - 1e-6).all()
    assert (places <= window[1] + 1e-6).all()


def test_the_start_is_nearly_the_normal_law():
    head = Mixture(bells=12)
    for place in (0.1, 0.5, 0.9):
        zero, one = torch.zeros((), dtype=torch.float64), torch.tensor(place, dtype=torch.float64)
        assert float(head.log_mass(head.start(), zero, one).exp()) == pytest.approx(place, abs=0.03)


def test_the_ends_of_positions_are_far_away():
    found = score(torch.tensor([0.0, 0.5, 1.0]))
    assert found[0] < -1000
    assert found[1] == 0
    assert found[2] > 1000


def test_levels_are_drawn_by_their_probability_and_never_when_forbidden():
    torch.manual_seed(0)
    logits = torch.log(torch.tensor([0.2, 0.5, 0.0, 0.3])).expand(20_000, -1)
    shares = torch.bincount(categorical(logits), minlength=4) / 20_000
    assert torch.allclose(shares, torch.tensor([0.2, 0.5, 0.0, 0.3]), atol=0.015)
    assert shares[2] == 0
