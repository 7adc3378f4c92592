"""Pictures in and out: folders, arrays, npy, npz, idx, parquet; broken files; sizes; splits."""

from __future__ import annotations

import gzip
import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits

import fidelia as fd
from fidelia.data.images.imageset import ImageSet, pictures
from fidelia.data.images.read import holds_pictures, read_images
from fidelia.data.images.resize import resize, weights
from fidelia.data.keys import row_keys
from fidelia.errors import MissingExtra, ReadError, SchemaError, UsageError, WriteError
from fidelia.generate.catalog import create
from fidelia.rng import Rng
from fidelia.schema import Kind


def some(n=6, side=8, channels=1, labels=True, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (n, side, side, channels), dtype=np.uint8)
    return ImageSet(pixels, tuple("ab"[i % 2] for i in range(n)) if labels else None)


def same(a, b):
    return np.array_equal(a.pixels, b.pixels) and a.labels == b.labels


def test_shapes_that_are_no_pictures_are_refused():
    with pytest.raises(UsageError, match="height, width, 1 or 3"):
        ImageSet(np.zeros((2, 8, 8, 4), np.uint8))
    with pytest.raises(UsageError, match="3 labels are given for 2"):
        ImageSet(np.zeros((2, 8, 8, 1), np.uint8), ("a", "b", "c"))


@pytest.mark.parametrize("labels", [True, False])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_table_carries_pictures_through_subsets_and_back(labels, channels):
    images = some(channels=channels, labels=labels)
    table = images.table()
    assert table.schema["image"].kind is Kind.IMAGE
    assert table.schema.target == ("label" if labels else None)
    taken = ImageSet.of(table.take([4, 1]))
    assert same(taken, images.take([4, 1]))
    assert taken.names == ("4", "1")


def test_keys_of_rows_tell_pictures_apart():
    images = some(labels=False)
    twins = ImageSet(np.concatenate([images.pixels, images.pixels]))
    keys = row_keys(twins.table())
    assert np.array_equal(keys[:6], keys[6:])
    assert len(set(keys.tolist())) == 6


@pytest.mark.parametrize("ending", [".npz", ".parquet"])
@pytest.mark.parametrize("labels", [True, False])
def test_files_come_back_as_they_were(tmp_path, ending, labels):
    images = some(labels=labels, channels=3)
    images.write(tmp_path / f"x{ending}")
    found = read_images(tmp_path / f"x{ending}")
    assert same(found, images)
    assert found.names == images.names
    assert [p.name for p in tmp_path.iterdir()] == [f"x{ending}"]


def test_a_parquet_of_pictures_is_also_a_table(tmp_path):
    some().write(tmp_path / "x.parquet")
    table = fd.read(tmp_path / "x.parquet", target="label")
    assert table.schema["image"].kind is Kind.IMAGE
    assert pictures(table).shape == (6, 8, 8, 1)


def test_generators_of_columns_refuse_pictures_in_words():
    with pytest.raises(SchemaError, match="column 'image' holds"):
        create("marginals").fit(some(40).table(), rng=Rng(0))
    with pytest.raises(UsageError, match="'marginals' learns tables"):
        fd.fit(some(40).table(), generator="marginals")


def test_flat_lists_in_parquet_take_shape_and_range_from_the_card(tmp_path):
    flat = pa.array(np.tile(np.arange(20, dtype=np.uint8), 4))
    lists = pa.FixedSizeListArray.from_arrays(flat, 20)
    pq.write_table(pa.table({"pixels": lists, "digit": [1, 2, 1, 2]}), tmp_path / "data.parquet")
    card = {"file": "data.parquet", "image_shape": [5, 4], "pixel_range": [0, 19], "target": "digit"}
    with pytest.raises(ReadError, match="no square; give shape="):
        read_images(tmp_path / "data.parquet")
    assert read_images(tmp_path / "data.parquet", shape=(4, 5)).shape == (4, 5, 1)
    (tmp_path / "card.json").write_text(json.dumps(card))
    found = read_images(tmp_path / "data.parquet")
    assert found.shape == (5, 4, 1)
    assert found.labels == ("1", "2", "1", "2")
    assert found.pixels[0].max() == 255


@pytest.mark.parametrize("packed", [True, False])
def test_idx_files_with_their_labels(tmp_path, packed):
    images = some(5)
    put = gzip.compress if packed else bytes
    ending = ".gz" if packed else ""
    head = b"\0\0\x08"
    body = head + b"\x03" + np.array([5, 8, 8], ">u4").tobytes() + images.pixels.tobytes()
    (tmp_path / f"t-images-idx3-ubyte{ending}").write_bytes(put(body))
    found = read_images(tmp_path / f"t-images-idx3-ubyte{ending}")
    assert found.labels is None and np.array_equal(found.pixels, images.pixels)
    told = head + b"\x01" + np.array([5], ">u4").tobytes() + bytes([3, 1, 4, 1, 5])
    (tmp_path / f"t-labels-idx1-ubyte{ending}").write_bytes(put(told))
    assert read_images(tmp_path / f"t-images-idx3-ubyte{ending}").labels == ("3", "1", "4", "1", "5")


def test_idx_files_cut_short_are_refused(tmp_path):
    (tmp_path / "x-idx3-ubyte").write_bytes(b"\0\0\x08\x03" + np.array([5, 8, 8], ">u4").tobytes() + b"abc")
    with pytest.raises(ReadError, match="holds 5 x 8 x 8 values, but is not that long"):
        read_images(tmp_path / "x-idx3-ubyte")
    (tmp_path / "y-idx3-ubyte.gz").write_bytes(gzip.compress(b"\0\0\x08\x03" + bytes(40))[:20])
    with pytest.raises(ReadError, match="cannot be read as pictures"):
        read_images(tmp_path / "y-idx3-ubyte.gz")


def test_npz_of_several_arrays_asks_which(tmp_path):
    images = some(4)
    arrays = {
        "train_images": images.pixels,
        "val_images": images.pixels[:2],
        "train_labels": np.array([[0], [1], [0], [1]]),
    }
    np.savez(tmp_path / "m.npz", **arrays)
    with pytest.raises(ReadError, match="choose one with key="):
        read_images(tmp_path / "m.npz")
    assert read_images(tmp_path / "m.npz", key="train_images").labels == ("0", "1", "0", "1")
    with pytest.raises(ReadError, match="did you mean 'val_images'"):
        read_images(tmp_path / "m.npz", key="val_image")


def test_arrays_of_every_layout_and_range():
    pixels = some(4, channels=3).pixels
    assert np.array_equal(read_images(pixels.transpose(0, 3, 1, 2)).pixels, pixels)
    assert np.array_equal(read_images(pixels[..., 0]).pixels, pixels[..., :1])
    assert np.array_equal(read_images(pixels[..., 0].reshape(4, 64)).pixels, pixels[..., :1])
    assert np.array_equal(read_images(pixels / 255).pixels, pixels)
    assert np.array_equal(read_images(pixels / 127.5 - 1, span=(-1, 1)).pixels, pixels)
    assert np.array_equal(read_images(pixels.astype(np.int64)).pixels, pixels)
    assert read_images(pixels > 127).pixels.max() == 255
    digits = read_images(load_digits().images, span=(0, 16), labels=load_digits().target)
    assert (len(digits), digits.pixels.max(), digits.labels[:2]) == (1797, 255, ("0", "1"))


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.full((2, 8, 8), 16.0), "run from 16 to 16, which is not within 0"),
        (np.full((2, 8, 8), np.nan), "nan"),
        (np.full((2, 8, 8), 300), "not within 0 .black. to 255"),
        (np.zeros((2, 8, 8, 5)), "pictures are"),
        (np.zeros((2, 8, 8), complex), "pixels are numbers"),
        (np.array([["a"]]), "pixels are numbers"),
    ],
)
def test_arrays_that_are_no_pictures(array, said):
    with pytest.raises(ReadError, match=said):
        read_images(array)


def test_tensors_are_arrays_whose_channels_come_first():
    torch = pytest.importorskip("torch")
    tensor = torch.rand(3, 3, 8, 3, requires_grad=True)
    found = read_images(tensor, labels=torch.tensor([0, 1, 0]))
    assert found.shape == (8, 3, 3)
    assert found.labels == ("0", "1", "0")


def test_labels_of_the_wrong_number():
    with pytest.raises(ReadError, match=r"labels have the shape \(3,\) for 4 pictures"):
        read_images(some(4).pixels, labels=[1, 2, 3])


@given(st.integers(1, 40), st.integers(1, 40))
def test_resizing_is_a_mean_of_pixels(old, new):
    found = weights(old, new)
    assert found.shape == (new, old)
    assert found.min() >= 0
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-5)
    flat = np.full((1, old, old, 1), 77, np.uint8)
    assert (resize(flat, new) == 77).all()


def test_shrinking_does_not_alias():
    """Stripes of one pixel become grey; taking every second pixel would leave them black or white."""
    stripes = np.zeros((1, 32, 32, 1), np.uint8)
    stripes[:, :, ::2] = 254
    small = resize(stripes, 8)[0, :, 1:-1, 0]
    assert small.min() >= 120
    assert small.max() <= 134


def test_resizing_agrees_with_torch():
    torch = pytest.importorskip("torch")
    pixels = some(2, side=28, channels=3).pixels
    shown = torch.from_numpy(pixels.transpose(0, 3, 1, 2).astype(np.float32))
    for size in ((14, 9), (32, 50)):
        expected = torch.nn.functional.interpolate(
            shown, size=size, mode="bilinear", align_corners=False, antialias=True
        )
        got = resize(pixels, size).transpose(0, 3, 1, 2)
        assert np.abs(got - expected.numpy()).max() <= 0.51


def test_split_keeps_the_shares_of_labels():
    images = read_images(load_digits().images, span=(0, 16), labels=load_digits().target)
    parts = fd.split(images, holdout=0.25, rng=fd.Rng(0))
    assert isinstance(parts.train, ImageSet)
    assert len(parts.train) + len(parts.holdout) == 1797
    shares = [np.unique(side.labels, return_counts=True)[1] / len(side) for side in (parts.train, parts.holdout)]
    assert np.abs(shares[0] - shares[1]).max() < 0.003
    assert not set(parts.train.names) & set(parts.holdout.names)


def test_what_is_a_source_of_pictures(tmp_path):
    some().write(tmp_path / "x.parquet")
    pq.write_table(pa.table({"a": [1, 2]}), tmp_path / "y.parquet")
    (tmp_path / "z.csv").write_text("a\n1\n")
    assert [holds_pictures(tmp_path / n) for n in ("x.parquet", "y.parquet", "z.csv", ".")] == [
        True,
        False,
        False,
        True,
    ]
    assert holds_pictures(some())
    assert holds_pictures(some().pixels)
    assert not holds_pictures(np.zeros((4, 2)))


def test_without_pillow_folders_say_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtra, match=r"fidelia\[images\]"):
        read_images(tmp_path)


class TestFolders:
    """Picture files; these need Pillow."""

    @pytest.fixture(autouse=True)
    def _pillow(self):
        self.image = pytest.importorskip("PIL.Image")

    def put(self, path, pixels, **how):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.image.fromarray(pixels).save(path, **how)

    @pytest.mark.parametrize("labels", [True, False])
    @pytest.mark.parametrize("channels", [1, 3])
    def test_a_folder_comes_back_as_it_was(self, tmp_path, labels, channels):
        images = some(channels=channels, labels=labels)
        images.write(tmp_path / "out")
        found = read_images(tmp_path / "out")
        order = np.lexsort((images.names, images.labels)) if labels else np.arange(6)
        assert same(found, images.take(order))
        assert found.names[0] == ("a/0.png" if labels else "0.png")
        assert [p.name for p in tmp_path.iterdir()] == ["out"]
        with pytest.raises(WriteError, match="stands there already"):
            images.write(tmp_path / "out")

    def test_names_that_lead_elsewhere_stay_inside(self, tmp_path):
        images = ImageSet(np.zeros((2, 4, 4, 1), np.uint8), ("../up", "a/b"), ("../../x.png", "y"))
        images.write(tmp_path / "out")
        assert {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.png")} == {
            "out/_up/x.png",
            "out/a_b/y.png",
        }

    def test_two_pictures_of_one_name_are_not_lost(self, tmp_path):
        images = ImageSet(np.zeros((2, 4, 4, 1), np.uint8), None, ("a/x.png", "b/x.png"))
        with pytest.raises(WriteError, match="2 pictures have only 1 names"):
            images.write(tmp_path / "out")
        assert list(tmp_path.iterdir()) == []

    def test_broken_files_are_named_and_lose_nothing_else(self, tmp_path):
        some(4).write(tmp_path / "d")
        (tmp_path / "d" / "a" / "bad.png").write_bytes(b"no picture")
        whole = (tmp_path / "d" / "a" / "0.png").read_bytes()
        (tmp_path / "d" / "b" / "short.png").write_bytes(whole[: len(whole) // 2])
        (tmp_path / "d" / "b" / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(30))
        found = read_images(tmp_path / "d")
        assert len(found) == 4
        assert [b.name for b in found.broken] == ["a/bad.png", "b/short.png", "b/torn.jpg"]
        assert all(b.reason for b in found.broken)
        assert "3 broken pictures were left out" in found.notes[-1]

    def test_nothing_but_broken_files_is_an_error(self, tmp_path):
        (tmp_path / "x.png").write_bytes(b"no")
        with pytest.raises(ReadError, match="all 1 pictures are broken"):
            read_images(tmp_path)
        (tmp_path / "empty").mkdir()
        with pytest.raises(ReadError, match="holds no pictures"):
            read_images(tmp_path / "empty")

    def test_sizes_that_differ_are_named_or_brought_to_one(self, tmp_path):
        self.put(tmp_path / "a.png", np.zeros((8, 8), np.uint8))
        self.put(tmp_path / "b.png", np.full((10, 12), 255, np.uint8))
        with pytest.raises(ReadError, match=r"2 sizes: 8 x 8 \(1, e.g. a.png\), 10 x 12 \(1, e.g. b.png\); give one"):
            read_images(tmp_path)
        found = read_images(tmp_path, size=6)
        assert found.shape == (6, 6, 1)
        assert (found.pixels[1] == 255).all()

    def test_grey_among_colour_is_said(self, tmp_path):
        self.put(tmp_path / "a.png", np.full((4, 4), 9, np.uint8))
        self.put(tmp_path / "b.png", np.zeros((4, 4, 3), np.uint8))
        found = read_images(tmp_path)
        assert found.shape == (4, 4, 3)
        assert (found.pixels[0] == 9).all()
        assert "1 grey pictures among 1 in colour" in found.notes[0]

    @pytest.mark.parametrize("mode", ["1", "LA", "P", "RGBA", "I;16", "CMYK"])
    def test_every_mode_of_png_and_jpg_becomes_grey_or_colour(self, tmp_path, mode):
        shade = np.linspace(0, 255, 64).astype(np.uint8).reshape(8, 8)
        if mode == "I;16":
            picture = self.image.fromarray(shade.astype(np.uint16) * 257)
        else:
            picture = self.image.fromarray(shade).convert("L" if mode == "CMYK" else mode)
        picture.convert("CMYK").save(tmp_path / "x.jpg") if mode == "CMYK" else picture.save(tmp_path / "x.png")
        found = read_images(tmp_path)
        grey = mode in ("1", "LA", "I;16")
        assert found.shape == (8, 8, 1 if grey else 3)
        if mode != "1":
            assert np.abs(found.pixels[0].mean(axis=2) - shade).max() <= (8 if mode == "CMYK" else 1)


def test_only_pictures_are_of_the_kind_image(tmp_path):
    some().write(tmp_path / "x.parquet")
    with pytest.raises(SchemaError, match="column 'label': holds string, which does not fit the kind image"):
        fd.read(tmp_path / "x.parquet", kinds={"label": "image"})
    with pytest.raises(SchemaError, match=r"column .image.: .* does not fit the kind text"):
        fd.read(tmp_path / "x.parquet", kinds={"image": "text"})
