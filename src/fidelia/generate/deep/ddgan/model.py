"""DDGAN: diffusion in a few large steps, each of them drawn by an adversarial network.

A step so large has no Gaussian reverse: the law of ``x_{t-1}`` given ``x_t`` has many modes. A generator draws a clean
row ``x_0' = G(x_t, t, z)`` (`denoiser`), the known posterior ``q(x_{t-1} | x_t, x_0')`` takes it back to step t - 1
(`chain`), and a discriminator compares that step with one of real rows (`discriminator`). The losses are

- of the discriminator: ``softplus(-D(x_{t-1}, x_t, t)) + softplus(D(x'_{t-1}, x_t, t))``, with R1 on the real part;
- of the generator: ``softplus(-D(x'_{t-1}, x_t, t))`` (non-saturating), and the energy score of ``x_0'``.

The energy score of two draws x', x'' for the same ``x_t`` is ``(|x' - x_0| + |x'' - x_0| - |x' - x''|) / 2``. It is a
strictly proper scoring rule: its mean is least when the draws have the law of ``x_0`` given ``x_t``. So, unlike a
squared error, it does not fight the variety that a GAN needs and need not fade; it finds the coarse law fast and
steadily, and leaves the detail, to which distances are blind, to the discriminator. It counts in units of the noise
in ``x_t``. Steps are drawn for training with unequal shares: early ones have little to tell.

References
----------
Xiao, Kreis and Vahdat (2022), "Tackling the generative learning trilemma with denoising diffusion GANs", ICLR.
Gneiting and Raftery (2007), "Strictly proper scoring rules, prediction, and estimation", JASA 102, section 4.3.
De Bortoli et al. (2025), "Distributional diffusion models with scoring rules", ICML.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from fidelia.errors import UsageError
from fidelia.generate.deep.batch import Batch, Rows
from fidelia.generate.deep.ddgan.chain import Chain
from fidelia.generate.deep.ddgan.denoiser import Denoiser, Limits
from fidelia.generate.deep.ddgan.discriminator import Discriminator
from fidelia.generate.deep.ddgan.duel import both, energy_score, telling
from fidelia.generate.deep.family import Family, Network
from fidelia.generate.deep.layout import Drawn, Known, Layout
from fidelia.generate.deep.learner import batch_for
from fidelia.generate.deep.loop import Course, Moment, Move
from fidelia.generate.deep.told_apart import told_apart

BETWEEN, PATIENCE = 150, 12
"""Fewest steps between two checks, of which each takes a good part of a second; checks without a better score."""
LARGEST, CELLS = 512, 2**22
"""Most rows of a batch, unless it is set, and most values of its vectors: GANs need many steps more than large ones."""


class DenoisingGAN(Network):
    """Generator and discriminator of the steps of a chain."""

    share: Tensor

    def __init__(self, layout: Layout, settings: DenoisingDiffusionGAN) -> None:
        super().__init__()
        self.layout, self.settings = layout, settings
        self.chain = Chain(settings.T, settings.rho)
        self.generator = Denoiser(layout, self.chain, width=settings.width, depth=settings.depth, code=settings.latent)
        self.discriminator = Discriminator(
            self.generator.width, len(layout.numbers), self.chain, width=settings.width, depth=2, pac=settings.pac
        )
        self.register_buffer("share", torch.arange(settings.T, 0, -1.0), persistent=False)

    def moves(self) -> dict[str, Move]:
        """Return the two updates of a step."""
        return both(self, self.settings.rate)

    def discriminator_loss(self, batch: Batch, moment: Moment) -> Tensor:
        """Return the loss of telling real steps from drawn ones, now and then with R1 on the real ones."""
        self.discriminator.requires_grad_(True)
        x0, t = self._pairs(self.generator.rows(batch))
        before, xt = self.chain.pair(x0, t)
        with torch.no_grad():
            made = self.chain.back(self.generator(xt, t), xt, t)
        judge: Callable[[Tensor], Tensor] = lambda rows: self.discriminator(rows, xt, t)  # noqa: E731
        return telling(judge, before, made, self.settings.gamma, moment)

    def generator_loss(self, batch: Batch, moment: Moment) -> Tensor:  # noqa: ARG002 - the same all the time
        """Return the loss of steps that are known from real ones, and the energy score of two draws for each row."""
        self.discriminator.requires_grad_(False)
        rows = self.generator.rows(batch)
        x0, t = self._pairs(rows[: max(len(rows) // 2, 1)])
        _, xt = self.chain.pair(x0, t)
        xt, t = xt.repeat(2, 1), t.repeat(2)
        made = self.generator(xt, t)
        one, other = made.chunk(2)
        adversarial = F.softplus(-self.discriminator(self.chain.back(made, xt, t), xt, t)).mean()
        noise = (1 - self.chain.abar[t[: len(x0)]]).sqrt()
        return adversarial + self.settings.energy * (energy_score(one, other, x0) / noise).mean()

    def _pairs(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Cut rows to whole packs, repeating them when there are too few, and draw a step number for each pack."""
        pac = self.settings.pac
        rows = rows.repeat(-(-pac // len(rows)), 1)
        packs = len(rows) // pac
        return rows[: packs * pac], 1 + torch.multinomial(self.share, packs, replacement=True).repeat_interleave(pac)

    def score(self, rows: Rows) -> float:
        """Return how easily drawn rows are told from validation rows."""
        return told_apart(self, rows)

    def draw(self, n: int, known: Known | None = None) -> Drawn:
        """Draw rows step by step from noise; every draw of a clean row keeps to the conditions."""
        x = torch.randn(n, self.generator.width, device=self.share.device)
        limits = Limits.of(known, self.generator.blocks, x.device)
        for step in range(self.settings.T, 0, -1):
            t = torch.full((n,), step, device=x.device)
            tokens, numbers = self.generator.draw(x, t, limits)
            x = self.chain.back(self.generator.joined(self.generator.blocks.onehot(tokens), numbers), x, t)
        return Drawn(tokens.cpu().numpy(), numbers.double().cpu().numpy())


@dataclass(slots=True, eq=False, kw_only=True)
class DenoisingDiffusionGAN(Family):
    """A denoising diffusion GAN.

    Parameters
    ----------
    T : int
        Steps from data to noise and back.
    rho : float
        Exponent of the angles of the noise: 1 for even ones, see `fidelia.generate.deep.ddgan.chain`.
    depth : int
        Residual layers of the generator.
    latent : int
        Dimensions of z.
    energy : float
        Weight of the energy score beside the adversarial loss.
    gamma : float
        Weight of R1.
    pac : int
        Rows that the discriminator sees together.
    """

    NAME: ClassVar[str] = "ddgan"

    steps: int = 5_000
    T: int = 3
    rho: float = 2.0
    depth: int = 2
    latent: int = 16
    energy: float = 0.5
    gamma: float = 0.01
    pac: int = 1

    def network(self, layout: Layout) -> Network:
        """Return generator and discriminator."""
        return DenoisingGAN(layout, self)

    def course(self, n: int) -> Course:
        """Return a course; wide tables have smaller batches."""
        width = sum(token.levels for token in self.layout_.tokens) + len(self.layout_.numbers)
        most = min(max(CELLS // max(width, 1), 32), LARGEST)
        return Course(
            steps=self.steps,
            batch=self.batch or min(batch_for(n), most),
            checks=int(np.clip(self.steps // BETWEEN, 2, 40)),
            patience=PATIENCE,
        )

    def prepare(self, network: Network, rows: Rows) -> None:
        """Count the levels."""
        assert isinstance(network, DenoisingGAN)
        network.generator.count(rows.tokens)

    def check(self) -> None:
        """Refuse parameters that cannot be.

        Raises
        ------
        UsageError
            With the parameter, its value and its range.
        """
        Family.check(self)
        self.whole("T", "depth", "latent", "pac")
        for name, least in (("rho", 1e-3), ("energy", 0.0), ("gamma", 0.0)):
            if not least <= getattr(self, name) < float("inf"):
                raise UsageError(f"ddgan: {name} = {getattr(self, name)!r} must be at least {least:g}")
