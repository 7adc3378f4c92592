"""From numbers to words: what is worth saying of each result, and one verdict over all.

A rule asks how much of the way from the fresh-real reference down to a useless table's score was lost. It speaks
only when the gap is larger than the noise of the reference and of the score: effect first, then significance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fidelia.measure.result import Direction, Result
from fidelia.measure.rules import ONE_SIDED, RULES, Rule, of_pictures
from fidelia.measure.statistics.intervals import Z

ORDER = ("fail", "warning", "info", "good")
SURE = 2.64
# Copies explain every other leak, and rows that are missing or invented every other gap; that a classifier sees a
# difference explains nothing.
CAUSES = ("AUT05", "AUT02", "IMG10", "PRV02", "FID16", "DIV01", "UTL01", "FID10", "FID01", "FID02")


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about one result.

    Parameters
    ----------
    code : str
        Of the result.
    severity : {"fail", "warning", "info", "good"}
    title, sentence : str
        For people.
    value, reference : float or None
        The number and what fresh real data gets.
    anchor : str
        The section of the report that shows more.
    """

    code: str
    severity: str
    title: str
    sentence: str
    value: float | None
    reference: float | None
    anchor: str

    def to_dict(self) -> dict[str, Any]:
        """Return what stands in results.json."""
        return {name: getattr(self, name) for name in self.__slots__}


def findings(results: Iterable[Result], *, pictures: bool = False) -> list[Finding]:
    """Return what is worth saying, worst and most telling first; of pictures in words that fit them."""
    said = [finding for result in results if (finding := _finding(result)) is not None]
    said = [_pictured(finding) for finding in said] if pictures else said
    return sorted(said, key=lambda finding: (ORDER.index(finding.severity), _place(finding.code)))


def _place(code: str) -> int:
    return CAUSES.index(code) if code in CAUSES else len(CAUSES)


def _pictured(finding: Finding) -> Finding:
    return replace(finding, title=of_pictures(finding.title), sentence=of_pictures(finding.sentence))


def _finding(result: Result) -> Finding | None:
    rule = RULES.get(result.code)
    if rule is None or result.value is None or result.reference is None:
        return None
    severity = _severity(loss(result, rule.floor), rule) if beyond_noise(result) else "good"
    if severity in ("fail", "warning") and not _sure(result):
        severity = "info"
    title = {"good": rule.good, "info": f"{rule.bad}, but only just"}.get(severity, rule.bad)
    numbers = f"{result.name}: {_said(result.value)}, where fresh real rows get {_said(result.reference.value)}."
    sentence = numbers if severity in ("good", "info") else f"{numbers} {rule.meaning}{_where(result)}"
    return Finding(result.code, severity, title, sentence, result.value, result.reference.value, rule.anchor)


def _sure(result: Result) -> bool:
    """Return whether an attack's alarm outlives the number of attacks; other results do not raise alarms.

    A dozen attacks are made, each of which raises an alarm by chance in one case of forty: a finding needs an excess
    that the normal law exceeds with probability .05 / 12.
    """
    if "excess" not in result.breakdown or not result.breakdown.get("alarm"):
        return True
    low, high = result.breakdown["excess_interval"]
    return bool(result.breakdown["excess"] >= SURE * (high - low) / (2 * Z))


def _where(result: Result) -> str:
    """Name the column or pair that a bad score comes from, where the breakdown tells."""
    columns, pairs = result.breakdown.get("columns", ()), result.breakdown.get("worst", ())
    if pairs:
        return f" Worst: {pairs[0]['a']!r} with {pairs[0]['b']!r}."
    if not columns or not isinstance(columns[0], Mapping):
        return ""
    worst = max(columns, key=_badness)
    return f" Most of it: {worst['column']!r}."


def _badness(line: Mapping[str, Any]) -> float:
    """How far a column is from its reference, or how much it tells a classifier."""
    if "importance" in line:
        return float(line["importance"])
    if "train" in line and "synthetic" in line:
        return abs(float(line["train"]) - float(line["synthetic"]))
    reference, value = line.get("reference"), line.get("value")
    return 0.0 if reference is None or value is None else float(reference) - float(value)


def _said(value: float) -> str:
    """Three decimals, and no row of zeros."""
    return f"{value:.3f}" if abs(value) >= 0.0005 or value == 0 else "less than 0.001"


def _severity(lost: float, rule: Rule) -> str:
    """A gap beyond the noise that is too small to matter is still said: ``info``."""
    return "fail" if lost >= rule.fail else "warning" if lost >= rule.warn else "info"


def gap(result: Result) -> float:
    """Return how much worse than fresh real rows the score is, in its own units; negative when better."""
    if result.value is None or result.reference is None:
        return 0.0
    value, reference = result.value, result.reference.value
    match result.direction:
        case Direction.HIGHER:
            return reference - value
        case Direction.LOWER:
            return value - reference
        case Direction.HALF:
            return abs(value - 0.5) - abs(reference - 0.5)
        case Direction.ZERO:
            return abs(value) - abs(reference)
        case Direction.ONE:
            return abs(value - 1) - abs(reference - 1)
        case _:
            return 0.0


def loss(result: Result, floor: float) -> float:
    """Return the share of the way from the reference to the floor that was lost; 0 = fresh real, 1 = useless."""
    if result.reference is None:
        return 0.0
    if ONE_SIDED.get(result.code, 0.0) * _signed(result) < 0:
        return 0.0
    far = _way(result, floor)
    return abs(gap_of(result)) / far if far > 0 and gap_of(result) > 0 else 0.0


def way(result: Result) -> float | None:
    """Return how far a useless table's score is from that of fresh real rows; None where no rule says it."""
    rule = RULES.get(result.code)
    return None if rule is None or result.reference is None else _way(result, rule.floor)


def _way(result: Result, floor: float) -> float:
    assert result.reference is not None
    return abs(_distance(result.direction, floor) - _distance(result.direction, result.reference.value))


def gap_of(result: Result) -> float:
    """Return the gap, with the one bad side of one-sided codes as positive."""
    side = ONE_SIDED.get(result.code)
    return gap(result) if side is None else side * _signed(result)


def _signed(result: Result) -> float:
    return 0.0 if result.value is None or result.reference is None else result.value - result.reference.value


def _distance(direction: Direction, value: float) -> float:
    centre = {Direction.HALF: 0.5, Direction.ZERO: 0.0, Direction.ONE: 1.0}.get(direction, 0.0)
    return abs(value - centre) if direction in (Direction.HALF, Direction.ZERO, Direction.ONE) else value


def beyond_noise(result: Result) -> bool:
    """Return whether the score is worse and its interval does not touch the reference +- 2 standard deviations.

    An attack is worse when it raises its alarm, whose interval holds the noise of both sides already.
    """
    if result.reference is None or result.value is None:
        return False
    if "excess" in result.breakdown and isinstance(alarm := result.breakdown.get("alarm"), bool):
        return alarm
    low, high = result.interval or (result.value, result.value)
    floor = 2 * (result.reference.sd or 0.0)
    apart = low > result.reference.value + floor or high < result.reference.value - floor
    return apart and gap_of(result) > 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict over all findings.

    Parameters
    ----------
    level : {"good", "attention", "poor"}
    headline : str
        The answer to "can we trust this?".
    sentences : tuple of str
        What it rests on.
    """

    level: str
    headline: str
    sentences: tuple[str, ...]

    def with_diagnosis(self, titles: Sequence[str]) -> Judgement:
        """Return it with one more sentence: the kinds of difference by their titles."""
        if not titles:
            return self
        return replace(self, sentences=(*self.sentences, f"Diagnosis: {_lower('; '.join(titles))}."))

    def of_pictures(self) -> Judgement:
        """Return it in words that fit pictures."""
        return replace(self, headline=of_pictures(self.headline), sentences=tuple(map(of_pictures, self.sentences)))

    def to_dict(self) -> dict[str, Any]:
        """Return what stands in results.json."""
        return {"level": self.level, "headline": self.headline, "sentences": list(self.sentences)}


def judge(found: Sequence[Finding], *, holdout: bool) -> Judgement:
    """Weigh the findings, worst first: one failure makes a table poor, one warning asks for attention."""
    failed, warned = ([f for f in found if f.severity == severity] for severity in ("fail", "warning"))
    limits = (
        ()
        if holdout
        else (
            "No unseen real rows were given, so copying and usefulness could not be tested; halves of the training "
            "rows stand in for fresh real ones.",
        )
    )
    if failed:
        headline = f"Do not use this table as it is: {_lower(failed[0].title)}."
        return Judgement("poor", headline, (*_titles(failed + warned), *limits))
    if warned:
        headline = f"Usable with care: {_lower(warned[0].title)}."
        return Judgement("attention", headline, (*_titles(warned), *_count(found), *limits))
    if not found:
        return Judgement("attention", "Measured; none of these scores is one that a verdict rests on.", limits)
    if not holdout:
        headline = "Like the real rows as far as could be tested; whether rows are copies could not be."
        return Judgement("attention", headline, (*_count(found), *limits))
    headline = "Good to use: no difference from fresh real rows that matters was found."
    return Judgement("good", headline, _count(found))


def _titles(found: Sequence[Finding]) -> tuple[str, ...]:
    return tuple(f"{f.title} ({f.code})." for f in found)


def _count(found: Sequence[Finding]) -> tuple[str, ...]:
    good, small = (sum(f.severity == severity for f in found) for severity in ("good", "info"))
    said = f"{good} of {len(found)} scores are as good as those of fresh real rows"
    return (f"{said}; {small} measurably worse, but by little." if small else f"{said}.",)


def _lower(title: str) -> str:
    return title[:1].lower() + title[1:]
