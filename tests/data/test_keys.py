"""Row keys: equal for equal rows whatever their encoding, different for different ones."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from fidelia.data.keys import row_keys, value_keys
from fidelia.data.read import read
from fidelia.data.table import Table
from fidelia.schema.infer import infer
from fidelia.schema.kinds import Kind
from fidelia.schema.schema import Column, Schema

MOMENT = datetime(2020, 1, 31, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pa.array([1, None, -3], pa.int32()), pa.array([1, None, -3], pa.int64())),
        (pa.array([1, None, 3], pa.uint8()), pa.array([1.0, None, 3.0])),
        (pa.array([1, None, 2**40 + 1], pa.int64()), pa.array([1.0, float("nan"), 2.0**40 + 1])),
        (pa.array([0.1, 2.5, None]), pa.array([0.1, 2.5, None], pa.float32())),
        (pa.array([0.0, 1.0]), pa.array([-0.0, 1.0])),
        (pa.array(["a", None, "b"]), pa.array(["a", None, "b"], pa.large_string())),
        (pa.array(["a", None, "b"]), pa.array(["a", None, "b"]).dictionary_encode()),
        (pa.DictionaryArray.from_arrays([0, 1], ["a", "b"]), pa.DictionaryArray.from_arrays([2, 1], ["c", "b", "a"])),
        (pa.DictionaryArray.from_arrays([0, None], pa.array([7])), pa.array([7, None])),
        (pa.array([True, None, False]), pa.array([1, None, 0])),
        (pa.array([MOMENT], pa.timestamp("s", "UTC")), pa.array([MOMENT], pa.timestamp("ns", "Asia/Tokyo"))),
        (pa.array([MOMENT.date()], pa.date32()), pa.array([MOMENT.date()], pa.date32()).cast(pa.timestamp("ms"))),
        (pa.array([None, None]), pa.array([None, None], pa.int64())),
        (pa.array([2**63 + 5], pa.uint64()), pa.array([2**63 + 5], pa.uint64())),
    ],
)
def test_equal_values_have_equal_keys(one, other):
    np.testing.assert_array_equal(value_keys(one), value_keys(other))


def test_different_values_have_different_keys():
    values = pa.array([0, 1, -1, 2**24, 2**24 + 1, 2**53, 2**62, None])
    assert len(set(value_keys(values).tolist())) == len(values)
    fractions = pa.array([0.5, 0.25, -0.5, 1e300, 1e-300, 0.1, 0.10001])
    assert len(set(value_keys(fractions).tolist())) == len(fractions)
    assert len(set(value_keys(pa.array(["", "a", "A", "a ", None])).tolist())) == 5


def test_single_precision_joins_what_a_float_cannot_tell_apart():
    near = value_keys(pa.array([0.1, 0.1 + 1e-12, 0.1 + 1e-6]))
    assert near[0] == near[1] != near[2]


def test_rows_are_told_apart_by_column_and_not_by_order():
    table = read(pd.DataFrame({"a": [1, 2, 1], "b": [2, 1, 2], "c": ["x", "x", "x"]}))
    keys = row_keys(table)
    assert keys.dtype == np.uint64
    assert keys[0] == keys[2] != keys[1]
    turned = read(pd.DataFrame({"c": pd.Categorical(["x"] * 2), "b": [2.0, 1.0], "a": [1, 2]}))
    np.testing.assert_array_equal(row_keys(turned), keys[:2])


def test_ids_are_left_out_unless_asked():
    arrow = pa.table({"id": [1, 2], "x": [5, 5]})
    table = Table(arrow, Schema((Column("id", Kind.ID), Column("x", Kind.INTEGER))))
    assert len(set(row_keys(table).tolist())) == 1
    assert len(set(row_keys(table, exclude_ids=False).tolist())) == 2


def test_keys_are_the_same_on_every_machine():
    table = Table(
        pa.table({"a": [1, 2], "s": ["x", None]}), Schema((Column("a", Kind.INTEGER), Column("s", Kind.CATEGORY)))
    )
    assert row_keys(table).tolist() == [12301868953890885504, 10222298824306935830]


def test_no_two_of_many_rows_share_a_key():
    grid = np.stack(np.meshgrid(np.arange(300), np.arange(300))).reshape(2, -1)
    arrow = pa.table({"a": grid[0], "b": grid[1]})
    assert len(np.unique(row_keys(Table(arrow, infer(arrow))))) == 90_000
