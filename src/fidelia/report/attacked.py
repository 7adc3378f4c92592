"""Attacks on privacy, each as one line: how often they are right on training rows, and on rows that nobody has seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fidelia.report.labels import label, place
from fidelia.report.parts import entries, number
from fidelia.report.words import attacks

Result = Mapping[str, Any]
Sides = tuple[float | None, float | None, float | None]
_SIDES = (
    ("in_train", "in_holdout"),
    ("closer_in_train", "closer_in_holdout"),
    ("closer_to_train", "closer_to_holdout"),
    ("caught", "accused"),
)
NATS = frozenset({"PRV09", "PRV19", "AUT09"})


@dataclass(frozen=True, slots=True)
class Attack:
    """One line of the table of attacks.

    Parameters
    ----------
    code, title, question : str
    train, holdout, blind : float or None
        Success on training rows, on unseen rows, and of a blind guess, as shares.
    excess : float
        What is gained on training rows.
    interval : (float, float) or None
        95 % interval of the excess.
    alarm : bool
    share : bool
        Whether the excess is a difference of shares; else it has a unit of its own, epsilon say.
    """

    code: str
    title: str
    question: str
    train: float | None
    holdout: float | None
    blind: float | None
    excess: float
    interval: tuple[float | None, float | None] | None
    alarm: bool
    share: bool


def attacked(results: Mapping[str, Result], without: Iterable[str] = ()) -> list[Attack]:
    """Return the attacks among the results, in the order of the report."""
    codes = [code for code, result in results.items() if code not in set(without) and _drawn(result)]
    return [_attack(results[code]) for code in sorted(codes, key=place)]


def _drawn(result: Result) -> bool:
    known = attacks(result) and number(result["breakdown"]["excess"]) is not None
    return known and label(result["code"]).section == "privacy"


def _attack(result: Result) -> Attack:
    more, shown = result["breakdown"], label(result["code"], result["name"])
    ends = more.get("excess_interval")
    return Attack(
        result["code"],
        shown.title,
        shown.question,
        *_sides(result),
        float(more["excess"]),
        (number(ends[0]), number(ends[1])) if isinstance(ends, list | tuple) and len(ends) == 2 else None,
        more["alarm"],
        result["code"] not in NATS,
    )


def _sides(result: Result) -> Sides:
    more, lines = result["breakdown"], entries(result, "lines")
    for seen, unseen in _SIDES:
        if number(more.get(seen)) is not None:
            return number(more[seen]), number(more.get(unseen)), None
    ranked = {line.get("name"): number(line.get("auc")) for line in lines if number(line.get("auc")) is not None}
    if ranked:
        return next(iter(ranked.values())), 0.5, ranked.get("blind")
    train, holdout, blind = (_mean([line.get(side) for line in lines]) for side in ("train", "holdout", "blind"))
    return train, holdout, blind


def _mean(values: list[Any]) -> float | None:
    """Return the mean of shares; counts and what is not known are left out."""
    known = [value for each in values if (value := number(each)) is not None and 0 <= value <= 1]
    return sum(known) / len(known) if known else None
