"""The first screen in a notebook: what ``_repr_html_`` gives.

The notebook's style must not break it, nor it the notebook, so it stands in an ``<iframe srcdoc>`` with an empty
``sandbox``: no script, no origin, no request. Declarative shadow DOM would not do: notebooks set outputs through
``innerHTML``, which leaves ``<template shadowrootmode>`` inert, and a script that attaches it is stripped where it is
not trusted. Where frames are stripped too (a notebook on GitHub), the verdict still stands above it as plain text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fidelia.report import enhanced, glance
from fidelia.report.beside import rows
from fidelia.report.card import Row, card
from fidelia.report.compared import Comparison
from fidelia.report.concluded import conclude, main_lines
from fidelia.report.document import check
from fidelia.report.environment import draw
from fidelia.report.page import toned
from fidelia.report.words import LEVELS

Data = Mapping[str, Any]
E = ("FID16", "DIV01", "AUT01")
LINE, CARDS, EDGE, MOST = 27, 190, 48, 10
SAVE = '.report.save("report.html")'


def render(document: Data) -> str:
    """Return the first screen of a results document as a fragment of HTML.

    Raises
    ------
    ReadError
        When it is not a results document.
    """
    if document.get("kind") == "enhance":
        return _enhanced(document)
    checked = check(document)
    results = {result["code"]: result for result in checked["results"]}
    tones, told = toned(checked["findings"], results), card(checked)
    triple = [results[code] for code in E if code in results]
    lines, said = glance.lines(checked, tones), glance.sentences(checked)
    numbers = [] if triple else told[:MOST]
    tall = EDGE + (CARDS if triple else LINE * len(numbers)) + LINE * (len(lines) + len(said))
    inner = draw(
        "fragment.html",
        pictures=checked["pictures"] is not None,
        document=checked,
        triple=triple,
        rows=numbers,
        lines=lines,
        said=said,
        tones=tones,
        table=None,
        save=SAVE,
    )
    verdict = checked["verdict"]
    return _framed(LEVELS[verdict["level"]], verdict["headline"], _numbers(told), inner, tall)


def _numbers(told: list[Row]) -> str:
    shown = [row for row in told if row.code in E]
    return "; ".join(f"{row.name} {row.value} (fresh real data {row.reference})" for row in shown)


def _enhanced(document: Data) -> str:
    """Return the verdict of a trial, and the gains of its first learner."""
    found = enhanced.view(document)
    group = found.groups[0] if found.groups else None
    head = ["Learnt from", "Score", "Gain", "95 % joint interval", "Answer"]
    told = [[row.name, row.score, row.gain, row.interval, row.answer] for row in group.rows[:MOST]] if group else []
    title = f"{group.title}: real rows alone {group.base}" if group else ""
    return _tabled(document, found.headline, found.sentences, {"title": title, "head": head, "lines": told})


def compared(found: Comparison) -> str:
    """Return the first screen of reports side by side."""
    said = conclude(found)
    head = ["Measure", *(side.name for side in found.sides), "Fresh real", "In words"]
    told = [
        [row.name, *(cell.value for cell in row.cells), row.reference, row.words]
        for row in rows(found, main_lines(found))
    ]
    table = {"title": "Main measures", "head": head, "lines": told}
    return _tabled(found.sides[0].document, said.headline, said.sentences, table, '.save("compare.html")')


def _tabled(document: Data, headline: str, said: list[str], table: dict[str, Any], save: str = SAVE) -> str:
    nothing: dict[str, Any] = {"triple": [], "rows": [], "lines": [], "tones": {}}
    inner = draw("fragment.html", document=document, said=said, table=table, save=save, **nothing)
    tall = EDGE + LINE * (len(said) + len(table["lines"]) + 3)
    return _framed("", headline, "", inner, tall)


def _framed(level: str, headline: str, numbers: str, inner: str, tall: int) -> str:
    return draw("framed.html", level=level, headline=headline, numbers=numbers, inner=inner, tall=tall)
