"""Gallery: a folder in which a network shows what it draws while it learns."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from fidelia.data.atomic import atomic
from fidelia.data.images.sheet import png
from fidelia.generate.deep.images.pixels import grey

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.generate.deep.loop import Trainable
    from fidelia.progress import Progress, Tick

ROWS, ACROSS = 16, 10
"""Classes shown, and pictures of each; of a single class a grid of both sides."""
SHARE = 0.1
"""Most of the time that is spent on drawing them."""
FRAME = 1
"""Pixels between pictures."""


class Gallery:
    """A Progress that keeps grids of drawn pictures: a row for each class, a file for each time that it was shown.

    Parameters
    ----------
    folder : Path
        It is made when there is something to show.
    progress : Progress
        Which is told the stages.
    """

    def __init__(self, folder: Path, progress: Progress) -> None:
        self.folder, self.progress = folder, progress
        self._due = 0.0

    def stage(self, name: str, total: float | None = None) -> AbstractContextManager[Tick]:
        """Open a stage of the other progress."""
        return self.progress.stage(name, total)

    def show(self, name: str, step: int, network: Trainable) -> None:
        """Write ``name-step.png``, whole or not at all, unless drawing would take more than a tenth of the time."""
        begun = time.monotonic()
        canvas = getattr(network, "canvas", None)
        if canvas is None or begun < self._due:
            return
        classes = min(canvas.classes, ROWS) if canvas.classes > 1 else ROWS
        labels = torch.arange(classes).repeat_interleave(ACROSS) % canvas.classes
        device = next((one.device for one in network.parameters()), labels.device)
        drawn = grey(network.draw(labels.to(device)))
        self.folder.mkdir(parents=True, exist_ok=True)
        with atomic(self.folder / f"{name}-{step:06d}.png") as draft:
            draft.write_bytes(png(grid(drawn, ACROSS)))
        self._due = time.monotonic() + (time.monotonic() - begun) / SHARE


def grid(pictures: NDArray[np.uint8], across: int) -> NDArray[np.uint8]:
    """Return pictures ``(n, h, w, c)`` side by side, `across` in a row, as one picture; missing ones are black."""
    n, height, width, channels = pictures.shape
    down = -(-n // across)
    padded = np.zeros((down * across, height + FRAME, width + FRAME, channels), np.uint8)
    padded[:n, :height, :width] = pictures
    rows = padded.reshape(down, across, height + FRAME, width + FRAME, channels).swapaxes(1, 2)
    return rows.reshape(down * (height + FRAME), across * (width + FRAME), channels)[:-FRAME, :-FRAME]
