"""What learners see of rows: numbers and codes, points, frames; and of pictures their pixels or features."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from fidelia.data.images.imageset import picture_column, pictures
from fidelia.errors import NotApplicable, UsageError
from fidelia.measure.images.extractor import extracted
from fidelia.measure.images.random_convolutions import RandomConvolutions
from fidelia.measure.learners import features
from fidelia.measure.space.tabular import fit as embedding_of
from fidelia.measure.values import Values, codes, numbers, shared_levels
from fidelia.schema.schema import Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.data.table import Table

    Floats = NDArray[np.float64]

Sees = Literal["points", "columns", "frame", "pixels"]


class Sight(Protocol):
    """What learners see, fixed by the real training rows of one split."""

    @property
    def categorical(self) -> list[int]:
        """Positions of the columns of levels."""
        ...

    def see(self, sees: Sees, rows: Table) -> Any:
        """Return rows as a learner sees them."""
        ...


def sight(train: Table, target: str) -> Sight:
    """Return what learners see of rows or pictures like `train`, without the target."""
    return Eyes(train, target) if picture_column(train.schema) is None else PictureEyes(train)


@dataclass(eq=False)
class Eyes:
    """What learners see of rows, fixed by the real training rows of one split.

    Parameters
    ----------
    train : Table
    target : str
    """

    train: Table
    target: str

    @cached_property
    def _columns(self) -> list[tuple[str, Any, Any, tuple[str, ...] | None]]:
        found = []
        for column in self.train.schema:
            if column.kind.modelled and column.name != self.target:
                array = self.train[column.name]
                levels = None if column.kind.continuous else shared_levels([array])
                found.append((column.name, column.kind, _coded(array, levels), levels))
        if not found:
            raise UsageError("there is no column to predict the target from: all others are ids or texts")
        return found

    @cached_property
    def categorical(self) -> list[int]:
        """Positions of the columns of levels."""
        return [i for i, (_, _, _, levels) in enumerate(self._columns) if levels is not None]

    @cached_property
    def _space(self) -> tuple[Any, NDArray[np.bool_]]:
        space = embedding_of(self.train)
        kept = np.ones(space.width, dtype=bool)
        kept[space.blocks.get(self.target, slice(0))] = False
        if not kept.any():
            raise NotApplicable("DEGENERATE_COLUMN", "no column but the target varies in the training rows")
        return space, kept

    def see(self, sees: Sees, rows: Table) -> Any:
        """Return rows as a learner sees them: an (n, width) array, or a pandas frame."""
        if sees == "frame":
            schema = Schema(tuple(column for column in rows.schema if column.name != self.target))
            return type(rows)(rows.arrow.select(schema.names), schema, "pandas").native()
        if sees == "points":
            space, kept = self._space
            return space.transform(rows)[:, kept]
        sides = [
            Values(name, kind, real, _coded(rows[name], levels), real[:0], levels)
            for name, kind, real, levels in self._columns
        ]
        return features(sides).synthetic


def _coded(array: Any, levels: tuple[str, ...] | None) -> NDArray[Any]:
    return numbers(array) if levels is None else codes(array, levels)


@dataclass(eq=False)
class PictureEyes:
    """What learners see of pictures: their pixels, or features of random convolutions in the spread of train's.

    Parameters
    ----------
    train : Table
    """

    train: Table

    @property
    def categorical(self) -> list[int]:
        """No feature is of levels."""
        return []

    @cached_property
    def _scale(self) -> tuple[Floats, Floats]:
        found = self._features(self.train)
        return found.mean(axis=0), found.std(axis=0).clip(min=1e-6)

    def see(self, sees: Sees, rows: Table) -> Any:
        """Return pictures as a learner sees them, ``(n, height, width, channels)``, or their ``(n, features)``."""
        if sees == "pixels":
            return pictures(rows)
        if sees == "frame":
            raise UsageError("a pipeline learns columns, and pictures have none; give an estimator that takes features")
        centre, spread = self._scale
        return (self._features(rows) - centre) / spread

    def _features(self, rows: Table) -> Floats:
        return extracted(RandomConvolutions(), pictures(rows)).astype(np.float64)
