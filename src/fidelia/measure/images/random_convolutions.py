"""Features that need no training and no download: three layers of seeded random convolutions.

Random filters tell textures, strokes and edges apart, though not the meaning of pictures; scores in them compare with
each other, not with published Fréchet distances.

References
----------
He, Zhang, Ren and Sun (2015), arXiv 1502.01852 (the size of weights); Saxe et al. (2011), On Random Weights and
Unsupervised Feature Learning, ICML; Naeem et al. (2020), arXiv 2002.09797, section 5 (random embeddings).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from fidelia.data.images.resize import resampled
from fidelia.rng import Rng

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Singles = NDArray[np.float32]

CHANNELS, KERNELS, GRIDS = (8, 16, 16), (5, 3, 3), (2, 2, 4)
SMALL, LARGE = 32, 64
"""The side that pictures are brought to: the small one where they are no larger."""


@dataclass(frozen=True, slots=True)
class RandomConvolutions:
    """Means, over the cells of a grid, of what three layers of random convolutions give: 352 features.

    Parameters
    ----------
    seed : int
        Of the weights.

    Examples
    --------
    >>> RandomConvolutions().extract(np.zeros((2, 28, 28, 1), np.uint8)).shape
    (2, 352)
    """

    seed: int = 0

    name: ClassVar[str] = "random-convolutions"
    version: ClassVar[int] = 1

    @property
    def hash(self) -> str:
        """Of the recipe and of the weights for one channel and for three."""
        digest = sha256(f"{self.name}/{self.version}/{CHANNELS}/{KERNELS}/{GRIDS}/{SMALL}/{LARGE}".encode())
        for channels in (1, 3):
            for weight in _weights(self.seed, channels):
                digest.update(weight.tobytes())
        return digest.hexdigest()

    def extract(self, batch: NDArray[np.uint8]) -> Singles:
        """Return the features of pictures ``(n, h, w, c)``, ``(n, 352)``."""
        side = SMALL if max(batch.shape[1:3]) <= SMALL else LARGE
        out = resampled(batch.astype(np.float32) / 127.5 - 1, (side, side))
        found = []
        for weight, grid in zip(_weights(self.seed, batch.shape[3]), GRIDS, strict=True):
            out = np.maximum(_convolved(out, weight), 0)
            found.append(_means(out, grid).reshape(len(out), -1))
            out = _means(out, out.shape[1] // 2)
        return np.concatenate(found, axis=1)


@cache
def _weights(seed: int, channels: int) -> tuple[Singles, ...]:
    """Return orthogonal filters ``(k, k, in, out)`` of each layer; those of the first do not see brightness."""
    rng = Rng(seed).child(f"random-convolutions/{channels}")
    found = []
    for i, ((inputs, outputs), k) in enumerate(zip(pairwise((channels, *CHANNELS)), KERNELS, strict=True)):
        drawn = rng.child(str(i)).generator().normal(size=(k * k * inputs, outputs))
        filters = np.linalg.qr(drawn if i else drawn - drawn.mean(axis=0))[0] * np.sqrt(2)
        found.append(filters.reshape(k, k, inputs, outputs).astype(np.float32))
    return tuple(found)


def _convolved(pictures: Singles, weight: Singles) -> Singles:
    """Return the convolution of pictures, their edges repeated, so that it is as large as they are."""
    k, margin = weight.shape[0], weight.shape[0] // 2
    padded = np.pad(pictures, ((0, 0), (margin, margin), (margin, margin), (0, 0)), mode="edge")
    seen = np.lib.stride_tricks.sliding_window_view(padded, (k, k), axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3)
    flat = np.ascontiguousarray(seen).reshape(-1, weight[..., 0].size)
    return np.asarray((flat @ weight.reshape(-1, weight.shape[3])).reshape(*pictures.shape[:3], -1))


def _means(pictures: Singles, grid: int) -> Singles:
    """Return the mean over each cell of a grid x grid cut, ``(n, grid, grid, c)``."""
    n, side, _, c = pictures.shape
    cells = pictures.reshape(n, grid, side // grid, grid, side // grid, c)
    return np.asarray(cells.mean(axis=(2, 4)))
