"""Folders of picture files, read and written with Pillow."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.data.images.imageset import Broken, ImageSet
from fidelia.data.images.resize import resize
from fidelia.errors import MissingExtra, ReadError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.data.images.imageset import ImageSet as Images

ENDINGS = (".png", ".jpg", ".jpeg")
SHOWN = 5
DEEP = 257  # from 16 bits to 8
DAMAGED = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error)  # what Pillow raises of broken files


def pillow() -> Any:
    """Return Pillow's module Image.

    Raises
    ------
    MissingExtra
        When it is not installed.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtra("reading and writing picture files", "images") from error
    return Image


def read_folder(folder: Path, size: tuple[int, int] | None) -> ImageSet:
    """Read all pictures in a folder and in the folders in it, in the order of their names.

    Parameters
    ----------
    size : (int, int) or None
        Bring all pictures to this height and width; None where they have one size.

    Raises
    ------
    ReadError
        When there is no picture, all are broken, or sizes differ and none is asked for.
    """
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in ENDINGS and not p.name.startswith("."))
    if not paths:
        raise ReadError(
            f"{folder}: holds no pictures, whose names end in {', '.join(ENDINGS)}; a table is one file: name it"
        )
    found: dict[str, NDArray[np.uint8]] = {}
    broken: list[Broken] = []
    for path in paths:
        name = path.relative_to(folder).as_posix()
        try:
            picture = _opened(path)
            found[name] = picture if size is None else resize(picture[None], size)[0]
        except DAMAGED as error:
            broken.append(Broken(name, str(error) or type(error).__name__))
    if not found:
        raise ReadError(f"{folder}: all {len(broken)} pictures are broken ({broken[0].name}: {broken[0].reason})")
    _one_size(folder, found)
    return ImageSet(_stacked(found), _labels(list(found)), tuple(found), tuple(broken), _notes(found, broken))


def _opened(path: Path) -> NDArray[np.uint8]:
    """Return a picture ``(h, w, 1 or 3)``, turned as its camera says; what is see-through is shown as it is stored."""
    image = pillow()
    from PIL import ImageOps

    try:
        with image.open(path) as file:
            file.load()
            picture = ImageOps.exif_transpose(file)
            if picture.mode.startswith("I"):
                deep = np.asarray(picture, dtype=np.int64)
                return np.asarray(np.clip(deep // DEEP if deep.max() > 255 else deep, 0, 255), dtype=np.uint8)[
                    ..., None
                ]
            grey = picture.mode in ("1", "L", "LA")
            pixels = np.asarray(picture.convert("L" if grey else "RGB"))
    except image.DecompressionBombError as error:
        raise ValueError(str(error)) from error
    return pixels[..., None] if grey else pixels


def _one_size(folder: Path, found: dict[str, NDArray[np.uint8]]) -> None:
    sizes = Counter(picture.shape[:2] for picture in found.values())
    if len(sizes) == 1:
        return
    first = {size: next(name for name, p in found.items() if p.shape[:2] == size) for size, _ in sizes.most_common()}
    said = [f"{h} x {w} ({sizes[h, w]:,}, e.g. {name})" for (h, w), name in list(first.items())[:SHOWN]]
    more = f" and {len(sizes) - SHOWN} more" if len(sizes) > SHOWN else ""
    raise ReadError(f"{folder}: pictures are of {len(sizes)} sizes: {', '.join(said)}{more}; give one, as size=32")


def _stacked(found: dict[str, NDArray[np.uint8]]) -> NDArray[np.uint8]:
    channels = max(picture.shape[2] for picture in found.values())
    return np.stack([np.broadcast_to(picture, (*picture.shape[:2], channels)) for picture in found.values()])


def _labels(names: list[str]) -> tuple[str | None, ...] | None:
    """Return the folder that each picture stands in; None where none stands in one."""
    labels = tuple(name.split("/")[0] if "/" in name else None for name in names)
    return labels if any(labels) else None


def _notes(found: dict[str, NDArray[np.uint8]], broken: list[Broken]) -> tuple[str, ...]:
    said = []
    grey = sum(picture.shape[2] == 1 for picture in found.values())
    if 0 < grey < len(found):
        said.append(f"{grey:,} grey pictures among {len(found) - grey:,} in colour were given three equal channels")
    if broken:
        named = ", ".join(f"{each.name} ({each.reason})" for each in broken[:SHOWN])
        more = f" and {len(broken) - SHOWN:,} more" if len(broken) > SHOWN else ""
        said.append(f"{len(broken):,} broken pictures were left out: {named}{more}")
    return tuple(said)


def write_folder(images: Images, folder: Path) -> None:
    """Write one png per picture, in a folder of its label's name where it has one."""
    image = pillow()
    for name, label, pixels in zip(images.names, images.labels or [None] * len(images), images.pixels, strict=True):
        place = folder / _file(name, label)
        place.parent.mkdir(parents=True, exist_ok=True)
        image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(place, "PNG")


def _file(name: str, label: str | None) -> Path:
    """Return where a picture goes: its own name without folders, below its label."""
    stem = Path(name).name
    stem = Path(stem).stem if Path(stem).suffix.lower() in ENDINGS else stem
    return Path(*([] if label is None else [_safe(label)]), f"{_safe(stem)}.png")


def _safe(word: str) -> str:
    """Return a word as the name of a file, in which no sign leads elsewhere."""
    clean = "".join("_" if sign in "/\\:\0" else sign for sign in word).lstrip(".")
    return clean or "_"
