"""fd.run and `fidelia run` on pictures: what comes out is what comes out of tables, and pictures as they came."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

import fidelia as fd
from fidelia.cli.exits import guarded
from fidelia.data.images.imageset import ImageSet
from fidelia.errors import UsageError, WriteError
from fidelia.workflow.recipe import Recipe

pytest.importorskip("torch")
TINY = {"steps": 4, "width": 4, "latent": 2}
COMMAND = ["--generator", "vae", "--rows", "40", "--quiet", *(f"--set={key}={value}" for key, value in TINY.items())]


@cache
def digits() -> ImageSet:
    found = load_digits()
    order = np.random.default_rng(0).permutation(len(found.target))[:120]
    return fd.read_images(found.images[order], span=(0, 16), labels=found.target[order])


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder of digits, and what one command made of it."""
    place = tmp_path_factory.mktemp("run")
    digits().write(place / "real")
    (place / "real" / "0" / "torn.png").write_bytes(b"no picture")
    assert guarded(["run", str(place / "real"), "--out", str(place / "out"), *COMMAND]) == 0
    return place


def test_a_folder_becomes_a_folder_with_everything_beside(folder):
    assert {path.name for path in (folder / "out").iterdir()} >= {
        "synthetic", "report.html", "results.json", "audit.parquet", "model.fidelia", "recipe.toml", "progress",
    }  # fmt: skip
    made = fd.read_images(folder / "out" / "synthetic")
    assert made.shape == digits().shape and len(made) == 40
    assert set(made.labels) <= set(digits().labels)
    document = json.loads((folder / "out" / "results.json").read_text())
    assert document["inputs"]["generator"]["name"] == "image-vae"
    assert {"FID16", "DIV01", "AUT01", "IMG01"} <= {result["code"] for result in document["results"]}
    assert document["inputs"]["train"]["rows"] == 96
    assert list((folder / "out" / "progress").glob("*.png"))


def test_a_broken_file_is_named_and_loses_nothing_else(folder, capsys):
    document = json.loads((folder / "out" / "results.json").read_text())
    said = "1 broken pictures were left out: 0/torn.png"
    assert any(said in note for note in document["inputs"]["notes"])
    assert document["inputs"]["train"]["rows"] + document["inputs"]["holdout"]["rows"] == len(digits())
    fast = [part for part in COMMAND if part not in ("--quiet", "--rows", "40")]
    assert guarded(["fit", str(folder / "real"), "-o", str(folder / "m.fidelia"), *fast]) == 0
    assert said in " ".join(capsys.readouterr().err.split())


def test_its_recipe_does_it_again_to_the_last_byte(folder):
    out = folder / "out"
    before = {name: (out / name).read_bytes() for name in ("results.json", "model.fidelia", "audit.parquet")}
    shown = fd.read_images(out / "synthetic").pixels
    assert guarded(["run", str(out / "recipe.toml"), "--quiet"]) == 0
    assert {name: (out / name).read_bytes() for name in before} == before
    assert (fd.read_images(out / "synthetic").pixels == shown).all()
    assert Recipe.load(out / "recipe.toml").generator == "image-vae"


def test_a_folder_with_other_files_is_not_replaced(folder, tmp_path):
    place = tmp_path / "synthetic"
    digits().write(place)
    (place / "notes.txt").write_text("mine")
    from fidelia.data.images.write import write_images

    with pytest.raises(WriteError, match="stands there already"):
        write_images(digits(), place, again=True)
    assert (place / "notes.txt").read_text() == "mine"


def test_the_model_draws_more_of_a_class(folder):
    drawn = fd.load(folder / "out" / "model.fidelia").sample_table(12, given={"label": "3"})
    assert ImageSet.of(drawn).labels == ("3",) * 12


def test_arrays_become_arrays_of_the_size_asked_for(tmp_path):
    digits().write(tmp_path / "real.npz")
    out = tmp_path / "out"
    assert guarded(["run", str(tmp_path / "real.npz"), "--out", str(out), "--size", "9", *COMMAND]) == 0
    assert fd.read_images(out / "synthetic.npz").shape == (9, 9, 1)
    assert Recipe.load(out / "recipe.toml").size == [9, 9]


def test_in_python_pictures_without_labels_do_too(tmp_path):
    found = fd.run(digits().without_labels(), generator="vae", parameters=TINY, n=30)
    assert found.recipe.generator == "image-vae"
    assert len(found.synthetic) == 30 and found.synthetic.schema.target is None
    found.write(tmp_path)
    assert fd.read_images(tmp_path / "synthetic.parquet").shape == digits().shape


def test_conditions_and_shares_are_of_labels():
    given = fd.run(digits(), generator="vae", parameters=TINY, n=20, given=["label=3"])
    assert set(given.synthetic["label"].to_pylist()) == {"3"}
    even = fd.run(digits(), generator="vae", parameters=TINY, n=50, balance="label")
    assert set(np.unique(even.synthetic["label"].to_pylist(), return_counts=True)[1]) == {5}


def test_what_learns_tables_is_refused_before_the_work():
    with pytest.raises(UsageError, match=r"copula.* learns tables, and pictures were given.*image-vae"):
        fd.run(digits(), generator="copula")
    with pytest.raises(UsageError, match="a race compares columns"):
        fd.run(digits(), generator="auto")
