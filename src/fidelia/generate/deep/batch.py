"""Rows and batches of them as tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from fidelia.generate.deep.layout import Parts

EDGE = 1e-6
"""Positions are kept this far from 0 and 1, where normal scores end (at 4.75)."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Rows that a loss sees.

    Parameters
    ----------
    tokens : (n, T) int64
        Levels.
    numbers : (n, C) float32
        Normal scores; noise where the number is not there, of the same standard normal law.
    active : (n, C) bool
        Whether the number is there. What is not there must not enter a loss.
    begin, end : (n, C) float32
        The interval of positions that the value owns, of which `numbers` is a fresh draw.
    """

    tokens: Tensor
    numbers: Tensor
    active: Tensor
    begin: Tensor
    end: Tensor

    def __len__(self) -> int:
        return len(self.tokens)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Encoded rows on a device, from which batches are taken; see `layout.Parts`."""

    tokens: Tensor
    begin: Tensor
    end: Tensor
    active: Tensor

    @classmethod
    def of(cls, parts: Parts, device: torch.device) -> Self:
        """Move parts to a device."""
        arrays = (parts.tokens, parts.begin, parts.end, parts.active)
        return cls(*(torch.from_numpy(np.ascontiguousarray(array)).to(device) for array in arrays))

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def width(self) -> int:
        """Parts of a row."""
        return int(self.tokens.shape[1] + self.begin.shape[1])

    @property
    def device(self) -> torch.device:
        """Where the rows lie."""
        found: torch.device = self.tokens.device
        return found

    def take(self, rows: Tensor) -> Self:
        """Return the rows at these positions."""
        rows = rows.to(self.device)
        return type(self)(self.tokens[rows], self.begin[rows], self.end[rows], self.active[rows])

    def batch(self, rows: Tensor | None = None) -> Batch:
        """Return rows (None: all) with each number drawn anew from the interval that its value owns."""
        mine = self if rows is None else self.take(rows)
        return Batch(mine.tokens, within(mine.begin, mine.end), mine.active, mine.begin, mine.end)


def within(begin: Tensor, end: Tensor) -> Tensor:
    """Return normal scores of positions drawn uniformly between `begin` and `end`."""
    places = begin + (end - begin) * torch.rand_like(begin)
    return scores(places)


def scores(places: Tensor) -> Tensor:
    """Return the normal scores of positions in [0, 1]."""
    found: Tensor = torch.special.ndtri(places.double().clamp(EDGE, 1 - EDGE)).float()
    return found
