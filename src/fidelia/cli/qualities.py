"""The answers to the six short questions, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from fidelia.cli.card import MARKS, WIDE
from fidelia.report.notation import NONE, interval, write
from fidelia.report.words import compare, label


def answered(quality: Mapping[str, Any], width: int) -> RenderableType:
    """Draw one quality for a terminal of this many columns, and what was not measured."""
    wide = width >= WIDE
    grid = _grid()
    grid.add_column("", width=1)
    grid.add_column(quality["quality"], overflow="fold")
    grid.add_column("synthetic", justify="right", no_wrap=True)
    if wide:
        grid.add_column("95 % interval", no_wrap=True, style="dim")
    grid.add_column("fresh real", justify="right", no_wrap=True)
    grid.add_column("", overflow="fold", ratio=1)
    for result in quality["results"]:
        grid.add_row(*_row(result, wide))
    parts: list[RenderableType] = [grid]
    parts += [Text(f"{said['code']} was not measured: {said['reason']}", "dim") for said in quality["not_computed"]]
    return Padding(Group(*parts), (1, 1, 0, 1))


def _row(result: Mapping[str, Any], wide: bool) -> list[Text | str]:
    shown, said, fresh = label(result["code"], result["name"]), compare(result), result["reference"]
    middle: list[Text | str] = [interval(result["interval"], shown.form) or NONE] if wide else []
    return [
        Text(*MARKS.get(said.level, MARKS["none"])),
        Text.assemble((f"{result['code']} ", "cyan"), shown.title),
        Text(write(result["value"], shown.form), style="bold"),
        *middle,
        write(fresh["value"], shown.form) if fresh else NONE,
        Text(said.text if wide else said.text.removesuffix(" fresh real data").replace("like", "alike")),
    ]


def _grid() -> Table:
    return Table(box=SIMPLE_HEAD, header_style="dim", border_style="bright_black", pad_edge=False, padding=(0, 1, 0, 0))


def ranking(comparison: Mapping[str, Any]) -> RenderableType:
    """Draw a comparison: generators best first, their rank on each quality, then each score beside fresh real."""
    parts: list[RenderableType] = [_side_by_side(comparison)]
    if len(comparison["generators"]) > 1:
        parts.append(Text(_sure(comparison), "dim"))
    for code, reasons in comparison["declined"].items():
        name, reason = next(iter(reasons.items()))
        parts.append(Text(f"{code} was not compared: {name}: {reason}", "dim"))
    return Padding(Group(*parts), (1, 1, 0, 1))


def _side_by_side(comparison: Mapping[str, Any]) -> Table:
    """Return a column for each generator: what it loses, then each score beside fresh real."""
    names = comparison["generators"]
    first = comparison["scores"][names[0]]
    scores = {code: [_spread(comparison["scores"][name][code], _form(code)) for name in names] for code in first}
    grid = _grid()
    grid.add_column("best first", overflow="fold")
    for i, name in enumerate(names):
        wide = max(len(cells[i]) for cells in scores.values())
        head = Text(f"{name} ·" if name in comparison["front"] else name, "bold")
        grid.add_column(head, justify="right", no_wrap=True, min_width=max(wide, len(head)))
    grid.add_column("fresh real", justify="right", no_wrap=True)
    counts = [str(max(score["sets"] for score in comparison["scores"][name].values())) for name in names]
    grid.add_row("synthetic tables", *counts, "")
    grid.add_row("probability of being best", *(write(comparison["best"][name], "percent") for name in names), "")
    grid.add_row("loss against fresh real", *(write(comparison["overall"][name], "percent") for name in names), "")
    for quality, line in comparison["qualities"].items():
        grid.add_row(Text(f"  {quality}", "dim"), *(Text(write(line[name], "percent"), "dim") for name in names), "")
    grid.add_section()
    for code, cells in scores.items():
        title = Text.assemble((f"{code} ", "cyan"), label(code, first[code]["name"]).title)
        grid.add_row(title, *cells, write(first[code]["reference"], _form(code)))
    return grid


def _form(code: str) -> str:
    return label(code).form


def _spread(score: Mapping[str, Any], form: str) -> Text:
    """Write a mean over tables with the spread between them; the best of all stands out."""
    text = write(score["value"], form)
    if score["between_sd"] is not None:
        text += f" ± {write(score['between_sd'], 'score' if form == 'signed' else form)}"
    return Text(text, style="bold" if score["rank"] == 1 else "")


def _sure(comparison: Mapping[str, Any]) -> str:
    return (
        "Loss: 0 % is as good as fresh real rows, 100 % is useless. ± is the spread between tables of one generator. "
        "· marks generators that no other beats on everything. The order agrees with itself at "
        f"{comparison['stability']:.2f} (Kendall's tau) when the scores are drawn anew within their errors."
    )
