"""Latent diffusion: codes as laws, two trainings of one fit, and what small sets teach."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from sklearn.datasets import load_digits  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from stopped import Stopped  # noqa: E402

from fidelia.data.images.imageset import ImageSet  # noqa: E402
from fidelia.errors import UsageError  # noqa: E402
from fidelia.generate.deep.images.latent import Codes, LatentDiffusion, LatentNetwork  # noqa: E402
from fidelia.generate.deep.images.pixels import Canvas, Pixels  # noqa: E402
from fidelia.generate.effort import Effort  # noqa: E402
from fidelia.rng import Rng  # noqa: E402

SMALL = {"steps": 20, "width": 8, "latent": 4, "depth": 1, "draws": 4, "batch": 32}


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def digits(n=None):
    found = load_digits()
    pixels = (found.images * (255 / 16)).round().astype(np.uint8)[:n, ..., None]
    return ImageSet(pixels, tuple(map(str, found.target[:n])))


def fit(**more):
    return LatentDiffusion(**SMALL).fit(digits(200).table(), rng=Rng(0), **more)


def state(model):
    return {name: array.tobytes() for name, array in model.state().arrays.items()}


def test_codes_are_drawn_anew_from_their_laws():
    means, spreads = torch.tensor([[1.0, -2.0]]), torch.tensor([[0.0, -2.0]])
    n = 20_000
    codes = Codes(torch.zeros(n, 1).long(), means.repeat(n, 1), spreads.repeat(n, 1), torch.ones(n, 1).bool())
    batch = codes.take(torch.arange(n)).batch()
    assert torch.allclose(batch.numbers.mean(0), means[0], atol=0.03)
    assert torch.allclose(batch.numbers.var(0), spreads[0].exp(), rtol=0.05)
    assert not torch.equal(codes.batch(torch.arange(3)).numbers, codes.batch(torch.arange(3)).numbers)
    assert len(codes.batch(torch.tensor([5, 6]))) == 2


def test_pictures_are_encoded_as_the_autoencoder_says():
    network = LatentNetwork(Canvas(1, 8, 8, 10), LatentDiffusion(**SMALL)).eval()
    images = digits(30)
    rows = Pixels.laid(images.pixels, np.arange(30) % 10, torch.device("cpu"))
    codes = network.encoded(rows)
    batch = rows.batch()
    means, spreads = network.laws(network.canvas.pictures(batch), network.classes(batch.tokens[:, 0]))
    assert torch.allclose(codes.begin, means, atol=1e-5) and torch.allclose(codes.end, spreads, atol=1e-5)
    assert torch.equal(codes.tokens, rows.tokens)


@pytest.mark.parametrize(("stage", "at"), [("image-latent", 17), ("codes", 0), ("codes", 23)])
def test_interrupted_in_either_training_a_fit_ends_the_same(tmp_path, stage, at):
    place = tmp_path / "c.pt"
    with pytest.raises(KeyboardInterrupt):
        fit(progress=Stopped(stage, at), effort=Effort(checkpoint=place))
    assert place.exists()
    progress = Stopped()
    model = fit(progress=progress, effort=Effort(checkpoint=place))
    assert not place.exists() and state(model) == state(fit())
    assert progress.begun["train image-latent"] == (17 if stage == "image-latent" else SMALL["steps"])
    assert progress.begun["train image-latent's codes"] == (at if stage == "codes" else 0)


def test_a_time_limit_ends_both_trainings_and_is_told():
    model = LatentDiffusion(**{**SMALL, "steps": 100_000}).fit(
        digits(200).table(), rng=Rng(0), effort=Effort(seconds=1.5)
    )
    assert model.history_.stopped == model.emerged_.stopped == "time"
    assert len(model.notes) == 2 and "codes" in model.notes[1]
    assert len(model.sample(5, rng=Rng(0))) == 5


def test_a_saved_model_draws_the_same_pictures():
    model = fit()
    again = LatentDiffusion.restore(model.state())
    one, other = (ImageSet.of(made.sample(20, rng=Rng(1))) for made in (model, again))
    assert np.array_equal(one.pixels, other.pixels) and again.notes == ()


@pytest.mark.parametrize("wrong", [{"depth": 0}, {"draws": 0}, {"draws": 2.5}, {"beta": 0.0}, {"latent": 0}])
def test_impossible_parameters_are_refused(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        LatentDiffusion(**wrong).check()


def test_small_digits_are_learnt_within_seconds():
    settings = {"steps": 80, "width": 16, "latent": 12, "depth": 2, "batch": 64, "rate": 3e-3}
    model = LatentDiffusion(**settings).fit(digits().table(), rng=Rng(0))
    assert model.emerged_.scores[-1] < model.emerged_.scores[0]
    real, drawn = digits(), ImageSet.of(model.sample(500, rng=Rng(1)))
    flat = [one.pixels.reshape(len(one), -1) / 255 for one in (real, drawn)]
    known = LogisticRegression(max_iter=300).fit(flat[0], real.labels).score(flat[1], drawn.labels)
    assert known > 0.7 and np.abs(flat[0].mean(0) - flat[1].mean(0)).mean() < 0.06
