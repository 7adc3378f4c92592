"""Distances between pictures that may be moved or lit otherwise: a copy moved by one pixel lies as far from its source
as strangers do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.data.images.resize import resize
from fidelia.measure.space.neighbors import Near

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]

SIDE = 32
"""The side that larger pictures are brought to."""
REACH = 14
"""One pixel of so many in a side is how far a picture is moved in each direction: two of 28, and at least one."""
CHUNK = 256


def aligned(near: Near, shown: Bytes, among: Bytes) -> Near:
    """Measure the distances of pictures to their candidates again: by correlation of pixels, at the best of some moves.

    Parameters
    ----------
    near : Near
        The candidates of each of the n pictures, (n, k), found by features. A distance of 0 stays 0, and where there is
        no candidate there is none.
    shown : (n, h, w, c) uint8
    among : (m, h, w, c) uint8
        What the candidates are of.

    Returns
    -------
    Near
        sqrt(1 - r^2) in [0, 1], r the greatest zero-normalised cross-correlation over the moves, negative ones as
        0: brightness and contrast do not count, and a flat picture is 1 from all. Edges of a moved picture are repeated.

    References
    ----------
    Lewis (1995), Fast Template Matching, Vision Interface, 120-123.
    """
    here, there = _small(shown), _small(among).reshape(len(among), -1)
    sine = np.empty(near.index.shape, dtype=np.float32)
    for start in range(0, len(here), CHUNK):
        part = slice(start, start + CHUNK)
        moved, held = _moved(here[part].astype(np.float32)), there[near.index[part]].astype(np.float32)
        best = (_directions(held) @ _directions(moved).transpose(0, 2, 1)).max(axis=2)
        sine[part] = np.sqrt(1 - np.clip(best, 0, 1) ** 2)
    known = np.isfinite(near.distance) & (near.distance > 0)
    return Near(np.where(known, sine, near.distance), near.index)


def _small(pictures: Bytes) -> Bytes:
    return resize(pictures, SIDE) if max(pictures.shape[1:3]) > SIDE else pictures


def _moved(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return each of n pictures at each of its places, (n, moves, h * w * c)."""
    n, height, width, _ = pictures.shape
    reach = max(1, min(height, width) // REACH)
    wide = np.pad(pictures, ((0, 0), (reach, reach), (reach, reach), (0, 0)), mode="edge")
    moves = range(2 * reach + 1)
    return np.stack([wide[:, i : i + height, j : j + width].reshape(n, -1) for i in moves for j in moves], axis=1)


def _directions(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors less their mean, of length 1; of a constant one nothing is left."""
    centred = vectors - vectors.mean(axis=-1, keepdims=True)
    length = np.linalg.norm(centred, axis=-1, keepdims=True)
    return np.divide(centred, length, out=np.zeros_like(centred), where=length > 1e-3)
