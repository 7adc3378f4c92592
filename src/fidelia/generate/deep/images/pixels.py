"""Pictures as rows: what the training loop and the networks see of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from torch import Tensor

from fidelia.generate.deep.batch import Batch, Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

WHITE = 255
ALIKE = 8
"""So many neighbouring pixels tell about as much as one column of a table."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """What all pictures of a set have in common; all that a network must know to be built.

    Parameters
    ----------
    channels, height, width : int
    classes : int
        Codes of labels, at least 1; pictures without labels are all of class 0.
    """

    channels: int
    height: int
    width: int
    classes: int = 1

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height, width: the order of torch."""
        return self.channels, self.height, self.width

    @property
    def size(self) -> int:
        """Values of a picture."""
        return self.channels * self.height * self.width

    def pictures(self, batch: Batch) -> Tensor:
        """Return the pictures of a batch, (n, channels, height, width) in -1..1."""
        return batch.numbers.view(-1, *self.shape)


@dataclass(frozen=True, slots=True, eq=False)
class Pixels(Rows):
    """Pictures on a device.

    Parameters
    ----------
    tokens : (n, 1) int64
        Codes of labels.
    begin, end : (n, size) uint8
        The grey values of each picture, channel by channel; both are the same.
    active : (n, 1) bool
        True.

    Notes
    -----
    A batch has as `numbers` the grey values in -1..1, float32 ``(n, size)``; `Canvas.pictures` gives them their shape.
    """

    @classmethod
    def laid(cls, pixels: NDArray[np.uint8], labels: NDArray[Any], device: torch.device) -> Self:
        """Return pictures ``(n, h, w, c)`` and the codes of their labels ``(n,)`` as rows."""
        first = np.moveaxis(pixels, 3, 1).copy().reshape(len(pixels), -1)
        grey = torch.from_numpy(first).to(device)
        tokens = torch.from_numpy(np.asarray(labels, np.int64)[:, None]).to(device)
        return cls(tokens, grey, grey, torch.ones(len(first), 1, dtype=torch.bool, device=device))

    def take(self, rows: Tensor) -> Self:
        """Return the pictures at these positions."""
        rows = rows.to(self.device)
        grey = self.begin[rows]
        return type(self)(self.tokens[rows], grey, grey, self.active[rows])

    def batch(self, rows: Tensor | None = None) -> Batch:
        """Return pictures (None: all) with their grey values in -1..1."""
        mine = self if rows is None else self.take(rows)
        numbers = scaled(mine.begin)
        return Batch(mine.tokens, numbers, mine.active, numbers, numbers)

    @property
    def width(self) -> int:
        """Columns of a table that tell as much as a picture does."""
        return 1 + int(self.begin.shape[1]) // ALIKE


def scaled(grey: Tensor) -> Tensor:
    """Return grey values 0..255 as numbers in -1..1."""
    return grey.float() * (2 / WHITE) - 1


def grey(pictures: Tensor) -> NDArray[np.uint8]:
    """Return pictures ``(n, c, h, w)`` in -1..1 as whole grey values ``(n, h, w, c)``; what lies beyond is cut off."""
    whole = ((pictures.float() + 1) * (WHITE / 2)).round().clamp(0, WHITE).to(torch.uint8)
    return np.ascontiguousarray(whole.permute(0, 2, 3, 1).cpu().numpy())
