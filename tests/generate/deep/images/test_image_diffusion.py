"""Diffusion of pictures: the flow against laws known exactly, the shapes of the U-Net, and what small sets teach."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from sklearn.datasets import load_digits  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402

from fidelia.data.images.imageset import ImageSet  # noqa: E402
from fidelia.errors import UsageError  # noqa: E402
from fidelia.generate.deep.diffusion.noise import enter, out, skip  # noqa: E402
from fidelia.generate.deep.images.diffusion import (  # noqa: E402
    BREADTH,
    CENTRE,
    GIVEN,
    HIGH,
    LOW,
    RHO,
    Flow,
    ImageDiffusion,
    looked,
    noise_levels,
    picture_batch,
    training_levels,
)
from fidelia.generate.deep.images.pixels import Canvas, Pixels  # noqa: E402
from fidelia.generate.deep.images.unet import UNet, patch  # noqa: E402
from fidelia.generate.deep.loop import Moment  # noqa: E402
from fidelia.rng import Rng  # noqa: E402

NOW = Moment(0, 0.0)


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


class Nothing(torch.nn.Module):
    """F of standard normal points."""

    def forward(self, x, condition):
        assert condition.shape[1] == GIVEN
        return torch.zeros_like(x)


class Constants(Flow):
    """The exact flow of a law with one of a few pictures, (k, *shape), whose shares (classes, k) the label says."""

    def __init__(self, pictures, shares):
        super().__init__(Nothing(), len(shares), (1,) * (pictures.dim() - 1))
        self.pictures, self.shares, self.asked = pictures, torch.tensor(shares), 0

    def away(self, x, sigma, labels):
        self.asked += 1
        far = (x[:, None] - self.pictures).flatten(2).square().sum(2)
        weights = (self.shares[labels].log() - far / (2 * sigma.flatten()[:, None] ** 2)).softmax(1)
        clean = torch.einsum("nk,k...->n...", weights, self.pictures)
        return (clean - skip(sigma) * x) / out(sigma)


def digits():
    found = load_digits()
    pixels = (found.images * (255 / 16)).round().astype(np.uint8)[..., None]
    return ImageSet(pixels, tuple(map(str, found.target)))


def flat(images):
    return images.pixels.reshape(len(images), -1) / 255


def knows_labels(real, drawn):
    """The share of drawn pictures whose label a model of real ones tells."""
    model = LogisticRegression(max_iter=300).fit(flat(real), real.labels)
    return model.score(flat(drawn), drawn.labels)


def gap(real, drawn):
    """The energy distance of drawn pictures over that of pictures whose pixels are drawn independently."""
    from scipy.spatial.distance import cdist

    def energy(one):
        other = flat(real)
        return 2 * cdist(one, other).mean() - cdist(one, one).mean() - cdist(other, other).mean()

    mixed = np.random.default_rng(0).permuted(flat(real), axis=0)
    return energy(flat(drawn)) / energy(mixed)


def test_noise_falls_evenly_in_its_root():
    levels = noise_levels(8, torch.device("cpu"))
    assert levels[0] == pytest.approx(HIGH, rel=1e-5) and levels[-1] == pytest.approx(LOW, rel=1e-4)
    steps = (levels.double() ** (1 / RHO)).diff()
    assert torch.allclose(steps, steps.mean().expand(8), rtol=1e-4) and bool((steps < 0).all())


def test_training_noise_is_log_normal_and_stratified():
    logs = training_levels(20_000, torch.device("cpu")).log()
    assert float(logs.mean()) == pytest.approx(CENTRE, abs=0.005)
    assert float(logs.std()) == pytest.approx(BREADTH, abs=0.01)
    few = training_levels(4, torch.device("cpu")).log()
    assert sorted((torch.special.ndtr((few - CENTRE) / BREADTH) * 4).long().tolist()) == [0, 1, 2, 3]


@pytest.mark.parametrize(("shape", "scale"), [((2, 3, 3), (2, 1, 1)), ((5,), (5,))])
def test_with_nothing_to_add_points_have_the_measured_mean_and_spread(shape, scale):
    law = Flow(Nothing(), 3, scale)
    means = torch.tensor([1.0, -2.0, 0.0, 3.0, 5.0])[: scale[0]].view(scale)
    law.measure(means + 0.5 * torch.randn(4_000, *shape))
    assert torch.allclose(law.mean, means, atol=0.03) and torch.allclose(law.spread, torch.tensor(0.5), atol=0.02)
    drawn = law.draw(torch.zeros(4_000, dtype=torch.long), shape, 3)
    assert drawn.shape == (4_000, *shape)
    assert torch.allclose(drawn.mean(0), means.expand(shape), atol=0.05)
    assert torch.allclose(drawn.std(0), torch.tensor(0.5), atol=0.03)


def test_errors_of_a_network_that_adds_nothing_have_unit_size():
    law = Flow(Nothing(), 1, (1,))
    errors = law.errors(torch.randn(20_000, 6), torch.zeros(20_000, dtype=torch.long))
    assert errors.shape == (20_000, 6) and float(errors.mean()) == pytest.approx(1, abs=0.02)


def test_one_of_two_pictures_is_drawn_by_the_shares_of_the_label():
    one = torch.ones(1, 4, 4)
    one[:, :2] = -1
    law = Constants(torch.stack([one, -one]), [[0.5, 0.5], [0.9, 0.1], [0.2, 0.8]])
    labels = torch.arange(3).repeat(1_500)
    drawn = law.draw(labels, (1, 4, 4), 12)
    assert law.asked == 2 * 12 + 1
    away = (drawn[:, None] - law.pictures).flatten(2).abs().amax(2)
    assert float(away.amin(1).amax()) < 0.01, "each picture is one of the two"
    for label, share in enumerate((0.5, 0.9, 0.2)):
        assert float((away.argmin(1) == 0)[labels == label].float().mean()) == pytest.approx(share, abs=0.04)


def test_the_network_sees_noise_at_unit_size():
    seen = []

    class Watched(Nothing):
        def forward(self, x, condition):
            seen.append(x)
            return super().forward(x, condition)

    Flow(Watched(), 1, (1,)).errors(torch.randn(5_000, 4), torch.zeros(5_000, dtype=torch.long))
    assert float(seen[0].std()) == pytest.approx(1, abs=0.02)
    assert float(enter(torch.tensor(3.0))) == pytest.approx(1 / math.sqrt(10))


@pytest.mark.parametrize("size", [(1, 8, 8), (3, 28, 28), (1, 9, 31), (3, 64, 33), (1, 32, 32), (1, 27, 27)])
def test_the_network_keeps_any_shape_and_starts_at_nothing(size):
    net = UNet(Canvas(*size), width=8, depth=1, given=GIVEN)
    x = torch.randn(3, *size)
    assert net(x, torch.randn(3, GIVEN)).shape == x.shape and not net(x, torch.randn(1, GIVEN)).any()
    torch.nn.init.normal_(net.leave.weight)
    for block in net.middle:
        torch.nn.init.normal_(block.adapt.weight)
        torch.nn.init.normal_(block.outer.weight)
    assert not torch.allclose(net(x, torch.randn(3, GIVEN)), net(x, torch.randn(3, GIVEN)), atol=1e-3)


def test_the_grid_has_about_14_pixels_a_side():
    for side, wanted in ((8, 1), (16, 1), (20, 2), (28, 2), (32, 2), (64, 4)):
        assert patch(Canvas(1, side, side)) == wanted and 8 <= side / wanted <= 20


def test_batches_grow_with_the_pictures():
    assert [picture_batch(n) for n in (1, 1_000, 2_100, 10_000)] == [16, 16, 64, 128]


def test_the_score_compares_and_weighs_every_picture_alike():
    images = digits()
    rows = Pixels.laid(images.pixels[:301], np.zeros(301, np.int64), torch.device("cpu"))
    seen = []

    def count(batch):
        seen.append(len(batch))
        return batch.numbers.mean()

    found = looked(rows, count, looks=650)
    assert sum(seen) == 602 and max(seen) <= 250
    assert found == pytest.approx(float(rows.batch().numbers.mean()), abs=1e-5)


@pytest.mark.parametrize("wrong", [{"depth": 0}, {"draws": 0}, {"draws": 2.5}, {"steps": 0}, {"rate": 1.5}])
def test_impossible_parameters_are_refused(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        ImageDiffusion(**wrong).check()


@pytest.fixture(scope="module")
def learnt():
    return ImageDiffusion(steps=160, width=16, depth=1, draws=16, batch=96, rate=4e-3).fit(digits().table(), rng=Rng(0))


def test_small_digits_are_learnt_within_seconds(learnt):
    scores = learnt.history_.scores
    assert scores[-1] < 0.8 * scores[0] < 0.8
    drawn = ImageSet.of(learnt.sample(600, rng=Rng(1)))
    assert gap(digits(), drawn) < 0.7
    assert knows_labels(digits(), drawn) > 0.75


def test_pictures_are_measured_before_they_are_learnt(learnt):
    flow, pixels = learnt.network_.flow, digits().pixels / 127.5 - 1
    assert float(flow.mean) == pytest.approx(pixels.mean(), abs=0.01)
    assert float(flow.spread) == pytest.approx(pixels.std(), abs=0.01)
