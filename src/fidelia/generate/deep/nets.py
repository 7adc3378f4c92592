"""The building blocks of the networks: token blocks side by side, embeddings of rows, residual layers."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from fidelia.generate.deep.layout import Layout


class Blocks:
    """Where each token's levels stand in one long vector, and what is done to such vectors block by block.

    Parameters
    ----------
    sizes : list of int
        Levels of each token.

    Notes
    -----
    Shapes: tokens ``(n, T)``; vectors ``(n, W)`` with ``W = sum(sizes)``.
    """

    def __init__(self, sizes: list[int]) -> None:
        self.sizes = sizes
        self.width = sum(sizes)
        ends = torch.tensor([0, *sizes]).cumsum(0)
        self.begins: list[int] = ends[:-1].tolist()
        self.owner = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes, dtype=torch.long))
        self._offsets = ends[:-1]

    @classmethod
    def of(cls, layout: Layout) -> Blocks:
        """Return the blocks of a layout's tokens."""
        return cls([token.levels for token in layout.tokens])

    def onehot(self, tokens: Tensor) -> Tensor:
        """Return tokens as 0 and 1, (n, W) float32."""
        found = torch.zeros(len(tokens), self.width, device=tokens.device)
        return found.scatter_(1, tokens + self._offsets.to(tokens.device), 1.0)

    def log_softmax(self, logits: Tensor) -> Tensor:
        """Return log probabilities block by block, (n, W)."""
        if not self.sizes:
            return logits
        owner = self.owner.to(logits.device).expand(len(logits), -1)
        shape = (len(logits), len(self.sizes))
        top = logits.new_full(shape, -torch.inf).scatter_reduce(1, owner, logits.detach(), "amax")
        shifted = logits - top.gather(1, owner)
        total = logits.new_zeros(shape).scatter_add(1, owner, shifted.exp())
        return shifted - total.log().gather(1, owner)

    def nll(self, logits: Tensor, tokens: Tensor) -> Tensor:
        """Return the negative log likelihood of each token, (n, T)."""
        return -self.log_softmax(logits).gather(1, tokens + self._offsets.to(tokens.device))

    def sample(self, logits: Tensor) -> Tensor:
        """Draw a level of each block (Gumbel's maximum), (n, T) int64; a logit of -inf is never drawn."""
        return self.greatest(logits + gumbel(logits))

    def straight(self, logits: Tensor, temperature: float) -> Tensor:
        """Draw a level of each block as 0 and 1, (n, W), with the slopes of the Gumbel softmax at this temperature."""
        noisy = logits + gumbel(logits)
        soft = self.log_softmax(noisy / temperature).exp()
        # In this order the value is exactly 0 or 1.
        return self.onehot(self.greatest(noisy.detach())) + (soft - soft.detach())

    def greatest(self, values: Tensor) -> Tensor:
        """Return the position of the greatest value within each block, (n, T) int64."""
        pieces = values.split(self.sizes, dim=1) if self.sizes else ()
        found = [piece.argmax(1) for piece in pieces]
        return torch.stack(found, 1) if found else torch.zeros(len(values), 0, dtype=torch.long, device=values.device)


def gumbel(like: Tensor) -> Tensor:
    """Return draws from the standard Gumbel law: the greatest of logits plus these has the law of the softmax."""
    return -torch.empty_like(like).exponential_().log()


class RowEmbedding(nn.Module):
    """Rows as one vector: an embedding of each token beside the numbers.

    Parameters
    ----------
    layout : Layout
    most : int
        Widest embedding of one token.

    Notes
    -----
    ``forward(tokens (n, T), numbers (n, C)) -> (n, width)``. Numbers that are not there should be given as 0.
    """

    def __init__(self, layout: Layout, most: int = 16) -> None:
        super().__init__()
        sizes = [token.levels for token in layout.tokens]
        self.tables = nn.ModuleList([nn.Embedding(size, min(most, max(2, math.ceil(size**0.6)))) for size in sizes])
        self.width = sum(table.embedding_dim for table in self.tables) + len(layout.numbers)

    def forward(self, tokens: Tensor, numbers: Tensor) -> Tensor:
        """Return the vectors of rows."""
        found = [table(tokens[:, i]) for i, table in enumerate(self.tables)]
        return torch.cat([*found, numbers], dim=1)


class Residual(nn.Module):
    """``x + W2 silu(W1 norm(x))``, its norm scaled and shifted by a condition when there is one.

    Notes
    -----
    ``forward(x (n, width), condition (n, given) or None) -> (n, width)``. It starts as the identity.
    """

    def __init__(self, width: int, given: int = 0, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, width)
        self.outer = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)
        self.adapt = nn.Linear(given, 2 * width) if given else None
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)
        if self.adapt is not None:
            nn.init.zeros_(self.adapt.weight)
            nn.init.zeros_(self.adapt.bias)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """Return the layer's output."""
        inside = self.norm(x)
        if self.adapt is not None and condition is not None:
            scale, shift = self.adapt(condition).chunk(2, dim=-1)
            inside = inside * (1 + scale) + shift
        outside: Tensor = x + self.outer(self.dropout(F.silu(self.inner(inside))))
        return outside


class Products(nn.Module):
    """``x + W3 (silu(W1 y) * W2 y)`` with ``y = scale norm(x) + shift``, scaled and shifted by a condition.

    Products see at once what pairs of parts say together: a ring of two numbers among three other columns, which
    layers without them had not found after 700 steps, is found in 200. It starts as the identity and costs as much
    as a `Residual` of its width (SwiGLU: Shazeer 2020, "GLU variants improve transformer", arXiv 2002.05202).

    Notes
    -----
    ``forward(x (n, width), condition (n, given) or (1, given)) -> (n, width)``.
    """

    def __init__(self, width: int, given: int) -> None:
        super().__init__()
        inner = max(2 * width // 3, 1)
        self.norm = nn.LayerNorm(width)
        self.adapt = nn.Linear(given, 2 * width)
        self.inner = nn.Linear(width, 2 * inner)
        self.outer = nn.Linear(inner, width)
        for layer in (self.adapt, self.outer):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Return the layer's output."""
        scale, shift = self.adapt(condition).chunk(2, dim=-1)
        one, other = self.inner(self.norm(x) * (1 + scale) + shift).chunk(2, dim=-1)
        found: Tensor = x + self.outer(F.silu(one) * other)
        return found


class Perceptron(nn.Module):
    """A stack of residual layers between two linear ones; see `Residual` for the condition."""

    def __init__(
        self, inputs: int, outputs: int, *, width: int, depth: int, given: int = 0, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.enter = nn.Linear(inputs, width)
        self.layers = nn.ModuleList([Residual(width, given, dropout) for _ in range(depth)])
        self.norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, outputs)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """Return the network's output, (n, outputs)."""
        x = self.enter(x)
        for layer in self.layers:
            x = layer(x, condition)
        found: Tensor = self.leave(F.silu(self.norm(x)))
        return found


class Waves(nn.Module):
    """A scalar as sines and cosines of geometric frequencies, then a small network: an embedding of time or noise.

    Notes
    -----
    ``forward(t (n,)) -> (n, width)``.
    """

    def __init__(self, width: int, highest: float = 100.0) -> None:
        super().__init__()
        half = width // 2
        self.register_buffer("frequencies", torch.exp(torch.linspace(0, math.log(highest), half)), persistent=False)
        self.inner = nn.Linear(2 * half, width)
        self.outer = nn.Linear(width, width)

    def forward(self, t: Tensor) -> Tensor:
        """Return the embedding."""
        angles = t[:, None] * self.frequencies
        found: Tensor = self.outer(F.silu(self.inner(torch.cat([angles.sin(), angles.cos()], dim=1))))
        return found


def damped_waves(x: Tensor, noise: Tensor, frequencies: Tensor) -> Tensor:
    """Return sines, then cosines, of numbers with noise in them, each damped as the noise damps its mean.

    Layers are slow to see several modes in a number itself. The factor ``exp(-noise^2 f^2 / 2)`` makes a wave of a
    number its mean over the noise (Barron et al. 2021, "Mip-NeRF", ICCV).

    Parameters
    ----------
    x : (n, C)
    noise : (n, C) or (n, 1)
        Standard deviation of the noise.
    frequencies : (F,)

    Returns
    -------
    (n, C, 2 F)
    """
    angles = x[:, :, None] * frequencies
    damping = (-0.5 * (noise[:, :, None] * frequencies) ** 2).exp()
    return torch.cat([angles.sin() * damping, angles.cos() * damping], dim=2)


def squared_slopes(critic: Callable[[Tensor], Tensor], rows: Tensor) -> Tensor:
    """Return the squared length of a critic's gradient at each pack of rows, one for each value that it gives.

    It can be differentiated by the critic's weights.
    """
    rows = rows.detach().requires_grad_()
    values = critic(rows)
    (slope,) = torch.autograd.grad(values.sum(), rows, create_graph=True)
    return slope.reshape(len(values), -1).square().sum(1)
