"""Numbers over seeds: their intervals, and how they are written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.statistics.sets import across
from fidelia.report.notation import score

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def interval(values: ArrayLike, low: float = -np.inf, high: float = np.inf) -> list[float]:
    """Return the mean over seeds and its 95 % t-interval within the bounds of the quantity, ``[mean, low, high]``."""
    found = across(values, low=low, high=high)
    return [found.value, *found.interval]


def correlation(values: ArrayLike) -> list[float]:
    """Return the same of a correlation."""
    return interval(values, -1.0, 1.0)


def between(found: Sequence[float], digits: int = 3, write: Callable[..., str] = score) -> str:
    """Return a mean and the half-width of its interval in words: ``0.81 ± 0.07``."""
    value, low, high = found
    return f"{write(value, digits)} ± {score(max(high - value, value - low), digits)}"


def markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table, numbers to the right."""
    lines = [heads, ["---", *["--:"] * (len(heads) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
