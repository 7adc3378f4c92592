"""Diffusion of pictures: a U-Net takes noise away, in a few large steps of a deterministic flow.

It is the diffusion of `fidelia.generate.deep.diffusion` for numbers, EDM (Karras et al. 2022), on pictures as a whole:
pictures are brought to mean 0 and variance 1, ``x = x0 + sigma eps`` is denoised as ``D = c_skip x + c_out F``, and the
loss is the mean square of F's error over a log-normal law of sigma (their eq. 8 and table 1). The sampler is Heun's
method in the angle of the noise, see `fidelia.generate.deep.diffusion.reverse`.

References
----------
Karras, Aittala, Aila and Laine (2022), "Elucidating the design space of diffusion-based generative models", NeurIPS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from fidelia.generate.deep.batch import Batch, Rows
from fidelia.generate.deep.diffusion.model import in_half
from fidelia.generate.deep.diffusion.noise import enter, out, skip, stratified
from fidelia.generate.deep.diffusion.reverse import turned
from fidelia.generate.deep.images.family import ImageFamily, ImageNetwork
from fidelia.generate.deep.images.pixels import Canvas
from fidelia.generate.deep.images.unet import UNet
from fidelia.generate.deep.loop import Course, Moment, Move, halved
from fidelia.generate.deep.nets import Waves

GIVEN = 128
"""Width of the condition: noise and label."""
CENTRE, BREADTH = -0.4, 1.2
"""Mean and standard deviation of ln sigma in training, for data of variance 1 (Karras et al.: -0.5, 1.2)."""
LOW, HIGH, RHO = 0.03, 80.0, 4.0
"""Noise between which is sampled, and how its levels are spaced. The mean of digits is far from that of their pixels:
begun at 20 and not at 80, even an exact flow draws them at an energy distance of 0.29 and not 0.01."""
LOOKS = 2_000
"""About how many pictures a validation sees, the same ones several times when there are few."""
MEASURED = 4_096
"""Pictures of which mean and variance are taken."""


class Flow(nn.Module):
    """Points of any shape that emerge from noise, each under its label.

    Parameters
    ----------
    network : module
        ``(x (n, *shape), condition (n, GIVEN)) -> (n, *shape)``: F, of points whose variance is brought to 1.
    classes : int
        Labels.
    scale : tuple of int
        Shape of the mean and of the standard deviation that points are freed of, against which ``(n, *shape)``
        broadcasts.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, network: nn.Module, classes: int, scale: tuple[int, ...]) -> None:
        super().__init__()
        self.network = network
        self.noise = Waves(GIVEN)
        self.labels = nn.Embedding(classes, GIVEN)
        self.register_buffer("mean", torch.zeros(scale))
        self.register_buffer("spread", torch.ones(scale))

    def measure(self, points: Tensor) -> None:
        """Take mean and standard deviation from points (n, *shape), over all that the scale has one value for."""
        axes = [0, *(1 + i for i, size in enumerate(self.mean.shape) if size == 1)]
        self.mean.copy_(points.mean(axes, keepdim=True)[0])
        self.spread.copy_(points.std(axes, correction=0, keepdim=True)[0].clamp(min=1e-3))

    def away(self, x: Tensor, sigma: Tensor, labels: Tensor) -> Tensor:
        """Return F of noisy points; sigma is (n, 1, ...) or (1, 1, ...), the labels are (n,)."""
        condition = F.silu(self.noise(sigma.flatten().log() / 4) + self.labels(labels))
        return self.network(enter(sigma) * x, condition).float()

    def errors(self, points: Tensor, labels: Tensor) -> Tensor:
        """Return the squared errors of F, (n, *shape), at stratified levels of noise."""
        x0 = (points - self.mean) / self.spread
        sigma = training_levels(len(x0), x0.device).view(-1, *[1] * (x0.dim() - 1))
        x = x0 + sigma * torch.randn_like(x0)
        return (self.away(x, sigma, labels) - (x0 - skip(sigma) * x) / out(sigma)).square()

    def draw(self, labels: Tensor, shape: tuple[int, ...], steps: int) -> Tensor:
        """Draw a point for each label, (n, *shape), in so many steps of two evaluations each, and one at the end."""
        levels = noise_levels(steps, labels.device).view(-1, 1, *[1] * len(shape))
        x = torch.randn(len(labels), *shape, device=labels.device) * (1 + HIGH**2) ** 0.5
        for begin, end in pairwise(levels):
            x = turned(x, begin, end, *(partial(self.away, sigma=sigma, labels=labels) for sigma in (begin, end)))
        last = levels[-1]
        x = skip(last) * x + out(last) * self.away(x, last, labels)
        return x * self.spread + self.mean


def noise_levels(steps: int, device: torch.device) -> Tensor:
    """Return falling standard deviations of the noise, (steps + 1,): Karras et al., eq. 5."""
    t = torch.linspace(0, 1, steps + 1, device=device)
    high, low = HIGH ** (1 / RHO), LOW ** (1 / RHO)
    return (high + t * (low - high)) ** RHO


def training_levels(n: int, device: torch.device) -> Tensor:
    """Draw levels of noise for training, (n,), one from each of n equally likely parts."""
    normal = torch.special.ndtri(stratified(n, device).clamp(1e-4, 1 - 1e-4))
    return (CENTRE + BREADTH * normal).exp()


class PictureFlow(ImageNetwork):
    """The flow of pictures.

    Parameters
    ----------
    canvas : Canvas
    settings : ImageDiffusion
    """

    def __init__(self, canvas: Canvas, settings: ImageDiffusion) -> None:
        super().__init__()
        self.canvas, self.settings = canvas, settings
        network = UNet(canvas, width=settings.width, depth=settings.depth, given=GIVEN)
        self.flow = Flow(network, canvas.classes, (canvas.channels, 1, 1))

    def moves(self) -> dict[str, Move]:
        """Return the one update."""
        return {"noise": Move(self, self.loss, rate=self.settings.rate)}

    def loss(self, batch: Batch, moment: Moment) -> Tensor:  # noqa: ARG002 - the same throughout
        """Return the mean squared error of F."""
        return self.flow.errors(self.canvas.pictures(batch), batch.tokens[:, 0]).mean()

    def score(self, rows: Rows) -> float:
        """Return the mean squared error of F on validation pictures, each at several levels of noise."""
        return looked(rows, lambda batch: self.loss(batch, Moment(0, 0.0)))

    def draw(self, labels: Tensor) -> Tensor:
        """Draw a picture for each label."""
        with halved(labels.device, in_half()):
            return self.flow.draw(labels, self.canvas.shape, self.settings.draws)


def looked(rows: Rows, loss: Callable[[Batch], Tensor], looks: int = LOOKS) -> float:
    """Return the mean of a loss over rows, each seen so often that about `looks` are, in batches of bounded size."""
    order = torch.arange(len(rows)).repeat(max(looks // len(rows), 1))
    return sum(float(loss(rows.batch(part))) * len(part) for part in order.split(250)) / len(order)


@dataclass(slots=True, eq=False, kw_only=True)
class ImageDiffusion(ImageFamily):
    """A diffusion model of pictures.

    Parameters
    ----------
    width : int
        Channels of the U-Net on its grid; half of the grid has twice as many.
    depth : int
        Blocks on the grid before and again after half of it, which has twice as many.
    draws : int
        Steps of the sampler; each evaluates the network twice.
    """

    NAME: ClassVar[str] = "image-diffusion"

    steps: int = 5_000
    rate: float = 2e-3
    depth: int = 2
    draws: int = 16

    def network(self, canvas: Canvas) -> ImageNetwork:
        """Return the flow."""
        return PictureFlow(canvas, self)

    def course(self, n: int) -> Course:
        """Return how it is trained."""
        return Course(
            steps=self.steps, batch=self.batch or picture_batch(n), checks=20, patience=5, held=0.05,
            half=in_half(),
        )  # fmt: skip

    def prepare(self, network: ImageNetwork, rows: Rows) -> None:
        """Measure the pictures."""
        assert isinstance(network, PictureFlow)
        some = rows.batch(torch.randperm(len(rows))[:MEASURED])
        network.flow.measure(network.canvas.pictures(some))

    def check(self) -> None:
        """Refuse parameters that cannot be."""
        super(ImageDiffusion, self).check()
        self.whole("depth", "draws")


def picture_batch(n: int) -> int:
    """Return the power of two at or below n / 32, within 16 and 128."""
    return int(2 ** np.clip(np.floor(np.log2(max(n, 1) / 32)), 4, 7))
