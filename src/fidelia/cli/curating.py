"""Curation from the command line: its options, and what it writes, also when it is stopped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fidelia.cli import complete, places
from fidelia.cli import options as o
from fidelia.errors import UsageError

if TYPE_CHECKING:
    from fidelia.auditing.curation.curated import Curated
    from fidelia.progress import Progress

PANEL = "Better rows"


class Method(StrEnum):
    """How rows are chosen."""

    ODDS = "odds"
    ALAA2022 = "alaa2022"


CuratedTo = Annotated[
    Path | None,
    typer.Option(
        "--curated",
        metavar="FILE",
        help="Choose better rows, write them here, and measure what that changed.",
        rich_help_panel=PANEL,
        show_default=False,
    ),
]
ModelFile = Annotated[
    Path | None,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="Draw from this model until there are rows enough; without it the synthetic rows are all there is.",
        rich_help_panel=PANEL,
        show_default=False,
    ),
]
MethodName = Annotated[
    Method,
    typer.Option("--method", help="alaa2022: the published procedure, to compare with.", rich_help_panel=PANEL),
]
Wanted = Annotated[
    int | None,
    typer.Option(
        "-n",
        "--rows",
        metavar="N",
        min=1,
        help="Rows to keep.",
        rich_help_panel=PANEL,
        show_default="as many as learnt from",
    ),
]
DrawLimit = Annotated[
    str | None,
    typer.Option(
        "--time-limit", metavar="TIME", help="Draw no longer: 90s, 5m.", rich_help_panel=PANEL, show_default=False
    ),
]
By = Annotated[
    str | None,
    typer.Option(
        "--by",
        metavar="COLUMN",
        help="Look at the subgroups of this column.",
        autocompletion=complete.column,
        rich_help_panel=PANEL,
        show_default="the target",
    ),
]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user asked for: real rows, what is drawn from, where the rows go, and how they are chosen."""

    train: Path
    holdout: Path
    source: Path
    to: Path
    how: Mapping[str, Any]

    def carry_out(self, done: list[Path], progress: Progress, **common: Any) -> Curated:
        """Curate and write, adding what was written to `done`; an interrupt writes what was accepted until then."""
        from fidelia.auditing.curation.curated import Interrupted
        from fidelia.workflow.curation import curate

        try:
            found = curate(self.train, self.source, holdout=self.holdout, progress=progress, **self.how, **common)
        except Interrupted as stop:
            done += self._write(stop.curated)
            raise
        done += self._write(found)
        return found

    def _write(self, curated: Curated) -> list[Path]:
        """Write the rows, and where they should rather be weighed, the first draw with its weights beside them."""
        from fidelia.data.images.imageset import picture_column
        from fidelia.data.write import write, write_arrow

        drawn = picture_column(curated.table.schema)
        (write if drawn is None else places.write_pictures)(curated.table, self.to)
        if curated.take != "weights" or curated.weight is None:
            return [self.to]
        weighed = self.to.with_name(f"{self.to.stem}.weights{self.to.suffix if drawn is None else '.parquet'}")
        write_arrow(curated.first.arrow.append_column("curation.weight", [curated.weight]), weighed)
        return [self.to, weighed]


def asked(
    to: Path | None,
    *,
    train: Path | None,
    synthetic: Path,
    holdout: Path | None,
    model: Path | None,
    method: Method,
    rows: int | None,
    time_limit: str | None,
    by: str | None,
) -> Asked | None:
    """Return what is to be curated, None where nothing is.

    Raises
    ------
    UsageError
        When a needed file is not given, or an option has nothing to act on.
    """
    how = {"method": method.value, "n": rows, "time_limit": o.seconds_from(time_limit), "by": by}
    if to is None:
        chosen = {"--model": model, "--rows": rows, "--time-limit": time_limit, "--by": by}
        stray = [name for name, value in chosen.items() if value is not None]
        if method is not Method.ODDS or stray:
            name = stray[0] if stray else "--method"
            raise UsageError(f"{name} says how better rows are chosen; say where they go: --curated FILE")
        return None
    if train is None or holdout is None:
        lacking = "--train" if train is None else "--holdout"
        raise UsageError(f"--curated needs {lacking}: rows are rejected beside learnt rows, judged beside unseen ones")
    from fidelia.data.images.read import holds_pictures

    (places.pictures if holds_pictures(train) else places.table)(to)
    return Asked(train, holdout, model or synthetic, to, how)
