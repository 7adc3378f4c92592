"""A bundle comes back as it was, and no file, however damaged or malicious, does anything but raise BundleError."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pyarrow as pa
import pytest

from fidelia.data.table import Table
from fidelia.errors import BundleError, ReadError
from fidelia.generate import bundle
from fidelia.generate.marginals import Marginals
from fidelia.rng import Rng
from fidelia.schema import Column, Kind, Schema

DRAW = np.random.Generator(np.random.PCG64(1))
SCHEMA = Schema((Column("x", Kind.NUMBER), Column("c", Kind.CATEGORY, nullable=True), Column("id", Kind.ID)))
TABLE = Table(
    pa.table({"x": DRAW.normal(size=300), "c": ["a", "b", None] * 100, "id": [f"k{i}" for i in range(300)]}),
    SCHEMA,
    "pyarrow",
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("bundle") / "m.fidelia"
    write(path)
    return path


def write(path):
    model = Marginals().fit(TABLE, rng=Rng(0))
    bundle.save(path, generator_name="marginals", generator=model, schema=SCHEMA, about={"rows": np.int64(300)})


def members(path):
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def rewritten(path, changes):
    content = {**members(path), **changes}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in content.items():
            if data is not None:
                file.writestr(name, data)
    return buffer.getvalue()


def edited(path, name, change):
    document = json.loads(members(path)[name])
    change(document)
    return rewritten(path, {name: json.dumps(document)})


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def assert_refused(tmp_path, content, said=None):
    path = tmp_path / "bad.fidelia"
    path.write_bytes(content)
    with pytest.raises(BundleError, match=said):
        bundle.load(path)


def draw(found):
    return found.generator.sample(20, rng=Rng(3)).arrow


def test_a_model_comes_back(saved):
    found = bundle.load(saved)
    assert (found.generator_name, found.schema, found.about) == ("marginals", SCHEMA, {"rows": 300})
    assert draw(found).equals(Marginals().fit(TABLE, rng=Rng(0)).sample(20, rng=Rng(3)).arrow)


def test_the_same_model_gives_the_same_bytes(saved, tmp_path):
    write(tmp_path / "again.fidelia")
    assert (tmp_path / "again.fidelia").read_bytes() == saved.read_bytes()


def test_the_manifest_says_how_values_are_protected(saved):
    manifest = json.loads(members(saved)["manifest.json"])
    assert manifest["format"] == 1
    assert manifest["protection"] == {"k": 5, "asked": 5, "rare": "resample", "level": "protected"}


def test_no_value_of_a_single_row_is_in_it(saved):
    text = b"".join(members(saved).values())
    numbers = {value.tobytes() for value in np.asarray(TABLE["x"])}
    held = {text[i : i + 8] for i in range(len(text) - 7)}
    assert not numbers & held
    assert not any(repr(float(value)).encode() in text for value in np.asarray(TABLE["x"]))


def test_what_is_no_zip_is_refused(tmp_path, saved):
    assert_refused(tmp_path, b"", "not a whole model file")
    assert_refused(tmp_path, b"hello", "not a whole model file")
    assert_refused(tmp_path, saved.read_bytes()[:-40], "not a whole model file")
    assert_refused(tmp_path, saved.read_bytes()[: len(saved.read_bytes()) // 2], "not a whole model file")


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(ReadError, match=r"none\.fidelia"):
        bundle.load(tmp_path / "none.fidelia")


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "arrays/../../x.npy", "a\\b", "code.py", "arrays/9999.npy"])
def test_unexpected_names_are_refused(tmp_path, saved, name):
    assert_refused(tmp_path, rewritten(saved, {name: b"x"}), "unsafe name|unexpected members")


@pytest.mark.parametrize("name", ["manifest.json", "state.json", "arrays/0000.npy"])
def test_absent_members_are_refused(tmp_path, saved, name):
    assert_refused(tmp_path, rewritten(saved, {name: None}))


def test_bombs_are_refused(tmp_path, saved):
    assert_refused(tmp_path, rewritten(saved, {"state.json": b" " * (bundle.FREE + 1)}), "zip bomb")


def test_a_member_longer_than_it_declares_is_refused(tmp_path, saved, monkeypatch):
    with zipfile.ZipFile(saved) as file:
        member = file.getinfo("state.json")
        member.file_size -= 1
        with pytest.raises((BundleError, zipfile.BadZipFile)):
            bundle._bytes(file, member)


@pytest.mark.parametrize(
    "array",
    [
        np.array([object()], dtype=object),
        np.zeros(3),
        np.zeros((1, 2), np.int64),
        np.array(["a"]),
        np.zeros(2, [("a", "f8")]),
        np.asfortranarray(np.zeros((3, 3))),
    ],
    ids=["objects", "shape", "type", "text", "record", "order"],
)
def test_other_arrays_are_refused(tmp_path, saved, array):
    if array.dtype == object:
        array = np.array([{"a": 1}], dtype=object)
    assert_refused(tmp_path, rewritten(saved, {"arrays/0000.npy": npy(array)}))


def test_an_array_of_another_length_is_refused(tmp_path, saved):
    assert_refused(
        tmp_path, rewritten(saved, {"arrays/0000.npy": members(saved)["arrays/0000.npy"] + b"xx"}), "do not fill"
    )


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("manifest.json", lambda d: d.update(format=2)),
        ("manifest.json", lambda d: d.update(generator="evil")),
        ("manifest.json", lambda d: d.update(generator="noisy-copy")),
        ("manifest.json", lambda d: d.update(schema=[])),
        ("manifest.json", lambda d: d.update(arrays=3)),
        ("manifest.json", lambda d: d.update(about=3)),
        ("manifest.json", lambda d: d["arrays"][0].update(shape=[-1])),
        ("state.json", lambda d: d.pop("coder")),
        ("state.json", lambda d: d["parameters"].update(evil=1)),
        ("state.json", lambda d: d["axes"].pop()),
        ("state.json", lambda d: d["axes"][0].update(name="y")),
        ("state.json", lambda d: d["coder"]["columns"].pop()),
        ("state.json", lambda d: d["coder"]["columns"][0].update(coder="level")),
        ("state.json", lambda d: d["coder"]["columns"][1]["levels"].append("a")),
        ("state.json", lambda d: d["coder"].update(gaps=["x"])),
    ],
)
def test_json_that_does_not_fit_is_refused(tmp_path, saved, name, change):
    assert_refused(tmp_path, edited(saved, name, change))


@pytest.mark.parametrize("content", [b"[]", b"{", b"\xff", b"[" * 100_000, b'{"format": NaN}'])
def test_members_that_are_no_objects_are_refused(tmp_path, saved, content):
    assert_refused(tmp_path, rewritten(saved, {"manifest.json": content}))


def test_flipped_bytes_are_refused_or_change_nothing(tmp_path, saved):
    good, wanted = saved.read_bytes(), draw(bundle.load(saved))
    refusals = 0
    for _ in range(300):
        content = bytearray(good)
        for at in DRAW.integers(len(good), size=DRAW.integers(1, 4)):
            content[at] = DRAW.integers(256)
        path = tmp_path / "flipped.fidelia"
        path.write_bytes(content)
        try:
            found = bundle.load(path)
        except BundleError:
            refusals += 1
        else:
            assert draw(found).equals(wanted)
    assert refusals > 150
