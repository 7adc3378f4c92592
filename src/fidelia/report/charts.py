"""The charts of the page, as geometry: what `templates/charts.html` draws as inline SVG.

A chart is plain data: paths in user units, ticks, a sentence for those who do not see it, and the texts shown
under the pointer. Colours and sizes of type belong to the style sheet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from fidelia.report import described
from fidelia.report.described import known
from fidelia.report.notation import amount, percent, score, shorten, signed, spread, write
from fidelia.report.scales import Scale, area, dots, line, squares, steps, ticks

Data = Mapping[str, Any]
NAMES = {"train": "real (train)", "synthetic": "synthetic", "holdout": "real (holdout)", "reference": "fresh real"}


@dataclass(frozen=True, slots=True)
class Mark:
    """A path with the class that gives it its colour; `hint` is shown under the pointer."""

    kind: str
    path: str
    strength: float | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """A text on the chart; `hint` holds what was cut off, `kind` is its class."""

    x: float
    y: float
    text: str
    anchor: str = "middle"
    hint: str = ""
    turned: bool = False
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing of `width` x `height` user units.

    Parameters
    ----------
    kind : str
        Class of the drawing.
    label : str
        The chart in one sentence, for screen readers.
    grid, marks, texts
        What is drawn, in this order.
    hover : mapping or None
        ``how`` ("x", "y", "xy" or "grid") with ``at`` (places) and, for each place, a title and lines of text.
    """

    kind: str
    width: float
    height: float
    label: str
    grid: tuple[Mark, ...] = ()
    marks: tuple[Mark, ...] = ()
    texts: tuple[Text, ...] = ()
    hover: Mapping[str, Any] | None = field(default=None, repr=False)


def bullet(result: Data, form: str = "score") -> Chart | None:
    """Draw a value with its interval beside the reference and its band of +- 2 standard deviations."""
    reference = result["reference"]
    if result["value"] is None or reference is None or reference["value"] is None:
        return None
    value, centre, noise = result["value"], reference["value"], 2 * (reference["sd"] or 0.0)
    low, high = (value if end is None else end for end in result["interval"] or (value, value))
    extent = [low, high, value, centre - noise, centre + noise]
    room = max(max(extent) - min(extent), 0.004) * 0.18
    x = Scale(min(extent) - room, max(extent) + room, 8, 232)
    y, marks = 15, []
    marks.append(Mark("band", f"M{x(centre - noise):g} 4H{x(centre + noise):g}V26H{x(centre - noise):g}Z"))
    marks.append(Mark("reference", f"M{x(centre):g} 4V26"))
    marks.append(Mark("whisker", f"M{x(low):g} {y}H{x(high):g}M{x(low):g} 11V19M{x(high):g} 11V19"))
    marks.append(Mark("value", f"M{x(value):g} {y}h0"))
    at = next(found for about in (3, 5) if len(found := ticks(x.low, x.high, about)) > 1 or about == 5)
    at = [t for t in at if form != "percent" or 16 < x(t) < 224]
    digits = next(n for n in (0, 1, 2) if n == 2 or all(abs(100 * t - round(100 * t, n)) < 1e-9 for t in at))
    texts = tuple(Text(x(t), 43, percent(t, digits) if form == "percent" else f"{t:g}".replace("-", "−")) for t in at)
    said = f"{write(value, form)}; fresh real data {spread(centre, reference['sd'], form)}"
    return Chart("bullet", 240, 48, said, (Mark("axis", "M8 30H232"),), tuple(marks), texts)


_ACROSS = Scale(0, 1, 52, 392)
_LINES = ("synthetic", "reference", "low", "high")
_QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)


def curve(data: Data, *, across: str, up: str) -> Chart:
    """Draw a curve over levels against the diagonal, with the band of fresh real rows."""
    x, y = _ACROSS, Scale(0, 1, 344, 12)
    level = known(data["level"])

    def at(name: str) -> list[tuple[float, float]]:
        return [(x(a), y(v)) for a, v in zip(level, known(data[name]), strict=True)]

    marks = []
    if data["low"] and data["high"]:
        marks.append(Mark("band", area(at("low"), at("high"))))
    marks.append(Mark("diagonal", line([(x(0), y(0)), (x(1), y(1))])))
    if data["reference"]:
        marks.append(Mark("real", line(at("reference"))))
    marks.append(Mark("synthetic", line(at("synthetic"))))
    names = [name for name in ("synthetic", "reference") if data[name]]
    hover = _hover("x", [x(a) for a in level], [f"level {score(a, 2)}" for a in level], data, names, score)
    label = described.curve(data, across, up)
    grid = tuple(_grid(x, y, _QUARTERS))
    texts = (*_labels(x, y, _QUARTERS), Text(222, 380, across), Text(10, 178, up, turned=True))
    return Chart("curve", 400, 392, label, grid, tuple(marks), texts, hover)


def gap(data: Data, *, across: str) -> Chart:
    """Draw the same curve as its distance from the diagonal, where small gaps can be seen."""
    level = known(data["level"])
    bent = {n: [v - a for v, a in zip(known(data[n]), level, strict=True)] for n in _LINES if data[n]}
    most = max([0.01, *(abs(v) for values in bent.values() for v in values)]) * 1.08
    x, y = _ACROSS, Scale(-most, most, 112, 8)
    at = {n: [(x(a), y(v)) for a, v in zip(level, values, strict=True)] for n, values in bent.items()}
    marks = [Mark("band", area(at["low"], at["high"]))] if "low" in at and "high" in at else []
    marks.append(Mark("diagonal", f"M52 {y(0):g}H392"))
    marks += [Mark(kind, line(at[n])) for n, kind in (("reference", "real"), ("synthetic", "synthetic")) if n in at]
    texts = [Text(44, y(t) + 4, score(t, 2 if most > 0.02 else 3), "end") for t in (-_round(most), 0.0, _round(most))]
    texts += [Text(x(v), 130, f"{v:g}") for v in _QUARTERS] + [Text(222, 148, f"gap from the diagonal, over {across}")]
    names = [name for name in ("synthetic", "reference") if name in bent]
    hover = _hover("x", [x(a) for a in level], [f"gap at {score(a, 2)}" for a in level], bent, names, signed)
    frame = Mark("grid", "".join(f"M{x(v):g} 8V112" for v in _QUARTERS))
    label = f"The same as its distance from the diagonal. {described.curve(data, across, 'Share')}"
    return Chart("curve", 400, 154, label, (frame,), tuple(marks), tuple(texts), hover)


def _round(most: float) -> float:
    return ticks(0, most, 2)[-1]


def _grid(x: Scale, y: Scale, values: Sequence[float]) -> list[Mark]:
    across = "".join(f"M{x.start:g} {y(v):g}H{x.end:g}" for v in values)
    return [Mark("grid", across + "".join(f"M{x(v):g} {y.start:g}V{y.end:g}" for v in values))]


def _labels(x: Scale, y: Scale, values: Sequence[float]) -> list[Text]:
    below = [Text(x(v), y.start + 18, f"{v:g}") for v in values]
    return below + [Text(x.start - 8, y(v) + 4, f"{v:g}", "end") for v in values]


def _hover(
    how: str, at: Sequence[Any], titles: Sequence[str], data: Data, names: Sequence[str], form: Any
) -> dict[str, Any]:
    lines = [[name, NAMES[name], [form(value) for value in data[name]]] for name in names if data.get(name)]
    return {"how": how, "at": list(at), "title": list(titles), "lines": lines}


def histogram(data: Data, name: str, *, form: Any = amount) -> Chart:
    """Draw overlaid histograms: real filled, synthetic and holdout as outlines.

    Bins may be of unequal width, so heights are shares per unit; the outer bins also hold what lies beyond.
    """
    edges, names = known(data["edges"]), [n for n in ("train", "synthetic", "holdout") if data.get(n)]
    widths = [(b - a) or 1.0 for a, b in pairwise(edges)]
    heights = {n: [v / w for v, w in zip(known(data[n]), widths, strict=True)] for n in names}
    x, top = Scale(edges[0], edges[-1], 4, 316), max((max(h, default=0.0) for h in heights.values()), default=0.0)
    y = Scale(0, top or 1.0, 116, 6)
    places = [x(edge) for edge in edges]
    kinds = {"train": "real-area", "synthetic": "synthetic", "holdout": "holdout"}
    drawn = [n for n in ("train", "holdout", "synthetic") if n in heights]
    marks = [Mark(kinds[n], steps(places, [y(h) for h in heights[n]], 116, closed=n == "train")) for n in drawn]
    written = data.get("edge_labels") or [form(edge) for edge in edges]
    middles = [round((a + b) / 2, 1) for a, b in pairwise(places)]
    bins = _bins(written)
    hover = _hover("x", middles, bins, data, names, percent)
    label = f"Distribution of {name}: {_said(names)}, from {written[0]} to {written[-1]}.{described.shares(data, bins)}"
    return Chart("histogram", 320, 138, label, (Mark("axis", "M4 116.5H316"),), tuple(marks), _ends(written), hover)


def _ends(written: Sequence[str]) -> tuple[Text, ...]:
    return Text(4, 132, shorten(written[0], 20), "start"), Text(316, 132, shorten(written[-1], 20), "end")


def _bins(written: Sequence[str]) -> list[str]:
    titles = [f"{a} to {b}" for a, b in pairwise(written)]
    if len(titles) > 1:
        titles[0], titles[-1] = f"below {written[1]}", f"{written[-2]} and above"
    return titles


def _said(names: Sequence[str]) -> str:
    return ", ".join(NAMES[name] for name in names)


def bars(data: Data, name: str, *, form: Any = percent, wide: bool = False) -> Chart:
    """Draw one line per level: a wide real bar, a narrow synthetic bar on it, a tick for the holdout.

    A `wide` chart has more room for the names of its levels.
    """
    left, right, length = (196, 456, 28) if wide else (116, 316, 16)
    levels, names = data["levels"], [n for n in ("train", "synthetic", "holdout") if data.get(n)]
    shares = {n: known(data[n]) for n in names}
    x = Scale(0, max((v for s in shares.values() for v in s), default=0.0) or 1.0, left, right)
    rows, step = range(len(levels)), 17
    places = {n: [(x(v), 4 + i * step) for i, v in enumerate(shares[n])] for n in names}
    marks = [Mark("real-area", "".join(f"M{left} {y}H{px:g}v13H{left}z" for px, y in places.get("train", ())))]
    marks.append(
        Mark("synthetic-area", "".join(f"M{left} {y + 4}H{px:g}v5H{left}z" for px, y in places.get("synthetic", ())))
    )
    marks.append(Mark("holdout-tick", "".join(f"M{px:g} {y - 1}v15" for px, y in places.get("holdout", ()))))
    texts = tuple(Text(left - 6, 15 + i * step, shorten(levels[i], length), "end", levels[i]) for i in rows)
    hover = _hover("y", [10.5 + i * step for i in rows], levels, data, names, form)
    label = f"Shares of {name} in {len(levels)} levels: {_said(names)}.{described.shares(data, levels, form)}"
    return Chart(
        "bars wide" if wide else "bars", right + 4, 6 + step * len(levels), label, (), tuple(marks), texts, hover
    )


LEVELS = 12


def heat(names: Sequence[str], cells: Sequence[Sequence[float | None]], *, kind: str, title: str) -> Chart:
    """Draw a square matrix in [0, 1]; the strength of the colour is the value.

    `kind` "error" draws one minus the value, on a scale of its own that ends at the largest error.
    """
    n, labelled = len(names), len(names) <= 24
    left, size = (92.0, 250.0) if labelled else (4.0, 338.0)
    step = size / max(n, 1)
    strengths = [[0.0 if v is None else (1 - v if kind == "error" else v) for v in row] for row in cells]
    most = max((s for row in strengths for s in row), default=0.0) if kind == "error" else 1.0
    groups: dict[int, list[tuple[float, float]]] = {}
    for i, row in enumerate(strengths):
        for j, strength in enumerate(row):
            shade = round(min(max(strength / (most or 1.0), 0.0), 1.0) * LEVELS)
            groups.setdefault(shade, []).append((round(left + j * step, 2), round(4 + i * step, 2)))
    side = round(step * 0.96, 2)
    marks = [Mark(kind, squares(groups[g], side, side), round(g / LEVELS, 3)) for g in sorted(groups) if g]
    frame = Mark("frame", squares([(left, 4.0)], round(size, 2), round(size, 2)))
    texts = _names(names, left, step) if labelled else ()
    written = [[score(v) for v in row] for row in cells]
    hover = {"how": "grid", "left": left, "top": 4, "step": step, "names": list(names), "cells": written}
    label = f"{title}: a matrix of {n} x {n} columns.{described.cells(names, cells, least=kind == 'error')}"
    return Chart("heat", 346, 352 if labelled else 346, label, (frame,), tuple(marks), texts, hover)


def _names(names: Sequence[str], left: float, step: float) -> tuple[Text, ...]:
    rows = [Text(left - 6, 4 + (i + 0.5) * step + 3.5, shorten(name, 13), "end", name) for i, name in enumerate(names)]
    below = [
        Text(left + (i + 0.5) * step + 3.5, 262, shorten(name, 13), "end", name, turned=True)
        for i, name in enumerate(names)
    ]
    return (*rows, *below)


VERDICTS = ("accept", "review", "duplicate", "reject")


def plane(data: Data, thumbnails: Data | None = None) -> Chart:
    """Draw the map: cells of train rows as heat, synthetic rows as points with the colour of their verdict.

    Parameters
    ----------
    thumbnails : mapping or None
        Where the points' pictures are, and their classes; see `fidelia.report.gallery.thumbnails`.
    """
    x, y = (_inside(data[f"{axis}_edges"], start, end) for axis, start, end in (("x", 34, 632), ("y", 404, 8)))
    marks = [*_cells(data, x, y), *_points(data["synthetic"], x, y)]
    first, second = (
        f"{axis['name']}" + (f" ({percent(axis['share'], 0)} of the variance)" if axis["share"] is not None else "")
        for axis in data["axes"]
    )
    points = data["synthetic"]
    at = [[x.held(a), y.held(b)] for a, b in zip(points["x"], points["y"], strict=True)]
    lines = [["synthetic", "alpha", [score(alpha, 2) for alpha in points["alpha"]]]]
    hover = {"how": "xy", "at": at, "title": points["verdict"], "lines": lines}
    if thumbnails is not None:
        labels = thumbnails["labels"]
        hover["lines"] = lines if labels is None else [*lines, ["", "class", labels]]
        hover["shots"] = {name: value for name, value in thumbnails.items() if name != "labels"}
    texts = (Text(333, 426, first), Text(18, 206, second, turned=True))
    kind = "rows" if thumbnails is None else "pictures"
    label = f"Map of {len(at)} synthetic {kind} over the density of training {kind}, on two principal components."
    label += described.verdicts(points["verdict"])
    frame = (Mark("frame", "M34 8H632V404H34Z"),)
    return Chart("plane", 640, 434, label, frame, tuple(marks), texts, hover)


def _inside(edges: Sequence[float], start: float, end: float) -> Scale:
    margin = (edges[-1] - edges[0]) * 0.06
    return Scale(edges[0] - margin, edges[-1] + margin, start, end)


def _cells(data: Data, x: Scale, y: Scale) -> list[Mark]:
    """Shade by the square root of the share, in steps: dense and thin regions are both seen."""
    most = max((share for _, _, share in data["train"]), default=0.0) or 1.0
    groups: dict[int, list[str]] = {}
    for i, j, share in data["train"]:
        left, right, low, high = (s(e) for s, e in _corners(data, x, y, i, j))
        shade = max(1, round((share / most) ** 0.5 * LEVELS))
        groups.setdefault(shade, []).append(f"M{left:g} {low:g}H{right:g}V{high:g}H{left:g}z")
    return [Mark("heat-real", "".join(groups[g]), round(g / LEVELS, 3)) for g in sorted(groups)]


def _corners(data: Data, x: Scale, y: Scale, i: int, j: int) -> list[tuple[Scale, float]]:
    across, up = data["x_edges"], data["y_edges"]
    return [(x, across[i]), (x, across[i + 1]), (y, up[j]), (y, up[j + 1])]


def _points(points: Data, x: Scale, y: Scale) -> list[Mark]:
    by: dict[str, list[tuple[float, float]]] = {verdict: [] for verdict in VERDICTS}
    for a, b, verdict in zip(points["x"], points["y"], points["verdict"], strict=True):
        by[verdict].append((x.held(a), y.held(b)))
    return [Mark(f"dot {verdict}", dots(at)) for verdict, at in by.items() if at]


def versus(models: Sequence[Data]) -> Chart:
    """Draw each model's score with its interval: trained on real rows, and on synthetic rows."""
    extent = [e for m in models for side in ("real", "synthetic") for e in _extent(m, side)]
    low, high = (min(extent), max(extent)) if extent else (0.0, 1.0)
    room = max(high - low, 0.01) * 0.06
    x, step = Scale(low - room, high + room, 150, 600), 46
    marks: list[Mark] = []
    texts: list[Text] = []
    for i, model in enumerate(models):
        texts.append(Text(140, 33 + i * step, shorten(model["model"], 22), "end", model["model"]))
        marks += [*_whisker(model, "real", x, 20 + i * step), *_whisker(model, "synthetic", x, 37 + i * step)]
    bottom = 8 + step * len(models)
    texts += [Text(x(t), bottom + 20, f"{t:g}".replace("-", "−")) for t in ticks(x.low, x.high, 5)]
    grid = "".join(f"M{x(t):g} 6V{bottom}" for t in ticks(x.low, x.high, 5))
    label = "Scores of models trained on real rows and on synthetic rows, tested on unseen real rows."
    label += described.models(models)
    return Chart("versus", 616, bottom + 28, label, (Mark("grid", grid),), tuple(marks), tuple(texts))


def _extent(model: Data, side: str) -> list[float]:
    return [v for v in (model[side], *(model[f"{side}_interval"] or ())) if v is not None]


def _whisker(model: Data, side: str, x: Scale, y: float) -> list[Mark]:
    extent, value = _extent(model, side), model[side]
    if value is None:
        return []
    line_ = Mark(f"whisker-{side}", f"M{x(min(extent)):g} {y:g}H{x(max(extent)):g}")
    return [line_, Mark(f"value-{side}", f"M{x(value):g} {y:g}h0")]
