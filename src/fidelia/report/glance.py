"""What the first screen says in one line each: race, diagnosis, attacks, and all that was measured."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fidelia.measure.rules import of_pictures
from fidelia.report.attacked import attacked
from fidelia.report.notation import percent, write
from fidelia.report.raced import one_line

MOST = 5
_CODE = re.compile(r" \([A-Z]{3}\d\d[a-z]?\)\.?$")
_COUNTED = re.compile(r"\d+ of \d+ scores are as good as ")


@dataclass(frozen=True, slots=True)
class Line:
    """One line, the section that says more, and its colour."""

    name: str
    section: str
    text: str
    tone: str


def sentences(document: Mapping[str, Any]) -> list[str]:
    """Return the sentences of the verdict that neither its headline nor a line of `lines` says already."""
    headline = document["verdict"]["headline"].lower()
    counted = len(document["results"]) > 1
    said = [
        sentence
        for sentence in document["verdict"]["sentences"]
        if not sentence.startswith("Diagnosis: ") and not (counted and _COUNTED.match(sentence))
    ]
    new = [sentence for sentence in said if not sentence or _plain(sentence) not in headline]
    return new if len(new) <= MOST else [*new[: MOST - 1], f"{len(new) - MOST + 1} more are among the findings."]


def _plain(sentence: str) -> str:
    return _CODE.sub("", sentence).rstrip(".").lower()


def lines(document: Mapping[str, Any], tones: Mapping[str, str]) -> list[Line]:
    """Return the lines that the document has something to say on."""
    results = {result["code"]: result for result in document["results"]}
    found = [
        _race(document.get("race")), _diagnosis(document.get("diagnosis")), _attacks(results, tones), _measures(tones)
    ]  # fmt: skip
    shown = [line for line in found if line is not None]
    return [replace(line, text=of_pictures(line.text)) for line in shown] if document.get("pictures") else shown


def _race(race: Mapping[str, Any] | None) -> Line | None:
    return (
        None if race is None else Line("Race", "race", one_line(race), "good" if race["limit"] is not None else "fail")
    )


def _diagnosis(diagnosis: Mapping[str, Any] | None) -> Line | None:
    verdicts = [] if diagnosis is None else diagnosis["verdicts"]
    if not verdicts:
        return None
    said = [
        each["title"] + ("" if each["mass"] is None else f" ({percent(each['mass'])} of rows)") for each in verdicts
    ]
    more = f"; {len(said) - 2} more" if len(said) > 2 else ""
    tone = {"ideal": "good", "weak_sign": "info"}.get(verdicts[0]["kind"], "warning")
    return Line("Diagnosis", "diagnosis", "; ".join(said[:2]) + more, tone)


def _attacks(results: Mapping[str, Any], tones: Mapping[str, str]) -> Line | None:
    made = attacked(results)
    raised = [attack for attack in made if attack.alarm]
    if not made:
        return None
    if not raised:
        said = f"None of {len(made)} attacks works" if len(made) > 1 else "The one attack made does not work"
        return Line("Attacks", "privacy", f"{said} better on training rows; that is no guarantee", "good")
    most = max(raised, key=lambda attack: (attack.share, attack.excess))
    grave = {tones[attack.code] for attack in raised}
    gain = write(most.excess, "points" if most.share else "small")
    text = f"{len(raised)} of {len(made)} work better on training rows; most: {most.title} ({gain})"
    return Line("Attacks", "privacy", text, "fail" if "fail" in grave else "warning" if "warning" in grave else "info")


def _measures(tones: Mapping[str, str]) -> Line | None:
    good, small = (sum(tone == kind for tone in tones.values()) for kind in ("good", "info"))
    worse = sum(tone in ("warning", "fail") for tone in tones.values())
    if good + small + worse < 2:
        return None
    text = f"{good} of {good + small + worse} are like fresh real data"
    apart = [f"{n} {said}" for n, said in ((small, "apart by little or harmless"), (worse, "worse")) if n]
    tone = "warning" if worse else "info" if small else "good"
    return Line("All measures", "measures", "; ".join([text, *apart]), tone)
