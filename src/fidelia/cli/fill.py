"""impute: fill the missing cells of a table with a model that knows every column given any others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fidelia.cli import options as o
from fidelia.cli import places
from fidelia.cli.exits import interruptible
from fidelia.cli.voice import Voice, show_files


def impute(
    model: Annotated[
        Path,
        typer.Argument(metavar="MODEL", help="Fitted with --generator autoregressive.", show_default=False),
    ],
    data: o.Data,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="Its ending says the format.", show_default=False)
    ],
    seed: o.Seed = 0,
    quiet: o.Quiet = False,
    verbose: o.Verbose = 0,
    debug: o.Debug = False,
) -> None:
    """Fill missing cells with draws given all other cells of their row; cells that are there stay as they are.

    Another seed gives another draw: fill several times to carry the uncertainty on into an analysis.
    """
    from fidelia.workflow.model import load

    voice = Voice.of(quiet, verbose, debug)
    places.table(output)
    with interruptible(lambda _stop: f"Nothing was written to {output}."), voice.progress() as progress:
        with progress.stage("impute"):
            filled = load(model).impute_table(data, seed=seed)
        filled.write(str(output))
    show_files([output], voice)
