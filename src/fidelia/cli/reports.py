"""report: draw results again, as a page or in Markdown, alone or side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fidelia.cli import gating, places
from fidelia.cli import options as o
from fidelia.cli.exits import interruptible
from fidelia.cli.voice import Voice, show_files
from fidelia.errors import ReadError, UsageError

if TYPE_CHECKING:
    from fidelia.report.report import Report, SideBySide


def report(
    results: Annotated[
        list[Path], typer.Argument(metavar="RESULTS...", help="A results.json; several with --compare.")
    ],
    compare: Annotated[
        bool,
        typer.Option(
            "--compare",
            help="Set two to eight of them side by side: generators, seeds or versions.",
            show_default=False,
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Where it goes: .html for the page, .md for Markdown, .json for data.",
            show_default="report.html beside it; compare.html here",
        ),
    ] = None,
    gate: gating.GateFile = None,
    junit: gating.JUnit = None,
    quiet: o.Quiet = False,
    verbose: o.Verbose = 0,
    debug: o.Debug = False,
) -> None:
    """Draw the page again from results.json alone, write it as Markdown, or set several results side by side.

    With --compare the first lines say which is better on what, and where noise explains the difference. All must have
    been measured against the same training rows; what does not compare is shown with the reason.
    """
    from fidelia.report.report import Report

    voice = Voice.of(quiet, verbose, debug)
    if not compare and len(results) > 1:
        raise UsageError(f"{len(results)} results given; set them side by side with --compare, or name one")
    if compare and gate:
        raise UsageError("--gate holds one result against its limits; leave --compare away")
    passage = gating.Passage.of(gate, junit)
    documents = [_document(path) for path in results]
    if compare:
        _write(_compared(documents, results, voice), output or Path("compare.html"), voice)
        return
    _write(Report(documents[0]), output or results[0].with_name("report.html"), voice)
    passage.hold(documents[0], voice)


def _compared(documents: list[dict[str, Any]], paths: list[Path], voice: Voice) -> SideBySide:
    from fidelia.report.concluded import conclude
    from fidelia.report.report import side_by_side

    found = side_by_side(documents, paths=paths)
    said = conclude(found.comparison)
    voice.say(said.headline, "bold")
    for sentence in said.sentences:
        voice.say(sentence)
    return found


def _write(what: Report | SideBySide, output: Path, voice: Voice) -> None:
    target = places.file(output)
    with interruptible(lambda _stop: f"Nothing was written to {target}."):
        what.save(target)
    show_files([target], voice)


def _document(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ReadError(f"{path}: cannot be read as results.json: {error}") from error
    if not isinstance(found, dict):
        raise ReadError(f"{path}: no results document, but a JSON {type(found).__name__}")
    return found
