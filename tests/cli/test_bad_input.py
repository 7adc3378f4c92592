"""Every kind of bad input: exit code 4, one line that names the file or the column, nothing written."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

GOOD = "age,sex,income\n" + "".join(f"{20 + i % 40},{'FM'[i % 2]},{'<>'[i * 7 % 3 == 0]}\n" for i in range(120))


def csv(text: str):
    return lambda folder: _put(folder / "data.csv", text.encode())


def _put(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _infinite(folder: Path) -> Path:
    pq.write_table(pa.table({"x": [1.0, float("inf"), 2.0] * 9, "y": ["a", "b", "c"] * 9}), folder / "data.parquet")
    return folder / "data.parquet"


def _twins(folder: Path) -> Path:
    pq.write_table(pa.Table.from_arrays([pa.array([1, 2]), pa.array([3, 4])], ["x", "x"]), folder / "data.parquet")
    return folder / "data.parquet"


def _locked(folder: Path) -> Path:
    """A path below a file, which nobody can read, root included."""
    return _put(folder / "file", b"") / "data.csv"


BAD = {
    "empty": (csv(""), [], "data.csv"),
    "header only": (csv("age,sex\n"), [], "data.csv"),
    "one row": (csv("age,sex\n1,F\n"), [], "data.csv"),
    "twin columns": (csv("age,age\n1,2\n3,4\n5,6\n"), [], "'age'"),
    "twin columns in parquet": (_twins, [], "'x'"),
    "target missing": (csv(GOOD), ["--target", "incom"], "'incom'"),
    "target constant": (csv(GOOD.replace("<", ">")), ["--target", "income"], "'income'"),
    "infinite values": (_infinite, [], "'x'"),
    "binary csv": (lambda folder: _put(folder / "data.csv", bytes(range(256)) * 40), [], "data.csv"),
    "binary parquet": (lambda folder: _put(folder / "data.parquet", b"\x00\x01" * 99), [], "data.parquet"),
    "no such file": (lambda folder: folder / "nothing.csv", [], "nothing.csv"),
    "a folder": (lambda folder: folder, [], "a table is one file"),
    "unreadable": (_locked, [], "data.csv"),
    "unknown ending": (lambda folder: _put(folder / "data.docx", b"PK"), [], "data.docx"),
    "broken recipe": (lambda folder: _put(folder / "recipe.toml", b"format = 9"), [], "recipe.toml"),
}


@pytest.mark.parametrize("name", BAD)
def test_run_refuses(cli, tmp_path, name):
    make, options, named = BAD[name]
    (tmp_path / "in").mkdir()
    ended = cli("run", make(tmp_path / "in"), *options, "--out", tmp_path / "out", "--quiet")
    assert ended.code == 4, ended.err
    assert ended.err.startswith("Error: ") and ended.err.count("\n") == 1 and "Traceback" not in ended.err
    assert named in ended.err
    assert ended.out == "" and not (tmp_path / "out").exists()


def test_a_kind_for_a_column_that_is_not_there_is_wrong_usage(cli, tmp_path):
    ended = cli("schema", csv(GOOD)(tmp_path), "--kind", "agee=category")
    assert ended.code in (2, 4)
    assert "'agee'" in ended.err and "'age'" in ended.err


OTHERS = {
    "a column less": GOOD.replace(",sex,", ",").replace(",F,", ",").replace(",M,", ","),
    "another column": GOOD.replace("sex", "gender"),
    "another kind": GOOD.replace("\n2", "\ntwenty"),
    "empty": "",
}


@pytest.mark.parametrize("part", ["--synthetic", "--holdout"])
@pytest.mark.parametrize("name", OTHERS)
def test_evaluate_refuses_tables_that_do_not_fit(cli, tmp_path, name, part):
    good, bad = _put(tmp_path / "good.csv", GOOD.encode()), _put(tmp_path / "bad.csv", OTHERS[name].encode())
    files = {"--train": good, "--synthetic": good, "--holdout": good} | {part: bad}
    ended = cli("evaluate", *(word for pair in files.items() for word in pair), "--out", tmp_path / "out", "-q")
    assert ended.code == 4, ended.err
    assert ended.err.startswith("Error: ") and ended.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"[]", b"{}", b'{"format": 2}'])
def test_report_refuses_what_is_no_results_document(cli, tmp_path, content):
    ended = cli("report", _put(tmp_path / "results.json", content))
    assert ended.code == 4
    assert ended.err.count("\n") == 1 and not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and then nothing", bytes(range(256))])
def test_sample_refuses_what_is_no_model(cli, tmp_path, content):
    ended = cli("sample", _put(tmp_path / "m.fidelia", content), "-n", 3)
    assert (ended.code, ended.out) == (4, "")
    assert "m.fidelia" in ended.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["rum"], "Did you mean 'run'?"),
        (["run", "adult", "--targt", "income"], "--target"),
        (["run", "adult", "--generator", "tres"], "no generator 'tres'; did you mean 'trees'?"),
        (["run", "adult", "--kind", "agge=number"], "no column 'agge'; did you mean 'age'?"),
        (["run", "adult", "--kind", "age=numbr"], "no kind 'numbr'; did you mean 'number'?"),
        (["run", "adult", "--edition", "shareble"], "'shareble' is not one of 'shareable', 'internal'"),
        (["run", "adult", "--set", "leef=4"], "generator 'trees' has no setting 'leef'; did you mean 'leaf'?"),
        (["explain", "AUT1"], "no metric 'AUT1'; did you mean 'AUT01'?"),
    ],
)
def test_a_misspelt_word_is_answered_with_the_one_that_is_meant(cli, tmp_path, monkeypatch, arguments, says):
    monkeypatch.chdir(tmp_path)
    ended = cli(*arguments)
    assert ended.code == 2 and says in " ".join(ended.err.split()) and "Value error" not in ended.err
