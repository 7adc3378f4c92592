"""What the families of networks for pictures share: from a table of pictures to a network, to pictures, to a file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from fidelia.data.images.imageset import as_column, picture_column, pictures
from fidelia.data.table import Table
from fidelia.encode.codes import Coded, Discrete
from fidelia.encode.columns import TableCoder
from fidelia.errors import SchemaError, UsageError
from fidelia.generate.catalog import State
from fidelia.generate.deep.images.gallery import Gallery
from fidelia.generate.deep.images.pixels import Canvas, Pixels, grey
from fidelia.generate.deep.learner import Learner, saved_parameters
from fidelia.generate.deep.loop import Trainable, device_of, seeded
from fidelia.generate.effort import UNLIMITED, Effort
from fidelia.generate.sampling import rows as rows_of
from fidelia.generate.states import fitting, said_parameters
from fidelia.progress import SILENT, Progress
from fidelia.schema.kinds import Kind, Role
from fidelia.schema.schema import Column, Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.generate.conditions import Given
    from fidelia.rng import Rng

SIDES = (8, 64)
"""Fewest and most pixels of a side."""
SLICE, PIXELS = 500, 400_000
"""Pictures that a network draws at once, and most of their pixels."""
SHARES = "labels/counts"


class ImageNetwork(Trainable):
    """A network that learns pictures of a canvas and draws new ones.

    Its losses and its score get batches whose `numbers` are pixels and whose `tokens` are the codes of labels, see
    `fidelia.generate.deep.images.pixels`: ``self.canvas.pictures(batch)`` and ``batch.tokens[:, 0]``.
    """

    canvas: Canvas

    def draw(self, labels: Tensor) -> Tensor:
        """Return a new picture for each label, from torch's random state.

        Parameters
        ----------
        labels : (n,) int64
            Codes in ``[0, canvas.classes)``; all 0 when there are no labels.

        Returns
        -------
        (n, channels, height, width) float
            In -1..1; values beyond are cut off.
        """
        raise NotImplementedError


@dataclass(slots=True, eq=False, kw_only=True)
class ImageFamily(Learner[ImageNetwork]):
    """The part of a generator that all families of networks for pictures have in common.

    It learns tables with one column of pictures, perhaps a key and perhaps one category: the class of each picture. Of
    the key nothing is learnt: drawn pictures are numbered. Every class is learnt, however rare, as its own; pictures
    without a label are a class of their own.

    A family says its network (`network`) and how it is trained (`course`); both depend on the canvas alone, so that
    a file of weights can be read back.
    """

    NAME: ClassVar[str] = "image-network"

    steps: int = 4_000
    width: int = 32
    schema_: Schema = field(init=False, repr=False)
    canvas_: Canvas = field(init=False, repr=False)
    coder_: TableCoder = field(init=False, repr=False)
    counts_: NDArray[np.int64] = field(init=False, repr=False)

    def network(self, canvas: Canvas) -> ImageNetwork:
        """Return the untrained network of a canvas."""
        raise NotImplementedError

    def untrained(self) -> ImageNetwork:
        """Return the untrained network of the canvas."""
        return self.network(self.canvas_)

    def fit(self, table: Table, *, rng: Rng, progress: Progress = SILENT, effort: Effort = UNLIMITED) -> Self:
        """Train the network on a table of pictures; see `fidelia.generate.deep.loop`.

        Raises
        ------
        SchemaError
            When the table has other columns than pictures, a key and a category, or pictures that are too small or
            too large.
        UsageError
            When there is no picture.
        """
        shown = progress if effort.gallery is None else Gallery(effort.gallery, progress)
        return super(ImageFamily, self).fit(table, rng=rng, progress=shown, effort=effort)

    def encode(self, table: Table) -> Pixels:
        """Learn the columns of a table, and return its pictures."""
        label = label_column(table.schema, self.NAME)
        pixels = _fitting(table, self.NAME)
        self.schema_ = table.schema
        self.coder_ = TableCoder.fit(_labels_alone(table, label), k=1, rare="keep")
        codes = np.zeros(len(table), np.int32)
        if label is not None:
            found = self.coder_.code_some(table)[label.name]
            assert isinstance(found, Discrete)
            codes = found.codes
        self.canvas_ = Canvas(pixels.shape[3], pixels.shape[1], pixels.shape[2], _classes(self.coder_))
        self.counts_ = np.bincount(codes, minlength=self.canvas_.classes).astype(np.int64)
        return Pixels.laid(pixels, codes, device_of(self.device))

    def sample(
        self,
        n: int,
        *,
        given: Given | None = None,
        rng: Rng,
        progress: Progress = SILENT,  # noqa: ARG002 - the stream of tables tells it
        first: int = 0,
    ) -> Table:
        """Draw `n` pictures, numbered from `first`, with labels by their shares in training or as `given`."""
        labels = self._labels(rows_of(n), given, rng.child("labels"))
        with seeded(rng.child("draw"), self._device), torch.no_grad():
            pixels = self.pixels(labels)
        return self._table(pixels, labels, rng, first)

    def pixels(self, labels: NDArray[np.int32]) -> NDArray[np.uint8]:
        """Draw a picture ``(h, w, c)`` for each label, in slices of bounded memory, from torch's random state."""
        canvas = self.canvas_
        most = min(max(PIXELS // (canvas.height * canvas.width), 1), SLICE)
        wanted = torch.from_numpy(labels.astype(np.int64)).to(self._device)
        parts = [grey(self.network_.draw(part)) for part in wanted.split(most) if len(part)]
        empty = np.zeros((0, canvas.height, canvas.width, canvas.channels), np.uint8)
        return np.concatenate([empty, *parts])

    def _labels(self, n: int, given: Given | None, rng: Rng) -> NDArray[np.int32]:
        """The codes of the labels of `n` pictures."""
        shares = self.counts_.astype(np.float64)
        for name in [] if given is None else given.names:
            column = self.schema_[name]
            if name not in self.coder_.schema:
                raise UsageError(f"column {name!r} is of kind {column.kind}: it cannot be given; give a label instead")
        for allowed in ({} if given is None else given.code(self.coder_)).values():
            assert allowed.codes is not None
            kept = np.where(allowed.codes, shares, 0.0)
            shares = kept if kept.any() else allowed.codes.astype(np.float64)
        return rng.generator().choice(len(shares), n, p=shares / shares.sum()).astype(np.int32)

    def _table(self, pixels: NDArray[np.uint8], labels: NDArray[np.int32], rng: Rng, first: int) -> Table:
        coded = Coded({name: Discrete(labels, self.canvas_.classes) for name in self.coder_.coders}, len(labels))
        known = self.coder_.decode(coded, rng=rng)
        arrays = {}
        for column in self.schema_:
            if column.kind is Kind.IMAGE:
                arrays[column.name] = as_column(pixels)
            elif column.name in known.schema:
                arrays[column.name] = known[column.name]
            else:
                arrays[column.name] = pa.array([str(i) for i in range(first, first + len(labels))], pa.string())
        return Table(pa.table(arrays), self.schema_, self.coder_.flavour)

    def state(self) -> State:
        """Return schema, labels, canvas and weights."""
        values = {
            "parameters": saved_parameters(self),
            "schema": json.loads(self.schema_.to_json()),
            "labels": self.coder_.state(),
            "canvas": list(self.canvas_.shape),
        }
        return State({**values, **self.facts()}, {SHARES: self.counts_, **self.weights()})

    def facts(self) -> dict[str, Any]:
        """Return further JSON values to save; `recall` reads them."""
        return {}

    def recall(self, values: dict[str, Any]) -> None:
        """Read what `facts` returned; ValueError when it does not fit."""

    @classmethod
    def restore(cls, state: State) -> Self:
        """Read what `state` returned; weights must fit the network of the canvas in name, shape and type."""
        with fitting():
            made = cls(**said_parameters(state))
            made.check()
            made.schema_ = Schema.from_json(json.dumps(state.values["schema"]))
            made.coder_ = TableCoder.restore(state.values["labels"])
            label = label_column(made.schema_, cls.NAME)
            if made.coder_.schema.names != ([] if label is None else [label.name]):
                raise ValueError("the labels are not those of the schema")
            made.canvas_ = _canvas(state.values["canvas"], _classes(made.coder_))
            made.counts_ = _counts(state.arrays[SHARES], made.canvas_.classes)
            made.recall(state.values)
            made.load(state.arrays)
        return made


def label_column(schema: Schema, name: str) -> Column | None:
    """Return the column of a picture's class in a table that a family called `name` can learn.

    Raises
    ------
    SchemaError
        When there is not one column of pictures, or a column that is neither key nor category.
    """
    if picture_column(schema) is None:
        raise SchemaError(
            f"{name} learns pictures, and no column holds any (there are: {', '.join(schema.names)}); generators whose "
            "names do not begin with image- learn tables"
        )
    found: dict[str, list[Column]] = {"picture": [], "key": [], "label": []}
    for column in schema:
        found[_part(column, name)].append(column)
    for part, columns in found.items():
        if len(columns) > 1:
            twice = " and ".join(repr(column.name) for column in columns)
            raise SchemaError(f"{name} learns one {part} a row, and columns {twice} are two. Drop one of them")
    return next(iter(found["label"]), None)


def _part(column: Column, name: str) -> str:
    if column.kind is Kind.IMAGE:
        return "picture"
    if column.role is Role.KEY or column.kind is Kind.ID:
        return "key"
    if column.kind.discrete:
        return "label"
    raise SchemaError(
        f"{name} learns pictures with a label, and column {column.name!r} is of kind {column.kind}. Drop it, or, if it "
        "is the class of each picture, make its kind category"
    )


def _fitting(table: Table, name: str) -> NDArray[np.uint8]:
    """The pictures of a table, (n, h, w, c)."""
    if not len(table):
        raise UsageError(f"{name}: there is no picture to learn from; give at least one")
    column = picture_column(table.schema)
    assert column is not None
    if table[column].null_count:
        raise SchemaError(f"column {column!r}: {table[column].null_count} of {len(table)} pictures are missing")
    found = pictures(table)
    if found.dtype != np.uint8 or found.ndim != 4 or found.shape[3] not in (1, 3):
        raise SchemaError(
            f"column {column!r} holds {found.dtype}{list(found.shape[1:])} where pictures of 8 bits, (height, width, 1 "
            "or 3), should be; read them with fidelia.read_images"
        )
    _sized(found.shape[1], found.shape[2], name)
    return found


def _sized(height: int, width: int, name: str) -> None:
    least, most = SIDES
    if not (least <= height <= most and least <= width <= most):
        raise SchemaError(
            f"{name} learns pictures of {least} to {most} pixels a side, and these are {height} x {width}; bring them "
            "to another size: fidelia.read_images(source, size=32)"
        )


def _labels_alone(table: Table, label: Column | None) -> Table:
    kept = [] if label is None else [label]
    arrow = table.arrow.select([column.name for column in kept]).replace_schema_metadata(None)
    return Table(arrow, Schema(tuple(replace(column, role=Role.FEATURE) for column in kept)), table.flavour)


def _classes(coder: TableCoder) -> int:
    return max([len(one) for one in coder.coders.values()], default=1)  # type: ignore[arg-type]


def _canvas(said: list[int], classes: int) -> Canvas:
    channels, height, width = (int(one) for one in said)
    if channels not in (1, 3):
        raise ValueError(f"pictures of {channels} channels")
    _sized(height, width, "a saved model")
    return Canvas(channels, height, width, classes)


def _counts(found: NDArray[Any], classes: int) -> NDArray[np.int64]:
    if found.shape != (classes,) or found.dtype != np.int64 or (found < 0).any() or not found.any():
        raise ValueError(f"the counts of labels are {found.dtype}{list(found.shape)}, not of {classes} labels")
    return found
