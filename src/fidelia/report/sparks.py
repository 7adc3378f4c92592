"""The charts that stand in one line of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fidelia.report.charts import Chart, Mark, Text
from fidelia.report.notation import percent, points
from fidelia.report.scales import Scale


def pair(line: Mapping[str, Any], most: float) -> Chart:
    """Draw the real share of rows above the synthetic one, with a tick for the holdout; the scale ends at `most`."""
    x = Scale(0, most or 1.0, 1, 158)
    real, synthetic, holdout = (line.get(side) for side in ("real", "synthetic", "holdout"))
    marks = [Mark("real-area", f"M1 3H{x.held(real or 0.0) + 0.6:g}v7H1z")]
    marks.append(Mark("synthetic-area", f"M1 12H{x.held(synthetic or 0.0) + 0.6:g}v7H1z"))
    if holdout is not None:
        marks.append(Mark("holdout-tick", f"M{x.held(holdout):g} 1v20"))
    said = f"{percent(real)} of real rows, {percent(synthetic)} of synthetic rows"
    return Chart("spark", 160, 22, said, (Mark("axis", "M0.5 1V21"),), tuple(marks))


def largest(lines: Sequence[Mapping[str, Any]]) -> float:
    """Return where the common scale of the lines' shares ends."""
    sides = ("real", "synthetic", "holdout")
    return max((line.get(side) or 0.0 for line in lines for side in sides), default=0.0) or 1.0


def reach(found: Sequence[Any]) -> float:
    """Return how far the common scale of the attacks' excesses goes on either side of 0: a round number.

    It is made for gains; an attack that does far worse on training rows is drawn at the edge.
    """
    most = max((max(1.1 * a.excess, (a.interval or (0, 0))[1] or 0.0 if a.alarm else 0.0) for a in found), default=0.0)
    return next((end for end in (0.05, 0.1, 0.2, 0.5) if most <= end), 1.0)


def excess(attack: Any, far: float) -> Chart:
    """Draw what an attack gains on training rows, with its interval, on a scale of +- `far` around no gain."""
    x = Scale(-far, far, 6, 174)
    low, high = (attack.excess if end is None else end for end in attack.interval or (attack.excess, attack.excess))
    kind = "alarm" if attack.alarm else "calm"
    ends = "".join(f"M{x(end):g} 7V15" for end in (low, high) if abs(end) <= far)
    marks = (
        Mark(f"whisker {kind}", f"M{x.held(low):g} 11H{x.held(high):g}{ends}"),
        Mark(f"value {kind}", f"M{x.held(attack.excess):g} 11h0"),
    )
    said = f"{points(attack.excess)} beyond unseen rows, 95 % interval {points(low)} to {points(high)}"
    return Chart("spark", 180, 22, said, (Mark("diagonal", f"M{x(0):g} 0V22"),), marks)


def scale(far: float) -> Chart:
    """Draw the scale of `excess` once, for the head of the column."""
    texts = (Text(6, 12, points(-far), "start"), Text(90, 12, "0"), Text(174, 12, points(far), "end"))
    return Chart("spark", 180, 16, f"scale from {points(-far)} to {points(far)}", (), (), texts)
