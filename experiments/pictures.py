"""The two kinds of pictures of the experiments: measures of arms as panels, and measures over something as frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from fidelia.report.charts import Chart, Mark, Text
from fidelia.report.notation import score
from fidelia.report.scales import Scale, area, circle, line, ticks

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


class Curve(NamedTuple):
    """A line of points with intervals; the second and later lines of a frame are dashed."""

    name: str
    points: Sequence[Sequence[float]]


class Frame(NamedTuple):
    """A measure over something: its head, places across, lines, and where it stands without any effect, + and -."""

    head: str
    places: Sequence[float]
    lines: Sequence[Curve]
    band: tuple[float, float]


COLUMNS, FRAME_HEIGHT, FRAME_GAP = 3, 118.0, 58.0


def curves(title: str, frames: Sequence[Frame], *, label: str, note: str) -> Chart:
    """Draw measures as frames, three in a row; `label` and `note` as in `forest`."""
    room = (WIDTH - 48 - 2 * FRAME_GAP) / COLUMNS
    bottom = 0.0
    grid, marks, texts = [], [], [Text(24, 26, title, "start", kind="title")]
    for i, frame in enumerate(frames):
        left, top = 52 + (i % COLUMNS) * (room + FRAME_GAP / 2 + 8), 74 + (i // COLUMNS) * (FRAME_HEIGHT + FRAME_GAP)
        bottom = top + FRAME_HEIGHT
        x, y = Scale(min(frame.places), max(frame.places), left, left + room), _upright(frame, top)
        grid += _paper(frame, x, y)
        marks += [mark for at, curve in enumerate(frame.lines) for mark in _curve(frame, curve, x, y, at)]
        texts += [Text(left, top - 10, frame.head, "start")]
        texts += [Text(left - 6, y(t) + 4, f"{t:g}".replace("-", "−"), "end", kind="quiet") for t in _levels(y)]
        texts += [Text(x(t), bottom + 17, f"{t:g}", kind="quiet") for t in ticks(x.low, x.high, 4)]
    texts.append(Text(24, bottom + 44, note, "start", kind="quiet"))
    return Chart("curves", WIDTH, bottom + 60, label, tuple(grid), tuple(marks), tuple(texts))


def _upright(frame: Frame, top: float) -> Scale:
    middle, half = frame.band
    ends = [end for curve in frame.lines for point in curve.points for end in point] + [middle - half, middle + half]
    margin = max(max(ends) - min(ends), 1e-6) * 0.06
    return Scale(min(ends) - margin, max(ends) + margin, top + FRAME_HEIGHT, top)


def _levels(y: Scale) -> list[float]:
    return ticks(y.low, y.high, 3)


def _paper(frame: Frame, x: Scale, y: Scale) -> list[Mark]:
    middle, half = frame.band
    rules = "".join(f"M{x.start:g} {y(t):g}H{x.end:g}" for t in _levels(y))
    ends = [[(place, y(middle + half * sign)) for place in (x.start, x.end)] for sign in (-1, 1)]
    return [Mark("rail", area(*ends)), Mark("grid", rules), Mark("axis", f"M{x.start:g} {y.start:g}H{x.end:g}")]


def _curve(frame: Frame, curve: Curve, x: Scale, y: Scale, at: int) -> Iterator[Mark]:
    spread = [
        f"M{x(place):g} {y(low):g}V{y(high):g}"
        for place, (_, low, high) in zip(frame.places, curve.points, strict=True)
    ]
    yield Mark("leader", "".join(spread))
    values = [point[0] for point in curve.points]
    path = line((x(place), y(value)) for place, value in zip(frame.places, values, strict=True))
    said = f"{frame.head}, {curve.name}: {score(values[0])} to {score(values[-1])}"
    yield Mark("front" if at else "tick", path, hint=said)
