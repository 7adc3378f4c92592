"""fidelia bench: the verb from end to end on tiny tables, and its refusals."""

from __future__ import annotations

import json


def test_quick_from_end_to_end(cli, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    out = tmp_path / "bench"
    asked = ("bench", "trilemma", "--quick", "--rows", 300, "--generator", "marginals", "--generator", "copula")
    ended = cli(*asked, "--out", out)
    assert ended.code == 0, ended.err
    assert sorted(path.name for path in out.iterdir()) == ["lines", "trilemma.json", "trilemma.md", "trilemma.svg"]
    rows = {row.split("  ")[0].strip(): row for row in ended.out.splitlines()}
    assert {"copula", "marginals", "noisy-copy", "fresh real", "exact copier", "one mode"} <= set(rows)
    assert max(map(len, ended.out.splitlines())) <= 80
    assert "trilemma.svg" in ended.err
    document = json.loads((out / "trilemma.json").read_text())
    assert document["table"] == {"name": "adult", "columns": 15, "train": 180, "holdout": 60, "fresh": 60}
    assert all(not line["failed"] for line in document["lines"])
    before = {path: path.stat().st_mtime_ns for path in (out / "lines").iterdir()}
    again = cli(*asked, "--out", out, "--json", "-q")
    assert json.loads(again.out) == document  # nothing was measured twice
    assert {path: path.stat().st_mtime_ns for path in (out / "lines").iterdir()} == before


def test_refusals_name_the_way_out(cli, tmp_path):
    ended = cli("bench", "trilemma", "--generator", "treees", "--out", tmp_path)
    assert ended.code == 2 and "did you mean 'trees'" in ended.err
    ended = cli("bench", "trilemma", "--time-limit", "soon", "--out", tmp_path)
    assert ended.code == 2 and "90s" in ended.err
    ended = cli("bench", "trilemma", tmp_path / "nothing.csv", "--generator", "trees", "--out", tmp_path)
    assert ended.code == 4
    assert list(tmp_path.iterdir()) == []


def test_help_shows_the_verb_and_its_examples(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    bare = cli("bench")
    assert bare.code == 0 and "trilemma" in bare.out
    out = cli("bench", "trilemma", "--help").out
    assert "$ fidelia bench trilemma" in out
    assert max(map(len, out.splitlines())) <= 80
