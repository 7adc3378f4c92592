"""Extractors: pictures to features; and the embedding that one makes, in which all metrics of rows work unchanged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from fidelia.data.images.imageset import picture_column, pictures
from fidelia.errors import UsageError
from fidelia.measure.space.given import NO_BLOCKS, numbers
from fidelia.progress import SILENT, Progress

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from fidelia.data.table import Table

    Floats = NDArray[np.float64]
    Pixels = NDArray[np.uint8]

BATCH = 256
PROBES = 6


class Extractor(Protocol):
    """A fixed map from pictures to features. Those of other packages need these members and nothing else.

    The features of a picture must not depend on the other pictures of its batch.
    """

    @property
    def name(self) -> str:
        """What it is called in results."""
        ...

    @property
    def version(self) -> int:
        """Version of the recipe."""
        ...

    @property
    def hash(self) -> str:
        """Sha256 of weights and preprocessing: scores of different extractors do not compare."""
        ...

    def extract(self, batch: Pixels) -> NDArray[Any]:
        """Return the features, ``(n, d)``, of pictures ``(n, height, width, channels)`` uint8."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Called:
    """An extractor made of a function from pictures ``(n, h, w, c)`` uint8 to ``(n, d)`` numbers.

    Its hash is that of its name and of its features of a few fixed pictures.
    """

    function: Callable[[Any], Any]
    name: str
    hash: str

    version: ClassVar[int] = 1

    @classmethod
    def of(cls, function: Callable[[Any], Any], shape: tuple[int, ...]) -> Called:
        """Try a function on fixed pictures of this shape.

        Raises
        ------
        UsageError
            When it gives no finite numbers, or a picture's features change with the other pictures.
        """
        name = str(getattr(function, "__name__", type(function).__name__))
        probes = np.random.Generator(np.random.PCG64(0)).integers(0, 256, (PROBES, *shape), dtype=np.uint8)
        whole = numbers(as_array(function(probes)), PROBES, f"the extractor {name!r}")
        part = numbers(as_array(function(probes[: PROBES // 2])), PROBES // 2, f"the extractor {name!r}")
        if not np.allclose(part, whole[: PROBES // 2], rtol=1e-3, atol=1e-5 * np.abs(whole).max()):
            raise UsageError(f"the extractor {name!r} gives a picture other features beside other pictures")
        return cls(function, name, sha256(name.encode() + b"\0" + whole.tobytes()).hexdigest())

    def extract(self, batch: Pixels) -> NDArray[Any]:
        """Return what the function gives."""
        return as_array(self.function(batch))


def as_array(found: Any) -> NDArray[Any]:
    """Return an array, or a torch tensor as one."""
    return np.asarray(found.detach().cpu().numpy() if hasattr(found, "detach") else found)


@dataclass(frozen=True, slots=True, eq=False)
class Extracted:
    """The embedding that an extractor makes of tables that carry pictures.

    Parameters
    ----------
    extractor : Extractor
    width : int
        Number of features.
    fitted : (n,) int64
        The rows of `images` that trained the extractor; none where it was not trained here.
    images : pyarrow.Array or None
        The pictures that they are rows of.
    """

    extractor: Extractor
    width: int
    fitted: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    images: pa.Array | None = None

    blocks: ClassVar[Mapping[str, slice]] = NO_BLOCKS

    @classmethod
    def by(cls, extractor: Extractor, train: Table, fitted: NDArray[np.int64] | None = None) -> Extracted:
        """Return the embedding of an extractor for tables like `train`; `fitted` are the rows that trained it."""
        width = len(extracted(extractor, pictures(train)[:1])[0]) if len(train) else 0
        if fitted is None or not len(fitted):
            return cls(extractor, width)
        return cls(extractor, width, fitted, train[picture_column(train.schema) or ""])

    @property
    def name(self) -> str:
        """Name of the extractor."""
        return self.extractor.name

    @property
    def version(self) -> int:
        """Version of the extractor's recipe."""
        return self.extractor.version

    @property
    def hash(self) -> str:
        """Hash of the extractor."""
        return self.extractor.hash

    def transform(self, table: Table) -> Floats:
        """Return the features of a table's pictures, ``(n, width)``: those that the table carries, or new ones."""
        if table.features is not None:
            return np.asarray(table.features, dtype=np.float64)
        if not len(table):
            return np.empty((0, self.width))
        return extracted(self.extractor, pictures(table)).astype(np.float64)

    def calibration(self, train: Table) -> NDArray[np.int64]:
        """Return the rows of train that did not train the extractor."""
        name = picture_column(train.schema)
        if self.images is None or name is None or not train[name].equals(self.images):
            return np.arange(len(train))
        return np.setdiff1d(np.arange(len(train)), self.fitted)


def extracted(extractor: Extractor, pixels: Pixels, progress: Progress = SILENT) -> NDArray[np.float32]:
    """Return the features of pictures, ``(n, d)``, taken batch by batch.

    Raises
    ------
    UsageError
        When the extractor gives anything but one row of finite numbers per picture.
    """
    what = f"the extractor {extractor.name!r}"
    found: list[NDArray[np.float32]] = []
    with progress.stage("extract features", len(pixels)) as tick:
        for at in range(0, len(pixels), BATCH):
            batch = pixels[at : at + BATCH]
            width = found[0].shape[1] if found else None
            found.append(numbers(as_array(extractor.extract(batch)), len(batch), what, width).astype(np.float32))
            tick(len(batch))
    return np.concatenate(found)
