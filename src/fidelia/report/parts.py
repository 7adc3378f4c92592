"""The parts of results as tables: by column, by pair, by line, whatever their code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fidelia.report.labels import label
from fidelia.report.notation import amount, count, interval, percent, write

MOST_COLUMNS, MOST_PAIRS, MOST_LINES = 60, 12, 20
Data = Mapping[str, Any]
_WORDS = {
    "n": "rows",
    "q": "q-value",
    "low": "from",
    "high": "to",
    "holdout": "unseen rows",
    "reference": "fresh real",
    "train": "training rows",
    "tpr at 0.001": "found at 0.1 % false alarms",
    "tpr at 0.01": "found at 1 % false alarms",
    "auc": "AUC",
    "to train": "to training rows",
    "to holdout": "to unseen rows",
    "holdout to train": "unseen to training rows",
}
_SHARES = frozenset({"coverage", "duplicated", "train", "holdout", "blind", "support_share"})


@dataclass(frozen=True, slots=True)
class Table:
    """A table as text.

    Parameters
    ----------
    title : str
    head : list of str
        Names of the columns, the first being that of the lines.
    lines : list of list of Cell
    left : int
        Lines that are not shown.
    """

    title: str
    code: str
    head: list[str]
    lines: list[list[Cell]]
    left: int = 0

    @property
    def wide(self) -> bool:
        """Whether it needs the whole width of the page."""
        return len(self.head) > 5 or not self.code or any(cell.words for line in self.lines for cell in line)


@dataclass(frozen=True, slots=True)
class Cell:
    """A text, what stands beside it, whether it is far from fresh real data, and whether it is words."""

    text: str
    beside: str = ""
    far: bool = False
    words: bool = False


def matrix(results: Mapping[str, Data], codes: Sequence[str]) -> Table | None:
    """Return one line per column and one number per code, those farthest from fresh real rows first."""
    parts = {code: _by_column(results[code]) for code in codes}
    parts = {code: found for code, found in parts.items() if found}
    names = list(dict.fromkeys(name for found in parts.values() for name in found))
    if not names:
        return None
    names.sort(key=lambda name: -sum(_far(found.get(name), results[code]) for code, found in parts.items()))
    lines = [
        [Cell(name), *(_cell(found.get(name), results[code]) for code, found in parts.items())]
        for name in names[:MOST_COLUMNS]
    ]
    head = ["Column", *(label(code, results[code]["name"]).title for code in parts)]
    return Table("By column", "", head, lines, len(names) - len(lines))


def _by_column(result: Data) -> dict[str, Data]:
    return {str(part["column"]): part for part in entries(result, "columns", "column", "value")}


def entries(result: Data, name: str, *keys: str) -> list[Data]:
    """Return the entries of a list in the breakdown that have these keys; others are not of the usual shape."""
    found = result["breakdown"].get(name)
    if not isinstance(found, list):
        return []
    return [part for part in found if isinstance(part, Mapping) and all(key in part for key in keys)]


def number(value: Any) -> float | None:
    """Return a number, and None for anything else."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _cell(part: Data | None, result: Data) -> Cell:
    if part is None:
        return Cell("")
    form, reference = label(result["code"]).form, number(part.get("reference"))
    beside = "" if reference is None else write(reference, form)
    return Cell(write(number(part["value"]), form), beside, _far(part, result))


def _far(part: Data | None, result: Data) -> bool:
    """Whether a part lies on the bad side of fresh real rows by more than their noise, where that is known."""
    found = [] if part is None else [number(part.get(key)) for key in ("value", "reference", "sd")]
    if not found or None in found:
        return False
    value, reference, sd = (float(each or 0.0) for each in found)
    noise = max(2 * sd, 0.005)
    match result["direction"]:
        case "higher":
            return bool(value < reference - noise)
        case "lower" | "target(0)":
            return bool(value > reference + noise)
        case _:
            return bool(abs(value - reference) > noise)


def details(result: Data) -> Table | None:
    """Return the pairs or the lines of a result as a table."""
    shown = label(result["code"], result["name"])
    pairs = entries(result, "pairs", "a", "b", "value")
    if pairs:
        texts = [[Cell(f"{part['a']} · {part['b']}"), *_both(part, shown.form)] for part in pairs]
        head = ["Pair", "Value", "Fresh real"]
        return Table(shown.title, result["code"], head, texts[:MOST_PAIRS], max(0, len(texts) - MOST_PAIRS))
    lines = entries(result, "lines", "name")
    keys = list(dict.fromkeys(key for line in lines for key, value in line.items() if key != "name" and _plain(value)))
    if not keys:
        return None
    texts = [[Cell(str(line["name"])), *(_told(key, line.get(key), shown.form) for key in keys)] for line in lines]
    head = ["Of", *(_head(key) for key in keys)]
    return Table(shown.title, result["code"], head, texts[:MOST_LINES], max(0, len(texts) - MOST_LINES))


def drawn(result: Data) -> dict[str, Any] | None:
    """Return the curve of a result over levels in [0, 1], if it has one that can be drawn against the diagonal."""
    found = result["breakdown"].get("curve")
    if not isinstance(found, Mapping):
        return None
    kept = {name: found.get(name) for name in ("level", "synthetic", "reference", "low", "high")}
    sides = [values for values in kept.values() if values is not None]
    if kept["level"] is None or kept["synthetic"] is None or not all(isinstance(values, list) for values in sides):
        return None
    inside = all(number(v) is not None and 0 <= v <= 1 for values in sides for v in values)
    return kept if inside and len({len(values) for values in sides}) == 1 and kept["level"] else None


def _both(part: Data, form: str) -> list[Cell]:
    return [Cell(write(number(part.get(key)), form)) for key in ("value", "reference")]


def _told(key: str, value: Any, form: str) -> Cell:
    return Cell(_text(key, value, form), words=isinstance(value, str))


def _plain(value: Any) -> bool:
    return isinstance(value, str | int | float) or _ends(value)


def _ends(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(end, int | float) for end in value)


def _head(key: str) -> str:
    words = key.replace("_", " ")
    if words.endswith(" interval"):
        return "95 % interval"
    return _WORDS.get(words, words)


def _share(key: str) -> bool:
    return key in _SHARES or key.startswith(("tpr_at", "share_of", "cap_", "tcap_"))


def _text(key: str, value: Any, form: str) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if _ends(value):
        return interval(value, "percent" if _share(key) else "score")
    if isinstance(value, int):
        return count(value)
    if key in ("q", "p", "q_value", "p_value"):
        return "<0.001" if value < 0.001 else write(value)
    if key in ("value", "reference"):
        return write(value, form)
    return percent(value) if _share(key) else write(value, "small") if abs(value) < 100 else amount(value)
