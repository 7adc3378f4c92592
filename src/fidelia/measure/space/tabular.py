"""The default space of distances: mixed columns in one space in which every column weighs the same.

Numbers become normal scores (train's quantiles mapped to N(0, 1), linear beyond their ends and clipped at eight
standard deviations, so that far outliers stay far) with a flag for missing; categories become one-hot vectors over
the square root of two, so that a mismatch costs 1, with missing as a level. Each column is then divided by the root
of its mean squared pair distance in train. A column that is constant in train, an id or a text carries no distance;
a pattern of missing ids or texts does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol

import numpy as np

from fidelia.encode.quantile import NormalScores
from fidelia.errors import NotApplicable
from fidelia.measure.space.threads import share_out
from fidelia.measure.values import codes, missing, numbers, shared_levels
from fidelia.rng import Rng
from fidelia.schema.kinds import Kind

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from fidelia.data.table import Table

NAME, VERSION = "tabular", 1
CLIP = 8.0
DIRECTIONS = 64


class Axis(Protocol):
    """One column's part of the space."""

    def transform(self, array: pa.Array) -> NDArray[np.float64]:
        """Return ``(n, width)`` coordinates."""
        ...

    def content(self) -> bytes:
        """Return the fitted numbers, for the embedding's hash."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A continuous column: normal scores, and a flag of missing values if train has both kinds of row.

    Parameters
    ----------
    scores : NormalScores
        Train's quantiles; beyond them a value goes on at the pace of train's standard deviation.
    flag : bool
        Whether there is a second coordinate that is 1 where the value is missing.
    weight : float
        Factor of all coordinates.
    """

    scores: NormalScores
    flag: bool
    weight: float = 1.0

    @classmethod
    def fit(cls, array: pa.Array) -> Line:
        """Learn train's quantiles; ties share the middle of their ranks."""
        values = numbers(array)
        absent = np.isnan(values)
        return cls(NormalScores.fit(values), bool(absent.any() and not absent.all()))

    def transform(self, array: pa.Array) -> NDArray[np.float64]:
        """Return ``(n, 1)`` or ``(n, 2)`` coordinates; a missing value stands at the median."""
        values = numbers(array)
        absent = np.isnan(values)
        score = np.clip(np.where(absent, 0.0, self.scores.to_normal(values)), -CLIP, CLIP)
        parts = [score, absent.astype(np.float64)] if self.flag else [score]
        return np.column_stack(parts) * self.weight

    def content(self) -> bytes:
        """Return the fitted numbers."""
        fitted = [self.scores.knots, self.scores.scores, np.array([self.scores.slope, self.flag, self.weight])]
        return np.concatenate(fitted).tobytes()


@dataclass(frozen=True, slots=True, eq=False)
class Vertices:
    """A discrete column: one point per level, any two (nearly) one apart.

    Parameters
    ----------
    levels : tuple of str
        Train's levels; missing is one of them if train has it.
    points : (levels + 2, width) float64
        Of each level, of missing, and of a level that train lacks.
    """

    levels: tuple[str, ...]
    points: NDArray[np.float64]
    weight: float = 1.0

    @classmethod
    def fit(cls, name: str, array: pa.Array) -> Vertices:
        """Give each level that train has a vertex of a simplex."""
        levels = shared_levels([array])
        return cls(levels, vertices(name, len(levels), bool(missing(array).any())))

    def transform(self, array: pa.Array) -> NDArray[np.float64]:
        """Return ``(n, width)`` coordinates."""
        code = codes(array, self.levels)
        code = np.where((code == len(self.levels)) & ~missing(array), code + 1, code)
        return self.points[code] * self.weight

    def content(self) -> bytes:
        """Return the fitted numbers."""
        return "\0".join(self.levels).encode() + self.points.tobytes() + np.float64(self.weight).tobytes()


@dataclass(frozen=True, slots=True, eq=False)
class MissingFlag:
    """An id or a text: only whether it is missing."""

    weight: float = 1.0

    def transform(self, array: pa.Array) -> NDArray[np.float64]:
        """Return ``(n, 1)`` coordinates."""
        return missing(array).astype(np.float64)[:, None] * self.weight

    def content(self) -> bytes:
        """Return the fitted numbers."""
        return np.float64(self.weight).tobytes()


def vertices(name: str, levels: int, with_missing: bool) -> NDArray[np.float64]:
    """Return points of `levels` levels, of missing, and of an unknown level, any two about one apart.

    Two levels need one coordinate and up to 64 one each; more are given seeded random directions in 64 dimensions,
    whose distances are 1 within about 6 %. The unknown level lies at distance 1 from all levels (2 from one of two).
    """
    known = levels + with_missing
    if known <= 2:
        points = np.arange(3.0)[:, None][[*range(known), 2]]
    elif known <= DIRECTIONS:
        unknown = (np.sqrt(2) - np.sqrt(2 + 2 * known)) / (2 * known)
        points = np.vstack([np.eye(known) / np.sqrt(2), np.full(known, unknown)])
    else:
        drawn = Rng(0).child(f"embed/{name}").generator().normal(size=(known + 1, DIRECTIONS))
        points = drawn / np.linalg.norm(drawn, axis=1, keepdims=True) / np.sqrt(2)
    return points if with_missing else np.insert(points, levels, points[-1], axis=0)


@dataclass(frozen=True, slots=True, eq=False)
class Tabular:
    """Each column at its place in one space, fitted on train alone.

    Parameters
    ----------
    axes : dict of str to Axis
        By column; columns without distance are absent.
    blocks : dict of str to slice
        Which coordinates belong to which column.
    hash : str
        Of the recipe and of all fitted numbers: scores of different embeddings do not compare.
    """

    axes: dict[str, Axis]
    blocks: dict[str, slice]
    width: int
    hash: str
    name: str = NAME
    version: int = VERSION

    def transform(self, table: Table) -> NDArray[np.float64]:
        """Return the points of a table's rows, ``(n, width)``."""
        out = np.empty((len(table), self.width))
        names = list(self.blocks)

        def work(parts: list[slice]) -> None:
            for name in (name for part in parts for name in names[part]):
                out[:, self.blocks[name]] = self.axes[name].transform(table[name])

        share_out(work, [slice(i, i + 1) for i in range(len(names))])
        return out

    def calibration(self, train: Table) -> NDArray[np.int64]:
        """Return all rows: quantiles and levels hold no single row, so that train's rows calibrate like others."""
        return np.arange(len(train))

    def shares(self, points: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return each column's share of the squared distances between two sets of points, ``(n, columns)``.

        Columns stand in the order of `blocks`; each row sums to 1, or is 0 where the two points coincide.
        """
        squared = (points - others) ** 2
        parts = np.add.reduceat(squared, [block.start for block in self.blocks.values()], axis=1)
        total = parts.sum(axis=1, keepdims=True)
        return np.asarray(np.divide(parts, total, out=np.zeros_like(parts), where=total > 0))


def fit(train: Table) -> Tabular:
    """Fit the tabular embedding.

    Raises
    ------
    NotApplicable
        When no column of train varies.
    """
    axes: dict[str, Axis] = {}
    blocks: dict[str, slice] = {}
    digest = blake2b(f"{NAME}/{VERSION}".encode(), digest_size=16)
    width = 0
    for column in train.schema:
        axis, size = _axis(column.name, column.kind, train[column.name])
        if size == 0:
            continue
        axes[column.name], blocks[column.name] = axis, slice(width, width + size)
        width += size
        digest.update(column.name.encode() + axis.content())
    if width == 0:
        raise NotApplicable("DEGENERATE_COLUMN", "no column of train varies, so that all rows lie at one point")
    return Tabular(axes, blocks, width, digest.hexdigest())


def _axis(name: str, kind: Kind, array: pa.Array) -> tuple[Axis, int]:
    """Return the fitted axis of a column and its width; width 0 where nothing varies."""
    axis: Line | Vertices | MissingFlag = MissingFlag()
    if kind.modelled:
        axis = Line.fit(array) if kind.continuous else Vertices.fit(name, array)
    points = axis.transform(array)
    spread = 2 * points.var(axis=0).sum()
    if not spread > 1e-12:
        return axis, 0
    return replace(axis, weight=float(1 / np.sqrt(spread))), points.shape[1]
