"""Latent diffusion: an autoencoder learns short codes of pictures, and a diffusion the law of the codes.

The autoencoder is that of `fidelia.generate.deep.images.vae`, with less weight on the divergence: its codes need not
lie normally, for in place of mixtures of normal laws a flow draws them (`fidelia.generate.deep.images.diffusion`) by
a residual perceptron. Convolutions run once for a picture, not once for each step: it draws many times as fast as a
diffusion of pixels, and never sharper than its decoder.

The two are stages of one fit, in one checkpoint. The second sees each code as the law that the encoder gives it, drawn
anew for each batch.

References
----------
Rombach et al. (2022), "High-resolution image synthesis with latent diffusion models", CVPR.
Vahdat, Kreis and Kautz (2021), "Score-based generative modeling in latent space", NeurIPS.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from fidelia.generate.deep.batch import Batch, Rows
from fidelia.generate.deep.images.diffusion import GIVEN, Flow, looked
from fidelia.generate.deep.images.family import ImageNetwork
from fidelia.generate.deep.images.pixels import Canvas
from fidelia.generate.deep.images.vae import ImageAutoencoder, ImageVAE
from fidelia.generate.deep.learner import left, told
from fidelia.generate.deep.loop import Course, History, Moment, Move, Trainable, seeded, train
from fidelia.generate.deep.nets import Perceptron

if TYPE_CHECKING:
    from fidelia.generate.deep.checkpoint import Checkpoint
    from fidelia.progress import Progress
    from fidelia.rng import Rng

SHARE = 0.4
"""Of the time limit, for the codes."""
TIMES = 3
"""Most steps of the codes' training for each of the pictures': they are short."""
WIDER = 8
"""Width of the codes' network over the channels of the pictures'."""
BATCH, LOOKS = 512, 20_000
"""Codes of a batch, and about how many a validation sees."""


class Codes(Rows):
    """Codes of pictures as rows: `begin` has the means of their laws and `end` the log variances, (n, latent).

    A batch has draws from these laws as its `numbers`.
    """

    def take(self, rows: Tensor) -> Codes:
        """Return the codes at these positions."""
        rows = rows.to(self.device)
        return Codes(self.tokens[rows], self.begin[rows], self.end[rows], self.active[rows])

    def batch(self, rows: Tensor | None = None) -> Batch:
        """Return codes (None: all), each drawn anew from its law."""
        mine = self if rows is None else self.take(rows)
        drawn = mine.begin + (mine.end / 2).exp() * torch.randn_like(mine.begin)
        return Batch(mine.tokens, drawn, mine.active, mine.begin, mine.end)


class CodeFlow(Trainable):
    """The flow of codes."""

    def __init__(self, latent: int, classes: int, *, width: int, depth: int, rate: float) -> None:
        super().__init__()
        self.latent, self.rate = latent, rate
        network = Perceptron(latent, latent, width=width, depth=depth, given=GIVEN)
        self.flow = Flow(network, classes, (latent,))

    def moves(self) -> dict[str, Move]:
        """Return the one update."""
        return {"noise": Move(self, self.loss, rate=self.rate)}

    def loss(self, batch: Batch, moment: Moment) -> Tensor:  # noqa: ARG002 - the same throughout
        """Return the mean squared error of F."""
        return self.flow.errors(batch.numbers, batch.tokens[:, 0]).mean()

    def score(self, rows: Rows) -> float:
        """Return the mean squared error of F on validation codes, each at several levels of noise."""
        return looked(rows, lambda batch: self.loss(batch, Moment(0, 0.0)), LOOKS)


class LatentNetwork(ImageAutoencoder):
    """Encoder, decoder and the flow of codes."""

    def __init__(self, canvas: Canvas, settings: LatentDiffusion) -> None:
        super().__init__(canvas, width=settings.width, latent=settings.latent, rate=settings.rate, beta=settings.beta)
        self.priors = nn.ModuleList()  # the flow stands in their place
        self.draws = settings.draws
        self.emerging = CodeFlow(
            settings.latent, canvas.classes,
            width=WIDER * settings.width, depth=settings.depth, rate=settings.rate,
        )  # fmt: skip

    def encoded(self, rows: Rows) -> Codes:
        """Return the laws of the codes of pictures."""
        laws = []
        for part in torch.arange(len(rows)).split(1_000):
            batch = rows.batch(part)
            laws.append(self.laws(self.canvas.pictures(batch), self.classes(batch.tokens[:, 0])))
        means, spreads = (torch.cat(found) for found in zip(*laws, strict=True))
        return Codes(rows.tokens, means, spreads, rows.active)

    def draw(self, labels: Tensor) -> Tensor:
        """Draw a code for each label, and return its picture."""
        codes = self.emerging.flow.draw(labels, (self.latent,), self.draws)
        found: Tensor = self.decoder(codes, self.classes(labels))
        return found


@dataclass(slots=True, eq=False, kw_only=True)
class LatentDiffusion(ImageVAE):
    """A diffusion of the codes of an autoencoder.

    Parameters
    ----------
    depth : int
        Residual layers of the codes' network.
    draws : int
        Steps of the sampler; each evaluates that network twice.
    """

    NAME: ClassVar[str] = "image-latent"

    latent: int = 32
    beta: float = 0.5
    depth: int = 4
    draws: int = 20
    emerged_: History = field(init=False, repr=False)

    def check(self) -> None:
        """Refuse parameters that cannot be."""
        super(LatentDiffusion, self).check()
        self.whole("depth", "draws")

    def network(self, canvas: Canvas) -> ImageNetwork:
        """Return encoder, decoder and flow."""
        return LatentNetwork(canvas, self)

    def finish(self, network: ImageNetwork, rows: Rows) -> None:
        """Leave the law of codes to the flow."""

    def load(self, arrays: dict[str, np.ndarray]) -> None:
        """Make the network, and give it saved weights; see `Learner.load`."""
        super(LatentDiffusion, self).load(arrays)
        self.emerged_ = History()

    def _learn(self, rows: Rows, rng: Rng, progress: Progress, seconds: float, checkpoint: Checkpoint) -> None:
        """Train the autoencoder, then the flow of its codes."""
        begun = time.monotonic()
        self._train(rows, rng, progress, (1 - SHARE) * seconds, checkpoint)
        network = self.network_
        assert isinstance(network, LatentNetwork)
        with seeded(rng.child("codes"), rows.device):
            with torch.no_grad():
                codes = network.encoded(rows)
                network.emerging.flow.measure(codes.batch().numbers)
            self.emerged_ = train(
                network.emerging, codes, self.flowing(len(rows)), rng=rng.child("codes"), name=f"{self.NAME}'s codes",
                seconds=left(seconds, begun), checkpoint=checkpoint, progress=progress,
            )  # fmt: skip
        network.eval()

    @property
    def notes(self) -> tuple[str, ...]:
        """What a report should say of how either training went."""
        return *super(LatentDiffusion, self).notes, *told(f"{self.NAME}'s codes", self.emerged_, TIMES * self.steps)

    def flowing(self, n: int) -> Course:
        """Return how the flow of `n` codes is trained."""
        batch = min(self.batch or BATCH, max(n // 4, 16))
        return Course(steps=TIMES * self.steps, batch=batch, checks=20, held=0.05)
