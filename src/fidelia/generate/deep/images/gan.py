"""A convolutional, class-conditional Wasserstein GAN with gradient penalty, for pictures.

    L_D = E D(G(z, c), c) - E D(x, c) + penalty E (|grad D| - slope)^2,      L_G = -E D(G(z, c), c),

with the gradient taken at points between real and drawn pictures of one class. As in the GAN of tables the critic is
asked to be flat where nothing is wrong (slope 0) instead of as steep as 1 everywhere. The class enters the critic by a
projection; in the generator it scales and shifts the maps. Left to single pictures, the critic let each class fall to
one picture, so a channel says how much a group of pictures of one class varies; no other norm mixes pictures. What is
kept are averaged weights at the best validation score: a distance of drawn pictures from unseen ones (`apart`).

References
----------
Gulrajani, Ahmed, Arjovsky, Dumoulin and Courville (2017), "Improved training of Wasserstein GANs", NeurIPS.
Wu, Huang, Thoma, Acharya and Van Gool (2018), "Wasserstein divergence for GANs", ECCV: penalties with target 0.
Miyato and Koyama (2018), "cGANs with projection discriminator", ICLR.
Karras, Aila, Laine and Lehtinen (2018), "Progressive growing of GANs", ICLR, section 3: a channel of variety.
Heusel et al. (2017), "GANs trained by a two time-scale update rule converge to a local Nash equilibrium", NeurIPS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from fidelia.errors import UsageError
from fidelia.generate.deep.batch import Batch, Rows
from fidelia.generate.deep.diffusion.model import in_half
from fidelia.generate.deep.gan.critic import between, gradient_penalty
from fidelia.generate.deep.images.apart import apart
from fidelia.generate.deep.images.family import ImageFamily, ImageNetwork
from fidelia.generate.deep.images.nets import ConvResidual, Doubled, Halved, cropped, group_norm, padded, up_to, variety
from fidelia.generate.deep.images.pixels import Canvas
from fidelia.generate.deep.loop import Course, Moment, Move

BETAS = (0.0, 0.9)
"""Of both optimisers."""
AHEAD = 2.0
"""The critic's rate over the generator's."""
LEAK = 0.2
FOLD, DEEP = 4, 8
"""The sides that the generator and the critic work on are multiples of them."""


class Generator(nn.Module):
    """Noise and classes to pictures: ``(n, noise), (n,) -> (n, c, h, w)``."""

    def __init__(self, canvas: Canvas, *, width: int, noise: int) -> None:
        super().__init__()
        self.canvas = canvas
        self.classes = nn.Embedding(canvas.classes, noise)
        self.enter = nn.Linear(2 * noise, 2 * width * _places(canvas, FOLD))
        self.coarse = ConvResidual(2 * width, 2 * width, 2 * noise)
        self.larger = Doubled(2 * width, width)
        self.fine = ConvResidual(width, width, 2 * noise)
        self.norm = group_norm(width)
        self.leave = Doubled(width, canvas.channels)

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Return pictures in -1..1."""
        _, height, width = self.canvas.shape
        condition = torch.cat([noise, self.classes(labels)], 1)
        maps = self.enter(condition)
        maps = maps.view(len(noise), -1, up_to(height, FOLD) // FOLD, up_to(width, FOLD) // FOLD)
        maps = self.fine(self.larger(self.coarse(maps, condition)), condition)
        return cropped(self.leave(F.silu(self.norm(maps))), height, width).float().tanh()


class Critic(nn.Module):
    """Pictures and classes to what they are worth: ``(n, c, h, w), (n,) -> (n,)``."""

    def __init__(self, canvas: Canvas, *, width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [Halved(canvas.channels, width), Halved(width, 2 * width), Halved(2 * width, 4 * width)]
        )
        self.hidden = nn.Linear((4 * width + 1) * _places(canvas, DEEP), 4 * width)
        self.leave = nn.Linear(4 * width, 1)
        self.classes = nn.Embedding(canvas.classes, 4 * width)

    def forward(self, pictures: Tensor, labels: Tensor) -> Tensor:
        """Return the value of each picture in its class."""
        maps = padded(pictures, DEEP)
        for layer in self.layers:
            maps = F.leaky_relu(layer(maps), LEAK)
        maps = torch.cat([maps, variety(maps)], 1)
        seen = F.leaky_relu(self.hidden(maps.flatten(1)), LEAK)
        projected = (seen * self.classes(labels)).mean(1)
        found: Tensor = self.leave(seen)[:, 0] + projected
        return found.float()


def _places(canvas: Canvas, fold: int) -> int:
    return up_to(canvas.height, fold) * up_to(canvas.width, fold) // fold**2


def in_classes(batch: Batch) -> tuple[Tensor, Tensor]:
    """Return labels (n,) and pictures (n, size) by class: neighbours, whose variety the critic sees, are alike."""
    labels, order = batch.tokens[:, 0].sort()
    return labels, batch.numbers[order]


class ImageAdversaries(ImageNetwork):
    """Generator and critic."""

    def __init__(
        self, canvas: Canvas, *, width: int, noise: int, slope: float, penalty: float, rounds: int, rate: float
    ) -> None:
        super().__init__()
        self.canvas, self.noise, self.rate = canvas, noise, rate
        self.slope, self.penalty, self.rounds = slope, penalty, rounds
        self.generator = Generator(canvas, width=width, noise=noise)
        self.critic = Critic(canvas, width=width)

    def moves(self) -> dict[str, Move]:
        """Return the two updates of a step."""
        return {
            "critic": Move(self.critic, self.critic_loss, rate=AHEAD * self.rate, betas=BETAS, times=self.rounds),
            "generator": Move(self.generator, self.generator_loss, rate=self.rate, betas=BETAS),
        }

    def critic_loss(self, batch: Batch, moment: Moment) -> Tensor:  # noqa: ARG002 - the same all the time
        """Return what the critic lacks in telling drawn pictures from real ones, with the penalty of its slopes."""
        self.critic.requires_grad_(True)
        labels, real = in_classes(batch)
        with torch.no_grad():
            made = self.draw(labels).flatten(1)

        def judge(flat: Tensor) -> Tensor:
            found: Tensor = self.critic(flat.view(-1, *self.canvas.shape), labels)
            return found

        gap = judge(made).mean() - judge(real).mean()
        slopes = gradient_penalty(judge, between(real, made, 1), self.slope)
        return gap + self.penalty * slopes

    def generator_loss(self, batch: Batch, moment: Moment) -> Tensor:  # noqa: ARG002 - the same all the time
        """Return how little the critic values drawn pictures of the batch's classes."""
        self.critic.requires_grad_(False)
        labels, _ = in_classes(batch)
        return -self.critic(self.draw(labels), labels).mean()

    def score(self, rows: Rows) -> float:
        """Return how far drawn pictures are from validation pictures."""
        return apart(self, rows)

    def draw(self, labels: Tensor) -> Tensor:
        """Draw a picture for each label from noise."""
        noise = torch.randn(len(labels), self.noise, device=labels.device)
        found: Tensor = self.generator(noise, labels)
        return found


@dataclass(slots=True, eq=False, kw_only=True)
class ImageGAN(ImageFamily):
    """A convolutional Wasserstein GAN.

    Parameters
    ----------
    noise : int
        Dimensions of the noise that pictures are made of.
    slope, penalty : float
        Length of the critic's gradient that costs nothing, and the weight of what any other costs.
    rounds : int
        Updates of the critic for each of the generator.
    """

    NAME: ClassVar[str] = "image-gan"

    steps: int = 4_000
    rate: float = 5e-4
    noise: int = 64
    slope: float = 0.0
    penalty: float = 1.0
    rounds: int = 2

    def check(self) -> None:
        """Refuse parameters that cannot be."""
        super(ImageGAN, self).check()
        self.whole("noise", "rounds")
        for name, value in (("slope", self.slope), ("penalty", self.penalty)):
            if not 0 <= value <= 1_000:
                raise UsageError(f"{self.NAME}: {name} = {value!r} must lie between 0 and 1,000")

    def network(self, canvas: Canvas) -> ImageNetwork:
        """Return generator and critic."""
        return ImageAdversaries(
            canvas, width=self.width, noise=self.noise, slope=self.slope, penalty=self.penalty, rounds=self.rounds,
            rate=self.rate,
        )  # fmt: skip

    def course(self, n: int) -> Course:  # noqa: ARG002 - batches are of one size
        """Return a course that hardly clips: a critic has long slopes."""
        return Course(steps=self.steps, batch=self.batch or 64, clip=100.0, checks=20, patience=12, half=in_half())
