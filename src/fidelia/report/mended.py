"""A curation for people: how many rows were kept, and each score before and after, beside fresh real rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fidelia.report.notation import count, percent, score, signed

Data = Mapping[str, Any]
WORDS = {"better": "better", "worse": "worse", "same": "no change beyond noise"}
FORMS = {"SHARE": percent}


@dataclass(frozen=True, slots=True)
class Line:
    """One score before and after; every field is text, `level` is a colour."""

    name: str
    code: str
    before: str
    after: str
    reference: str
    change: str
    level: str
    word: str


@dataclass(frozen=True, slots=True)
class View:
    """What the section shows.

    Parameters
    ----------
    groups : list of (str, list of Line)
        By subgroup.
    reasons : list of (str, str, str)
        Why rows are out: code, words, rows.
    """

    verdict: str
    summary: str
    overall: list[Line]
    groups: list[tuple[str, list[Line]]]
    reasons: list[tuple[str, str, str]]


def view(curation: Data | None) -> View | None:
    """Return the curation of a checked document, None where there was none."""
    if curation is None:
        return None
    names = list(dict.fromkeys(each["group"] for each in curation["changes"] if each["group"]))
    return View(
        curation["verdict"],
        summary(curation),
        lines(curation),
        [(name, lines(curation, name)) for name in names],
        [(each["code"], each["text"], count(each["rows"])) for each in curation["reasons"]],
    )


def lines(curation: Data, group: str | None = None) -> list[Line]:
    """Return the scores of all rows, or of a subgroup."""
    return [_line(each) for each in curation["changes"] if each["group"] == group]


def summary(curation: Data) -> str:
    """Say in one line how many rows were drawn, kept and rejected, and why the drawing ended."""
    drawn = sum(each["drawn"] for each in curation["rounds"])
    said = [f"{count(curation['rows'])} rows; {percent(curation['kept'], 0)} of {count(drawn)} drawn were kept"]
    if codes := ", ".join(each["code"] for each in curation["reasons"]):
        said.append(f"{percent(curation['rejected'], 1)} are out ({codes})")
    return "; ".join([*said, curation["stopped"]])


def _line(change: Data) -> Line:
    form = FORMS.get(change["code"], score)
    low, high = change["interval"]
    return Line(
        change["name"],
        change["code"],
        form(change["before"]),
        form(change["after"]),
        form(change["reference"]),
        f"{signed(change['difference'])} ({signed(low)} to {signed(high)})",
        change["said"],
        WORDS[change["said"]],
    )
