"""Inception-v3 as the Fréchet inception distance uses it: the 2,048 features before the last layer.

The layers are driven by a state dict in the layout of the public weight files of that score (``Conv2d_1a_3x3.conv``,
``Mixed_5b.branch1x1``, ..., ``fc`` with 1,008 classes). They differ from Inception-v3 as it is usual elsewhere in how
they pool: means leave the margin out, and the last block takes a maximum.

References
----------
Szegedy, Vanhoucke, Ioffe, Shlens and Wojna (2016), Rethinking the Inception Architecture, CVPR, arXiv 1512.00567;
Heusel et al. (2017), arXiv 1706.08500.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch.nn import functional

from fidelia.errors import UsageError

SIDE, WIDTH, CLASSES = 299, 2048, 1008
EPSILON = 1e-3
Weights = Mapping[str, torch.Tensor]

BLOCKS = {
    "Mixed_5b": "a", "Mixed_5c": "a", "Mixed_5d": "a", "Mixed_6a": "b", "Mixed_6b": "c", "Mixed_6c": "c",
    "Mixed_6d": "c", "Mixed_6e": "c", "Mixed_7a": "d", "Mixed_7b": "e", "Mixed_7c": "e",
}  # fmt: skip


def prepared(pictures: torch.Tensor) -> torch.Tensor:
    """Return pictures ``(n, c, h, w)`` from 0 to 255 as the network wants them: 299 x 299, three channels, -1 to 1.

    Bilinear between pixel centres, without smoothing before, as the public weights are used.
    """
    colour = (pictures / 255).expand(-1, 3, -1, -1)
    return 2 * functional.interpolate(colour, size=(SIDE, SIDE), mode="bilinear", align_corners=False) - 1


def pool3(weights: Weights, x: torch.Tensor) -> torch.Tensor:
    """Return the features of prepared pictures, ``(n, 3, 299, 299)`` to ``(n, 2048)``."""
    x = _conv(weights, "Conv2d_1a_3x3", x, stride=2)
    x = _conv(weights, "Conv2d_2a_3x3", x)
    x = _conv(weights, "Conv2d_2b_3x3", x, padding=1)
    x = functional.max_pool2d(x, 3, stride=2)
    x = _conv(weights, "Conv2d_3b_1x1", x)
    x = _conv(weights, "Conv2d_4a_3x3", x)
    x = functional.max_pool2d(x, 3, stride=2)
    for name, kind in BLOCKS.items():
        x = torch.cat(_BRANCHES[kind](weights, name, x), dim=1)
    return x.mean(dim=(2, 3))


def _conv(weights: Weights, name: str, x: torch.Tensor, stride: int = 1, padding: Any = 0) -> torch.Tensor:
    """Return a convolution, normalised by the stored statistics, where it is positive."""
    out = functional.conv2d(x, weights[f"{name}.conv.weight"], stride=stride, padding=padding)
    scale, shift, mean, variance = (
        weights[f"{name}.bn.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
    )
    return functional.relu(functional.batch_norm(out, mean, variance, scale, shift, eps=EPSILON))


def _same(weights: Weights, name: str, x: torch.Tensor) -> torch.Tensor:
    """Return a convolution that keeps height and width."""
    height, width = weights[f"{name}.conv.weight"].shape[2:]
    return _conv(weights, name, x, padding=(height // 2, width // 2))


def _chain(weights: Weights, x: torch.Tensor, *names: str) -> torch.Tensor:
    for name in names:
        x = _same(weights, name, x)
    return x


def _mean(x: torch.Tensor) -> torch.Tensor:
    return functional.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)


def _a(w: Weights, at: str, x: torch.Tensor) -> list[torch.Tensor]:
    return [
        _same(w, f"{at}.branch1x1", x),
        _chain(w, x, f"{at}.branch5x5_1", f"{at}.branch5x5_2"),
        _chain(w, x, f"{at}.branch3x3dbl_1", f"{at}.branch3x3dbl_2", f"{at}.branch3x3dbl_3"),
        _same(w, f"{at}.branch_pool", _mean(x)),
    ]


def _b(w: Weights, at: str, x: torch.Tensor) -> list[torch.Tensor]:
    double = _chain(w, x, f"{at}.branch3x3dbl_1", f"{at}.branch3x3dbl_2")
    return [
        _conv(w, f"{at}.branch3x3", x, stride=2),
        _conv(w, f"{at}.branch3x3dbl_3", double, stride=2),
        functional.max_pool2d(x, 3, stride=2),
    ]


def _c(w: Weights, at: str, x: torch.Tensor) -> list[torch.Tensor]:
    return [
        _same(w, f"{at}.branch1x1", x),
        _chain(w, x, *(f"{at}.branch7x7_{i}" for i in (1, 2, 3))),
        _chain(w, x, *(f"{at}.branch7x7dbl_{i}" for i in (1, 2, 3, 4, 5))),
        _same(w, f"{at}.branch_pool", _mean(x)),
    ]


def _d(w: Weights, at: str, x: torch.Tensor) -> list[torch.Tensor]:
    seven = _chain(w, x, *(f"{at}.branch7x7x3_{i}" for i in (1, 2, 3)))
    return [
        _conv(w, f"{at}.branch3x3_2", _same(w, f"{at}.branch3x3_1", x), stride=2),
        _conv(w, f"{at}.branch7x7x3_4", seven, stride=2),
        functional.max_pool2d(x, 3, stride=2),
    ]


def _e(w: Weights, at: str, x: torch.Tensor) -> list[torch.Tensor]:
    three = _same(w, f"{at}.branch3x3_1", x)
    double = _chain(w, x, f"{at}.branch3x3dbl_1", f"{at}.branch3x3dbl_2")
    pooled = functional.max_pool2d(x, 3, stride=1, padding=1) if at == "Mixed_7c" else _mean(x)
    return [
        _same(w, f"{at}.branch1x1", x),
        *(_same(w, f"{at}.branch3x3_2{side}", three) for side in "ab"),
        *(_same(w, f"{at}.branch3x3dbl_3{side}", double) for side in "ab"),
        _same(w, f"{at}.branch_pool", pooled),
    ]


_BRANCHES = {"a": _a, "b": _b, "c": _c, "d": _d, "e": _e}


def layout() -> dict[str, tuple[int, ...]]:
    """Return the name and shape of every array that the features rest on."""
    found: dict[str, tuple[int, ...]] = {}
    for name, shape in _convolutions().items():
        found[f"{name}.conv.weight"] = shape
        found |= {f"{name}.bn.{part}": shape[:1] for part in ("weight", "bias", "running_mean", "running_var")}
    return found


def check(weights: Weights) -> None:
    """Refuse weights that are not of this layout.

    Raises
    ------
    UsageError
        With the first array that is missing or has another shape.
    """
    for name, shape in layout().items():
        found = None if name not in weights else tuple(weights[name].shape)
        if found != shape:
            what = "is missing" if found is None else f"has the shape {found}"
            raise UsageError(f"these are not the weights of the Fréchet inception distance: {name!r}, {shape}, {what}")
    head = weights.get("fc.weight")
    if head is not None and head.shape[0] != CLASSES:
        raise UsageError(
            f"these are weights of an Inception-v3 with {head.shape[0]} classes, which pools in another way; the "
            f"Fréchet inception distance has {CLASSES}. Give such a network as TorchScript or ONNX"
        )


def _convolutions() -> dict[str, tuple[int, int, int, int]]:
    """Return the shape of every convolution: outputs, inputs, height, width."""
    found = {
        "Conv2d_1a_3x3": (32, 3, 3, 3), "Conv2d_2a_3x3": (32, 32, 3, 3), "Conv2d_2b_3x3": (64, 32, 3, 3),
        "Conv2d_3b_1x1": (80, 64, 1, 1), "Conv2d_4a_3x3": (192, 80, 3, 3),
    }  # fmt: skip
    for at, inputs, pool in (("Mixed_5b", 192, 32), ("Mixed_5c", 256, 64), ("Mixed_5d", 288, 64)):
        found |= {
            f"{at}.branch1x1": (64, inputs, 1, 1),
            f"{at}.branch5x5_1": (48, inputs, 1, 1), f"{at}.branch5x5_2": (64, 48, 5, 5),
            f"{at}.branch3x3dbl_1": (64, inputs, 1, 1), f"{at}.branch3x3dbl_2": (96, 64, 3, 3),
            f"{at}.branch3x3dbl_3": (96, 96, 3, 3), f"{at}.branch_pool": (pool, inputs, 1, 1),
        }  # fmt: skip
    found |= {
        "Mixed_6a.branch3x3": (384, 288, 3, 3), "Mixed_6a.branch3x3dbl_1": (64, 288, 1, 1),
        "Mixed_6a.branch3x3dbl_2": (96, 64, 3, 3), "Mixed_6a.branch3x3dbl_3": (96, 96, 3, 3),
    }  # fmt: skip
    for at, c in (("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)):
        found |= {
            f"{at}.branch1x1": (192, 768, 1, 1), f"{at}.branch7x7_1": (c, 768, 1, 1),
            f"{at}.branch7x7_2": (c, c, 1, 7), f"{at}.branch7x7_3": (192, c, 7, 1),
            f"{at}.branch7x7dbl_1": (c, 768, 1, 1), f"{at}.branch7x7dbl_2": (c, c, 7, 1),
            f"{at}.branch7x7dbl_3": (c, c, 1, 7), f"{at}.branch7x7dbl_4": (c, c, 7, 1),
            f"{at}.branch7x7dbl_5": (192, c, 1, 7), f"{at}.branch_pool": (192, 768, 1, 1),
        }  # fmt: skip
    found |= {
        "Mixed_7a.branch3x3_1": (192, 768, 1, 1), "Mixed_7a.branch3x3_2": (320, 192, 3, 3),
        "Mixed_7a.branch7x7x3_1": (192, 768, 1, 1), "Mixed_7a.branch7x7x3_2": (192, 192, 1, 7),
        "Mixed_7a.branch7x7x3_3": (192, 192, 7, 1), "Mixed_7a.branch7x7x3_4": (192, 192, 3, 3),
    }  # fmt: skip
    for at, inputs in (("Mixed_7b", 1280), ("Mixed_7c", 2048)):
        found |= {
            f"{at}.branch1x1": (320, inputs, 1, 1), f"{at}.branch3x3_1": (384, inputs, 1, 1),
            f"{at}.branch3x3_2a": (384, 384, 1, 3), f"{at}.branch3x3_2b": (384, 384, 3, 1),
            f"{at}.branch3x3dbl_1": (448, inputs, 1, 1), f"{at}.branch3x3dbl_2": (384, 448, 3, 3),
            f"{at}.branch3x3dbl_3a": (384, 384, 1, 3), f"{at}.branch3x3dbl_3b": (384, 384, 3, 1),
            f"{at}.branch_pool": (192, inputs, 1, 1),
        }  # fmt: skip
    return found
