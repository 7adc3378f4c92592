"""evaluate, audit, report: the verbs that judge synthetic data, whoever made it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fidelia.cli import options as o
from fidelia.cli import places
from fidelia.cli.exits import interruptible
from fidelia.cli.voice import Voice, print_json, show_files, show_outcome
from fidelia.errors import ReadError, UsageError

if TYPE_CHECKING:
    from fidelia.workflow.outcome import Outcome

Metrics = Annotated[
    list[str] | None,
    typer.Option(
        "--metric",
        metavar="CODE",
        help="Only this metric (a code, a kind of quality as privacy, or all); see `fidelia list metrics`. Repeatable.",
        autocompletion=o.complete_metric,
        show_default=False,
    ),
]

Space = Annotated[
    str | None,
    typer.Option("--embedding", metavar="NAME", help="Where distances are taken: tabular or one-class."),
]
Features = Annotated[
    list[str] | None,
    typer.Option(
        "--features",
        metavar="SIDE=FILE",
        help="Take distances between these features: train=, synthetic= and holdout= .npy or .parquet. Repeatable.",
        show_default=False,
    ),
]


def evaluate(
    train: o.Train,
    synthetic: o.Synthetic,
    holdout: o.Unseen = None,
    target: o.Target = None,
    out: o.Out = None,
    metric: Metrics = None,
    embedding: Space = None,
    features: Features = None,
    seed: o.Seed = 0,
    edition: o.WhoSees = o.Edition.SHAREABLE,
    kind: o.Kinds = None,
    described: o.Described = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = 0,
    debug: o.Debug = False,
) -> None:
    """Measure any synthetic file beside the number that fresh real data gets; needs no model.

    Give a holdout whenever there is one: without it, references come from halves of the training rows.
    """
    from fidelia.workflow import pipeline

    voice = Voice.of(quiet, verbose, debug)
    kinds, target = o.kinds_from(kind, described), o.target_from(target, described)
    folder = places.folder(out) if out else None
    with interruptible(lambda _stop: "Nothing was written."), voice.progress() as progress:
        outcome = pipeline.evaluate(
            train,
            synthetic,
            holdout=holdout,
            target=target,
            kinds=kinds or None,
            seed=seed,
            codes=metric or None,
            embedding=_space(embedding, features),
            edition=str(edition),
            progress=progress,
        )
    show_outcome(outcome.document, outcome.write(folder) if folder else [], voice)
    if folder is None and not as_json:
        voice.say(" Add --out DIR for the report and the results, or --json to print them.", style="dim")
    if as_json:
        print_json(outcome.document)


def audit(
    train: o.Train,
    synthetic: o.Synthetic,
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="FILE", help="All rows with verdict, reasons and scores.", show_default=False
        ),
    ],
    accepted: Annotated[
        Path | None,
        typer.Option("--accepted", metavar="FILE", help="The accepted rows alone.", show_default="beside the output"),
    ] = None,
    holdout: o.Unseen = None,
    target: o.Target = None,
    rate: Annotated[
        float, typer.Option("--rate", metavar="Q", min=0.001, max=0.5, help="False discovery rate of the flags.")
    ] = 0.1,
    seed: o.Seed = 0,
    edition: o.WhoSees = o.Edition.SHAREABLE,
    kind: o.Kinds = None,
    described: o.Described = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = 0,
    debug: o.Debug = False,
) -> None:
    """Give each synthetic row a verdict and its reasons, calibrated on real rows that nobody has seen.

    Writes all rows with their scores, and the accepted ones beside them (audited.parquet, audited.accepted.parquet).
    """
    from fidelia.workflow import pipeline

    voice = Voice.of(quiet, verbose, debug)
    kinds, target = o.kinds_from(kind, described), o.target_from(target, described)
    good = accepted or output.with_name(f"{output.stem}.accepted{output.suffix}")
    for place in _apart(output, good):
        places.table(place)
    with interruptible(lambda _stop: "Nothing was written."), voice.progress() as progress:
        outcome = pipeline.audit(
            train,
            synthetic,
            holdout=holdout,
            target=target,
            kinds=kinds or None,
            seed=seed,
            q=rate,
            edition=str(edition),
            progress=progress,
        )
        with progress.stage("write"):
            _write_rows(outcome, output, good, str(edition))
    if not voice.quiet:
        from fidelia.cli.card import judged

        voice.say(judged(outcome.document["audit"]))
    show_files([output, good], voice)
    if as_json:
        print_json(outcome.document)


def report(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="A results.json.", show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Where the page goes.", show_default="report.html beside it"
        ),
    ] = None,
    quiet: o.Quiet = False,
    verbose: o.Verbose = 0,
    debug: o.Debug = False,
) -> None:
    """Draw the page again from results.json alone."""
    from fidelia.report import page

    voice = Voice.of(quiet, verbose, debug)
    document = _document(results)
    target = places.file(output or results.with_name("report.html"))
    with interruptible(lambda _stop: f"Nothing was written to {target}."):
        page.write(document, target)
    show_files([target], voice)


def _space(name: str | None, features: list[str] | None) -> Any:
    """Return the embedding that the options say."""
    if not features:
        return name
    if name is not None:
        raise UsageError("--embedding and --features both say where distances are taken; give one of them")
    sides = dict(text.partition("=")[::2] for text in features)
    if wrong := [text for text in features if text.partition("=")[0] not in ("train", "synthetic", "holdout")]:
        raise UsageError(f"--features {wrong[0]!r} is not SIDE=FILE; write e.g. --features train=features.npy")
    return sides


def _apart(output: Path, good: Path) -> tuple[Path, Path]:
    if output.resolve() == good.resolve():
        raise UsageError(f"--accepted {good} is the output itself; name another file")
    return output, good


def _write_rows(outcome: Outcome, output: Path, good: Path, edition: str) -> None:
    """Write all rows with their scores, and the accepted ones as they are."""
    from fidelia.data.write import write, write_arrow

    audited, rows, accepted = outcome.audit, outcome.synthetic, outcome.accepted
    if audited is None or rows is None or accepted is None:
        raise ReadError("the audit gave no rows to write")
    write_arrow(audited.beside(rows, edition=edition), output)
    write(accepted, good)


def _document(path: Path) -> dict[str, Any]:
    from fidelia.report.document import check

    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ReadError(f"{path}: cannot be read as results.json: {error}") from error
    if not isinstance(found, dict):
        raise ReadError(f"{path}: no results document, but a JSON {type(found).__name__}")
    return check(found)
