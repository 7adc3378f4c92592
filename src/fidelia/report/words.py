"""The words that stand beside the numbers: what each asks, and how it compares with fresh real data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fidelia.report.labels import LABELS, Label, label
from fidelia.report.notation import write

__all__ = [
    "LABELS",
    "LEVELS",
    "Comparison",
    "Label",
    "attacks",
    "brief",
    "compare",
    "evidence",
    "label",
    "listed",
    "way",
]


LEVELS = {"good": "Good", "attention": "Needs attention", "poor": "Poor"}


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
    alarm = result["breakdown"]["alarm"] if attacks(result) else None
    if alarm is False:
        return Comparison("same", "like fresh real data")
    if reference is None or reference["value"] is None:
        return Comparison("worse", "alarm: beyond chance") if alarm else Comparison("none", "no fresh-real reference")
    shown = label(result["code"])
    if alarm:
        return Comparison("worse", _apart(value, reference["value"], result["direction"], shown).text)
    low, high = result["interval"] or (value, value)
    noise = 2 * (reference["sd"] or 0.0)
    ends = [value if end is None else end for end in (low, high)]
    if ends[0] <= reference["value"] + noise and ends[1] >= reference["value"] - noise:
        return Comparison("same", "like fresh real data")
    return _apart(value, reference["value"], result["direction"], shown)


def attacks(result: Mapping[str, Any]) -> bool:
    """Whether the result is an attack's, judged by what it gains on training rows beyond unseen ones."""
    more = result.get("breakdown") or {}
    return isinstance(more.get("alarm"), bool) and isinstance(more.get("excess"), int | float)


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


_EVIDENCE = {
    "S+ of alpha-precision": "synthetic rows too typical (S₊ of alpha-precision)",
    "S- of alpha-precision": "synthetic rows too unusual (S₋ of alpha-precision)",
    "S+ of beta-recall": "real rows too typical of the synthetic ones (S₊ of beta-recall)",
    "S- of beta-recall": "real rows too unusual for the synthetic ones (S₋ of beta-recall)",
    "1 - P_1": "synthetic rows beyond every real one (1 − P₁)",
    "1 - R_1": "real rows beyond every synthetic one (1 − R₁)",
    "authenticity": "rows that are new rather than copies (authenticity)",
}


def evidence(name: str) -> str:
    """Return the name of a diagnosis' evidence in plain words."""
    return _EVIDENCE.get(name, name)


def way(rule: Mapping[str, Any]) -> str:
    """Say how the rows of a diagnosis' rule differ."""
    real, synthetic = rule.get("real"), rule.get("synthetic")
    if rule.get("where") == "missing":
        return "hardly ever made"
    if rule.get("where") == "invented":
        return "hardly ever real"
    if not real or not synthetic:
        return "another share"
    times = max(real, synthetic) / min(real, synthetic)
    more = "as many" if synthetic > real else "as few"
    return f"{times:,.1f} times {more}" if times >= 1.1 else "nearly as many"


_LISTED = re.compile(
    r"(?P<head>[^:]*): (?:rows with|not generated:) .*?(?P<tail> Each column by itself .*)?", re.DOTALL
)


def brief(verdict: Mapping[str, Any]) -> str:
    """Return a diagnosis' sentence without the rules that its table lists."""
    found = _LISTED.fullmatch(verdict["sentence"]) if verdict["rules"] else None
    return verdict["sentence"] if found is None else f"{found['head']}.{found['tail'] or ''}"


def listed(texts: Sequence[str]) -> str:
    """Join texts as people do: ``a, b and c``.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)
