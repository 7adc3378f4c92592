"""Effort: how long a generator may learn, and where it keeps what it has."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fidelia.generate.catalog import Generator


@dataclass(frozen=True, slots=True)
class Effort:
    """Limits of a fit; a generator that takes seconds need not know them.

    Parameters
    ----------
    seconds : float or None
        After which the best that was found is kept. A fit that a time limit ends is not reproducible.
    checkpoint : Path or None
        A file that an interrupted fit leaves, and from which the same fit goes on to the same result. It holds
        training state, no rows, and is removed when the fit is done.
    gallery : Path or None
        A folder in which a network of pictures keeps grids of what it draws while it learns, a png for each time that
        it is validated; they take a tenth of the time at most and change nothing of what is learnt.
    """

    seconds: float | None = None
    checkpoint: Path | None = None
    gallery: Path | None = None


UNLIMITED = Effort()


def takes_effort(generator: Generator | type[Generator], method: str = "fit") -> bool:
    """Whether the generator's `fit`, or another method, can be limited."""
    return "effort" in signature(getattr(generator, method)).parameters
