"""The tables that the knowing verbs print: columns, catalogs, an explanation, the machine."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from fidelia.cli.machine import OFFLINE, Machine, extras

if TYPE_CHECKING:
    from fidelia.data.table import Table
    from fidelia.measure.entry import Entry as MetricEntry

DIRECTIONS = {
    "higher": "higher is better",
    "lower": "lower is better",
    "target(0)": "best at 0",
    "target(0.5)": "best at 0.5",
    "target(1)": "best at 1",
    "reference": "best at what fresh real rows score",
    "info": "for information",
}
UNSURE = 0.7
_SENTENCE_END = re.compile(r"(?<=[.?!:]) +(?=[A-Z0-9])")


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of a catalog.

    Parameters
    ----------
    key : str
        What the user types.
    says : mapping of str to str
        What else is known, by field.
    summary : str
        One sentence.
    """

    key: str
    says: Mapping[str, str]
    summary: str

    @property
    def as_json(self) -> dict[str, str]:
        """The line as a JSON object."""
        return {**self.says, "summary": self.summary}


def generators() -> list[Listed]:
    """Return the generators of the catalog."""
    from fidelia.generate.catalog import entries

    return [
        Listed(e.name, {"name": e.name, **({"extra": e.extra} if e.extra else {})}, e.summary)
        for e in entries().values()
    ]


def metrics() -> list[Listed]:
    """Return the metrics of the catalog."""
    from fidelia.measure.catalog import entries

    return [metric(entry) for entry in entries().values()]


def metric(entry: MetricEntry) -> Listed:
    """Return one metric as a line."""
    says = {
        "code": entry.code,
        "name": entry.name,
        "category": entry.category,
        "direction": str(entry.direction),
        "formula": entry.formula,
        "source": entry.source,
    }
    return Listed(entry.code, says, entry.summary)


def entries(rows: Sequence[Listed]) -> RenderableType:
    """Draw a catalog: what to type, its name and category if it has them, one sentence, and what must be installed."""
    install = {extra.name: extra.install for extra in extras() if extra.missing}
    coded = bool(rows) and "code" in rows[0].says
    grid = _grid() if coded else Grid(box=None, show_header=False, padding=(0, 2, 0, 0))
    grid.add_column("code" if coded else "name", style="bold cyan", no_wrap=True)
    if coded:
        grid.add_column("metric", max_width=26)
        grid.add_column("category", style="dim")
    grid.add_column("in short", ratio=1)
    for row in rows:
        middle = [row.says["name"], row.says["category"]] if coded else []
        needs = install.get(row.says.get("extra", ""))
        said = first_sentence(row.summary) + (f" Needs {needs}." if needs else "")
        grid.add_row(Text(row.key), *map(Text, middle), Text(said))
    return Group(grid, Text(" fidelia explain CODE says all of one.", style="dim")) if coded else grid


def explained(row: Listed) -> RenderableType:
    """Draw all that is known of one metric."""
    head = Text.assemble((row.key, "bold cyan"), "  ", (row.says["name"], "bold"), (f"  {row.says['category']}", "dim"))
    facts = Grid(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(ratio=1)
    facts.add_row("Direction", Text(DIRECTIONS.get(row.says["direction"], row.says["direction"])))
    facts.add_row("Formula", Text(row.says["formula"]))
    facts.add_row("Source", Text(row.says["source"]))
    return Padding(Group(head, "", Text(row.summary), "", facts), (1, 1))


def schema(table: Table) -> RenderableType:
    """Draw the columns of a table as they were understood."""
    grid = _grid()
    grid.add_column("column", style="bold", max_width=26, no_wrap=True, overflow="ellipsis")
    grid.add_column("kind", no_wrap=True, style="cyan")
    grid.add_column("role", no_wrap=True)
    grid.add_column("missing", justify="right", no_wrap=True)
    grid.add_column("reason", ratio=1)
    grid.add_column("sure", justify="right", no_wrap=True)
    for column in table.schema:
        grid.add_row(
            Text(column.name),
            str(column.kind),
            Text(str(column.role), style="dim" if column.role == "feature" else "bold"),
            share(table.arrow.column(column.name).null_count, len(table)),
            Text(column.reason),
            Text(f"{column.confidence:.0%}", style="yellow" if column.confidence < UNSURE else "dim"),
        )
    head = Text(f" {len(table):,} rows x {len(table.schema)} columns", style="dim")
    return Group(head, grid, Text(" Correct a kind with --kind COLUMN=KIND; keep it with -o schema.json.", style="dim"))


def machine(found: Machine) -> RenderableType:
    """Draw the machine, the versions, the extras with their pip lines."""
    facts = _facts()
    facts.add_row("fidelia", found.fidelia)
    facts.add_row("python", found.python)
    facts.add_row("platform", Text(found.platform))
    facts.add_row("cores", str(found.cores))
    if found.memory is not None:
        facts.add_row("memory", f"{found.memory} GB" + (f", {found.free} GB free" if found.free is not None else ""))
    versions = _facts()
    for name, number in found.packages.items():
        versions.add_row(name, number or Text("missing: pip install fidelia", style="bold red"))
    groups = _facts()
    for extra in found.extras:
        state = Text(extra.install, style="yellow") if extra.missing else Text("present", style="green")
        groups.add_row(extra.name, state)
    parts: list[RenderableType] = [
        _head("Machine"),
        facts,
        _head("Packages"),
        versions,
        _head("Extras"),
        groups,
        "",
        Text(OFFLINE),
    ]
    return Padding(Group(*parts), (0, 1, 1, 1))


def share(part: int, whole: int) -> str:
    """Say a share of rows: a dash for none, never 0 % for some."""
    if not part:
        return "–"
    percent = 100 * part / whole
    return f"{percent:.1f} %" if percent >= 0.1 else "<0.1 %"


def first_sentence(text: str) -> str:
    """Return the first sentence of a text.

    Examples
    --------
    >>> first_sentence("Is it new? 0 for copies, .5 for fresh rows.")
    'Is it new?'
    """
    return _SENTENCE_END.split(text, maxsplit=1)[0]


def _grid() -> Grid:
    return Grid(box=SIMPLE_HEAD, header_style="dim", border_style="bright_black", pad_edge=False, padding=(0, 1, 0, 0))


def _facts() -> Grid:
    grid = Grid(box=None, show_header=False, padding=(0, 2, 0, 1), pad_edge=False)
    grid.add_column(style="dim", no_wrap=True, min_width=18)
    grid.add_column(ratio=1)
    return grid


def _head(title: str) -> Text:
    return Text(f"\n{title}", style="bold")
