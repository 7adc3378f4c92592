"""fidelity, utility, privacy, completeness, stability, compare: six short questions to synthetic tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fidelia.cli import complete
from fidelia.cli import options as o
from fidelia.cli.exits import interruptible
from fidelia.cli.voice import Voice, paper, print_json
from fidelia.errors import UsageError

if TYPE_CHECKING:
    from fidelia.progress import Progress
    from fidelia.workflow.qualities import Quality

Generations = Annotated[
    list[Path],
    typer.Option("--synthetic", metavar="FILE", help="A synthetic table of the generator. Give two or more."),
]
Known = Annotated[
    list[str] | None,
    typer.Option(
        "--known",
        metavar="COLUMN",
        help="A column that an attacker knows. Repeatable; default: all but the secret.",
        show_default=False,
    ),
]
Secret = Annotated[
    list[str] | None,
    typer.Option(
        "--secret",
        metavar="COLUMN",
        help="A column that the attacker wants to learn. Repeatable; default: the target, or each in turn.",
        show_default=False,
    ),
]
Named = Annotated[
    list[str],
    typer.Argument(
        metavar="NAME=FILE...", help="Synthetic tables by generator; repeat a name for more of one.", show_default=False
    ),
]


def _question(name: str, doc: str) -> Callable[..., None]:
    """Return the command of a quality that asks for nothing but the tables."""

    def ask(
        train: o.Train,
        synthetic: o.Synthetic,
        holdout: o.Unseen = None,
        target: o.Target = None,
        seed: o.Seed = 0,
        kind: o.Kinds = None,
        described: o.Described = None,
        as_json: o.AsJson = False,
        quiet: o.Quiet = False,
        verbose: o.Verbose = 0,
        debug: o.Debug = False,
    ) -> None:
        from fidelia.workflow import qualities

        question, settings = getattr(qualities, name), _settings(holdout, target, seed, kind, described)
        _ask(lambda p: question(train, synthetic, progress=p, **settings), as_json, quiet, verbose, debug)

    ask.__name__, ask.__doc__ = name, doc
    return ask


fidelity = _question("fidelity", "Do synthetic rows look like real ones? Shapes, trends, and matches read as copying.")
utility = _question("utility", "Do analyses and models come out alike? Column tests, two-sample, train on synthetic.")
completeness = _question("completeness", "Is as much missing as in the real rows, in the same columns, and together?")


def privacy(
    train: o.Train,
    synthetic: o.Synthetic,
    known: Known = None,
    secret: Secret = None,
    holdout: o.Unseen = None,
    target: o.Target = None,
    seed: o.Seed = 0,
    kind: o.Kinds = None,
    described: o.Described = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = 0,
    debug: o.Debug = False,
) -> None:
    """What do synthetic rows give away? A secret field from known ones, membership, copies."""
    from fidelia.workflow import qualities

    settings = _settings(holdout, target, seed, kind, described) | {"known": known or (), "secret": secret}
    _ask(lambda p: qualities.privacy(train, synthetic, progress=p, **settings), as_json, quiet, verbose, debug)


def stability(
    train: o.Train,
    synthetic: Generations,
    holdout: o.Unseen = None,
    target: o.Target = None,
    seed: o.Seed = 0,
    kind: o.Kinds = None,
    described: o.Described = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = 0,
    debug: o.Debug = False,
) -> None:
    """Does a generator make the same distribution every time? KS and PSI per field over generations."""
    from fidelia.workflow import qualities

    settings = _settings(holdout, target, seed, kind, described)
    _ask(lambda p: qualities.stability(train, synthetic, progress=p, **settings), as_json, quiet, verbose, debug)


def compare(
    tables: Named,
    train: o.Train,
    holdout: o.Unseen = None,
    target: o.Target = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            metavar="CODE",
            help="Only these metrics; default: a panel. Repeatable.",
            autocompletion=complete.metric,
            show_default=False,
        ),
    ] = None,
    seed: o.Seed = 0,
    kind: o.Kinds = None,
    described: o.Described = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = 0,
    debug: o.Debug = False,
) -> None:
    """Which generator is best, and how sure is that? Several synthetic tables of several generators."""
    from fidelia.workflow import qualities

    settings = _settings(holdout, target, seed, kind, described)
    by_name = _by_name(tables)
    voice = Voice.of(quiet, verbose, debug)
    with interruptible(lambda _stop: "Nothing was compared to the end."), voice.progress() as progress:
        found = qualities.compare(train, by_name, codes=metric or None, progress=progress, **settings)
    if as_json:
        print_json(found.to_dict())
    else:
        from fidelia.cli.qualities import ranking

        paper().print(ranking(found.to_dict()))


def _ask(make: Callable[[Progress], Quality], as_json: bool, quiet: bool, verbose: int, debug: bool) -> None:
    voice = Voice.of(quiet, verbose, debug)
    with interruptible(lambda _stop: "Nothing was measured to the end."), voice.progress() as progress:
        found = make(progress)
    if as_json:
        print_json(found.to_dict())
    else:
        from fidelia.cli.qualities import answered

        out = paper()
        out.print(answered(found.to_dict(), out.width))


def _settings(
    holdout: Path | None, target: str | None, seed: int, kind: Sequence[str] | None, described: Path | None
) -> dict[str, Any]:
    return {
        "holdout": holdout,
        "target": o.target_from(target, described),
        "seed": seed,
        "kinds": o.kinds_from(kind, described) or None,
    }


def _by_name(texts: Sequence[str]) -> dict[str, list[Path]]:
    """Turn ``trees=a.parquet`` into files by generator."""
    found: dict[str, list[Path]] = {}
    for text in texts:
        name, sign, file = text.partition("=")
        if not sign or not name or not file:
            raise UsageError(f"{text!r} is not NAME=FILE; write e.g. trees=trees.parquet copula=copula.parquet")
        found.setdefault(name, []).append(Path(file))
    return found
