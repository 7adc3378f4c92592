"""The answer of a trial in sentences. "No gain here" is one of them, and says how much gain is excluded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fidelia.enhancement.arms import BEST, CLASSICAL, DISTILLED, REAL
from fidelia.enhancement.enhanced import HELPS, HURTS, ROWS, Line

if TYPE_CHECKING:
    from fidelia.enhancement.trial import Trial

FEWEST = 5
"""Of fewer splits the intervals are too wide to be an answer."""
SYNTHETIC = ("synthetic", BEST, DISTILLED)
"""Arms without synthetic rows, noise and weights for example, may help too; the headline is about synthetic rows."""


def verdict(trial: Trial, what: str, lines: Sequence[Line], pairs: Sequence[Line]) -> dict[str, Any]:
    """Return level, headline and sentences.

    The headline says "help" only where the joint interval of an arm with synthetic rows lies above 0, and above what
    repeated real rows bring.
    """
    if trial.done < FEWEST:
        said = f"{trial.done} of {trial.plan.splits} splits are too few to tell a gain from chance; give it more time."
        return {"level": "unknown", "headline": "Nothing can be said yet.", "sentences": [said]}
    named = [line for line in lines if synthetic(line.arm)]
    helping = [line for line in named if line.answer == HELPS]
    losing = [line for line in named if line.answer == HURTS and line.arm != "synthetic"]
    level = "gain" if helping else "loss" if losing and len(losing) * 2 > len(named) else "none"
    metric, several = trial.goal.metric, len(trial.plan.shares) > 1
    sentences = [_gain(line, metric, several) for line in _best(helping)] or [_nothing(trial, named)]
    sentences += [] if helping else _excluded(named)
    sentences += _losses(losing, metric, several) + _others(lines, metric, several) + _pairs(pairs)
    sentences += _models(trial, lines, helping)
    headline = _headline(level, helping, what, several)
    if trial.goal.pictures:
        headline, sentences = _of_pictures(headline), [_of_pictures(each) for each in sentences]
    return {"level": level, "headline": headline, "sentences": sentences}


def _of_pictures(text: str) -> str:
    return re.sub(r"\brows\b", "pictures", text)


def synthetic(arm: str) -> bool:
    """Whether an arm is made of synthetic rows."""
    return any(word in arm for word in SYNTHETIC) and not arm.startswith(CLASSICAL)


def _headline(level: str, helping: Sequence[Line], what: str, several: bool) -> str:
    rows = "Synthetic rows of the rare class" if what == "rebalance" else "Synthetic rows"
    if level == "gain":
        shares = ", ".join(dict.fromkeys(_share(line.share) for line in helping))
        where = f" with {shares} of the data" if several else ""
        return f"{rows} help here: {_and(dict.fromkeys(line.learner for line in helping))}{where}."
    if level == "loss":
        return f"No gain here: {rows[0].lower()}{rows[1:]} make models worse."
    return "No gain here."


def _gain(line: Line, metric: str, several: bool) -> str:
    at = f" with {_share(line.share)} of the data" if several else ""
    return (
        f"{_big(line.learner)}{at}: {_arm(line.arm)} raises the {metric} from {line.base:.3f} to {line.score:.3f} "
        f"({_ends(line)})."
    )


def _nothing(trial: Trial, lines: Sequence[Line]) -> str:
    count = sum(line.found.joint_interval is not None for line in lines)
    return (
        f"None of {count} comparisons over {trial.done} splits shows a gain from synthetic rows beyond chance, "
        "corrected for their number."
    )


def _excluded(lines: Sequence[Line]) -> list[str]:
    """Say what gain is still possible: the largest upper end of the joint intervals, by learner."""
    most: dict[str, float] = {}
    for line in lines:
        if line.found.joint_interval is not None:
            most[line.learner] = max(most.get(line.learner, 0.0), line.found.joint_interval[1])
    said = _and([f"{learner} {gain:.3f}" for learner, gain in most.items()])
    return [f"At 95 % for all together, synthetic rows bring at most: {said}."] if said else []


def _losses(losing: Sequence[Line], metric: str, several: bool) -> list[str]:
    if not losing:
        return []
    worst = min(losing, key=lambda line: line.found.value)
    at = f" with {_share(worst.share)} of the data" if several else ""
    return [
        f"{len(losing)} arms with synthetic rows lose; most: {worst.learner}{at}, {_arm(worst.arm)}, "
        f"{metric} {worst.base:.3f} to {worst.score:.3f} ({_ends(worst)})."
    ]


def _others(lines: Sequence[Line], metric: str, several: bool) -> list[str]:
    """Say what helps without synthetic rows, and what only looks like a gain."""
    found = [
        _gain(line, metric, several) for line in _best([x for x in lines if x.answer == HELPS and not synthetic(x.arm)])
    ]
    rows = dict.fromkeys(line.learner for line in lines if line.answer == ROWS)
    if rows:
        found.append(
            f"{_big(_and(rows))}: what arms gain, the same real rows gain when repeated: it is due to the number of "
            "rows, not to what is in them."
        )
    return found


def _pairs(pairs: Sequence[Line]) -> list[str]:
    """Say each question that two arms answer, for all learners."""
    asked: dict[tuple[str, str, float], list[str]] = {}
    for line in pairs:
        if line.found.joint_interval is not None:
            low, high = line.found.joint_interval
            said = f"{line.learner} {line.found.value:+.3f} ({low:+.3f} to {high:+.3f})"
            asked.setdefault((line.arm, line.against, line.share), []).append(said)
    return [f"{_big(arm)} against {against}: {', '.join(said)}." for (arm, against, _), said in asked.items()]


def _models(trial: Trial, lines: Sequence[Line], helping: Sequence[Line]) -> list[str]:
    """Say whether a learner that gains is then better than the best without synthetic rows."""
    if not helping or len(trial.plan.learners) < 2:
        return []
    said = []
    for share in dict.fromkeys(line.share for line in helping):
        here = [line for line in lines if line.share == share]
        base = {line.learner: line.base for line in here if line.against == REAL}
        leader = max(base, key=lambda name: base[name])
        top = max((line for line in helping if line.share == share), key=lambda line: line.score)
        above = "above" if top.score > base[leader] else "not above"
        said.append(
            f"The best of them, {top.learner} at {top.score:.3f}, is {above} the best learner on real rows alone, "
            f"{leader} at {base[leader]:.3f}."
        )
    return said


def _best(lines: Sequence[Line]) -> list[Line]:
    """Return for each learner and share the arm whose interval begins highest."""
    found: dict[tuple[str, float], Line] = {}
    for line in lines:
        key = (line.learner, line.share)
        if key not in found or _low(line) > _low(found[key]):
            found[key] = line
    return list(found.values())


def _low(line: Line) -> float:
    return line.found.joint_interval[0] if line.found.joint_interval else float("-inf")


def _ends(line: Line) -> str:
    assert line.found.joint_interval is not None
    low, high = line.found.joint_interval
    return f"{line.found.value:+.3f}, 95 % interval {low:+.3f} to {high:+.3f}"


def _arm(name: str) -> str:
    return {BEST: "the arm chosen inside the training rows"}.get(name, name)


def _share(share: float) -> str:
    return f"{100 * share:g} %"


def _big(text: str) -> str:
    return text[:1].upper() + text[1:]


def _and(words: Any) -> str:
    listed = list(words)
    return ", ".join(listed[:-1]) + (" and " if len(listed) > 1 else "") + listed[-1] if listed else ""
