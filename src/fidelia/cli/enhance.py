"""enhance: does synthetic data make a model better here?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fidelia.cli import complete, places, sources
from fidelia.cli import options as o
from fidelia.cli.exits import Interrupted, interruptible
from fidelia.cli.voice import Voice, console, print_json, show_files
from fidelia.errors import UsageError

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table as Drawn

MARKS = {"helps": ("●", "green"), "hurts": ("●", "red"), "more rows, not new ones": ("○", "yellow")}
STYLES = {"gain": "bold green", "loss": "bold yellow"}
WIDE = 110


def enhance(
    source: o.Data,
    target: o.Target = None,
    out: o.Out = None,
    generator: o.GeneratorName = "trees",
    settings: o.Settings = None,
    protected: Annotated[
        bool,
        typer.Option(
            "--protected",
            help="The generator protects rare values, as one whose rows are published must.",
            show_default=False,
            metavar="",
        ),
    ] = False,
    rare: Annotated[
        str | None,
        typer.Option("--rare", metavar="LEVEL", help="Make up for this rare class of the target.", show_default=False),
    ] = None,
    rebalance: Annotated[
        bool,
        typer.Option("--rebalance", help="Make up for the rarest class.", show_default=False, metavar=""),
    ] = False,
    scarce: Annotated[
        bool,
        typer.Option(
            "--scarce", help="The learning curve: where do synthetic rows help?", show_default=False, metavar=""
        ),
    ] = False,
    share: Annotated[
        float, typer.Option("--share", metavar="SHARE", help="Learn from this share of the training rows only.")
    ] = 1.0,
    ratio: Annotated[
        list[float] | None,
        typer.Option(
            "--ratio", metavar="R", help="Synthetic rows for each real one. Repeatable.", show_default="0.5 to 4"
        ),
    ] = None,
    learner: Annotated[
        list[str] | None,
        typer.Option(
            "--learner",
            metavar="NAME",
            help="A family of models. Repeatable.",
            autocompletion=complete.learner,
            show_default="linear, boosted trees, neural network",
        ),
    ] = None,
    plain: Annotated[
        bool,
        typer.Option(
            "--plain",
            help="Learners with their usual settings, not chosen on the real rows.",
            show_default=False,
            metavar="",
        ),
    ] = False,
    segment: Annotated[
        str | None,
        typer.Option(
            "--segment",
            metavar="COLUMN",
            help="Score within its levels too.",
            autocompletion=complete.column,
            show_default=False,
        ),
    ] = None,
    by: o.By = None,
    repeats: Annotated[int, typer.Option("--repeats", metavar="N", min=1, help="Of the cross-validation.")] = 2,
    time_limit: Annotated[
        str | None,
        typer.Option("--time-limit", metavar="TIME", help="Try no longer: 90s, 5m, 1h30m.", show_default=False),
    ] = None,
    flips: Annotated[
        bool,
        typer.Option(
            "--flips",
            help="A mirrored picture means the same: classical augmentation may.",
            show_default=False,
            metavar="",
        ),
    ] = False,
    size: o.Size = None,
    seed: o.Seed = 0,
    kind: o.Kinds = None,
    described: o.Described = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = 0,
    debug: o.Debug = False,
) -> None:
    """Does synthetic data make a model better here? Over repeated splits, with intervals; the answer may be no.

    DATA is a table, or a folder of pictures in folders by label: then a small network learns to tell these apart.

    The generator is fitted inside each training fold. An interrupt or a time limit keeps the splits that are done.
    """
    from fidelia.data.images.read import holds_pictures
    from fidelia.enhancement.enhance import Asked
    from fidelia.workflow.enhance import follow, generator_of, labelled

    voice = Voice.of(quiet, verbose, debug)
    shown = holds_pictures(source)
    asked = Asked(
        _question(rare, rebalance, scarce),
        generator_of(generator, pictures=shown),
        o.settings_from(settings),
        protected,
        ratio or None,
        share,
        rare,
        learner or None,
        not plain,
        segment,
        by,
        repeats,
        o.seconds_from(time_limit),
        flips,
    )
    kinds, target = o.kinds_from(kind, described), o.target_from(target, described)
    folder = places.folder(out or Path("out") / f"{source.stem}-enhance")
    with interruptible(lambda _stop: "No split was finished; nothing was written."), voice.progress() as progress:
        table = labelled(source, size) if shown else sources.table(source, target, kinds, progress)
        found = follow(table, asked, seed=seed, progress=progress)
    written, document = found.write(folder), found.to_dict()
    voice.say(drawn(document, console().width))
    show_files(written, voice)
    if as_json:
        print_json(document)
    splits = document["splits"]
    if splits["stopped"] == "an interrupt":
        raise Interrupted(f"Interrupted. {splits['done']} of {splits['planned']} splits are in {folder}.")


def _question(rare: str | None, rebalance: bool, scarce: bool) -> Any:
    if scarce and (rare is not None or rebalance):
        raise UsageError("--scarce and --rare are two questions; ask one after the other")
    return "scarce" if scarce else "rebalance" if rebalance or rare is not None else "augment"


def drawn(document: Mapping[str, Any], width: int) -> RenderableType:
    """Return the card of a trial for a terminal of this many columns."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    verdict, splits = document["verdict"], document["splits"]
    head = Text(verdict["headline"], style=STYLES.get(verdict["level"], "bold"))
    parts: list[RenderableType] = [Text(), head, *map(Text, verdict["sentences"])]
    for share, rows in zip(document["shares"], document["learnt"], strict=True):
        parts.append(_table(document, share, rows, width >= WIDE))
    said = f"{document['metric']}; {splits['done']} of {splits['planned']} splits; intervals hold for all arms together"
    notes = [*document["notes"], *(f"{arm}: not tried: {reason}" for arm, reason in document["declined"].items())]
    return Padding(Group(*parts, Text(said, "dim"), *(Text(note, "dim") for note in notes)), (0, 1))


def _table(document: Mapping[str, Any], share: float, rows: int, wide: bool) -> Drawn:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    lines = [line for line in document["lines"] if line["share"] == share]
    learners = list(dict.fromkeys(line["learner"] for line in lines))
    grid = Table(box=SIMPLE_HEAD, header_style="dim", border_style="bright_black", pad_edge=False, padding=(0, 1, 0, 0))
    grid.add_column(f"{rows:,} real {'pictures' if document.get('pictures') else 'rows'}", no_wrap=True)
    for learner in learners:
        grid.add_column(learner, justify="left", no_wrap=True)
    by = {(line["arm"], line["learner"]): line for line in lines}
    grid.add_row("real", *(f"  {next(x['base'] for x in lines if x['learner'] == name):.3f}" for name in learners))
    for arm in dict.fromkeys(line["arm"] for line in lines):
        grid.add_row(arm, *(_cell(by.get((arm, learner)), wide) for learner in learners))
    return grid


def _cell(line: Mapping[str, Any] | None, wide: bool) -> Any:
    from rich.text import Text

    from fidelia.report.enhanced import ends, gain
    from fidelia.report.notation import NONE

    if line is None:
        return NONE
    mark, style = MARKS.get(line["answer"], (" ", ""))
    return Text.assemble((f"{mark} ", style), (gain(line), "bold"), (f"  {ends(line)}" if wide else "", "dim"))


__all__: Sequence[str] = ["drawn", "enhance"]
