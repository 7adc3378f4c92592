"""Generators tuned on a small table of another domain, and the guard that keeps only the better one."""

from __future__ import annotations

import sys

import numpy as np
import pyarrow as pa
import pytest

from fidelia.data.overlap import beside, overlap
from fidelia.data.table import Table
from fidelia.encode.columns import TableCoder
from fidelia.encode.united import united
from fidelia.enhancement.transferring.nearer import preference
from fidelia.enhancement.transferring.transfer import better, transfer
from fidelia.errors import SchemaError
from fidelia.generate.chowliu import ChowLiu
from fidelia.generate.conditions import Given
from fidelia.generate.forest.fit import Params
from fidelia.generate.forest.fixed import fixed
from fidelia.generate.forest.model import fit
from fidelia.generate.sampling import sample
from fidelia.generate.trees import Trees
from fidelia.measure.statistics.repeated import Compared
from fidelia.rng import Rng
from fidelia.schema.kinds import Kind
from fidelia.schema.schema import Column, Schema

NUMBER, INTEGER, CATEGORY = Kind.NUMBER, Kind.INTEGER, Kind.CATEGORY


def table(kinds: dict[str, Kind], **columns) -> Table:
    arrays = {name: values if isinstance(values, pa.Array) else pa.array(values) for name, values in columns.items()}
    return Table(pa.table(arrays), Schema(tuple(Column(name, kinds[name]) for name in arrays)))


def pairs(n: int, seed: int, mean: float = 0.0, slope: float = 1.0) -> Table:
    """x ~ N(mean, 1), y = slope x + N(0, 0.3), z = sign of y, mostly."""
    draw = np.random.default_rng(seed)
    x = draw.normal(mean, 1, n)
    y = slope * x + draw.normal(0, 0.3, n)
    z = np.where((y > mean * slope) ^ (draw.random(n) < 0.1), "up", "down").tolist()
    made = table({"x": NUMBER, "y": NUMBER, "z": CATEGORY}, x=x.round(3), y=y.round(3), z=z)
    return made.with_schema(made.schema.with_target("z"))


def correlation(rows: Table) -> float:
    return float(np.corrcoef(np.asarray(rows["x"]), np.asarray(rows["y"]))[0, 1])


@pytest.fixture
def few(monkeypatch):
    """Judge generators by fewer rows: the answers here are clear, and the tests quick."""
    monkeypatch.setattr("fidelia.enhancement.transferring.tuning.ROWS", 300)


@pytest.fixture(scope="module")
def source() -> Trees:
    return Trees().fit(pairs(3000, 0), rng=Rng(0))


def test_overlap_puts_shared_columns_first_and_says_why_others_are_not():
    kinds = {"a": NUMBER, "b": CATEGORY, "c": CATEGORY, "d": NUMBER}
    other = table(kinds, a=[1.0, 2.5], b=["u", "v"], d=[1.0, 2.0])
    mine = table({**kinds, "d": CATEGORY, "a": INTEGER}, c=["k", "l"], d=["x", "y"], b=["v", "w"], a=[1, 2])
    found = overlap(mine, other)
    assert (found.shared, found.own, found.lost) == (("a", "b"), ("c", "d"), ())
    assert found.table.schema.names == ["a", "b", "c", "d"]
    assert found.table["a"].type == pa.float64() and found.table.schema["a"].kind is NUMBER
    assert "'d' is category here and number in the source" in found.notes[0]
    assert beside(other, found.table, found.shared).schema.names == ["a", "b"]


def test_dictionaries_keep_their_very_type():
    kind = pa.dictionary(pa.int8(), pa.string(), ordered=True)
    other = table(
        {"g": CATEGORY}, g=pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int8()), ["lo", "hi"], ordered=True)
    )
    found = overlap(table({"g": CATEGORY}, g=["hi", "lo"]), other)
    assert found.table["g"].type == kind and found.table["g"].to_pylist() == ["hi", "lo"]


def test_united_coders_know_the_levels_and_ranges_of_both():
    kinds = {"a": NUMBER, "b": CATEGORY}
    one = TableCoder.fit(table(kinds, a=np.arange(50.0), b=["u"] * 25 + ["v"] * 25), k=2)
    two = TableCoder.fit(table(kinds, a=np.arange(100.0, 150), b=["v"] * 25 + ["w"] * 25), k=2)
    both = united(two, one, ["a", "b"])
    assert both.coders["a"].low == one.coders["a"].low and both.coders["a"].high == two.coders["a"].high
    assert set(both.coders["b"].levels.to_pylist()) == {"u", "v", "w"}
    assert both.coders["b"].counts.min() >= 1
    again = TableCoder.restore(both.state())
    assert again.coders["b"].levels.equals(both.coders["b"].levels)


def test_a_fixed_forest_draws_what_the_whole_one_draws_under_the_condition(monkeypatch):
    draw = np.random.default_rng(3)
    domain = draw.integers(0, 2, 4000)
    x = np.where(domain == 1, draw.normal(3, 1, 4000), draw.normal(0, 1, 4000)).round(3)
    y = (np.where(domain == 1, -1, 1) * x + draw.normal(0, 0.3, 4000)).round(3)
    rows = table({"x": NUMBER, "y": NUMBER, "d": CATEGORY}, x=x, y=y, d=[str(d) for d in domain])
    coder = TableCoder.fit(rows)
    monkeypatch.setattr(sys.modules["fidelia.generate.forest.fit"], "column_order", lambda _: [2, 0, 1])
    forest = fit(coder.code(rows), Params(), rng=Rng(0), tick=lambda _: None)
    code = coder.coders["d"].find("1")
    small = fixed(forest, code)
    with pytest.raises(ValueError, match="does not begin"):
        fixed(small, code)
    assert sum(part.value.grove.n_leaves for part in small.parts) < sum(p.value.grove.n_leaves for p in forest.parts)
    assert [part.name for part in small.parts] == ["x", "y"]
    given = forest.draw(4000, Rng(1), Given.of({"d": "1"}).code(coder)).coded
    alone = small.draw(4000, Rng(2)).coded
    for name in ("x", "y"):
        assert abs(np.mean(given[name].values) - np.mean(alone[name].values)) < 0.15
        assert abs(np.std(given[name].values) - np.std(alone[name].values)) < 0.15


def test_tuned_trees_move_to_the_target_and_keep_what_they_know(source):
    made = sample(source.tuned(pairs(80, 1, mean=2.0), rng=Rng(0)), 3000, rng=Rng(1))
    assert abs(np.mean(np.asarray(made["x"])) - 2.0) < 0.35
    assert correlation(made) > 0.8


def test_new_levels_new_columns_and_lost_ones(source):
    rows = pairs(120, 1, mean=1.0)
    level = ["flat" if i % 4 == 0 else value for i, value in enumerate(rows["z"].to_pylist())]
    extra = (np.asarray(rows["x"]) * 10).round(2)
    target = table({"x": NUMBER, "z": CATEGORY, "w": NUMBER}, w=extra, z=level, x=np.asarray(rows["x"]))
    made = sample(source.tuned(target, rng=Rng(0)), 2000, rng=Rng(1))
    assert made.schema.names == ["x", "z", "w"]
    assert abs(np.mean([v == "flat" for v in made["z"].to_pylist()]) - 0.25) < 0.12
    assert np.corrcoef(np.asarray(made["x"]), np.asarray(made["w"]))[0, 1] > 0.7


def test_a_target_without_a_common_column_is_refused(source):
    with pytest.raises(SchemaError, match="no column in common"):
        source.tuned(table({"other": NUMBER}, other=np.arange(60.0)), rng=Rng(0))


def test_rows_say_which_generator_they_are_of():
    """p = N(0, 1), q = N(1.5, 1), real rows of q: the mean of p / (p + q) by numerical integration."""
    draw = np.random.default_rng(0)
    one, other, real = (
        table({"x": NUMBER}, x=draw.normal(mean, 1, n).round(4)) for mean, n in ((0, 3000), (1.5, 3000), (1.5, 2000))
    )
    grid = np.linspace(-7, 9, 4001)
    p, q = (np.exp(-((grid - mean) ** 2) / 2) for mean in (0, 1.5))
    wanted = float((q * p / (p + q)).sum() / q.sum())
    found = preference(one, other, real, Rng(0))
    assert abs(found.mean() - wanted) < 0.03
    assert abs(preference(other, one, real, Rng(0)).mean() - (1 - wanted)) < 0.03


def test_rows_of_one_law_prefer_neither():
    draw = np.random.default_rng(1)
    one, other, real = (table({"x": NUMBER}, x=draw.normal(size=1500).round(4)) for _ in range(3))
    assert abs(preference(one, other, real, Rng(0)).mean() - 0.5) < 0.02


@pytest.mark.parametrize(
    ("ends", "wanted"),
    [
        ([(0.1, 0.2)], True),
        ([(-0.1, 0.2)], False),
        ([(0.1, 0.2), (-0.3, -0.1)], False),
        ([(0.1, 0.2), (-0.3, 0.1)], True),
    ],
)
def test_better_in_one_and_worse_in_none(ends, wanted):
    claims = [Compared(sum(e) / 2, 10, 0.1, e, 0.01, e, 0.01) for e in ends]
    assert better(claims) is wanted


@pytest.mark.slow
def test_a_source_that_knows_more_helps_or_is_neutral(source, few):
    found = transfer(source, pairs(80, 5), name="trees", repeats=1, rng=Rng(0))
    lines = {line.arm: line for line in found.lines}
    assert lines["transferred"].nearer.value > -0.05
    assert found.to_dict()["splits"]["done"] == 5
    assert found.verdict["headline"]


def test_an_opposite_source_is_not_used(few):
    """Few shared values and the opposite slope: whatever is tuned, target rows must not be made worse."""
    opposite = Trees().fit(pairs(3000, 0, slope=-1.0), rng=Rng(0))
    found = transfer(opposite, pairs(400, 1), name="trees", repeats=1, rng=Rng(0))
    assert not found.tuned and found.name == "trees"
    assert "target rows alone" in found.verdict["headline"]
    assert correlation(sample(found.generator, 2000, rng=Rng(1))) > 0.8


@pytest.mark.slow
def test_a_source_that_cannot_be_continued_draws_rows_for_trees(few):
    made = ChowLiu().fit(pairs(2000, 0), rng=Rng(0))
    found = transfer(made, pairs(80, 1, mean=1.0), name="chowliu", seconds=0.01, rng=Rng(0))
    assert found.method == "trees learnt beside rows that chowliu draws" and found.name == "trees"


def test_too_few_rows_are_refused_and_a_time_limit_is_said(source, few):
    with pytest.raises(SchemaError, match="50 are needed"):
        transfer(source, pairs(40, 1), name="trees", rng=Rng(0))
    found = transfer(source, pairs(60, 1), name="trees", seconds=0.01, rng=Rng(0))
    assert found.facts["splits"] == {"folds": 5, "done": 2, "stopped": "the time limit"}


@pytest.mark.slow
def test_the_same_seed_gives_the_same_model(source, few):
    one, two = (transfer(source, pairs(60, 1), name="trees", seconds=0.01, rng=Rng(4)) for _ in range(2))
    assert one.to_dict() == two.to_dict()
    assert sample(one.generator, 50, rng=Rng(1)).arrow.equals(sample(two.generator, 50, rng=Rng(1)).arrow)


def test_a_model_file_carries_what_is_said_of_its_source(tmp_path, few):
    import fidelia as fd

    model = fd.fit(pairs(2000, 0), seed=3)
    model.save(tmp_path / "s.fidelia")
    moved = fd.transfer(tmp_path / "s.fidelia", pairs(80, 1, mean=2.0), time_limit=0.01, seed=0)
    moved.model.save(tmp_path / "t.fidelia")
    again = fd.load(tmp_path / "t.fidelia")
    assert again.schema.target == "z" and again.about["rows"] == 80
    if moved.tuned:
        assert again.about["source"]["sha256"] == model.about["sha256"] and again.about["source"]["rows"] == 2000
    else:
        assert "source" not in again.about
