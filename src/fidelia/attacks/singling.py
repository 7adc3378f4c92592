"""Singling out: do conditions that describe one synthetic row also describe exactly one train row?

The attacker guesses conditions on a few columns that hold for exactly one synthetic row. In a population a narrow
condition singles out somebody by chance, so that the same conditions are tried on as many rows that nobody has seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.attacks.guesses import Guesses, risk, strongest
from fidelia.attacks.targets import NO_EVIDENCE, Targets, known, modelled, targets
from fidelia.errors import NotApplicable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.result import Result

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Condition = list[tuple[str, float, float]]  # column, lowest and highest value; NaN: missing

CONDITIONS, TRIES = 600, 4_000
MOST = 4_000
KINDS = {"one column": (1, False), "two columns": (2, False), "four columns": (4, False), "a narrow box": (4, True)}
BOX = 0.01


def singling_out(case: Case) -> Result:
    """PRV12: singling-out risk; 0 when conditions single out train rows no more often than strangers.

    Conditions on one, two and four columns (numbers from the row's value outwards) and narrow boxes on four (numbers
    within 1 % of the ranks); the strongest kind is chosen on one half and judged on the other.
    """
    at = targets(case, "PRV12")
    n = min(len(at.train), len(at.synthetic), MOST)
    at = Targets(case, at.train[:n], at.holdout[:n], at.synthetic[:n])
    names = known(case, "") or modelled(case)
    attacks = [_attack(at, names, words, min(width, len(names)), box) for words, (width, box) in KINDS.items()]
    usable = [attack for attack in attacks if len(attack.train) >= 20]
    if not usable:
        raise NotApplicable("DEGENERATE_COLUMN", "no condition on a few columns describes exactly one synthetic row")
    return risk([strongest(usable)], at.n, (NO_EVIDENCE,))


def _attack(at: Targets, names: list[str], words: str, width: int, box: bool) -> Guesses:
    """Try conditions of one kind on train rows, on the holdout, and conditions that fit no row in particular."""
    rng = at.case.rng.child(f"PRV12/{words}")
    columns = {side: _columns(at, side, names) for side in ("train", "holdout", "synthetic")}
    made = columns["synthetic"]
    ranges = {name: _ranges(made[name], at.case.values[name].levels is None, box) for name in names}
    found = list(_singling(made, ranges, width, rng.child("conditions").generator()))
    hits = {side: _single(columns[side], found) for side in ("train", "holdout")}
    generator = rng.child("blind").generator()
    blind = [_condition(ranges, width, generator, together=False) for _ in found]
    return Guesses("a row", words, hits["train"], hits["holdout"], _single(columns["train"], blind))


def _columns(at: Targets, side: str, names: list[str]) -> dict[str, NDArray[Any]]:
    return {name: getattr(at.case.values[name], side)[getattr(at, side)] for name in names}


def _ranges(values: NDArray[Any], continuous: bool, box: bool) -> Floats:
    """Return the lowest and highest value that each row's condition on a column allows, ``(n, 2)``."""
    own = values.astype(np.float64)
    if not continuous or np.isnan(own).all():
        return np.column_stack([own, own])
    if box:
        known = np.sort(own[~np.isnan(own)])
        reach = max(1, int(BOX * len(known)))
        low, high = np.searchsorted(known, own, "left") - reach, np.searchsorted(known, own, "right") - 1 + reach
        ends = np.column_stack([known[np.clip(low, 0, len(known) - 1)], known[np.clip(high, 0, len(known) - 1)]])
        return np.where(np.isnan(own)[:, None], np.nan, ends)
    upper = own >= np.nanmedian(own)
    ends = np.column_stack([np.where(upper, own, -np.inf), np.where(upper, np.inf, own)])
    return np.where(np.isnan(own)[:, None], np.nan, ends)


def _singling(
    columns: dict[str, NDArray[Any]], ranges: dict[str, Floats], width: int, generator: np.random.Generator
) -> Iterator[Condition]:
    """Yield conditions that hold for exactly one synthetic row, each once."""
    seen: set[str] = set()
    for _ in range(min(TRIES, 10 * len(next(iter(columns.values()))))):
        condition = _condition(ranges, width, generator, together=True)
        if (key := repr(condition)) in seen or _holds(columns, condition).sum() != 1:
            continue
        seen.add(key)
        yield condition
        if len(seen) == CONDITIONS:
            return


def _condition(ranges: dict[str, Floats], width: int, generator: np.random.Generator, *, together: bool) -> Condition:
    """Return a condition on random columns that fits one synthetic row, or a different row in each column."""
    names = list(ranges)
    n = len(ranges[names[0]])
    rows = np.full(width, generator.integers(n)) if together else generator.integers(n, size=width)
    places = np.sort(generator.choice(len(names), width, replace=False))
    return [(names[i], *ranges[names[i]][row].tolist()) for i, row in zip(places, rows, strict=True)]


def _holds(columns: dict[str, NDArray[Any]], condition: Condition) -> Bools:
    """Return the rows for which a condition holds."""
    kept = np.ones(len(next(iter(columns.values()))), dtype=bool)
    for name, low, high in condition:
        values = columns[name]
        kept &= np.isnan(values) if np.isnan(low) else (values >= low) & (values <= high)
    return kept


def _single(columns: dict[str, NDArray[Any]], conditions: list[Condition]) -> Bools:
    return np.array([_holds(columns, condition).sum() == 1 for condition in conditions], dtype=bool)
