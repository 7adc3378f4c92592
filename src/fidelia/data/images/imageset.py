"""ImageSet: pictures of one size with labels and names, and the table that carries them through the house."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from fidelia.data.images.resize import resize
from fidelia.data.table import Table
from fidelia.errors import SchemaError, UsageError
from fidelia.schema.kinds import Kind, Role
from fidelia.schema.schema import Column, Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAME, IMAGE, LABEL = "name", "image", "label"
CHANNELS = (1, 3)


@dataclass(frozen=True, slots=True)
class Broken:
    """A picture that could not be read."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class ImageSet:
    """Pictures of one size.

    Parameters
    ----------
    pixels : (n, height, width, channels) uint8
        0 is black; one channel for grey, three for red, green and blue.
    labels : tuple of (str or None), or None
        The class of each picture as a word; None where there are no classes.
    names : tuple of str
        File names, or numbers as words.
    broken : tuple of Broken
        The files that could not be read, each with its reason; the other pictures are here.
    notes : tuple of str
        What else happened while reading.

    Examples
    --------
    >>> digits = ImageSet(np.zeros((3, 8, 8, 1), np.uint8), ("0", "1", "0"))
    >>> digits
    ImageSet of 3 pictures, 8 x 8, grey, 2 labels
    >>> digits.take([0, 2]).labels
    ('0', '0')
    """

    pixels: NDArray[np.uint8]
    labels: tuple[str | None, ...] | None = None
    names: tuple[str, ...] = ()
    broken: tuple[Broken, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shape, kind = self.pixels.shape, self.pixels.dtype
        if len(shape) != 4 or shape[3] not in CHANNELS or 0 in shape[1:] or kind != np.uint8:
            raise UsageError(
                f"pixels have the shape {shape} and the type {kind}, but must be (n, height, width, 1 or 3) of uint8; "
                "fidelia.read_images takes other arrays"
            )
        if not self.names:
            object.__setattr__(self, "names", numbered(len(self.pixels)))
        for what, given in (("labels", self.labels), ("names", self.names)):
            if given is not None and len(given) != len(self.pixels):
                raise UsageError(f"{len(given)} {what} are given for {len(self.pixels)} pictures")

    def __len__(self) -> int:
        return len(self.pixels)

    def __repr__(self) -> str:
        height, width, channels = self.shape
        classes = "" if self.labels is None else f", {len(set(self.labels) - {None})} labels"
        broken = f", {len(self.broken)} broken" if self.broken else ""
        colour = "grey" if channels == 1 else "colour"
        return f"ImageSet of {len(self):,} pictures, {height} x {width}, {colour}{classes}{broken}"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of each picture."""
        height, width, channels = self.pixels.shape[1:]
        return height, width, channels

    def take(self, rows: NDArray[np.int64] | Sequence[int]) -> ImageSet:
        """Return the pictures at these positions, in this order."""
        at = np.asarray(rows, dtype=np.int64)
        labels = None if self.labels is None else tuple(self.labels[i] for i in at)
        return ImageSet(self.pixels[at], labels, tuple(self.names[i] for i in at))

    def resized(self, size: int | tuple[int, int]) -> ImageSet:
        """Return the pictures at another size, (height, width) or the side of a square, without aliasing."""
        return replace(self, pixels=resize(self.pixels, size))

    def in_colour(self) -> ImageSet:
        """Return the pictures with three channels."""
        return self if self.shape[2] == 3 else replace(self, pixels=np.repeat(self.pixels, 3, axis=3))

    def without_labels(self) -> ImageSet:
        """Return the pictures without their labels."""
        return replace(self, labels=None)

    def table(self) -> Table:
        """Return the pictures as a table: a name, a picture and, where there are labels, a target in each row."""
        columns: dict[str, Any] = {NAME: pa.array(self.names, pa.string()), IMAGE: as_column(self.pixels)}
        kinds = [Column(NAME, Kind.ID, Role.KEY, reason="names of pictures"), image_column(self.shape)]
        if self.labels is not None:
            columns[LABEL] = pa.array(self.labels, pa.string())
            kinds.append(Column(LABEL, Kind.CATEGORY, Role.TARGET, None in self.labels, "labels of pictures"))
        return Table(pa.table(columns), Schema(tuple(kinds)), "pyarrow", notes=self.notes)

    @classmethod
    def of(cls, table: Table) -> ImageSet:
        """Return the pictures of a table that carries some, with its names and its target as labels.

        Raises
        ------
        SchemaError
            When no column holds pictures.
        """
        keys = [column.name for column in table.schema if column.role is Role.KEY]
        target = table.schema.target
        return cls(
            pictures(table),
            None if target is None else tuple(table[target].cast(pa.string()).to_pylist()),
            tuple(table[keys[0]].cast(pa.string()).to_pylist()) if keys else (),
        )

    def write(self, path: str | Path) -> None:
        """Write the pictures; see `fidelia.data.images.write.write_images`."""
        from fidelia.data.images.write import write_images

        write_images(self, path)


def numbered(n: int) -> tuple[str, ...]:
    """Return the names of pictures that have none: their numbers."""
    return tuple(str(i) for i in range(n))


def as_column(pixels: NDArray[np.uint8]) -> pa.Array:
    """Return pictures ``(n, h, w, c)`` as an Arrow column whose type says their shape."""
    kind = pa.fixed_shape_tensor(pa.uint8(), pixels.shape[1:])
    flat = pa.array(np.ascontiguousarray(pixels).reshape(-1))
    return pa.ExtensionArray.from_storage(kind, pa.FixedSizeListArray.from_arrays(flat, int(np.prod(kind.shape))))


def image_column(shape: tuple[int, ...]) -> Column:
    """Return what a schema says of a column of pictures."""
    return Column(IMAGE, Kind.IMAGE, reason=f"pictures of {' x '.join(map(str, shape))}")


def picture_column(schema: Schema) -> str | None:
    """Return the name of the column that holds pictures, if there is one."""
    return next(iter(schema.of(Kind.IMAGE)), None)


def pictures(table: Table) -> NDArray[np.uint8]:
    """Return the pictures of a table, ``(n, height, width, channels)``.

    Raises
    ------
    SchemaError
        When no column holds pictures.
    """
    name = picture_column(table.schema)
    if name is None:
        raise SchemaError(f"no column holds pictures; the columns are {', '.join(table.schema.names)}")
    column = table[name]
    return np.asarray(column.storage.flatten().to_numpy().reshape(len(column), *column.type.shape))
