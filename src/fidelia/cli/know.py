"""schema, list, explain, doctor: the verbs that say what there is."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fidelia.cli import complete, places, sources
from fidelia.cli import options as o
from fidelia.cli.exits import interruptible
from fidelia.cli.voice import Voice, paper, print_json, put, show_files

if TYPE_CHECKING:
    from fidelia.schema.schema import Schema


class What(StrEnum):
    """What can be listed."""

    GENERATORS = "generators"
    METRICS = "metrics"


def schema(
    source: o.Data,
    target: o.Target = None,
    kind: o.Kinds = None,
    described: o.Described = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Keep it as JSON, for --schema of other verbs.", show_default=False
        ),
    ] = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = 0,
    debug: o.Debug = False,
) -> None:
    """Show the columns as fidelia understands them, each with the reason; correct them with --kind."""
    voice = Voice.of(quiet, verbose, debug)
    kinds, target = o.kinds_from(kind, described), o.target_from(target, described)
    if output is not None:
        places.file(output)
    with interruptible(lambda _stop: "Nothing was written."):
        table = sources.table(source, target, kinds)
    if as_json:
        put(table.schema.to_json() + "\n")
    elif not quiet:
        from fidelia.cli import tables

        paper().print(tables.schema(table))
    if output is not None:
        _keep(table.schema, output)
        show_files([output], voice)


def list_(
    what: Annotated[What, typer.Argument(metavar="generators|metrics", help="What to list.", show_default=False)],
    as_json: o.AsJson = False,
    debug: o.Debug = False,  # noqa: ARG001 - read by the outermost frame
) -> None:
    """List the generators or the metrics, those of other packages too."""
    from fidelia.cli import tables

    rows = tables.generators() if what is What.GENERATORS else tables.metrics()
    if as_json:
        print_json([entry.as_json for entry in rows])
    else:
        paper().print(tables.entries(rows))


def explain(
    code: Annotated[
        str,
        typer.Argument(
            metavar="CODE", help="Code or name of a metric.", autocompletion=complete.metric, show_default=False
        ),
    ],
    as_json: o.AsJson = False,
    debug: o.Debug = False,  # noqa: ARG001 - read by the outermost frame
) -> None:
    """Say what a metric means, how it is computed, and how to read it."""
    from fidelia.cli import tables
    from fidelia.measure.catalog import find

    entry = tables.metric(find(code))
    if as_json:
        print_json(entry.as_json)
    else:
        paper().print(tables.explained(entry))


def doctor(
    as_json: o.AsJson = False,
    debug: o.Debug = False,  # noqa: ARG001 - read by the outermost frame
) -> None:
    """Look at the machine, the installation and its extras."""
    from fidelia.cli import tables
    from fidelia.cli.machine import examine

    found = examine()
    if as_json:
        print_json(found.as_json())
    else:
        paper().print(tables.machine(found))


def _keep(schema: Schema, output: Path) -> None:
    from fidelia.data.write import atomic

    with atomic(output) as temporary:
        temporary.write_text(schema.to_json() + "\n", encoding="utf-8")
