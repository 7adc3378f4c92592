"""GAN: a conditional Wasserstein GAN with gradient penalty for rows of tokens and numbers; with a penalty, ADS-GAN.

The critic D learns to give real packs of rows more than made ones, the generator G to make rows that it values:

    L_D = E D(G(z, c), c) - E D(x, c) + penalty * E (|grad D| - slope)^2,
    L_G = -E D(G(z, c), c) + cross-entropy of the token that c names + identifiability * L_id,

with the gradient taken at points between real and made packs (`critic`), c one level of one token (`conditional`) and
L_id ADS-GAN's penalty (`identifiability`). What differs from Xu et al. and why:

- Numbers are normal scores of each column's law instead of modes of a mixture, and G begins as the Gaussian copula:
  their correlated normal draw plus a network of the same noise. It has only the rest to learn.
- Tokens are drawn hard in the forward direction, with the slopes of the Gumbel softmax (straight through): soft ones
  the critic would know by their softness.
- A number is multiplied by its gate, so nothing of it shows behind a closed one.
- The gradient penalty asks for a flat critic where nothing is wrong, instead of a slope of 1 everywhere (`critic`).
- One update of the critic for each of the generator, at twice its rate, and rows drawn with averaged weights.
- After the training the law of each number is moved onto the one it should have (`calibration`), and a classifier
  chooses one of `candidates` drawn rows by how likely each is real (`judge`): the step that pays most. Its odds are
  corrected so that the chosen rows have the true share of every level and number (`raking`).

References
----------
Gulrajani et al. (2017), "Improved training of Wasserstein GANs", NeurIPS.
Xu et al. (2019), "Modeling tabular data using conditional GAN", NeurIPS.
Heusel et al. (2017), "GANs trained by a two time-scale update rule", NeurIPS.
Jang, Gu and Poole (2017), "Categorical reparameterization with Gumbel-softmax", ICLR.
Yoon, Drumright and van der Schaar (2020), "ADS-GAN", IEEE J. Biomed. Health Inform. 24(8).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

from fidelia.errors import UsageError
from fidelia.generate.deep.batch import Batch, Rows
from fidelia.generate.deep.family import Family, Network
from fidelia.generate.deep.gan.calibration import Calibration
from fidelia.generate.deep.gan.conditional import ConditionalVector
from fidelia.generate.deep.gan.critic import Critic, between, gradient_penalty
from fidelia.generate.deep.gan.generator import Generator, correlation
from fidelia.generate.deep.gan.identifiability import Guarded
from fidelia.generate.deep.gan.judge import GUESS, Judge, Judging, chosen
from fidelia.generate.deep.gan.raking import Raking
from fidelia.generate.deep.layout import Drawn, Known, Layout
from fidelia.generate.deep.learner import batch_for, left
from fidelia.generate.deep.loop import Course, Moment, Move, seeded, train
from fidelia.generate.deep.nets import Blocks
from fidelia.generate.deep.told_apart import told_apart

if TYPE_CHECKING:
    from fidelia.generate.deep.checkpoint import Checkpoint
    from fidelia.progress import Progress
    from fidelia.rng import Rng

TEMPERATURE = 0.5
"""Of the Gumbel softmax through which tokens are learnt."""
BETAS = (0.5, 0.9)
"""Of both optimisers."""
SCORED, CALIBRATING, CELLS = 512, 20_000, 10_000_000
"""Rows drawn to score the penalty, and to learn the law of each number; and most values of the latter."""
LARGEST = 512
"""Rows of a batch beyond which more steps teach more than more rows."""
JUDGING = 0.2
"""Share of the steps and of the time that the judge is trained."""
AHEAD = 2.0
"""The critic's rate over the generator's."""


class Adversaries(Network):
    """Generator, critic and the conditions on which both work.

    Parameters
    ----------
    slope, penalty : float
        Length of the critic's gradient that costs nothing, and the weight of what any other costs.
    candidates : int
        Rows drawn for each one that is kept, once there is a judge.
    rate : float
        Of the generator.
    identifiability : float
        Weight of ADS-GAN's penalty.
    """

    guarded: Guarded | None = None
    judged: Tensor

    def __init__(
        self, layout: Layout, *, width: int, depth: int, noise: int, pac: int, slope: float, penalty: float,
        candidates: int, rate: float, identifiability: float,
    ) -> None:  # fmt: skip
        super().__init__()
        self.layout, self.rate, self.identifiability = layout, rate, identifiability
        self.blocks = Blocks.of(layout)
        self.conditions = ConditionalVector(layout)
        levels, numbers = self.blocks.width, len(layout.numbers)
        self.generator = Generator(levels, numbers, noise=noise, width=width, depth=depth)
        self.critic = Critic(2 * levels + numbers, width=width, depth=depth, pac=pac)
        self.calibration = Calibration(numbers)
        self.raking = Raking(layout)
        self.judge = Judge(levels + numbers, width=width, depth=depth)
        self.slope, self.penalty, self.candidates = slope, penalty, candidates
        self.register_buffer("judged", torch.tensor(False))

    def count(self, rows: Rows) -> None:
        """Learn the shares of levels and the correlation of numbers, and start there."""
        self.conditions.count(rows)
        self.generator.begin(self.conditions.share, correlation(rows.batch()))
        if self.identifiability:
            self.guarded = Guarded.of(self.layout, rows)

    def moves(self) -> dict[str, Move]:
        """Return the two updates of a step: first the critic, then the generator."""
        return {
            "critic": Move(self.critic, self.critic_loss, rate=AHEAD * self.rate, betas=BETAS),
            "generator": Move(self.generator, self.generator_loss, rate=self.rate, betas=BETAS),
        }

    def critic_loss(self, batch: Batch, moment: Moment) -> Tensor:  # noqa: ARG002 - the same all the time
        """Return what the critic minimises: made minus real value, and the gradient penalty."""
        matched = self.conditions.matched(batch, packed(len(batch), self.critic.pac))
        real = torch.cat([self.blocks.onehot(batch.tokens), batch.numbers * batch.active], 1)[matched.rows]
        with torch.no_grad():
            made, _ = self.made(matched.vectors)

        def value(rows: Tensor) -> Tensor:
            found: Tensor = self.critic(torch.cat([rows, matched.vectors], 1))
            return found

        penalty = gradient_penalty(value, between(real, made, self.critic.pac), self.slope)
        return value(made).mean() - value(real).mean() + self.penalty * penalty

    def generator_loss(self, batch: Batch, moment: Moment) -> Tensor:  # noqa: ARG002 - the same all the time
        """Return what the generator minimises: minus its rows' value, breaches of conditions, identifiability."""
        condition = self.conditions.matched(batch, packed(len(batch), self.critic.pac)).vectors
        made, logits = self.made(condition)
        loss = conditioned(self.blocks, logits, condition) - self.critic(torch.cat([made, condition], 1)).mean()
        if self.guarded is not None:
            loss = loss + self.identifiability * self.guarded.penalty(*made.split(self.generator.sizes, dim=1))
        return loss

    def made(self, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Return rows as the critic sees them, (n, W + C), and the logits of their tokens."""
        logits, numbers = self.generator(self._noise(len(condition)), condition)
        levels = self.blocks.straight(logits, TEMPERATURE)
        return torch.cat([levels, numbers * self.open(levels)], 1), logits

    def open(self, levels: Tensor) -> Tensor:
        """Return how far the gate of each number is open, (n, C)."""
        gates = [number.gate for number in self.layout.numbers]
        found = [levels.new_ones(len(levels)) if g is None else levels[:, self.blocks.begins[g]] for g in gates]
        return torch.stack(found, 1) if found else levels.new_zeros(len(levels), 0)

    def score(self, rows: Rows) -> float:
        """Return how easily drawn rows are told from validation rows, and the penalty: losses say nothing."""
        found = told_apart(self, rows)
        if self.guarded is not None:
            made, _ = self.made(self.conditions.drawn(SCORED))
            found += self.identifiability * float(self.guarded.penalty(*made.split(self.generator.sizes, dim=1)))
        return found

    def draw(self, n: int, known: Known | None = None) -> Drawn:
        """Draw conditions by their true shares and rows given them; `candidates` for each row, of which one is kept."""
        if not self.judged:
            tokens, numbers = self._rows(n, known)
        else:
            pool = [self._rows(n, known) for _ in range(self.candidates)]
            odds = torch.cat([self.odds(*rows) + self.raking(*rows) for rows in pool])
            kept = chosen(odds, n)
            tokens, numbers = (torch.cat(part)[kept] for part in zip(*pool, strict=True))
        return Drawn(tokens.cpu().numpy(), numbers.double().cpu().numpy())

    def seen(self, tokens: Tensor, numbers: Tensor) -> Tensor:
        """Return rows as the judge sees them, (n, W + C)."""
        levels = self.blocks.onehot(tokens)
        return torch.cat([levels, numbers * self.open(levels)], 1)

    def odds(self, tokens: Tensor, numbers: Tensor) -> Tensor:
        """Return the logarithm of each row's odds of being real, (n,)."""
        found: Tensor = self.judge(self.seen(tokens, numbers))[:, 0]
        return found

    def rake(self) -> None:
        """Learn what gives the chosen rows the true shares of levels and numbers."""
        pieces = [self._rows(self._looked_at // 8) for _ in range(8)]
        tokens, numbers = (torch.cat(part) for part in zip(*pieces, strict=True))
        odds = torch.cat([self.odds(*piece) for piece in pieces])
        self.raking.learn(odds, tokens, numbers, self.conditions.share, 1 / self.candidates)

    def judging(self) -> Judging:
        """Return the training of the judge on what this network draws."""
        return Judging(
            self.judge, lambda batch: self.seen(batch.tokens, batch.numbers), lambda n: self.seen(*self._rows(n))
        )

    def calibrate(self) -> None:
        """Learn the law of each number from draws; of a wide table from fewer."""
        logits, numbers = self.generator(self._noise(self._looked_at), self.conditions.drawn(self._looked_at))
        self.calibration.learn(numbers, self.open(self.blocks.onehot(self.blocks.sample(logits))) > 0)

    @property
    def _looked_at(self) -> int:
        return min(CALIBRATING, CELLS // sum(self.generator.sizes))

    def _rows(self, n: int, known: Known | None = None) -> tuple[Tensor, Tensor]:
        logits, numbers = self.generator(self._noise(n), self.conditions.drawn(n, known))
        return self.blocks.sample(logits), self.calibration(numbers)

    def _noise(self, n: int) -> Tensor:
        return torch.randn(n, self.generator.noise, device=self.conditions.share.device)


def packed(n: int, pac: int) -> int:
    """Return the number of whole packs for `n` rows, in rows."""
    return -(-n // pac) * pac


def conditioned(blocks: Blocks, logits: Tensor, condition: Tensor) -> Tensor:
    """Return the cross-entropy of the token that each condition names, a mean over rows; no other token enters."""
    return -(blocks.log_softmax(logits) * condition).sum(1).mean()


@dataclass(slots=True, eq=False, kw_only=True)
class GAN(Family):
    """A conditional Wasserstein GAN; with `identifiability` an ADS-GAN.

    Parameters
    ----------
    depth : int
        Layers of the critic and residual layers of the generator.
    noise : int
        Dimensions of the generator's noise; at least the columns of numbers.
    pac : int
        Rows that the critic looks at together.
    slope, penalty : float
        Length of the critic's gradient that costs nothing, and the weight of what any other costs; 1 and 10 make the
        WGAN-GP of the paper.
    candidates : int
        Rows drawn for each one that is kept, see `fidelia.generate.deep.gan.judge`; 1: no judge, and the fastest draws.
    identifiability : float
        Weight of the penalty on rows that come nearer to a training row than its own nearest neighbour; 0: none. With
        it there is neither calibration nor judge: both would take back what the penalty moved.
    """

    NAME: ClassVar[str] = "gan"

    steps: int = 4_000
    rate: float = 5e-4
    depth: int = 2
    noise: int = 64
    pac: int = 1
    slope: float = 0.0
    penalty: float = 1.0
    candidates: int = 8
    identifiability: float = 0.0

    def check(self) -> None:
        """Refuse parameters that cannot be; see `Family.check`."""
        Family.check(self)
        self.whole("depth", "noise", "pac", "candidates")
        for name in ("slope", "penalty", "identifiability"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise UsageError(f"gan: {name} = {getattr(self, name)!r} must be 0 or more")

    def network(self, layout: Layout) -> Network:
        """Return generator and critic."""
        return Adversaries(
            layout,
            width=self.width, depth=self.depth, noise=self.noise, pac=self.pac, slope=self.slope, penalty=self.penalty,
            candidates=self.candidates, rate=self.rate, identifiability=self.identifiability,
        )  # fmt: skip

    def course(self, n: int) -> Course:
        """Return a course with few checks, for scores are dear, and hardly clipped: a critic has long slopes."""
        checks = min(max(self.steps // 100, 1), 16)
        return Course(steps=self.steps, batch=self._batch(n), clip=100.0, checks=checks, patience=6)

    def _batch(self, n: int) -> int:
        return self.batch or min(batch_for(n), LARGEST)

    def prepare(self, network: Network, rows: Rows) -> None:
        """Count levels, correlate numbers, and measure the neighbourhoods that are guarded."""
        assert isinstance(network, Adversaries)
        network.count(rows)

    def finish(self, network: Network, rows: Rows) -> None:  # noqa: ARG002 - what is drawn is looked at
        """Calibrate the numbers, unless the penalty bent them, and let go of the guarded rows."""
        assert isinstance(network, Adversaries)
        if network.guarded is None:
            network.calibrate()
        network.guarded = None

    def _learn(self, rows: Rows, rng: Rng, progress: Progress, seconds: float, checkpoint: Checkpoint) -> None:
        """Train the adversaries, then the judge of what they draw; an ADS-GAN none, for it would undo the penalty."""
        judged = self.candidates > 1 and not self.identifiability
        begun, share = time.monotonic(), JUDGING if judged else 0.0
        self._train(rows, rng, progress, (1 - share) * seconds, checkpoint)
        network = self.network_
        if not judged or not self.history_.steps or not isinstance(network, Adversaries):
            return
        with seeded(rng.child("judge"), rows.device):
            history = train(
                network.judging(), rows, self._hearing(len(rows)), rng=rng.child("judge"), name="gan's judge",
                seconds=min(share * seconds, left(seconds, begun)), checkpoint=checkpoint, progress=progress,
            )  # fmt: skip
        network.eval()
        if min(history.scores) < GUESS:
            network.judged.fill_(True)
            with seeded(rng.child("rake"), rows.device), torch.no_grad():
                network.rake()

    def _hearing(self, n: int) -> Course:
        steps = max(int(self.steps * JUDGING), 1)
        checks = min(max(steps // 25, 1), 40)
        return Course(steps=steps, batch=self._batch(n), checks=checks, patience=6, ema=0.99)
