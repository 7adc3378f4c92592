"""Pictures from end to end: fd.evaluate and `fidelia evaluate` on sets, files and folders."""

from __future__ import annotations

import json
import re
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

import fidelia as fd
from fidelia.cli.exits import guarded
from fidelia.errors import ReadError, SchemaError
from fidelia.measure.images.entries import DEFAULT


@cache
def digits():
    found = load_digits()
    order = np.random.default_rng(0).permutation(len(found.target))
    return fd.read_images(found.images, span=(0, 16), labels=found.target).take(order)


def part(i, n=120):
    return digits().take(np.arange(i * n, (i + 1) * n))


def test_evaluate_takes_sets_of_pictures_and_writes_the_same_files(tmp_path):
    outcome = fd.evaluate(part(0), part(1), holdout=part(2))
    found = {r["code"] for r in outcome.document["results"]}
    assert found | {d["code"] for d in outcome.document["not_computed"]} == set(DEFAULT)
    assert outcome.document["embedding"]["name"] == "random-convolutions"
    assert outcome["FID16"]["value"] > 0.8
    outcome.write(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} >= {"results.json", "report.html", "audit.parquet"}
    assert json.loads((tmp_path / "results.json").read_text()) == json.loads(json.dumps(outcome.document))
    again = fd.evaluate(part(0), part(1), holdout=part(2))
    assert again.document == outcome.document


@pytest.mark.parametrize("edition", ["shareable", "internal"])
def test_copies_are_pictures_of_the_internal_edition_alone(edition):
    copies = fd.evaluate(part(0), part(0), holdout=part(2), edition=edition, codes=["AUT05", "AUT03", "IMG10"])
    assert copies["AUT05"]["value"] == 1
    assert len(json.dumps(copies.document)) < 300_000
    shown = copies.document["pictures"]
    assert bool(shown["grids"]) == bool(shown["map"]) == (edition == "internal")
    assert "examples" not in copies.document["audit"]


def test_arrays_and_tables_are_pictures_too():
    arrays = [part(i).pixels[..., 0] for i in range(3)]
    outcome = fd.evaluate(arrays[0], arrays[1], holdout=arrays[2], codes=["FID16"])
    tables = fd.evaluate(part(0).without_labels().table(), arrays[1], holdout=arrays[2], codes=["FID16"])
    assert outcome["FID16"] == tables["FID16"]


def test_labels_that_are_not_on_all_sides_are_left_away_and_said():
    outcome = fd.evaluate(part(0), part(1).without_labels(), holdout=part(2), codes=["FID16", "IMG09"])
    assert "synthetic pictures have no labels, so that classes were not compared" in outcome.document["inputs"]["notes"]
    assert "NEEDS_TARGET" in outcome.document["not_computed"][0]["reason"]


def test_a_classifier_learns_from_train_whose_labels_nobody_else_has():
    pytest.importorskip("torch")
    sides = part(0), part(1).without_labels(), part(2).without_labels()
    outcome = fd.evaluate(sides[0], sides[1], holdout=sides[2], embedding="cnn", codes=["FID16"])
    assert outcome.document["embedding"]["name"] == "cnn"
    assert outcome["FID16"]["n"]["train"] == 60


def test_sizes_that_differ_are_refused_or_brought_to_one():
    small = part(1).resized(6)
    with pytest.raises(SchemaError, match=r"train 8 x 8, synthetic 6 x 6\); give one"):
        fd.evaluate(part(0), small)
    assert fd.evaluate(part(0), small, size=6, codes=["FID16"])["FID16"]["value"] is not None


def test_grey_beside_colour_is_said():
    outcome = fd.evaluate(part(0), part(1).in_colour(), codes=["FID16"])
    assert "train pictures are grey and others in colour" in outcome.document["inputs"]["notes"][0]


def test_too_few_pictures_and_missing_folders(tmp_path):
    with pytest.raises(SchemaError, match="20 are needed"):
        fd.evaluate(part(0), part(1).take(range(5)))
    with pytest.raises(ReadError, match=r"synthetic pictures: .*no such file or folder"):
        fd.evaluate(part(0), tmp_path / "nothing")


def test_files_of_pictures_are_recognised_by_the_command(tmp_path, capsys):
    for name, i in (("a.npz", 0), ("b.parquet", 1), ("c.npz", 2)):
        part(i).write(tmp_path / name)
    words = ["evaluate", "--train", "a.npz", "--synthetic", "b.parquet", "--holdout", "c.npz", "--metric", "IMG01"]
    sides = [str(tmp_path / w) if w.endswith(("npz", "parquet")) else w for w in words]
    assert guarded([*sides, "--extractor", "random-convolutions", "--json", "--quiet"]) == 0
    assert json.loads(capsys.readouterr().out)["results"][0]["code"] == "IMG01"


def test_folders_of_pictures_are_recognised_by_the_command(tmp_path):
    pytest.importorskip("PIL")
    for name, i in (("a", 0), ("b", 1), ("c", 2)):
        part(i).write(tmp_path / name)
    (tmp_path / "b" / "3" / "bad.png").write_bytes(b"no picture")
    names = (("train", "a"), ("synthetic", "b"), ("holdout", "c"))
    sides = [word for side, name in names for word in (f"--{side}", str(tmp_path / name))]
    assert guarded(["evaluate", *sides, "--out", str(tmp_path / "out"), "--metric", "FID16"]) == 0
    document = json.loads((tmp_path / "out" / "results.json").read_text())
    assert document["inputs"]["train"]["rows"] == 120
    assert any("1 broken pictures were left out: 3/bad.png" in note for note in document["inputs"]["notes"])
    assert document["inputs"]["target"] == "label"


def test_the_code_of_the_documentation_runs(tmp_path, monkeypatch):
    page = Path(__file__).parents[2] / "docs" / "images.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(blocks) == 3
    monkeypatch.chdir(tmp_path)
    for verb in ("run", "fit"):  # as said, but for the steps
        monkeypatch.setattr(fd, verb, partial(getattr(fd, verb), parameters={"steps": 20, "width": 8}))
    part(3).write("digits")
    for i, name in enumerate(("train", "synthetic", "holdout")):
        part(i).write(f"{name}.npz")
    names = {}
    for block in blocks:
        exec(compile(block, str(page), "exec"), names)
    assert (tmp_path / "out" / "report.html").is_file()
    assert (tmp_path / "report.html").is_file()
    assert next((tmp_path / "seen").glob("*.png")).stat().st_size > 0
    assert set(names["drawn"].labels) == {"3"}
