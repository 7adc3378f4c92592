"""Groups of rows by a sensitive column, and the outcomes that are compared between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.result import Caveat

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.values import Values

    Ints = NDArray[np.int64]

FEWEST = 30
QUARTILED = 400
OUTCOMES = 10


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """The groups of one sensitive column.

    Parameters
    ----------
    column : str
    names : list of str
        Levels of thirty rows or more in each real table, the rarer ones joined; quarters (or halves) of a number.
    codes : dict of str to (n,) int64
        The group of each row, by side; -1 where it is in none.
    left_out : int
        Train rows in no group, because even joined they are too few.
    """

    column: str
    names: list[str]
    codes: dict[str, Ints]
    left_out: int


def groups_of(case: Case) -> tuple[list[Groups], tuple[Caveat, ...]]:
    """Return the groups of each sensitive column that has two or more, and what must be said of the others.

    Raises
    ------
    NotApplicable
        ``NEEDS_SENSITIVE``, or ``DEGENERATE_COLUMN`` where no sensitive column has two groups.
    """
    names = [name for name in case.sensitive if name in case.values]
    found = [_groups(case.values[name]) for name in names]
    kept = [groups for groups in found if len(groups.names) > 1]
    if not kept:
        text = f"no sensitive column has two groups of {FEWEST} rows in each real table"
        raise NotApplicable("DEGENERATE_COLUMN", text)
    return kept, _caveats(found, [name for name in case.sensitive if name not in [g.column for g in kept]])


def classes_of(case: Case) -> tuple[list[Groups], tuple[Caveat, ...]]:
    """Return the groups of the target of a case, and what must be said of small ones.

    Raises
    ------
    NotApplicable
        ``NEEDS_TARGET``, or ``DEGENERATE_COLUMN`` where the target has no two groups.
    """
    name = case.target
    found = _groups(case.values[name]) if name in case.values else None
    if found is None or len(found.names) < 2:
        raise NotApplicable("DEGENERATE_COLUMN", f"{name!r} has no two groups of {FEWEST} rows in each real table")
    return [found], _caveats([found], [])


def _groups(values: Values) -> Groups:
    sides = {side: getattr(values, side) for side in ("train", "synthetic", "holdout")}
    known = {side: array for side, array in sides.items() if array is not None}
    names, codes = _cut(values, known) if values.levels is None else _levels(values, known)
    real = [codes[side] for side in codes if side != "synthetic"]
    least = np.min([np.bincount(side, minlength=len(names)) for side in real], axis=0)
    return _joined(values.name, names, codes, least >= FEWEST)


def _levels(values: Values, sides: dict[str, NDArray[Any]]) -> tuple[list[str], dict[str, Ints]]:
    return [*(values.levels or ()), "(missing)"], {side: array.astype(np.int64) for side, array in sides.items()}


def _cut(values: Values, sides: dict[str, NDArray[Any]]) -> tuple[list[str], dict[str, Ints]]:
    """Cut a number at train's quartiles, or at its median where there are few rows; missing is a group of its own."""
    known = values.train[~np.isnan(values.train)]
    parts = ["1st quarter", "2nd quarter", "3rd quarter", "4th quarter"]
    parts = parts if len(known) >= QUARTILED else ["lower half", "upper half"]
    edges = np.quantile(known, np.arange(1, len(parts)) / len(parts)) if len(known) else np.zeros(len(parts) - 1)
    codes = {
        side: np.where(np.isnan(array), len(parts), np.searchsorted(edges, array, side="left")).astype(np.int64)
        for side, array in sides.items()
    }
    return [*parts, "(missing)"], codes


def _joined(column: str, names: list[str], codes: dict[str, Ints], enough: NDArray[np.bool_]) -> Groups:
    """Keep the groups that are large enough, and the others joined where they are together."""
    place = np.full(len(names), -1, dtype=np.int64)
    place[enough] = np.arange(enough.sum())
    kept = [name for name, large in zip(names, enough, strict=True) if large]
    rest = {side: ~enough[array] for side, array in codes.items()}
    if min(int(rest[side].sum()) for side in rest if side != "synthetic") >= FEWEST:
        place[~enough] = len(kept)
        kept.append("(other)")
    placed = {side: place[array] for side, array in codes.items()}
    return Groups(column, kept, placed, int((placed["train"] < 0).sum()))


def _caveats(found: list[Groups], without: list[str]) -> tuple[Caveat, ...]:
    said = [f"{g.left_out:,} train rows of {g.column!r} in groups of fewer than {FEWEST}" for g in found if g.left_out]
    if without:
        said.append(f"the columns {', '.join(without)}, which have no two groups of {FEWEST} rows")
    return (Caveat("SMALL_GROUPS", f"Left out: {'; '.join(said)}."),) if said else ()


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """What is compared between groups: shares of rows.

    Parameters
    ----------
    names : list of str
        A level of the target (the second of two, each of more), or ``"above the median"`` of train.
    hits : dict of str to (n, outcomes) bool
    rows : dict of str to (n,) bool
        Which rows have a target at all.
    threshold : float
        Train's median; 0 where the target is a class.
    codes : list of int
        The classes; empty where the target is a number.
    """

    names: list[str]
    hits: dict[str, NDArray[np.bool_]]
    rows: dict[str, NDArray[np.bool_]]
    threshold: float
    codes: list[int]

    def of(self, predicted: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return the outcomes that a model decides for, ``(n, outcomes)``, from its numbers or probabilities."""
        if not self.codes:
            return np.asarray(predicted > self.threshold)[:, None]
        return np.asarray(predicted.argmax(axis=1)[:, None] == np.array(self.codes))


def outcomes_of(case: Case) -> Outcomes:
    """Return the outcomes of the target of a case.

    Raises
    ------
    NotApplicable
        ``NEEDS_TARGET``, ``UNSUPPORTED_TYPE`` or ``DEGENERATE_COLUMN``.
    """
    name = case.target
    if name not in case.values:
        raise NotApplicable("UNSUPPORTED_TYPE", f"the target {name!r} is an id or a text")
    values = case.values[name]
    sides = {side: getattr(values, side) for side in ("train", "synthetic", "holdout")}
    known = {side: array for side, array in sides.items() if array is not None}
    if values.levels is None:
        present = values.train[~np.isnan(values.train)]
        median = float(np.median(present)) if len(present) else np.nan
        if not (present > median).any():
            raise NotApplicable("DEGENERATE_COLUMN", f"the target {name!r} does not vary in train")
        hits = {side: (array > median)[:, None] for side, array in known.items()}
        rows = {side: ~np.isnan(array) for side, array in known.items()}
        return Outcomes(["above the median"], hits, rows, median, [])
    counts = np.bincount(values.train, minlength=values.codes)[:-1]
    levels = [int(code) for code in np.argsort(-counts, kind="stable") if counts[code] >= FEWEST][:OUTCOMES]
    if len(levels) < 2:
        raise NotApplicable("DEGENERATE_COLUMN", f"the target {name!r} has no two classes of {FEWEST} train rows")
    chosen = [max(levels)] if len(levels) == 2 else levels
    hits = {side: array[:, None] == np.array(chosen) for side, array in known.items()}
    rows = {side: array < values.codes - 1 for side, array in known.items()}
    return Outcomes([values.levels[code] for code in chosen], hits, rows, 0.0, chosen)
