"""The card at the end of a run, drawn from results.json, and the list of files that were written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from fidelia.report.card import Row, card
from fidelia.report.mended import lines, summary
from fidelia.report.notation import size
from fidelia.report.raced import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDE = 110
_FRESH = " fresh real data"
_TYPED = re.compile(r"(?<=: )[A-Z_]+: ")
LEVELS = {"good": "bold green", "attention": "bold yellow", "poor": "bold red"}
MARKS = {"better": ("●", "green"), "same": ("●", "green"), "worse": ("●", "yellow"), "none": ("·", "dim")}
VERDICTS = {"accept": "accepted", "review": "to review", "reject": "rejected", "duplicate": "surplus duplicates"}


def drawn(document: Mapping[str, Any], width: int) -> RenderableType:
    """Return the card of a results document for a terminal of this many columns."""
    parts: list[RenderableType] = [Text(), _verdict(document["verdict"])]
    if rows := card(document):
        parts.append(_numbers(rows, width >= WIDE))
    if document["audit"]:
        parts.append(_audit(document["audit"], "Pictures" if document.get("pictures") else "Rows"))
    if document.get("curation"):
        parts.append(Text.assemble(("Curation  ", "dim"), document["curation"]["verdict"]))
    if document.get("race"):
        parts.append(Text.assemble(("Race  ", "dim"), one_line(document["race"])))
    return Padding(Group(*parts), (0, 1))


def judged(audit: Mapping[str, Any]) -> RenderableType:
    """Return the card of an audit alone: rows by verdict and reason, and the real rows that are not covered."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(justify="right", no_wrap=True)
    table.add_column(ratio=1, style="dim")
    for reason in audit["reasons"]:
        table.add_row(reason["code"], f"{reason['rows']:,}", Text(reason["text"]))
    parts: list[RenderableType] = [Text(), _audit(audit)]
    if audit["reasons"]:
        parts += [Text(), table]
    if real := audit.get("real"):
        parts += [Text(), _uncovered(real), *(Text(line["sentence"], style="dim") for line in audit["lacking"][:3])]
    return Padding(Group(*parts), (0, 1))


def curated_rows(curation: Mapping[str, Any]) -> RenderableType:
    """Return the card of a curation: what to take, how many rows were kept, and each score before and after."""
    table = _table()
    for name in ("as drawn", "curated", "fresh real"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", overflow="fold", ratio=1)
    for line in lines(curation):
        mark = Text(*MARKS.get(line.level, MARKS["none"]))
        table.add_row(mark, line.name, line.before, Text(line.after, style="bold"), line.reference, line.word)
    parts = [Text(), Text(curation["verdict"], style="bold"), Text.assemble(("Curation  ", "dim"), summary(curation))]
    notes = [Text(note, style="dim") for note in curation["notes"]]
    return Padding(Group(*parts, *([table] if table.row_count else []), *notes), (0, 1))


def listed(files: Sequence[Path]) -> RenderableType:
    """Return the files that were written and their sizes; their folder is named once when it is the same."""
    folders = {path.parent for path in files}
    together = len(files) > 1 and len(folders) == 1 and folders != {Path()}
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(overflow="fold")
    table.add_column(justify="right", style="dim", no_wrap=True)
    for path in files:
        name = path.name if together else str(path)
        table.add_row(Text(name), size(_bytes(path)) if path.exists() else "")
    head = Text.assemble("\n", ("Written", "bold"), f" to {folders.pop()}" if together else "")
    return Padding(Group(head, table), (0, 1))


def _bytes(path: Path) -> int:
    """The size of a file, or of all files in a folder."""
    return sum(file.stat().st_size for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file())


def _verdict(verdict: Mapping[str, Any]) -> RenderableType:
    head = Text(verdict["headline"], style=LEVELS.get(verdict["level"], "bold"))
    return Group(head, *(Text(sentence) for sentence in verdict["sentences"]))


def _table() -> Table:
    """Return a table of scores whose first two columns are a mark and a name."""
    table = Table(
        box=SIMPLE_HEAD, header_style="dim", border_style="bright_black", pad_edge=False, padding=(0, 1, 0, 0)
    )
    table.add_column("", width=1)
    table.add_column("", no_wrap=True, overflow="ellipsis")
    return table


def _numbers(rows: Sequence[Row], wide: bool) -> RenderableType:
    table = _table()
    table.add_column("synthetic", justify="right", no_wrap=True)
    if wide:
        table.add_column("95 % interval", no_wrap=True, style="dim")
    table.add_column("fresh real data", no_wrap=True)
    table.add_column("", overflow="fold", ratio=1)
    for row in rows:
        mark = Text(*MARKS.get(row.level, MARKS["none"]))
        middle = [row.interval] if wide else []
        table.add_row(mark, row.name, Text(row.value, style="bold"), *middle, row.reference, Text(_word(row, wide)))
    return table


def _word(row: Row, wide: bool) -> str:
    """Shorten the words where space is short: the head of the column says what it compares with."""
    word = _TYPED.sub("", row.word)
    if wide or not word.endswith(_FRESH):
        return word
    return "alike" if word == f"like{_FRESH}" else word.removesuffix(_FRESH)


def _uncovered(real: Sequence[Mapping[str, Any]]) -> Text:
    """Say in one line how many real rows the synthetic ones do not cover."""
    names = {"train": "training rows", "holdout": "rows never seen"}
    counts = ((names[of["table"]], of["rows"] - of["covered"], of["rows"]) for of in real)
    said = " · ".join(f"{n:,} of {all_:,} {name}" for name, n, all_ in counts)
    return Text.assemble(("Not covered  ", "dim"), said)


def _audit(audit: Mapping[str, Any], what: str = "Rows") -> Text:
    """Say in one line how many rows or pictures have each verdict."""
    counts = ((VERDICTS[name], count) for name, count in audit["counts"].items() if count or name == "accept")
    return Text.assemble((f"{what}  ", "dim"), " · ".join(f"{count:,} {name}" for name, count in counts))
