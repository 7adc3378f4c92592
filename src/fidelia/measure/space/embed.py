"""Where distances are taken: the tables of a case as points of one embedding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from fidelia.data.images.imageset import picture_column
from fidelia.errors import NotApplicable
from fidelia.measure.space.tabular import Tabular, fit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.measure.case import Case
    from fidelia.rng import Rng

WORK = 5e11
MOST_ROWS = 50_000


class Embedding(Protocol):
    """A fixed map from table rows to points, learnt from train alone or given.

    Those of other packages need these members and nothing else. The point of a row must not depend on the other rows.
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
        """Of the recipe and of all that was fitted: scores of different embeddings do not compare."""
        ...

    @property
    def width(self) -> int:
        """Number of coordinates."""
        ...

    @property
    def blocks(self) -> Mapping[str, slice]:
        """Which coordinates belong to which column; empty where coordinates belong to no column."""
        ...

    def transform(self, table: Table) -> NDArray[np.float64]:
        """Return the points of a table's rows, ``(n, width)``."""
        ...

    def calibration(self, train: Table) -> NDArray[np.int64]:
        """Return the rows of train that did not train the embedding: the only ones that may calibrate scores."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """The tables of a case as points.

    Parameters
    ----------
    train, synthetic : (n, width) float64
    holdout : (n, width) float64 or None
    rows : dict of str to (n,) int64
        The table row of each point, by side. All rows, in order, unless the tables are so large that a seeded
        subsample stands for them (`subsampled`), or some rows of train trained the embedding (`fitted`).
    fitted : int
        Rows of train that trained the embedding; none of them is among the points.
    """

    embedding: Embedding
    train: NDArray[np.float64]
    synthetic: NDArray[np.float64]
    holdout: NDArray[np.float64] | None
    rows: dict[str, NDArray[np.int64]]
    subsampled: bool
    fitted: int = 0

    @property
    def name(self) -> str:
        """Name of the embedding."""
        return self.embedding.name

    @property
    def version(self) -> int:
        """Version of the recipe."""
        return self.embedding.version

    @property
    def hash(self) -> str:
        """Content hash of the embedding."""
        return self.embedding.hash

    @property
    def width(self) -> int:
        """Number of coordinates."""
        return self.embedding.width

    @property
    def blocks(self) -> Mapping[str, slice]:
        """Which coordinates belong to which column; empty where coordinates belong to no column."""
        return self.embedding.blocks

    def side(self, name: str) -> NDArray[np.float64]:
        """Return the points of ``"train"``, ``"synthetic"`` or ``"holdout"``."""
        points: NDArray[np.float64] | None = getattr(self, name)
        if points is None:
            raise NotApplicable("NEEDS_HOLDOUT", "no real rows were set aside that the generator never saw")
        return points


def embed(case: Case, *, all_train: bool = False) -> Embedded:
    """Return the tables of `case` as points, subsampled where a full search would be too much work.

    Parameters
    ----------
    all_train : bool
        Take also the train rows that trained the embedding.
    """
    embedding = case.embedding or default(case.train)
    cap = most_rows(embedding.width)
    points: dict[str, Any] = {"holdout": None}
    rows: dict[str, NDArray[np.int64]] = {}
    free = {} if all_train else {"train": embedding.calibration(case.train)}
    for side in ("train", "synthetic", "holdout"):
        table: Table | None = getattr(case, side)
        if table is None:
            continue
        usable = free.setdefault(side, np.arange(len(table)))
        rows[side] = usable[_chosen(case.rng.child(f"embed/{side}"), len(usable), cap)]
        points[side] = embedding.transform(table if len(rows[side]) == len(table) else table.take(rows[side]))
    whole = all(len(rows[side]) == len(free[side]) for side in rows)
    fitted = len(case.train) - len(free["train"])  # none of them is among the points
    return Embedded(embedding, points["train"], points["synthetic"], points["holdout"], rows, not whole, fitted)


def default(train: Table) -> Embedding:
    """Return the embedding that is taken where none is said: of columns, or of the pictures where there are some."""
    if picture_column(train.schema) is None:
        return fit(train)
    from fidelia.measure.images.extractor import Extracted
    from fidelia.measure.images.random_convolutions import RandomConvolutions

    return Extracted.by(RandomConvolutions(), train)


def by_columns(case: Case) -> Tabular:
    """Return the embedding whose coordinates belong to columns: the case's own where it does, else a tabular one."""
    embedding = case.embedded.embedding
    return embedding if isinstance(embedding, Tabular) else fit(case.train)


def in_columns(case: Case) -> Case:
    """Return `case` with points whose coordinates belong to columns, for what leaves columns out."""
    return case if isinstance(case.embedding, Tabular | None) else replace(case, embedding=None)


def most_rows(width: int) -> int:
    """Return how many rows a side may have: one search costs at most 5e11 multiplications and additions."""
    return int(min(MOST_ROWS, max(5_000, np.sqrt(WORK / (2 * width)))))


def _chosen(rng: Rng, n: int, cap: int) -> NDArray[np.int64]:
    if n <= cap:
        return np.arange(n)
    return np.sort(rng.generator().choice(n, cap, replace=False))
