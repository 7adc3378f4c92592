"""Case: the one argument of every metric."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from fidelia.errors import NotApplicable, SchemaError
from fidelia.progress import SILENT, Progress
from fidelia.schema.kinds import Role

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.measure.columns.ranked import Ranked
    from fidelia.measure.reference import Contrast
    from fidelia.measure.space.embed import Embedded, Embedding
    from fidelia.measure.space.neighbors import Neighbors
    from fidelia.measure.utility.fitted import Models
    from fidelia.measure.values import Values
    from fidelia.rng import Rng
    from fidelia.schema.schema import Schema

T = TypeVar("T")


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
    known : tuple of str
        The columns that an attacker knows of a person; empty for all but the secret.
    like : Case or None
        A case of the same real tables: neighbours among real rows are searched once for both.
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
    known: tuple[str, ...] = ()
    like: Case | None = field(default=None, repr=False, compare=False)

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

    @property
    def embedded(self) -> Embedded:
        """The three tables in the space where distances are taken; fitted on train alone."""
        from fidelia.measure.space.record import note

        note(self._embedded.hash)
        return self._embedded

    @property
    def neighbors(self) -> Neighbors:
        """The k-NN graph among the three tables: computed once, shared by every metric."""
        from fidelia.measure.space.record import note

        note(self._embedded.hash)
        return self._neighbors

    @cached_property
    def _embedded(self) -> Embedded:
        from fidelia.measure.space.embed import embed

        return embed(self)

    @cached_property
    def _neighbors(self) -> Neighbors:
        from fidelia.measure.space.neighbors import Neighbors

        like = self.like
        if like is None or (like.train, like.holdout, like.rng) != (self.train, self.holdout, self.rng):
            return Neighbors(self._embedded)
        return Neighbors(self._embedded, like._neighbors if like._embedded.embedding is self.embedding else None)

    @cached_property
    def values(self) -> dict[str, Values]:
        """The modelled columns of the three tables as arrays in one coding, by name."""
        from fidelia.measure.values import values_of

        return values_of(self)

    @cached_property
    def kept(self) -> dict[Hashable, tuple[object, set[str]]]:
        """What `once` keeps, with the embeddings that it rests on."""
        return {}

    def once(self, key: Hashable, make: Callable[[Case], T]) -> T:
        """Return ``make(self)``, computed on first use and kept, for what several metrics read.

        Parameters
        ----------
        key : hashable
            Names what is kept; the same key must mean the same `make`.
        """
        from fidelia.measure.space.record import note, recording

        if key not in self.kept:
            with recording() as used:
                self.kept[key] = make(self), used
        found, used = self.kept[key]
        note(*used)
        return cast("T", found)

    @cached_property
    def ranked(self) -> Ranked:
        """The modelled columns of the three tables as ranks among their distinct values; needs a holdout."""
        from fidelia.measure.columns.ranked import ranked

        return ranked(self)

    @cached_property
    def contrast(self) -> Contrast:
        """This case beside fresh real rows: the holdout, or half of train where there is none."""
        from fidelia.measure.reference import contrast

        return contrast(self)

    @cached_property
    def models(self) -> Models:
        """The models that predict the target: each learnt once, shared by every metric of use and fairness."""
        from fidelia.measure.utility.fitted import Models

        return Models(self)
