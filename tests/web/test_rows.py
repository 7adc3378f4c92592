"""The browser of rows: known answers, every filter, hostile names and values, bounds, other formats."""

import datetime as dt
import resource
import sys
import time
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fidelia as fd
from fidelia.errors import ReadError, UsageError
from fidelia.web.filters import Filter
from fidelia.web.rows import MOST_ROWS, Page, Rows

NASTY = 'a"b; DROP VIEW data; --'
NAMES = [None, "x'; DROP VIEW audit; --", "100%", "un_der", 'q"uote', "Ünïcode ✓", "<script>", "plain", "", "PLAIN"]
DAYS = [dt.datetime(2020, 1, day + 1) for day in range(10)]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Ten rows, of which the audit leaves out the last."""
    data = {
        "age": pa.array([20, 30, None, 40, 50, 60, 70, 80, 90, 100], pa.int64()),
        NASTY: pa.array(NAMES),
        "day": pa.array(DAYS, pa.timestamp("us")),
        "verdict": pa.array(["mine"] * 10),
        "yes": pa.array([True, False] * 5),
        "big": pa.array([2**53 + n for n in range(10)], pa.int64()),
    }
    audit = {
        "row_id": pa.array(range(9), pa.int64()),
        "verdict": pa.array(["accept"] * 5 + ["review", "reject", "reject", "duplicate"]),
        "reasons": pa.array([""] * 5 + ["DETECTABLE", "NEAR_COPY,OOD", "OOD", "DUPLICATE"]),
        "alpha_score": pa.array([0.1 * n for n in range(8)] + [float("nan")]),
        "flagged_columns": pa.array([[]] * 6 + [["age", NASTY], ["age"], []], pa.list_(pa.string())),
    }
    return written(tmp_path, pa.table(data), pa.table(audit))


def written(folder: Path, data: pa.Table | None, audit: pa.Table | None) -> Path:
    """A folder as a run leaves it."""
    place = folder / "out"
    place.mkdir()
    if data is not None:
        pq.write_table(data, place / "synthetic.parquet")
    if audit is not None:
        pq.write_table(audit, place / "audit.parquet")
    return place


def asked(out: Path, *lines: tuple[str, str, str], **wanted: object) -> Page:
    """The page of a filter whose comparisons are written as lines."""
    options = {name: wanted.pop(name) for name in ("sort", "descending", "page", "size") if name in wanted}
    columns, operators, values = ([line[at] for line in lines] for at in range(3))
    with Rows(out) as rows:
        return rows.page(Filter.parse(**wanted, columns=columns, operators=operators, values=values), **options)


def test_rows_stand_beside_their_verdicts(out: Path) -> None:
    page = asked(out)
    assert (page.total, page.page, page.pages, page.positions) == (9, 1, 1, tuple(range(9)))
    keys = [column.key for column in page.columns]
    assert keys[:3] == ["data.age", f"data.{NASTY}", "data.day"]
    assert keys[6:] == ["audit.verdict", "audit.reasons", "audit.alpha_score", "audit.flagged_columns"]
    first, seventh = (dict(zip(keys, page.rows[at], strict=True)) for at in (0, 6))
    assert (first["data.age"], first["data.verdict"], first["audit.verdict"]) == (20, "mine", "accept")
    assert first[f"data.{NASTY}"] is None
    assert (first["data.day"], first["data.yes"], first["data.big"]) == ("2020-01-01 00:00:00", True, 2**53)
    assert seventh["audit.flagged_columns"] == f"age, {NASTY}"
    assert page.rows[8][keys.index("audit.alpha_score")] is None  # NaN, which JSON does not have


def test_the_tally_counts_all_rows(out: Path) -> None:
    with Rows(out) as rows:
        tally = rows.tally()
    assert tally.verdicts == {"accept": 5, "reject": 2, "duplicate": 1, "review": 1}
    assert tally.reasons == {"OOD": 2, "DETECTABLE": 1, "DUPLICATE": 1, "NEAR_COPY": 1}


@pytest.mark.parametrize(
    ("wanted", "rows"),
    [
        ({"verdicts": ["reject"]}, [6, 7]),
        ({"verdicts": ["reject", "review"]}, [5, 6, 7]),
        ({"reasons": ["OOD"]}, [6, 7]),
        ({"reasons": ["NEAR_COPY", "DUPLICATE"]}, [6, 8]),
        ({"verdicts": ["reject"], "text": "PLAIN"}, [7]),
        ({"text": "%"}, [2]),
        ({"text": "_"}, [3]),
        ({"text": "'; drop view AUDIT"}, [1]),
        ({"text": 'q"'}, [4]),
        ({"text": "üNÏCODE ✓"}, [5]),
        ({"text": "<script>"}, [6]),
        ({"text": "2020-01-02"}, [1]),
        ({"text": "50"}, [4]),
        ({"text": "true"}, [0, 2, 4, 6, 8]),
        ({"text": "no such text"}, []),
    ],
)
def test_filters_keep_what_they_say(out: Path, wanted: dict, rows: list[int]) -> None:
    page = asked(out, **wanted)
    assert (list(page.positions), page.total) == (rows, len(rows))


@pytest.mark.parametrize(
    ("column", "operator", "value", "rows"),
    [
        ("data.age", "=", "40", [3]),
        ("data.age", "!=", "40", [0, 1, 2, 4, 5, 6, 7, 8]),
        ("data.age", "<", " 30.5 ", [0, 1]),
        ("data.age", "<=", "30", [0, 1]),
        ("data.age", ">", "79.5", [7, 8]),
        ("data.age", ">=", "8e1", [7, 8]),
        ("data.age", "contains", "0", [0, 1, 3, 4, 5, 6, 7, 8]),
        ("data.age", "missing", "", [2]),
        ("data.age", "present", "", [0, 1, 3, 4, 5, 6, 7, 8]),
        ("data.age", "<", "-5", []),
        ("data.age", "<", str(10**30), [0, 1, 3, 4, 5, 6, 7, 8]),
        ("data.big", "=", str(2**53 + 1), [1]),
        (f"data.{NASTY}", "=", "x'; DROP VIEW audit; --", [1]),
        (f"data.{NASTY}", "=", "100%", [2]),
        (f"data.{NASTY}", "=", "", [8]),
        (f"data.{NASTY}", "contains", "%", [2]),
        (f"data.{NASTY}", "missing", "", [0]),
        ("data.day", ">", "2020-01-08", [8]),
        ("data.day", "=", "2020-01-03 00:00:00", [2]),
        ("data.yes", "=", "false", [1, 3, 5, 7]),
        ("data.verdict", "=", "mine", list(range(9))),
        ("audit.verdict", "=", "duplicate", [8]),
        ("audit.alpha_score", "<", "0.15", [0, 1]),
        ("audit.flagged_columns", "contains", "AGE", [6, 7]),
    ],
)
def test_columns_compare(out: Path, column: str, operator: str, value: str, rows: list[int]) -> None:
    assert list(asked(out, (column, operator, value)).positions) == rows


def test_comparisons_hold_together_and_empty_lines_are_left_out(out: Path) -> None:
    page = asked(out, ("data.age", ">=", "30"), ("", "=", ""), ("data.yes", "=", "true"), verdicts=["accept"])
    assert list(page.positions) == [4]


@pytest.mark.parametrize(
    ("sort", "descending", "rows"),
    [
        ("", False, [0, 1, 2, 3, 4, 5, 6, 7, 8]),
        ("", True, [8, 7, 6, 5, 4, 3, 2, 1, 0]),
        ("data.age", True, [8, 7, 6, 5, 4, 3, 1, 0, 2]),  # missing last
        ("data.age", False, [0, 1, 3, 4, 5, 6, 7, 8, 2]),
        ("audit.verdict", False, [0, 1, 2, 3, 4, 8, 6, 7, 5]),  # ties in the file's order
        ("data.yes", True, [0, 2, 4, 6, 8, 1, 3, 5, 7]),
    ],
)
def test_rows_are_sorted(out: Path, sort: str, descending: bool, rows: list[int]) -> None:
    assert list(asked(out, sort=sort, descending=descending).positions) == rows


def test_pages_follow_each_other_and_end(out: Path) -> None:
    pages = [asked(out, page=at, size=4, sort="data.age", descending=True) for at in (1, 2, 3, 10**9)]
    assert [list(page.positions) for page in pages] == [[8, 7, 6, 5], [4, 3, 1, 0], [2], [2]]
    assert [(page.page, page.pages, page.total) for page in pages] == [(1, 3, 9), (2, 3, 9), (3, 3, 9), (3, 3, 9)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("data.agee", "=", "1"), "no column 'data.agee'; did you mean 'data.age'"),
        (("age", "=", "1"), "no column 'age'"),
        (("data.age", "=", "forty"), "column 'age' holds numbers, and 'forty' is none"),
        (("data.age", "=", "nan"), "holds numbers"),
        (("data.age", "=", ""), "holds numbers"),
        (("data.age", "LIKE", "1"), "no operator 'LIKE'"),
        (("data.age", "= 1 OR 1 =", "1"), "no operator"),
        (("data.day", ">", "soon"), "does not fit its column"),
        (("data.yes", "=", "maybe"), "does not fit its column"),
    ],
)
def test_what_cannot_hold_is_refused_in_words(out: Path, line: tuple[str, str, str], said: str) -> None:
    with pytest.raises(UsageError, match="^.*" + said.replace("(", r"\(")):
        asked(out, line)


@pytest.mark.parametrize(
    "wanted",
    [
        {"verdicts": ["good"]},
        {"reasons": ["OOD' OR TRUE --"]},
        {"text": "x" * 1001},
        {"sort": "data.age; DROP VIEW data"},
        {"page": 0},
        {"size": 0},
        {"size": MOST_ROWS + 1},
    ],
)
def test_bounds_and_words_that_do_not_exist(out: Path, wanted: dict) -> None:
    with pytest.raises(UsageError):
        asked(out, **wanted)


def test_too_many_comparisons(out: Path) -> None:
    with pytest.raises(UsageError, match="at most 20"):
        asked(out, *[("data.age", "present", "")] * 21)


@settings(max_examples=25)
@given(text=st.text(max_size=40), value=st.text(max_size=40))
def test_no_text_is_ever_taken_for_sql(tmp_path_factory: pytest.TempPathFactory, text: str, value: str) -> None:
    place = tmp_path_factory.mktemp("any")
    table = pa.table({"word": pa.array([value, "other"]), "n": pa.array([1, 2])})
    try:
        pa.array([text, value]).validate(full=True)
    except (pa.ArrowInvalid, UnicodeEncodeError):
        return
    with Rows(written(place, table, None)) as rows:
        same = rows.page(Filter.parse(columns=["data.word"], operators=["="], values=[value]))
        assert 0 in same.positions
        assert rows.page(Filter.parse(text=text)).total <= 2
        assert rows.page().total == 2


def test_a_data_column_may_be_called_as_the_numbers_of_rows_are(tmp_path: Path) -> None:
    data = pa.table({"row_id": [7, 8], "audit.verdict": ["a", "b"]})
    audit = pa.table({"row_id": [1], "verdict": ["accept"], "reasons": [""]})
    page = asked(written(tmp_path, data, audit))
    assert [column.key for column in page.columns][:2] == ["data.row_id", "data.audit.verdict"]
    assert page.rows == ((8, "b", "accept", ""),)


def test_an_internal_audit_says_how_much_each_column_counts(tmp_path: Path) -> None:
    cause = [{"column": "age", "contribution": 0.634, "rarity": 0.1, "in_support": True}]
    audit = pa.table({"row_id": [0], "verdict": ["reject"], "reasons": ["OOD"], "flagged_columns": [cause]})
    page = asked(written(tmp_path, pa.table({"age": [1]}), audit))
    assert page.rows[0][-1] == "age (63 %)"


def test_short_floats_and_exact_decimals_are_what_they_look_like(tmp_path: Path) -> None:
    exact = pa.array([Decimal("0.10"), Decimal("12345678901234567890.12")], pa.decimal128(38, 2))
    out = written(tmp_path, pa.table({"f": pa.array([0.1, 2.5], pa.float32()), "d": exact}), None)
    assert asked(out).rows == ((0.1, "0.10"), (2.5, "12345678901234567890.12"))
    assert asked(out, ("data.f", "=", "0.1")).positions == (0,)
    assert asked(out, ("data.d", ">", "1")).positions == (1,)


def test_pictures_and_bytes_are_left_out(tmp_path: Path) -> None:
    data = pa.table({"label": ["3"], "picture": [b"\x89PNG"], "grid": [[1, 2]], "part": [{"a": 1}]})
    assert [column.name for column in asked(written(tmp_path, data, None)).columns] == ["label"]


def test_rows_without_an_audit_and_an_audit_without_rows(out: Path, tmp_path: Path) -> None:
    (out / "audit.parquet").rename(tmp_path / "audit.parquet")
    assert asked(out, text="plain").positions == (7, 9)
    with Rows(out) as rows:
        assert rows.tally().verdicts == {}
    (tmp_path / "audit.parquet").rename(out / "audit.parquet")
    (out / "synthetic.parquet").unlink()
    assert asked(out, text="reject").positions == (6, 7)


def test_nothing_there_and_nothing_that_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(ReadError, match="no rows"):
        Rows(tmp_path / "out")
    (tmp_path / "out" / "synthetic.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(ReadError, match="cannot be read"):
        Rows(tmp_path / "out")


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".tsv.gz"])
def test_other_formats_are_read_once(out: Path, ending: str) -> None:
    table = fd.read(pa.table({"age": [31, 42, 53] * 10, "word": ["a;b", 'c"d', "e,f"] * 10}))
    (out / "synthetic.parquet").unlink()
    table.write(str(out / f"synthetic{ending}"))
    page = asked(out, ("data.word", "=", 'c"d'))
    assert page.positions == (1, 4, 7)
    copy = out.parent / "rows.parquet"
    before = copy.stat().st_mtime_ns
    assert page == asked(out, ("data.word", "=", 'c"d'))
    assert copy.stat().st_mtime_ns == before


def test_a_folder_may_have_any_name(out: Path, tmp_path: Path) -> None:
    strange = tmp_path / "it's [a] *?{b}"
    strange.mkdir()
    assert asked(out.rename(strange / "out")).total == 9


@pytest.mark.slow
def test_a_million_rows_in_bounded_memory(tmp_path: Path) -> None:
    n, draw = 1_000_000, np.random.default_rng(0)
    data = {f"number {at}": draw.normal(size=n).round(3) for at in range(8)}
    data |= {f"word {at}": np.array(["red", "green", "blue", "grey"])[draw.integers(0, 4, n)] for at in range(7)}
    flagged = draw.random(n) < 0.02
    audit = {"row_id": np.arange(n), "verdict": np.where(flagged, "reject", "accept")}
    audit |= {"reasons": np.where(flagged, "OOD", ""), "alpha_score": draw.random(n).round(2)}
    out = written(tmp_path, pa.table(data), pa.table(audit))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    took = []
    with Rows(out) as rows:
        for wanted, options in (
            (Filter(), {}),
            (Filter(), {"page": 20_000}),
            (Filter(), {"sort": "data.number 3", "descending": True, "page": 10_000}),
            (Filter.parse(["reject"]), {"sort": "audit.alpha_score"}),
            (Filter.parse(text="gree"), {}),
            (Filter.parse(columns=["data.number 0", "data.word 1"], operators=[">", "="], values=["1", "red"]), {}),
        ):
            start = time.perf_counter()
            page = rows.page(wanted, **options)
            took.append(round(time.perf_counter() - start, 3))
            assert len(page.rows) == 50
            assert page.total > 10_000
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / (1 if sys.platform == "darwin" else 1024)
    assert max(took) < 5, took
    assert grown < 700, grown
