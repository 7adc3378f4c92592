"""Formats of words: which shapes do train's values have, and do the other values keep to them?

A shape replaces letters and digits by their class. Learnt is the finest of three kinds of shapes that train's rows
exhaust: where a fresh real row hardly ever brings a new one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fidelia.errors import NotApplicable
from fidelia.measure.beside import beside
from fidelia.measure.columns.ranked import column_lines
from fidelia.measure.completeness.constraints import CLOSED, unseen
from fidelia.schema.kinds import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.result import Result

    Codes = NDArray[np.int64]

CLASSES = ((r"\p{Nd}", "9"), (r"\p{Lu}", "A"), (r"\p{L}", "a"))
MARKS = (
    ("characters", ()),
    ("runs", (("9+", "9"), ("A+", "A"), ("a+", "a"), (r"\s+", " "))),
    ("runs of letters or digits", (("[9Aa]+", "a"), (r"\s+", " "))),
)
FEWEST = 20
HELD = 10
MOST_LEVELS = 100
DATE = re.compile(r"^9{4}-99-99")


def formats(case: Case) -> Result:
    """CMP07: the share of present values whose shape train has, mean over columns of words that have a format.

    Looked at are ids, texts, and categories of so many levels that new ones are expected. Dates written as text must
    also be dates of the calendar.
    """
    tables = {"train": case.contrast.case.train, "synthetic": case.synthetic, "holdout": case.contrast.case.unseen}
    found: dict[str, tuple[str, dict[str, Codes]]] = {}
    for column in case.schema:
        if column.kind not in (Kind.ID, Kind.TEXT, Kind.CATEGORY):
            continue
        values = {side: words(table[column.name]) for side, table in tables.items()}
        if _open(column.kind, values["train"]) and (learnt := shapes(values)) is not None:
            found[column.name] = learnt
    if not found:
        raise NotApplicable("UNSUPPORTED_TYPE", "no column of words has a format that its rows exhaust")
    names = list(found)
    sides = {side: np.column_stack([found[name][1][side] for name in names]) for side in tables}

    def score(real: Codes, other: Codes) -> NDArray[np.float64]:
        return np.array([adherence(real[:, j], other[:, j]) for j in range(len(names))])

    measured = beside(case, "CMP07", lambda _: sides, score)
    lines = column_lines(measured, names, shape=[found[name][0] for name in names])
    return measured.result(low=0.0, high=1.0, breakdown={"columns": lines})


def words(array: pa.Array) -> pa.Array:
    """Return a column as words."""
    plain = array.dictionary_decode() if isinstance(array, pa.DictionaryArray) else array
    return plain if pa.types.is_string(plain.type) else plain.cast(pa.string())


def _open(kind: Kind, values: pa.Array) -> bool:
    if kind in (Kind.ID, Kind.TEXT):
        return bool(len(values) - values.null_count >= FEWEST)
    return kind is Kind.CATEGORY and bool(pc.count_distinct(values).as_py() > MOST_LEVELS)


def shapes(values: dict[str, pa.Array]) -> tuple[str, dict[str, Codes]] | None:
    """Return the kind of shape that train's rows exhaust, and each value's shape as a code; missing is -1.

    None where even the coarsest keeps changing: free text has no format.
    """
    classed = {side: _classed(array) for side, array in values.items()}
    for name, marks in MARKS:
        marked = classed
        for pattern, mark in marks:
            marked = {side: pc.replace_substring_regex(array, pattern, mark) for side, array in marked.items()}
        present = marked["train"].drop_null()
        if len(present) and unseen(present) < CLOSED:
            return name, _coded(marked)
    return None


def _classed(values: pa.Array) -> pa.Array:
    """Replace letters and digits by their class; mark dates that no calendar has."""
    out = values
    for pattern, mark in CLASSES:
        out = pc.replace_substring_regex(out, pattern, mark)
    return pc.if_else(pc.fill_null(_impossible(values, out), False), pc.binary_join_element_wise(out, "!", ""), out)


def _impossible(values: pa.Array, shapes: pa.Array) -> pa.Array:
    """Say which values are written as ISO dates that do not exist, such as 2023-02-30."""
    written = pc.match_substring_regex(shapes, DATE.pattern)
    if not pc.any(written).as_py():
        return written
    day = pc.utf8_slice_codeunits(values, 0, 10)
    parsed = pc.strptime(day, format="%Y-%m-%d", unit="s", error_is_null=True)
    again = pc.strftime(parsed, format="%Y-%m-%d")
    return pc.and_(written, pc.not_equal(pc.fill_null(again, ""), day))


def _coded(marked: dict[str, pa.Array]) -> dict[str, Codes]:
    known = pc.unique(pa.chunked_array(list(marked.values())).cast(pa.string())).drop_null()
    return {
        side: np.asarray(pc.fill_null(pc.index_in(array, known), -1).to_numpy(zero_copy_only=False), dtype=np.int64)
        for side, array in marked.items()
    }


def adherence(real: Codes, other: Codes) -> float:
    """Return the share of present shapes that are among the real ones; NaN where there is none."""
    present = other[other >= 0]
    return float(np.isin(present, real[real >= 0]).mean()) if len(present) else float("nan")
