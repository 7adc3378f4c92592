"""Case: the one argument of every metric."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable, SchemaError
from fidelia.progress import SILENT, Progress
from fidelia.schema.kinds import Role

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.measure.reference import Contrast
    from fidelia.measure.space.embed import Embedded, Embedding
    from fidelia.measure.space.neighbors import Neighbors
    from fidelia.measure.values import Values
    from fidelia.rng import Rng
    from fidelia.schema.schema import Schema


@dataclass(frozen=True)
class Case:
    """A synthetic table, the train table that it was learnt from, and real rows that nobody has seen.

    Parameters
    ----------
    train, synthetic : Table
        With the same columns.
    holdout : Table or None
        Real rows that the generator never saw. Without it, references come from halves of train.
    rng : Rng
        Every metric draws from the child of its own code.
    embedding : Embedding or None
        A fitted map to the space where distances are taken; None fits the tabular one on train.
    generations : tuple of Table
        Further synthetic tables of the same generator: other seeds, releases or batches.
    generator : callable or None
        ``(train, n, rng) -> Table``: makes synthetic rows from other train rows, for attacks that refit it.
    epsilon : float or None
        The privacy loss that the generator claims to keep to.
    """

    train: Table
    synthetic: Table
    holdout: Table | None
    rng: Rng
    progress: Progress = field(default=SILENT, repr=False)
    embedding: Embedding | None = field(default=None, repr=False)
    generations: tuple[Table, ...] = ()
    generator: Callable[[Table, int, Rng], Table] | None = field(default=None, repr=False)
    epsilon: float | None = None

    def __post_init__(self) -> None:
        further = [(f"synthetic table {i}", table) for i, table in enumerate(self.generations, start=2)]
        for name, table in [("synthetic table", self.synthetic), ("holdout table", self.holdout), *further]:
            if table is not None and (said := self.schema.diff(table.schema)):
                raise SchemaError(f"the {name} does not fit the train table: {'; '.join(said)}")

    @property
    def schema(self) -> Schema:
        """The schema of the train table, which rules all three."""
        return self.train.schema

    @property
    def target(self) -> str:
        """Name of the target column; declines when there is none."""
        if self.schema.target is None:
            raise NotApplicable("NEEDS_TARGET", "no target column is declared")
        return self.schema.target

    @property
    def unseen(self) -> Table:
        """The holdout; declines when there is none."""
        if self.holdout is None:
            raise NotApplicable("NEEDS_HOLDOUT", "no real rows were set aside that the generator never saw")
        return self.holdout

    @property
    def sensitive(self) -> tuple[str, ...]:
        """Names of the sensitive columns; declines when there are none."""
        found = tuple(column.name for column in self.schema if column.role is Role.SENSITIVE)
        if not found:
            raise NotApplicable("NEEDS_SENSITIVE", "no column is declared sensitive")
        return found

    def aligned(self, side: str, scores: NDArray[Any]) -> NDArray[np.float64]:
        """Return scores of the points of a side as scores of its table's rows; NaN for rows not embedded."""
        out = np.full(len(getattr(self, side)), np.nan)
        out[self.embedded.rows[side]] = scores
        return out

    @cached_property
    def embedded(self) -> Embedded:
        """The three tables in the space where distances are taken; fitted on train alone."""
        from fidelia.measure.space.embed import embed

        return embed(self)

    @cached_property
    def neighbors(self) -> Neighbors:
        """The k-NN graph among the three tables: computed once, shared by every metric."""
        from fidelia.measure.space.neighbors import Neighbors

        return Neighbors(self.embedded)

    @cached_property
    def values(self) -> dict[str, Values]:
        """The modelled columns of the three tables as arrays in one coding, by name."""
        from fidelia.measure.values import values_of

        return values_of(self)

    @cached_property
    def contrast(self) -> Contrast:
        """This case beside fresh real rows: the holdout, or half of train where there is none."""
        from fidelia.measure.reference import contrast

        return contrast(self)
