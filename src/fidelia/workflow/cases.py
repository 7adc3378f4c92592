"""Whatever users give as rows, as tables and cases: read, checked, and the sides under one schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fidelia.data.align import align
from fidelia.data.images.read import holds_pictures
from fidelia.data.read import read
from fidelia.data.samples import located
from fidelia.data.table import Table
from fidelia.errors import SchemaError, UsageError
from fidelia.measure.case import Case
from fidelia.measure.space.choose import with_embedding
from fidelia.progress import SILENT, Progress
from fidelia.rng import Rng
from fidelia.workflow.pictures import picture_case, picture_table

FEWEST = 20


def as_table(
    source: Any,
    *,
    target: str | None = None,
    kinds: Mapping[str, str] | None = None,
    size: int | tuple[int, int] | None = None,
) -> Table:
    """Return `source` as a Table, read and checked if it is not one yet; the name of a shipped sample will do."""
    if not isinstance(source, Table):
        if holds_pictures(source):
            return picture_table(source, size)
        known = None
        if isinstance(source, str | Path):
            source, known = located(source)
        return read(source, target=target or known, kinds=kinds)
    schema = source.schema.with_kinds(kinds or {})
    return source.with_schema(schema if target is None else schema.with_target(target))


def case_of(
    train: Any,
    synthetic: Any,
    holdout: Any,
    *,
    target: str | None,
    kinds: Mapping[str, str] | None,
    size: int | tuple[int, int] | None,
    sensitive: Sequence[str] = (),
    **known: Any,
) -> tuple[Case, tuple[str, ...]]:
    """Read the sides of a case, tables or pictures, with what is to be said of them."""
    if not holds_pictures(train):
        return as_case(train, synthetic, holdout, target=target, kinds=kinds, sensitive=sensitive, **known), ()
    if sensitive:
        raise UsageError(f"sensitive = {list(sensitive)!r}: pictures have no columns")
    case, notes = picture_case(train, synthetic, holdout, size=size, **known)
    enough(case.train, case.synthetic, case.holdout)
    return case, notes


def as_case(
    train: Any,
    synthetic: Any,
    holdout: Any,
    *,
    target: str | None,
    kinds: Mapping[str, str] | None,
    seed: int,
    sensitive: Sequence[str] = (),
    embedding: Any = None,
    progress: Progress = SILENT,
) -> Case:
    """Read the tables of a case; the train table's schema rules all of them. `embedding` as in `evaluate`."""
    with progress.stage("read", 3) as tick:
        real = grouped(as_table(train, target=target, kinds=kinds), sensitive)
        tick(1)
        others = []
        for name, table in (("synthetic", synthetic), ("holdout", holdout)):
            others.append(None if table is None else alike(table, real, name))
            tick(1)
    if others[0] is None:
        raise SchemaError("there is no synthetic table to evaluate")
    enough(real, *others)
    return with_embedding(Case(real, others[0], others[1], Rng(seed).child("measure"), progress), embedding)


def grouped(table: Table, sensitive: Sequence[str]) -> Table:
    """Declare the columns whose groups are to be treated alike; a table that has some already keeps them."""
    return table.with_schema(table.schema.with_sensitive(sensitive)) if sensitive else table


def alike(source: Any, train: Table, name: str) -> Table:
    """Read a table under the schema of another; `name` is what errors call it."""
    return align(source if isinstance(source, Table) else read(source), train, name)


def enough(*tables: Table | None) -> None:
    """Refuse tables that are too small to measure anything.

    Raises
    ------
    SchemaError
        When one has fewer than 20 rows.
    """
    for table in tables:
        if table is not None and len(table) < FEWEST:
            raise SchemaError(
                f"{len(table)} rows are too few to measure anything: {FEWEST} are needed in each of train, holdout "
                "and synthetic. Give more rows, another --holdout share, or only fit and sample."
            )
