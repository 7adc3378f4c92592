"""bench: the verbs that measure generators beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fidelia.cli import complete, places, sources
from fidelia.cli import options as o
from fidelia.cli.exits import interruptible
from fidelia.cli.voice import Voice, paper, print_json, show_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table as Drawn

    from fidelia.workflow.trilemma import Plan

app = typer.Typer(name="bench", rich_markup_mode="rich")

HEADS = {
    "two_sample": "C2ST",
    "alpha": "alpha",
    "coverage": "cover",
    "modes": "modes",
    "groups": "groups",
    "authenticity": "authentic",
}
"""The measures that have room in a terminal."""


@app.callback(invoke_without_command=True)
def bench(context: typer.Context) -> None:
    """Measure generators beside each other."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def trilemma(
    source: Annotated[
        Path, typer.Argument(metavar="DATA", help="A real table, or the name of a shipped sample.")
    ] = Path("adult"),
    generator: Annotated[
        list[str] | None,
        typer.Option(
            "--generator",
            metavar="NAME",
            help="Only this one, and the controls. Repeatable.",
            autocompletion=complete.generator,
            show_default="all",
        ),
    ] = None,
    time_limit: o.TimeLimit = None,
    rows: Annotated[
        int | None, typer.Option("--rows", metavar="N", min=100, help="Most rows of each table.", show_default=False)
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the results.")] = Path("out/trilemma"),
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="Tiny tables, networks that hardly learn: to see that everything runs.", metavar=""
        ),
    ] = False,
    target: o.Target = None,
    kind: o.Kinds = None,
    seed: o.Seed = 0,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = 0,
    debug: o.Debug = False,
) -> None:
    """Measure what each generator pays: quality, mode coverage, speed and cost, and whether it copies.

    One real table, 25 modes on a grid, 50 rare groups; fresh real rows and copies beside them. An interrupted bench
    goes on when the same command is given again.
    """
    from fidelia.workflow import trilemma as bench

    voice = Voice.of(quiet, verbose, debug)
    names, limit, kinds = tuple(generator or ()), o.seconds_from(time_limit), o.kinds_from(kind)
    plan = _plan(quick, names, limit, rows, seed)
    plan.names()
    folder = places.folder(out)
    kept = lambda _stop: f"What was measured is in {folder / 'lines'}; the same command goes on."  # noqa: E731
    with interruptible(kept), voice.progress() as progress:
        table = sources.table(source, target, kinds, progress)
        document = bench.run(table, plan, folder, name=source.stem, progress=progress)
    if as_json:
        print_json(document)
    elif not quiet:
        paper().print(_drawn(document))
        for claim in document["claims"]:
            paper().print(claim["sentence"], markup=False)
    show_files([folder / name for name in bench.FILES], voice)


def _plan(quick: bool, names: tuple[str, ...], limit: float | None, rows: int | None, seed: int) -> Plan:
    from fidelia.workflow.trilemma import Plan

    if quick:
        return Plan.quick(names, rows=rows, seed=seed)
    return Plan(generators=names, limit=limit, rows=rows, seed=seed)


def _drawn(document: Mapping[str, Any]) -> Drawn:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from fidelia.report.notation import NONE, count
    from fidelia.report.standings import standings
    from fidelia.report.strips import MEASURES

    shown = [measure for measure in MEASURES if measure.key in HEADS]
    table = Table(
        box=SIMPLE_HEAD, header_style="dim", border_style="bright_black", pad_edge=False, padding=(0, 1, 0, 0)
    )
    table.add_column("generator", no_wrap=True)
    for head in (*HEADS.values(), "rows/s", "fit s"):
        table.add_column(head, justify="right", no_wrap=True)
    for one in standings(document):
        cells = [measure.write(one) for measure in shown]
        fit = NONE if one.fit is None else f"{one.fit:.1f}"
        table.add_row(one.name, *cells, count(one.speed), fit, style="dim" if one.line["control"] else "")
    return table


app.command(
    epilog="[bold]Examples[/]\n  [dim]$[/] fidelia bench trilemma --time-limit 3m\n"
    "  [dim]$[/] fidelia bench trilemma clinic.csv --generator trees --generator diffusion"
)(trilemma)
