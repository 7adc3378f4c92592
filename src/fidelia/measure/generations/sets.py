"""Several synthetic tables of one generator, each as a case beside the same real tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fidelia.errors import NotApplicable
from fidelia.measure.case import Case

if TYPE_CHECKING:
    from fidelia.data.table import Table
    from fidelia.measure.space.embed import Embedding


def sets(case: Case) -> list[Case]:
    """Return a case for each synthetic table of a case: its own, and those of `generations`.

    Raises
    ------
    NotApplicable
        ``NEEDS_MANY_SETS`` when there is only one.
    """
    tables(case)
    return case.once("sets", lambda case: [case, *(sibling(case, table) for table in case.generations)])


def sibling(case: Case, synthetic: Table) -> Case:
    """Return a case of another synthetic table, with the same real rows, random streams, embedding and searches."""
    return replace(case, synthetic=synthetic, generations=(), embedding=_embedding(case), like=case)


def _embedding(case: Case) -> Embedding | None:
    """Return the fitted embedding; None where no column varies, which each metric then says for itself."""
    try:
        return case.embedded.embedding
    except NotApplicable:
        return case.embedding


def tables(case: Case) -> tuple[Table, ...]:
    """Return all synthetic tables of a case.

    Raises
    ------
    NotApplicable
        ``NEEDS_MANY_SETS``.
    """
    if not case.generations:
        raise NotApplicable(
            "NEEDS_MANY_SETS", "there is one synthetic table; give further ones of the same generator as generations"
        )
    return (case.synthetic, *case.generations)
