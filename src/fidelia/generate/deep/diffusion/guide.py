"""Conditions while rows emerge: levels that are barred, and denoised numbers brought into their windows.

A token with a condition shows first, drawn among its allowed levels, so that the rest of the row follows from it: the
exact law given one condition. Windows that hold a good share of the law are left to rejection, which is exact; a rare
one guides the numbers, and then tokens show late, when the numbers that they depend on are nearly known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from fidelia.generate.deep.batch import scores
from fidelia.generate.deep.diffusion.noise import within_windows
from fidelia.generate.deep.layout import Known
from fidelia.generate.deep.nets import Blocks

COMMON = 0.25
"""Windows that together hold this share of the law are left to rejection."""
LATE = 0.25
"""When numbers are guided, the time at which tokens begin to show."""


@dataclass(frozen=True, slots=True, eq=False)
class Guide:
    """Conditions as tensors.

    Parameters
    ----------
    blocks : Blocks
        Of the tokens.
    levels : dict of int to (levels,) bool
        Allowed levels of a token.
    lows : dict of int to (high levels, low levels) bool
        Of a low digit: the levels allowed beside each high digit, which is the token before it.
    windows : dict of int to (w, 2)
        Allowed normal scores of a number.
    """

    blocks: Blocks
    levels: dict[int, Tensor] = field(default_factory=dict)
    lows: dict[int, Tensor] = field(default_factory=dict)
    windows: dict[int, Tensor] = field(default_factory=dict)

    @classmethod
    def of(cls, known: Known | None, blocks: Blocks, device: torch.device) -> Guide:
        """Return the conditions on a device."""
        if known is None:
            return cls(blocks)
        levels, lows = (
            {i: torch.from_numpy(allowed).to(device) for i, allowed in part.items()}
            for part in (known.tokens, known.lows)
        )
        held = math.prod(float((allowed[:, 1] - allowed[:, 0]).sum()) for allowed in known.windows.values())
        rare = known.windows if held < COMMON else {}
        windows = {i: scores(torch.from_numpy(allowed).to(device)) for i, allowed in rare.items()}
        return cls(blocks, levels, lows, windows)

    def order(self, shows: Tensor) -> Tensor:
        """Return the times below which tokens show, (n, T), for those that the free law would give."""
        shows = shows * LATE if self.windows else shows.clone()
        shows[:, sorted({*self.levels, *self.lows})] += 1.0
        return shows

    def fixed(self, tokens: Tensor) -> Tensor:
        """Return tokens, (n, T), with those shown that have one allowed level."""
        for i, allowed in self.levels.items():
            if int(allowed.sum()) == 1:
                tokens[:, i] = allowed.int().argmax()
        return tokens

    def barred(self, logits: Tensor, tokens: Tensor) -> Tensor:
        """Return logits (n, W) with -inf where a level is not allowed beside the tokens that show (n, T)."""
        pieces = list(logits.split(self.blocks.sizes, dim=1)) if self.levels or self.lows else []
        for i, allowed in self.levels.items():
            pieces[i] = pieces[i].masked_fill(~allowed, -torch.inf)
        for low, grid in self.lows.items():
            pieces[low] = pieces[low].masked_fill(~beside(grid, tokens[:, low - 1]), -torch.inf)
            pieces[low - 1] = pieces[low - 1].masked_fill(~beside(grid.T, tokens[:, low]), -torch.inf)
        return torch.cat(pieces, dim=1) if pieces else logits

    def within(self, denoised: Tensor, sigma: Tensor) -> Tensor:
        """Return denoised numbers, (n, C), as if their values lay in their windows; the noise is (1, C)."""
        if not self.windows:
            return denoised
        columns = list(denoised.unbind(1))
        for i, windows in self.windows.items():
            columns[i] = within_windows(columns[i], sigma[0, i], windows)
        return torch.stack(columns, dim=1)


def beside(grid: Tensor, other: Tensor) -> Tensor:
    """Return what is allowed beside each row's other digit, (n, levels); beside a mask, what any digit allows."""
    return torch.cat([grid, grid.any(0, keepdim=True)])[other.clamp(max=len(grid))]
