"""What the two networks of a denoising diffusion GAN owe each other, whatever they draw: updates and losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from fidelia.generate.deep.batch import Batch
from fidelia.generate.deep.loop import Moment, Move
from fidelia.generate.deep.nets import squared_slopes

BETAS = (0.5, 0.9)
"""Of Adam, as in the paper."""
FASTER = 3.0
"""Rate of the discriminator over that of the generator: it is the one that has to keep up."""
EVERY = 15
"""Steps of the training between penalties, each of which then counts so many times."""


class Duellists(Protocol):
    """A generator and a discriminator with their losses."""

    generator: nn.Module
    discriminator: nn.Module

    def discriminator_loss(self, batch: Batch, moment: Moment) -> Tensor:
        """Return the loss of telling real steps from drawn ones."""
        ...

    def generator_loss(self, batch: Batch, moment: Moment) -> Tensor:
        """Return the loss of steps that are known from real ones."""
        ...


def both(pair: Duellists, rate: float) -> dict[str, Move]:
    """Return the two updates of a step."""
    return {
        "discriminator": Move(pair.discriminator, pair.discriminator_loss, rate=FASTER * rate, betas=BETAS),
        "generator": Move(pair.generator, pair.generator_loss, rate=rate, betas=BETAS),
    }


def telling(judge: Callable[[Tensor], Tensor], before: Tensor, made: Tensor, gamma: float, moment: Moment) -> Tensor:
    """Return the loss of telling real steps ``before`` from ``made`` ones, now and then with R1 times ``gamma``."""
    loss = F.softplus(-judge(before)).mean() + F.softplus(judge(made)).mean()
    if moment.step % EVERY == 0:
        loss = loss + EVERY * gamma / 2 * squared_slopes(judge, before).mean()
    return loss


def energy_score(one: Tensor, other: Tensor, real: Tensor) -> Tensor:
    """Return the energy score of two draws (n, width) for each real row, (n,)."""
    return (distance(one, real) + distance(other, real) - distance(one, other)) / 2


def distance(one: Tensor, other: Tensor) -> Tensor:
    """Return Euclidean distances of rows, (n,), smooth at 0."""
    return ((one - other).square().sum(1) + 1e-6).sqrt()
