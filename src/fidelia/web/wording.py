"""How the pages say things: times, cells of rows, what a file holds, what went wrong."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from fidelia.report.notation import score
from fidelia.web.filters import Column

CONTENTS = {
    "synthetic": "the synthetic rows",
    "report.html": "the report, one page that opens offline",
    "results.json": "every number, for programs",
    "audit.parquet": "a verdict and its reasons for every row",
    "model.fidelia": "the generator, to draw more rows from",
    "recipe.toml": "how to do it again: fidelia run recipe.toml",
}
STATUS = {"queued": "Waiting", "running": "Running", "done": "Done", "failed": "Failed", "cancelled": "Cancelled"}
FAULTS = {
    401: "This server needs its key",
    403: "Not allowed",
    404: "There is nothing here",
    413: "Too large",
    500: "That was our fault",
}
FIRST, LAST = ("audit.verdict", "audit.reasons", "audit.flagged_columns"), ("audit.matched_columns",)
"""What stands before and behind the data in the table of rows; all else of the audit is shown when asked for."""


def lasted(seconds: float | None) -> str:
    """Write a time that something took.

    Examples
    --------
    >>> lasted(4.24), lasted(75), lasted(7380), lasted(None)
    ('4.2 s', '1 min 15 s', '2 h 3 min', '')
    """
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


def cell(value: Any, column: Column) -> str:
    """Write a value of a row; scores of the audit with three decimals."""
    if value is None:
        return ""
    return score(value) if isinstance(value, float) and column.origin == "audit" else str(value)


def caused(name: str, flagged: str | None) -> bool:
    """Whether a column is among those that caused a flag, as the audit lists them: ``age (63 %), sex (20 %)``."""
    return flagged is not None and any(part.partition(" (")[0] == name for part in flagged.split(", "))


def shown(columns: Sequence[Column], *, scores: bool) -> list[Column]:
    """Return the columns of the table of rows: verdict and why, the data, and the scores when asked for."""
    by_key = {column.key: column for column in columns}
    first, last = ([by_key[key] for key in keys if key in by_key] for keys in (FIRST, LAST))
    data = [column for column in columns if column.origin == "data"]
    rest = [column for column in columns if column.origin == "audit" and column.key not in FIRST + LAST]
    return [*first, *data, *last, *(rest if scores else [])]


def invalid(error: ValidationError) -> str:
    """Say what is wrong with the fields of a form."""
    return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].lower()}" for fault in error.errors())


def minutes(text: str) -> float | str | None:
    """Return seconds of minutes as they were written; what is no number stays, for the check to name it."""
    return _times(text, 60.0) if text else None


def settings(text: str) -> Any:
    """Return the settings of a generator from their JSON; what is none stays, for the check to name it."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def share(text: str) -> float | str:
    """Return a share of one from a percentage."""
    return _times(text.rstrip("% "), 0.01)


def _times(text: str, factor: float) -> float | str:
    try:
        return float(text) * factor
    except ValueError:
        return text
