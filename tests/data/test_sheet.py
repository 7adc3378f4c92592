"""Sheets of pictures: PNG that others read, pictures where they are said to be, no more room than asked for."""

from __future__ import annotations

from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fidelia.data.images.sheet import fitting, png, sheet

SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3]))


def read(data: bytes) -> np.ndarray:
    found = np.asarray(pytest.importorskip("PIL.Image").open(BytesIO(data)))
    return found[..., None] if found.ndim == 2 else found


@given(SHAPES.flatmap(lambda shape: arrays(np.uint8, shape)))
def test_others_read_the_same_pixels(picture: np.ndarray) -> None:
    assert np.array_equal(read(png(picture)), picture)


def test_smooth_pictures_are_packed_by_differences() -> None:
    ramp = np.add.outer(np.arange(64), np.arange(64)).astype(np.uint8)[..., None]
    assert len(png(ramp)) < 300
    assert np.array_equal(read(png(ramp)), ramp)


@pytest.mark.parametrize("channels", [1, 3])
def test_each_picture_stands_in_its_place(channels: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (7, 4, 5, channels), dtype=np.uint8)
    said = sheet(pixels, 10_000).to_dict()
    whole, edge = read(b64decode(said["png"])), said["edge"]
    assert (said["across"], said["count"], said["height"], said["width"]) == (3, 7, 4, 5)
    for i, picture in enumerate(pixels):
        row, column = divmod(i, said["across"])
        top, left = row * (4 + 2 * edge) + edge, column * (5 + 2 * edge) + edge
        assert np.array_equal(whole[top : top + 4, left : left + 5], picture)
        assert np.array_equal(whole[top - 1, left : left + 5], picture[0])


def test_large_pictures_are_made_smaller() -> None:
    assert fitting((10, 28, 28, 1), 7_840) == (28, 28)
    assert fitting((10, 200, 100, 3), 60_000) == (63, 31)
    assert fitting((1_000_000, 4, 4, 1), 10) == (1, 1)
    small = sheet(np.zeros((4, 100, 100, 3), np.uint8), 4_800)
    assert (small.height, small.width) == (20, 20)
