"""Several results documents side by side, as facts: which is better on what, and where noise explains the difference.

A score is compared by its *shortfall*: how far it lies on the bad side of what fresh real rows get, 0 where it does
not. Two shortfalls differ when their difference is larger than the noise of both intervals, corrected for the number
of documents (Bonferroni); the smallest is best, and those that noise cannot tell from it are level with it. What
gives training rows away is out: it is ranked on privacy alone, as nearness to real rows is no merit of a copy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import sqrt
from statistics import NormalDist
from typing import Any, Literal

from fidelia.errors import SchemaError, UsageError
from fidelia.measure.findings import gap_of, way
from fidelia.measure.result import Direction, Reference, Result
from fidelia.measure.rules import ONE_SIDED, RULES
from fidelia.report.document import check
from fidelia.report.labels import label, place
from fidelia.report.words import compare as beside_fresh

Data = Mapping[str, Any]
MOST = 8
Z = NormalDist().inv_cdf(0.975)
Standing = Literal["best", "level", "behind", "just behind", "out", "none"]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the documents.

    Parameters
    ----------
    name : str
    level, headline : str
        Its verdict.
    leak : str
        Why it is out: the title of a grave finding on copies or privacy; empty where there is none.
    rows : int
        Synthetic rows.
    document : mapping
    """

    name: str
    level: str
    headline: str
    leak: str
    rows: int
    document: Data


@dataclass(frozen=True, slots=True)
class Cell:
    """One document's score, beside fresh real rows; `shortfall` is how much worse it is than those, 0 where it is not.

    Parameters
    ----------
    noise : float or None
        Standard error of the shortfall.
    fresh : bool
        Whether it is like fresh real data, or better.
    standing : {"best", "level", "behind", "just behind", "out", "none"}
        Beside the best; "just behind" where the difference is beyond noise but too small to matter.
    """

    value: float | None
    interval: tuple[float, float] | None
    reference: float | None
    sd: float | None
    shortfall: float | None
    noise: float | None
    fresh: bool
    standing: Standing = "none"


@dataclass(frozen=True, slots=True)
class Line:
    """One measure over all documents; `reason` says why it was not compared, empty where it was."""

    code: str
    name: str
    category: str
    cells: tuple[Cell | None, ...]
    reason: str = ""

    @property
    def apart(self) -> bool:
        """Whether some document is behind by more than noise, and by enough to matter."""
        return any(cell is not None and cell.standing == "behind" for cell in self.cells)

    def standing(self, side: int) -> Standing:
        """Return where a document stands."""
        cell = self.cells[side]
        return "none" if cell is None else cell.standing


@dataclass(frozen=True, slots=True)
class Comparison:
    """Documents side by side: every measure that at least two of them hold, and what is to be kept in mind."""

    sides: tuple[Side, ...]
    lines: tuple[Line, ...]
    notes: tuple[str, ...]

    @property
    def compared(self) -> list[Line]:
        """Return the measures that were compared."""
        return [line for line in self.lines if not line.reason]


def compare(documents: Mapping[str, Data]) -> Comparison:
    """Compare the results of several generators, or versions of one, that were measured against the same real rows.

    Parameters
    ----------
    documents : mapping of str to mapping
        By the name to show, the objects of results.json; two to eight.

    Raises
    ------
    UsageError
        When there are too few or too many.
    SchemaError
        When they were measured against other real rows, or columns were understood otherwise.
    ReadError
        When one is not a results document.
    """
    if not 2 <= len(documents) <= MOST:
        raise UsageError(f"{len(documents)} result{'s' * (len(documents) != 1)} given; compare 2 to {MOST} of them")
    if enhanced := [name for name, document in documents.items() if document.get("kind") == "enhance"]:
        raise UsageError(
            f"{enhanced[0]!r} says whether synthetic rows help a model; only results of fidelia run, evaluate or audit "
            "are compared"
        )
    checked = {name: check(document) for name, document in documents.items()}
    for first, other in combinations(checked, 2):
        _same_rows(first, other, checked)
        _same_columns(first, other, checked)
    sides = tuple(_side(name, document) for name, document in checked.items())
    return Comparison(sides, tuple(_lines(sides)), tuple(_notes(checked)))


def _same_rows(a: str, b: str, documents: Mapping[str, Data]) -> None:
    """Refuse documents of other training rows; of audits against the holdout alone, of another holdout."""
    inputs = [documents[name]["inputs"] for name in (a, b)]
    side = "train" if any(each["train"] for each in inputs) else "holdout"
    hashes = [each[side]["sha256"] if each[side] else None for each in inputs]
    if hashes[0] != hashes[1]:
        said = " and ".join(
            f"{name!r} against {each[side]['rows']:,} rows ({each[side]['sha256'][:8]})" if each[side]
            else f"{name!r} against none"
            for name, each in zip((a, b), inputs, strict=True)
        )  # fmt: skip
        raise SchemaError(
            f"scores beside other {'training' if side == 'train' else 'unseen'} rows do not compare: {said}. "
            f"Measure both synthetic tables against the same: fidelia evaluate --{side} ..."
        )


def _same_columns(a: str, b: str, documents: Mapping[str, Data]) -> None:
    first, other = ({each["name"]: each for each in documents[name]["schema"]} for name in (a, b))
    if missing := sorted(first.keys() ^ other.keys()):
        has = a if missing[0] in first else b
        raise SchemaError(f"tables of other columns do not compare: {missing[0]!r} is in {has!r} alone")
    for name, column in first.items():
        for part in ("kind", "role"):
            if column[part] != other[name][part]:
                raise SchemaError(
                    f"columns that were understood otherwise do not compare: {name!r} is {column[part]} in {a!r} and "
                    f"{other[name][part]} in {b!r}. Measure both with the same kinds and target"
                )


def _side(name: str, document: Data) -> Side:
    verdict = document["verdict"]
    leaks = [each["title"] for each in document["findings"] if each["severity"] == "fail" and _private(each["code"])]
    rows = document["inputs"]["synthetic"]["rows"]
    return Side(name, verdict["level"], verdict["headline"], leaks[0] if leaks else "", rows, document)


def _private(code: str) -> bool:
    return label(code).section == "privacy"


def _notes(documents: Mapping[str, Data]) -> list[str]:
    """Say what differs between the documents without forbidding to compare them."""
    said = []
    holdouts = [each["inputs"]["holdout"] for each in documents.values()]
    if any(holdouts) and not all(holdouts):
        without = ", ".join(name for name, each in documents.items() if not each["inputs"]["holdout"])
        said.append(f"No unseen real rows were given for {without}: most of its scores have another reference.")
    elif len({each["sha256"] for each in holdouts if each}) > 1:
        said.append("The unseen real rows differ: each score stands beside its own reference, whose noise is counted.")
    if len(versions := dict.fromkeys(each["fidelia"] for each in documents.values())) > 1:
        said.append(f"Measured by fidelia {' and '.join(versions)}: a definition may have changed between them.")
    return said


def _lines(sides: Sequence[Side]) -> list[Line]:
    found = [{result["code"]: _result(result) for result in side.document["results"]} for side in sides]
    codes = sorted({code for each in found for code in each}, key=lambda code: (place(code), code))
    out = [bool(side.leak) for side in sides]
    return [_line([each.get(code) for each in found], [] if _private(code) else out) for code in codes]


def _result(found: Data) -> Result:
    reference = found["reference"]
    known = reference is not None and reference["value"] is not None
    kept = {name: found[name] for name in ("value", "interval", "breakdown", "code", "name", "category", "embedding")}
    return Result(**kept, direction=_direction(found), reference=Reference(**reference) if known else None)


def _direction(found: Data) -> Direction:
    known: set[str] = {str(each) for each in Direction}
    return Direction(found["direction"]) if found["direction"] in known else Direction.INFO


def _line(results: Sequence[Result | None], out: Sequence[bool]) -> Line:
    """Return one measure; `out` says of each document whether it is left out of the ranking, empty for none."""
    there = [each for each in results if each is not None]
    ranked = [i for i, each in enumerate(results) if each is not None and not (out and out[i])]
    cells = {i: _cell(each) for i, each in enumerate(results) if each is not None}
    reason = _reason(there, len(results)) or ("" if len(ranked) > 1 else "all others give training rows away")
    if not reason:
        standings = dict(zip(ranked, _standings([cells[i] for i in ranked], there[0]), strict=True))
        cells = {i: replace(cell, standing=standings.get(i, "out")) for i, cell in cells.items()}
    shown = tuple(cells.get(i) for i in range(len(results)))
    first = there[0]
    return Line(first.code, label(first.code, first.name).title, first.category or "other", shown, reason)


def _reason(there: Sequence[Result], of: int) -> str:
    """Return why the results of one measure do not compare."""
    if len(there) < 2:
        return f"measured in one of {of} only"
    if len(spaces := dict.fromkeys(each.embedding for each in there)) > 1:
        return f"distances were taken in different spaces ({', '.join((each or 'not said')[:8] for each in spaces)})"
    if any(each.value is None for each in there):
        return "not computable on one of the tables"
    if there[0].direction in (Direction.INFO, Direction.REFERENCE) and there[0].code not in ONE_SIDED:
        return "neither side of it is better"
    if any(each.reference is None for each in there):
        return "no fresh-real reference"
    if len({each.reference.kind for each in there if each.reference}) > 1:
        return "some references are of unseen rows, others of halves of the training rows"
    return "" if all(_error(each) is not None for each in there) else "its noise is not known"


def _error(result: Result) -> float | None:
    """Return the standard error of a score; where there is no interval, the spread of real rows stands for it."""
    if result.interval is not None and None not in result.interval:
        return (result.interval[1] - result.interval[0]) / (2 * Z)
    return None if result.reference is None else result.reference.sd


def _cell(result: Result) -> Cell:
    reference = result.reference
    said = beside_fresh(result.to_dict()).level
    return Cell(
        result.value,
        result.interval,
        None if reference is None else reference.value,
        None if reference is None else reference.sd,
        None if result.value is None or reference is None else max(gap_of(result), 0.0),
        _error(result),
        said in ("same", "better"),
    )


def _standings(cells: Sequence[Cell], result: Result) -> list[Standing]:
    """Return where each score stands beside the one with the smallest shortfall."""
    best = min(cells, key=lambda cell: cell.shortfall or 0.0)
    sure = NormalDist().inv_cdf(1 - 0.025 / (len(cells) - 1))
    rule, far = RULES.get(result.code), way(result)
    least = rule.warn * far if rule is not None and far else 0.0
    own = len({cell.reference for cell in cells}) > 1
    found = [_standing(cell, best, sure, least, own=own) for cell in cells]
    if all(standing == "level" for standing in found):
        return found
    return ["best" if cell is best else standing for cell, standing in zip(cells, found, strict=True)]


def _standing(cell: Cell, best: Cell, sure: float, least: float, *, own: bool) -> Standing:
    """Say whether a score is behind the best one; `own` counts the noise of references that are not shared."""
    parts = [cell.noise, best.noise, *((cell.sd, best.sd) if own else ())]
    noise = sqrt(sum((each or 0.0) ** 2 for each in parts))
    behind = (cell.shortfall or 0.0) - (best.shortfall or 0.0)
    if cell is best or cell.fresh or behind <= sure * noise:
        return "level"
    return "behind" if behind >= least else "just behind"
