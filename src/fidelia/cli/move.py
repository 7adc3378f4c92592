"""transfer, adapt: from a large source to a small or unlabelled target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fidelia.cli import options as o
from fidelia.cli import places
from fidelia.cli.exits import interruptible
from fidelia.cli.voice import Voice, console, print_json, show_files

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDE = 110
STYLES = {"gain": "bold green", "loss": "bold yellow"}


class Shift(StrEnum):
    """How the target differs."""

    AUTO = "auto"
    COVARIATE = "covariate"
    LABEL = "label"


Repeats = Annotated[int, typer.Option("--repeats", metavar="N", min=1, help="Of five folds of the target rows.")]


def transfer(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE", help="A model file of the source; its rows are not needed.", show_default=False
        ),
    ],
    rows: Annotated[
        Path, typer.Argument(metavar="TARGET", help="The few rows that the model is for.", show_default=False)
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="Where the model goes.", show_default=False)
    ],
    target: o.Target = None,
    repeats: Repeats = 2,
    time_limit: o.TimeLimit = None,
    seed: o.Seed = 0,
    kind: o.Kinds = None,
    described: o.Described = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = 0,
    debug: o.Debug = False,
) -> None:
    """Tune a model of a large source on a small target, and keep it only where it is the better one.

    Over folds of the target rows it stands beside the source as it is, trees learnt from the target alone, and trees
    learnt from both. Unless it is better than the target alone, the model written is that of the target alone.
    """
    from fidelia.workflow import move

    voice = Voice.of(quiet, verbose, debug)
    kinds, target = o.kinds_from(kind, described), o.target_from(target, described)
    limit = o.seconds_from(time_limit)
    places.file(output)
    with interruptible(lambda _stop: f"No model was written to {output}."), voice.progress() as progress:
        found = move.transfer(
            source, rows, target=target, kinds=kinds, repeats=repeats, time_limit=limit, seed=seed, progress=progress
        )
        found.model.save(output)
    _show(found.to_dict(), ("arm", "nearer", "score", "gain"), output, voice, as_json)


def adapt(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="Rows with labels.", show_default=False)],
    rows: Annotated[
        Path, typer.Argument(metavar="TARGET", help="Rows of the target, with few labels or none.", show_default=False)
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="Its ending says the format.", show_default=False)
    ],
    target: o.Target = None,
    shift: Annotated[Shift, typer.Option("--shift", help="What is to be undone: features or classes.")] = Shift.AUTO,
    generator: o.GeneratorName = "trees",
    settings: o.Settings = None,
    count: Annotated[
        int | None,
        typer.Option("--rows", metavar="N", min=1, help="Rows to draw.", show_default="as many as the target has"),
    ] = None,
    repeats: Repeats = 2,
    seed: o.Seed = 0,
    kind: o.Kinds = None,
    described: o.Described = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = 0,
    debug: o.Debug = False,
) -> None:
    """Draw rows with labels in the law of a target that has few labels or none, from a source that has them.

    Where target rows have labels, every way to learn is measured on them: the source as it is, weighted by features,
    weighted by classes, the rows drawn, the target alone, and both together.
    """
    from fidelia.workflow import move

    voice = Voice.of(quiet, verbose, debug)
    kinds, target = o.kinds_from(kind, described), o.target_from(target, described)
    places.table(output)
    with interruptible(lambda _stop: f"Nothing was written to {output}."), voice.progress() as progress:
        found = move.adapt(
            source, rows, target=target, kinds=kinds, shift=shift.value, generator=generator,
            parameters=o.settings_from(settings), n=count, repeats=repeats, seed=seed, progress=progress,
        )  # fmt: skip
        found.rows.write(str(output))
    _show(found.to_dict(), ("learner", "arm", "score", "gain", "log_score", "log_gain"), output, voice, as_json)


def _show(document: Mapping[str, Any], columns: Sequence[str], output: Path, voice: Voice, as_json: bool) -> None:
    voice.say(drawn(document, columns, console().width))
    show_files([output], voice)
    if as_json:
        print_json(document)


def drawn(document: Mapping[str, Any], columns: Sequence[str], width: int) -> RenderableType:
    """Return the card of a transfer or an adaptation for a terminal of this many columns."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    verdict = document["verdict"]
    head = Text(verdict["headline"], style=STYLES.get(verdict["level"], "bold"))
    parts: list[RenderableType] = [Text(), head, *map(Text, verdict["sentences"])]
    if document["lines"]:
        parts.append(_table(document, columns, width >= WIDE))
    return Padding(Group(*parts, *(Text(note, "dim") for note in document["notes"])), (0, 1))


def _table(document: Mapping[str, Any], columns: Sequence[str], wide: bool) -> RenderableType:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    words = {"score": document["metric"] or "score", "log_score": "log score", "log_gain": "log gain"}
    lines = document["lines"]
    shown = [name for name in columns if any(line[name] is not None for line in lines)]
    grid = Table(box=SIMPLE_HEAD, header_style="dim", border_style="bright_black", pad_edge=False, padding=(0, 1, 0, 0))
    for name in shown:
        grid.add_column(words.get(name, name), no_wrap=True)
    for line in lines:
        grid.add_row(*(_cell(line[name], wide) for name in shown))
    return grid


def _cell(value: Any, wide: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, Mapping):
        low, high = value["interval"] or (float("nan"), float("nan"))
        return f"{value['value']:+.2f}" + (f" ({low:+.2f} to {high:+.2f})" if wide else "")
    return str(value)
