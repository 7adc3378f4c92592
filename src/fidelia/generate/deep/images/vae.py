"""A convolutional, class-conditional variational autoencoder of pictures.

    L = D log(2 b) + sum |x - decoder(z, c)| / b + beta KL(q(z | x, c) || N(0, 1)),   b = mean |x - decoder(z, c)|

with D values in a picture: pixels follow Laplace laws of one width b, which is always at its best value for the batch
(a calibrated decoder: no weight between misfit and divergence is to be tuned). What the decoder gives is then the
median of a pixel, not its mean: where strokes may lie here or there a median stays black or white, and a mean is grey.

Codes are drawn from mixtures of normal laws fitted to the codes of each class after the training: no decoder is better
than the codes that it is given. A drawn picture is what the decoder gives, without the noise of the pixels.

References
----------
Kingma and Welling (2014), "Auto-encoding variational Bayes", ICLR.
Sohn, Lee and Yan (2015), "Learning structured output representation using deep conditional generative models", NeurIPS.
Rybkin, Daniilidis and Levine (2021), "Simple and effective VAE training with calibrated decoders", ICML.
Dai and Wipf (2019), "Diagnosing and enhancing VAE models", ICLR (a second model of the codes).
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
from fidelia.generate.deep.images.family import ImageFamily, ImageNetwork
from fidelia.generate.deep.images.nets import ConvResidual, Doubled, Halved, cropped, group_norm, padded, up_to
from fidelia.generate.deep.images.pixels import Canvas
from fidelia.generate.deep.loop import Course, Moment, Move
from fidelia.generate.deep.vae.prior import Prior

WARM = 0.2
"""Share of the course over which beta rises."""
LEAST, MOST = -12.0, 4.0
"""Log variances of codes."""
SHARPEST = 1 / 255
"""Least width of the pixels' law, in grey values of -1..1."""
USED = 0.02
"""Nats that a dimension of the code must carry to be called used."""
FOLD = 4
"""The sides that the network works on are multiples of it."""
PARTS, FEWEST = 4, 50
"""Most normal laws in a class's mixture of codes, and codes below which a class is given the law of all.

With ten laws for a thousand digits of a class drawn ones lie nearer to training ones than fresh ones do.
"""


class Encoder(nn.Module):
    """Pictures and classes to the laws of their codes: ``(n, c, h, w), (n, given) -> (n, 2 latent)``."""

    def __init__(self, canvas: Canvas, *, width: int, latent: int, given: int) -> None:
        super().__init__()
        self.enter = Halved(canvas.channels, width)
        self.smaller = Halved(width, 2 * width)
        self.block = ConvResidual(2 * width, 2 * width, given)
        self.norm = group_norm(2 * width)
        self.leave = nn.Linear(2 * width * _cells(canvas), 2 * latent)

    def forward(self, pictures: Tensor, condition: Tensor) -> Tensor:
        """Return means and log variances."""
        maps = self.smaller(F.silu(self.enter(padded(pictures, FOLD))))
        maps = F.silu(self.norm(self.block(maps, condition)))
        found: Tensor = self.leave(maps.flatten(1))
        return found


class Decoder(nn.Module):
    """Codes and classes to pictures: ``(n, latent), (n, given) -> (n, c, h, w)``."""

    def __init__(self, canvas: Canvas, *, width: int, latent: int, given: int) -> None:
        super().__init__()
        self.canvas = canvas
        self.enter = nn.Linear(latent + given, 2 * width * _cells(canvas))
        self.block = ConvResidual(2 * width, 2 * width, given)
        self.larger = Doubled(2 * width, width)
        self.fine = ConvResidual(width, width, given)
        self.norm = group_norm(width)
        self.leave = Doubled(width, canvas.channels)

    def forward(self, codes: Tensor, condition: Tensor) -> Tensor:
        """Return the medians of pixels."""
        _, height, width = self.canvas.shape
        maps = self.enter(torch.cat([codes, condition], 1))
        maps = maps.view(len(codes), -1, up_to(height, FOLD) // FOLD, up_to(width, FOLD) // FOLD)
        maps = self.fine(self.larger(self.block(maps, condition)), condition)
        return cropped(self.leave(F.silu(self.norm(maps))), height, width).float()


def _cells(canvas: Canvas) -> int:
    """Places of the smallest maps."""
    return up_to(canvas.height, FOLD) * up_to(canvas.width, FOLD) // FOLD**2


class ImageAutoencoder(ImageNetwork):
    """Encoder, decoder and the law of codes of each class."""

    def __init__(self, canvas: Canvas, *, width: int, latent: int, rate: float, beta: float) -> None:
        super().__init__()
        self.canvas, self.latent, self.rate, self.beta = canvas, latent, rate, beta
        self.classes = nn.Embedding(canvas.classes, width)
        self.encoder = Encoder(canvas, width=width, latent=latent, given=width)
        self.decoder = Decoder(canvas, width=width, latent=latent, given=width)
        self.priors = nn.ModuleList([Prior(latent, PARTS) for _ in range(canvas.classes)])

    def moves(self) -> dict[str, Move]:
        """Return the one update: all weights by the evidence bound."""
        return {"bound": Move(self, self.loss, rate=self.rate, decay=1e-4)}

    def loss(self, batch: Batch, moment: Moment) -> Tensor:
        """Return the negative evidence bound of a batch per pixel value, a mean over pictures."""
        misfit, divergence = self.terms(batch)
        return (misfit + self.beta * min(moment.share / WARM, 1.0) * divergence.sum(1).mean()) / self.canvas.size

    def score(self, rows: Rows) -> float:
        """Return the negative evidence bound of validation pictures in nats, with beta as in the end."""
        misfit, divergence = self.terms(rows.batch())
        return float(misfit + self.beta * divergence.sum(1).mean())

    def terms(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return what a picture costs given a code of its own, a mean, and each dimension of its code (n, latent)."""
        condition = self.classes(batch.tokens[:, 0])
        pictures = self.canvas.pictures(batch)
        mean, spread = self.laws(pictures, condition)
        made = self.decoder(mean + (spread / 2).exp() * torch.randn_like(mean), condition)
        width = (pictures - made).abs().mean().clamp(min=SHARPEST)
        return self.canvas.size * (2 * width).log(), 0.5 * (mean**2 + spread.exp() - spread - 1)

    def laws(self, pictures: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log variance of the codes of pictures, (n, latent) each."""
        mean, spread = self.encoder(pictures, condition).float().chunk(2, dim=1)
        return mean, spread.clamp(LEAST, MOST)

    def settle(self, rows: Rows) -> None:
        """Fit the laws of codes."""
        codes, divergence = self.codes(rows)
        used = divergence > USED
        labels = rows.tokens[:, 0]
        for label, prior in enumerate(self.priors):
            mine = codes[labels == label] if int((labels == label).sum()) >= FEWEST else codes
            assert isinstance(prior, Prior)
            prior.fit(mine[torch.randperm(len(mine), device=mine.device)], used)

    def codes(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Return a code of each picture (n, latent), and the mean divergence of each dimension (latent,)."""
        found, costs = [], []
        for part in torch.arange(len(rows)).split(1_000):
            batch = rows.take(part).batch()
            mean, spread = self.laws(self.canvas.pictures(batch), self.classes(batch.tokens[:, 0]))
            found.append(mean + (spread / 2).exp() * torch.randn_like(mean))
            costs.append(0.5 * (mean**2 + spread.exp() - spread - 1))
        return torch.cat(found), torch.cat(costs).mean(0)

    def draw(self, labels: Tensor) -> Tensor:
        """Draw codes from the laws of the classes, and return their pictures."""
        codes = torch.empty(len(labels), self.latent, device=labels.device)
        for label in labels.unique().tolist():
            mine = labels == label
            prior = self.priors[label]
            assert isinstance(prior, Prior)
            codes[mine] = prior.draw(int(mine.sum()))
        found: Tensor = self.decoder(codes, self.classes(labels))
        return found


@dataclass(slots=True, eq=False, kw_only=True)
class ImageVAE(ImageFamily):
    """A convolutional variational autoencoder.

    Parameters
    ----------
    latent : int
        Dimensions of the code.
    beta : float
        Weight of the divergence: below 1 codes hold more of their pictures, above 1 less.
    """

    NAME: ClassVar[str] = "image-vae"

    steps: int = 1_500
    latent: int = 24
    beta: float = 1.0

    def check(self) -> None:
        """Refuse parameters that cannot be."""
        super(ImageVAE, self).check()
        self.whole("latent")
        if not 0 < self.beta <= 100:
            raise UsageError(f"{self.NAME}: beta = {self.beta!r} must lie above 0, at most 100")

    def network(self, canvas: Canvas) -> ImageNetwork:
        """Return encoder, decoder and the laws of codes."""
        return ImageAutoencoder(canvas, width=self.width, latent=self.latent, rate=self.rate, beta=self.beta)

    def course(self, n: int) -> Course:  # noqa: ARG002 - batches are of one size
        """Return how it is trained."""
        return Course(steps=self.steps, batch=self.batch or 128, checks=20, patience=6, half=in_half())

    def finish(self, network: ImageNetwork, rows: Rows) -> None:
        """Fit the laws of codes."""
        assert isinstance(network, ImageAutoencoder)
        network.settle(rows)
