"""run, fit, sample: the verbs that make synthetic data."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fidelia.cli import complete, gating, places, sources
from fidelia.cli import options as o
from fidelia.cli.exits import interruptible
from fidelia.cli.voice import Voice, print_json, show_files, show_outcome
from fidelia.errors import UsageError

if TYPE_CHECKING:
    from fidelia.data.table import Table
    from fidelia.progress import Progress
    from fidelia.workflow.outcome import Outcome
    from fidelia.workflow.recipe import Recipe

SETTING = {"rows": "n", "kind": "kinds", "settings": "parameters"}
CHECKPOINT = "checkpoint.pt"
"""What an interrupted training of a network leaves in its folder, and goes on from."""
GALLERY = "progress"
"""Where a network of pictures shows what it draws while it learns."""


def run(
    context: typer.Context,
    source: Annotated[
        Path,
        typer.Argument(
            metavar="DATA", help="A table, pictures, or a recipe.toml of an earlier run.", show_default=False
        ),
    ],
    target: o.Target = None,
    out: o.Out = None,
    generator: o.GeneratorName = "trees",
    settings: o.Settings = None,
    rows: Annotated[
        int | None,
        typer.Option("--rows", metavar="N", min=1, help="Rows to draw.", show_default="as many as learnt from"),
    ] = None,
    given: o.Conditions = None,
    balance: o.Shares = None,
    time_limit: o.TimeLimit = None,
    curate: Annotated[
        bool,
        typer.Option("--curate", help="Choose among more rows where that helps.", show_default=False, metavar=""),
    ] = False,
    holdout: Annotated[
        float, typer.Option("--holdout", metavar="SHARE", min=0, max=0.9, help="Real rows set aside to measure with.")
    ] = 0.2,
    by: o.By = None,
    time: Annotated[
        str | None,
        typer.Option(
            "--time",
            metavar="COLUMN",
            help="Set the latest rows aside.",
            autocompletion=complete.column,
            show_default=False,
        ),
    ] = None,
    size: o.Size = None,
    seed: o.Seed = 0,
    edition: o.WhoSees = o.Edition.SHAREABLE,
    sensitive: o.Sensitive = None,
    kind: o.Kinds = None,
    described: o.Described = None,
    gate: gating.GateFile = None,
    junit: gating.JUnit = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = 0,
    debug: o.Debug = False,
) -> None:
    """All of it, in order: split, fit, sample, measure, audit, report.

    The folder then holds the synthetic rows, the report, the audit, the model and a recipe to run it all again.
    Pictures come back as they came: a folder of them, or a file; grids of what is drawn while a network learns them are
    in the folder "progress".
    """
    voice = Voice.of(quiet, verbose, debug)
    passage = gating.Passage.of(gate, junit)
    chosen = {
        "target": o.target_from(target, described),
        "kinds": o.kinds_from(kind, described),
        "sensitive": list(sensitive or ()),
        "generator": generator,
        "parameters": o.settings_from(settings),
        "n": rows,
        "given": o.conditions_from(given),
        "balance": balance,
        "time_limit": o.seconds_from(time_limit),
        "curate": curate,
        "holdout": holdout,
        "by": by,
        "time": time,
        "size": None if size is None else [size, size],
        "seed": seed,
        "edition": str(edition),
    }
    recipe = _recipe(source, chosen, o.said(context), described is not None)
    folder = places.folder(out or _folder(source))
    outcome = _carry_out(recipe, folder, voice)
    _hand_over(outcome, folder, voice, as_json)
    passage.hold(outcome.document, voice)


def fit(
    source: o.Data,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="Where the model goes.", show_default=False)
    ],
    target: o.Target = None,
    generator: o.GeneratorName = "trees",
    settings: o.Settings = None,
    time_limit: o.TimeLimit = None,
    gallery: Annotated[
        Path | None,
        typer.Option(
            "--gallery",
            metavar="DIR",
            help="Where a network of pictures shows what it draws while it learns.",
            show_default=False,
        ),
    ] = None,
    seed: o.Seed = 0,
    kind: o.Kinds = None,
    described: o.Described = None,
    quiet: o.Quiet = False,
    verbose: o.Verbose = 0,
    debug: o.Debug = False,
) -> None:
    """Learn a table or pictures and keep the model: no code in it, no training rows.

    A network whose training is interrupted goes on where it was when the same command is given again.
    """
    from fidelia.workflow import pipeline

    voice = Voice.of(quiet, verbose, debug)
    kinds, target = o.kinds_from(kind, described), o.target_from(target, described)
    parameters, limit = o.settings_from(settings), o.seconds_from(time_limit)
    places.file(output)
    checkpoint = output.with_name(f"{output.name}.checkpoint")
    kept = lambda _stop: f"No model was written to {output}.{_goes_on(checkpoint)}"  # noqa: E731
    with interruptible(kept), voice.progress() as progress:
        table = sources.table(source, target, kinds, progress)
        _show_notes(table, voice)
        model = pipeline.fit(
            table,
            generator=generator,
            parameters=parameters,
            time_limit=limit,
            checkpoint=checkpoint,
            gallery=gallery,
            seed=seed,
            progress=progress,
        )
        model.save(output)
    show_files([output], voice)


def sample(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="A file that `fidelia fit` or `run` wrote.", show_default=False)
    ],
    rows: Annotated[int, typer.Option("-n", "--rows", metavar="N", min=0, help="How many rows.", show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Its ending says the format; pictures go to .npz, .parquet or a new folder.",
            show_default="csv to stdout",
        ),
    ] = None,
    given: o.Conditions = None,
    balance: o.Shares = None,
    seed: o.Seed = 0,
    quiet: o.Quiet = False,
    verbose: o.Verbose = 0,
    debug: o.Debug = False,
) -> None:
    """Draw rows or pictures from a model, any number of them, in bounded memory."""
    from fidelia.data.images.imageset import picture_column
    from fidelia.data.write import delimited
    from fidelia.workflow.model import load

    voice = Voice.of(quiet, verbose, debug)
    conditions = o.conditions_from(given)
    drawn = load(model)
    shown = picture_column(drawn.schema) is not None
    if output is not None:
        (places.pictures if shown else places.table)(output)
    elif shown:
        raise UsageError(f"{model} draws pictures; say where they go: -o drawn.npz, drawn.parquet or a new folder")
    like = drawn.sample_table(0, given=conditions or None, seed=seed)
    rows_drawn = drawn.stream(rows, given=conditions or None, balance=balance, seed=seed)
    if output is None:
        put = delimited(sys.stdout.buffer, like.arrow.schema)
        for part in rows_drawn:
            put(part.arrow)
        return
    with interruptible(lambda _stop: f"Nothing was written to {output}."), voice.progress() as progress:
        if shown and output.suffix != ".parquet":
            table = drawn.sample_table(rows, given=conditions or None, balance=balance, seed=seed, progress=progress)
            places.write_pictures(table, output)
        else:
            _write_stream(rows_drawn, like, rows, output, progress)
    show_files([output], voice)


def _recipe(source: Path, chosen: Mapping[str, Any], said: set[str], described: bool) -> Recipe:
    """Make a recipe of the options; an earlier run's recipe holds but for what was said now."""
    from fidelia.workflow.recipe import Recipe

    if source.suffix != ".toml":
        return Recipe(source=str(source), **chosen)
    new = {SETTING.get(name, name) for name in said} | ({"kinds", "target"} if described else set())
    return replace(Recipe.load(source), **{name: chosen[name] for name in new & chosen.keys()})


def _folder(source: Path) -> Path:
    """Results of a recipe go where it lies, those of a table to out/<its name>."""
    return source.parent if source.suffix == ".toml" else Path("out") / source.stem


def _carry_out(recipe: Recipe, folder: Path, voice: Voice) -> Outcome:
    with interruptible(lambda stop: _keep(stop, folder)):
        with voice.progress() as progress:
            size = None if recipe.size is None else (recipe.size[0], recipe.size[-1])
            table = sources.table(Path(recipe.source), recipe.target, recipe.kinds, progress, size)
        from fidelia.workflow import pipeline  # after reading, so that a file that cannot be read is said at once

        recipe = recipe.suited(table)
        _refuse_strangers(recipe.given, table)
        _show_notes(table, voice)
        _show_plan(table, recipe, folder, voice)
        with voice.progress() as progress:
            return pipeline.follow(recipe, table, progress, checkpoint=folder / CHECKPOINT, gallery=folder / GALLERY)


def _refuse_strangers(given: list[str], table: Table) -> None:
    """Refuse conditions on columns that are not there, before anything is fitted."""
    if given:
        from fidelia.generate.conditions import given_from

        given_from(given, table.schema)


def _show_notes(table: Table, voice: Voice) -> None:
    """Say what was left out while the rows were read."""
    for note in table.notes:
        voice.say(note, style="yellow")


def _show_plan(table: Table, recipe: Recipe, folder: Path, voice: Voice) -> None:
    from fidelia.workflow.plan import plan

    target = f", target {table.schema.target}" if table.schema.target else ""
    voice.say(plan(table, generator=recipe.generator, n=recipe.n, time_limit=recipe.time_limit).text)
    voice.say(f"{recipe.generator}{target}, seed {recipe.seed}, to {folder}", style="dim")


def _keep(stop: KeyboardInterrupt, folder: Path) -> str:
    """Write what a stopped run had done, when the run handed it over, and say what is kept."""
    done: Outcome | None = getattr(stop, "outcome", None)
    if done is None or done.model is None:
        return _goes_on(folder / CHECKPOINT).strip() or f"Nothing was finished; {folder} is as it was."
    kept = [place.name for place in done.keep(folder)]
    return f"Kept in {folder}: {', '.join(kept)}." if kept else f"Nothing can be kept; {folder} is as it was."


def _goes_on(checkpoint: Path) -> str:
    """Say that a training goes on from its checkpoint, if it left one."""
    return f" Kept: {checkpoint}; the same command goes on from there." if checkpoint.exists() else ""


def _hand_over(outcome: Outcome, folder: Path, voice: Voice, as_json: bool) -> None:
    """Write the files, show the card, and print the results when asked for."""
    with interruptible(lambda _stop: f"Each file in {folder} is whole, but some may be missing."):
        with voice.progress() as progress, progress.stage("write"):
            written = outcome.write(folder, ending=_ending(outcome))
        show_outcome(outcome.document, written, voice)
        if as_json:
            print_json(outcome.document)


def _ending(outcome: Outcome) -> str:
    """The synthetic rows take the format of the real ones."""
    from fidelia.data.formats import ending_of
    from fidelia.data.images.read import holds_pictures

    source = Path(outcome.recipe.source) if outcome.recipe else Path()
    return places.form_of(source) if holds_pictures(source) else ending_of(source)


def _write_stream(drawn: Iterable[Table], like: Table, rows: int, output: Path, progress: Progress) -> None:
    from fidelia.data.write import writer

    with progress.stage("sample", rows) as tick, writer(output, like) as out:
        for part in drawn:
            out.write(part)
            tick(len(part))
