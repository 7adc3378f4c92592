"""Constraints that the real rows declare."""

import pandas as pd
import pytest

from fidelia.auditing.constraints import violations
from fidelia.data.align import align
from fidelia.data.read import read

REAL = pd.DataFrame(
    {
        "customer_id": [f"C{i:04d}" for i in range(40)],
        "age": [20 + i % 30 for i in range(40)],
        "city": ["Oslo", "Bergen"] * 20,
        "note": [None, "a"] * 20,
    }
)


def _found(change: dict[str, object]) -> list[tuple[str, str, list[int]]]:
    real = read(REAL, kinds={"customer_id": "id", "age": "integer", "city": "category", "note": "category"})
    frame = REAL.assign(customer_id=[f"D{i:04d}" for i in range(40)]).assign(**change)
    synthetic = align(read(frame), real, "synthetic")
    return [(v.column, v.rule, v.rows.nonzero()[0].tolist()) for v in violations(synthetic, [real])]


def test_real_like_rows_break_nothing() -> None:
    assert _found({}) == []


@pytest.mark.parametrize(
    ("change", "column", "rule", "rows"),
    [
        ({"city": ["Paris", *["Oslo"] * 39]}, "city", "has a level that no real row has", [0]),
        ({"age": [20.5, *[30.0] * 39]}, "age", "is not a whole number", [0]),
        ({"city": [None, *["Oslo"] * 39]}, "city", "is missing, and never is in the real rows", [0]),
        ({"customer_id": ["X", "X", *map(str, range(38))]}, "customer_id", "repeats an id, and ids are unique", [1]),
    ],
)
def test_each_rule_names_its_column_and_rows(change: dict, column: str, rule: str, rows: list[int]) -> None:
    assert _found(change) == [(column, rule, rows)]
