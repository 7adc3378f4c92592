"""Sheets: many small pictures in one PNG, for pages that carry their pictures themselves."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from dataclasses import dataclass
from math import ceil, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.data.images.resize import resize

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

EDGE = 1
"""Pixels by which each picture's border is repeated around it, so that its neighbours never shine through."""
COLOUR_TYPE = {1: 0, 3: 2}


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """Pictures of one size in rows of `across`, as a PNG.

    Parameters
    ----------
    png : bytes
    across, count : int
        Pictures in a row, and in all.
    height, width : int
        Of each picture, without the `EDGE` around it.
    """

    png: bytes
    across: int
    count: int
    height: int
    width: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; the PNG in base 64."""
        sizes = {name: getattr(self, name) for name in ("across", "count", "height", "width")}
        return {"png": b64encode(self.png).decode(), **sizes, "edge": EDGE}


def sheet(pixels: Pixels, room: int) -> Sheet:
    """Return pictures as a sheet, made smaller where all their bytes would not fit.

    Parameters
    ----------
    pixels : (n, height, width, channels) uint8
        At least one.
    room : int
        Most bytes before packing.
    """
    shown = resize(pixels, fitting(pixels.shape, room))
    n, height, width, channels = shown.shape
    across = ceil(sqrt(n))
    down = ceil(n / across)
    framed = np.pad(shown, ((0, 0), (EDGE, EDGE), (EDGE, EDGE), (0, 0)), mode="edge")
    whole = np.zeros((down * across, *framed.shape[1:]), dtype=np.uint8)
    whole[:n] = framed
    tall, wide = framed.shape[1:3]
    laid = (
        whole.reshape(down, across, tall, wide, channels).swapaxes(1, 2).reshape(down * tall, across * wide, channels)
    )
    return Sheet(png(laid), across, n, height, width)


def fitting(shape: tuple[int, ...], room: int) -> tuple[int, int]:
    """Return the height and width at which pictures ``(n, height, width, channels)`` have at most `room` bytes."""
    n, height, width, channels = shape
    scale = min(1.0, sqrt(room / max(n * height * width * channels, 1)))
    return max(1, int(height * scale)), max(1, int(width * scale))


def png(picture: Pixels) -> bytes:
    """Return a picture ``(height, width, 1 or 3)`` as a PNG, by the one of three filters that packs it best.

    References
    ----------
    ISO/IEC 15948:2004, Portable Network Graphics.
    """
    height, width, channels = picture.shape
    rows = picture.reshape(height, -1)
    left = np.pad(rows, ((0, 0), (channels, 0)))[:, : rows.shape[1]]
    above = np.pad(rows, ((1, 0), (0, 0)))[:height]
    packed = [_packed(rows - taken, kind) for kind, taken in enumerate((np.zeros_like(rows), left, above))]
    head = struct.pack(">IIBBBBB", width, height, 8, COLOUR_TYPE[channels], 0, 0, 0)
    parts = _chunk(b"IHDR", head), _chunk(b"IDAT", min(packed, key=len)), _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _packed(rows: Pixels, kind: int) -> bytes:
    return zlib.compress(np.pad(rows, ((0, 0), (1, 0)), constant_values=kind).tobytes(), 9)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
