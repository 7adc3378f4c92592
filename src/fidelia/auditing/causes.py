"""Why a row is flagged: the columns that caused it, and those of a copy that equal its original."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fidelia.auditing.verdicts import Reason
from fidelia.data.images.imageset import picture_column
from fidelia.errors import NotApplicable
from fidelia.measure.space.embed import by_columns
from fidelia.measure.support.level_set import NEIGHBOUR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.auditing.marks import Marks
    from fidelia.auditing.scores import Scores
    from fidelia.measure.case import Case
    from fidelia.measure.space.tabular import Tabular
    from fidelia.measure.values import Values

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

MOST = 3
CHUNK = 10_000
EQUAL = 1e-9  # share of the squared distance below which a column of a copy equals its original


@dataclass(frozen=True, slots=True)
class Cause:
    """A column that had a part in a flag.

    Parameters
    ----------
    column : str
    contribution : float
        Its part, in [0, 1]: of the squared distance to the nearest real rows, or of the constraint or combination.
    rarity : float or None
        Share of real rows whose value is as rare: that hold the same level, or lie as far out as the number. None for
        ids and texts.
    in_support : bool or None
        Whether real rows hold the level, or hold numbers on both sides of it.
    """

    column: str
    contribution: float
    rarity: float | None
    in_support: bool | None


def causes(case: Case, scored: Scores, marks: Marks) -> dict[int, tuple[Cause, ...]]:
    """Return the columns that caused each flag but those of copies, those of the gravest reason first."""
    parts: dict[int, dict[str, float]] = {}
    holders: dict[str, list[int]] = {}
    for row, names in _named(case, scored, marks):
        of = parts.setdefault(row, {})
        for name, part in names:
            if name not in of:
                of[name] = part
                holders.setdefault(name, []).append(row)
    rare = {name: _rarity(case.values.get(name), np.array(rows)) for name, rows in holders.items()}
    return {row: tuple(Cause(name, part, *rare[name][row]) for name, part in of.items()) for row, of in parts.items()}


def _named(case: Case, scored: Scores, marks: Marks) -> Iterator[tuple[int, list[tuple[str, float]]]]:
    """Yield rows with columns and their parts, gravest reason first."""
    for each in marks.broken:
        for row in np.flatnonzero(each.rows).tolist():
            yield row, [(name, 1 / len(each.columns)) for name in each.columns]
    rows = marks.any_of(Reason.OOD)
    around = case.embedded.rows["train"][scored.near.index[rows, :NEIGHBOUR]]
    for row, shares in _shares(case, rows, around):
        yield row, [(name, share) for name, share in shares[:MOST] if share >= 0.5 / MOST]
    if marks.combinations is not None:
        rows = marks.any_of(Reason.RARE_COMBO)
        for row, pair in zip(rows.tolist(), marks.combinations.pair[rows], strict=True):
            yield row, [(marks.combinations.axes[i].name, 0.5) for i in pair]
        rows = marks.any_of(Reason.DETECTABLE)
        for row, names in zip(rows.tolist(), marks.combinations.crowded(rows), strict=True):
            yield row, [(name, 1 / len(names)) for name in names]


def matched(case: Case, marks: Marks) -> dict[int, tuple[str, ...]]:
    """Return the columns in which each copy equals the train row that it repeats."""
    copies = marks.any_of(Reason.COPY, Reason.NEAR_COPY)
    shares = _shares(case, copies, marks.source[copies, None])
    found = {row: tuple(n for n, share in of if share < EQUAL) for row, of in shares}
    if marks.parts is not None:
        for row in marks.any_of(Reason.PARTIAL_COPY).tolist():
            found[row] = tuple(n for n, same in zip(marks.parts.names, marks.parts.same[row], strict=True) if same)
    return found


def _shares(case: Case, rows: Ints, near: Ints) -> Iterator[tuple[int, list[tuple[str, float]]]]:
    """Yield rows with their columns' mean shares of the squared distance to train rows `near`, largest first."""
    if not len(rows) or (embedding := _space(case)) is None:
        return
    for start in range(0, len(rows), CHUNK):
        part, to = rows[start : start + CHUNK], near[start : start + CHUNK]
        of = embedding.transform(case.synthetic.take(part))
        each = [embedding.shares(of, embedding.transform(case.train.take(at))) for at in to.T]
        for row, shares in zip(part.tolist(), np.mean(each, axis=0).tolist(), strict=True):
            yield row, sorted(zip(embedding.blocks, shares, strict=True), key=lambda item: -item[1])


def _space(case: Case) -> Tabular | None:
    """Return where distances can be told by columns; None for pictures, whose labels have no part in distances."""
    if picture_column(case.schema) is not None:
        return None
    try:
        return by_columns(case)
    except NotApplicable:
        return None


def _rarity(values: Values | None, rows: Ints) -> Mapping[int, tuple[float | None, bool | None]]:
    """Return for some synthetic rows how rare their value is among real rows, and whether real rows reach it."""
    if values is None:  # an id or a text
        return dict.fromkeys(rows.tolist(), (None, None))
    real = values.train if values.holdout is None else np.concatenate([values.train, values.holdout])
    made = values.synthetic[rows]
    share, inside = _levels(values, real, made) if values.levels is not None else _numbers(real, made)
    return dict(zip(rows.tolist(), zip(share.tolist(), inside.tolist(), strict=True), strict=True))


def _levels(values: Values, real: Ints, made: Ints) -> tuple[Floats, Mask]:
    count = np.bincount(real, minlength=values.codes)[made]
    return count / len(real), count > 0


def _numbers(real: Floats, made: Floats) -> tuple[Floats, Mask]:
    """Twice the smaller tail; of a missing value the share of missing ones."""
    ordered = np.sort(real[~np.isnan(real)])
    below, above = np.searchsorted(ordered, made, side="right"), len(ordered) - np.searchsorted(ordered, made)
    gone, absent = np.isnan(made), 1 - len(ordered) / len(real)
    share = np.where(gone, absent, np.minimum(2 * np.minimum(below, above) / len(real), 1.0))
    return share, np.where(gone, absent > 0, (below > 0) & (above > 0))
