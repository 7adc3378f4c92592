"""How long work tells what it is doing: a protocol, and its silent default.

The terminal's bars (`fidelia.cli`) implement it; nothing below them prints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Tick = Callable[[float], None]
"""Called with the amount of work just done, in the units of the stage's total."""


class Progress(Protocol):
    """Receives the stages of a piece of work."""

    def stage(self, name: str, total: float | None = None) -> AbstractContextManager[Tick]:
        """Open a stage; the returned context gives a `Tick` to advance it.

        Parameters
        ----------
        name : str
            What is being done, for people: ``"fit trees"``.
        total : float or None
            The amount of work, in any unit; None when it is not known.
        """
        ...


class Silent:
    """A Progress that shows nothing."""

    @contextmanager
    def stage(self, name: str, total: float | None = None) -> Iterator[Tick]:  # noqa: ARG002
        """Open a stage that nobody sees."""
        yield lambda _amount: None


SILENT = Silent()
