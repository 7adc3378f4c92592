"""VAE: a variational autoencoder with a likelihood of its own for each kind of part.

References
----------
Kingma and Welling (2014), "Auto-encoding variational Bayes", ICLR.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from fidelia.generate.deep.batch import Batch, Rows
from fidelia.generate.deep.family import Family, Network
from fidelia.generate.deep.layout import Drawn, Known, Layout
from fidelia.generate.deep.loop import Moment, Move
from fidelia.generate.deep.nets import Blocks, Perceptron, RowEmbedding


class Autoencoder(Network):
    """Encoder, decoder and noise."""

    def __init__(self, layout: Layout, width: int, depth: int, latent: int, rate: float) -> None:
        super().__init__()
        self.layout, self.latent, self.rate = layout, latent, rate
        self.blocks = Blocks.of(layout)
        self.rows = RowEmbedding(layout)
        numbers = len(layout.numbers)
        self.encoder = Perceptron(self.rows.width + numbers, 2 * latent, width=width, depth=depth)
        self.decoder = Perceptron(latent, self.blocks.width + numbers, width=width, depth=depth)
        self.noise = nn.Parameter(torch.zeros(numbers))

    def moves(self) -> dict[str, Move]:
        """Return the one update: all weights by the evidence bound."""
        return {"bound": Move(self, self.loss, rate=self.rate, decay=1e-5)}

    def loss(self, batch: Batch, moment: Moment) -> Tensor:
        """Return the negative evidence lower bound of a batch, a mean over rows."""
        return self.bound(batch, min(moment.share / 0.2, 1.0))

    def bound(self, batch: Batch, beta: float) -> Tensor:
        """Return reconstruction loss plus `beta` times the divergence, summed over parts, averaged over rows."""
        active = batch.active.float()
        seen = self.rows(batch.tokens, batch.numbers * active)
        mean, spread = self.encoder(torch.cat([seen, active], 1)).chunk(2, dim=1)
        spread = spread.clamp(-8, 4)
        z = mean + (spread / 2).exp() * torch.randn_like(mean)
        logits, numbers = self.decoder(z).split([self.blocks.width, batch.numbers.shape[1]], dim=1)
        tokens = self.blocks.nll(logits, batch.tokens).sum(1)
        scale = self.noise.clamp(-5, 1)
        gauss = 0.5 * ((batch.numbers - numbers) / scale.exp()) ** 2 + scale
        divergence = 0.5 * (mean**2 + spread.exp() - spread - 1).sum(1)
        return (tokens + (gauss * active).sum(1) + beta * divergence).mean()

    def score(self, rows: Rows) -> float:
        """Return the bound on validation rows."""
        return float(self.bound(rows.batch(), 1.0))

    def draw(self, n: int, known: Known | None = None) -> Drawn:  # noqa: ARG002 - steered
        """Draw codes from the prior, and rows from the decoder's laws."""
        device = self.noise.device
        out = self.decoder(torch.randn(n, self.latent, device=device))
        logits, numbers = out.split([self.blocks.width, len(self.noise)], dim=1)
        numbers = numbers + self.noise.clamp(-5, 1).exp() * torch.randn_like(numbers)
        return Drawn(self.blocks.sample(logits).cpu().numpy(), numbers.double().cpu().numpy())


@dataclass(slots=True, eq=False, kw_only=True)
class VAE(Family):
    """A variational autoencoder.

    Parameters
    ----------
    depth : int
        Residual layers of encoder and of decoder.
    latent : int
        Dimensions of the code.
    """

    NAME: ClassVar[str] = "vae"

    depth: int = 2
    latent: int = 32

    def network(self, layout: Layout) -> Network:
        """Return encoder and decoder."""
        return Autoencoder(layout, self.width, self.depth, self.latent, self.rate)
