"""`read_images`: any source of pictures to an ImageSet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fidelia.data.images.arrays import Span, as_labels, as_pixels
from fidelia.data.images.files import Raw, is_idx, load, of_pictures
from fidelia.data.images.imageset import ImageSet
from fidelia.data.images.resize import sides
from fidelia.data.table import Table
from fidelia.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Sequence

ARRAYS = 3  # dimensions from which on an array is pictures, and not rows


def read_images(
    source: Any,
    *,
    labels: Any = None,
    size: int | tuple[int, int] | None = None,
    shape: Sequence[int] | None = None,
    span: Span | None = None,
    key: str | None = None,
) -> ImageSet:
    """Read pictures.

    Parameters
    ----------
    source : path, array, tensor, Table or ImageSet
        A folder of png and jpg files (in folders by label, or not), an .npy, .npz, idx (packed with gzip or not) or
        .parquet file, a numpy array or torch tensor ``(n, h, w)``, ``(n, h, w, c)``, ``(n, c, h, w)`` or
        ``(n, pixels)``.
    labels : sequence, str or None
        A label for each picture; or the column of a parquet file that holds them.
    size : int, (int, int) or None
        Bring all pictures to this height and width; shrinking does not alias.
    shape : sequence of int or None
        Height and width (and channels) of flat pictures; None: what the file says, or squares.
    span : (float, float) or None
        The values of black and white. None: what the file says, 0 and 1 for fractions, 0 and 255 for whole numbers.
    key : str or None
        Which array of an npz file, or column of a parquet file, holds the pictures.

    Returns
    -------
    ImageSet
        Its `broken` names the files that could not be read.

    Raises
    ------
    ReadError
        When there is nothing to read, or pictures differ in size and no `size` is given.
    MissingExtra
        For folders, when Pillow is not installed.
    """
    wanted = None if size is None else sides(size)
    if isinstance(source, str | Path):
        found = _from_path(Path(source), labels, wanted, shape, span, key)
    elif isinstance(source, ImageSet):
        found = source
    elif isinstance(source, Table):
        found = ImageSet.of(source)
    else:
        found = _from_raw(Raw(source), "the array", shape, span)
    if labels is not None and not isinstance(labels, str):
        found = replace(found, labels=as_labels(labels, len(found), "the pictures"))
    return found if wanted is None else found.resized(wanted)


def _from_path(
    path: Path,
    labels: Any,
    size: tuple[int, int] | None,
    shape: Sequence[int] | None,
    span: Span | None,
    key: str | None,
) -> ImageSet:
    if path.is_dir():
        from fidelia.data.images.folder import read_folder

        return read_folder(path, size)
    if not path.exists():
        raise ReadError(f"{path}: there is no such file or folder")
    return _from_raw(load(path, labels if isinstance(labels, str) else None, key), str(path), shape, span)


def _from_raw(raw: Raw, what: str, shape: Sequence[int] | None, span: Span | None) -> ImageSet:
    pixels = as_pixels(raw.pixels, what, shape=shape or raw.shape, span=span or raw.span)
    labels = None if raw.labels is None else as_labels(raw.labels, len(pixels), what)
    return ImageSet(pixels, labels, () if raw.names is None else tuple(str(name) for name in raw.names))


def holds_pictures(source: Any) -> bool:
    """Return whether a source is one of pictures: a folder, a file of arrays, a parquet file with a column of pictures.

    Nothing is read but, of a parquet file, its schema.
    """
    if isinstance(source, Table):
        from fidelia.data.images.imageset import picture_column

        return picture_column(source.schema) is not None
    if not isinstance(source, str | Path):
        return isinstance(source, ImageSet) or len(getattr(source, "shape", ())) >= ARRAYS
    path = Path(source)
    if path.suffix.lower() == ".parquet" and path.is_file():
        return _parquet_pictures(path)
    return path.is_dir() or path.suffix.lower() in (".npy", ".npz") or (is_idx(path) and path.is_file())


def _parquet_pictures(path: Path) -> bool:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return any(of_pictures(field.type) for field in pq.read_schema(path))
    except (pa.ArrowInvalid, OSError):
        return False  # the reader of tables says what is wrong with it
