"""Building blocks: block by block they do what torch does to single blocks."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fidelia.generate.deep.layout import Layout, LevelColumn
from fidelia.generate.deep.nets import Blocks, Perceptron, Residual, RowEmbedding, Waves

SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=6)


def tokens_of(blocks, n=20, seed=0):
    draw = torch.Generator().manual_seed(seed)
    return torch.stack([torch.randint(size, (n,), generator=draw) for size in blocks.sizes], 1)


@given(SIZES)
def test_blocks_stand_side_by_side(sizes):
    blocks = Blocks(sizes)
    tokens = tokens_of(blocks)
    ones = blocks.onehot(tokens)
    assert ones.shape == (20, sum(sizes))
    assert (ones.sum(1) == len(sizes)).all()
    assert torch.equal(blocks.greatest(ones), tokens)
    for piece, column in zip(ones.split(sizes, 1), tokens.T, strict=True):
        assert torch.equal(piece.argmax(1), column)


@given(SIZES, st.floats(0.1, 1e3))
def test_log_softmax_is_that_of_each_block(sizes, scale):
    blocks = Blocks(sizes)
    torch.manual_seed(0)
    logits = torch.randn(20, blocks.width) * scale
    expected = torch.cat([piece.log_softmax(1) for piece in logits.split(sizes, 1)], 1)
    assert torch.allclose(blocks.log_softmax(logits), expected, atol=1e-4 * scale)
    tokens = tokens_of(blocks)
    single = [-piece.log_softmax(1).gather(1, tokens[:, i : i + 1]) for i, piece in enumerate(logits.split(sizes, 1))]
    assert torch.allclose(blocks.nll(logits, tokens), torch.cat(single, 1), atol=1e-4 * scale)


def test_log_softmax_has_the_gradient_of_torch():
    blocks = Blocks([3, 4])
    torch.manual_seed(0)
    one = torch.randn(5, 7, requires_grad=True)
    two = one.detach().clone().requires_grad_()
    tokens = tokens_of(blocks, 5)
    blocks.nll(one, tokens).sum().backward()
    for i, piece in enumerate(two.split([3, 4], 1)):
        torch.nn.functional.cross_entropy(piece, tokens[:, i], reduction="sum").backward(retain_graph=True)
    assert torch.allclose(one.grad, two.grad, atol=1e-6)


def test_tokens_are_drawn_by_their_probabilities():
    blocks = Blocks([2, 3])
    torch.manual_seed(0)
    shares = [torch.tensor([0.2, 0.8]), torch.tensor([0.5, 0.0, 0.5])]
    drawn = blocks.sample(torch.cat(shares).log().expand(20_000, -1))
    for i, share in enumerate(shares):
        found = torch.bincount(drawn[:, i], minlength=len(share)) / 20_000
        assert torch.allclose(found, share, atol=0.015)
    assert (drawn[:, 1] != 1).all(), "what is impossible is never drawn"


def test_no_tokens_at_all():
    blocks = Blocks([])
    assert blocks.onehot(torch.zeros(4, 0, dtype=torch.long)).shape == (4, 0)
    assert blocks.sample(torch.zeros(4, 0)).shape == (4, 0)
    assert blocks.nll(torch.zeros(4, 0), torch.zeros(4, 0, dtype=torch.long)).shape == (4, 0)


def test_rows_are_embedded():
    layout = Layout({"a": LevelColumn(3, False), "b": LevelColumn(1000, False)})
    rows = RowEmbedding(layout, most=8)
    tokens = tokens_of(Blocks.of(layout))
    found = rows(tokens, torch.zeros(20, 0))
    assert found.shape == (20, rows.width)
    assert max(table.embedding_dim for table in rows.tables) <= 8
    same = (tokens[:, None] == tokens[None]).all(2)
    assert torch.equal((found[:, None] == found[None]).all(2), same), "equal rows alone have equal vectors"


@pytest.mark.parametrize("given", [0, 4])
def test_residual_layers_start_as_the_identity(given):
    torch.manual_seed(0)
    layer, x = Residual(6, given), torch.randn(5, 6)
    assert torch.equal(layer(x, torch.randn(5, 4) if given else None), x)


@pytest.mark.parametrize("given", [0, 4])
def test_every_weight_of_a_perceptron_learns(given):
    torch.manual_seed(0)
    net = Perceptron(3, 2, width=8, depth=2, given=given)
    optimiser = torch.optim.SGD(net.parameters(), 0.1)
    for _ in range(3):
        optimiser.zero_grad()
        net(torch.randn(16, 3), torch.randn(16, given) if given else None).square().sum().backward()
        optimiser.step()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())
    assert net(torch.randn(7, 3), torch.randn(7, given) if given else None).shape == (7, 2)


def test_waves_tell_times_apart():
    torch.manual_seed(0)
    waves = Waves(16)
    t = torch.linspace(0, 1, 50)
    found = waves(t)
    assert found.shape == (50, 16)
    assert torch.pdist(found).min() > 0
    assert waves.frequencies[0] == 1
    assert waves.frequencies[-1] == pytest.approx(100.0, rel=1e-4)
