"""The autoencoder: its likelihood is one, its order is kept, its codes and conditions follow the laws they should."""

from __future__ import annotations

import itertools
import logging
import math

import numpy as np
import pytest
import torch
from scipy.special import ndtr
from scipy.stats import kstest

from fidelia.errors import UsageError
from fidelia.generate.deep.batch import Batch, Rows, scores
from fidelia.generate.deep.layout import Known, Layout, LevelColumn, NumberColumn
from fidelia.generate.deep.loop import Moment
from fidelia.generate.deep.vae.model import BELLS, FEATURES, VAE, Autoencoder, Earlier, features, resampled
from fidelia.generate.deep.vae.prior import PARTS, Prior
from fidelia.generate.values import NumberAxis
from fidelia.rng import Rng

AXIS = NumberAxis(np.array([0.0, 1.0]), np.array([0.0, 1.0]), 1.0, None)


def layout(levels=(3, 2), plain=1, gated=1):
    """A layout of tokens, numbers that are always there, and numbers that may be missing."""
    columns = {f"d{i}": LevelColumn(size, False) for i, size in enumerate(levels)}
    columns |= {f"x{i}": NumberColumn(np.zeros(0), False, AXIS, None) for i in range(plain)}
    columns |= {f"g{i}": NumberColumn(np.zeros(0), True, AXIS, None) for i in range(gated)}
    return Layout(columns)


def network(parts=None, seed=0, **more):
    """An autoencoder with random weights, large enough that everything depends on everything."""
    torch.manual_seed(seed)
    usual = {"width": 16, "depth": 1, "latent": 3, "rate": 1e-3, "beta": 1.0, "ordered": True}
    made = Autoencoder(parts or layout(), **{**usual, **more})
    with torch.no_grad():
        made.decoder.leave.weight.normal_(std=0.5)
        made.decoder.enter.weight.normal_()
        if made.earlier is not None:
            made.earlier.weight.normal_(std=0.07)
    return made.eval()


def batch(parts, n=40, seed=0):
    torch.manual_seed(seed)
    tokens = torch.stack([torch.randint(token.levels, (n,)) for token in parts.tokens], 1)
    places = torch.rand(n, len(parts.numbers), 2).sort(2).values
    gates = [number.gate for number in parts.numbers]
    active = torch.stack([torch.ones(n, dtype=torch.bool) if g is None else tokens[:, g] == 0 for g in gates], 1)
    return Batch(tokens, scores(places.mean(2)), active, places[..., 0], places[..., 1])


def test_parts_see_only_those_before_them():
    parts = layout()
    net = network(parts)
    seen = torch.randn(1, net.blocks.width + 2 * FEATURES)
    found = torch.autograd.functional.jacobian(lambda x: net.earlier(x)[0], seen)[:, 0]
    source = [0, 0, 0, 1, 1, 2, 2] + [3] * FEATURES + [4] * FEATURES
    target = [0, 0, 0, 1, 1, 2, 2] + [3] * BELLS.width + [4] * BELLS.width
    for i, j in itertools.product(range(len(target)), range(len(source))):
        assert (found[i, j] != 0) == (source[j] < target[i])


def test_what_later_parts_see_of_numbers():
    seen = features(torch.tensor([[-9.0, 0.01], [1.2, 9.0]]), torch.tensor([[True, True], [True, False]]))
    assert seen.shape == (2, 2 * FEATURES)
    assert seen[0].tolist() == pytest.approx([-9.0, 1, 0, 0, 0, 0, 0, 0, 0, 0.01, 0, 0, 0, 0, 1, 0, 0, 0])
    assert seen[1].tolist() == pytest.approx([1.2, 0, 0, 0, 0, 0, 0, 0, 1] + [0.0] * FEATURES)


def test_terms_of_a_part_are_those_of_all():
    net = network()
    assert isinstance(net.earlier, Earlier)
    seen = torch.randn(6, net.blocks.width + 2 * FEATURES)
    every = net.earlier(seen)
    begins = [*net.blocks.begins, *(net.blocks.width + BELLS.width * i for i in range(2))]
    sizes = [*net.blocks.sizes, BELLS.width, BELLS.width]
    for part, (begin, size) in enumerate(zip(begins, sizes, strict=True)):
        known = net.blocks.begins[part] if part < 3 else net.blocks.width + (part - 3) * FEATURES
        outputs = slice(begin, begin + size)
        assert torch.allclose(net.earlier.of(seen, outputs, known), every[:, outputs], atol=1e-5)


def test_likelihood_of_all_rows_sums_to_one():
    """Over all levels and over cells that share out the positions of a number that is there."""
    parts = layout(levels=(3, 2), plain=0, gated=1)
    net = network(parts)
    edges = torch.tensor([0.0, 0.1, 0.35, 0.8, 1.0])
    middle = scores((edges[:-1] + edges[1:]) / 2)
    rows = [(a, b, 0, c) for a in range(3) for b in range(2) for c in range(4)]
    rows += [(a, b, 1, 0) for a in range(3) for b in range(2)]
    tokens = torch.tensor([row[:3] for row in rows])
    cell = torch.tensor([row[3] for row in rows])
    active = tokens[:, 2:] == 0
    made = Batch(tokens, middle[cell][:, None], active, edges[cell][:, None], edges[cell + 1][:, None])
    outputs = net.decoder(torch.randn(1, 3)).expand(len(rows), -1)
    with torch.no_grad():
        assert torch.exp(-net.misfit(made, outputs)).sum().item() == pytest.approx(1.0, abs=1e-4)


def test_what_is_not_there_costs_nothing():
    parts = layout(levels=(), plain=0, gated=1)
    net = network(parts)
    made = batch(parts)
    tokens = torch.ones_like(made.tokens)
    one = Batch(tokens, made.numbers, torch.zeros_like(made.active), made.begin, made.end)
    two = Batch(tokens, -made.numbers, torch.zeros_like(made.active), made.begin / 2, made.end)
    outputs = net.decoder(torch.randn(len(made), 3))
    assert torch.equal(net.misfit(one, outputs), net.misfit(two, outputs))
    assert all(torch.equal(a, b) for a, b in zip(net.encode(one), net.encode(two), strict=True))


def test_divergence_is_that_of_normal_laws():
    net = network()
    made = batch(net.layout)
    mean, spread = net.encode(made)
    law = torch.distributions.Normal(mean, (spread / 2).exp())
    expected = torch.distributions.kl_divergence(law, torch.distributions.Normal(0.0, 1.0))
    assert torch.allclose(net.terms(made)[1], expected, atol=1e-4)


@pytest.mark.parametrize(("share", "factor"), [(0.0, 0.0), (0.1, 0.5), (0.2, 1.0), (0.9, 1.0)])
def test_beta_rises_and_both_terms_are_sums_over_parts_and_means_over_rows(share, factor):
    net = network(beta=3.0)
    made = batch(net.layout)
    torch.manual_seed(1)
    misfit, divergence = net.terms(made)
    torch.manual_seed(1)
    loss = net.loss(made, Moment(0, share))
    assert misfit.shape == (40,)
    assert divergence.shape == (40, 3)
    assert loss.item() == pytest.approx(misfit.mean().item() + 3 * factor * divergence.sum(1).mean().item(), rel=1e-5)


def test_every_weight_learns():
    net = network()
    with torch.no_grad():
        for layer in (*net.encoder.layers, *net.decoder.layers):
            layer.outer.weight.normal_()
    net.loss(batch(net.layout), Moment(5, 0.5)).backward()
    assert {name for name, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum()} == set()


@pytest.mark.parametrize("ordered", [True, False])
def test_a_wide_table_has_no_linear_terms(monkeypatch, ordered):
    monkeypatch.setattr("fidelia.generate.deep.vae.model.TERMS", 10 if ordered else 10**9)
    net = network(ordered=ordered)
    assert net.earlier is None
    with torch.no_grad():
        assert len(net.draw(50)) == 50
        assert torch.isfinite(net.misfit(batch(net.layout), net.decoder(torch.randn(40, 3)))).all()


def law_of(net, codes, seed=0, known=None):
    net.prior.draw = lambda n: codes.expand(n, -1)
    torch.manual_seed(seed)
    with torch.no_grad():
        return net.draw(40_000, known)


def test_rows_are_drawn_by_the_likelihood():
    """Of one code: the shares of all rows in 40,000 draws are the exponential of minus their misfit."""
    parts = layout(levels=(3, 2), plain=0, gated=1)
    net = network(parts)
    code = torch.randn(1, 3)
    drawn = law_of(net, code)
    edges = np.array([0.0, 0.3, 0.7, 1.0])
    places = ndtr(drawn.numbers[:, 0])
    for a, b, g in itertools.product(range(3), range(2), range(2)):
        here = (drawn.tokens == [a, b, g]).all(1)
        for low, high in itertools.pairwise(edges) if g == 0 else [(0.0, 1.0)]:
            found = (here & (places >= low) & (places < high)).mean() if g == 0 else here.mean()
            made = Batch(
                torch.tensor([[a, b, g]]), torch.zeros(1, 1), torch.tensor([[g == 0]]),
                torch.tensor([[low]]).float(), torch.tensor([[high]]).float(),
            )  # fmt: skip
            with torch.no_grad():
                assert found == pytest.approx(math.exp(-net.misfit(made, net.decoder(code)).item()), abs=0.012)


CONDITIONS = {
    "level": Known({0: np.array([False, True, False])}, {}, {}),
    "later level": Known({1: np.array([True, False])}, {}, {}),
    "range": Known({}, {}, {0: np.array([[0.1, 0.2], [0.6, 0.9]])}),
    "missing": Known({2: np.array([False, True])}, {}, {}),
    "range or missing": Known({2: np.array([True, True])}, {}, {1: np.array([[0.0, 0.3]])}),
    "three": Known(
        {0: np.array([True, True, False]), 2: np.array([True, False])}, {},
        {0: np.array([[0.3, 1.0]]), 1: np.array([[0.2, 0.6]])},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions_follow_the_law_of_the_model(name):
    """Rows drawn under conditions have the law of those unconditional rows that obey them."""
    net, known = network(), CONDITIONS[name]
    torch.manual_seed(0)
    with torch.no_grad():
        free, bound = net.draw(150_000), net.draw(8_000, known)
    obeys = np.ones(len(free), bool)
    for part, levels in known.tokens.items():
        assert levels[bound.tokens[:, part]].all()
        obeys &= levels[free.tokens[:, part]]
    for part, windows in known.windows.items():
        for drawn, check in ((bound, True), (free, False)):
            places = ndtr(drawn.numbers[:, part])[:, None]
            fits = ((places >= windows[:, 0] - 1e-5) & (places <= windows[:, 1] + 1e-5)).any(1)
            fits |= (part == 1) & (drawn.tokens[:, 2] == 1)
            if check:
                assert fits.all()
            else:
                obeys &= fits
    assert obeys.sum() > 500
    for token, size in enumerate([3, 2, 2]):
        shares = [np.bincount(t[:, token], minlength=size) / len(t) for t in (free.tokens[obeys], bound.tokens)]
        assert np.allclose(*shares, atol=0.05), f"token {token}"
    for number in range(2):
        one, two = free.numbers[obeys, number], bound.numbers[:, number]
        if number == 1:
            one, two = one[free.tokens[obeys, 2] == 0], two[bound.tokens[:, 2] == 0]
        if len(one) > 300:
            assert kstest(one, two).statistic < 0.07, f"number {number}"


def test_digits_are_drawn_together():
    parts = Layout({"c": LevelColumn(130, False)})
    net = network(parts)
    grid = np.zeros((net.blocks.sizes[0], net.blocks.sizes[1]), bool)
    grid[3, 5] = grid[3, 9] = grid[10, 1] = grid[7, :] = True
    with torch.no_grad():
        free, bound = net.draw(100_000).tokens, net.draw(8_000, Known({0: grid.any(1)}, {1: grid}, {})).tokens
    assert grid[bound[:, 0], bound[:, 1]].all()
    free = free[grid[free[:, 0], free[:, 1]]]
    for high in (3, 7, 10):
        assert (bound[:, 0] == high).mean() == pytest.approx((free[:, 0] == high).mean(), abs=0.03)


def test_a_condition_on_few_codes_is_told(caplog):
    net = network(layout(levels=(2,), plain=0, gated=0))
    with torch.no_grad():
        net.decoder.leave.weight.mul_(60)
        net.decoder.leave.bias[:2] = torch.tensor([0.0, -400.0])
    with caplog.at_level(logging.WARNING), torch.no_grad():
        drawn = net.draw(1_000, Known({0: np.array([False, True])}, {}, {}))
    assert (drawn.tokens == 1).all()
    assert "rare condition" in caplog.text


@pytest.mark.parametrize("n", [1, 10, 1000])
def test_resampling_is_systematic(n):
    torch.manual_seed(0)
    shares = torch.tensor([0.5, 0.25, 0.125, 0.125])
    rows, effective = resampled(shares.log() - 300, n)
    counts = torch.bincount(rows, minlength=4)
    assert len(rows) == n
    assert ((counts - n * shares).abs() < 1).all()
    assert effective == pytest.approx(1 / (0.25 + 0.0625 + 2 / 64), rel=1e-4)


def test_rows_of_equal_or_no_weight_are_all_alike():
    for weights in (torch.zeros(100), torch.full((100,), -torch.inf)):
        rows, effective = resampled(weights, 100)
        assert sorted(rows.tolist()) == list(range(100))
        assert effective == pytest.approx(100)


def test_prior_is_standard_normal_until_fitted():
    torch.manual_seed(0)
    assert kstest(Prior(2).draw(20_000).flatten().numpy(), "norm").statistic < 0.01
    assert Prior(2).draw(0).shape == (0, 2)


def test_prior_learns_the_law_of_codes():
    """Two narrow, correlated clusters and a dimension that is not used."""
    torch.manual_seed(0)
    factor = torch.tensor([[0.3, 0.0], [0.25, 0.1]])
    centre = torch.where(torch.rand(6000, 1) < 0.3, torch.tensor([[-3.0, 2.0]]), torch.tensor([[1.0, -1.0]]))
    codes = torch.cat([centre + torch.randn(6000, 2) @ factor.T, torch.zeros(6000, 1)], 1)
    prior = Prior(3)
    prior.fit(codes, torch.tensor([True, True, False]))
    drawn = prior.draw(20_000)
    left = drawn[:, 0] < -1
    assert left.float().mean().item() == pytest.approx(0.3, abs=0.02)
    for mine, theirs in ((drawn[left], codes[codes[:, 0] < -1]), (drawn[~left], codes[codes[:, 0] >= -1])):
        assert torch.allclose(mine[:, :2].mean(0), theirs[:, :2].mean(0), atol=0.03)
        assert torch.allclose(mine[:, :2].T.cov(), theirs[:, :2].T.cov(), atol=0.02)
    assert kstest(drawn[:, 2].numpy(), "norm").statistic < 0.015
    assert prior.weights.sum().item() == pytest.approx(1.0)


@pytest.mark.parametrize("n", [1, 49, 50, 300])
def test_prior_of_few_codes_has_few_parts(n):
    prior = Prior(2)
    prior.fit(torch.randn(n, 2), torch.tensor([True, True]))
    assert int((prior.weights > 0).sum()) == min(max(n // 50, 1), PARTS)
    assert torch.isfinite(prior.draw(100)).all()


def test_prior_of_one_code_repeated_keeps_some_width():
    prior = Prior(2)
    prior.fit(torch.ones(200, 2), torch.tensor([True, True]))
    drawn = prior.draw(1000)
    assert 0.02 < drawn.std(0).min().item() < 0.1


@pytest.mark.parametrize(
    ("name", "value"),
    [("depth", 0), ("depth", True), ("latent", 2.5), ("latent", -1), ("beta", 0.0), ("beta", -1.0), ("beta", 1e9)],
)
def test_impossible_parameters_are_refused(name, value):
    with pytest.raises(UsageError, match=name):
        VAE(**{name: value}).check()


def made_table(n=3000):
    """A level x, a number whose place depends on it in two ways, and a number that is missing exactly where A = x."""
    import pyarrow as pa

    from fidelia.data.table import Table
    from fidelia.schema.kinds import Kind
    from fidelia.schema.schema import Column, Schema

    draw = np.random.default_rng(0)
    a = draw.choice(["x", "y", "z"], n, p=[0.3, 0.4, 0.3])
    side = np.where(draw.random(n) < 0.5, -3.0, 3.0)
    number = np.where(a == "y", side, 0.0) + 0.1 * draw.normal(size=n)
    b = np.where(a == "x", np.nan, number * 2 + 0.1 * draw.normal(size=n))
    columns = {"a": pa.array(a), "number": pa.array(number), "b": pa.array(b, from_pandas=True)}
    kinds = [Kind.CATEGORY, Kind.NUMBER, Kind.NUMBER]
    described = [Column(name, kind, nullable=name == "b") for name, kind in zip(columns, kinds, strict=True)]
    return Table(pa.table(columns), Schema(tuple(described)), "pandas")


def test_it_learns_modes_narrow_laws_and_the_rule_of_missing_values():
    table = made_table()
    drawn = VAE(steps=500, width=64, batch=256, rate=3e-3).fit(table, rng=Rng(0)).sample(3000, rng=Rng(1)).native()
    assert drawn["a"].value_counts(normalize=True)["x"] == pytest.approx(0.3, abs=0.04)
    missing = drawn["b"].isna()
    assert missing[drawn["a"] == "x"].mean() > 0.97
    assert missing[drawn["a"] != "x"].mean() < 0.03
    y = drawn.loc[drawn["a"] == "y", "number"]
    assert (y.abs() > 2).mean() > 0.9, "no bridge between the two modes"
    assert (y > 0).mean() == pytest.approx(0.5, abs=0.1)
    residual = (drawn["b"] - 2 * drawn["number"]).dropna().abs()
    assert residual.median() < 0.15, "a narrow law stays narrow: 0.07 in the table, where the spread of b is 5"
    assert (residual > 1).mean() < 0.06


def test_rows_object_is_scored_without_a_gradient():
    net = network()
    made = batch(net.layout)
    rows = Rows(made.tokens, made.begin, made.end, made.active)
    torch.manual_seed(0)
    with torch.no_grad():
        score = net.score(rows)
    assert math.isfinite(score)
