"""The denoising diffusion GAN of pictures: its steps against closed forms, its parts, and what small sets teach."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from sklearn.datasets import load_digits  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402

from fidelia.data.images.imageset import ImageSet  # noqa: E402
from fidelia.errors import UsageError  # noqa: E402
from fidelia.generate.deep.images.ddgan import DenoisingImageGAN, ImageDDGAN  # noqa: E402
from fidelia.generate.deep.images.nets import variety  # noqa: E402
from fidelia.generate.deep.images.pixels import Canvas, Pixels  # noqa: E402
from fidelia.generate.deep.loop import Moment, halved  # noqa: E402
from fidelia.generate.deep.nets import squared_slopes  # noqa: E402
from fidelia.rng import Rng  # noqa: E402

NOW, LATER = Moment(0, 0.0), Moment(1, 0.0)


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def network(canvas=None, **more):
    return DenoisingImageGAN(canvas or Canvas(1, 8, 8, 3), ImageDDGAN(**{"width": 8, "latent": 4, **more}))


def digits():
    found = load_digits()
    pixels = (found.images * (255 / 16)).round().astype(np.uint8)[..., None]
    return ImageSet(pixels, tuple(map(str, found.target)))


def rows(canvas, n=12):
    shape = (n, canvas.height, canvas.width, canvas.channels)
    random = np.random.default_rng(0)
    labels = random.integers(0, canvas.classes, n)
    return Pixels.laid(random.integers(0, 256, shape).astype(np.uint8), labels, torch.device("cpu"))


class Exact(torch.nn.Module):
    """The exact law of a clean picture given a noisy one, when it is one of a few (k, *shape) with shares (classes, k).

    Given the label, the posterior of a picture is its share times the density of ``x_t``.
    """

    def __init__(self, chain, pictures, shares):
        super().__init__()
        self.chain, self.pictures, self.shares = chain, pictures, torch.tensor(shares)

    def forward(self, xt, t, labels):
        abar = self.chain.abar[t].view(-1, 1, 1, 1, 1)
        far = (xt[:, None] - abar.sqrt() * self.pictures).flatten(2).square().sum(2)
        weights = (self.shares[labels].log() - far / (2 * (1 - abar).flatten()[:, None])).softmax(1)
        return self.pictures[torch.multinomial(weights, 1)[:, 0]]


@pytest.mark.parametrize("t", [2, 3, 4])
def test_a_step_back_has_the_mean_and_the_variance_that_bayes_gives(t):
    made = network(Canvas(1, 8, 8))
    chain = made.chain
    clean, noisy = 2 * torch.rand(1, 1, 8, 8) - 1, torch.randn(1, 1, 8, 8)
    n = 20_000
    drawn = made._back(clean.expand(n, -1, -1, -1), noisy.expand(n, -1, -1, -1), torch.full((n,), t))
    before, beta = chain.abar[t - 1].double(), chain.beta[t].double()
    # q(x_{t-1} | x_0) q(x_t | x_{t-1}): precisions add, and so do means weighted by them.
    precision = 1 / (1 - before) + (1 - beta) / beta
    mean = (before.sqrt() * clean / (1 - before) + (1 - beta).sqrt() * noisy / beta) / precision
    assert torch.allclose(drawn.mean(0), mean[0].float(), atol=5 * float((1 / precision / n) ** 0.5))
    assert torch.allclose(drawn.var(0), (1 / precision).float(), rtol=0.06)


def test_the_last_step_back_is_the_clean_picture():
    clean = torch.rand(5, 1, 8, 8)
    assert torch.equal(network()._back(clean, torch.randn(5, 1, 8, 8), torch.ones(5, dtype=torch.long)), clean)


def test_with_an_ideal_generator_pictures_come_in_the_shares_of_their_label():
    made = network(Canvas(1, 8, 8, 3))
    one = torch.ones(1, 8, 8)
    one[:, :4] = -1
    made.generator = Exact(made.chain, torch.stack([one, -one]), [[0.5, 0.5], [0.9, 0.1], [0.2, 0.8]])
    labels = torch.arange(3).repeat(2_000)
    drawn = made.draw(labels)
    assert bool((drawn == one).flatten(1).all(1).logical_or((drawn == -one).flatten(1).all(1)).all())
    for label, share in enumerate((0.5, 0.9, 0.2)):
        assert float((drawn[labels == label, 0, -1, 0] == 1).float().mean()) == pytest.approx(share, abs=0.04)


def test_the_chain_ends_in_noise_alone_and_leaves_a_good_part_at_first():
    left = network().chain.abar
    assert float(left[-1]) < 1e-6 and 0.3 < float(left[1]) < 0.7


def test_each_network_learns_from_its_own_loss_alone():
    made = network()
    batch = rows(made.canvas).batch()
    made.discriminator_loss(batch, NOW).backward()
    assert all(p.grad is None for p in made.generator.parameters())
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in made.discriminator.parameters())
    made.discriminator.zero_grad(set_to_none=True)
    made.generator_loss(batch, NOW).backward()
    assert all(p.grad is None for p in made.discriminator.parameters())
    assert bool(made.generator.network.leave.weight.grad.any())


def test_long_slopes_cost_now_and_then():
    made = network(gamma=0.0)
    batch = rows(made.canvas).batch()

    def loss(gamma, moment):
        made.settings.gamma = gamma
        torch.manual_seed(3)
        return float(made.discriminator_loss(batch, moment).detach())

    assert loss(1.0, LATER) == loss(0.0, LATER)
    assert loss(1.0, NOW) > loss(0.0, NOW)


def test_slopes_can_be_learnt_from_in_half_precision():
    made = network()
    x, xt, t, labels = (
        torch.randn(4, 1, 8, 8),
        torch.randn(4, 1, 8, 8),
        torch.tensor([1, 2, 3, 4]),
        torch.zeros(4).long(),
    )
    with halved(torch.device("cpu"), True):
        found = squared_slopes(lambda x: made.discriminator(x, xt, t, labels), x)
    found.sum().backward()
    assert found.shape == (4,) and bool((found > 0).all())
    assert float(made.discriminator.enter.weight.grad.abs().sum()) > 0


@pytest.mark.parametrize("size", [(1, 8, 8), (3, 28, 28), (1, 9, 31), (3, 64, 33)])
def test_both_networks_take_any_shape(size):
    made = network(Canvas(*size, 2))
    x, t, labels = torch.randn(3, *size), torch.tensor([1, 4, 2]), torch.tensor([0, 1, 1])
    assert made.discriminator(x, x, t, labels).shape == (3,)
    drawn = made.draw(labels)
    assert drawn.shape == x.shape and float(drawn.detach().abs().max()) <= 1


def test_what_the_discriminator_judges_is_the_step_its_number_and_its_label():
    made = network()
    x, xt, t, labels = torch.randn(4, 1, 8, 8), torch.randn(4, 1, 8, 8), torch.full((4,), 2), torch.zeros(4).long()
    usual = made.discriminator(x, xt, t, labels)
    for other in ((xt, x, t, labels), (x, xt, t + 1, labels), (x, xt, t, labels + 1)):
        assert not torch.allclose(made.discriminator(*other), usual)


def test_variety_is_the_spread_within_groups():
    alike = torch.randn(1, 3, 2, 2).repeat(8, 1, 1, 1)
    assert float(variety(alike).max()) < 1e-3
    mixed = torch.cat([alike[:4], torch.tensor([-1.0, 1, -1, 1]).view(4, 1, 1, 1).expand(4, 3, 2, 2)])
    found = variety(mixed)
    assert found.shape == (8, 1, 2, 2)
    assert float(found[:4].max()) < 1e-3 and torch.allclose(found[4:], torch.tensor(1.0), atol=1e-3)
    assert variety(torch.randn(3, 2, 4, 4)).shape == (3, 1, 4, 4), "fewer than a group are one"


@torch.no_grad()
def test_the_score_of_the_exact_law_is_next_to_nothing():
    made = network(Canvas(1, 8, 8, 1))
    one = torch.ones(1, 8, 8)
    one[:, :4] = -1
    grey = np.where(np.random.default_rng(0).random(400)[:, None, None, None] < 0.5, 1, -1) * one.numpy()
    held = Pixels.laid(((grey + 1) * 127.5).astype(np.uint8).transpose(0, 2, 3, 1), np.zeros(400), torch.device("cpu"))
    before = made.score(held)
    made.generator = Exact(made.chain, torch.stack([one, -one]), [[0.5, 0.5]])
    assert 0 <= made.score(held) < 0.02 * before


@pytest.mark.parametrize(
    "wrong", [{"T": 0}, {"rho": 0.0}, {"latent": 0}, {"depth": 1.5}, {"energy": -1.0}, {"gamma": float("inf")}]
)
def test_impossible_parameters_are_refused(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        ImageDDGAN(**wrong).check()


@pytest.fixture(scope="module")
def learnt():
    return ImageDDGAN(steps=200, width=16, latent=16, batch=64, rate=2e-3).fit(digits().table(), rng=Rng(0))


def test_small_digits_are_learnt_within_seconds(learnt):
    real, drawn = digits(), ImageSet.of(learnt.sample(500, rng=Rng(1)))
    flat = [one.pixels.reshape(len(one), -1) / 255 for one in (real, drawn)]
    known = LogisticRegression(max_iter=300).fit(flat[0], real.labels).score(flat[1], drawn.labels)
    assert learnt.history_.scores[-1] < learnt.history_.scores[0]
    assert known > 0.6
    assert np.abs(flat[0].mean(0) - flat[1].mean(0)).mean() < 0.08


def test_pictures_of_a_label_differ(learnt):
    drawn = ImageSet.of(learnt.sample(300, rng=Rng(1)))
    mine = drawn.pixels[np.asarray(drawn.labels) == "3"] / 255.0
    real = digits().pixels[np.asarray(digits().labels) == "3"] / 255.0
    assert mine.std(0).mean() > 0.5 * real.std(0).mean()
