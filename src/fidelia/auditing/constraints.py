"""Constraints that the real rows declare without having been told, and which synthetic rows break them.

Of single columns: levels, missing values, whole numbers, unique keys; between columns: what determines, bounds or
adds up to what. Fresh real rows may break them too, seldom: a constraint counts only where so many synthetic rows
break it that at most a share q of them would be fresh real rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.completeness.constraints import (
    Violation,
    as_numbers,
    broken_by,
    rules,
    unseen,
    violations,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case

__all__ = ["Broken", "Violation", "broken", "unseen", "violations"]

MOST_COLUMNS = 100


@dataclass(frozen=True, slots=True, eq=False)
class Broken:
    """Rows that break one constraint.

    Parameters
    ----------
    columns : tuple of str
    rule : str
        In words.
    rows : (M,) bool
    """

    columns: tuple[str, ...]
    rule: str
    rows: NDArray[np.bool_]


def broken(case: Case, q: float) -> list[Broken]:
    """Return the constraints that more synthetic rows break than fresh real rows would, at false discovery rate q."""
    real = [case.train] if case.holdout is None else [case.train, case.holdout]
    m = len(case.synthetic)
    found = [
        Broken((each.column,), each.rule, each.rows)
        for each in violations(case.synthetic, real)
        if m * each.chance <= q * each.rows.sum()
    ]
    if case.holdout is None or not 2 <= len(case.values) <= MOST_COLUMNS:
        return found
    return [*found, *_between(case, q)]


def _between(case: Case, q: float) -> list[Broken]:
    """Return the rules between columns that every train row keeps and that are broken.

    That of a fresh row is taken to be as likely as the holdout says: (1 + rows that break it) / (n + 1).
    """
    believed = rules(case)
    synthetic, fresh = (
        broken_by(believed, {name: as_numbers(v, side) for name, v in case.values.items()}, len(getattr(case, side)))
        for side in ("synthetic", "holdout")
    )
    chance = (1 + fresh.sum(axis=0)) / (1 + len(fresh))
    return [
        Broken(rule.columns, f"breaks: {rule}", synthetic[:, i])
        for i, rule in enumerate(believed)
        if 0 < len(synthetic) * chance[i] <= q * synthetic[:, i].sum()
    ]
