"""What a comparison amounts to, in words: the first screen of the page, and one line for each measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fidelia.report.card import CODES
from fidelia.report.compared import Comparison, Line, Side
from fidelia.report.labels import label
from fidelia.report.notation import write
from fidelia.report.words import listed

LETTERS = "ABCDEFGH"
AHEAD = ("best", "level")
FEW = 3


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What the first screen says."""

    headline: str
    sentences: list[str]


def main_lines(found: Comparison) -> list[Line]:
    """Return the measures of the first screen, or all where none of these were measured."""
    by = {line.code: line for line in found.lines}
    return [by[code] for code in CODES if code in by] or list(found.lines)


def conclude(found: Comparison) -> Conclusion:
    """Say which is better on what, by the main measures.

    What gives training rows away is out; of the others those that are not poor by their own verdicts come first.
    """
    ranked = [line for line in main_lines(found) if not line.reason]
    fit = [i for i, side in enumerate(found.sides) if not side.leak]
    usable = [i for i in fit if found.sides[i].level != "poor"] or fit
    said = [f"{side.name} is out: {_lower(side.leak)}." for side in found.sides if side.leak]
    poor = [found.sides[i].name for i in fit if i not in usable]
    said += [f"{_some(poor)} {'is' if len(poor) == 1 else 'are'} poor by {_whose(poor)} verdict."] if poor else []
    told = fit if len(fit) <= FEW else usable
    said += _behind(found, told, ranked)
    return Conclusion(_headline(found, fit, usable, ranked), [*said, _counted(found)])


def _headline(found: Comparison, fit: Sequence[int], usable: Sequence[int], ranked: Sequence[Line]) -> str:
    names = [side.name for side in found.sides]
    here = [names[i] for i in usable]
    if not fit:
        return f"None is fit to be shared: {_some(names)} give training rows away."
    if len(usable) == 1 and len(names) > 1:
        return _only(found.sides[usable[0]], fit)
    if not ranked:
        return f"{_some(here)} have no main measure that compares."
    lost = {i: sum(_loses(line, i, usable) for line in ranked) for i in usable}
    leaders = [i for i in usable if not lost[i]]
    poor = ", yet all are poor by their own verdicts" if found.sides[usable[0]].level == "poor" else ""
    if len(leaders) == len(usable):
        return f"Between {_some(here)} there is no difference that matters{poor}."
    if not leaders:
        return f"None leads everywhere: {'; '.join(_merits(found, usable, ranked))}{poor}."
    return f"{_lead(names, leaders, lost, len(ranked))}{poor}."


def _only(side: Side, fit: Sequence[int]) -> str:
    if side.level == "poor":
        return f"Only {side.name} does not give training rows away, yet it is poor by its own verdict."
    care = ", with care" if side.level == "attention" else ""
    return f"Only {side.name} {'is fit for use' if len(fit) > 1 else 'does not give training rows away'}{care}."


def _loses(line: Line, i: int, rivals: Sequence[int]) -> bool:
    """Whether a document is behind one of its rivals."""
    return line.standing(i) == "behind" and any(line.standing(other) in AHEAD for other in rivals)


def _lead(names: Sequence[str], leaders: Sequence[int], lost: dict[int, int], of: int) -> str:
    others = [i for i in lost if i not in leaders]
    if len(lost) == 2:
        n = lost[others[0]]
        return f"{names[leaders[0]]} is better than {names[others[0]]} on {n} of {of} main measures, and worse on none"
    if len(leaders) == 1:
        return f"{names[leaders[0]]} leads: it is behind on none of {of} main measures, each other one on some"
    return f"{_some([names[i] for i in leaders])} lead and are level; {_some([names[i] for i in others])} behind"


def _merits(found: Comparison, usable: Sequence[int], lines: Sequence[Line]) -> list[str]:
    """Name what each is best or level at where another one is behind."""
    ahead = {i: [line.name for line in lines if line.apart and line.standing(i) in AHEAD] for i in usable}
    return [f"{found.sides[i].name} is better on {_some(names)}" for i, names in ahead.items() if names][:FEW]


def _behind(found: Comparison, sides: Sequence[int], lines: Sequence[Line]) -> list[str]:
    """Say what each is behind on; those that are behind by the same are named together."""
    groups: dict[str, list[str]] = {}
    for i in sides:
        gaps = [f"{line.name} ({_gap(line, i)})" for line in lines if line.standing(i) == "behind"]
        if gaps:
            groups.setdefault(_some(gaps, 4), []).append(found.sides[i].name)
    return [f"{_some(names)} {'is' if len(names) == 1 else 'are'} behind on {gaps}." for gaps, names in groups.items()]


def _counted(found: Comparison) -> str:
    compared = found.compared
    little = [line for line in compared if not line.apart and any(line.standing(i) == "just behind" for i in _at(line))]
    apart = sum(line.apart for line in compared)
    rest = len(found.lines) - len(compared)
    said = f"Of {len(found.lines)} measures {apart} differ beyond noise, {len(little)} do but by little, "
    said += f"{len(compared) - apart - len(little)} are within noise"
    return said + (f", {rest} do not compare." if rest else ".")


def words(found: Comparison, line: Line) -> str:
    """Say in one line how the documents compare on a measure; many of them by their letters."""
    if line.reason:
        return f"not compared: {line.reason}"
    called = [side.name if len(found.sides) <= FEW else LETTERS[i] for i, side in enumerate(found.sides)]
    behind = [i for i in _at(line) if line.standing(i) in ("behind", "just behind")]
    if not behind:
        known = [cell for cell in line.cells if cell is not None and cell.standing in AHEAD]
        return "all like fresh real data" if all(cell.fresh for cell in known) else "no difference beyond noise"
    little = "" if line.apart else ": beyond noise, but little"
    ahead = listed([called[i] for i in _at(line) if line.standing(i) in AHEAD])
    if len(behind) == 1:
        return f"{ahead} better by {_gap(line, behind[0])}{little}"
    if len(behind) > FEW:
        least, most = (_gap(line, pick(behind, key=lambda i: _shortfall(line, i))) for pick in (min, max))
        return f"{ahead} ahead; the others behind by {least if least == most else f'{least} to {most}'}{little}"
    return f"{ahead} ahead; behind: {', '.join(f'{called[i]} by {_gap(line, i)}' for i in behind)}{little}"


def _at(line: Line) -> list[int]:
    return [i for i, cell in enumerate(line.cells) if cell is not None]


def _shortfall(line: Line, i: int) -> float:
    cell = line.cells[i]
    return 0.0 if cell is None else cell.shortfall or 0.0


def _gap(line: Line, i: int) -> str:
    """Write how much a document is behind the best one."""
    least = min(_shortfall(line, other) for other in _at(line) if line.standing(other) != "out")
    form = label(line.code).form
    return write(_shortfall(line, i) - least, "score" if form == "signed" else form)


def _whose(names: Sequence[str]) -> str:
    return "its own" if len(names) == 1 else "their own"


def _some(texts: Sequence[str], most: int = FEW) -> str:
    return listed(texts) if len(texts) <= most else f"{', '.join(texts[: most - 1])} and {len(texts) - most + 1} more"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
