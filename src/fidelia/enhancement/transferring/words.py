"""What a transfer or an adaptation found, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fidelia.enhancement.transferring.labelled import CLASSES, DRAWN, RATIO, SOURCE

if TYPE_CHECKING:
    from fidelia.enhancement.transferring.adapt import Adapted
    from fidelia.enhancement.transferring.labelled import Line as Way
    from fidelia.enhancement.transferring.transfer import Line, Transferred
    from fidelia.measure.statistics.repeated import Compared

MUCH = 0.1
UNDONE = {"covariate": RATIO, "label": CLASSES, "none": SOURCE}
SHIFTS = {
    "none": "Source and target cannot be told apart: nothing was undone.",
    "covariate": "The features are distributed otherwise in the target; source rows count by their density ratio.",
    "label": "The classes have other shares in the target; source rows count by these.",
}


def transferred(found: Transferred) -> dict[str, Any]:
    """Return level, headline and sentences of a transfer."""
    by = {line.arm: line for line in found.lines}
    if found.tuned:
        headline = f"The source helps: {found.method}."
    else:
        headline = f"No gain from the source: learnt from the {found.facts['rows']:,} target rows alone."
    sentences = [_nearer(by[arm]) for arm in ("transferred", "source only", "pooled") if arm in by]
    if found.metric is not None:
        sentences.insert(1, _learnt(by["transferred"], found.metric, by["target only"].score))
    return {"level": "gain" if found.tuned else "none", "headline": headline, "sentences": sentences}


def _nearer(line: Line) -> str:
    assert line.nearer is not None
    at, (low, high) = line.nearer.value, line.nearer.interval or (float("nan"), float("nan"))
    return (
        f"{line.arm.capitalize()}: an unseen target row looks like its rows rather than like those of the target alone "
        f"with probability {0.5 + at:.2f} (95 % interval {0.5 + low:.2f} to {0.5 + high:.2f})."
    )


def _learnt(line: Line, metric: str, base: float | None) -> str:
    assert line.score is not None and line.gain is not None and base is not None
    return (
        f"A model learnt from its rows has the {metric} {line.score:.3f} on them, one learnt from those of the target "
        f"alone {base:.3f} ({ends(line.gain)})."
    )


def adapted(found: Adapted) -> dict[str, Any]:
    """Return level, headline and sentences of an adaptation."""
    told, rows = found.facts["told"], found.facts["rows"]
    sentences = [
        f"A classifier tells the target's rows from the source's with AUC {told['auc']:.2f}. {SHIFTS[found.shift]} "
        f"{rows['source']:,} source rows are then worth {found.effective:,.0f}."
    ]
    if told["unreached"] > MUCH and found.shift == "covariate":
        sentences.append(f"{told['unreached']:.0%} of the target lies where the source has hardly a row.")
    ways = [line for line in found.lines if line.arm in (RATIO, CLASSES, DRAWN) and line.gains]
    asked = [line for line in ways if line.arm in (UNDONE[found.shift], DRAWN)]
    level = _level(asked)
    base = {line.learner: line for line in found.lines if line.arm == SOURCE}
    sentences += [_way(line, found.metric, base[line.learner]) for line in ways if line in asked]
    helped = ", ".join(dict.fromkeys(line.learner for line in asked if _helps(line)))
    headline = {
        "unknown": "Nothing is known of its worth: too few target rows have labels.",
        "gain": f"The adaptation helps on the target: {helped}.",
        "loss": "The adaptation does harm on the target: use the source as it is.",
        "none": "No gain from the adaptation on the target.",
    }[level]
    return {"level": level, "headline": headline, "sentences": sentences}


def _level(asked: list[Way]) -> str:
    if not asked:
        return "unknown"
    if any(_helps(line) for line in asked):
        return "gain"
    return "loss" if all(_hurts(line) for line in asked) else "none"


def _helps(line: Way) -> bool:
    """Whether it is above the source in something and below it in nothing, for all lines together."""
    return any(one.joint_interval and one.joint_interval[0] > 0 for one in line.gains) and not _hurts(line)


def _hurts(line: Way) -> bool:
    return any(one.joint_interval is not None and one.joint_interval[1] < 0 for one in line.gains)


def _way(line: Way, metric: str, base: Way) -> str:
    assert line.gain is not None
    who = f"{line.learner.capitalize()}, {line.arm}"
    said = f"{who}: {metric} {line.score:.3f} instead of {base.score:.3f} ({ends(line.gain)})"
    if line.log_gain is None or line.log_score is None or base.log_score is None:
        return f"{said}."
    return f"{said}, log score {line.log_score:.3f} instead of {base.log_score:.3f} ({ends(line.log_gain)})."


def ends(found: Compared) -> str:
    """Return a difference with its interval, that of all comparisons together."""
    if found.joint_interval is None:
        return f"{found.value:+.3f}, too few splits for an interval"
    return f"{found.value:+.3f}, 95 % interval {found.joint_interval[0]:+.3f} to {found.joint_interval[1]:+.3f}"
