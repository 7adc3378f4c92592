"""Replay: what a generator knows, as rows that it draws, for another one to learn beside rows of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fidelia.data.overlap import Overlap, beside, overlap
from fidelia.errors import SchemaError
from fidelia.generate.sampling import sample
from fidelia.rng import Rng

if TYPE_CHECKING:
    from fidelia.data.table import Table
    from fidelia.generate.catalog import Generator


def shared(source: Generator, table: Table) -> Overlap:
    """Return what a table shares with the rows that a generator draws.

    Raises
    ------
    SchemaError
        When they have no column in common.
    """
    drawn = source.sample(0, rng=Rng(0))
    found = overlap(table, drawn)
    if not found.shared:
        said = "; ".join(found.notes) or f"the source knows {', '.join(drawn.schema.names[:8])}"
        raise SchemaError(f"the target table has no column in common with the source: {said}")
    return found


def replayed(source: Generator, like: Overlap, n: int, *, rng: Rng) -> Table:
    """Draw `n` rows of a source, with the shared columns alone, in the types of the table beside it."""
    return beside(sample(source, n, rng=rng), like.table, like.shared)
