"""The building blocks of networks for pictures: residual convolutions under a condition, halving, doubling, margins."""

from __future__ import annotations

from math import gcd

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

GROUPS = 8
"""Most groups of a norm."""
GROUP = 4
"""Pictures whose variety a critic sees together."""


def padded(pictures: Tensor, multiple: int) -> Tensor:
    """Return pictures ``(n, c, h, w)`` with both sides a multiple of a number: the edge goes on, evenly all around."""
    height, width = pictures.shape[2:]
    down, across = -height % multiple, -width % multiple
    if not down and not across:
        return pictures
    margins = (across // 2, across - across // 2, down // 2, down - down // 2)
    return F.pad(pictures, margins, mode="replicate")


def cropped(pictures: Tensor, height: int, width: int) -> Tensor:
    """Return the middle of pictures: what `padded` was given."""
    top, left = (pictures.shape[2] - height) // 2, (pictures.shape[3] - width) // 2
    return pictures[:, :, top : top + height, left : left + width]


def up_to(side: int, multiple: int) -> int:
    """Return the least multiple of a number that is not below `side`: the side of what `padded` returns."""
    return -(-side // multiple) * multiple


def group_norm(channels: int) -> nn.GroupNorm:
    """Return a norm of groups of at least four channels, where that divides."""
    return nn.GroupNorm(gcd(GROUPS, max(channels // 4, 1)), channels)


class ConvResidual(nn.Module):
    """``skip(x) + W2 silu(norm(W1 silu(norm(x))))``, the second norm scaled and shifted by a condition if there is one.

    Parameters
    ----------
    ins, outs : int
        Channels.
    given : int
        Width of the condition; 0 for none.
    norm : bool
        False for critics, whose gradient is penalised picture by picture: no norms.

    Notes
    -----
    ``forward(x (n, ins, h, w), condition (n, given) or None) -> (n, outs, h, w)``. It starts as the identity, or as
    its skip.
    """

    def __init__(self, ins: int, outs: int, given: int = 0, *, norm: bool = True) -> None:
        super().__init__()
        self.first = group_norm(ins) if norm else nn.Identity()
        self.inner = nn.Conv2d(ins, outs, 3, padding=1)
        self.second = group_norm(outs) if norm else nn.Identity()
        self.adapt = nn.Linear(given, 2 * outs) if given else None
        self.outer = nn.Conv2d(outs, outs, 3, padding=1)
        self.skip = nn.Identity() if ins == outs else nn.Conv2d(ins, outs, 1)
        for layer in (self.outer, self.adapt):
            if layer is not None:
                nn.init.zeros_(layer.weight)
                assert layer.bias is not None
                nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """Return the block's output."""
        inside = self.second(self.inner(F.silu(self.first(x))))
        if self.adapt is not None and condition is not None:
            scale, shift = self.adapt(condition)[:, :, None, None].chunk(2, dim=1)
            inside = inside * (1 + scale) + shift
        found: Tensor = self.skip(x) + self.outer(F.silu(inside))
        return found


class Halved(nn.Conv2d):
    """Half the height and width, ``(n, ins, h, w) -> (n, outs, h / 2, w / 2)``; both sides must be even."""

    def __init__(self, ins: int, outs: int) -> None:
        super().__init__(ins, outs, 4, stride=2, padding=1)


class Doubled(nn.Module):
    """Twice the height and width, ``(n, ins, h, w) -> (n, outs, 2 h, 2 w)``, without a checkerboard."""

    def __init__(self, ins: int, outs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(ins, 4 * outs, 3, padding=1)
        with torch.no_grad():  # the four pixels made of one begin alike
            self.conv.weight.copy_(self.conv.weight[::4].repeat_interleave(4, 0))
            assert self.conv.bias is not None
            self.conv.bias.copy_(self.conv.bias[::4].repeat_interleave(4, 0))

    def forward(self, x: Tensor) -> Tensor:
        """Return the larger maps (sub-pixel convolution: Shi et al. 2016, CVPR)."""
        return F.pixel_shuffle(self.conv(x), 2)


def variety(hidden: Tensor) -> Tensor:
    """Return, as a channel, how much groups of `GROUP` pictures (n, c, h, w) vary: (n, 1, h, w).

    Pictures are grouped in their order; when they are no whole groups, all are one.
    """
    n = len(hidden)
    groups = hidden.float().unflatten(0, (-1, GROUP) if n % GROUP == 0 else (1, n))
    spread = (groups.var(1, correction=0, keepdim=True) + 1e-8).sqrt().mean((2, 3, 4), keepdim=True)
    return spread.expand(-1, groups.shape[1], 1, *hidden.shape[2:]).flatten(0, 1)
