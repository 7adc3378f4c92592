"""Autoregressive: laws, conditions, missing cells and densities against known answers, and the model against itself."""

from __future__ import annotations

from copy import deepcopy
from itertools import product

import numpy as np
import pyarrow as pa
import pytest
import torch

from fidelia.data.table import Table
from fidelia.errors import SchemaError, UsageError
from fidelia.generate.conditions import Given
from fidelia.generate.deep.autoregressive.ancestral import _resampled
from fidelia.generate.deep.autoregressive.model import Autoregressive, decay_for, dropout_for
from fidelia.generate.deep.autoregressive.nade import Conditionals, Sequence
from fidelia.generate.deep.batch import Rows
from fidelia.rng import Rng
from fidelia.schema.kinds import Kind
from fidelia.schema.schema import Column, Schema
from fidelia.testing.tables import everyday

KINDS = {pa.float64(): Kind.NUMBER, pa.int64(): Kind.INTEGER, pa.string(): Kind.CATEGORY}


def table(**columns):
    arrow = pa.table(columns)
    kinds = [Column(f.name, KINDS[f.type], nullable=arrow[f.name].null_count > 0) for f in arrow.schema]
    return Table(arrow, Schema(tuple(kinds)), "pyarrow")


def fitted(rows, *, seed=0, **parameters):
    return Autoregressive(**{"width": 32, "batch": 256, "dropout": 0.0, **parameters}).fit(rows, rng=Rng(seed))


def values(drawn, name):
    return np.asarray(drawn[name].to_pylist())


@pytest.fixture(scope="module")
def discrete():
    """Three columns of few levels: b follows a, c is whether they agree, mostly."""
    draw = np.random.default_rng(1)
    a = draw.choice(3, 3000, p=[0.6, 0.3, 0.1])
    b = np.where(draw.random(3000) < 0.7, a, draw.choice(3, 3000))
    c = np.where(draw.random(3000) < 0.9, a == b, a != b)
    rows = table(a=np.array(list("xyz"))[a], b=np.array(list("uvw"))[b], c=np.where(c, "yes", "no"))
    return rows, fitted(rows, steps=500, rate=3e-3)


@pytest.fixture(scope="module")
def mixed():
    """y is 3x plus noise of 0.1, g is the sign of x; x is standard normal."""
    draw = np.random.default_rng(2)
    x = draw.normal(size=4000)
    rows = table(x=x, g=np.where(x > 0, "up", "down"), y=3 * x + 0.1 * draw.normal(size=4000))
    return rows, fitted(rows, steps=700, rate=3e-3)


@pytest.fixture(scope="module")
def everyday_model():
    return fitted(everyday(), steps=40, width=16, batch=64)


def every(names=("xyz", "uvw", ("yes", "no"))):
    """Every row that the discrete table can hold."""
    rows = list(product(*names))
    return table(**{name: [row[i] for row in rows] for i, name in enumerate("abc")})


def shares(drawn):
    """The share of every possible row in the order of `every`."""
    found = list(zip(*(drawn[name].to_pylist() for name in "abc"), strict=True))
    return np.array([found.count(row) for row in zip(*(every()[n].to_pylist() for n in "abc"), strict=True)]) / len(
        drawn
    )


def test_parts_come_after_what_opens_them(everyday_model):
    layout = everyday_model.layout_
    sequence, tokens = Sequence(layout), len(layout.tokens)
    for i, number in enumerate(layout.numbers):
        if number.gate is not None:
            assert sequence.ranks[number.gate] + 1 == sequence.ranks[tokens + i]
    assert [sequence.parts[rank] for rank in sequence.ranks] == list(range(len(sequence.parts)))


def test_no_part_sees_itself_or_what_comes_later(everyday_model):
    """The likelihood of each part changes only with parts before it, in the plain order and with columns first."""
    model = everyday_model
    network, rows = model.network_, Rows.of(model.layout_.encode(model.coder_.code(everyday())), torch.device("cpu"))
    torch.manual_seed(0)
    batch = network.owned(rows.batch(torch.arange(40)))
    first = network.firsts(40)
    with torch.no_grad():
        for given in (None, first):
            known = network.contributions(batch.tokens, batch.numbers, batch.active)
            usual = network.sums(known, given)
            for place in range(len(known)):
                other = known.clone()
                other[place] += 1
                moved = (network.sums(other, given) - usual).abs().amax(2) > 1e-4
                assert not moved[place].any()
                if given is None:
                    wanted = (torch.arange(len(known)) > place)[:, None].expand_as(moved)
                else:
                    later = (torch.arange(len(known)) > place)[:, None]
                    wanted = torch.where(given[place], ~given | (given & later), ~given & later)
                    wanted[place] = False
                assert (moved == wanted).all()


def test_one_part_at_a_time_is_the_same_as_all_at_once(everyday_model):
    network = everyday_model.network_
    sums = torch.randn(len(network.sequence.parts), 5, network.enter.shape[2])
    with torch.no_grad():
        together = network.hidden(sums)
        for place in range(len(sums)):
            assert torch.allclose(network.hidden_one(sums[place], place), together[place], atol=1e-5)


def test_without_weights_tokens_follow_their_marginal_laws_and_numbers_one_bell(everyday_model):
    """Where a decay of all weights ends."""
    network = deepcopy(everyday_model.network_)
    with torch.no_grad():
        for weights in network.parameters():
            weights.zero_()
        hidden = network.hidden(torch.zeros(len(network.sequence.parts), 2, network.enter.shape[2]))
        logits = network.logits(hidden[network.sequence.ranks])
        law = network.law_one(hidden[0], 0)
    rows = Rows.of(everyday_model.layout_.encode(everyday_model.coder_.code(everyday())), torch.device("cpu"))
    for token, size, begin in zip(rows.tokens.t(), network.blocks.sizes, network.blocks.begins, strict=True):
        shares = (torch.bincount(token, minlength=size) + 0.5) / (len(token) + size / 2)
        assert torch.allclose(logits[0, begin : begin + size].exp(), shares, atol=1e-6)
    half = network.head.log_mass(law, torch.tensor([0.0, 0.0]).double(), torch.tensor([0.5, 0.8413447]).double()).exp()
    assert half.tolist() == pytest.approx([0.5, 1 / (1 + np.exp(-np.pi / np.sqrt(3)))], abs=1e-4)


@pytest.mark.parametrize(("n", "decay", "dropout"), [(50, 20.0, 0.5), (1_600, 1.0, 0.4275), (50_000, 0.01, 0.1357)])
def test_few_rows_are_learnt_with_more_restraint(n, decay, dropout):
    assert decay_for(n) == pytest.approx(decay)
    assert dropout_for(n) == pytest.approx(dropout, abs=1e-4)


def test_the_likelihoods_of_all_possible_rows_sum_to_one(discrete):
    _, model = discrete
    for orders in (1, 4):
        density = model.log_density(every(), rng=Rng(0), orders=orders)
        assert density.dtype == np.float64
        assert np.exp(density).sum() == pytest.approx(1, abs=1e-4)


def test_the_likelihoods_of_all_integers_sum_to_one():
    draw = np.random.default_rng(3)
    n = draw.binomial(60, 0.3, 3000)
    rows = table(n=n, k=np.where(draw.random(3000) < n / 60, "hit", "miss"))
    model = fitted(rows, steps=150)
    kind = model.coder_.coders["n"]
    every = np.arange(kind.low, kind.high + 1).astype(int)
    grid = table(n=np.repeat(every, 2), k=np.tile(["hit", "miss"], len(every)))
    assert np.exp(model.log_density(grid, rng=Rng(0))).sum() == pytest.approx(1, abs=0.01)


def test_densities_are_those_of_the_law(discrete, mixed):
    rows, model = discrete
    assert np.exp(model.log_density(every(), rng=Rng(0))) == pytest.approx(shares(rows), abs=0.02)
    rows, model = mixed
    x, y = values(rows, "x"), values(rows, "y")
    wanted = -0.5 * x**2 - 0.5 * ((y - 3 * x) / 0.1) ** 2 - np.log(2 * np.pi * 0.1)
    found = model.log_density(rows, rng=Rng(0))
    assert found.mean() == pytest.approx(wanted.mean(), abs=0.25)
    far = table(x=np.array([0.5, 0.5]), g=["up", "up"], y=np.array([1.5, 2.5]))
    near, away = model.log_density(far, rng=Rng(0), orders=3)
    assert near > away + 5


def test_rows_follow_the_law(discrete):
    rows, model = discrete
    assert shares(model.sample(20_000, rng=Rng(1))) == pytest.approx(shares(rows), abs=0.02)


def test_conditions_follow_the_models_own_law(discrete):
    """Sets on two columns: their joint law is the model's, not the product of cut laws."""
    _, model = discrete
    drawn = model.sample(20_000, given=Given.of({"a": ["x", "z"], "b": ["u", "w"]}), rng=Rng(1))
    rows = every()
    wanted = np.exp(model.log_density(rows, rng=Rng(0)))
    allowed = np.isin(values(rows, "a"), ["x", "z"]) & np.isin(values(rows, "b"), ["u", "w"])
    wanted = np.where(allowed, wanted, 0) / wanted[allowed].sum()
    assert shares(drawn) == pytest.approx(wanted, abs=0.02)


def test_a_later_column_can_be_given(discrete):
    rows, model = discrete
    drawn = model.sample(20_000, given=Given.of({"c": "no"}), rng=Rng(1))
    wanted = shares(rows) * (values(every(), "c") == "no")
    assert shares(drawn) == pytest.approx(wanted / wanted.sum(), abs=0.04)


def test_numbers_given_an_exact_value_and_a_range(mixed):
    _, model = mixed
    drawn = model.sample(4000, given=Given.of({"y": 1.5}), rng=Rng(1))
    assert (values(drawn, "y") == 1.5).all()
    assert np.median(values(drawn, "x")) == pytest.approx(0.5, abs=0.05)
    assert np.diff(np.quantile(values(drawn, "x"), [0.25, 0.75])) < 0.15
    assert (values(drawn, "g") == "up").mean() > 0.97
    ranged = model.sample(4000, given=Given.of({"x": (0.5, 1.0), "g": ["up", "down"]}), rng=Rng(1))
    x = values(ranged, "x")
    assert x.min() >= 0.5
    assert x.max() <= 1.0
    assert x.mean() == pytest.approx(0.735, abs=0.02)  # of the normal law cut to this range
    assert values(ranged, "y").mean() == pytest.approx(2.2, abs=0.1)
    assert len(np.unique(x)) > 3500


def test_imputation_leaves_observed_cells_and_draws_from_the_conditional(mixed):
    rows, model = mixed
    draw = np.random.default_rng(5)
    hidden = {name: draw.random(len(rows)) < 0.3 for name in "xgy"}
    holes = {
        name: pa.array(
            [None if gone else v for v, gone in zip(rows[name].to_pylist(), hidden[name], strict=True)],
            rows[name].type,
        )
        for name in "xgy"
    }
    gappy = table(**holes)
    filled = model.impute(gappy, rng=Rng(3))
    for name in "xgy":
        kept = pa.array(~hidden[name])
        assert filled[name].null_count == 0
        assert filled[name].filter(kept).equals(gappy[name].filter(kept))
    x, y = values(filled, "x"), values(filled, "y")
    only = hidden["y"] & ~hidden["x"]
    assert np.abs(y[only] - 3 * x[only]).mean() < 0.25
    assert ((values(filled, "g") == "up") == (x > 0))[hidden["g"] & ~hidden["x"]].mean() > 0.97
    again = model.impute(gappy, rng=Rng(3))
    assert again.arrow.equals(filled.arrow)


def test_imputation_of_every_kind_draws_no_missing_values(everyday_model):
    rows = everyday()
    filled = everyday_model.impute(rows, rng=Rng(0), draws=2)
    assert len(filled) == 2 * len(rows)
    assert filled.schema == rows.schema
    for name in rows.schema.names:
        twice = pa.concat_arrays([rows[name], rows[name]])
        assert filled[name].type.equals(rows[name].type)
        there = twice.is_valid()
        assert filled[name].filter(there).equals(twice.filter(there))
        assert (filled[name].null_count == 0) == (name != "note")


def test_cells_can_be_missing_where_training_had_none(everyday_model):
    rows = everyday().take(np.arange(20))
    arrow = rows.arrow
    for name in ("level", "price", "grade", "when"):
        at = arrow.column_names.index(name)
        arrow = arrow.set_column(at, name, pa.nulls(20, arrow[name].type))
    filled = everyday_model.impute(rows.with_arrow(arrow), rng=Rng(0))
    for name in ("level", "price", "grade", "when"):
        assert filled[name].null_count == 0
    assert set(filled["level"].to_pylist()) <= {"red", "green", "blue"}
    with pytest.raises(SchemaError):
        everyday_model.log_density(rows.with_arrow(arrow), rng=Rng(0))


def test_a_missing_number_that_never_was_has_no_density(mixed):
    _, model = mixed
    rows = table(x=pa.array([0.1, None]), g=["up", "up"], y=[0.3, 0.3])
    density = model.log_density(rows, rng=Rng(0))
    assert np.isfinite(density[0])
    assert density[1] == -np.inf


def test_missing_values_follow_their_rule():
    """B is missing exactly when A is x."""
    draw = np.random.default_rng(4)
    a = draw.choice(list("xyz"), 3000)
    rows = table(a=a, b=pa.array(draw.normal(size=3000), mask=a == "x"))
    drawn = fitted(rows, steps=250, rate=3e-3).sample(5000, rng=Rng(1))
    missing, x = np.asarray(drawn["b"].is_null()), values(drawn, "a") == "x"
    assert missing[x].mean() >= 0.97
    assert missing[~x].mean() <= 0.03


def test_resampling_keeps_equal_weights_and_follows_others():
    torch.manual_seed(0)
    assert len(set(_resampled(torch.zeros(800).double(), 100).tolist())) == 100
    weights = torch.log(torch.tensor([1.0, 3.0]).repeat(4000)).double()
    picked = _resampled(weights, 1000)
    assert float((picked % 2).float().mean()) == pytest.approx(0.75, abs=0.02)
    assert len(set(picked.tolist())) > 900


def test_many_levels_and_many_columns():
    draw = np.random.default_rng(6)
    codes = draw.permutation(np.repeat(np.arange(2000), 10))
    drawn = fitted(table(c=codes.astype(str), s=(codes % 2).astype(str)), steps=30).sample(4000, rng=Rng(0))
    assert len(set(drawn["c"].to_pylist())) > 1400
    wide = table(
        **{f"n{i}": draw.normal(size=60) for i in range(250)}, **{f"c{i}": ["a", "b"] * 30 for i in range(250)}
    )
    model = fitted(wide, steps=3, width=128, batch=32)
    assert isinstance(model.network_, Conditionals)
    assert len(model.sample(20, rng=Rng(0))) == 20
    assert sum(p.numel() for p in model.network_.parameters()) < 2_000_000


@pytest.mark.parametrize("wrong", [{"depth": 0}, {"bells": 1.5}, {"dropout": 1.0}, {"plain": -0.1}, {"depth": True}])
def test_impossible_parameters_are_refused(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        Autoregressive(**wrong).fit(everyday(), rng=Rng(0))


def test_impossible_numbers_of_draws_and_orders_are_refused(everyday_model):
    with pytest.raises(UsageError, match="draws = 0"):
        everyday_model.impute(everyday(), rng=Rng(0), draws=0)
    with pytest.raises(UsageError, match="orders = 0"):
        everyday_model.log_density(everyday(), rng=Rng(0), orders=0)


def test_a_table_in_which_nothing_varies():
    rows = table(c=["a"] * 20, n=[1.5] * 20)
    model = fitted(rows, steps=3)
    assert model.log_density(rows, rng=Rng(0)).tolist() == [0.0] * 20
    gappy = table(c=["a", None], n=pa.array([1.5, None], pa.float64()))
    assert model.impute(gappy, rng=Rng(0)).arrow.to_pydict() == {"c": ["a", "a"], "n": [1.5, 1.5]}


def test_twenty_five_gaussians():
    draw = np.random.default_rng(7)
    centres = draw.integers(-2, 3, (5000, 2)) * 2.0
    points = centres + 0.05 * draw.normal(size=(5000, 2))
    drawn = fitted(table(x=points[:, 0], y=points[:, 1]), steps=600, rate=3e-3).sample(5000, rng=Rng(1))
    found = np.column_stack([values(drawn, "x"), values(drawn, "y")])
    nearest = (found / 2).round().clip(-2, 2) * 2
    good = np.linalg.norm(found - nearest, axis=1) < 0.2  # four standard deviations
    assert good.mean() >= 0.95
    assert len(np.unique(nearest[good], axis=0)) == 25
