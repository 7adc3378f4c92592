"""Rules that a curve of scores must keep: bell, falling, flat, converging, and values at single points.

Thresholds are those of the published suite: close is within 0.05, a bell or a fall is at least 0.2 high, its ends and
its middle are within 0.1 of the extremes, flat and converged lines vary by at most 0.05.

References
----------
Räisä, van Breugel and van der Schaar (2025), Position: All Current Generative Fidelity and Diversity Metrics are
Flawed, ICML, arXiv 2505.22450.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Verdict = Literal["T", "F", "L", "H"]
"""Passed, failed, or passed as a diversity that falls (L) or stays high (H) where synthetic rows are wider."""
Rule = Callable[["Floats", "Floats"], Verdict]
"""From ascending settings and the scores there to a verdict."""

CLOSE = 0.05
HEIGHT = 0.2
ROOM = 0.1


def verdict(passed: bool) -> Verdict:
    """Return T or F."""
    return "T" if passed else "F"


def near(target: float, where: float | Literal["first", "last"]) -> Rule:
    """Return the rule that the score at a setting is within 0.05 of `target`."""

    def rule(x: Floats, y: Floats) -> Verdict:
        return verdict(abs(_at(x, y, where) - target) <= CLOSE + 1e-12)

    return rule


def wide(where: float | Literal["first", "last"]) -> Rule:
    """Return the rule for diversity under wider synthetic rows: H near 1, L near 0."""

    def rule(x: Floats, y: Floats) -> Verdict:
        value = _at(x, y, where)
        if abs(value - 1) <= CLOSE:
            return "H"
        return "L" if abs(value) <= CLOSE else "F"

    return rule


def _at(x: Floats, y: Floats, where: float | Literal["first", "last"]) -> float:
    if isinstance(where, str):
        return float(y[0 if where == "first" else -1])
    return float(y[np.argmin(np.abs(x - where))])


def bell(middle: float) -> Rule:
    """Return the rule of a curve that is highest at `middle` and falls to both ends, one of them the lowest."""

    def rule(x: Floats, y: Floats) -> Verdict:
        top = _at(x, y, middle)
        falls = min(top - y[0], top - y[-1]) >= HEIGHT
        lowest = min(y[0], y[-1]) - y.min() <= ROOM
        return verdict(bool(falls and y.max() - top <= ROOM and lowest))

    return rule


def falling(x: Floats, y: Floats) -> Verdict:  # noqa: ARG001 - a rule sees the settings
    """High at the first setting and low at the last."""
    return verdict(bool(y[0] - y[-1] >= HEIGHT and y.max() - y[0] <= ROOM and y[-1] - y.min() <= ROOM))


def rising(x: Floats, y: Floats) -> Verdict:
    """Low at the first setting and high at the last."""
    return falling(-x[::-1], y[::-1])


def falling_by(quantile: float) -> Rule:
    """Return the rule of a fall of which at least 0.1 is seen at a quantile of the settings."""

    def rule(x: Floats, y: Floats) -> Verdict:
        seen = y[0] - y[round(quantile * (len(y) - 1))] >= ROOM
        return verdict(falling(x, y) == "T" and bool(seen))

    return rule


def flat(x: Floats, y: Floats) -> Verdict:  # noqa: ARG001 - a rule sees the settings
    """Within 0.05 everywhere."""
    return verdict(bool(y.max() - y.min() <= CLOSE))


def converging(x: Floats, y: Floats) -> Verdict:
    """Within 0.05 over the upper half of the settings."""
    return flat(x, y[x >= np.quantile(x, 0.5)])


def either(low: Rule, high: Rule) -> Rule:
    """Return the rule that a diversity falls (L) or stays high (H)."""

    def rule(x: Floats, y: Floats) -> Verdict:
        if low(x, y) == "T":
            return "L"
        return "H" if high(x, y) == "T" else "F"

    return rule


def together(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict of a cell: all of its parts pass, and L and H are not mixed.

    Examples
    --------
    >>> together(["T", "H", "T"]), together(["H", "L"]), together(["T", "F"])
    ('H', 'F', 'F')
    """
    found = set(verdicts)
    if "F" in found or {"L", "H"} <= found:
        return "F"
    return "L" if "L" in found else "H" if "H" in found else "T"
