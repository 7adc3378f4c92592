"""Frames in, the same frames out: every dtype of pandas, polars and pyarrow."""

import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal

import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from fidelia.data.read import read

ROWS = 6
MISSING = st.none()


def cells(values):
    """Lists of ROWS cells, any of them missing."""
    return st.lists(st.one_of(MISSING, values), min_size=ROWS, max_size=ROWS)


whole = st.integers(-(2**62), 2**62)
fractions = st.floats(allow_nan=False, allow_infinity=False, width=32)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
moments = st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)).map(lambda t: t.replace(microsecond=0))


def filled(values):
    return st.lists(values, min_size=ROWS, max_size=ROWS)


PANDAS = {
    "int64": filled(whole).map(lambda v: pd.Series(v, dtype="int64")),
    "uint8": filled(st.integers(0, 255)).map(lambda v: pd.Series(v, dtype="uint8")),
    "float64": cells(fractions).map(lambda v: pd.Series(v, dtype="float64")),
    "float32": cells(fractions).map(lambda v: pd.Series(v, dtype="float32")),
    "bool": filled(st.booleans()).map(lambda v: pd.Series(v, dtype="bool")),
    "Int64": cells(whole).map(lambda v: pd.Series(v, dtype="Int64")),
    "Int8": cells(st.integers(-128, 127)).map(lambda v: pd.Series(v, dtype="Int8")),
    "Float32": cells(fractions).map(lambda v: pd.Series(v, dtype="Float32")),
    "boolean": cells(st.booleans()).map(lambda v: pd.Series(v, dtype="boolean")),
    "string": cells(words).map(lambda v: pd.Series(v, dtype="string")),
    "str": cells(words).map(lambda v: pd.Series(v, dtype="str")),
    "object": cells(words).map(lambda v: pd.Series(v, dtype="object")),
    "objects of bool": cells(st.booleans()).map(lambda v: pd.Series(v, dtype="object")),
    "dates": cells(st.dates(date(1700, 1, 1), date(2200, 1, 1))).map(lambda v: pd.Series(v, dtype="object")),
    "category": cells(st.sampled_from("abc")).map(lambda v: pd.Series(pd.Categorical(v, categories=list("cbad")))),
    "ordered": cells(st.sampled_from([1, 2])).map(
        lambda v: pd.Series(pd.Categorical(v, categories=[2, 1], ordered=True))
    ),
    "ns": cells(moments).map(lambda v: pd.Series(v, dtype="datetime64[ns]")),
    "s": cells(moments).map(lambda v: pd.Series(v, dtype="datetime64[s]")),
    "zone": cells(moments).map(
        lambda v: pd.Series(v, dtype="datetime64[us]").dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")
    ),
}


@settings(max_examples=40, deadline=None)
@given(st.fixed_dictionaries(PANDAS))
def test_pandas_comes_back(columns):
    frame = pd.DataFrame(columns)
    kept = frame.copy(deep=True)
    back = read(frame).native()
    pd.testing.assert_frame_equal(back, frame)
    pd.testing.assert_frame_equal(frame, kept)


POLARS = {
    "i": (whole, pl.Int64),
    "u": (st.integers(0, 65535), pl.UInt16),
    "f": (fractions, pl.Float64),
    "f32": (fractions, pl.Float32),
    "b": (st.booleans(), pl.Boolean),
    "s": (words, pl.String),
    "c": (st.sampled_from("abc"), pl.Categorical),
    "e": (st.sampled_from("abc"), pl.Enum(["c", "b", "a", "d"])),
    "d": (st.dates(date(1700, 1, 1), date(2200, 1, 1)), pl.Date),
    "t": (moments, pl.Datetime("us")),
    "z": (moments.map(lambda t: t.replace(tzinfo=UTC)), pl.Datetime("ms", "Asia/Tokyo")),
    "m": (st.integers(-9999, 9999).map(lambda i: Decimal(i) / 100), pl.Decimal(10, 2)),
}


@settings(max_examples=40, deadline=None)
@given(st.fixed_dictionaries({name: cells(values) for name, (values, _) in POLARS.items()}))
def test_polars_comes_back(columns):
    frame = pl.DataFrame(columns, schema={name: kind for name, (_, kind) in POLARS.items()})
    assert_frame_equal(read(frame).native(), frame)


ARROW = {
    "i": (whole, pa.int64()),
    "u": (st.integers(0, 2**64 - 1), pa.uint64()),
    "f": (fractions, pa.float32()),
    "b": (st.booleans(), pa.bool_()),
    "s": (words, pa.string()),
    "l": (words, pa.large_string()),
    "d": (st.dates(date(1700, 1, 1), date(2200, 1, 1)), pa.date32()),
    "t": (moments, pa.timestamp("ns")),
    "z": (moments.map(lambda t: t.replace(tzinfo=UTC)), pa.timestamp("s", "Asia/Tokyo")),
    "n": (MISSING, pa.null()),
}


@settings(max_examples=40, deadline=None)
@given(st.fixed_dictionaries({name: cells(values) for name, (values, _) in ARROW.items()}))
def test_arrow_comes_back(columns):
    table = pa.table({name: pa.array(columns[name], kind) for name, (_, kind) in ARROW.items()})
    assert read(table).native().equals(table)


def test_names_of_pandas_columns_come_back():
    frame = pd.DataFrame({5: [1, 2], 7: [1.5, 2.5]})
    pd.testing.assert_frame_equal(read(frame).native(), frame)


def test_taken_rows_keep_the_dtypes():
    frame = pd.DataFrame({"o": pd.Series(["a", None, "b"], dtype=object), "I": pd.array([1, None, 3], dtype="Int64")})
    taken = read(frame).take([2, 1]).native()
    pd.testing.assert_frame_equal(taken, frame.iloc[[2, 1]].reset_index(drop=True))


def test_polars_needs_no_pandas():
    code = (
        "import sys, polars\n"
        "from fidelia.data.read import read\n"
        "read(polars.DataFrame({'a': [1, 2, 3], 's': ['x', 'y', 'x']})).native()\n"
        "assert 'pandas' not in sys.modules, 'pandas was imported'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
