"""Pictures at another size, without aliasing: each new pixel is a weighted mean of the old ones around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK = 256


def resize(pixels: NDArray[np.uint8], size: int | tuple[int, int]) -> NDArray[np.uint8]:
    """Return pictures at another size, rounded to whole grey values.

    Parameters
    ----------
    pixels : (n, h, w, c) uint8
    size : int or (int, int)
        Height and width; one number for a square.
    """
    height, width = sides(size)
    if pixels.shape[1:3] == (height, width):
        return pixels
    out = np.empty((len(pixels), height, width, pixels.shape[3]), dtype=np.uint8)
    for at in range(0, len(pixels), BLOCK):
        found = resampled(pixels[at : at + BLOCK].astype(np.float32), (height, width))
        out[at : at + BLOCK] = np.clip(np.rint(found), 0, 255)
    return out


def resampled(pictures: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Return pictures ``(n, h, w, c)`` at another size, in the numbers that they are given in."""
    down, across = (weights(old, new) for old, new in zip(pictures.shape[1:3], size, strict=True))
    n, _, w, c = pictures.shape
    tall = down @ pictures.reshape(n, -1, w * c)
    wide = across @ tall.reshape(n * size[0], w, c)
    return np.asarray(wide.reshape(n, *size, c), dtype=np.float32)


def weights(old: int, new: int) -> NDArray[np.float32]:
    """Return the matrix ``(new, old)`` that resizes a line of pixels: a triangle as wide as the coarser grid's pixels.

    Enlarging is linear interpolation between pixel centres; shrinking averages all pixels that a new one covers.

    Examples
    --------
    >>> (7 * weights(4, 2)).round().tolist()
    [[3.0, 3.0, 1.0, 0.0], [0.0, 1.0, 3.0, 3.0]]
    """
    step = old / new
    reach = max(step, 1.0)
    centre = (np.arange(new) + 0.5) * step
    height = np.maximum(0.0, 1 - np.abs(np.arange(old) + 0.5 - centre[:, None]) / reach)
    return np.asarray(height / height.sum(axis=1, keepdims=True), dtype=np.float32)


def sides(size: int | tuple[int, int]) -> tuple[int, int]:
    """Return height and width.

    Raises
    ------
    UsageError
        When they are no positive whole numbers.
    """
    pair = (size, size) if isinstance(size, int) else tuple(size)
    if len(pair) != 2 or not all(isinstance(side, int | np.integer) and side > 0 for side in pair):
        raise UsageError(f"size = {size!r}: a size is a number of pixels, or height and width")
    return int(pair[0]), int(pair[1])
