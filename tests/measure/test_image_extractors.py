"""Extractors with weights: Inception-v3 against torch's own layers, TorchScript, ONNX, safetensors, trained ones."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from sklearn.datasets import load_digits

from fidelia.data.images.read import read_images
from fidelia.errors import MissingExtra, NotApplicable, UsageError
from fidelia.measure.case import Case
from fidelia.measure.catalog import find
from fidelia.measure.images.choose import embedding
from fidelia.measure.images.weights import Preparation, from_file
from fidelia.measure.space.choose import with_embedding
from fidelia.measure.space.one_class import OneClass
from fidelia.rng import Rng

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from fidelia.measure.images import inception  # noqa: E402


class Convolution(nn.Module):
    """A convolution as torch has it: its own layers, not the functions under test."""

    def __init__(self, inputs, outputs, **how):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, bias=False, **how)
        self.bn = nn.BatchNorm2d(outputs, eps=0.001)

    def forward(self, x):
        return nn.functional.relu(self.bn(self.conv(x)))


class Block(nn.Module):
    """One block of Inception-v3 written with modules: chains of convolutions side by side, then joined."""

    def __init__(self, shapes, chains, strided=(), pool=None, alone=None):
        super().__init__()
        self.chains, self.pool, self.alone = chains, pool, alone
        for name, (outputs, inputs, h, w) in shapes.items():
            stride = 2 if name in strided else 1
            padding = 0 if stride == 2 else (h // 2, w // 2)
            self.add_module(name, Convolution(inputs, outputs, kernel_size=(h, w), stride=stride, padding=padding))

    def forward(self, x):
        out = []
        for chain in self.chains:
            part = x
            for name in chain:
                part = getattr(self, name)(part)
            out.append(part)
        if self.pool is not None:
            out.append(self.branch_pool(self.pool(x)))
        if self.alone is not None:
            out.append(self.alone(x))
        return torch.cat(out, 1)


MEAN = nn.AvgPool2d(3, 1, 1, count_include_pad=False)
LARGEST = nn.MaxPool2d(3, 1, 1)
DOUBLE = ("branch3x3dbl_1", "branch3x3dbl_2")
CHAINS = {
    "a": [("branch1x1",), ("branch5x5_1", "branch5x5_2"), (*DOUBLE, "branch3x3dbl_3")],
    "b": [("branch3x3",), (*DOUBLE, "branch3x3dbl_3")],
    "c": [
        ("branch1x1",),
        tuple(f"branch7x7_{i}" for i in (1, 2, 3)),
        tuple(f"branch7x7dbl_{i}" for i in (1, 2, 3, 4, 5)),
    ],
    "d": [("branch3x3_1", "branch3x3_2"), tuple(f"branch7x7x3_{i}" for i in (1, 2, 3, 4))],
    "e": [
        ("branch1x1",),
        *(("branch3x3_1", f"branch3x3_2{side}") for side in "ab"),
        *((*DOUBLE, f"branch3x3dbl_3{side}") for side in "ab"),
    ],
}
STRIDED = {"b": ("branch3x3", "branch3x3dbl_3"), "d": ("branch3x3_2", "branch7x7x3_4")}


class Reference(nn.Module):
    """The whole network, of torch's own layers."""

    def __init__(self):
        super().__init__()
        shapes = inception._convolutions()
        for name in ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3"):
            outputs, inputs, k, _ = shapes[name]
            stride, padding = 2 if "1a" in name else 1, 1 if "2b" in name else 0
            self.add_module(name, Convolution(inputs, outputs, kernel_size=k, stride=stride, padding=padding))
        for name, kind in inception.BLOCKS.items():
            mine = {n.partition(".")[2]: s for n, s in shapes.items() if n.startswith(f"{name}.")}
            pool = LARGEST if name == "Mixed_7c" else MEAN
            block = Block(
                mine,
                CHAINS[kind],
                STRIDED.get(kind, ()),
                pool=pool if "branch_pool" in mine else None,
                alone=nn.MaxPool2d(3, 2) if kind in STRIDED else None,
            )
            self.add_module(name, block)

    def forward(self, pictures):
        x = nn.functional.interpolate(pictures / 255, size=(299, 299), mode="bilinear", align_corners=False)
        x = 2 * x - 1
        for name, module in self.named_children():
            x = module(x)
            if name in ("Conv2d_2b_3x3", "Conv2d_4a_3x3"):
                x = nn.functional.max_pool2d(x, 3, 2)
        return nn.functional.adaptive_avg_pool2d(x, (1, 1)).flatten(1)


@cache
def network():
    generator = torch.Generator().manual_seed(0)
    made = Reference().eval()
    for name, array in made.state_dict().items():
        if name.endswith("running_var") or name.endswith("bn.weight"):
            array.copy_(torch.rand(array.shape, generator=generator) + 0.5)
        elif array.dim() == 4:
            array.copy_(torch.randn(array.shape, generator=generator) * (2 / array[0].numel()) ** 0.5)
        elif array.dim() == 1:
            array.copy_(torch.randn(array.shape, generator=generator) * 0.1)
    return made


@cache
def digits():
    found = load_digits()
    order = np.random.default_rng(0).permutation(len(found.target))
    return read_images(found.images, span=(0, 16), labels=found.target).take(order)


def case_of(n=300):
    sides = [digits().take(np.arange(i * n, (i + 1) * n)).table() for i in range(3)]
    return Case(sides[0], sides[1], sides[2], Rng(0))


@pytest.fixture
def state(tmp_path):
    path = tmp_path / "inception.pth"
    torch.save({**network().state_dict(), "fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)}, path)
    return path


def test_inception_equals_torchs_own_layers(state):
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    with torch.no_grad():
        expected = network()(torch.from_numpy(pixels.transpose(0, 3, 1, 2)).float()).numpy()
    found = from_file(state)
    got = found.extract(pixels)
    assert got.shape == (2, 2048)
    assert expected.std() > 1e-3
    assert np.abs(got - expected).max() <= 1e-4 * np.abs(expected).max()
    grey = np.repeat(pixels[..., :1], 3, axis=3)
    assert np.allclose(found.extract(pixels[..., :1]), found.extract(grey), rtol=1e-4, atol=1e-5)


def test_the_layout_is_that_of_the_public_files():
    shapes = inception.layout()
    assert len(shapes) == 94 * 5
    assert shapes["Mixed_7c.branch3x3dbl_3b.conv.weight"] == (384, 384, 3, 1)
    assert sum(int(np.prod(s)) for n, s in shapes.items() if n.endswith("conv.weight")) == 21_751_136


def test_the_file_is_known_by_its_hash_and_refused_by_another(state):
    from hashlib import sha256

    digest = sha256(state.read_bytes()).hexdigest()
    found = from_file(state, sha256=digest)
    assert found.file == digest
    assert found.hash not in (digest, "")
    with pytest.raises(UsageError, match=f"has the sha256 {digest}, not 00"):
        from_file(state, sha256="00")


def test_the_same_weights_as_safetensors_give_the_same_features(state, tmp_path):
    safetensors = pytest.importorskip("safetensors.torch")
    safetensors.save_file({n: a.contiguous() for n, a in network().state_dict().items()}, tmp_path / "x.safetensors")
    pixels = digits().pixels[:1]
    assert np.array_equal(from_file(tmp_path / "x.safetensors").extract(pixels), from_file(state).extract(pixels))


def test_other_weights_are_refused_with_the_first_that_does_not_fit(tmp_path):
    torch.save({"layer.weight": torch.zeros(3)}, tmp_path / "x.pth")
    with pytest.raises(UsageError, match=r"'Conv2d_1a_3x3.conv.weight', \(32, 3, 3, 3\), is missing"):
        from_file(tmp_path / "x.pth")
    usual = {**network().state_dict(), "fc.weight": torch.zeros(1000, 2048)}
    torch.save(usual, tmp_path / "y.pth")
    with pytest.raises(UsageError, match="1000 classes, which pools in another way"):
        from_file(tmp_path / "y.pth")
    (tmp_path / "z.pth").write_bytes(b"nothing")
    with pytest.raises(UsageError, match="cannot be read as weights"):
        from_file(tmp_path / "z.pth")


def test_pickles_run_no_code(tmp_path):
    class Harmful:
        def __reduce__(self):
            return (tmp_path.joinpath("done").touch, ())

    torch.save({"a": Harmful()}, tmp_path / "x.pth")
    with pytest.raises(UsageError, match="cannot be read as weights"):
        from_file(tmp_path / "x.pth")
    assert not (tmp_path / "done").exists()


class Means(nn.Module):
    def forward(self, x):
        return x.mean(dim=(2, 3), keepdim=True)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_sees_pictures_as_they_are_prepared(tmp_path):
    torch.jit.save(torch.jit.script(Means()), str(tmp_path / "means.pt"))
    pixels = digits().pixels[:5]
    plain = from_file(tmp_path / "means.pt")
    assert np.allclose(plain.extract(pixels)[:, 0], pixels.mean(axis=(1, 2, 3)) / 255, atol=1e-6)
    scaled = from_file(tmp_path / "means.pt", prepare=Preparation(size=16, channels=3, mean=0.5, sd=0.5))
    assert scaled.extract(pixels).shape == (5, 3)
    assert scaled.hash != plain.hash
    found = find("FID16")(with_embedding(case_of(60), str(tmp_path / "means.pt")))
    assert found.embedding == plain.hash


def _field(number, content):
    if isinstance(content, int):
        return bytes([number << 3, content])
    return bytes([number << 3 | 2, len(content)]) + content


def _value(name, dims):
    shape = b"".join(_field(1, _field(1, d) if isinstance(d, int) else _field(2, d)) for d in dims)
    return _field(1, name) + _field(2, _field(1, _field(1, 1) + _field(2, shape)))


def test_onnx(tmp_path):
    """A file with one operator, the mean over height and width, written byte by byte."""
    node = _field(1, b"x") + _field(2, b"y") + _field(4, b"GlobalAveragePool")
    graph = _field(1, node) + _field(2, b"g")
    graph += _field(11, _value(b"x", [b"n", 3, 16, 16])) + _field(12, _value(b"y", [b"n", 3, 1, 1]))
    (tmp_path / "m.onnx").write_bytes(_field(1, 8) + _field(7, graph) + _field(8, _field(2, 13)))
    pytest.importorskip("onnxruntime")
    pixels = digits().pixels[:4]
    found = from_file(tmp_path / "m.onnx").extract(pixels)
    assert found.shape == (4, 3)
    assert np.allclose(found[:, 0], pixels.mean(axis=(1, 2, 3)) / 255, atol=0.01)


def test_what_is_not_installed_is_said(tmp_path, monkeypatch):
    (tmp_path / "m.onnx").write_bytes(b"x")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtra, match=r"fidelia\[onnx\]"):
        from_file(tmp_path / "m.onnx")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra, match=r"fidelia\[deep\]"):
        embedding("cnn", case_of(60).train, Rng(0))


@pytest.mark.parametrize("kind", ["cnn", "autoencoder"])
def test_trained_extractors_leave_the_pictures_that_taught_them_out(kind):
    case = with_embedding(case_of(), kind)
    points = case.embedded
    assert (points.name, points.width, points.fitted) == (kind, 64, 150)
    again = embedding(kind, case_of().train, case_of().rng.child("embedding"))
    assert again.hash == points.hash
    assert not np.isin(points.rows["train"], again.fitted).any()
    made = find("FID16")(case)
    assert {c.code for c in made.caveats} >= {"SPLIT_CALIBRATED"}
    assert made.value > made.reference.value - 4 * made.reference.sd
    noise = digits().take(np.arange(300))
    noise = replace(noise, pixels=np.random.default_rng(0).integers(0, 256, noise.pixels.shape, dtype=np.uint8))
    assert find("FID16")(with_embedding(replace(case_of(), synthetic=noise.table()), again)).value < 0.2


def test_a_trained_classifier_tells_classes():
    case = with_embedding(case_of(500), "cnn")
    classify = case.embedded.embedding.extractor.classify
    told = classify(case.embedded.side("holdout")).argmax(axis=1)
    actual = digits().take(np.arange(1000, 1500)).labels
    words = case.train["label"].dictionary_encode().dictionary.to_pylist()
    assert np.mean([words[t] == a for t, a in zip(told, actual, strict=True)]) > 0.8
    assert find("IMG04")(case).value > 6


def test_a_classifier_needs_labels_and_an_autoencoder_none():
    bare = digits().take(np.arange(100)).without_labels().table()
    with pytest.raises(NotApplicable, match="NEEDS_TARGET"):
        embedding("cnn", bare, Rng(0))
    assert embedding("autoencoder", bare, Rng(0)).width == 64


def test_one_class_on_top_of_features():
    case = with_embedding(case_of(), OneClass(epochs=20, dimensions=8))
    assert (case.embedded.name, case.embedded.width, case.embedded.fitted) == ("one-class", 8, 150)
    real = find("FID16")(case)
    assert real.value > real.reference.value - 4 * real.reference.sd
    noise = np.random.default_rng(0).integers(0, 256, (300, 8, 8, 1), dtype=np.uint8)
    bad = replace(case_of(), synthetic=replace(digits().take(np.arange(300)), pixels=noise).table())
    assert find("FID16")(with_embedding(bad, OneClass(epochs=20, dimensions=8))).value < 0.3
