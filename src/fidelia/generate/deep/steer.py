"""Conditions for networks that cannot condition exactly: rows that break one are drawn again, up to a bound.

Rows that obey are kept as they are: that is the model's own law given the condition. What is still missing when the
tries are used up are the rows that break the fewest conditions; the caller moves their values to the nearest allowed
ones, and says how many there were.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from fidelia.encode.codes import Coded, CodedColumn, Continuous, Discrete
from fidelia.generate.values import admitted

if TYPE_CHECKING:
    from fidelia.encode.codes import Evidence

TRIES = 16
"""Most rows drawn for each row asked for."""
LEAST = 1_000
"""Fewest rows of a try."""


def steered(n: int, draw: Callable[[int], Coded], evidence: Evidence, random: np.random.Generator) -> tuple[Coded, int]:
    """Return `n` rows of which as many as possible obey, and how many obeyed by themselves.

    Parameters
    ----------
    draw : callable
        Draws that many rows.
    evidence : Evidence
        The conditions.
    """
    kept: list[Coded] = []
    hits, spent = 0, 0
    rest: tuple[np.ndarray, Coded] | None = None
    while hits < n and spent < TRIES * max(n, LEAST):
        size = int(np.clip(1.2 * (n - hits) * max(spent, 1) / max(hits, 1), LEAST, 4 * max(n, LEAST)))
        drawn = draw(size)
        broken = breaches(drawn, evidence)
        kept.append(taken(drawn, np.flatnonzero(broken == 0)))
        hits, spent = hits + len(kept[-1]), spent + size
        rest = _fewest(rest, broken, drawn, n)
    if hits >= n or rest is None:
        return taken(joined(kept), np.arange(n)) if kept else draw(n), n
    fill = taken(rest[1], np.arange(n - hits) % len(rest[1]))
    return taken(joined([*kept, fill]), random.permutation(n)), hits


def _fewest(
    rest: tuple[np.ndarray, Coded] | None, broken: np.ndarray, drawn: Coded, n: int
) -> tuple[np.ndarray, Coded]:
    """The `n` rows that break the fewest conditions, but do break one, of those so far and new ones."""
    new = np.flatnonzero(broken)
    new = new[np.argsort(broken[new], kind="stable")[:n]]
    if rest is None:
        return broken[new], taken(drawn, new)
    both, rows = np.concatenate([rest[0], broken[new]]), joined([rest[1], taken(drawn, new)])
    order = np.argsort(both, kind="stable")[:n]
    return both[order], taken(rows, order)


def breaches(coded: Coded, evidence: Evidence) -> np.ndarray:
    """Return how many conditions each row breaks, (n,)."""
    broken = np.zeros(len(coded), np.int64)
    for name, allowed in evidence.items():
        broken += ~admitted(coded[name], allowed)
    return broken


def taken(coded: Coded, rows: np.ndarray) -> Coded:
    """Return the rows at these positions."""
    return Coded({name: _taken(coded[name], rows) for name in coded}, len(rows))


def joined(parts: list[Coded]) -> Coded:
    """Return rows one after the other."""
    return Coded({name: _joined([part[name] for part in parts]) for name in parts[0]}, sum(map(len, parts)))


def _taken(column: CodedColumn, rows: np.ndarray) -> CodedColumn:
    if isinstance(column, Discrete):
        return Discrete(column.codes[rows], column.levels, column.ordered)
    return Continuous(column.values[rows], column.decimals)


def _joined(columns: list[CodedColumn]) -> CodedColumn:
    first = columns[0]
    if isinstance(first, Discrete):
        codes = np.concatenate([column.codes for column in columns if isinstance(column, Discrete)])
        return Discrete(codes, first.levels, first.ordered)
    values = np.concatenate([column.values for column in columns if isinstance(column, Continuous)])
    return Continuous(values, first.decimals)
