"""The trilemma at a glance: quality over speed, a ring for coverage, an area for the cost of the fit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from fidelia.report.charts import Chart, Mark, Text
from fidelia.report.notation import count, percent
from fidelia.report.scales import Scale, arc, circle, line
from fidelia.report.standings import Standing, front, standings

WIDTH, HEIGHT = 960, 500
LEFT, RIGHT, TOP, BOTTOM = 64, 936, 84, 448
LARGEST, SMALLEST = 26.0, 4.0
"""Radii of the costliest fit, and of those too quick to be seen."""
GAP = 4.0
LETTER, LINE = 6.6, 14.0
"""About the width of a letter and the height of a line, to keep names apart."""


_KINDS = {"": "", " control": "control", " copies": "fail"}


class Box(NamedTuple):
    """A rectangle on the drawing."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: Box) -> float:
        """Return the area that both cover."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(across, 0.0) * max(down, 0.0)


class Bubble(NamedTuple):
    """A generator on the drawing."""

    one: Standing
    x: float
    y: float
    radius: float

    @property
    def box(self) -> Box:
        """The room that it takes, its ring included."""
        r = self.radius + GAP + 2
        return Box(self.x - r, self.y - r, self.x + r, self.y + r)

    @property
    def kind(self) -> str:
        """Its class: what decides its colour."""
        return " copies" if self.one.copies else " control" if self.one.line["control"] else ""


def scatter(document: Mapping[str, Any]) -> Chart:
    """Draw the generators that have both a speed and a score; the dashed line joins those that none beats in both."""
    shown = [one for one in standings(document) if one.speed and one.quality is not None]
    x, y = _across(shown), Scale(-0.05, max([1.05, *(one.quality or 0.0 for one in shown)]), BOTTOM, TOP)
    most = max([one.fit or 0.0 for one in shown], default=0.0) or 1.0
    bubbles = [_bubble(one, x, y, most) for one in shown]
    marks = [*_front(document, bubbles), *(mark for bubble in bubbles for mark in _marks(bubble))]
    key_marks, key_texts = _key(most)
    at = int(standings(document)[0].at)
    head = f"Quality and speed of each generator: {document['table']['name']}, {document['table']['train']:,} rows"
    texts = [Text(LEFT - 40, 22, head, "start", kind="title"), *_axes(x, y, at), *_names(bubbles, y), *key_texts]
    grid = (*_grid(x, y), Mark("fresh", f"M{LEFT} {y(1):g}H{RIGHT}"))
    label = (
        "Quality of synthetic rows beside fresh real rows, over rows drawn per second; rings show coverage, areas the "
        "seconds of the fit. Below, every measure of every generator."
    )
    return Chart("scatter", WIDTH, HEIGHT, label, grid, (*marks, *key_marks), tuple(texts))


def _across(shown: Sequence[Standing]) -> Scale:
    powers = [math.log10(one.speed) for one in shown if one.speed]
    return Scale(min(powers, default=3.0) - 0.35, max(powers, default=5.0) + 0.35, LEFT, RIGHT)


def _bubble(one: Standing, x: Scale, y: Scale, most: float) -> Bubble:
    radius = max(LARGEST * math.sqrt((one.fit or 0.0) / most), SMALLEST)
    return Bubble(one, x(math.log10(one.speed or 1.0)), y(one.quality or 0.0), round(radius, 1))


def _marks(bubble: Bubble) -> Iterator[Mark]:
    one, ring = bubble.one, bubble.radius + GAP
    said = (
        f"{one.name}: quality {percent(one.quality, 0)} and coverage {percent(one.coverage, 0)} of fresh real rows, "
        f"{count(one.speed)} rows/s, fit {one.fit or 0.0:.1f} s"
    )
    yield Mark(f"disc{bubble.kind}", circle(bubble.x, bubble.y, bubble.radius), hint=said)
    yield Mark("track", circle(bubble.x, bubble.y, ring))
    yield Mark(f"ring{bubble.kind}", arc(bubble.x, bubble.y, ring, one.coverage or 0.0), hint=said)


def _front(document: Mapping[str, Any], bubbles: Sequence[Bubble]) -> list[Mark]:
    """Join the front by steps: what is left and below is beaten."""
    by_name = {bubble.one.name: bubble for bubble in bubbles}
    points = [(by_name[name].x, by_name[name].y) for name in front(document) if name in by_name]
    if not points:
        return []
    steps = [(points[0][0], float(BOTTOM)), points[0]]
    for (_, y), (x, higher) in pairwise(points):
        steps += [(x, y), (x, higher)]
    return [Mark("front", line([*steps, (float(LEFT), points[-1][1])]))]


def _powers(x: Scale) -> list[int]:
    return list(range(math.ceil(x.low), math.floor(x.high) + 1))


def _grid(x: Scale, y: Scale) -> tuple[Mark, ...]:
    across = "".join(f"M{LEFT} {y(v):g}H{RIGHT}" for v in (0.25, 0.5, 0.75))
    up = "".join(f"M{x(p):g} {TOP}V{BOTTOM}" for p in _powers(x))
    return Mark("grid", across + up), Mark("axis", f"M{LEFT} {TOP}V{BOTTOM}H{RIGHT}")


def _axes(x: Scale, y: Scale, at: int) -> list[Text]:
    texts = [Text(x(p), BOTTOM + 18, f"{10**p:,}", kind="quiet") for p in _powers(x)]
    texts += [Text(LEFT - 8, y(v) + 4, f"{v:.0%}", "end", kind="quiet") for v in (0.0, 0.25, 0.5, 0.75, 1.0)]
    texts.append(Text((LEFT + RIGHT) / 2, BOTTOM + 38, f"rows per second, drawing {at:,} rows", kind="quiet"))
    texts.append(Text(16, (TOP + BOTTOM) / 2, "two-sample score, share of fresh real rows", turned=True, kind="quiet"))
    return [*texts, Text(RIGHT, y(1) - 6, "fresh real rows", "end", kind="quiet")]


def _names(bubbles: Sequence[Bubble], y: Scale) -> Iterator[Text]:
    """Write each name beside its bubble, on the side where it hides least."""
    taken = [Box(RIGHT - 100, y(1) - 18, RIGHT, y(1)), *(bubble.box for bubble in bubbles)]
    for bubble in bubbles:
        places = list(_places(bubble))
        text, box = min(places, key=lambda place: sum(place[1].overlap(other) for other in taken) + _outside(place[1]))
        taken.append(box)
        yield text


def _places(bubble: Bubble) -> Iterator[tuple[Text, Box]]:
    name, kind = bubble.one.name, _KINDS[bubble.kind]
    long, box, x, y = LETTER * len(name), bubble.box, bubble.x, bubble.y
    yield Text(box.right + 2, y + 4, name, "start", kind=kind), Box(box.right, y - 8, box.right + long, y + 8)
    yield Text(box.left - 2, y + 4, name, "end", kind=kind), Box(box.left - long, y - 8, box.left, y + 8)
    for top, base in ((box.top - LINE, box.top - 3), (box.bottom, box.bottom + LINE - 3)):
        yield Text(x, base, name, kind=kind), Box(x - long / 2, top, x + long / 2, top + LINE)


def _outside(box: Box) -> float:
    frame = Box(LEFT, TOP - 20, RIGHT + 20, BOTTOM)
    return 10 * ((box.right - box.left) * (box.bottom - box.top) - box.overlap(frame))


def _key(most: float) -> tuple[list[Mark], list[Text]]:
    """Return the key: what area, ring, colours and the dashed line mean."""
    y, x, marks, texts = 52.0, LEFT - 24.0, [], []
    size = _round(most / 3)
    for radius, text in ((LARGEST * math.sqrt(size / most), f"area: fit of {size:g} s"), (SMALLEST, "quick")):
        marks.append(Mark("disc", circle(x, y, round(radius, 1))))
        texts.append(Text(x + radius + 8, y + 4, text, "start", kind="quiet"))
        x += radius + 8 + LETTER * len(text) + 20
    marks += [Mark("track", circle(x, y, 8)), Mark("ring", arc(x, y, 8, 0.7))]
    texts.append(Text(x + 16, y + 4, "ring: coverage, full as fresh real", "start", kind="quiet"))
    for offset, kind, text in ((258, "disc control", "control"), (334, "disc copies", "copies rows")):
        marks.append(Mark(kind, circle(x + offset, y, 6)))
        texts.append(Text(x + offset + 12, y + 4, text, "start", kind="quiet"))
    marks.append(Mark("front", f"M{x + 436:g} {y:g}h34"))
    return marks, [*texts, Text(x + 478, y + 4, "none faster and better", "start", kind="quiet")]


def _round(value: float) -> float:
    """Return the next lower of 1, 2, 5, 10, 20 ..."""
    power = 10.0 ** math.floor(math.log10(value))
    return max(step * power for step in (1, 2, 5) if step * power <= value * (1 + 1e-9))
