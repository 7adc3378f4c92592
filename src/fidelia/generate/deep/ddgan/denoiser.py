"""The generator of a denoising diffusion GAN on mixed rows: what a noisy row was, drawn, not averaged.

A row is a vector: each token as one-hot in {0, 2}, centred by its levels' frequencies, then the numbers; a number
behind a closed gate is 0. Given a noisy row, its step and a code z, a network says a law for each part, a softmax
for a token and a normal law for a number, from which the part is drawn. z makes parts vary together and in several
modes; the laws add what is each part's own, so that the generator is right about independent columns from the start.
z acts through scales and shifts alone: beside the row, as an input, it drowned what two numbers said to each other.
Draws of tokens are hard, ones and zeros as in real rows, and pass gradients on as if they were soft (straight through).

References
----------
Jang, Gu and Poole (2017), "Categorical reparameterization with Gumbel-softmax", ICLR.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from fidelia.generate.deep.batch import Batch, scores
from fidelia.generate.deep.ddgan.chain import Chain
from fidelia.generate.deep.layout import Known, Layout
from fidelia.generate.deep.nets import Blocks, Products, damped_waves

TEMPERATURE = 0.7
"""Of the softmax through which gradients pass."""
CONDITION = 64
"""Width of what step and code say to the layers."""
FREQUENCIES = 6
"""Of the waves of a number: the lowest is 1, each the double of the last."""
GENTLE = 0.1
"""By which the last layer's first weights are scaled: the generator starts with the columns' own laws."""


@dataclass(frozen=True, slots=True, eq=False)
class Laws:
    """What a noisy row may have been, part by part.

    Parameters
    ----------
    logits : (n, W)
        Of the tokens' levels, block by block.
    mean, scale : (n, C)
        Of the numbers' normal laws.
    """

    logits: Tensor
    mean: Tensor
    scale: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """Conditions as tensors; an empty one leaves everything free.

    Parameters
    ----------
    barred : (W,) float32 or None
        Added to all logits: -inf where a level is not allowed.
    lows : dict of int to (high levels, low levels) bool
        Of a low digit: the levels allowed beside each high digit, which is the token before it.
    windows : dict of int to (w, 2)
        Allowed normal scores of a number.
    """

    barred: Tensor | None = None
    lows: dict[int, Tensor] = field(default_factory=dict)
    windows: dict[int, Tensor] = field(default_factory=dict)

    @classmethod
    def of(cls, known: Known | None, blocks: Blocks, device: torch.device) -> Limits:
        """Return conditions on a device."""
        if known is None:
            return cls()
        barred = torch.zeros(blocks.width, device=device)
        for i, allowed in known.tokens.items():
            piece = barred[blocks.begins[i] : blocks.begins[i] + blocks.sizes[i]]
            piece[torch.from_numpy(~allowed).to(device)] = -torch.inf
        lows = {i: torch.from_numpy(grid).to(device) for i, grid in known.lows.items()}
        windows = {i: scores(torch.from_numpy(allowed).to(device)) for i, allowed in known.windows.items()}
        return cls(barred, lows, windows)


class Denoiser(nn.Module):
    """Noisy rows to rows.

    Parameters
    ----------
    layout : Layout
    chain : Chain
    width, depth : int
        Of the residual layers.
    code : int
        Dimensions of z.
    """

    chain: Chain
    frequency: Tensor

    def __init__(self, layout: Layout, chain: Chain, *, width: int, depth: int, code: int) -> None:
        super().__init__()
        self.blocks, self.numbers, self.code = Blocks.of(layout), len(layout.numbers), code
        self.width = self.blocks.width + self.numbers
        self.gates = [number.gate for number in layout.numbers]
        self.chain = chain
        sizes = [code, CONDITION, CONDITION, CONDITION]
        layers = [part for ins, outs in pairwise(sizes) for part in (nn.Linear(ins, outs), nn.SiLU())]
        self.mapping = nn.Sequential(*layers)
        self.time = nn.Embedding(chain.steps + 1, CONDITION)
        self.enter = nn.Linear(self.width + 2 * FREQUENCIES * self.numbers, width)
        self.layers = nn.ModuleList([Products(width, CONDITION) for _ in range(depth)])
        self.norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, self.blocks.width + 2 * self.numbers)
        self.register_buffer("frequency", torch.ones(self.blocks.width))
        with torch.no_grad():
            self.leave.weight.mul_(GENTLE)

    @torch.no_grad()
    def count(self, tokens: Tensor) -> None:
        """Learn the levels' frequencies (one row more for each level), with which the logits begin."""
        sizes = torch.tensor(self.blocks.sizes, device=tokens.device)
        counts = torch.zeros_like(self.frequency)
        for i, (begin, size) in enumerate(zip(self.blocks.begins, self.blocks.sizes, strict=True)):
            counts[begin : begin + size] = torch.bincount(tokens[:, i], minlength=size) + 1.0
        self.frequency.copy_(counts / (len(tokens) + sizes)[self.blocks.owner.to(tokens.device)])
        self.leave.bias[: self.blocks.width] = self.frequency.log()

    def rows(self, batch: Batch) -> Tensor:
        """Return real rows as vectors, (n, width)."""
        return self.joined(self.blocks.onehot(batch.tokens), batch.numbers)

    def joined(self, onehot: Tensor, numbers: Tensor) -> Tensor:
        """Return vectors of one-hot tokens (n, W) and numbers (n, C), those behind closed gates as 0."""
        return torch.cat([2 * (onehot - self.frequency), numbers * self.there(onehot)], 1)

    def there(self, onehot: Tensor) -> Tensor:
        """Return 1 where a number's gate is open and 0 where not, (n, C), with the gates' gradient."""
        always = onehot.new_ones(len(onehot))
        found = [always if gate is None else onehot[:, self.blocks.begins[gate]] for gate in self.gates]
        return torch.stack(found, 1) if found else onehot.new_zeros(len(onehot), 0)

    def laws(self, xt: Tensor, t: Tensor) -> Laws:
        """Return laws of the rows' parts for a fresh z.

        For a standard normal number, ``x_0`` given ``x_t`` is normal of mean ``sqrt(abar) x_t`` and variance
        ``1 - abar``: what the network says is relative to that.
        """
        z = torch.randn(len(xt), self.code, device=xt.device)
        condition = self.mapping(z) + self.time(t)
        abar = self.chain.abar[t][:, None]
        left = (1 - abar).sqrt()
        inside = self.enter(torch.cat([xt, waves(xt[:, self.blocks.width :], left)], 1))
        for layer in self.layers:
            inside = layer(inside, condition)
        out = self.leave(F.silu(self.norm(inside))).float()
        logits, mean, spread = out.split([self.blocks.width, self.numbers, self.numbers], dim=1)
        # The scale starts below its greatest value, so that z has a share in the variance from the start.
        scale = left * (spread - 1).clamp(-6, 1).exp()
        return Laws(logits, abar.sqrt() * xt[:, self.blocks.width :] + left * mean, scale)

    def forward(self, xt: Tensor, t: Tensor) -> Tensor:
        """Draw ``x_0'`` given ``x_t``, (n, width), differentiable."""
        laws = self.laws(xt, t)
        onehot = self.blocks.straight(laws.logits, TEMPERATURE)
        return self.joined(onehot, laws.mean + laws.scale * torch.randn_like(laws.mean))

    def draw(self, xt: Tensor, t: Tensor, limits: Limits) -> tuple[Tensor, Tensor]:
        """Draw tokens (n, T) and numbers (n, C) of ``x_0'`` within limits."""
        laws = self.laws(xt, t)
        return self._tokens(laws, limits), self._numbers(laws, limits)

    def _tokens(self, laws: Laws, limits: Limits) -> Tensor:
        logits = laws.logits if limits.barred is None else laws.logits + limits.barred
        tokens = self.blocks.sample(logits)
        for low, grid in limits.lows.items():
            begin = self.blocks.begins[low]
            allowed = grid[tokens[:, low - 1]]
            piece = logits[:, begin : begin + self.blocks.sizes[low]].masked_fill(~allowed, -torch.inf)
            tokens[:, low] = torch.distributions.Categorical(logits=piece).sample()
        return tokens

    def _numbers(self, laws: Laws, limits: Limits) -> Tensor:
        numbers = laws.mean + laws.scale * torch.randn_like(laws.mean)
        for i, windows in limits.windows.items():
            numbers[:, i] = cut(laws.mean[:, i], laws.scale[:, i], windows)
        return numbers


def waves(numbers: Tensor, noise: Tensor) -> Tensor:
    """Return the damped waves of numbers, all sines before all cosines, (n, 2 C FREQUENCIES); `noise` is (n, 1)."""
    frequencies = 2.0 ** torch.arange(FREQUENCIES, device=numbers.device)
    found = damped_waves(numbers, noise, frequencies).unflatten(2, (2, FREQUENCIES))
    return found.transpose(1, 2).flatten(1)


def cut(mean: Tensor, scale: Tensor, windows: Tensor) -> Tensor:
    """Draw from normal laws cut to windows, (n,); where a law has next to nothing there, the end that is nearest.

    Parameters
    ----------
    mean, scale : (n,)
    windows : (w, 2)
        Rising.
    """
    low, high = ((windows.double() - mean.double()[:, None, None]) / scale.double()[:, None, None]).unbind(2)
    below = torch.special.ndtr(low)
    mass = torch.special.ndtr(high) - below
    upto = mass.cumsum(1)
    goal = upto[:, -1:] * torch.rand_like(upto[:, -1:])
    at = torch.searchsorted(upto, goal, right=True).clamp(max=len(windows) - 1)
    place = (below.gather(1, at) + goal - (upto - mass).gather(1, at))[:, 0]
    found = mean + scale * torch.special.ndtri(place.clamp(1e-12, 1 - 1e-12))
    found = found.clamp(*windows.double()[at[:, 0]].unbind(1))
    ends = windows.reshape(-1).double()
    nearest = ends[(mean.double()[:, None] - ends).abs().argmin(1)]
    return torch.where(upto[:, -1] > 1e-10, found, nearest).float()
