"""Each chart in a sentence or two, for those who do not see it: what is drawn, and what its numbers say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fidelia.report.notation import percent, score, signed

Data = Mapping[str, Any]
Said = Callable[[float], str]


def known(values: Sequence[float | None] | None) -> list[float]:
    """Return the values with what is not known as zero."""
    return [0.0 if value is None else value for value in values or ()]


def curve(data: Data, across: str, up: str) -> str:
    """Say how far a curve is from the diagonal at most, and what fresh real rows have there."""
    said = f"{up} over {across}: synthetic rows beside fresh real rows and the diagonal of a perfect match."
    level, own = known(data["level"]), known(data["synthetic"])
    if not level:
        return said
    i = max(range(len(level)), key=lambda at: abs(own[at] - level[at]))
    fresh = f", fresh real rows {score(known(data['reference'])[i])}" if data.get("reference") else ""
    gap = f" The largest gap from the diagonal is {signed(own[i] - level[i])}, at {score(level[i], 2)}{fresh}."
    if not (data.get("low") and data.get("high")):
        return said + gap
    low, high = known(data["low"]), known(data["high"])
    outside = sum(not low[at] <= own[at] <= high[at] for at in range(len(level))) / len(level)
    return f"{said}{gap} {percent(outside, 0)} of the curve lies outside the band of fresh real rows."


def shares(data: Data, places: Sequence[str], form: Said = percent) -> str:
    """Say where the synthetic shares differ most from the real ones; without real ones, what is largest."""
    own, real = known(data.get("synthetic")), known(data.get("train"))
    if not own or not places:
        return ""
    if not real:
        i = max(range(len(own)), key=own.__getitem__)
        return f" Largest: {places[i]}, {form(own[i])}."
    i = max(range(len(own)), key=lambda at: abs(own[at] - real[at]))
    if own[i] == real[i]:
        return " Real and synthetic are equal."
    return f" Largest difference: {places[i]}, real {form(real[i])}, synthetic {form(own[i])}."


def cells(names: Sequence[str], rows: Sequence[Sequence[float | None]], *, least: bool) -> str:
    """Say which pair of columns has the smallest or the largest cell."""
    found = [(v, i, j) for i, row in enumerate(rows) for j, v in enumerate(row) if v is not None and j < i]
    if not found:
        return ""
    value, i, j = (min if least else max)(found)
    return f" {'Least' if least else 'Strongest'}: {names[j]} and {names[i]}, {score(value)}."


def verdicts(names: Sequence[str]) -> str:
    """Say how many of the points on a map have each verdict."""
    counted = Counter(names)
    return f" Of the points {', '.join(f'{n:,} {name}' for name, n in counted.most_common())}." if counted else ""


def models(found: Sequence[Data]) -> str:
    """Say the scores of each model."""
    told = [f"{each['model']} {score(each['real'])} real, {score(each['synthetic'])} synthetic" for each in found]
    return f" {'; '.join(told)}." if told else ""
