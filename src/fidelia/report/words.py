"""The words that stand beside the numbers: what each asks, and how it compares with fresh real data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fidelia.report.labels import LABELS, Label, label
from fidelia.report.notation import write


__all__ = ["LABELS", "Comparison", "Label", "attacks", "compare", "label"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A value beside its reference, in words.

    Parameters
    ----------
    level : {"same", "better", "worse", "none"}
        On which side of the noise of fresh real data the value lies.
    text : str
        The same for people.
    """

    level: Literal["same", "better", "worse", "none"]
    text: str


def compare(result: Mapping[str, Any]) -> Comparison:
    """Say how a result compares with what fresh real rows score.

    The two are alike when the value's interval touches the reference +- 2 standard deviations. An attack is worse
    when it raises an alarm: the interval of what it gains on training rows lies above 0. A metric with a target is
    better the nearer it lies to the target; of distances to training rows only nearness is bad.
    """
    value, reference = result["value"], result["reference"]
    if value is None:
        return Comparison("none", "not computable on these data")
    if attacks(result):
        raised = result["breakdown"]["alarm"]
        return Comparison("worse", "alarm: beyond chance") if raised else Comparison("same", "like fresh real data")
    if reference is None or reference["value"] is None:
        return Comparison("none", "no fresh-real reference")
    low, high = result["interval"] or (value, value)
    noise = 2 * (reference["sd"] or 0.0)
    ends = [value if end is None else end for end in (low, high)]
    if ends[0] <= reference["value"] + noise and ends[1] >= reference["value"] - noise:
        return Comparison("same", "like fresh real data")
    return _apart(value, reference["value"], result["direction"], label(result["code"]))


def attacks(result: Mapping[str, Any]) -> bool:
    """Whether the result is an attack's, judged by what it gains on training rows beyond unseen ones."""
    more = result.get("breakdown") or {}
    return isinstance(more.get("alarm"), bool) and more.get("excess") is not None


def _apart(value: float, reference: float, direction: str, shown: Label) -> Comparison:
    side = "above" if value > reference else "below"
    form = "score" if shown.form == "signed" else shown.form
    text = f"{write(abs(value - reference), form)} {side} fresh real data"
    if shown.worse:
        return Comparison("worse" if side == shown.worse else "none", text)
    if direction == "info":
        return Comparison("none", text)
    return Comparison("better" if _nearer(value, reference, direction) else "worse", text)


def _nearer(value: float, reference: float, direction: str) -> bool:
    if direction == "higher":
        return value > reference
    if direction == "lower":
        return value < reference
    if direction == "reference":
        return False
    target = float(direction.removeprefix("target(").removesuffix(")"))
    return abs(value - target) < abs(reference - target)
