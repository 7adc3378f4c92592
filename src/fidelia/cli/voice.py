"""Where words go: data to stdout, everything else to stderr, and how much of it."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fidelia.progress import SILENT, Progress

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


def console() -> Console:
    """Return the console of stderr; it knows the terminal's width and colours, and NO_COLOR."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def paper() -> Console:
    """Return the console of stdout, for tables that are the answer of a command."""
    from rich.console import Console

    return Console(highlight=False)


def print_json(document: Any) -> None:
    """Write one JSON document to stdout, in UTF-8 whatever the locale."""
    put(json.dumps(document, ensure_ascii=False, indent=1) + "\n")


def put(text: str) -> None:
    """Write text to stdout, in UTF-8 whatever the locale."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "surrogatepass"))
    sys.stdout.buffer.flush()


@dataclass(frozen=True, slots=True)
class Voice:
    """How a command speaks.

    Parameters
    ----------
    quiet : bool
        Say nothing but errors.
    verbose : int
        0: stages and the card; 1: what fidelia logs; 2: its details too.
    """

    quiet: bool = False
    verbose: int = 0

    @classmethod
    def of(cls, quiet: bool, verbose: int, debug: bool) -> Voice:
        """Return the voice that the options ask for, and let the logs speak through it."""
        voice = cls(quiet, max(verbose, 2 if debug else 0))
        voice._listen()
        return voice

    def say(self, what: RenderableType = "", style: str | None = None) -> None:
        """Show a line or anything rich can draw on stderr."""
        if not self.quiet:
            from rich.text import Text

            console().print(Text(what) if isinstance(what, str) else what, style=style)

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Show the stages of the work within; see `fidelia.cli.bars`."""
        if self.quiet:
            yield SILENT
            return
        from fidelia.cli.bars import on_terminal, plain

        out = console()
        with on_terminal(out) if out.is_terminal and not out.is_dumb_terminal else plain(out) as shown:
            yield shown

    def _listen(self) -> None:
        """Send logs, and the warnings of other libraries, to stderr when asked for; else they are not shown."""
        if self.verbose and not self.quiet:
            handler = logging.StreamHandler(sys.stderr)
            handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
            for name in ("fidelia", "py.warnings"):
                logger = logging.getLogger(name)
                logger.addHandler(handler)
                logger.setLevel(logging.DEBUG if self.verbose > 1 else logging.INFO)


def show_outcome(document: Mapping[str, Any], files: Sequence[Path], voice: Voice) -> None:
    """Show the card of a results document and the files that were written."""
    if not voice.quiet:
        from fidelia.cli.card import drawn

        voice.say(drawn(document, console().width))
        show_files(files, voice)


def show_files(files: Sequence[Path], voice: Voice) -> None:
    """Show the files that were written, if any."""
    if files and not voice.quiet:
        from fidelia.cli.card import listed

        voice.say(listed(files))
