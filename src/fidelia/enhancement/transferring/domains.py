"""A labelled source and a target with few labels or none, brought under the same columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from fidelia.auditing.odds import Odds, odds
from fidelia.data.overlap import beside, overlap
from fidelia.data.table import Table
from fidelia.enhancement.goal import Goal, goal_of
from fidelia.errors import SchemaError, UsageError
from fidelia.measure.case import Case
from fidelia.schema.schema import Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.rng import Rng

FEWEST = 50


@dataclass(frozen=True, slots=True, eq=False)
class Domains:
    """Source and target with the same columns.

    Parameters
    ----------
    source : Table
        The rows with a label that can be learnt.
    target : Table
        All rows; labels may be missing.
    goal : Goal
        What the label is.
    kept : (source rows,) int64
        Where the rows of `source` stood.
    own, lost : tuple of str
        Columns of the target alone, and of the source alone: they are not used.
    notes : tuple of str
    """

    source: Table
    target: Table
    goal: Goal
    kept: NDArray[np.int64]
    own: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def labelled(self) -> Table:
        """The target rows that have a label."""
        return self.target.take(np.flatnonzero(self.goal.known(self.goal.actual(self.target))))

    @property
    def classes(self) -> NDArray[np.int64]:
        """The class of each source row, (source rows,)."""
        return np.asarray(self.goal.actual(self.source), dtype=np.int64)

    def features(self, table: Table) -> Table:
        """Return a table without its labels."""
        return selected(table, [name for name in table.schema.names if name != self.goal.target])

    def told(self, source: Table, rng: Rng) -> Odds:
        """Return how the features of the target differ from those of source rows."""
        target = self.features(self.target)
        return odds(Case(target, self.features(source), target, rng))


def domains(source: Table, target: Table) -> Domains:
    """Bring source and target together; the target column of `source` is what is to be predicted.

    Raises
    ------
    UsageError
        When the source has no target column.
    SchemaError
        When there are too few rows, or no feature in common.
    """
    label = source.schema.target
    if label is None:
        raise UsageError("there is nothing to predict: name the target column, target='...' or --target COLUMN")
    like = overlap(_with_labels(target, label, source), source)
    names = [name for name in source.schema.names if name in like.shared]
    if label not in names or len(names) < 2:
        said = "; ".join(like.notes) or "they share no other column"
        raise SchemaError(f"{label!r} cannot be predicted in the target from what it shares with the source: {said}")
    there = selected(like.table, names)
    here = beside(source, there, names)
    here = here.with_schema(here.schema.with_target(label))
    goal, said_of_rows = goal_of(here)
    kept = np.flatnonzero(goal.known(goal.actual(here)))
    if min(len(kept), len(there)) < FEWEST:
        counts = f"{len(kept)} source rows with labels and {len(there)} target rows"
        raise SchemaError(f"{counts} are too few: {FEWEST} of each are needed")
    return Domains(here.take(kept), there, goal, kept, like.own, like.lost, (*like.notes, *said_of_rows))


def selected(table: Table, names: Sequence[str]) -> Table:
    """Return these columns of a table, in this order."""
    schema = Schema(tuple(table.schema[name] for name in names))
    return Table(table.arrow.select(list(names)), schema, table.flavour)


def _with_labels(target: Table, label: str, source: Table) -> Table:
    """Return the target with a column of labels as the source has it; an empty one where it has none."""
    if label in target.schema and target[label].null_count < len(target):
        return target
    names = [name for name in target.schema.names if name != label]
    values = pa.nulls(len(target), source[label].type)
    arrow = target.arrow.select(names).append_column(pa.field(label, values.type), values)
    return Table(arrow, Schema((*selected(target, names).schema, source.schema[label])), target.flavour)
