"""The race that chose the generator, as the page and the card show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fidelia.report.charts import Chart, Mark, Text
from fidelia.report.labels import label
from fidelia.report.notation import NONE, count, score, write
from fidelia.report.scales import Scale

Data = Mapping[str, Any]
TONES = {"won": "good", "lost": "none", "leaked": "fail", "skipped": "none", "failed": "warning"}
STATUS = {"won": "won", "lost": "", "leaked": "comes too close to training rows", "skipped": "did not run"}
STATUS |= {"failed": "failed"}
_ENDS = (0.05, 0.1, 0.2, 0.5)


@dataclass(frozen=True, slots=True)
class Row:
    """An entrant, ready to be drawn; `chart` is None for those that did not run."""

    name: str
    tone: str
    status: str
    why: str
    loss: str
    chart: Chart | None
    fit: str
    draw: str


@dataclass(frozen=True, slots=True)
class View:
    """The race, ready to be drawn.

    Parameters
    ----------
    winner, how : str
        Who won; what was done, in sentences.
    rows : list of Row
    ruler : Chart
        The scale of the rows' charts.
    codes : list of str
        Scores and gates, in the order of the cells.
    cells : list of (name, texts)
        Each entrant's scores and gates; fresh real rows last. A text that is out is marked by its second element.
    """

    winner: str
    how: list[str]
    rows: list[Row]
    ruler: Chart
    codes: list[str]
    cells: list[tuple[str, list[tuple[str, bool]]]]


def view(race: Data | None) -> View | None:
    """Return the race of a checked document, None where there was none."""
    if race is None:
        return None
    far = _far(race)
    rows = [
        Row(
            line["name"],
            TONES[line["status"]],
            STATUS[line["status"]],
            line["why"],
            NONE if line["loss"] is None else f"{score(line['loss'])} ± {score(line['sd'])}",
            _chart(line, race["limit"], far),
            seconds(line["fit_seconds"]),
            seconds(line["sample_seconds"]),
        )
        for line in race["lines"]
    ]
    ran = [line for line in race["lines"] if line["loss"] is not None]
    codes = list(dict.fromkeys(each["code"] for line in ran for each in (*line["marks"], *line["gates"])))
    return View(
        race["winner"],
        _how(race),
        rows,
        _ruler(far),
        codes,
        [*(_cells(line, codes) for line in ran), _fresh(ran, codes)],
    )


def one_line(race: Data) -> str:
    """Say the race in one line.

    Examples
    --------
    >>> lines = [{"name": n, "status": s} for n, s in (("trees", "won"), ("copula", "lost"), ("gan", "skipped"))]
    >>> one_line({"winner": "trees", "lines": lines, "limit": 0.1})
    'trees won over copula; 1 did not run'
    """
    by = {status: [line["name"] for line in race["lines"] if line["status"] == status] for status in TONES}
    said = [f"{race['winner']} won" + (f" over {', '.join(by['lost'])}" if by["lost"] else "")]
    if race["limit"] is None:
        said = [f"{race['winner']} leaks least; none passes"]
    elif by["leaked"]:
        said.append(f"too close to training rows: {', '.join(by['leaked'])}")
    if by["failed"]:
        said.append(f"failed: {', '.join(by['failed'])}")
    return "; ".join([*said, *([f"{len(by['skipped'])} did not run"] if by["skipped"] else [])])


def seconds(value: float | None) -> str:
    """Write a duration: ``0.04 s``, ``2.1 s``, ``35 s``, ``4.2 min``."""
    if value is None:
        return NONE
    if value >= 120:
        return f"{value / 60:.1f} min"
    return f"{value:.{2 if value < 1 else 1 if value < 10 else 0}f} s"


def _how(race: Data) -> list[str]:
    rows, splits = race["rows"], race["splits"]
    times = f", in {splits} random splits whose scores are averaged" if splits > 1 else ""
    said = [
        f"Each generator learnt from {count(rows['fit'])} of the {count(rows['all'])} training rows, drew "
        f"{count(rows['scored'])} and was scored beside {count(rows['select'])} others that it had not seen{times}. "
        "The winner was then fitted again on all training rows; the unseen rows that this report measures with took "
        "no part."
    ]
    if race["seconds"] is not None:
        said.append(f"The time limit was {seconds(race['seconds'])}: another run of the same seed may end otherwise.")
    return said


def _far(race: Data) -> float:
    """Return where the common scale of the losses ends: a round number."""
    most = max(((line["loss"] or 0.0) + (line["sd"] or 0.0) for line in race["lines"]), default=0.0)
    return next((end for end in _ENDS if most <= end), 1.0)


def _chart(line: Data, limit: float | None, far: float) -> Chart | None:
    """Draw the mean loss with its standard error, over the band in which the simplest wins."""
    if line["loss"] is None:
        return None
    x, sd = Scale(0, far, 6, 174), line["sd"] or 0.0
    kind = "alarm" if line["status"] == "leaked" else "calm"
    marks = [] if limit is None else [Mark("band", f"M{x(0):g} 0H{x.held(limit):g}V22H{x(0):g}Z")]
    marks.append(Mark(f"whisker {kind}", f"M{x.held(line['loss'] - sd):g} 11H{x.held(line['loss'] + sd):g}"))
    marks.append(Mark(f"value {kind}", f"M{x.held(line['loss']):g} 11h0"))
    said = f"mean loss {score(line['loss'])}, standard error {score(sd)}"
    return Chart("spark", 180, 22, said, (Mark("axis", "M6 0V22"),), tuple(marks))


def _ruler(far: float) -> Chart:
    texts = (Text(6, 12, "0", "start"), Text(174, 12, f"{far:g}", "end"))
    return Chart("spark", 180, 16, f"scale from 0 to {far:g}", (), (), texts)


def _cells(line: Data, codes: Sequence[str]) -> tuple[str, list[tuple[str, bool]]]:
    known = {each["code"]: each for each in (*line["marks"], *line["gates"])}
    return line["name"], [_cell(known.get(code), code) for code in codes]


def _cell(found: Data | None, code: str) -> tuple[str, bool]:
    if found is None:
        return NONE, False
    return write(found["value"], label(code).form), not found.get("passed", True)


def _fresh(ran: Sequence[Data], codes: Sequence[str]) -> tuple[str, list[tuple[str, bool]]]:
    """Return what fresh real rows get, as it stood beside the first that has the score."""
    every = [each for line in ran for each in (*line["marks"], *line["gates"])]
    first = {code: next(each["reference"] for each in every if each["code"] == code) for code in codes}
    return "fresh real rows", [(write(first[code], label(code).form), False) for code in codes]
