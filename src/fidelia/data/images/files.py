"""Pictures in one file: npy, npz, idx and parquet."""

from __future__ import annotations

import gzip
import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import ReadError
from fidelia.schema.schema import closest

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa
    from numpy.typing import NDArray

IDX = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
LABELS = ("label", "labels", "y", "target", "class")


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """What a file holds, as it stands there.

    Parameters
    ----------
    pixels, labels, names : array or None
    shape : tuple of int or None
        Of flat pictures, where the file says it.
    span : (float, float) or None
        Black and white, where the file says them.
    """

    pixels: Any
    labels: Any = None
    names: Any = None
    shape: tuple[int, ...] | None = None
    span: tuple[float, float] | None = None


def load(path: Path, label: str | None, key: str | None) -> Raw:
    """Read a file of pictures.

    Parameters
    ----------
    label : str or None
        The column of a parquet file that holds labels.
    key : str or None
        The array of an npz file, or the column of a parquet file, that holds pictures.

    Raises
    ------
    ReadError
        When it is no such file, or damaged.
    """
    loaders: dict[str, Callable[[], Raw]] = {
        ".npy": lambda: Raw(np.load(path, allow_pickle=False)),
        ".npz": lambda: _npz(path, key),
        ".parquet": lambda: _parquet(path, label, key),
    }
    loader = loaders.get(path.suffix.lower())
    if loader is None and is_idx(path):
        loader = lambda: _idx_pair(path)  # noqa: E731
    if loader is None:
        raise ReadError(f"{path}: no file of pictures; give a folder, or a .npy, .npz, .parquet or idx file")
    try:
        return loader()
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ReadError(f"{path}: cannot be read as pictures ({error})") from error


def is_idx(path: Path) -> bool:
    """Return whether a name is that of an idx file, such as ``train-images-idx3-ubyte.gz``."""
    name = path.name.lower().removesuffix(".gz")
    return name.endswith((".idx", "ubyte")) or "-idx" in name


def _npz(path: Path, key: str | None) -> Raw:
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    pixels = _named(path, {n: a for n, a in arrays.items() if a.ndim in (3, 4)} or arrays, key, "arrays of pictures")
    wanted = pixels.replace("images", "labels").replace("x_", "y_")
    rows = len(arrays[pixels])
    fits = {n: a for n, a in arrays.items() if n != pixels and a.ndim and a.shape in ((rows,), (rows, 1))}
    found = next((fits[name] for name in (wanted, *LABELS) if name in fits), None)
    return Raw(arrays[pixels], found, fits.get("names"))


def _named(path: Path, found: dict[str, Any], key: str | None, what: str) -> str:
    """Return the one name, or the one that is asked for."""
    if key is not None:
        if key not in found:
            raise ReadError(f"{path}: holds no {key!r} among its {what}{closest(key, found)}")
        return key
    if len(found) != 1:
        raise ReadError(f"{path}: holds {len(found)} {what} ({', '.join(found)}); choose one with key=")
    return next(iter(found))


def _idx_pair(path: Path) -> Raw:
    """Read an idx file, and the labels that stand beside it under the usual name."""
    beside = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    return Raw(idx(path), idx(beside) if beside != path and beside.is_file() else None)


def idx(path: Path) -> NDArray[Any]:
    """Return the array of an idx file, packed with gzip or not.

    References
    ----------
    LeCun, Cortes and Burges, The MNIST database, section "File formats".
    """
    data = path.read_bytes()
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in IDX:
        raise ReadError(f"{path}: does not begin as an idx file does")
    shape = np.frombuffer(data, ">u4", data[3], 4).astype(np.int64)
    kind = np.dtype(IDX[data[2]])
    start = 4 + 4 * data[3]
    if len(data) != start + int(np.prod(shape)) * kind.itemsize:
        raise ReadError(f"{path}: says that it holds {' x '.join(map(str, shape))} values, but is not that long")
    return np.frombuffer(data, kind, offset=start).reshape(shape).astype(kind.newbyteorder("="))


def _parquet(path: Path, label: str | None, key: str | None) -> Raw:
    import pyarrow.parquet as pq

    arrow = pq.read_table(path)
    card = _card(path)
    column = _named(path, {f.name: f for f in arrow.schema if of_pictures(f.type)}, key, "columns of pictures")
    labels = _label(path, arrow, label or card.get("target"))
    values = arrow.column(column).combine_chunks()
    shape, storage = card.get("image_shape"), values
    if hasattr(values, "storage"):
        shape, storage = values.type.shape, values.storage
    if values.null_count:
        raise ReadError(f"{path}: {values.null_count} of {len(values)} pictures are missing")
    flat = storage.flatten().to_numpy(zero_copy_only=False)
    if len(values) and len(flat) % len(values):
        raise ReadError(f"{path}: the pictures in column {column!r} are not all of one size")
    span = card.get("pixel_range", (0, 255))
    return Raw(
        flat.reshape(len(values), -1),
        None if labels is None else np.array(arrow.column(labels).to_pylist(), dtype=object),
        arrow.column("name").to_pylist() if "name" in arrow.column_names else None,
        None if shape is None else tuple(shape),
        None if tuple(span) == (0, 255) else tuple(span),
    )


def of_pictures(kind: pa.DataType) -> bool:
    """Return whether an Arrow column of this type can hold pictures: lists or tensors of numbers."""
    import pyarrow as pa

    if isinstance(kind, pa.FixedShapeTensorType):
        return True
    lists = pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind) or pa.types.is_large_list(kind)
    return bool(lists and (pa.types.is_integer(kind.value_type) or pa.types.is_floating(kind.value_type)))


def _label(path: Path, arrow: pa.Table, wanted: str | None) -> str | None:
    if wanted is not None and wanted not in arrow.column_names:
        raise ReadError(f"{path}: has no column {wanted!r} of labels{closest(wanted, arrow.column_names)}")
    return wanted or next((name for name in LABELS if name in arrow.column_names), None)


def _card(path: Path) -> dict[str, Any]:
    """Return what a card.json beside the file says of it, if there is one."""
    card = path.with_name("card.json")
    found = json.loads(card.read_text(encoding="utf-8")) if card.is_file() else {}
    return found if isinstance(found, dict) and found.get("file", path.name) == path.name else {}
