"""The page of a trial: every arm beside the real rows alone, drawn from the object of its results.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from fidelia.report.charts import Chart, Mark, Text
from fidelia.report.environment import draw
from fidelia.report.notation import NONE, count, score, signed
from fidelia.report.scales import Scale, dots, line, ticks

Data = Mapping[str, Any]
TONES = {"helps": "good", "hurts": "fail", "no difference": "none", "unknown": "none"}
TONES |= {"more rows, not new ones": "warning"}
LEVELS = {"gain": "good", "none": "info", "loss": "warning", "unknown": "info"}
WIDTH, ROOM = 240.0, 6.0


@dataclass(frozen=True, slots=True)
class Row:
    """A comparison, ready to be drawn."""

    name: str
    tone: str
    score: str
    gain: str
    interval: str
    chart: Chart
    p: str
    answer: str


@dataclass(frozen=True, slots=True)
class Group:
    """The comparisons of one learner at one share.

    Parameters
    ----------
    title, base : str
        The learner; what the real rows alone reach.
    rows : list of Row
    ruler : Chart
    """

    title: str
    base: str
    rows: list[Row]
    ruler: Chart


@dataclass(frozen=True, slots=True)
class View:
    """A trial, ready to be drawn."""

    level: str
    headline: str
    sentences: list[str]
    groups: list[Group]
    pairs: list[Group]
    parts: list[Group]
    curves: list[tuple[str, Chart, list[list[str]]]]
    facts: list[tuple[str, str]]
    arms: list[tuple[str, str]]
    declined: list[tuple[str, str]]
    notes: list[str]


def view(document: Data) -> View:
    """Return the trial of a document."""
    verdict, lines = document["verdict"], document["lines"]
    far = max([_extent(each) for each in lines], default=0.01)
    parts = [{**each, "arm": f"{each['part'].partition(': ')[2]}, {each['arm']}"} for each in document["parts"]]
    pairs = [{**each, "arm": f"{each['arm']} against {each['against']}"} for each in document["pairs"]]
    return View(
        LEVELS[verdict["level"]],
        verdict["headline"],
        list(verdict["sentences"]),
        _groups(lines, document, far),
        _groups(pairs, document, max([_extent(each) for each in pairs], default=0.01)),
        _groups(parts, document, max([_extent(each) for each in parts], default=0.01)),
        _curves(document),
        _facts(document),
        [(arm["name"], arm["summary"]) for arm in document["arms"]],
        list(document["declined"].items()),
        list(document["notes"]),
    )


def render(document: Data) -> str:
    """Return the page: one offline HTML file without scripts."""
    return draw("enhanced.html", document=document, view=view(document))


def gain(each: Data) -> str:
    """Write a gain: ``+0.012``."""
    return signed(each["gain"])


def ends(each: Data) -> str:
    """Write the joint interval of a comparison; a dash where there is none."""
    found = each["joint_interval"]
    return NONE if found is None else f"{signed(found[0])} to {signed(found[1])}"


def _extent(each: Data) -> float:
    return max(abs(float(end)) for end in (each["joint_interval"] or (each["gain"],)))


def _groups(lines: Sequence[Data], document: Data, far: float) -> list[Group]:
    found: dict[tuple[str, float], list[Data]] = {}
    for each in lines:
        found.setdefault((each["learner"], each["share"]), []).append(each)
    several = len(document["shares"]) > 1
    return [
        Group(
            f"{learner}, {count(rows[0]['learnt'])} rows" if several else learner,
            score(rows[0]["base"]),
            [_row(each, far) for each in rows],
            _ruler(far),
        )
        for (learner, _), rows in found.items()
    ]


def _row(each: Data, far: float) -> Row:
    p = each["joint_p"]
    return Row(
        each["arm"],
        TONES[each["answer"]],
        score(each["score"]),
        gain(each),
        ends(each),
        _whisker(each, far),
        NONE if p is None else "<0.001" if p < 0.001 else score(p),
        each["answer"],
    )


def _whisker(each: Data, far: float) -> Chart:
    """Draw the joint interval around the gain, with a line where there is none."""
    x, kind = Scale(-far, far, ROOM, WIDTH - ROOM), "alarm" if each["answer"] == "hurts" else "calm"
    low, high = each["joint_interval"] or (each["gain"], each["gain"])
    marks = (
        Mark(f"whisker {kind}", f"M{x.held(low):g} 11H{x.held(high):g}"),
        Mark(f"value {kind}", f"M{x.held(each['gain']):g} 11h0"),
    )
    return Chart("spark", WIDTH, 22, f"gain {gain(each)}, {ends(each)}", (Mark("axis", f"M{x(0):g} 0V22"),), marks)


def _ruler(far: float) -> Chart:
    x = Scale(-far, far, ROOM, WIDTH - ROOM)
    texts = [Text(x(place), 12, signed(place).rstrip("0").rstrip("."), "middle") for place in ticks(-far, far, 3)]
    return Chart("spark", WIDTH, 16, f"scale from {signed(-far)} to {signed(far)}", (), (), tuple(texts))


def _curves(document: Data) -> list[tuple[str, Chart, list[list[str]]]]:
    found: dict[str, list[Data]] = {}
    for point in document["curve"]:
        found.setdefault(point["learner"], []).append(point)
    return [
        (learner, _curve(points, [each for each in document["lines"] if each["learner"] == learner]), _worths(points))
        for learner, points in found.items()
    ]


def _curve(points: Sequence[Data], lines: Sequence[Data]) -> Chart:
    """Draw the score over the logarithm of the real rows: real rows alone, and each arm."""
    rows = [point["rows"] for point in points]
    scores = [*(point["score"] for point in points), *(each["score"] for each in lines)]
    x, y = Scale(log(rows[0]), log(rows[-1]), 60, 560), Scale(min(scores), max(scores), 230, 20)
    at = {point["share"]: x(log(point["rows"])) for point in points}
    marks = []
    for arm in dict.fromkeys(each["arm"] for each in lines):
        places = [(at[each["share"]], y(each["score"])) for each in lines if each["arm"] == arm]
        marks += [Mark("synthetic", line(places), hint=arm), Mark("value", dots(places))]
    real = [(at[point["share"]], y(point["score"])) for point in points]
    marks += [Mark("real", line(real)), Mark("value-real", dots(real))]
    texts = [Text(at[point["share"]], 252, count(point["rows"])) for point in points]
    texts += [Text(52, y(place) + 4, f"{place:g}", "end") for place in ticks(min(scores), max(scores))]
    grid = "".join(f"M60 {y(place):g}H560" for place in ticks(min(scores), max(scores)))
    told = ", ".join(f"{score(point['score'])} with {count(point['rows'])} rows" for point in points)
    said = f"Score over the number of real rows, for real rows alone and with synthetic rows. Real rows alone: {told}."
    return Chart("versus", 600, 262, said, (Mark("grid", grid),), tuple(marks), tuple(texts))


def _worths(points: Sequence[Data]) -> list[list[str]]:
    """Return for each size and arm how many times the data it is worth, with the ends of its interval."""
    return [
        [count(point["rows"]), arm["arm"], *(_times(arm[end]) for end in ("value", "low", "high"))]
        for point in points
        for arm in point["worth"]
    ]


def _times(found: Data) -> str:
    return NONE if found["factor"] is None else f"{found['bound']} × {found['factor']:.2g}".strip()


def _facts(document: Data) -> list[tuple[str, str]]:
    splits, maker = document["splits"], document["generator"]
    learnt = ", ".join(count(rows) for rows in document["learnt"])
    settings = {each["name"]: each["settings"] for each in document["learners"]}
    told = [("target", f"{document['target']}, scored by {document['metric']}")]
    told.append(("rows", f"{count(document['rows'])}; {learnt} learnt from, {count(document['tested'])} tested on"))
    told.append(
        ("splits", f"{splits['done']} of {splits['planned']}: {splits['folds']} folds, {splits['repeats']} repeats")
    )
    told.append(("generator", f"{maker['name']}, fitted inside each training fold"))
    for name, chosen in settings.items():
        told.append((name, "; ".join(f"{_setting(each['setting'])} ({each['times']} ×)" for each in chosen)))
    for name, arms in document["picked"].items():
        told.append((f"{name} picks", "; ".join(f"{arm} ({times} ×)" for arm, times in arms.items())))
    if document["together"][0] is not None:
        scores = ", ".join(score(each) for each in document["together"] if each is not None)
        told.append(("all learners together", f"{scores}, on real rows alone"))
    return [*told, ("seed", str(document["seed"]))]


def _setting(setting: Data) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in setting.items()) or "usual settings"
