"""Every measure of every generator as one bar, with a tick where fresh real rows stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fidelia.report.charts import Chart, Mark, Text
from fidelia.report.notation import NONE, count, percent, score
from fidelia.report.standings import Standing, standings

WIDTH = 960
NAMES, CELL, BAR, ROW, HEAD = 140.0, 99.0, 48.0, 22.0, 76.0


@dataclass(frozen=True, slots=True)
class Measure:
    """A column.

    Parameters
    ----------
    head : tuple of str
        Its title, in two lines.
    part, key : str
        Where the score stands in a line.
    form : {"score", "percent", "count"}
        How it is written.
    """

    head: tuple[str, str]
    part: str
    key: str
    form: str = "score"

    def share(self, one: Standing) -> float | None:
        """Return the length of the bar, in [0, 1]."""
        value, whole = one.value(self.part, self.key), one.value(self.part, "of") if self.form == "count" else 1.0
        return None if value is None or not whole else min(max(value / whole, 0.0), 1.0)

    def write(self, one: Standing) -> str:
        """Write the score."""
        value = one.value(self.part, self.key)
        if value is None:
            return NONE
        return {"score": lambda: score(value, 2), "percent": lambda: percent(value, 0), "count": lambda: count(value)}[
            self.form
        ]()


MEASURES = (
    Measure(("two-sample", "score"), "real", "two_sample"),
    Measure(("alpha-", "precision"), "real", "alpha"),
    Measure(("good rows,", "turned grid"), "turned", "good", "percent"),
    Measure(("beta-", "recall"), "real", "beta"),
    Measure(("coverage", ""), "real", "coverage"),
    Measure(("25 modes,", "turned grid"), "turned", "modes", "count"),
    Measure(("50 rare", "groups"), "groups", "groups", "count"),
    Measure(("authen-", "ticity"), "real", "authenticity"),
)
GROUPS = (("quality", 0), ("mode coverage", 3), ("newness", 7))


def strips(document: Mapping[str, Any]) -> Chart:
    """Draw a line per generator and a bar per measure."""
    shown = standings(document)
    rows = [HEAD + i * ROW for i in range(len(shown))]
    bottom = rows[-1] + ROW
    marks = [mark for one, y in zip(shown, rows, strict=True) for mark in _bars(one, y)]
    texts = [text for one, y in zip(shown, rows, strict=True) for text in _row(one, y)]
    grid = Mark("axis", "".join(f"M24 {y:g}H{WIDTH - 24}" for y in _rules(shown, rows)))
    label = "Every measure of every generator as a bar, with a tick where fresh real rows stand."
    return Chart("strips", WIDTH, bottom + 40, label, (grid,), tuple(marks), (*_heads(), *texts, _note(bottom)))


def _rules(shown: Sequence[Standing], rows: Sequence[float]) -> Iterator[float]:
    """Give the places of lines: under the heads, and between fresh real rows, generators and controls."""
    yield HEAD - 8
    for i in range(1, len(shown)):
        if shown[i].line["control"] != shown[i - 1].line["control"]:
            yield rows[i] - 3


def _left(i: int) -> float:
    return NAMES + i * CELL


def _heads() -> Iterator[Text]:
    for i, measure in enumerate(MEASURES):
        for line, text in enumerate(measure.head):
            yield Text(_left(i), HEAD - 34 + 15 * line, text, "start", kind="quiet")
    for title, first in GROUPS:
        yield Text(_left(first), HEAD - 56, title, "start", kind="title")


def _bars(one: Standing, y: float) -> Iterator[Mark]:
    for i, measure in enumerate(MEASURES):
        x, share = _left(i), measure.share(one)
        yield Mark("rail", f"M{x:g} {y + 4:g}h{BAR:g}v10h{-BAR:g}z")
        if share is not None:
            fails = measure.key == "authenticity" and one.copies
            kind = "bar fail" if fails else "bar control" if one.line["control"] else "bar"
            yield Mark(kind, f"M{x:g} {y + 4:g}h{BAR * share:.1f}v10H{x:g}z", hint=f"{one.name}: {measure.write(one)}")
        ceiling = measure.share(Standing(one.fresh, one.fresh, one.at))
        if ceiling is not None:
            yield Mark("tick", f"M{x + BAR * ceiling:.1f} {y + 2:g}v14")


def _row(one: Standing, y: float) -> Iterator[Text]:
    yield Text(24, y + 13, one.name, "start", kind="control" if one.line["control"] else "")
    for i, measure in enumerate(MEASURES):
        fails = measure.key == "authenticity" and one.copies
        yield Text(_left(i) + BAR + 8, y + 13, measure.write(one), "start", kind="fail" if fails else "")


def _note(bottom: float) -> Text:
    text = "Ticks: fresh real rows. Authenticity is best at its tick: far below it, rows are copied."
    return Text(24, bottom + 22, text, "start", kind="quiet")
