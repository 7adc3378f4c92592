"""evaluate, audit: the verbs that judge synthetic data, whoever made it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from fidelia.cli import complete, curating, gating, places
from fidelia.cli import options as o
from fidelia.cli.audited import Files
from fidelia.cli.exits import interruptible
from fidelia.cli.voice import Voice, print_json, show_files, show_outcome
from fidelia.errors import UsageError

Metrics = Annotated[
    list[str] | None,
    typer.Option(
        "--metric",
        metavar="CODE",
        help="Only this metric (a code, a kind of quality as privacy, or all); see `fidelia list metrics`. Repeatable.",
        autocompletion=complete.metric,
        show_default=False,
    ),
]

Space = Annotated[
    str | None,
    typer.Option("--embedding", metavar="NAME", help="Where distances are taken: tabular or one-class."),
]
Extractor = Annotated[
    str | None,
    typer.Option(
        "--extractor",
        metavar="NAME|FILE",
        help="What turns pictures into features: random-convolutions, cnn, autoencoder, one-class, or a weight file.",
        show_default=False,
    ),
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


class Reference(StrEnum):
    """Which real rows an audit holds the synthetic ones against."""

    TRAIN = "train"
    HOLDOUT = "holdout"


def evaluate(
    train: o.Train,
    synthetic: o.Synthetic,
    holdout: o.Unseen = None,
    target: o.Target = None,
    out: o.Out = None,
    metric: Metrics = None,
    embedding: Space = None,
    features: Features = None,
    extractor: Extractor = None,
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
    """Measure any synthetic file, or folder of pictures, beside the number that fresh real data gets; needs no model.

    Give a holdout whenever there is one: without it, references come from halves of the training rows.
    """
    from fidelia.workflow import pipeline

    voice = Voice.of(quiet, verbose, debug)
    kinds, target = o.kinds_from(kind, described), o.target_from(target, described)
    passage = gating.Passage.of(gate, junit)
    folder = places.folder(out) if out else None
    with interruptible(lambda _stop: "Nothing was written."), voice.progress() as progress:
        outcome = pipeline.evaluate(
            train,
            synthetic,
            holdout=holdout,
            target=target,
            kinds=kinds or None,
            sensitive=sensitive or (),
            seed=seed,
            codes=metric or None,
            embedding=_space(embedding or extractor, features),
            size=size,
            edition=str(edition),
            progress=progress,
        )
    show_outcome(outcome.document, outcome.write(folder) if folder else [], voice)
    if folder is None and not as_json:
        voice.say(" Add --out DIR for the report and the results, or --json to print them.", style="dim")
    if as_json:
        print_json(outcome.document)
    passage.hold(outcome.document, voice)


def audit(
    synthetic: o.Synthetic,
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="FILE", help="All rows with verdict, reasons and scores.", show_default=False
        ),
    ],
    train: Annotated[
        Path | None,
        typer.Option("--train", metavar="FILE|DIR", help="The real rows that were learnt from.", show_default=False),
    ] = None,
    accepted: Annotated[
        Path | None,
        typer.Option(
            "--accepted", metavar="FILE|DIR", help="The accepted rows alone.", show_default="beside the output"
        ),
    ] = None,
    holdout: o.Unseen = None,
    target: o.Target = None,
    reference: Annotated[
        Reference,
        typer.Option("--reference", help="holdout: audit against the holdout alone and read no training row."),
    ] = Reference.TRAIN,
    rate: Annotated[
        float, typer.Option("--rate", metavar="Q", min=0.001, max=0.5, help="False discovery rate of the flags.")
    ] = 0.1,
    embedding: Space = None,
    features: Features = None,
    extractor: Extractor = None,
    size: o.Size = None,
    curated: curating.CuratedTo = None,
    model: curating.ModelFile = None,
    method: curating.MethodName = curating.Method.ODDS,
    rows: curating.Wanted = None,
    time_limit: curating.DrawLimit = None,
    by: curating.By = None,
    seed: o.Seed = 0,
    edition: o.WhoSees = o.Edition.SHAREABLE,
    kind: o.Kinds = None,
    described: o.Described = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = 0,
    debug: o.Debug = False,
) -> None:
    """Give each synthetic row or picture a verdict and its reasons, calibrated on real ones that nobody has seen.

    Writes all rows with their scores, and beside them the accepted ones and what is said of the real rows
    (audited.parquet, audited.accepted.parquet, audited.real.parquet; accepted pictures go to a folder or file of
    the form that they came in). The shareable edition leaves out rows that repeat training rows, and says of real
    rows only rules that ten of them or more are in.

    With --curated it also chooses better rows, draws more from --model until there are enough, and says on rows that
    the choice never used what that changed.
    """
    from fidelia.workflow import pipeline

    voice = Voice.of(quiet, verbose, debug)
    kinds, target = o.kinds_from(kind, described), o.target_from(target, described)
    files = Files.of(output, accepted, synthetic)
    wanted = curating.asked(
        curated,
        train=train,
        synthetic=synthetic,
        holdout=holdout,
        model=model,
        method=method,
        rows=rows,
        time_limit=time_limit,
        by=by,
    )
    done: list[Path] = []
    kept = lambda _stop: f"Written: {', '.join(map(str, done))}." if done else "Nothing was written."  # noqa: E731
    with interruptible(kept), voice.progress() as progress:
        outcome = pipeline.audit(
            train,
            synthetic,
            holdout=holdout,
            target=target,
            kinds=kinds or None,
            seed=seed,
            q=rate,
            reference=reference.value,
            embedding=_space(embedding or extractor, features),
            size=size,
            edition=str(edition),
            progress=progress,
        )
        with progress.stage("write"):
            done.extend(files.write(outcome, str(edition)))
        if wanted:
            found = wanted.carry_out(done, progress, target=target, kinds=kinds or None, q=rate, seed=seed)
            outcome.document["curation"] = found.to_dict()
    if not voice.quiet:
        from fidelia.cli.card import curated_rows, judged

        voice.say(judged(outcome.document["audit"]))
        if wanted:
            voice.say(curated_rows(outcome.document["curation"]))
    show_files(done, voice)
    if as_json:
        print_json(outcome.document)


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
