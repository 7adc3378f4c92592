"""The card: some ten lines for the terminal, as plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fidelia.report.labels import Label, label, pictured
from fidelia.report.notation import NONE, interval, spread, write
from fidelia.report.words import compare

CODES = ("FID16", "DIV01", "AUT01", "FID01", "FID02", "FID10", "FID26", "UTL01", "PRV02", "AUT05", "CMP02")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the card; every field is text for people except `level`.

    Parameters
    ----------
    code, name : str
        Which result.
    value, interval, reference : str
        The number, its 95 % interval (may be empty), and fresh real data's number +- 2 standard deviations.
    level : {"same", "better", "worse", "none"}
        For colour.
    word : str
        How the value compares, or why it was not computed.
    """

    code: str
    name: str
    value: str
    interval: str
    reference: str
    level: str
    word: str


def card(document: Mapping[str, Any]) -> list[Row]:
    """Return the lines of the card that the document has something to say about.

    Parameters
    ----------
    document : mapping
        The object of results.json.
    """
    results = {result["code"]: result for result in document["results"]}
    declined = {entry["code"]: entry["reason"] for entry in document["not_computed"]}
    named = pictured if document.get("pictures") else label
    rows = (_measured(results[c], named) if c in results else _declined(c, declined.get(c), named) for c in CODES)
    return [row for row in rows if row is not None]


def _measured(result: Mapping[str, Any], named: Callable[..., Label]) -> Row:
    shown, said, reference = named(result["code"], result["name"]), compare(result), result["reference"]
    beside = NONE if reference is None else spread(reference["value"], reference["sd"], shown.form)
    return Row(
        result["code"],
        shown.title,
        write(result["value"], shown.form),
        interval(result["interval"], shown.form),
        beside,
        said.level,
        said.text,
    )


def _declined(code: str, reason: str | None, named: Callable[..., Label]) -> Row | None:
    return None if reason is None else Row(code, named(code).title, NONE, "", NONE, "none", f"not measured: {reason}")
