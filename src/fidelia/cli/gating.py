"""--gate and --junit: limits that end a command with exit code 3 when a number does not keep them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fidelia.cli import places
from fidelia.errors import GateFailed, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from fidelia.cli.voice import Voice
    from fidelia.workflow.gate import Checked, Gate

PANEL = "For pipelines"
GateFile = Annotated[
    Path | None,
    typer.Option(
        "--gate",
        metavar="FILE",
        help="Limits as TOML; exit code 3 when a number does not keep them.",
        rich_help_panel=PANEL,
        show_default=False,
    ),
]
JUnit = Annotated[
    Path | None,
    typer.Option(
        "--junit", metavar="FILE", help="Write what the gate found as JUnit XML.", rich_help_panel=PANEL,
        show_default=False,
    ),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Passage:
    """A gate and where its findings go; read before any work, held against the results after."""

    gate: Gate | None = None
    junit: Path | None = None

    @classmethod
    def of(cls, gate: Path | None, junit: Path | None) -> Passage:
        """Read what the options ask for.

        Raises
        ------
        DataError
            When the gate cannot be read.
        UsageError
            When --junit is given without --gate.
        """
        if gate is None:
            if junit is not None:
                raise UsageError("--junit writes what a gate found; give --gate FILE too")
            return cls()
        from fidelia.workflow.gate import Gate

        return cls(Gate.load(gate), junit and places.file(junit))

    def hold(self, document: Mapping[str, Any], voice: Voice) -> None:
        """Show which limits are kept.

        Raises
        ------
        GateFailed
            When one is not.
        """
        if self.gate is None:
            return
        from fidelia.workflow.gate import write_junit

        checks = self.gate.check(document)
        voice.say(drawn(checks))
        if self.junit:
            write_junit(checks, self.junit)
        if broken := [one for one in checks if not one.kept]:
            first = broken[0]
            raise GateFailed(f"{len(broken)} of {len(checks)} limits are not kept: {first.limit}, found {first.found}")


def drawn(checks: Sequence[Checked]) -> Table:
    """Return the limits as a table: kept or not, what was asked, what was found."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 1))
    for one in checks:
        sign = Text("✓", "green") if one.kept else Text("✗", "bold red")
        table.add_row(sign, Text(str(one.limit)), Text(one.found, "" if one.kept else "bold"))
    return table
