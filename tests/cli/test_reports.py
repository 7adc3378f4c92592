"""fidelia report: the page again, Markdown, and results side by side."""

import json
from pathlib import Path

import pytest


@pytest.fixture
def results(tmp_path: Path, document) -> tuple[Path, Path]:
    """Two results of one training table, in folders of their own."""
    worse = json.loads(json.dumps(document))
    worse["results"][1] |= {"value": 0.2, "interval": [0.19, 0.21]}
    for name, made in (("one", document), ("two", worse)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.json").write_text(json.dumps(made), encoding="utf-8")
    return tmp_path / "one" / "results.json", tmp_path / "two" / "results.json"


def test_the_ending_of_the_name_says_the_form(cli, results, tmp_path, document) -> None:
    assert cli("report", results[0], "-q").code == 0
    assert (tmp_path / "one" / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert cli("report", results[0], "-o", tmp_path / "report.md", "-q").code == 0
    assert document["verdict"]["headline"] in (tmp_path / "report.md").read_text(encoding="utf-8")
    ended = cli("report", results[0], "-o", tmp_path / "report.docx")
    assert ended.code == 2 and ".html, .md or .json" in ended.err and not (tmp_path / "report.docx").exists()


def test_compare_says_who_is_ahead_and_writes_the_page(cli, results, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    ended = cli("report", "--compare", *results)
    assert ended.code == 0 and ended.out == ""
    assert "one is better than two on 1 of" in " ".join(ended.err.split()) and "compare.html" in ended.err
    assert "one is better than two" in (tmp_path / "compare.html").read_text(encoding="utf-8")
    assert cli("report", *results, "--compare", "-o", "c.json", "-q").err == ""
    assert [side["name"] for side in json.loads((tmp_path / "c.json").read_text(encoding="utf-8"))["sides"]] == [
        "one",
        "two",
    ]


def test_what_does_not_compare_ends_with_the_reason_and_no_file(cli, results, tmp_path, document) -> None:
    other = json.loads(json.dumps(document))
    other["inputs"]["train"]["sha256"] = "f" * 64
    (tmp_path / "other.json").write_text(json.dumps(other), encoding="utf-8")
    out = tmp_path / "compare.html"
    for arguments, code, said in (
        (["--compare", results[0], tmp_path / "other.json"], 4, "scores beside other training rows do not compare"),
        (["--compare", results[0]], 2, "1 result given; compare 2 to 8 of them"),
        (list(results), 2, "set them side by side with --compare"),
        (["--compare", *results, "--gate", "gate.toml"], 2, "--gate holds one result"),
    ):
        ended = cli("report", *arguments, "-o", out)
        assert (ended.code, out.exists()) == (code, False)
        assert said in " ".join(ended.err.split())
