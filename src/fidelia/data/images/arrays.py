"""Arrays of any layout and range as pictures: 8 bits, channels last."""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.data.images.imageset import CHANNELS
from fidelia.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Span = tuple[float, float]


def as_pixels(
    source: Any, what: str, *, shape: Sequence[int] | None = None, span: Span | None = None
) -> NDArray[np.uint8]:
    """Return an array or tensor as pictures, ``(n, height, width, channels)`` uint8.

    Parameters
    ----------
    source : array or tensor
        ``(n, h, w)``, ``(n, h, w, c)``, ``(n, c, h, w)`` or ``(n, pixels)``, c of 1 or 3. Where both orders of
        channels could be meant, a torch tensor's come first and an array's last.
    what : str
        What errors call it.
    shape : sequence of int or None
        Height and width (and channels) of flat pictures; None for squares.
    span : (float, float) or None
        The values of black and white. None: 0 and 1 for fractions and truth values, 0 and 255 for whole numbers.

    Raises
    ------
    ReadError
        When the shape is that of no pictures, or a value lies outside of the span.
    """
    tensor = hasattr(source, "detach")
    array = np.asarray(source.detach().cpu().numpy() if tensor else source)
    if not (np.issubdtype(array.dtype, np.number) or array.dtype == np.bool_) or np.iscomplexobj(array):
        raise ReadError(f"{what}: holds {array.dtype}, and pixels are numbers")
    return _bytes(_channels_last(array, what, shape, first=tensor), what, span)


def _channels_last(array: NDArray[Any], what: str, shape: Sequence[int] | None, *, first: bool) -> NDArray[Any]:
    if array.ndim == 2:
        array = array.reshape(len(array), *_layout(array.shape[1], what, shape))
    if array.ndim == 3:
        return array[..., None]
    if array.ndim == 4:
        places = [axis for axis in ((1, 3) if first else (3, 1)) if array.shape[axis] in CHANNELS]
        if places:
            return np.moveaxis(array, places[0], 3)
    raise ReadError(
        f"{what}: has the shape {array.shape}; pictures are (n, height, width), with 1 or 3 channels behind, or "
        "(n, pixels)"
    )


def _layout(pixels: int, what: str, shape: Sequence[int] | None) -> tuple[int, ...]:
    """Return height, width and channels of flat pictures."""
    if shape is not None:
        found = (*shape, 1) if len(shape) == 2 else tuple(shape)
        if len(found) != 3 or int(np.prod(found)) != pixels:
            raise ReadError(f"{what}: holds {pixels} values per picture, which is not the shape {tuple(shape)}")
        return found
    for channels in CHANNELS:
        side = isqrt(pixels // channels)
        if side * side * channels == pixels > 0:
            return side, side, channels
    raise ReadError(f"{what}: holds {pixels} values per picture, which is no square; give shape=(height, width)")


def _bytes(array: NDArray[Any], what: str, span: Span | None) -> NDArray[np.uint8]:
    if array.dtype == np.uint8 and span is None:
        return np.ascontiguousarray(array)
    fractions = array.dtype == np.bool_ or np.issubdtype(array.dtype, np.floating)
    black, white = span or ((0, 1) if fractions else (0, 255))
    low, high = (float(array.min()), float(array.max())) if array.size else (black, white)
    if not (black <= low and high <= white and black < white):
        raise ReadError(
            f"{what}: values run from {low:g} to {high:g}, which is not within {black:g} (black) to {white:g} (white); "
            "say what black and white are with span=(black, white)"
        )
    return np.asarray(np.rint((array.astype(np.float32) - black) * (255 / (white - black))), dtype=np.uint8)


def as_labels(source: Any, rows: int, what: str) -> tuple[str | None, ...]:
    """Return labels as words; None, NaN and nothing are missing.

    Raises
    ------
    ReadError
        When there are not as many as pictures.
    """
    array = np.asarray(source.detach().cpu().numpy() if hasattr(source, "detach") else source)
    flat = array.reshape(len(array), -1 if len(array) else 1) if array.ndim else array.reshape(1, 1)
    if flat.shape != (rows, 1):
        raise ReadError(f"{what}: labels have the shape {array.shape} for {rows} pictures")
    return tuple(_word(value) for value in flat[:, 0].tolist())


def _word(value: Any) -> str | None:
    """Return ``"3"`` for 3, 3.0 and "3"."""
    if value is None or value == "" or value != value:
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
