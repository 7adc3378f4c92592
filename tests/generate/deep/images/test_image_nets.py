"""Convolution blocks: shapes, where they start, margins."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from fidelia.generate.deep.images.nets import (  # noqa: E402
    ConvResidual,
    Doubled,
    Halved,
    cropped,
    group_norm,
    padded,
    up_to,
)


@settings(max_examples=30, deadline=None)
@given(st.integers(8, 64), st.integers(8, 64), st.sampled_from([2, 4, 8]))
def test_margins_are_cut_off_again(height, width, multiple):
    pictures = torch.rand(1, 1, height, width)
    wide = padded(pictures, multiple)
    assert wide.shape[2:] == (up_to(height, multiple), up_to(width, multiple))
    assert not any(side % multiple for side in wide.shape[2:])
    assert torch.equal(cropped(wide, height, width), pictures)


def test_blocks_start_as_the_identity():
    x, condition = torch.randn(2, 8, 5, 6), torch.randn(2, 3)
    assert torch.equal(ConvResidual(8, 8, 3)(x, condition), x)
    assert torch.equal(ConvResidual(8, 8, norm=False)(x), x)
    assert ConvResidual(8, 12)(x).shape == (2, 12, 5, 6)


def test_maps_are_halved_and_doubled():
    x = torch.randn(2, 4, 6, 8)
    assert Halved(4, 7)(x).shape == (2, 7, 3, 4)
    assert Doubled(4, 3)(x).shape == (2, 3, 12, 16)


def test_pixels_made_of_one_begin_alike():
    large = Doubled(3, 2)(torch.randn(1, 3, 4, 4))
    blocks = large.unfold(2, 2, 2).unfold(3, 2, 2).flatten(4)
    assert torch.allclose(blocks.amax(4), blocks.amin(4), atol=1e-6)


@pytest.mark.parametrize(("channels", "groups"), [(3, 1), (8, 2), (32, 8), (64, 8), (20, 1)])
def test_norms_have_groups_of_four_and_more(channels, groups):
    assert group_norm(channels).num_groups == groups


def test_a_critic_without_norms_judges_each_picture_alone():
    block = ConvResidual(4, 4, norm=False)
    torch.nn.init.normal_(block.outer.weight)
    x = torch.randn(3, 4, 5, 5)
    assert torch.allclose(block(x)[:1], block(x[:1]), atol=1e-5)
