"""The autoencoder and the GAN of pictures: what their parts compute, and what they learn of the digits."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from fidelia.data.images.imageset import ImageSet  # noqa: E402
from fidelia.errors import UsageError  # noqa: E402
from fidelia.generate.deep.images.apart import apart, frechet, looked  # noqa: E402
from fidelia.generate.deep.images.family import ImageNetwork  # noqa: E402
from fidelia.generate.deep.images.gan import ImageAdversaries, ImageGAN, in_classes  # noqa: E402
from fidelia.generate.deep.images.pixels import Canvas, Pixels  # noqa: E402
from fidelia.generate.deep.images.vae import FEWEST, SHARPEST, ImageAutoencoder, ImageVAE  # noqa: E402
from fidelia.generate.deep.loop import Moment  # noqa: E402
from fidelia.rng import Rng  # noqa: E402
from fidelia.testing.pictures import digits  # noqa: E402

CPU = torch.device("cpu")
CANVAS = Canvas(1, 8, 8, 10)
START = Moment(0, 0.0)


def rows(n=200):
    images = digits(n)
    return Pixels.laid(images.pixels, np.array([int(label) for label in images.labels]), CPU)


def autoencoder(**changes):
    torch.manual_seed(0)
    return ImageAutoencoder(CANVAS, **{"width": 8, "latent": 4, "rate": 1e-3, "beta": 1.0, **changes})


def test_the_misfit_is_the_laplace_law_at_its_best_width():
    network, batch = autoencoder().requires_grad_(False), rows().batch()
    torch.manual_seed(1)
    misfit, divergence = network.terms(batch)
    torch.manual_seed(1)
    condition = network.classes(batch.tokens[:, 0])
    mean, spread = network.laws(CANVAS.pictures(batch), condition)
    made = network.decoder(mean + (spread / 2).exp() * torch.randn_like(mean), condition)
    width = (CANVAS.pictures(batch) - made).abs().mean()
    law = torch.distributions.Laplace(made, width)
    exact = -law.log_prob(CANVAS.pictures(batch)).sum((1, 2, 3)).mean()
    assert float(misfit) + CANVAS.size == pytest.approx(float(exact), rel=1e-4), "but for a constant, D"
    assert (divergence >= 0).all()


def test_pictures_that_are_known_exactly_do_not_cost_minus_infinity():
    network = autoencoder().requires_grad_(False)
    black = Pixels.laid(np.zeros((5, 8, 8, 1), np.uint8), np.zeros(5), CPU)
    torch.nn.init.zeros_(network.decoder.leave.conv.weight)
    torch.nn.init.constant_(network.decoder.leave.conv.bias, -1.0)
    misfit, _ = network.terms(black.batch())
    assert float(misfit) == pytest.approx(CANVAS.size * np.log(2 * SHARPEST), rel=1e-5)


def test_rare_classes_are_given_the_codes_of_all():
    network, every = autoencoder(), rows(400)
    rare = (every.tokens[:, 0] != 7) | (torch.arange(len(every)) < 60)
    kept = every.take(torch.arange(len(every))[rare])
    assert int((kept.tokens == 7).sum()) < FEWEST
    with torch.no_grad():
        network.settle(kept)
    assert int((network.priors[7].weights > 0).sum()) > 1, "of several hundred codes a mixture"
    assert torch.isfinite(network.priors[7].draw(100)).all()


def test_the_divergence_weighs_as_asked():
    low, high = (autoencoder(beta=beta).requires_grad_(False) for beta in (1.0, 9.0))
    batch = rows().batch()
    costs = []
    for network in (low, high):
        torch.manual_seed(2)
        costs.append(float(network.loss(batch, Moment(5, 1.0))))
    torch.manual_seed(2)
    divergence = low.terms(batch)[1].sum(1).mean()
    assert costs[1] - costs[0] == pytest.approx(8 * float(divergence) / CANVAS.size, rel=1e-3)


def adversaries(**changes):
    torch.manual_seed(0)
    settings = {"width": 8, "noise": 6, "slope": 0.0, "penalty": 1.0, "rounds": 2, "rate": 1e-3, **changes}
    return ImageAdversaries(CANVAS, **settings)


def test_the_critic_pays_for_its_slope():
    batch, losses = rows(64).batch(), {}
    for penalty in (0.0, 1.0, 3.0):
        network = adversaries(penalty=penalty)
        torch.manual_seed(3)
        losses[penalty] = network.critic_loss(batch, START).item()
    one, three = losses[1.0] - losses[0.0], losses[3.0] - losses[0.0]
    assert one > 0
    assert three == pytest.approx(3 * one, rel=1e-3)


def test_each_player_learns_alone():
    network, batch = adversaries(), rows(32).batch()
    network.critic_loss(batch, START).backward()
    assert all(p.grad is None for p in network.generator.parameters())
    network.zero_grad()
    network.generator_loss(batch, START).backward()
    assert all(p.grad is None for p in network.critic.parameters())
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in network.generator.parameters())


def test_the_critic_judges_a_group_of_pictures_in_its_class():
    network, batch = adversaries(), rows(12).batch()
    pictures, labels = CANVAS.pictures(batch), batch.tokens[:, 0]
    with torch.no_grad():
        values = network.critic(pictures, labels)
        assert torch.allclose(values[:4], network.critic(pictures[:4], labels[:4]), atol=1e-5)
        assert not torch.allclose(values, network.critic(pictures, (labels + 1) % 10))
        alike = network.critic(pictures[:1].expand(4, -1, -1, -1), labels[:1].expand(4))
        assert not torch.allclose(alike[0], values[0])


def test_neighbours_in_a_batch_are_of_one_class():
    batch = rows(40).batch()
    labels, pictures = in_classes(batch)
    assert (labels.diff() >= 0).all()
    for label in range(10):
        mine = batch.numbers[batch.tokens[:, 0] == label]
        assert torch.allclose(pictures[labels == label].sum(0), mine.sum(0), atol=1e-5)


class Shown(ImageNetwork):
    """Draws what it was given, by label."""

    def __init__(self, images, labels):
        super().__init__()
        self.canvas, self.images, self.labels = CANVAS, images, labels
        self.at = {}

    def draw(self, labels):
        found = []
        for label in labels.tolist():
            mine = torch.nonzero(self.labels == label)[:, 0]
            self.at[label] = self.at.get(label, -1) + 1
            found.append(self.images[mine[self.at[label] % len(mine)]])
        return torch.stack(found)


def test_the_distance_knows_noise_blur_and_wrong_labels_from_fresh_digits():
    every = rows(1_000)
    unseen, other = every.take(torch.arange(400)), every.take(torch.arange(400, 1_000))
    batch = other.batch()
    images, labels = CANVAS.pictures(batch), batch.tokens[:, 0]
    blurred = torch.nn.functional.avg_pool2d(images, 3, 1, 1)
    fresh = apart(Shown(images, labels), unseen)
    worse = {
        "blur": Shown(blurred, labels),
        "noise": Shown(images + 0.5 * torch.randn(images.shape, generator=torch.Generator().manual_seed(0)), labels),
        "wrong labels": Shown(images, (labels + 1) % 10),
        "one picture a class": Shown(images[:40], labels[:40]),
    }
    far = {name: apart(network, unseen) / fresh for name, network in worse.items()}
    assert min(far.values()) > 1.5, far


def test_the_distance_of_two_normal_laws_is_known():
    draw = torch.Generator().manual_seed(0)
    a = torch.randn(20_000, 3, generator=draw)
    b = 2 * torch.randn(20_000, 3, generator=draw) + 1
    assert frechet(a, b) == pytest.approx(3 + 3, rel=0.05), "|m|^2 = 3, and (2 - 1)^2 for each of three"
    assert frechet(a, a) == pytest.approx(0, abs=1e-6)


def test_what_is_looked_at_is_always_the_same():
    pictures = torch.rand(3, 1, 28, 28)
    assert torch.equal(looked(pictures), looked(pictures))
    assert looked(pictures[:, :, :8, :9]).shape == (3, 48)


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (ImageVAE, "latent", 0), (ImageVAE, "beta", 0.0), (ImageVAE, "beta", 101), (ImageGAN, "noise", 1.5),
        (ImageGAN, "slope", -1.0), (ImageGAN, "penalty", 2_000), (ImageGAN, "steps", 0), (ImageVAE, "rate", 1.0),
    ],
)  # fmt: skip
def test_impossible_parameters_are_refused(kind, name, value):
    with pytest.raises(UsageError, match=name):
        kind(**{name: value}).fit(digits(20).table(), rng=Rng(0))


def told_right(images, tested):
    """The share of digits that their nearest drawn neighbour's label is right for."""
    from sklearn.neighbors import KNeighborsClassifier

    learnt = KNeighborsClassifier(3).fit(images.pixels.reshape(len(images), -1), images.labels)
    return learnt.score(tested.pixels.reshape(len(tested), -1), tested.labels)


def test_an_autoencoder_draws_digits_of_their_class():
    every = digits(1_200)
    model = ImageVAE(steps=250, width=16, batch=64, latent=12, rate=2e-3).fit(
        every.take(np.arange(1_000)).table(), rng=Rng(0)
    )
    drawn = ImageSet.of(model.sample(600, rng=Rng(1)))
    assert told_right(drawn, every.take(np.arange(1_000, 1_200))) > 0.75


@pytest.mark.slow
def test_a_gan_draws_digits_of_their_class():
    every = digits(1_200)
    model = ImageGAN(steps=1_500, width=16).fit(every.take(np.arange(1_000)).table(), rng=Rng(0))
    drawn = ImageSet.of(model.sample(600, rng=Rng(1)))
    assert told_right(drawn, every.take(np.arange(1_000, 1_200))) > 0.75
    assert len(np.unique(drawn.pixels.reshape(600, -1), axis=0)) == 600
