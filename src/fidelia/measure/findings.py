"""From numbers to words: what is worth saying of each result, and one verdict over all.

A rule asks how much of the way from the fresh-real reference down to a useless table's score was lost. It speaks
only when the gap is larger than the noise of the reference and of the score: effect first, then significance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fidelia.measure.result import Direction, Result

ORDER = ("fail", "warning", "info", "good")


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


@dataclass(frozen=True, slots=True)
class Rule:
    """How one code is judged.

    Parameters
    ----------
    floor : float
        The score of a useless table: independent columns, plain copies, a majority guess.
    warn, fail : float
        Shares of the way from reference to floor.
    bad, good : str
        The titles.
    meaning : str
        What a bad score means for the user.
    anchor : str
        A section of the report.
    """

    floor: float
    warn: float
    fail: float
    bad: str
    good: str
    meaning: str
    anchor: str


_NEVER_MORE = "Rows that the generator learnt from are told from rows that it never saw."
_KEPT = "No attack tells training rows from rows that nobody has seen"


def _membership(what: str) -> Rule:
    return Rule(1.0, 0.10, 0.30, f"Training rows can be told by {what}", _KEPT, _NEVER_MORE, "privacy")


RULES: dict[str, Rule] = {
    "PRV05": _membership("their distance to synthetic rows"),
    "PRV06": _membership("the density of synthetic rows around them"),
    "PRV07": _membership("a classifier"),
    "PRV09": Rule(3.0, 0.03, 0.30, "The attacks prove a loss of privacy", _KEPT, _NEVER_MORE, "privacy"),
    "PRV12": Rule(
        1.0,
        0.05,
        0.20,
        "Synthetic rows single out persons in train",
        "Synthetic rows single out nobody in particular",
        "Conditions read off synthetic rows describe exactly one training row too often.",
        "privacy",
    ),
    "PRV13": Rule(
        1.0,
        0.05,
        0.20,
        "Synthetic rows link records of persons in train",
        "Synthetic rows link no records of persons in train",
        "Two files on the same persons can be joined through the synthetic rows.",
        "privacy",
    ),
    "PRV14": Rule(
        1.0,
        0.05,
        0.20,
        "Synthetic rows give secrets of persons in train away",
        "Secrets of persons in train are as safe as those of strangers",
        "Who knows some columns of a training row learns another better than of a stranger.",
        "privacy",
    ),
    "FID31": Rule(
        0.0,
        0.05,
        0.50,
        "Values are not rounded as real values are",
        "Values are rounded as real values are",
        "Some values could not be real: more digits, or values that the column does not take.",
        "measures",
    ),
    "CMP08": Rule(
        1.0,
        0.01,
        0.10,
        "Rules that all real rows keep are broken",
        "Rules that real rows keep are kept",
        "Rows contradict themselves.",
        "measures",
    ),
    "FID16": Rule(
        0.0,
        0.03,
        0.20,
        "Rows are off the real distribution",
        "Rows are as realistic as fresh real rows",
        "Synthetic rows do not lie where real rows lie.",
        "curves",
    ),
    "DIV01": Rule(
        0.0,
        0.03,
        0.20,
        "Parts of the real data are not represented",
        "All of the real data is represented",
        "Some real rows have no synthetic rows around them at the rate that they should.",
        "curves",
    ),
    "FID26": Rule(
        1.0,
        0.10,
        0.50,
        "A classifier tells synthetic from real rows",
        "A classifier cannot tell synthetic from real rows",
        "Relations between columns are missing or wrong, whatever the single columns look like.",
        "use",
    ),
    "AUT02": Rule(
        -1.0,
        0.03,
        0.15,
        "Rows are closer to training rows than fresh real rows are",
        "Rows keep the distance to training rows that fresh real rows keep",
        "Some rows repeat training rows with small changes.",
        "privacy",
    ),
    "AUT05": Rule(
        1.0,
        0.005,
        0.05,
        "Training rows are repeated",
        "No more rows equal training rows than fresh real rows do",
        "Whole rows of the training table stand in the synthetic table.",
        "privacy",
    ),
    "PRV02": Rule(
        1.0,
        0.06,
        0.20,
        "Rows lie closer to training rows than to unseen rows",
        "Rows lie as close to unseen rows as to training rows",
        "The generator leans on the rows that it has seen.",
        "privacy",
    ),
    "UTL01": Rule(
        0.0,
        0.05,
        0.30,
        "Models trained on synthetic rows do worse on real rows",
        "Models trained on synthetic rows work on real rows",
        "Conclusions drawn from the synthetic table will be weaker.",
        "use",
    ),
    "FID01": Rule(
        0.0,
        0.02,
        0.15,
        "Number columns have other shapes",
        "Number columns have the right shapes",
        "Means and quantiles of single columns are off.",
        "columns",
    ),
    "FID02": Rule(
        0.0,
        0.02,
        0.15,
        "Category columns have other shares",
        "Category columns have the right shares",
        "Frequencies of single columns are off.",
        "columns",
    ),
    "FID10": Rule(
        0.0,
        0.03,
        0.15,
        "Pairs of columns do not go together as they should",
        "Pairs of columns go together as they should",
        "Correlations and cross tables are off.",
        "pairs",
    ),
    "CMP02": Rule(
        1.0,
        0.01,
        0.10,
        "Values are missing at other rates",
        "Values are missing at the right rates",
        "Completeness of single columns is off.",
        "completeness",
    ),
    "CMP03": Rule(
        1.0,
        0.03,
        0.20,
        "Values are missing in other combinations",
        "Values are missing in the right combinations",
        "Which values are missing together is off.",
        "completeness",
    ),
}


def findings(results: Iterable[Result]) -> list[Finding]:
    """Return what is worth saying, worst first."""
    said = [finding for result in results if (finding := _finding(result)) is not None]
    return sorted(said, key=lambda finding: ORDER.index(finding.severity))


def _finding(result: Result) -> Finding | None:
    rule = RULES.get(result.code)
    if rule is None or result.value is None or result.reference is None:
        return None
    severity = _severity(loss(result, rule.floor), rule) if beyond_noise(result) else "good"
    title = {"good": rule.good, "info": f"{rule.bad}, but only just"}.get(severity, rule.bad)
    numbers = f"{result.name}: {_said(result.value)}, where fresh real rows get {_said(result.reference.value)}."
    sentence = numbers if severity in ("good", "info") else f"{numbers} {rule.meaning}{_where(result)}"
    return Finding(result.code, severity, title, sentence, result.value, result.reference.value, rule.anchor)


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


# Only one side of these scores is bad: below the reference (-1) or above it (+1).
_ABOVE = (
    "AUT05", "AUT06", "AUT07", "AUT08", "PRV02", "PRV05", "PRV06", "PRV07", "PRV09", "PRV10", "PRV11", "PRV12", "PRV13",
    "PRV14", "PRV15", "PRV19", "CMP08",
)  # fmt: skip
ONE_SIDED = dict.fromkeys(_ABOVE, 1.0) | dict.fromkeys(("AUT01", "AUT02", "AUT09", "PRV01", "PRV03"), -1.0)


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

    def to_dict(self) -> dict[str, Any]:
        """Return what stands in results.json."""
        return {"level": self.level, "headline": self.headline, "sentences": list(self.sentences)}


def judge(found: Sequence[Finding], *, holdout: bool) -> Judgement:
    """Weigh the findings: one failure makes a table poor, one warning asks for attention."""
    failed = [f for f in found if f.severity == "fail"]
    warned = [f for f in found if f.severity == "warning"]
    limits = (
        () if holdout else ("No holdout was given: copying and usefulness could not be tested against unseen rows.",)
    )
    if failed:
        headline = f"Do not use this table as it is: {_lower(failed[0].title)}."
        return Judgement("poor", headline, (*_titles(failed + warned), *limits))
    if warned:
        headline = f"Usable with care: {_lower(warned[0].title)}."
        return Judgement("attention", headline, (*_titles(warned), *_count(found), *limits))
    if not found:
        return Judgement("attention", "Measured; none of these scores is one that a verdict rests on.", limits)
    headline = "No difference from fresh real rows that matters was found."
    return Judgement("good" if holdout else "attention", headline, (*_count(found), *limits))


def _titles(found: Sequence[Finding]) -> tuple[str, ...]:
    return tuple(f"{f.title} ({f.code})." for f in found)


def _count(found: Sequence[Finding]) -> tuple[str, ...]:
    good, small = (sum(f.severity == severity for f in found) for severity in ("good", "info"))
    said = f"{good} of {len(found)} scores are as good as those of fresh real rows"
    return (f"{said}; {small} measurably worse, but by little." if small else f"{said}.",)


def _lower(title: str) -> str:
    return title[:1].lower() + title[1:]
