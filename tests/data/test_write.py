"""Writing: what was read comes back, whole or not at all."""

import errno
import io
import json
import os
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fidelia.data.read import read
from fidelia.data.table import Table
from fidelia.data.write import atomic, delimited, write, write_arrow, writer
from fidelia.errors import MissingExtra, SchemaError, WriteError

ENDINGS = ["csv", "tsv", "json", "jsonl", "parquet", "xlsx", "csv.gz", "jsonl.zst"]


@pytest.fixture
def mixed():
    frame = pd.DataFrame(
        {
            "größe": [1.5, None, -2.0],
            "i": pd.array([1, None, 3], dtype="Int64"),
            "s": ['a,"b"', "line\nbreak", None],
            "b": pd.array([True, None, False], dtype="boolean"),
            "d": [date(2020, 1, 31), None, date(1999, 12, 31)],
            "t": pd.to_datetime(["2020-01-31 10:05:00.250", None, "2021-06-30 00:00:00.000"]),
            "c": pd.Categorical(["x", "y", None]),
        }
    )
    return read(frame)


@pytest.mark.parametrize("ending", ENDINGS)
def test_values_missing_names_and_order_come_back(mixed, tmp_path, ending):
    path = tmp_path / f"t.{ending}"
    write(mixed, path)
    back = read(path)
    assert back.arrow.to_pydict() == mixed.arrow.to_pydict()
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


TEXT = """id,flag,ok,day,when,zone,amount,code,none,q
1,TRUE,no,31/01/2020,2020-01-31 10:05,2020-01-31T10:05:00+02:00,1.5,01234,NA,"a ""b"", c"
2,FALSE,yes,05/02/2020,2020-02-05 11:00,2020-02-05T11:00:00+02:00,2.0,98101,5,x
3,TRUE,no,29/02/2020,2020-02-29 00:00,2020-02-29T00:00:00+02:00,-0.25,00001,7,y
"""


def test_a_csv_comes_back_byte_by_byte_in_its_own_spelling(tmp_path):
    for delimiter in ",;|":
        text = TEXT.replace(",", delimiter).replace(f'b""{delimiter} c', 'b"", c')
        text = text if delimiter == "," else text.replace('"a ""b"", c"', '"a ""b"" c"')
        (tmp_path / "in.csv").write_text(text)
        write(read(tmp_path / "in.csv"), tmp_path / "out.csv")
        assert (tmp_path / "out.csv").read_text() == text


def test_spelling_survives_take_and_goes_to_json(tmp_path):
    (tmp_path / "in.csv").write_text("d;b;n\n1/31/2020;TRUE;?\n2/5/2020;FALSE;1,5\n3/6/2020;TRUE;2\n")
    table = read(tmp_path / "in.csv")
    write(table.take([2, 0]), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "d;b;n\n3/6/2020;TRUE;2,0\n1/31/2020;TRUE;?\n"
    write(table, tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text())[0] == {"d": "1/31/2020", "b": True, "n": None}


def test_a_single_column_keeps_its_missing_rows(tmp_path):
    write(read(pd.DataFrame({"a": ["x", None, "y", None]})), tmp_path / "t.csv")
    assert read(tmp_path / "t.csv")["a"].to_pylist() == ["x", None, "y", None]


def test_zones_and_nanoseconds_in_csv(tmp_path):
    when = [datetime(2020, 3, 29, 0, 30, tzinfo=UTC), datetime(2020, 3, 29, 1, 30, tzinfo=UTC)]
    arrow = pa.table(
        {"t": pa.array(when, pa.timestamp("us", "Europe/Berlin")), "n": pa.array([1, 2], pa.timestamp("ns"))}
    )
    write(read(arrow), tmp_path / "t.csv")
    back = read(tmp_path / "t.csv")
    assert back["t"].to_pylist() == when
    assert back["n"].cast(pa.int64()).to_pylist() == [1, 2]


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
csv_words = words.filter(
    lambda w: w.strip() == w and w.casefold() not in {"na", "n/a", "nan", "null", "none", "#n/a", "<na>", "?"}
)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.one_of(st.none(), csv_words.filter(lambda w: not w[0].isdigit() and w[0] not in "-+.")),
            st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
            st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)),
            st.one_of(st.none(), st.booleans()),
            st.one_of(st.none(), st.dates(date(1000, 1, 1), date(2999, 1, 1))),
            st.one_of(st.none(), st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1))),
        ),
        min_size=2,
        max_size=20,
    ),
    names=st.lists(words, min_size=6, max_size=6, unique=True),
    ending=st.sampled_from(["csv", "tsv", "json", "jsonl", "parquet"]),
)
def test_any_table_comes_back(rows, names, ending):
    types = [pa.string(), pa.int64(), pa.float64(), pa.bool_(), pa.date32(), pa.timestamp("us")]
    arrays = [pa.array(cells, kind) for cells, kind in zip(zip(*rows, strict=True), types, strict=True)]
    table = read(pa.table(arrays, names=names))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"t.{ending}"
        write(table, path)
        back = read(path, schema=table.schema)
    for name in names:
        assert back[name].to_pylist() == table[name].to_pylist()


def full_disk(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_full_disk_leaves_the_old_file_and_nothing_else(mixed, tmp_path, monkeypatch, ending):
    path = tmp_path / f"t.{ending}"
    path.write_bytes(b"old")
    monkeypatch.setattr("fidelia.data.atomic._sync", full_disk)
    with pytest.raises(WriteError, match=r"cannot be written \(No space left on device\); nothing was changed"):
        write(mixed, path)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_disk_that_fills_half_way(mixed, tmp_path, monkeypatch):
    path = tmp_path / "t.parquet"
    path.write_bytes(b"old")
    with pytest.raises(WriteError), writer(path, mixed) as out:
        out.write(mixed)
        monkeypatch.setattr(pq.ParquetWriter, "write_table", full_disk)
        assert len(list(tmp_path.iterdir())) == 2
        full_disk()
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["t.parquet"]


@pytest.mark.parametrize("fault", [KeyboardInterrupt, RuntimeError])
def test_an_interrupt_leaves_nothing_half_written(mixed, tmp_path, fault):
    with pytest.raises(fault), writer(tmp_path / "t.csv", mixed) as out:
        out.write(mixed)
        raise fault
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_read_only_folder(mixed, tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(WriteError, match="Permission denied"):
            write(mixed, tmp_path / "t.csv")
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_that_forbids_writing(mixed, tmp_path, monkeypatch):
    def forbidden(draft):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("fidelia.data.write._opened", forbidden)
    with pytest.raises(WriteError, match="Permission denied"):
        write(mixed, tmp_path / "t.csv")


def test_paths_that_cannot_be_files(mixed, tmp_path):
    with pytest.raises(WriteError, match="there is no folder"):
        write(mixed, tmp_path / "no" / "t.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(WriteError, match="is a folder"):
        write(mixed, tmp_path / "folder.csv")
    with pytest.raises(WriteError, match=r"'\.docx' is not known"):
        write(mixed, tmp_path / "t.docx")


def test_atomic_keeps_the_ending_and_follows_links(tmp_path):
    (tmp_path / "true.json").write_text("old")
    (tmp_path / "link.json").symlink_to(tmp_path / "true.json")
    with atomic(tmp_path / "link.json") as draft:
        assert draft.suffix == ".json"
        assert draft.parent == tmp_path.resolve()
        draft.write_text("new")
        assert (tmp_path / "true.json").read_text() == "old"
    assert (tmp_path / "true.json").read_text() == "new"
    assert (tmp_path / "link.json").is_symlink()


def test_atomic_takes_long_names(tmp_path):
    path = tmp_path / ("ä" * 100 + ".json")
    with atomic(path) as draft:
        draft.write_text("x")
    assert path.read_text() == "x"


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_stream_equals_a_single_write(mixed, tmp_path, ending):
    whole = mixed.with_arrow(pa.concat_tables([mixed.arrow] * 3, promote_options="default"))
    write(whole, tmp_path / f"whole.{ending}")
    with writer(tmp_path / f"parts.{ending}", mixed) as out:
        for _ in range(3):
            out.write(mixed)
        out.write(mixed.take([]))
    whole_again, parts_again = (read(tmp_path / f"{name}.{ending}").arrow.to_pydict() for name in ("whole", "parts"))
    assert parts_again == whole_again


def test_a_stream_refuses_other_columns(mixed, tmp_path):
    with pytest.raises(SchemaError, match="the part has columns"), writer(tmp_path / "t.csv", mixed) as out:
        out.write(read(pd.DataFrame({"a": [1, 2]})))


def test_a_stream_takes_parts_with_other_dictionaries(tmp_path):
    parts = [read(pd.DataFrame({"c": pd.Categorical([a, b])})) for a, b in (("x", "y"), ("y", "z"))]
    for ending in ("parquet", "csv"):
        with writer(tmp_path / f"t.{ending}", parts[0]) as out:
            for part in parts:
                out.write(part)
        assert read(tmp_path / f"t.{ending}")["c"].to_pylist() == ["x", "y", "y", "z"]


def test_an_empty_table_is_a_header(mixed, tmp_path):
    write(mixed.take([]), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "größe,i,s,b,d,t,c\n"
    write(mixed.take([]), tmp_path / "t.json")
    assert json.loads((tmp_path / "t.json").read_text()) == []


def test_excel_has_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr("fidelia.data.excel.MAX_ROWS", 3)
    with pytest.raises(WriteError, match="a sheet of Excel holds 2 rows; write parquet or csv"):
        write(read(pd.DataFrame({"a": [1, 2, 3]})), tmp_path / "t.xlsx")


def test_excel_without_openpyxl(mixed, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    with pytest.raises(MissingExtra, match=r"pip install 'fidelia\[excel\]'"):
        write(mixed, tmp_path / "t.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_excel_writes_exact_numbers_and_zones_as_words(tmp_path):
    when = pa.array([datetime(2020, 1, 1, tzinfo=UTC)] * 2, pa.timestamp("us", "UTC"))
    write(read(pa.table({"big": [2**60 + 1, 5], "t": when})), tmp_path / "t.xlsx")
    back = read(tmp_path / "t.xlsx").arrow.to_pydict()
    assert back["big"] == ["1152921504606846977", "5"]
    assert back["t"][0].startswith("2020-01-01 00:00:00")


def test_table_write_is_write(mixed, tmp_path):
    mixed.write(str(tmp_path / "t.parquet"))
    assert isinstance(read(tmp_path / "t.parquet"), Table)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "t.parquet"), mixed.native())


def test_memory_of_a_stream_is_bounded(tmp_path):
    table = read(pa.table({"x": np.arange(200_000) % 977, "y": np.arange(200_000) / 7}))
    before = pa.total_allocated_bytes()
    for ending in ("parquet", "csv"):
        with writer(tmp_path / f"t.{ending}", table) as out:
            for _ in range(10):
                out.write(table)
            assert pa.total_allocated_bytes() - before < 64e6
        assert len(read(tmp_path / f"t.{ending}")) == 2_000_000


def test_lists_of_words_are_joined_in_csv(tmp_path):
    write_arrow(pa.table({"why": [["COPY", "OOD"], [], None]}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == 'why\nCOPY;OOD\n""\n""\n'


def test_delimited_lines_go_to_an_open_stream(mixed):
    stream = io.BytesIO()
    put = delimited(stream, mixed.arrow.schema, ";")
    put(mixed.arrow.slice(2))
    assert stream.getvalue().decode() == "größe;i;s;b;d;t;c\n-2.0;3;;False;1999-12-31;2021-06-30 00:00:00;\n"
