"""Diffusion: rows emerge from noise, numbers and tokens under one time.

Numbers follow EDM (Karras et al. 2022) in quantile space, where every column is standard normal, so that sigma_data
is 1: ``x = x0 + sigma_i(t) eps`` is denoised as ``D = c_skip x + c_out F``. Tokens are covered by masks (Sahoo et al.
2024). One network sees the noisy row and its time, and says F of each number and the law of each masked token. Its
loss is the mean square of F's error plus, for tokens, the evidence bound: the cross-entropy of masked tokens with
weight ``-alpha' / (1 - alpha) = k / t``. Schedules of columns are learnt along (Shi et al. 2025); see
`fidelia.generate.deep.diffusion.noise` for them and `fidelia.generate.deep.diffusion.reverse` for how rows are drawn.

What is different from TabDiff, and why:

- Tokens show one after the other, not all of a step's at once, which would draw them independently.
- The sampler steps in the angle ``arctan(sigma)``, in which a standard normal law needs no steps at all.
- A number that is not there is standard normal noise to the denoiser as long as its gate is masked: its F is 0, by
  definition and not by chance. Once the gate shows that it is not there, it is hidden from the network and from the
  loss. So the pattern of missing values has exactly the law of the tokens.
- The network is a residual perceptron with products inside (`trunk`), which sees numbers also as waves,
  ``sin(f x)`` and ``cos(f x)``, each damped by ``exp(-f^2 sigma^2 / 2)``: fine structure where there is any.
- What is validated is the whole evidence bound in nats, which compares between schedules.

References
----------
Karras, Aittala, Aila, Laine (2022), "Elucidating the design space of diffusion-based generative models", NeurIPS.
Sahoo et al. (2024), "Simple and effective masked diffusion language models", NeurIPS.
Shi et al. (2025), "TabDiff: a mixed-type diffusion model for tabular data generation", ICLR.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from fidelia.errors import UsageError
from fidelia.generate.deep.batch import Batch, Rows
from fidelia.generate.deep.diffusion.guide import Guide
from fidelia.generate.deep.diffusion.noise import Schedules, out, skip, stratified
from fidelia.generate.deep.diffusion.reverse import reverse
from fidelia.generate.deep.diffusion.trunk import Embedding
from fidelia.generate.deep.family import Family, Network
from fidelia.generate.deep.layout import Drawn, Known, Layout
from fidelia.generate.deep.loop import Course, Moment, Move, halved
from fidelia.generate.deep.nets import Blocks, Products, Waves

TIME = 64
"""Width of the embedding of time."""
LOOKS = 4_096
"""About how many rows a validation sees: each of few rows at many times, many rows at one time each."""
EARLIEST, SHORTEST = 1e-4, 0.25
"""The earliest time; and the time, in shares of 1 / T, before which tokens weigh no more: one is masked at most."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Rows of a batch seen at one time each, and what that costs.

    Parameters
    ----------
    times : (n,)
    hidden : (n, T) bool
        Which tokens are masked.
    tokens : (n, T)
        The bound in nats: cross-entropy of masked tokens times k / t.
    numbers : (n, C)
        The squared error of F; 0 for numbers that are known not to be there.
    worth : (n, C)
        Nats that an error of 1 costs: ``d ln sigma / dt c_skip``, which is ``sigma' / sigma^3`` of an error of D.
    """

    times: Tensor
    hidden: Tensor
    tokens: Tensor
    numbers: Tensor
    worth: Tensor

    @property
    def bound(self) -> Tensor:
        """The evidence bound of each row in nats, (n,), up to a constant."""
        return self.tokens.sum(1) + (self.worth * self.numbers).sum(1)


class Denoiser(Network):
    """The network, and the law of rows that it stands for.

    Parameters
    ----------
    layout : Layout
    width, depth : int
        Of the residual layers, and how many.
    rate : float
        Of the optimiser.
    learnt : bool
        Whether schedules are learnt.
    draws : int
        Steps from noise to rows.
    churn : float
        See `fidelia.generate.deep.diffusion.reverse.reverse`.

    Notes
    -----
    ``forward(tokens (n, T), x (n, C), t (n,) or (1,)) -> (logits (n, W), F (n, C))``; a token's level after its last
    is the mask.
    """

    def __init__(
        self, layout: Layout, *, width: int, depth: int, rate: float, learnt: bool, draws: int, churn: float
    ) -> None:
        super().__init__()
        self.layout, self.rate, self.draws, self.churn = layout, rate, draws, churn
        self.blocks = Blocks.of(layout)
        sizes, numbers = self.blocks.sizes, layout.numbers
        gates = [-1 if number.gate is None else number.gate for number in numbers]
        self.register_buffer("gates", torch.tensor(gates, dtype=torch.long), persistent=False)
        self.register_buffer("masks", torch.tensor(sizes, dtype=torch.long), persistent=False)
        self.schedules = Schedules(len(sizes), len(numbers), learnt=learnt)
        self.rows = Embedding(sizes, len(numbers), width)
        self.time = Waves(TIME)
        self.layers = nn.ModuleList([Products(width, TIME) for _ in range(depth)])
        self.norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, self.blocks.width + len(numbers))

    def forward(self, tokens: Tensor, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Return the laws of tokens and the F of numbers."""
        inside = self.rows(tokens, x, self.schedules.sigma(t), self.there(tokens))
        condition = F.silu(self.time(t))
        for layer in self.layers:
            inside = layer(inside, condition)
        logits, made = self.leave(F.silu(self.norm(inside))).float().split([self.blocks.width, x.shape[1]], dim=1)
        return logits, made

    def there(self, tokens: Tensor) -> Tensor:
        """Return whether each number may be there, (n, C): its gate is open or still masked."""
        if not len(self.masks):
            return torch.ones(len(tokens), len(self.gates), dtype=torch.bool, device=tokens.device)
        at = self.gates.clamp(min=0)
        level = tokens[:, at]
        return (level == 0) | (level == self.masks[at]) | (self.gates < 0)

    def moves(self) -> dict[str, Move]:
        """Return the one update: network and schedules."""
        return {"noise": Move(self, self.loss, rate=self.rate, decay=1e-5)}

    def loss(self, batch: Batch, moment: Moment) -> Tensor:  # noqa: ARG002 - the same throughout
        """Return the errors of F, squared, and the bound of the tokens, summed over parts, averaged over rows."""
        view = self.view(batch)
        rows = view.numbers.sum(1) + view.tokens.sum(1)
        loss = rows.mean()
        return loss + self._order(view, rows) if self.schedules.learnt else loss

    def score(self, rows: Rows) -> float:
        """Return the evidence bound of validation rows in nats, up to a constant, at stratified times."""
        looks = int(np.clip(LOOKS // len(rows), 1, 64))
        return sum(float(self.view(rows.batch()).bound.mean()) for _ in range(looks)) / looks

    def view(self, batch: Batch) -> View:
        """Cover rows with noise of stratified times, and see how well the network uncovers them."""
        t = stratified(len(batch), batch.numbers.device).clamp(min=EARLIEST)
        sigma = self.schedules.sigma(t)
        x = batch.numbers + sigma * torch.randn_like(batch.numbers)
        hidden = torch.rand(batch.tokens.shape, device=t.device) < self.schedules.masked(t)
        seen = torch.where(hidden, self.masks, batch.tokens)
        logits, made = self(seen, x, t)
        wanted = torch.where(batch.active, (batch.numbers - skip(sigma) * x) / out(sigma), 0.0)
        rate = self.schedules.k / t[:, None].clamp(min=SHORTEST / max(len(self.masks), 12))
        return View(
            t, hidden, self.blocks.nll(logits, batch.tokens) * hidden * rate,
            (made - wanted) ** 2 * self.there(seen), self.schedules.speed(t) * skip(sigma),
        )  # fmt: skip

    def _order(self, view: View, rows: Tensor) -> Tensor:
        """A term of value 0 whose gradient is that of the loss by which tokens are masked: the score function's."""
        covered = self.schedules.masked(view.times).clamp(1e-6, 1 - 1e-6)
        likely = torch.where(view.hidden, covered.log(), (-covered).log1p()).sum(1)
        gain = (rows - rows.mean()).detach() * likely
        return (gain - gain.detach()).mean()

    def denoised(self, tokens: Tensor, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (n, W) and expected numbers (n, C) of noisy rows at one time (1,)."""
        with halved(x.device, in_half()):
            logits, made = self(tokens, x, t)
        sigma = self.schedules.sigma(t)
        return logits, skip(sigma) * x + out(sigma) * made * self.there(tokens)

    def draw(self, n: int, known: Known | None = None) -> Drawn:
        """Draw rows; see `fidelia.generate.deep.diffusion.guide` for how conditions are obeyed."""
        guide = Guide.of(known, self.blocks, self.masks.device)
        tokens, numbers = reverse(self, guide, n, steps=self.draws, churn=self.churn)
        return Drawn(tokens.cpu().numpy(), numbers.double().cpu().numpy())


@dataclass(slots=True, eq=False, kw_only=True)
class Diffusion(Family):
    """A mixed-type diffusion model.

    On two processors the defaults take some minutes for tens of thousands of rows; a GPU affords width 1,024, depth
    6 and ten times the steps.

    Parameters
    ----------
    depth : int
        Residual layers.
    draws : int
        Steps of the sampler; each evaluates the network twice.
    churn : float
        How many steps numbers go back into fresh noise before each step: 0 is deterministic given the first noise,
        1 and more correct errors of earlier steps when there are many of them.
    learnt : bool
        Whether each column learns its own schedule.
    """

    NAME: ClassVar[str] = "diffusion"

    steps: int = 3_000
    width: int = 512
    depth: int = 3
    draws: int = 20
    churn: float = 0.0
    learnt: bool = True

    def network(self, layout: Layout) -> Network:
        """Return the denoiser."""
        return Denoiser(
            layout, width=self.width, depth=self.depth, rate=self.rate, learnt=self.learnt, draws=self.draws,
            churn=self.churn,
        )  # fmt: skip

    def course(self, n: int) -> Course:
        """Return the training: large batches, in bfloat16 where the processor has it."""
        batch = self.batch or int(2 ** np.clip(np.floor(np.log2(max(n, 1) / 8)), 5, 10))
        return Course(steps=self.steps, batch=batch, checks=30, patience=10, half=in_half())

    def check(self) -> None:
        """Refuse parameters that cannot be."""
        Family.check(self)
        self.whole("depth", "draws")
        if not 0 <= self.churn <= self.draws:
            raise UsageError(f"{self.NAME}: churn = {self.churn!r} must lie between 0 and draws, {self.draws}")


def in_half() -> bool | None:
    """Return whether to multiply in bfloat16 on a processor: where it can; others imitate it slowly. None: no say."""
    asked = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return True if asked is not None and asked() else None
