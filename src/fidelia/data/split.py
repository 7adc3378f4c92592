"""Train and holdout: by row, by entity, or by time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fidelia.data.images.imageset import ImageSet
from fidelia.data.keys import Keys, row_keys, value_keys
from fidelia.data.table import Table
from fidelia.errors import SchemaError, UsageError
from fidelia.rng import Rng
from fidelia.schema.kinds import Kind
from fidelia.schema.schema import closest
from fidelia.schema.types import is_number

Mask = NDArray[np.bool_]
Rows = TypeVar("Rows", Table, ImageSet)


@dataclass(frozen=True, slots=True)
class Split(Generic[Rows]):
    """Two parts of a table, or of pictures, that share no row.

    Parameters
    ----------
    train : Table or ImageSet
        The rows that generators learn from, in their order.
    holdout : Table or ImageSet
        The rows that they never see, in their order.
    notes : tuple of str
        How the split was made and what to keep in mind.
    """

    train: Rows
    holdout: Rows
    notes: tuple[str, ...] = ()


def split(
    table: Rows,
    *,
    holdout: float = 0.2,
    rng: Rng,
    by: str | None = None,
    time: str | None = None,
    duplicates: Literal["report", "together"] = "report",
) -> Split[Rows]:
    """Set rows aside that no generator sees.

    Rows are drawn so that each level of a categorical target has the same share on both sides. Equal rows may
    fall on both sides: in tables of few levels they are natural, and moving them together would take the commonest
    rows from one side. Their number is said in the notes.

    Parameters
    ----------
    table : Table or ImageSet
        All rows. The labels of pictures are their target.
    holdout : float
        Share of rows (of entities with `by`) to set aside, in (0, 1).
    rng : Rng
        Where chance comes from.
    by : str or None
        A column that names entities (persons, shops): no entity stands on both sides.
    time : str or None
        A column of times or numbers: the last share is set aside, rows of one instant together.
    duplicates : {"report", "together"}
        Whether equal rows may stand on both sides, or are kept together on one.

    Raises
    ------
    UsageError
        When `holdout` is not in (0, 1), a column does not exist, or both `by` and `time` are given.
    SchemaError
        When one side would be empty.

    Examples
    --------
    >>> import fidelia as fd
    >>> real = fd.read(fd.sample_path("adult")).take(range(100))
    >>> parts = fd.split(real, holdout=0.2, rng=fd.Rng(0))
    >>> len(parts.train), len(parts.holdout)
    (80, 20)
    """
    if isinstance(table, ImageSet):
        chosen, notes = _chosen(table.table(), holdout, rng, by, time, duplicates)
    else:
        chosen, notes = _chosen(table, holdout, rng, by, time, duplicates)
    return Split(table.take(np.flatnonzero(~chosen)), table.take(np.flatnonzero(chosen)), tuple(notes))


def _chosen(
    table: Table, holdout: float, rng: Rng, by: str | None, time: str | None, duplicates: str
) -> tuple[Mask, list[str]]:
    """Return which rows are set aside, and what is to be said of it."""
    _check(table, holdout, by, time)
    keys = row_keys(table)
    if time is not None:
        chosen, notes = _by_time(table, time, holdout)
    elif by is not None:
        chosen, notes = _by_entity(table, by, holdout, rng)
    elif duplicates == "together":
        chosen, notes = _together(keys, holdout, rng)
    else:
        chosen, notes = _by_row(table, holdout, rng)
    _refuse_empty(chosen, len(table))
    return chosen, [*notes, *_straddling(keys, chosen)]


def _check(table: Table, holdout: float, by: str | None, time: str | None) -> None:
    if not 0 < holdout < 1:
        raise UsageError(f"holdout is {holdout}; it is a share between 0 and 1, such as 0.2")
    if by is not None and time is not None:
        raise UsageError(f"split by {by!r} or by time {time!r}, not by both")
    for name in (by, time):
        if name is not None and name not in table.schema:
            raise UsageError(f"no column {name!r} to split by{closest(name, table.schema.names)}")


def _refuse_empty(chosen: Mask, rows: int) -> None:
    if chosen.all() or not chosen.any():
        side = "train" if chosen.all() else "holdout"
        raise SchemaError(f"the {side} side of a split of {rows:,} rows is empty; choose another share or column")


def _by_row(table: Table, holdout: float, rng: Rng) -> tuple[Mask, list[str]]:
    strata, said = _strata(table)
    return _systematic(strata, holdout, rng), [f"rows drawn at random{said}"]


def _strata(table: Table) -> tuple[NDArray[np.int64], str]:
    target = table.schema.target
    if target is None or table.schema[target].kind not in (Kind.CATEGORY, Kind.BOOLEAN):
        return np.zeros(len(table), dtype=np.int64), ""
    _, codes = np.unique(value_keys(table[target]), return_inverse=True)
    return codes.astype(np.int64), f" within the levels of {target!r}"


def _systematic(strata: NDArray[np.int64], holdout: float, rng: Rng) -> Mask:
    """Take every ``1 / holdout``-th row of a random order that is sorted by stratum.

    Each stratum gets its share to within one row, and the whole its share to within one.
    """
    generator = rng.child("split").generator()
    shuffled = generator.permutation(len(strata))
    ordered = shuffled[np.argsort(strata[shuffled], kind="stable")]
    steps = np.floor(np.arange(len(strata) + 1) * holdout + generator.random())
    chosen = np.zeros(len(strata), dtype=bool)
    chosen[ordered[np.diff(steps) > 0]] = True
    return chosen


def _by_entity(table: Table, by: str, holdout: float, rng: Rng) -> tuple[Mask, list[str]]:
    """Draw entities; rows without one are entities of their own."""
    values = table[by]
    keys = value_keys(values)
    gone = values.is_null().to_numpy(zero_copy_only=False)
    keys[gone] = keys[gone] + np.arange(gone.sum(), dtype=np.uint64)
    _, entity = np.unique(keys, return_inverse=True)
    count = int(entity.max()) + 1
    chosen = _systematic(np.zeros(count, dtype=np.int64), holdout, rng)
    notes = [f"{count:,} entities of {by!r} drawn at random; none stands on both sides"]
    if gone.any():
        notes.append(f"{int(gone.sum()):,} rows without {by!r} count as entities of their own")
    return chosen[entity], notes


def _together(keys: Keys, holdout: float, rng: Rng) -> tuple[Mask, list[str]]:
    """Draw groups of equal rows in a random order until the share of rows is reached."""
    _, group, sizes = np.unique(keys, return_inverse=True, return_counts=True)
    order = rng.child("split").generator().permutation(len(sizes))
    taken = order[np.cumsum(sizes[order]) <= max(holdout * len(keys), 1)]
    chosen = np.zeros(len(sizes), dtype=bool)
    chosen[taken] = True
    return chosen[group], ["rows drawn at random, equal rows together"]


def _by_time(table: Table, time: str, holdout: float) -> tuple[Mask, list[str]]:
    """Cut at the instant that comes nearest to the share."""
    moments, gone = _moments(table[time], time)
    later = np.sort(moments[~gone])
    if not later.size:
        raise SchemaError(f"column {time!r}: has no value at all; it cannot order rows in time")
    wanted = len(later) - round(holdout * len(later))
    instants, firsts = np.unique(later, return_index=True)
    cut = instants[np.argmin(np.abs(firsts - wanted))]
    notes = [f"the last rows by {time!r} set aside; rows of one instant stand together"]
    if gone.any():
        notes.append(f"{int(gone.sum()):,} rows without {time!r} stay in train")
    return (moments >= cut) & ~gone, notes


def _moments(values: pa.Array, name: str) -> tuple[NDArray[np.float64], Mask]:
    gone = values.is_null().to_numpy(zero_copy_only=False)
    kind = values.type
    if pa.types.is_temporal(kind):
        values = values.cast(pa.timestamp("us", getattr(kind, "tz", None)), safe=False).cast(pa.int64())
    elif not is_number(kind):
        raise SchemaError(f"column {name!r}: holds {kind}, which does not order rows in time; choose times or numbers")
    return pc.fill_null(values.cast(pa.float64(), safe=False), 0.0).to_numpy(zero_copy_only=False), gone


def _straddling(keys: Keys, chosen: Mask) -> tuple[str, ...]:
    """Say how many rows of the holdout have an equal row in train."""
    twins = np.isin(keys[chosen], keys[~chosen])
    if not twins.any():
        return ()
    count, share = int(twins.sum()), float(twins.mean())
    return (f"{count:,} rows of the holdout ({share:.1%}) have an equal row in train",)
