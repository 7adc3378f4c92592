"""The suite: scores of every subject at every setting of every check, kept as they come, and what they amount to.

Scores are kept in one JSON file; a run that was interrupted goes on where it stopped. Repeats are the outer loop, so
that a partial run has every check.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.data.atomic import atomic
from fidelia.progress import SILENT, Progress
from fidelia.sanity.checks import CHECKS, ROWS, Check, Kind
from fidelia.sanity.rules import Verdict, together

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.rng import Rng
    from fidelia.sanity.subjects import Subject

    Floats = NDArray[np.float64]

CELLS = ("bounds", "property")


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is drawn.

    Parameters
    ----------
    repeats : int
        Curves are means over so many draws.
    points : int
        At most so many settings of each check (first, last, and those that rules name stay).
    rows : int
        Real rows, and synthetic ones where their number does not vary.
    largest : int
        Settings that are numbers of rows stop here.
    """

    repeats: int = 3
    points: int = 51
    rows: int = ROWS
    largest: int = 10_000

    @classmethod
    def quick(cls) -> Plan:
        """A run of a minute or two: 9 settings, 500 rows, at most 2,000 where the number varies, one draw."""
        return cls(repeats=1, points=9, rows=500, largest=2_000)


@dataclass(slots=True)
class Scores:
    """Scores by subject's score, check, group and setting: one per repeat.

    Parameters
    ----------
    path : Path or None
        Where they are kept.
    """

    plan: Plan
    path: Path | None = None
    found: dict[str, dict[str, float]] = field(default_factory=dict)

    @classmethod
    def at(cls, path: Path | None, plan: Plan) -> Scores:
        """Return the scores of an earlier run with the same plan, or none."""
        stored = json.loads(path.read_text()) if path and path.exists() else {}
        same = stored.get("plan") == _plain(plan)
        return cls(plan, path, stored["found"] if same else {})

    def keep(self) -> None:
        """Write them down."""
        if self.path:
            with atomic(self.path) as temporary:
                temporary.write_text(json.dumps({"plan": _plain(self.plan), "found": self.found}))

    def curve(self, name: str, check: Check, group: Any) -> tuple[Floats, Floats] | None:
        """Return settings and mean scores of one group of a check, or None where a setting is missing."""
        settings = settings_of(check, group, self.plan)
        rows: dict[float, list[float]] = defaultdict(list)
        for repeat in range(self.plan.repeats):
            for x in settings:
                kept = self.found.get(_key(check, group, x, repeat), {})
                if name in kept:
                    rows[x].append(kept[name])
        if any(x not in rows for x in settings):
            return None
        return settings, np.array([np.mean(rows[x]) for x in settings])

    def verdict(self, name: str, kind: Kind, check: Check, cell: str) -> Verdict | None:
        """Return the verdict of a cell, None where scores are missing."""
        found: list[Verdict] = []
        for group in check.settings:
            curve = self.curve(name, check, group)
            if curve is None or np.isnan(curve[1]).any():
                return None if curve is None else "F"
            found += [rule(*curve) for rule in check.rules(cell, kind, group)]
        return together(found)


def _plain(plan: Plan) -> dict[str, int]:
    return {name: getattr(plan, name) for name in ("points", "rows", "largest")}


def _key(check: Check, group: Any, x: float, repeat: int) -> str:
    return f"{check.name}|{group}|{x:.6g}|{repeat}"


def settings_of(check: Check, group: Any, plan: Plan) -> Floats:
    """Return the settings that a plan draws: spread evenly, with the ends and the middle."""
    every = np.asarray(check.settings[group], dtype=np.float64)
    sizes = every.max() == 10_000
    every = every[every <= plan.largest] if sizes else every
    if len(every) <= plan.points:
        return every
    chosen = np.unique(np.round(np.linspace(0, len(every) - 1, plan.points)).astype(int))
    named = {len(every) // 2} if len(every) % 2 else set()
    if check.name == "simultaneous":
        named = {round(0.95 * (len(every) - 1))}
    return np.asarray(every[np.unique([*chosen, *named])])


def run(
    subjects: Sequence[Subject],
    rng: Rng,
    scores: Scores,
    *,
    checks: Iterable[Check] = CHECKS,
    progress: Progress = SILENT,
    keep_every: int = 50,
) -> Scores:
    """Score every subject at every setting; what `scores` holds already is not scored again."""
    todo = list(_points(checks, scores.plan))
    with progress.stage("sanity", len(todo)) as tick:
        for done, (check, group, x, repeat) in enumerate(todo):
            kept = scores.found.setdefault(_key(check, group, x, repeat), {})
            missing = [subject for subject in subjects if not set(subject.gives) <= set(kept)]
            if missing:
                stream = rng.child(_key(check, group, x, repeat).replace("/", " "))
                real, synthetic = drawn(check, group, x, scores.plan.rows, rng.child(f"repeat {repeat}"))
                for subject in missing:
                    kept.update(subject.score(real, synthetic, stream.child(subject.name)))
                if done % keep_every == 0:
                    scores.keep()
            tick(1)
    scores.keep()
    return scores


def _points(checks: Iterable[Check], plan: Plan) -> Iterator[tuple[Check, Any, float, int]]:
    checks = list(checks)
    for repeat in range(plan.repeats):
        for check in checks:
            for group in check.settings:
                for x in settings_of(check, group, plan):
                    yield check, group, float(x), repeat


def drawn(check: Check, group: Any, x: float, rows: int, rng: Rng) -> tuple[Floats, Floats]:
    """Return real and synthetic rows at one setting; real rows stay the same along a curve where the check says so."""
    name = f"{check.name} {group}"
    real = rng.child(f"{name} real" if check.fixed else f"{name} {x:.6g} real").generator()
    synthetic = rng.child(f"{name} {x:.6g} synthetic").generator()
    return check.real(real, group, x, rows), check.synthetic(synthetic, group, x, rows)


def table(scores: Scores, subjects: Sequence[Subject]) -> dict[str, dict[str, dict[str, Verdict | None]]]:
    """Return verdicts by score, check and cell."""
    out: dict[str, dict[str, dict[str, Verdict | None]]] = {}
    for subject in subjects:
        for name, kind in subject.gives.items():
            out[name] = {
                check.name: {cell: scores.verdict(name, kind, check, cell) for cell in CELLS} for check in CHECKS
            }
    return out


def passes(verdicts: Mapping[str, Mapping[str, Verdict | None]]) -> dict[str, int]:
    """Return how many cells pass: all (T, L, H), those with T alone, and how many are known."""
    cells = [verdict for check in verdicts.values() for verdict in check.values()]
    known = [verdict for verdict in cells if verdict is not None]
    return {
        "passes": sum(verdict != "F" for verdict in known),
        "T": sum(verdict == "T" for verdict in known),
        "cells": len(known),
    }
