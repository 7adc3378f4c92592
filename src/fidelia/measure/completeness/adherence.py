"""Validity of single columns: types, bounds and levels as in train."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from fidelia.errors import NotApplicable
from fidelia.measure.columns.ranked import SHOWN, beside_columns, column_lines, columns_of
from fidelia.measure.result import Result
from fidelia.measure.values import missing, numbers
from fidelia.schema.types import is_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.measure.case import Case

    Floats = NDArray[np.float64]


def bounds(case: Case) -> Result:
    """CMP04: the share of present values between train's smallest and largest, mean over columns of numbers."""
    columns, caveats = columns_of(case, continuous=True)
    found = beside_columns(case, "CMP04", columns, lambda _, real, other: within(real[:-1], other[:-1]))
    lines = column_lines(found, columns.names)
    return found.result(low=0.0, high=1.0, breakdown={"columns": lines}, caveats=(*caveats, *columns.caveats))


def within(real: Floats, other: Floats) -> float:
    """Return the share of the other values between the ends of the real ones, by counts on one grid.

    References
    ----------
    The definition of SDMetrics' BoundaryAdherence.

    Examples
    --------
    >>> within(np.array([0.0, 1.0, 1.0, 0.0]), np.array([1.0, 1.0, 1.0, 1.0]))
    0.5
    """
    if not real.any() or not other.any():
        return float("nan")
    low, high = np.flatnonzero(real)[[0, -1]]
    return float(other[low : high + 1].sum() / other.sum())


def levels(case: Case) -> Result:
    """CMP05: the share of values that are levels of train, missing being one, mean over columns of categories."""
    columns, _ = columns_of(case, continuous=False)
    found = beside_columns(case, "CMP05", columns, lambda _, real, other: float(other[real > 0].sum() / other.sum()))
    lines = column_lines(found, columns.names)
    return found.result(low=0.0, high=1.0, breakdown={"columns": lines}, caveats=columns.caveats)


def types(case: Case) -> Result:
    """CMP01: the share of values that fit train's type, freedom from missing values, and place of the column."""
    names = case.schema.names
    if not names:
        raise NotApplicable("UNSUPPORTED_TYPE", "the table has no columns")
    side = case.contrast
    tables = (case.synthetic, side.case.unseen)
    made, fresh = (np.array([fitting(case.train, table, name) for name in names]) for table in tables)
    said = departures(case.train, case.synthetic)
    lines = [
        {"column": name, "value": made[i], "reference": fresh[i], "departs": said[name]}
        for i, name in enumerate(names)
        if len(names) <= SHOWN or said[name]
    ]
    value = float(made.mean())
    return Result(
        value=value,
        interval=(value, value),
        reference=side.reference(float(fresh.mean()), 0.0),
        n=side.sizes,
        caveats=side.caveats,
        breakdown={"columns": lines[:SHOWN], "departing": sum(bool(found) for found in said.values())},
    )


def fitting(train: Table, other: Table, name: str) -> float:
    """Return the share of a column's values that its column in train could hold, 0 where it stands elsewhere.

    Whole numbers fit columns of whole numbers in any width, and words fit words in any encoding.
    """
    mine, theirs = train[name], other[name]
    if train.schema.names.index(name) != other.schema.names.index(name):
        return 0.0
    kinds = _plain(mine.type), _plain(theirs.type)
    gone = missing(theirs)
    if kinds == ("integer", "float"):
        values = numbers(theirs)
        fits = gone | (values == np.floor(values))
    elif kinds[0] == kinds[1] or set(kinds) == {"integer", "float"} or theirs.null_count == len(theirs):
        fits = np.ones(len(theirs), dtype=bool)
    else:
        return 0.0
    return float((fits if missing(mine).any() else fits & ~gone).mean())


def departures(train: Table, other: Table) -> dict[str, list[str]]:
    """Say for each column of train in what its type, place and missing values differ in another table.

    Names and kinds are alike already: a Case refuses tables in which they are not.
    """
    place = {name: i for i, name in enumerate(other.schema.names)}
    out = {}
    for i, name in enumerate(train.schema.names):
        mine, theirs = _plain(train[name].type), _plain(other[name].type)
        said = [f"type {theirs}, not {mine}"] if mine != theirs else []
        said += [f"column {place[name] + 1}, not {i + 1}"] if place[name] != i else []
        said += ["missing values"] if missing(other[name]).any() and not missing(train[name]).any() else []
        out[name] = said
    return out


def _plain(kind: pa.DataType) -> str:
    """Name a type by what it holds: how words are encoded and how wide whole numbers are is the file's affair."""
    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    if pa.types.is_integer(kind):
        return "integer"
    if pa.types.is_floating(kind):
        return "float"
    if pa.types.is_timestamp(kind):
        return "timestamp with zone" if kind.tz else "timestamp"
    return "string" if is_text(kind) else str(kind)
