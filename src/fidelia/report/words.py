"""The words that stand beside the numbers: what each asks, and how it compares with fresh real data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fidelia.report.notation import write


@dataclass(frozen=True, slots=True)
class Label:
    """How a result is presented.

    Parameters
    ----------
    title : str
        Its name in the report.
    question : str
        What it answers, in plain words.
    form : str
        How its number is written (`fidelia.report.notation.FORMS`).
    section : str
        The section of the page that explains it.
    worse : {"", "above", "below"}
        The only side of the reference that is bad, where the direction alone does not say it: rows farther from
        training rows than fresh real rows are no leak.
    """

    title: str
    question: str
    form: str
    section: str
    worse: Literal["", "above", "below"] = ""


LABELS = {
    "FID16": Label("alpha-precision", "Do synthetic rows lie where real rows lie?", "score", "curves"),
    "DIV01": Label("beta-recall", "Do synthetic rows reach all that is real?", "score", "curves"),
    "AUT01": Label("authenticity", "Are they new rows rather than copies?", "score", "privacy", "below"),
    "FID17": Label("alpha-precision, hypersphere", "The same, seen from the centre of the data", "score", "curves"),
    "DIV02": Label("beta-recall, hypersphere", "The same, seen from the centre of the data", "score", "curves"),
    "FID01": Label("number columns", "Does each number follow its real distribution?", "score", "columns"),
    "FID02": Label("category columns", "Does each category keep its real shares?", "score", "columns"),
    "FID10": Label("pairs of columns", "Do columns go together as they really do?", "score", "pairs"),
    "FID26": Label("two-sample test (AUC)", "Can a model tell synthetic rows from real ones?", "score", "detect"),
    "UTL01": Label("train on synthetic", "Does a model learn as much from synthetic rows?", "score", "use"),
    "AUT02": Label(
        "authenticity against the holdout",
        "Closer to training rows than fresh real rows are?",
        "signed",
        "privacy",
        "below",
    ),
    "AUT05": Label("identical rows", "How many synthetic rows equal a training row?", "percent", "privacy", "above"),
    "PRV02": Label("closest-record share", "Nearer to training rows than to unseen ones?", "score", "privacy", "above"),
    "CMP02": Label("missing cells", "Is as much missing as in the real data?", "percent", "completeness"),
    "CMP03": Label("missing patterns", "Are the same cells missing together?", "score", "completeness"),
}
_SECTIONS = {"FID": "columns", "DIV": "curves", "AUT": "privacy", "PRV": "privacy", "UTL": "use", "CMP": "completeness"}


def label(code: str, name: str = "") -> Label:
    """Return how the result `code` is presented; codes that are not known are shown under their own name."""
    return LABELS.get(code) or Label(name or code, "", "score", _SECTIONS.get(code[:3], "provenance"))


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

    The two are alike when the value's interval touches the reference +- 2 standard deviations. A metric with
    a target is better the nearer it lies to the target; of distances to training rows only nearness is bad.
    """
    value, reference = result["value"], result["reference"]
    if value is None:
        return Comparison("none", "not computable on these data")
    if reference is None or reference["value"] is None:
        return Comparison("none", "no fresh-real reference")
    low, high = result["interval"] or (value, value)
    noise = 2 * (reference["sd"] or 0.0)
    ends = [value if end is None else end for end in (low, high)]
    if ends[0] <= reference["value"] + noise and ends[1] >= reference["value"] - noise:
        return Comparison("same", "like fresh real data")
    return _apart(value, reference["value"], result["direction"], label(result["code"]))


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
