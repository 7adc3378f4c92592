"""The command line: typer commands, exit codes, and progress on the terminal."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command that the user typed and exit with its code."""
    from fidelia.cli.exits import guarded

    sys.exit(guarded(sys.argv[1:]))
