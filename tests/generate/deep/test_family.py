"""What all families share, on a family that is tiny: fit, draw, save, refuse what does not fit."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pytest
import torch
from torch import nn

from fidelia.data.table import Table
from fidelia.errors import BundleError, TrainingError, UsageError
from fidelia.generate.catalog import State
from fidelia.generate.conditions import Given
from fidelia.generate.deep import family
from fidelia.generate.deep.family import Constant, Family, Network, varies
from fidelia.generate.deep.layout import Drawn, Layout, LevelColumn
from fidelia.generate.deep.learner import batch_for
from fidelia.generate.deep.loop import Move
from fidelia.generate.deep.nets import Blocks
from fidelia.generate.effort import Effort
from fidelia.rng import Rng
from fidelia.schema.kinds import Kind
from fidelia.schema.schema import Column, Schema
from fidelia.testing.tables import everyday, peculiar


class Independent(Network):
    """Learns the shares of each token; numbers are standard normal."""

    def __init__(self, layout, width):
        super().__init__()
        self.layout, self.blocks = layout, Blocks.of(layout)
        self.logits = nn.Parameter(torch.zeros(self.blocks.width))
        self.deep = nn.Parameter(torch.zeros(width))
        self.register_buffer("prepared", torch.zeros(()))
        self.register_buffer("finished", torch.zeros(()))
        self.sizes = []

    def moves(self):
        return {"fit": Move(self, lambda batch, _: self.loss(batch), rate=0.1)}

    def loss(self, batch):
        logits = self.logits.expand(len(batch), -1)
        return self.blocks.nll(logits, batch.tokens).sum(1).mean() + self.deep.square().sum()

    def score(self, rows):
        return self.loss(rows.batch()).item()

    def draw(self, n, known=None):
        self.sizes.append(n)
        tokens = self.blocks.sample(self.logits.expand(n, -1)).numpy()
        return Drawn(tokens, torch.randn(n, len(self.layout.numbers)).double().numpy())


@dataclass(slots=True, eq=False, kw_only=True)
class Toy(Family):
    NAME: ClassVar[str] = "toy"

    steps: int = 200
    batch: int | None = 32
    width: int = 4

    def network(self, layout):
        return Independent(layout, self.width)

    def prepare(self, network, rows):
        network.prepared += len(rows)

    def finish(self, network, rows):
        assert not torch.is_grad_enabled()
        assert not network.training
        network.finished += len(rows)


ROWS = 2_000
"""Of which two hundred validate: they choose the weights, and 40 have a share of "a" that is off by .07."""


@pytest.fixture(scope="module")
def table():
    draw = np.random.default_rng(0)
    level = draw.choice(["a", "b", "c"], ROWS, p=[0.7, 0.2, 0.1])
    columns = {"level": pa.array(level), "x": pa.array(draw.normal(5, 2, ROWS))}
    kinds = (Column("level", Kind.CATEGORY, nullable=False), Column("x", Kind.NUMBER, nullable=False))
    return Table(pa.table(columns), Schema(kinds), "pandas")


@pytest.fixture(scope="module")
def model(table):
    return Toy().fit(table, rng=Rng(0))


def test_it_learns_what_its_network_can(model):
    drawn = model.sample(4000, rng=Rng(1)).native()
    assert drawn["level"].value_counts(normalize=True)["a"] == pytest.approx(0.7, abs=0.07)
    assert drawn["x"].mean() == pytest.approx(5, abs=0.3)
    assert drawn["x"].std() == pytest.approx(2, abs=0.3)
    assert model.history_.best >= 0


def test_counts_are_taken_before_and_after_the_training_and_kept(model):
    assert (model.network_.prepared, model.network_.finished) == (ROWS, ROWS)
    again = Toy.restore(model.state())
    assert (again.network_.prepared, again.network_.finished) == (ROWS, ROWS)


@pytest.mark.parametrize("n", [0, 1, 7])
def test_any_number_of_rows(model, n):
    assert len(model.sample(n, rng=Rng(0))) == n


def test_draws_come_in_slices(model, monkeypatch):
    monkeypatch.setattr(family, "SLICE", 30)
    model.network_.sizes.clear()
    assert len(model.sample(100, rng=Rng(0))) == 100
    assert model.network_.sizes == [30, 30, 30, 10]


def test_slices_of_wide_rows_are_shorter(model, monkeypatch):
    monkeypatch.setattr(family, "CELLS", 100)
    model.network_.sizes.clear()
    model.sample(60, rng=Rng(0))
    assert model.network_.sizes == [25, 25, 10], "three levels and a number"


def test_seeds_decide_what_is_drawn(model, table):
    one, two, other = (model.sample(50, rng=Rng(seed)).arrow for seed in (1, 1, 2))
    assert one.equals(two)
    assert not one.equals(other)
    assert Toy().fit(table, rng=Rng(0)).sample(50, rng=Rng(1)).arrow.equals(one)


def test_torch_is_left_as_it_was(model, table):
    torch.manual_seed(3)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    Toy(steps=3).fit(table, rng=Rng(0))
    model.sample(5, rng=Rng(0))
    Toy.restore(model.state())
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


def test_conditions_are_obeyed_and_rare_ones_told(model, caplog):
    drawn = model.sample(200, given=Given.parse(["level=c", "x=4..5"]), rng=Rng(0)).native()
    assert (drawn["level"] == "c").all()
    assert drawn["x"].between(4, 5).all()
    with caplog.at_level(logging.WARNING):
        drawn = model.sample(400, given=Given.parse(["level=c", "x=5..5.0001"]), rng=Rng(0)).native()
    assert drawn["x"].between(5, 5.0001).all()
    assert "400 rows drawn under a rare condition" in caplog.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[(name, value) for name in ("steps", "width", "batch") for value in (0, -3, 2.5, True, "many")],
        ("rate", 0.0), ("rate", 1.0), ("rate", -1e-3), ("steps", None), ("width", None), ("device", "abacus"),
    ],
)  # fmt: skip
def test_impossible_parameters_are_refused(name, value, table):
    with pytest.raises(UsageError, match=name):
        Toy(**{name: value}).fit(table, rng=Rng(0))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_here_is_refused(table):
    with pytest.raises(UsageError, match="'cuda' is not here"):
        Toy(device="cuda").fit(table, rng=Rng(0))


def test_a_saved_model_draws_the_same(model):
    state = model.state()
    plain = State(json.loads(json.dumps(state.values)), {name: array.copy() for name, array in state.arrays.items()})
    again = Toy.restore(plain)
    assert again.sample(300, rng=Rng(4)).arrow.equals(model.sample(300, rng=Rng(4)).arrow)
    given = Given.parse(["level=b"])
    assert again.sample(30, given=given, rng=Rng(4)).arrow.equals(model.sample(30, given=given, rng=Rng(4)).arrow)
    assert not again.network_.training
    assert {name: array.tobytes() for name, array in again.state().arrays.items()} == {
        name: array.tobytes() for name, array in state.arrays.items()
    }


def test_a_saved_model_says_no_device(model):
    assert model.state().values["parameters"]["device"] == "auto"


def damaged(model, change):
    state = model.state()
    values, arrays = json.loads(json.dumps(state.values)), dict(state.arrays)
    change(values, arrays)
    return State(values, arrays)


def weights(**found):
    return lambda values, arrays: arrays.update({f"weights/{name}": array for name, array in found.items()})


DAMAGE = {
    "another shape": weights(deep=np.zeros(5, np.float32)),
    "another width": lambda values, arrays: values["parameters"].update(width=9),
    "another type": weights(deep=np.zeros(4)),
    "NaN": weights(deep=np.full(4, np.nan, np.float32)),
    "infinite": weights(logits=np.full(3, np.inf, np.float32)),
    "missing": lambda values, arrays: arrays.pop("weights/deep"),
    "too many": weights(more=np.zeros(1, np.float32)),
    "unknown parameter": lambda values, arrays: values["parameters"].update(nope=1),
    "impossible parameter": lambda values, arrays: values["parameters"].update(steps=-1),
    "no parameters": lambda values, arrays: values.pop("parameters"),
    "no layout": lambda values, arrays: values.pop("layout"),
    "other layout": lambda values, arrays: values["layout"].pop(),
    "renamed column": lambda values, arrays: values["layout"][0].update(name="z"),
    "more levels": lambda values, arrays: values["layout"][0].update(levels=9),
    "level for number": lambda values, arrays: values["layout"][1].update(levels=9),
    "no coder": lambda values, arrays: values.pop("coder"),
    "law cut": lambda values, arrays: arrays.update({"layout/1/places": arrays["layout/1/places"][1:]}),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_models_are_refused(model, name):
    with pytest.raises(BundleError):
        Toy.restore(damaged(model, DAMAGE[name]))


@pytest.mark.parametrize("name", ["constant", "one row", "ids alone", "all missing"])
def test_tables_in_which_little_or_nothing_varies(name):
    table = peculiar()[name]
    model = Toy(steps=3).fit(table, rng=Rng(0))
    assert len(model.sample(20, rng=Rng(0))) == 20
    assert Toy.restore(model.state()).sample(5, rng=Rng(0)).arrow.equals(model.sample(5, rng=Rng(0)).arrow)


def test_nothing_is_trained_where_nothing_varies():
    layout = Layout({"c": LevelColumn(1, False)})
    assert not varies(layout)
    assert Constant(layout).draw(3).tokens.tolist() == [[0], [0], [0]]


def test_a_table_with_every_kind_of_column():
    drawn = Toy(steps=5).fit(everyday(), rng=Rng(0)).sample(100, rng=Rng(0))
    assert drawn.schema == everyday().schema


def test_effort_reaches_the_training(table, tmp_path):
    limited = Toy(steps=10**6).fit(table, rng=Rng(0), effort=Effort(seconds=0.05))
    assert limited.history_.stopped == "time"
    assert limited.notes == (
        f"the time limit ended the training of toy after {limited.history_.steps[-1]:,} of 1,000,000 steps; "
        "the best weights until then are kept",
    )
    assert Toy.restore(limited.state()).notes == ()
    kept = Toy(steps=5).fit(table, rng=Rng(0), effort=Effort(checkpoint=tmp_path / "c"))
    assert kept.history_.stopped == "steps"
    assert kept.notes == ()
    assert list(tmp_path.iterdir()) == []


def test_a_training_that_diverges_names_its_family(table):
    class Broken(Independent):
        def loss(self, batch):
            return super().loss(batch) * float("nan")

    class Sick(Toy):
        NAME = "sick"

        def network(self, layout):
            return Broken(layout, self.width)

    with pytest.raises(TrainingError, match="training of sick diverged"):
        Sick().fit(table, rng=Rng(0))


@pytest.mark.parametrize(("n", "size"), [(1, 32), (300, 32), (2_048, 64), (32_768, 1024), (10**6, 1024)])
def test_batches_grow_with_the_rows(n, size):
    assert batch_for(n) == size
