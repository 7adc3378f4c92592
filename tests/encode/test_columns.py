"""A table comes back from its codes exactly: values, types, order, missing values."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fidelia.data.table import Table, to_arrow
from fidelia.encode.codes import Coded, Continuous, Discrete
from fidelia.encode.columns import TableCoder
from fidelia.errors import BundleError, SchemaError, UsageError
from fidelia.rng import Rng
from fidelia.schema import Column, Kind, Schema

RNG = Rng(0)


def table_of(kind, array, name="x", **column):
    return Table(pa.table({name: array}), Schema((Column(name, kind, **column),)), "pyarrow")


def there_and_back(table, **options):
    coder = TableCoder.restore(json.loads(json.dumps(TableCoder.fit(table, **options).state())))
    return coder.decode(coder.code(table), rng=RNG)


def optional(values, least=1):
    return st.lists(st.none() | values, min_size=least, max_size=30)


INTEGERS = {
    pa.int8(): (-(2**7), 2**7 - 1),
    pa.uint8(): (0, 2**8 - 1),
    pa.int16(): (-(2**15), 2**15 - 1),
    pa.int32(): (-(2**31), 2**31 - 1),
    pa.uint32(): (0, 2**32 - 1),
    pa.int64(): (2**62, 2**62 + 10**9),
    pa.uint64(): (2**63 - 10, 2**63 + 10**6),
}
NUMBERS = [
    *((kind, st.integers(*ends)) for kind, ends in INTEGERS.items()),
    (pa.float64(), st.floats(allow_nan=False, allow_infinity=False)),
    (pa.float32(), st.floats(allow_nan=False, allow_infinity=False, width=32)),
    (pa.float64(), st.integers(-(10**8), 10**8).map(lambda n: n / 100)),
    (pa.decimal128(20, 2), st.integers(-(10**12), 10**12).map(lambda n: Decimal(n).scaleb(-2))),
]
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1))
TIMES = [
    (pa.date32(), st.dates(date(1, 1, 1))),
    (pa.date64(), st.dates(date(1800, 1, 1))),
    (pa.timestamp("s"), MOMENTS.map(lambda t: t.replace(microsecond=0))),
    (pa.timestamp("us"), MOMENTS),
    (pa.timestamp("ns"), MOMENTS.map(lambda t: t.replace(microsecond=0))),
    (pa.timestamp("us", "Europe/Paris"), MOMENTS.map(lambda t: t.replace(tzinfo=UTC))),
    (pa.timestamp("ms", "UTC"), MOMENTS.map(lambda t: t.replace(microsecond=0, tzinfo=UTC))),
    (pa.duration("us"), st.timedeltas(timedelta(-1000), timedelta(1000))),
]
LEVELS = [
    (pa.string(), st.text(max_size=5)),
    (pa.large_string(), st.text(max_size=5)),
    (pa.bool_(), st.booleans()),
    (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    (pa.float64(), st.floats(allow_nan=False, allow_infinity=False).map(lambda x: x + 0.0)),
    (pa.date32(), st.dates()),
    (pa.decimal128(20, 2), st.integers(-(10**12), 10**12).map(lambda n: Decimal(n).scaleb(-2))),
    (pa.timestamp("us", "Asia/Tokyo"), MOMENTS.map(lambda t: t.replace(tzinfo=UTC))),
    (pa.dictionary(pa.int16(), pa.string()), st.sampled_from(["a", "ü", "c d", ""])),
    (pa.dictionary(pa.int8(), pa.int64(), ordered=True), st.integers(-3, 3)),
]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_numbers_and_times_come_back_exactly(data):
    kind, values = data.draw(st.sampled_from(NUMBERS + TIMES))
    table = table_of(Kind.NUMBER, pa.array(data.draw(optional(values)), kind))
    back = there_and_back(table, k=1)
    assert back.arrow.schema.equals(table.arrow.schema)
    assert back["x"].to_pylist() == table["x"].to_pylist()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_levels_come_back_exactly(data):
    kind, values = data.draw(st.sampled_from(LEVELS))
    drawn = data.draw(optional(values))
    array = pa.array(drawn, kind.value_type).dictionary_encode() if pa.types.is_dictionary(kind) else pa.array(drawn)
    array = array.cast(kind) if not pa.types.is_dictionary(kind) else dictionary(array, kind)
    table = table_of(Kind.CATEGORY, array)
    back = there_and_back(table, rare="keep")
    assert back.arrow.schema.equals(table.arrow.schema)
    assert back["x"].to_pylist() == table["x"].to_pylist()


def dictionary(array, kind):
    return pa.DictionaryArray.from_arrays(array.indices.cast(kind.index_type), array.dictionary, ordered=kind.ordered)


@pytest.mark.parametrize(
    ("values", "decimals"),
    [
        ([1.25, 3.5], 2),
        ([1000, 52000], -3),
        ([0.1 + 0.2, 1 / 3], None),
        ([0.0, 0.0], 0),
        ([1e-7, 3e-7], 7),
        ([5.0, np.nan, 7.0], 0),
    ],
)
def test_decimals_are_learnt(values, decimals):
    table = table_of(Kind.NUMBER, pa.array(values, pa.float64()))
    assert TableCoder.fit(table).code(table)["x"].decimals == decimals


def test_float32_prices_keep_two_decimals():
    table = table_of(Kind.NUMBER, pa.array(np.array([0.1, 2.35, 999.99], np.float32)))
    coded = TableCoder.fit(table).code(table)["x"]
    assert coded.decimals == 2
    assert coded.values.tolist() == [0.1, 2.35, 999.99]


def test_range_leaves_out_the_extremes_of_single_rows():
    values = np.concatenate([np.arange(1000), [10**6, -(10**6)]])
    coder = TableCoder.fit(table_of(Kind.INTEGER, pa.array(values))).coders["x"]
    ordered = np.sort(values)
    assert ordered[4] <= coder.low <= ordered[10]
    assert ordered[-5] >= coder.high >= ordered[-10]
    decoded = coder.decode(Continuous(np.array([-1e9, 1e9]), 0)).to_pylist()
    assert decoded == [coder.low, coder.high]


def test_a_value_that_k_rows_hold_extends_the_range():
    values = np.concatenate([np.arange(1000), np.full(5, 99_999)])
    assert TableCoder.fit(table_of(Kind.INTEGER, pa.array(values))).coders["x"].high == 99_999


def test_a_column_of_fewer_than_k_values_comes_out_missing():
    values = [17.5, 18.5] + [None] * 200
    table = table_of(Kind.NUMBER, pa.array(values))
    coder = TableCoder.fit(table)
    assert coder.decode(coder.code(table), rng=RNG)["x"].null_count == 202
    assert "17.5" not in json.dumps(coder.state())


def test_rare_levels_are_grouped_and_resampled():
    values = ["a"] * 60 + ["b"] * 40 + ["secret"] * 4
    table = table_of(Kind.CATEGORY, pa.array(values))
    coder = TableCoder.fit(table)
    coded = coder.code(table)["x"]
    assert (coded.levels, coded.codes[-1]) == (3, 2)
    assert set(there_and_back(table)["x"].to_pylist()) == {"a", "b"}
    assert "secret" not in json.dumps(coder.state())
    assert there_and_back(table, rare="keep")["x"].to_pylist() == values


def test_codes_fall_by_frequency_and_missing_is_last():
    table = table_of(Kind.CATEGORY, pa.array(["b", "a", "a", None, "a", "b", "c"]))
    coded = TableCoder.fit(table).code(table)["x"]
    assert coded.codes.tolist() == [1, 0, 0, 3, 0, 1, 2]
    assert not coded.ordered


def test_numeric_categories_are_ordered():
    table = table_of(Kind.CATEGORY, pa.array([3, 1, 2, 3, 3, 10]))
    coded = TableCoder.fit(table).code(table)["x"]
    assert coded.ordered
    assert coded.codes.tolist() == [2, 0, 1, 2, 2, 3]


def test_declared_categories_survive():
    column = pd.Categorical(["lo", "hi"] * 50, categories=["lo", "mid", "hi"], ordered=True)
    arrow, flavour = to_arrow(pd.DataFrame({"x": column}))
    table = Table(arrow, Schema((Column("x", Kind.CATEGORY),)), flavour)
    pd.testing.assert_frame_equal(there_and_back(table).native(), table.native())


def test_ten_thousand_levels_on_two_rows_each_become_new_values_of_the_pattern():
    values = [f"K{i:05d}" for i in range(10_000)] * 2
    table = table_of(Kind.CATEGORY, pa.array(values))
    back = there_and_back(table)["x"].to_pylist()
    assert not set(back) & set(values)
    assert all(value.startswith("K") for value in back)


def test_ten_thousand_frequent_levels():
    values = [f"K{i % 10_000:05d}" for i in range(60_000)]
    table = table_of(Kind.CATEGORY, pa.array(values))
    assert there_and_back(table)["x"].to_pylist() == values


def test_two_rows_survive():
    table = table_of(Kind.CATEGORY, pa.array(["x", "y"]))
    assert there_and_back(table)["x"].to_pylist() == ["x", "y"]


def test_nan_stays_nan_and_null_stays_null():
    nan = table_of(Kind.NUMBER, pa.array([1.0, float("nan")]))
    assert there_and_back(nan)["x"].null_count == 0
    assert there_and_back(table_of(Kind.NUMBER, pa.array([1.0, None])))["x"].null_count == 1


def test_local_midnights_stay_local_midnights():
    days = pd.date_range("2024-01-01", periods=365, tz="Europe/Paris")
    table = table_of(Kind.DATETIME, pa.array(days))
    coder = TableCoder.fit(table, k=1)
    assert coder.coders["x"].wall
    assert np.diff(coder.code(table)["x"].values).tolist() == [1.0] * 364
    assert coder.decode(coder.code(table), rng=RNG)["x"].equals(table["x"])


@pytest.mark.parametrize("flavour", ["pandas", "polars"])
def test_frames_come_back_in_their_own_dtypes(flavour):
    frame = pd.DataFrame(
        {
            "f32": np.array([1.5, 2.5, np.nan] * 20, np.float32),
            "i8": np.array([1, 2, 3] * 20, np.int8),
            "Int64": pd.array([1, None, 3] * 20, "Int64"),
            "ok": [True, False, True] * 20,
            "when": pd.to_datetime(["2024-01-01", None, "2024-03-01"] * 20),
            "süß": ["a", None, "c"] * 20,
        }
    )
    frame = pl.from_pandas(frame) if flavour == "polars" else frame
    arrow, found = to_arrow(frame)
    kinds = [Kind.NUMBER, Kind.INTEGER, Kind.INTEGER, Kind.BOOLEAN, Kind.DATETIME, Kind.CATEGORY]
    table = Table(arrow, Schema(tuple(map(Column, arrow.column_names, kinds))), found)
    back = there_and_back(table, k=1).native()
    if flavour == "pandas":
        pd.testing.assert_frame_equal(back, frame)
    else:
        assert back.equals(frame)
        assert back.schema == frame.schema


def test_unseen_levels_need_a_code():
    table, strange = (table_of(Kind.CATEGORY, pa.array(values)) for values in (["a", "b"], ["a", "z", None]))
    with pytest.raises(SchemaError, match="'z' \\(row 1\\) is none of the levels"):
        TableCoder.fit(table).code(strange)
    coded = TableCoder.fit(table, k=1, rare="keep", other=True).code(strange)["x"]
    assert coded.codes.tolist() == [0, 2, 3]


def test_missing_ids_keep_their_pattern():
    table = table_of(Kind.ID, pa.array(["k1", None, "k3"] * 30))
    coded = TableCoder.fit(table).code(table)
    assert isinstance(coded["x"], Discrete)
    back = there_and_back(table)["x"]
    assert [value is None for value in back.to_pylist()] == [False, True, False] * 30


def test_an_empty_draw_has_the_right_types():
    table = table_of(Kind.NUMBER, pa.array([Decimal("1.10"), Decimal("2.20")]))
    coder = TableCoder.fit(table)
    empty = coder.decode(Coded({"x": Continuous(np.zeros(0), 2)}, 0), rng=RNG)
    assert empty.arrow.schema.equals(table.arrow.schema)


@pytest.mark.parametrize(
    ("kind", "array", "said"),
    [
        (Kind.NUMBER, pa.array(["1", "N/A"]), "holds text, not numbers"),
        (Kind.NUMBER, pa.array([1.0, float("inf")]), "1 of 2 values are infinite"),
        (Kind.CATEGORY, pa.array([[1], [2]]), "no single value per row"),
        (Kind.TEXT, pa.array([1, 2]), "no text"),
    ],
)
def test_columns_that_do_not_fit_are_refused(kind, array, said):
    with pytest.raises(SchemaError, match=said):
        TableCoder.fit(table_of(kind, array))


@pytest.mark.parametrize("options", [{"k": 0}, {"k": 2.5}, {"rare": "drop"}])
def test_wrong_arguments_are_refused(options):
    with pytest.raises(UsageError):
        TableCoder.fit(table_of(Kind.NUMBER, pa.array([1.0])), **options)


@pytest.mark.parametrize("broken", [{}, {"columns": [{}]}, {"schema": 3}, {"columns": []}, {"gaps": ["x"]}])
def test_a_damaged_state_is_refused(broken):
    state = TableCoder.fit(table_of(Kind.NUMBER, pa.array([1.0, 2.0]))).state()
    with pytest.raises(BundleError):
        TableCoder.restore({**state, **broken} if broken else {})
