"""selftest: the verb that puts fidelia's own metrics to the published test of metrics."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fidelia.cli import complete, places
from fidelia.cli import options as o
from fidelia.cli.exits import interruptible
from fidelia.cli.voice import Voice, paper, print_json

if TYPE_CHECKING:
    from rich.table import Table as Drawn

QUICK = "A minute or two: 9 settings a check, 500 rows, one draw. Noisy: cells near a threshold may turn."

Tested = Annotated[
    list[str] | None,
    typer.Option(
        "--metric",
        metavar="CODE",
        help="Test this metric of the catalog, or FID39, DIV19, FID16, DIV01, balls. Repeatable.",
        autocompletion=complete.metric,
        show_default=False,
    ),
]


def selftest(
    quick: Annotated[bool, typer.Option("--quick", help=QUICK)] = False,
    metric: Tested = None,
    repeats: Annotated[
        int, typer.Option("--repeats", min=1, max=50, help="Draws that curves are means of; not with --quick.")
    ] = 3,
    keep: Annotated[
        Path | None,
        typer.Option(
            "--keep", metavar="FILE", help="Keep scores here; an interrupted run goes on.", show_default=False
        ),
    ] = None,
    requirements: Annotated[
        bool, typer.Option("--requirements/--no-requirements", help="Also run fidelia's own fifteen requirements.")
    ] = True,
    seed: o.Seed = 0,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = 0,
    debug: o.Debug = False,
) -> None:
    """Test the metrics themselves: do they say what fidelity and diversity should, on data made to tell?

    Fifteen published checks, two cells each, side by side with the published verdicts; the full run takes an hour.
    """
    from fidelia.rng import Rng
    from fidelia.sanity import report, suite

    voice = Voice.of(quiet, verbose, debug)
    place = places.file(keep) if keep else None
    plan = suite.Plan.quick() if quick else suite.Plan(repeats=repeats)
    subjects = report.subjects_of(metric)
    with interruptible(lambda _stop: _kept(place)), voice.progress() as progress:
        scores = suite.run(subjects, Rng(seed), suite.Scores.at(place, plan), progress=progress)
        own = report.requirements(Rng(seed), quick=quick, progress=progress) if requirements and not metric else []
    document = report.document(scores, subjects, own)
    if as_json:
        print_json(document)
    else:
        for drawn in _tables(document):
            paper().print(drawn)


def _kept(place: Path | None) -> str:
    return f"The scores so far are in {place}; the same command goes on." if place else "Nothing was kept; see --keep."


def _tables(document: dict[str, Any]) -> list[Drawn]:
    drawn = [_verdicts(document, kind) for kind in ("fidelity", "diversity")]
    return [*(table for table in drawn if table is not None), *_requirements(document)]


def _verdicts(document: dict[str, Any], kind: str) -> Drawn | None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    tested = {name: found for name, found in document["metrics"].items() if found["kind"] == kind}
    if not tested:
        return None
    published = document["published"][kind]
    head = f"{kind}: bounds and property of each check (T pass, F fail, L low, H high)"
    table = Table(title=head, title_style="", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("check", overflow="fold", min_width=24)
    for name in (*tested, *(f"{name}*" for name in published)):
        table.add_column(name, justify="center", overflow="fold")
    for check, title in document["checks"].items():
        ours = ["".join(found["cells"][check].values()) for found in tested.values()]
        theirs = ["".join(cells[check].values()) for cells in published.values()]
        table.add_row(title, *ours, *theirs)
    counts = [_count(found["passes"]) for found in tested.values()]
    table.add_row("passes (T alone)", *counts, *(_count(c) for c in document["published_passes"][kind].values()))
    table.caption = f"* published, arXiv 2505.22450; {document['plan']}"
    return table


def _count(passes: dict[str, int]) -> str:
    return f"{passes['passes']} ({passes['T']})"


def _requirements(document: dict[str, Any]) -> list[Drawn]:
    from rich.table import Table

    if not document["requirements"]:
        return []
    table = Table(title="fidelia's own requirements, and published formulas beside them", title_style="")
    for name, widest in (
        ("", None),
        ("requirement", 30),
        ("fidelia", None),
        ("formulas elsewhere", 30),
        ("measured", None),
    ):
        table.add_column(name, overflow="fold", max_width=widest)
    for row in document["requirements"]:
        beside = "\n".join(f"{name}: {_word(passed)}" for name, passed in row["peers"].items())
        table.add_row(row["code"], row["title"], _word(row["passed"]), beside, row["measured"])
    return [table]


def _word(passed: bool | str | None) -> str:
    if isinstance(passed, str):
        return passed
    return "not run" if passed is None else "pass" if passed else "fail"
