"""DDGAN for pictures: from noise to a picture in four steps, each of them drawn by an adversarial network.

It is the chain of `fidelia.generate.deep.ddgan` on pictures: a generator draws a clean picture
``x_0' = G(x_t, t, z, label)``, the known posterior ``q(x_{t-1} | x_t, x_0')`` takes it back to step t - 1, and a
discriminator compares that step with one of real pictures. The losses are those of the tables as well:

- of the discriminator: ``softplus(-D(x_{t-1}, x_t, t)) + softplus(D(x'_{t-1}, x_t, t))``, with R1 on the real part;
- of the generator: ``softplus(-D(x'_{t-1}, x_t, t))``, and the energy score of two draws for the same ``x_t``, which
  finds the coarse law within a few hundred steps and does not fight variety as a squared error would.

The generator is the U-Net of the diffusion, with the code z in its condition. The discriminator sees the two
steps as channels, folded as the U-Net folds them; label and step enter by scales and shifts within and by a projection
at its end (Miyato and Koyama 2018). A channel there says how much a group of pictures varies (Karras et al. 2018).

References
----------
Xiao, Kreis and Vahdat (2022), "Tackling the generative learning trilemma with denoising diffusion GANs", ICLR.
Mescheder, Geiger and Nowozin (2018), "Which training methods for GANs do actually converge?", ICML, eq. 9.
Miyato and Koyama (2018), "cGANs with projection discriminator", ICLR.
Karras, Aila, Laine and Lehtinen (2018), "Progressive growing of GANs", ICLR, section 3.
De Bortoli et al. (2025), "Distributional diffusion models with scoring rules", ICML.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from fidelia.errors import UsageError
from fidelia.generate.deep.batch import Batch, Rows
from fidelia.generate.deep.ddgan.chain import Chain
from fidelia.generate.deep.ddgan.duel import both, energy_score, telling
from fidelia.generate.deep.diffusion.model import in_half
from fidelia.generate.deep.images.apart import apart
from fidelia.generate.deep.images.diffusion import picture_batch
from fidelia.generate.deep.images.family import ImageFamily, ImageNetwork
from fidelia.generate.deep.images.nets import padded, variety
from fidelia.generate.deep.images.pixels import Canvas
from fidelia.generate.deep.images.unet import UNet, patch
from fidelia.generate.deep.loop import Course, Moment, Move, halved

GIVEN = 128
"""Width of the condition: step, label and code."""
SLOPE = 0.2
"""Of the leaky rectifier for negative values."""
LARGEST = 64
"""Most pictures of a batch, unless it is set: GANs need many steps more than large ones."""


class Generator(nn.Module):
    """Draws a clean picture given a noisy one.

    Notes
    -----
    ``forward(xt (n, c, h, w), t (n,), labels (n,)) -> (n, c, h, w)`` in -1..1.
    """

    def __init__(self, canvas: Canvas, settings: ImageDDGAN) -> None:
        super().__init__()
        self.latent = settings.latent
        self.steps = nn.Embedding(settings.T + 1, GIVEN)
        self.labels = nn.Embedding(canvas.classes, GIVEN)
        self.code = nn.Sequential(
            nn.Linear(settings.latent, GIVEN), nn.SiLU(), nn.Linear(GIVEN, GIVEN), nn.SiLU(), nn.Linear(GIVEN, GIVEN)
        )
        self.network = UNet(canvas, width=settings.width, depth=settings.depth, given=GIVEN)

    def forward(self, xt: Tensor, t: Tensor, labels: Tensor) -> Tensor:
        """Draw ``x_0'``."""
        code = self.code(torch.randn(len(xt), self.latent, device=xt.device))
        condition = F.silu(self.steps(t) + self.labels(labels) + code)
        return torch.tanh(self.network(xt, condition))


class Halving(nn.Module):
    """Two convolutions, the second to half the grid, beside an average; a condition scales and shifts between them.

    Notes
    -----
    ``forward(x (n, inputs, h, w), condition (n, GIVEN)) -> (n, outputs, ceil(h / 2), ceil(w / 2))``.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.inner = nn.Conv2d(inputs, inputs, 3, padding=1)
        self.adapt = nn.Linear(GIVEN, 2 * inputs)
        self.outer = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1)
        self.past = nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Return the layer's output."""
        scale, shift = self.adapt(condition)[:, :, None, None].chunk(2, dim=1)
        inside = self.inner(F.leaky_relu(x, SLOPE)) * (1 + scale) + shift
        outside = self.outer(F.leaky_relu(inside, SLOPE))
        past = self.past(F.avg_pool2d(x, 2, ceil_mode=True, count_include_pad=False))
        return (outside + past) / 2**0.5


class Discriminator(nn.Module):
    """Log odds that a step back is one of real pictures.

    Notes
    -----
    ``forward(before (n, c, h, w), xt (n, c, h, w), t (n,), labels (n,)) -> (n,)``.
    """

    def __init__(self, canvas: Canvas, settings: ImageDDGAN) -> None:
        super().__init__()
        self.patch, width = patch(canvas), settings.width
        self.steps = nn.Embedding(settings.T + 1, GIVEN)
        self.labels = nn.Embedding(canvas.classes, GIVEN)
        self.enter = nn.Conv2d(2 * canvas.channels * self.patch**2, width, 3, padding=1)
        self.layers = nn.ModuleList([Halving(width, 2 * width), Halving(2 * width, 4 * width)])
        self.last = nn.Conv2d(4 * width + 1, 4 * width, 3, padding=1)
        self.leave = nn.Linear(4 * width, 1)
        self.project = nn.Linear(GIVEN, 4 * width)

    def forward(self, before: Tensor, xt: Tensor, t: Tensor, labels: Tensor) -> Tensor:
        """Return log odds that ``before`` is real."""
        condition = self.steps(t) + self.labels(labels)
        hidden = self.enter(F.pixel_unshuffle(padded(torch.cat([before, xt], 1), self.patch), self.patch))
        for layer in self.layers:
            hidden = layer(hidden, condition)
        hidden = F.leaky_relu(self.last(torch.cat([hidden, variety(hidden)], 1)), SLOPE).mean((2, 3))
        projected = (self.project(condition) * hidden).sum(1) / hidden.shape[1] ** 0.5
        return (self.leave(hidden)[:, 0] + projected).float()


class DenoisingImageGAN(ImageNetwork):
    """Generator and discriminator of the steps of a chain."""

    share: Tensor

    def __init__(self, canvas: Canvas, settings: ImageDDGAN) -> None:
        super().__init__()
        self.canvas, self.settings = canvas, settings
        self.chain = Chain(settings.T, settings.rho)
        self.generator = Generator(canvas, settings)
        self.discriminator = Discriminator(canvas, settings)

    def moves(self) -> dict[str, Move]:
        """Return the two updates of a step."""
        return both(self, self.settings.rate)

    def discriminator_loss(self, batch: Batch, moment: Moment) -> Tensor:
        """Return the loss of telling real steps from drawn ones, now and then with R1 on the real ones."""
        self.discriminator.requires_grad_(True)
        labels, t = batch.tokens[:, 0], self._steps(len(batch))
        before, xt = (self._shaped(x) for x in self.chain.pair(batch.numbers, t))
        with torch.no_grad():
            made = self._back(self.generator(xt, t, labels), xt, t)
        judge: Callable[[Tensor], Tensor] = lambda x: self.discriminator(x, xt, t, labels)  # noqa: E731
        return telling(judge, before, made, self.settings.gamma, moment)

    def generator_loss(self, batch: Batch, moment: Moment) -> Tensor:  # noqa: ARG002 - the same all the time
        """Return the loss of steps known from real ones, and the energy score of two draws for each picture."""
        self.discriminator.requires_grad_(False)
        half = max(len(batch) // 2, 1)
        x0, labels = batch.numbers[:half], batch.tokens[:half, 0].repeat(2)
        t = self._steps(half)
        xt, t = self._shaped(self.chain.pair(x0, t)[1]).repeat(2, 1, 1, 1), t.repeat(2)
        made = self.generator(xt, t, labels)
        adversarial = F.softplus(-self.discriminator(self._back(made, xt, t), xt, t, labels)).mean()
        return adversarial + self.settings.energy * self._energy(made, x0, t[:half]).mean()

    def _energy(self, made: Tensor, x0: Tensor, t: Tensor) -> Tensor:
        """The energy score of two draws for each picture, (n,), in units of the noise in a pixel of ``x_t``."""
        one, other = made.flatten(1).chunk(2)
        return energy_score(one, other, x0) / (1 - self.chain.abar[t]).sqrt()

    def _steps(self, n: int) -> Tensor:
        return torch.randint(1, self.settings.T + 1, (n,), device=self.chain.abar.device)

    def _shaped(self, x: Tensor) -> Tensor:
        return x.view(-1, *self.canvas.shape)

    def _back(self, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return self._shaped(self.chain.back(x0.flatten(1), xt.flatten(1), t))

    def score(self, rows: Rows) -> float:
        """Return how far drawn pictures are from validation pictures."""
        return apart(self, rows)

    def draw(self, labels: Tensor) -> Tensor:
        """Draw a picture for each label step by step from noise."""
        x = torch.randn(len(labels), *self.canvas.shape, device=labels.device)
        with halved(labels.device, in_half()):
            for step in range(self.settings.T, 0, -1):
                t = torch.full_like(labels, step)
                x = self._back(self.generator(x, t, labels), x, t)
        return x


@dataclass(slots=True, eq=False, kw_only=True)
class ImageDDGAN(ImageFamily):
    """A denoising diffusion GAN of pictures.

    Parameters
    ----------
    width : int
        Channels of both networks on their grids.
    T : int
        Steps from data to noise and back.
    rho : float
        Exponent of the angles of the noise, see `fidelia.generate.deep.ddgan.chain`: pictures, whose pixels say much
        the same, need more noise than columns of a table.
    depth : int
        Blocks of the generator on its grid before and after.
    latent : int
        Dimensions of z.
    energy : float
        Weight of the energy score beside the adversarial loss.
    gamma : float
        Weight of R1.
    """

    NAME: ClassVar[str] = "image-ddgan"

    steps: int = 6_000
    rate: float = 1e-3
    T: int = 4
    rho: float = 0.5
    depth: int = 1
    latent: int = 64
    energy: float = 0.1
    gamma: float = 0.05

    def network(self, canvas: Canvas) -> ImageNetwork:
        """Return generator and discriminator."""
        return DenoisingImageGAN(canvas, self)

    def course(self, n: int) -> Course:
        """Return how it is trained."""
        return Course(
            steps=self.steps, batch=self.batch or min(picture_batch(n), LARGEST), checks=20, patience=8, held=0.05,
            half=in_half(),
        )  # fmt: skip

    def check(self) -> None:
        """Refuse parameters that cannot be.

        Raises
        ------
        UsageError
            With the parameter, its value and its range.
        """
        super(ImageDDGAN, self).check()
        self.whole("T", "depth", "latent")
        for name, least in (("rho", 1e-3), ("energy", 0.0), ("gamma", 0.0)):
            if not least <= getattr(self, name) < float("inf"):
                raise UsageError(f"image-ddgan: {name} = {getattr(self, name)!r} must be at least {least:g}")
