"""One kind of picture for all experiments: a line for each arm, a panel for each measure, values with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from fidelia.report.charts import Chart, Mark, Text
from fidelia.report.notation import score
from fidelia.report.scales import Scale, circle, ticks

WIDTH, GAP, ROW, HEAD = 960.0, 28.0, 22.0, 84.0
LETTER, LEAST, ROOM = 6.6, 90.0, 36.0
"""About the width of a letter, the least room for names, and that for a number under an axis."""


class Point(NamedTuple):
    """A value with its interval."""

    value: float
    low: float
    high: float


class Arm(NamedTuple):
    """A line: `kind` is "" (a point of interest), "control" or "copies"."""

    name: str
    kind: str = ""


class Panel(NamedTuple):
    """A measure: its head in one or two lines, a point per arm, and where fresh real rows (or no effect) stand."""

    head: tuple[str, ...]
    points: Sequence[Point | None]
    at: float | None = None


def forest(title: str, arms: Sequence[Arm], panels: Sequence[Panel], *, label: str, note: str) -> Chart:
    """Draw arms as lines and measures as panels.

    Parameters
    ----------
    label : str
        The picture in one sentence, for those who do not see it.
    note : str
        What dots, lines and the dotted rule mean.
    """
    bottom = HEAD + ROW * len(arms)
    left = max(LEAST, *(LETTER * len(arm.name) for arm in arms)) + 36
    grid, marks = [], []
    texts = [Text(24, 26, title, "start", kind="title"), Text(24, bottom + 44, note, "start", kind="quiet")]
    texts += [
        Text(left - 12, _y(i) + 4, arm.name, "end", kind={"copies": "fail"}.get(arm.kind, arm.kind))
        for i, arm in enumerate(arms)
    ]
    for x, panel in zip(_scales(panels, left), panels, strict=True):
        grid += _frame(x, panel, bottom)
        marks += [mark for i, arm in enumerate(arms) for mark in _dot(x, _y(i), arm, panel, panel.points[i])]
        texts += [Text(x.start, 56 + 15 * j, head, "start", kind="quiet") for j, head in enumerate(panel.head)]
        texts += [Text(x(t), bottom + 18, f"{t:g}".replace("-", "−"), kind="quiet") for t in _ticks(x)]
    return Chart("forest", WIDTH, bottom + 60, label, tuple(grid), tuple(marks), tuple(texts))


def _y(i: int) -> float:
    return HEAD + ROW * (i + 0.5)


def _scales(panels: Sequence[Panel], left: float) -> Iterator[Scale]:
    room = (WIDTH - 24 - left - GAP * (len(panels) - 1)) / len(panels)
    for i, panel in enumerate(panels):
        ends = [end for point in panel.points if point for end in (point.low, point.high, point.value)]
        ends += [] if panel.at is None else [panel.at]
        low, high = min(ends, default=0.0), max(ends, default=1.0)
        margin = max(high - low, 1e-6) * 0.06
        start = left + i * (room + GAP)
        yield Scale(low - margin, high + margin, start, start + room)


def _ticks(x: Scale) -> list[float]:
    """Return some round values, every other one where a panel has no room for all."""
    found = ticks(x.low, x.high, 3)
    return found[::2] if len(found) > 1 and x(found[1]) - x(found[0]) < ROOM else found


def _frame(x: Scale, panel: Panel, bottom: float) -> list[Mark]:
    lines = "".join(f"M{x(t):g} {HEAD}V{bottom:g}" for t in _ticks(x))
    found = [Mark("grid", lines), Mark("axis", f"M{x.start:g} {bottom:g}H{x.end:g}")]
    return found if panel.at is None else [*found, Mark("fresh", f"M{x(panel.at):g} {HEAD}V{bottom:g}")]


def _dot(x: Scale, y: float, arm: Arm, panel: Panel, point: Point | None) -> Iterator[Mark]:
    if point is None:
        return
    said = f"{arm.name}: {' '.join(panel.head)} {score(point.value)} ({score(point.low)} to {score(point.high)})"
    yield Mark("tick", f"M{x(point.low):g} {y:g}H{x(point.high):g}", hint=said)
    yield Mark(f"disc {arm.kind}".strip(), circle(x(point.value), y, 5), hint=said)
