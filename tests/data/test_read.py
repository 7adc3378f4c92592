"""Reading: every format, its spellings, and every kind of bad input."""

import gzip
import os
import sys
from datetime import date, datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fidelia.data.keys import row_keys
from fidelia.data.read import read
from fidelia.data.write import write
from fidelia.errors import DataError, MissingExtra, ReadError, SchemaError
from fidelia.schema.kinds import Kind


@pytest.fixture
def csv(tmp_path):
    """Give a function that writes text to a file and reads it as a table."""

    def reads(text, name="t.csv", **options):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read(path, **options)

    return reads


def column(table, name):
    return table[name].to_pylist()


def test_types_follow_from_the_words(csv):
    table = csv("i,f,s,b,d\n1,1.5,x,TRUE,2020-01-31\n-2,2,y,FALSE,2021-02-28\n")
    assert [str(f.type) for f in table.arrow.schema] == ["int64", "double", "string", "bool", "date32[day]"]
    assert column(table, "d") == [date(2020, 1, 31), date(2021, 2, 28)]
    assert column(table, "b") == [True, False]


@pytest.mark.parametrize("word", ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "#N/A"])
def test_the_usual_words_for_missing_are_missing(csv, word):
    table = csv(f"n,s,b\n1,x,true\n{word},{word},{word}\n3,y,false\n")
    assert [column(table, name)[1] for name in "nsb"] == [None] * 3
    assert table.arrow.schema.types == [pa.int64(), pa.string(), pa.bool_()]
    assert all(c.nullable for c in table.schema)


def test_a_question_mark_is_missing_among_numbers_and_a_level_among_words(csv):
    table = csv("n,s\n1,a\n?,?\n3,b\n")
    assert column(table, "n") == [1, None, 3]
    assert "'?' read as missing" in table.schema["n"].reason
    assert column(table, "s") == ["a", "?", "b"]


@pytest.mark.parametrize(
    "words",
    [
        ["01234", "98101"],
        ["+4912345", "+4967890"],
        ["123456789012345678901234", "1"],
        ["1,000", "2,500"],
        ["1_000", "2"],
        ["0x1F", "2"],
        ["2020-13-45", "2020-01-01"],
        ["01/02/2020", "03/04/2020"],
        ["True", "TRUE"],
        ["12:30", "13:45"],
        ["1.2.3", "4.5.6"],
        ["00.5", "1.5"],
    ],
)
def test_what_a_type_would_lose_stays_text(csv, words):
    table = csv("x;y\n" + "".join(f"{word};1\n" for word in words))
    assert table["x"].type == pa.string()
    assert column(table, "x") == words


def test_big_integers_stay_exact(csv):
    assert column(csv("a,b\n9007199254740993,18446744073709551615\n,1\n"), "a") == [9007199254740993, None]
    assert column(csv("a,b\n1,18446744073709551615\n2,1\n"), "b") == [18446744073709551615, 1]


def test_the_user_may_say_that_codes_are_numbers(csv):
    text = "zip,y\n01234,1\n98101,2\nNA,3\n"
    assert csv(text).schema["zip"].kind is Kind.CATEGORY
    assert column(csv(text, kinds={"zip": "integer"}), "zip") == [1234, 98101, None]
    with pytest.raises(
        SchemaError, match=r"column 'w': 1 of 2 values are not numbers \(first: 'x', row 2\).*--kind w=category"
    ):
        csv("w,y\n5,1\nx,2\n", kinds={"w": "number"})


@pytest.mark.parametrize(
    ("words", "first"),
    [
        (["31/01/2020", "05/02/2020"], date(2020, 1, 31)),
        (["1/31/2020", "2/5/2020"], date(2020, 1, 31)),
        (["31.01.2020", "05.02.2020"], date(2020, 1, 31)),
        (["2020/01/31", "2020/02/05"], date(2020, 1, 31)),
        (["31/01/2020 10:05", "05/02/2020 11:00"], datetime(2020, 1, 31, 10, 5)),
        (["2020-01-31 10:05:00", "2020-02-05 11:00:01"], datetime(2020, 1, 31, 10, 5)),
        (["2020-01-31T10:05", "2020-02-05T11:00"], datetime(2020, 1, 31, 10, 5)),
        (["2020-01-31T10:05:00.250", "2020-02-05T11:00:01.125"], datetime(2020, 1, 31, 10, 5, 0, 250_000)),
    ],
)
def test_dates_in_one_clear_order_are_times(csv, words, first):
    table = csv("d,y\n" + "".join(f"{word},1\n" for word in words))
    assert table.schema["d"].kind is Kind.DATETIME
    assert column(table, "d")[0] == first


@pytest.mark.parametrize("zone", ["Z", "+02:00", "-0530"])
def test_moments_keep_their_zone(csv, zone):
    table = csv(f"t,y\n2020-01-31T10:00:00{zone},1\n2020-06-30T10:00:00{zone},2\n")
    assert table["t"].type.tz is not None
    assert [t.hour for t in column(table, "t")] == [10, 10]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~"])
def test_separators_and_unicode_names(csv, delimiter):
    table = csv(
        delimiter.join(["größe", "名前", "a b"])
        + "\n"
        + delimiter.join(["1", "é", '"x, y"'])
        + "\n"
        + delimiter.join("2zw")
    )
    assert table.schema.names == ["größe", "名前", "a b"]
    assert column(table, "a b") == ["x, y", "w"]


def test_dialects(csv):
    assert column(csv('\ufeffa,b\r\n1,"x ""q"" \r\ny"\r\n2,#z\r\n\r\n'), "b") == ['x "q" \r\ny', "#z"]
    assert column(csv("a;b\n1,5;x\n2,25;y\n"), "a") == [1.5, 2.25]
    assert column(csv("a, b\n1, 2\n3, NA\n"), " b") == [2, None]
    assert column(csv('only\nx y\n""\nz\n'), "only") == ["x y", None, "z"]


def test_the_order_of_rows_is_kept(csv):
    rows = 50_000
    table = csv("i,x\n" + "".join(f"{i},{i % 7}\n" for i in range(rows)))
    assert column(table, "i") == list(range(rows))


def test_packed_text(csv, tmp_path):
    assert len(csv(gzip.compress(b"a,b\n1,2\n3,4\n"), "t.csv.gz")) == 2
    assert column(csv(gzip.compress(b'{"a":1}\n{"a":2}\n'), "t.jsonl.gz"), "a") == [1, 2]
    path = tmp_path / "t.tsv.zst"
    with pa.output_stream(str(path), compression="zstd") as stream:
        stream.write(b"a\tb\n1\t2\n3\t4\n")
    assert column(read(str(path)), "b") == [2, 4]


def test_names_with_signs_that_mean_patterns(csv):
    assert len(csv("a,b\n1,2\n3,4\n", "a*b[1]?'q.csv")) == 2
    assert len(csv('[{"a":1},{"a":2}]', "a*b[1]?'q.json")) == 2


def test_json_keeps_its_types(csv):
    text = (
        '[{"n":1,"s":"01","b":true,"d":"2020-01-31","t":"2020-01-31T10:00:00Z","big":12345678901234567890,"mix":"x"},'
    )
    table = csv(text + '{"n":2.5,"s":"7","b":null,"d":null,"big":-5,"mix":5}]', "t.json")
    assert [str(f.type) for f in table.arrow.schema] == [
        "double",
        "string",
        "bool",
        "date32[day]",
        "timestamp[s, tz=UTC]",
        "string",
        "string",
    ]
    assert column(table, "big") == ["12345678901234567890", "-5"]
    assert column(table, "mix") == ["x", "5"]
    assert column(table, "s") == ["01", "7"]


def test_jsonl_and_ndjson(csv):
    for ending in ("jsonl", "ndjson"):
        assert column(csv('{"ä":1}\n{"ä":null}\n{"ä":3}\n', f"t.{ending}"), "ä") == [1, None, 3]


def test_excel(tmp_path):
    frame = pd.DataFrame(
        {"i": [1, 2], "f": [1.5, None], "s": ["x", None], "d": pd.to_datetime(["2020-01-31", "2021-02-28"])}
    )
    frame.to_excel(tmp_path / "t.xlsx", index=False)
    table = read(tmp_path / "t.xlsx")
    assert table.arrow.to_pydict() == {
        "i": [1, 2],
        "f": [1.5, None],
        "s": ["x", None],
        "d": [date(2020, 1, 31), date(2021, 2, 28)],
    }


def test_excel_without_openpyxl(tmp_path, monkeypatch):
    pd.DataFrame({"a": [1, 2]}).to_excel(tmp_path / "t.xlsx", index=False)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(MissingExtra, match=r"pip install 'fidelia\[excel\]'"):
        read(tmp_path / "t.xlsx")


def test_parquet_keeps_pandas_dtypes_and_drops_a_nameless_index(tmp_path):
    frame = pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "c": pd.Categorical(["x", "y"])}, index=[5, 6])
    frame.to_parquet(tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(read(tmp_path / "t.parquet").native(), frame.reset_index(drop=True))
    frame.rename_axis("key").to_parquet(tmp_path / "n.parquet")
    assert read(tmp_path / "n.parquet").native().columns.tolist() == ["a", "c", "key"]


def test_nan_is_missing_in_every_source(tmp_path):
    frame = pl.DataFrame({"f": [1.5, float("nan"), None], "g": [1.5, 2.0, 3.0]})
    table = read(frame)
    assert table["f"].null_count == 2
    assert table.native()["f"].to_list() == [1.5, None, None]


def test_a_schema_orders_and_explains_the_columns(csv):
    train = csv("a,b\n1,x\n2,y\n", target="b", kinds={"a": "category"})
    again = csv("b,a\nx,1\n,2\nz,3\n", schema=train.schema)
    assert again.schema.names == ["a", "b"]
    assert (again.schema["a"].kind, again.schema.target, again.schema["b"].nullable) == (Kind.CATEGORY, "b", True)
    with pytest.raises(SchemaError, match="column 'b' is missing; did you mean 'bb'"):
        csv("a,bb\n1,2\n3,4\n", schema=train.schema)


BAD = {
    "empty file": ("t.csv", b"", "is empty"),
    "blank file": ("t.csv", b"\n \n", "is empty"),
    "header only": ("t.csv", b"a,b\n", "no rows"),
    "header only, no line end": ("t.tsv", b"a\tb", "no rows"),
    "one row": ("t.csv", b"a,b\n1,2\n", "has one row"),
    "twins": ("t.csv", b"a,b,a\n1,2,3\n4,5,6\n", "column 'a' stands 2 times"),
    "NUL bytes": ("t.csv", b"PAR1\x00\x01\x02\nabc", "NUL bytes"),
    "latin-1": ("t.csv", b"a,b\n\xe4,1\nx,2\n", "no UTF-8 text .byte 0xe4 at position 4"),
    "ragged": ("t.csv", b"a,b\n1,2\n3,4\n5,6,7\n", "Line: 4"),
    "short row": ("t.csv", b"a,b\n1,2\n3\n5,6\n", "Line: 3"),
    "unknown ending": ("t.dat", b"a,b\n1,2\n", "'.dat' is not known"),
    "no ending": ("t", b"a,b\n1,2\n", "'no ending' is not known"),
    "infinite": (
        "t.csv",
        b"a,b\n1,2\ninf,5\n-inf,6\n",
        r"column 'a': 2 of 3 values are infinite \(first: inf, row 2\)",
    ),
    "no parquet": ("t.parquet", b"a,b\n1,2\n", "no parquet file"),
    "no workbook": ("t.xlsx", b"a,b\n1,2\n", "no Excel workbook"),
    "broken json": ("t.json", b'[{"a":1},', "t.json: "),
    "json of scalars": ("t.json", b"[1,2,3]", "t.json: "),
    "json twins": ("t.jsonl", b'{"a":1,"a":2}\n{"a":1}\n', "duplicate"),
    "nested json": ("t.json", b'[{"a":[1,2]},{"a":[3]}]', "column 'a': holds nested values"),
    "empty json": ("t.json", b"[]", "t.json: "),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_refused_by_name(csv, case):
    name, content, message = BAD[case]
    with pytest.raises(DataError, match=message) as caught:
        csv(content, name)
    assert caught.value.exit_code == 4


def test_a_path_that_is_not_there(tmp_path):
    (tmp_path / "adult.csv").touch()
    with pytest.raises(ReadError, match=r"no such file; did you mean 'adult.csv'"):
        read(tmp_path / "adlt.csv")
    with pytest.raises(ReadError, match="no such file"):
        read("/nowhere/at/all.csv")


def test_a_folder_and_a_file_without_permission(tmp_path, monkeypatch):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ReadError, match="is a folder"):
        read(tmp_path / "folder.csv")
    secret = tmp_path / "secret.csv"
    secret.write_text("a,b\n1,2\n3,4\n")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(ReadError, match="no permission"):
        read(secret)


def test_twins_in_frames_and_parquet(tmp_path):
    twins = pa.table([pa.array([1, 2]), pa.array([3, 4])], names=["a", "a"])
    pq.write_table(twins, tmp_path / "t.parquet")
    for source in (twins, pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]), tmp_path / "t.parquet"):
        with pytest.raises(ReadError, match="column 'a' stands 2 times"):
            read(source)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (
            pd.DataFrame({"a": [1, 2], "b": [1.0, float("inf")]}),
            r"column 'b': 1 of 2 values are infinite \(first: inf, row 2\)",
        ),
        (pd.DataFrame({"a": [1, "x"]}), "column a with type"),
        (pd.DataFrame({"a": [1]}), "has one row"),
        (pd.DataFrame({"a": []}), "no rows"),
        (pa.table({"a": [[1], [2]]}), "column 'a': holds nested values"),
        (pa.table({"a": [{"q": 1}, {"q": 2}]}), "column 'a': holds nested values"),
        (pd.DataFrame({"a": pd.to_timedelta([1, 2], unit="s")}), "turn it into seconds"),
        (pa.table({"a": [b"x", b"y"]}), "turn it into text"),
        ([1, 2, 3], "list is no dataframe"),
        (pl.LazyFrame({"a": [1, 2]}), "LazyFrame is no dataframe"),
    ],
)
def test_bad_frames_are_refused(frame, message):
    with pytest.raises(DataError, match=message):
        read(frame)


@pytest.mark.parametrize(
    ("kinds", "message"),
    [
        ({"s": "number"}, r"2 of 3 values are not numbers \(first: 'x', row 1\)"),
        ({"f": "integer"}, r"1 of 3 values are not whole \(first: 1.5, row 1\). Treat it as a number: --kind f=number"),
        ({"s": "datetime"}, r"not dates or times \(first: 'x', row 1\)"),
        ({"i": "boolean"}, "has 3 levels, a boolean has two"),
        ({"i": "datetime"}, "not dates or times"),
        ({"w": "number"}, "stored as text"),
    ],
)
def test_kinds_that_values_do_not_fit_are_refused(kinds, message):
    frame = pd.DataFrame({"s": ["x", None, "y"], "f": [1.5, 2.0, None], "i": [1, 2, 3], "w": ["1", "02", "3"]})
    with pytest.raises(SchemaError, match=message):
        read(frame, kinds=kinds)


def test_a_target_must_be_there_and_vary():
    frame = pd.DataFrame({"income": [1, 1], "none": [None, None], "x": [1, 2]})
    with pytest.raises(SchemaError, match="no column 'incom' to be the target; did you mean 'income'"):
        read(frame, target="incom")
    with pytest.raises(SchemaError, match="column 'income': the target has the single value 1"):
        read(frame, target="income")
    with pytest.raises(SchemaError, match="column 'none': the target has no value at all"):
        read(frame, target="none")


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["x", "y", "x"], pa.string_view()),
        pa.array(np.array([1, 2, 3], np.float16)),
        pa.DictionaryArray.from_arrays([0, None, 1], pa.array(["x", None])),
        pa.array([1, 2, 3], pa.decimal128(30, 0)),
        pa.array([True, True, None]),
    ],
)
def test_rare_layouts_are_read_keyed_and_written(column, tmp_path):
    table = read(pa.table({"a": column}))
    assert len(row_keys(table)) == 3
    for ending in ("csv", "json", "parquet"):
        write(table, tmp_path / f"t.{ending}")
        assert read(tmp_path / f"t.{ending}")["a"].null_count == table["a"].null_count


def test_sparse_columns_are_refused_by_name():
    with pytest.raises(ReadError, match="column a"):
        read(pd.DataFrame({"a": pd.arrays.SparseArray([0, 1, 0])}))


def test_the_word_none_is_a_level(csv):
    assert column(csv("a,b\nNone,1\nSome,2\n"), "a") == ["None", "Some"]
