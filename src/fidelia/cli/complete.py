"""What the shell offers while a command line is typed: names from the catalogs, columns from the file in the line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import typer

from fidelia.errors import FideliaError
from fidelia.schema.kinds import Kind

SOURCES = ("source", "train", "real", "data", "model")
"""The parameters that name a file of rows or a model, in the order in which a line is looked at."""
MODEL = ".fidelia"

Offer = tuple[str, str]
"""A word to complete to, and what it is."""


def generator(incomplete: str) -> list[Offer]:
    """Offer the generators of the catalog."""
    from fidelia.generate.catalog import entries
    from fidelia.workflow.recipe import AUTO, RACE

    offered = {name: entry.summary for name, entry in entries().items()}
    offered[AUTO] = RACE
    return [(name, said) for name, said in offered.items() if name.startswith(incomplete)]


def metric(incomplete: str) -> list[Offer]:
    """Offer the codes of the metrics."""
    from fidelia.measure.catalog import entries

    return [(code, entry.name) for code, entry in entries().items() if code.startswith(incomplete.upper())]


def learner(incomplete: str) -> list[str]:
    """Offer the families of learners."""
    from fidelia.measure.learners import FAMILIES

    return [family.name for family in FAMILIES if family.name.startswith(incomplete)]


def column(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the columns of the file that the line names."""
    return [name for name in _columns(context) if name.startswith(incomplete)]


def condition(context: typer.Context, incomplete: str) -> list[str]:
    """Offer ``column=``; the value is the user's."""
    return [f"{name}=" for name in column(context, incomplete)]


def kind(context: typer.Context, incomplete: str) -> list[Offer]:
    """Offer ``column=``, then the kinds behind it; the kinds bare where the shell cuts words at the sign."""
    name, sign, start = incomplete.rpartition("=")
    kinds = [(f"{name}{sign}{kind}", f"a {kind} column") for kind in Kind if kind.startswith(start)]
    return kinds if sign else [(f"{name}=", "a column") for name in column(context, incomplete)] + kinds


def _columns(context: typer.Context) -> list[str]:
    for path in _named(context):
        try:
            return _names(path)
        except (FideliaError, OSError):  # a file that cannot be read has nothing to offer; the command will say why
            continue
    return []


def _named(context: typer.Context) -> Iterator[Path]:
    """The files in the line: those of options, and the arguments, which a line that is not whole leaves unread."""
    for value in (*(context.params.get(name) for name in SOURCES), context.args):
        several: Iterable[object] = value if isinstance(value, list | tuple) else [value]
        yield from (Path(one) for one in several if isinstance(one, str | Path))


def _names(path: Path) -> list[str]:
    from fidelia.data.read import column_names
    from fidelia.data.samples import located

    if path.suffix == MODEL:
        from fidelia.generate.bundle import schema_of

        return list(schema_of(path).names)
    return column_names(located(path)[0])
