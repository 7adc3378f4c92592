"""Keys: unique where train's are, and references that find what they refer to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.data.keys import value_keys
from fidelia.errors import NotApplicable
from fidelia.measure.beside import beside
from fidelia.measure.columns.ranked import column_lines
from fidelia.measure.values import missing
from fidelia.schema.kinds import Kind, Role

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.result import Result

    Keys = NDArray[np.uint64]

MISSING = np.uint64(0)


def uniqueness(case: Case) -> Result:
    """CMP06: the share of rows whose key is present and stands no more often than any key does in train.

    Where train's keys are unique that is the share of rows with a key of their own. How many rows a key has at
    least, which fewer rows cannot tell, is compared at all rows, in the breakdown.
    """
    names = [c.name for c in case.schema if c.kind is Kind.ID or c.role is Role.KEY]
    if not names:
        raise NotApplicable("UNSUPPORTED_TYPE", "no column is an id or a key")
    sides = _sides(case.contrast.case, names)
    train = sides["train"]
    allowed = [cardinality(train[:, j])[1] for j in range(len(names))]
    nullable = [bool((train[:, j] == MISSING).any()) for j in range(len(names))]

    def score(_: Keys, other: Keys) -> NDArray[np.float64]:
        return np.array([unique_share(other[:, j], allowed[j], nullable[j]) for j in range(len(names))])

    found = beside(case, "CMP06", lambda _: sides, score)
    cardinalities = [
        {side: cardinality(sides[side][:, j]) for side in ("train", "synthetic")} for j in range(len(names))
    ]
    lines = column_lines(found, names, rows_per_key=cardinalities)
    return found.result(low=0.0, high=1.0, breakdown={"columns": lines})


def _sides(case: Case, names: list[str]) -> dict[str, Keys]:
    tables: dict[str, Any] = {"train": case.train, "synthetic": case.synthetic, "holdout": case.unseen}
    return {
        side: np.column_stack(
            [np.where(missing(table[n]), MISSING, value_keys(table[n]) | np.uint64(1)) for n in names]
        )
        for side, table in tables.items()
    }


def unique_share(keys: Keys, allowed: int = 1, nullable: bool = False) -> float:
    """Return the share of rows whose key is not one more than the `allowed` ones of its value.

    Parameters
    ----------
    keys : (n,) uint64
        0 is missing.
    allowed : int
        Rows that a key may have.
    nullable : bool
        Whether a key may be missing.

    Examples
    --------
    >>> unique_share(np.array([5, 5, 7, 9], dtype=np.uint64))
    0.75
    """
    if not len(keys):
        return float("nan")
    counts = np.unique(keys[keys != MISSING], return_counts=True)[1]
    kept = np.minimum(counts, allowed).sum() + (nullable * (keys == MISSING).sum())
    return float(kept / len(keys))


def cardinality(keys: Keys) -> tuple[int, int]:
    """Return the fewest and the most rows that a key has; 1 and 1 where there is none."""
    counts = np.unique(keys[keys != MISSING], return_counts=True)[1]
    return (int(counts.min()), int(counts.max())) if len(counts) else (1, 1)


def integrity(child: Keys, parent: Keys) -> float:
    """Return the share of present references that find a row in the table that they refer to.

    For tables that belong together, which a Case, being of one table, does not hold.

    Examples
    --------
    >>> integrity(np.array([3, 4, 0], dtype=np.uint64), np.array([3, 5], dtype=np.uint64))
    0.5
    """
    present = child[child != MISSING]
    return float(np.isin(present, parent).mean()) if len(present) else 1.0
