"""The leaderboard of the race: who is out, who is best, who wins, and why in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fidelia.report.labels import label
from fidelia.workflow.heats import Gate, Mark, Ran

QUICK = ("marginals", "copula", "chowliu", "trees")
NETWORKS = ("autoregressive", "diffusion", "vae", "ddgan", "gan")
"""In the order in which they get their share of the time."""
SIMPLEST = (*QUICK, *NETWORKS)


@dataclass(frozen=True, slots=True)
class Line:
    """An entrant's line of the leaderboard.

    Parameters
    ----------
    name : str
    status : {"won", "lost", "leaked", "skipped", "failed"}
    why : str
        In one sentence.
    place : int or None
        By mean loss, among those that passed all gates; 1 is best.
    loss, sd : float or None
        Mean over the scores, 0 is like fresh real rows and 1 useless; its standard error.
    marks, gates : tuple
        The scores and the tests for copying.
    fit_seconds, sample_seconds : float or None
        Of one fit, and of drawing the rows that are scored.
    """

    name: str
    status: str
    why: str
    place: int | None = None
    loss: float | None = None
    sd: float | None = None
    marks: tuple[Mark, ...] = ()
    gates: tuple[Gate, ...] = ()
    fit_seconds: float | None = None
    sample_seconds: float | None = None


def simplicity(name: str) -> int:
    """Return where a generator stands among `SIMPLEST`; those that are not known for simple stand last."""
    return SIMPLEST.index(name) if name in SIMPLEST else len(SIMPLEST)


def judged(ran: Mapping[str, Ran]) -> tuple[list[Line], float | None]:
    """Return the lines of those that finished, the winner first, and the loss up to which the simplest wins.

    Where all leak, the one that leaks least comes first, and there is no such loss.
    """
    codes = list(dict.fromkeys(mark.code for each in ran.values() for mark in each.marks))
    lines = [_line(name, each, codes) for name, each in ran.items()]
    clean = sorted((line for line in lines if all(gate.passed for gate in line.gates)), key=_loss)
    leaked = sorted((line for line in lines if line not in clean), key=_leak)
    leaked = [replace(line, status="leaked", why=_leaks(line)) for line in leaked]
    if not clean:
        return [replace(leaked[0], status="won"), *leaked[1:]], None
    limit = _loss(clean[0]) + (clean[0].sd or 0.0)
    near = [line for line in clean if _loss(line) <= limit]
    winner = min(near, key=lambda line: (simplicity(line.name), _loss(line)))
    told = [_told(replace(line, place=i), winner, clean[0], limit) for i, line in enumerate(clean, start=1)]
    return sorted(told, key=lambda line: line.status != "won") + leaked, limit


def _line(name: str, ran: Ran, codes: Sequence[str]) -> Line:
    """Return the line of an entrant; a score that others have and it has not is lost entirely."""
    marks = {mark.code: mark for mark in ran.marks}
    losses = [marks[code].loss if code in marks else 1.0 for code in codes]
    sd = float(np.sqrt(sum(mark.sd**2 for mark in ran.marks))) / max(len(codes), 1)
    loss = float(np.mean(losses)) if losses else 0.0
    seconds = (ran.fit_seconds, ran.sample_seconds)
    return Line(name, "lost", "", None, loss, sd, ran.marks, ran.gates, *seconds)


def _loss(line: Line) -> float:
    return 0.0 if line.loss is None else line.loss


def _leak(line: Line) -> float:
    return max(gate.leak for gate in line.gates if not gate.passed)


def _told(line: Line, winner: Line, best: Line, limit: float) -> Line:
    """Return the line with its status, and the reason in words."""
    if line.name == winner.name:
        alike = f"the simplest within one standard error of the best, {best.name}"
        return replace(line, status="won", why="the smallest mean loss" if line.name == best.name else alike)
    if _loss(line) <= limit:
        return replace(line, why=f"not better than {winner.name} by more than one standard error, and less simple")
    worst = max(line.marks, key=lambda mark: mark.loss - _of(best, mark.code))
    return replace(line, why=f"loses {_loss(line) - _loss(best):.3f} more than the best, most by {_shown(worst)}")


def _of(line: Line, code: str) -> float:
    return next((mark.loss for mark in line.marks if mark.code == code), 1.0)


def _leaks(line: Line) -> str:
    said = [f"{gate.said[:1].lower()}{gate.said[1:]} ({_shown(gate)})" for gate in line.gates if not gate.passed]
    return "; ".join(said)


def _shown(score: Mark | Gate) -> str:
    return f"{label(score.code).title} {score.value:.3f}, fresh real {score.reference:.3f}"
