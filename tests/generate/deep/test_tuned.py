"""Networks that go on from the weights of another one."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

torch = pytest.importorskip("torch")

from fidelia.data.table import Table  # noqa: E402
from fidelia.errors import NotApplicable  # noqa: E402
from fidelia.generate.deep.anchor import Anchored  # noqa: E402
from fidelia.generate.deep.autoregressive import Autoregressive  # noqa: E402
from fidelia.generate.deep.autoregressive.graft import graft  # noqa: E402
from fidelia.generate.deep.batch import Rows  # noqa: E402
from fidelia.generate.deep.continued import continued  # noqa: E402
from fidelia.generate.sampling import sample  # noqa: E402
from fidelia.rng import Rng  # noqa: E402
from fidelia.schema.kinds import Kind  # noqa: E402
from fidelia.schema.schema import Column, Schema  # noqa: E402


def rows(n: int, seed: int, mean: float = 0.0, levels: str = "ab") -> Table:
    draw = np.random.default_rng(seed)
    x = draw.normal(mean, 1, n).round(2)
    y = (x + draw.normal(0, 0.3, n)).round(2)
    columns = (Column("x", Kind.NUMBER), Column("y", Kind.NUMBER), Column("g", Kind.CATEGORY))
    return Table(pa.table({"x": x, "y": y, "g": draw.choice(list(levels), n).tolist()}), Schema(columns))


@pytest.fixture(scope="module")
def source() -> Autoregressive:
    return Autoregressive(steps=1_000, width=24, depth=1, batch=128).fit(rows(1500, 0), rng=Rng(0))


def test_grafted_weights_say_the_same_of_the_same_layout(source):
    table = rows(1500, 0)
    coded = source.coder_.code(table)
    layout, kin = continued(source.layout_, source.coder_, coded, source.coder_, ["x", "y", "g"])
    young = source.network(layout)
    parts = Rows.of(layout.encode(coded), torch.device("cpu"))
    young.begin(parts)
    graft(young, source.network_, kin)
    young.eval()
    batch = young.owned(parts.batch(torch.arange(50)))
    assert torch.allclose(young.nll(batch), source.network_.nll(batch), atol=1e-5)


def test_the_anchor_holds(source):
    anchored = Anchored(source.network_, strength=2.0, pace=0.1)
    assert anchored.distance().item() == 0
    (name, move), (_, before) = next(iter(anchored.moves().items())), next(iter(source.network_.moves().items()))
    assert move.rate == pytest.approx(before.rate * 0.1) and move.decay == 0 and name == "likelihood"
    weight = next(source.network_.parameters())
    with torch.no_grad():
        weight.view(-1)[0] += 3.0
        assert anchored.distance().item() == pytest.approx(9.0, rel=1e-4)
        weight.view(-1)[0] -= 3.0


def test_a_tuned_network_moves_and_knows_values_beyond_the_source(source):
    made = sample(source.tuned(rows(150, 1, mean=2.5, levels="abc"), rng=Rng(0)), 2000, rng=Rng(1))
    x, y = (np.asarray(made[name]) for name in ("x", "y"))
    assert x.mean() > 1.2 and x.max() > 3.5
    assert np.corrcoef(x, y)[0, 1] > 0.8
    assert abs(np.mean([g == "c" for g in made["g"].to_pylist()]) - 1 / 3) < 0.15


def test_a_network_of_another_width_declines(source):
    wide = {f"n{i}": np.random.default_rng(i).normal(size=80) for i in range(250)}
    table = rows(80, 1)
    arrow = table.arrow
    for name, values in wide.items():
        arrow = arrow.append_column(name, pa.array(values))
    schema = Schema((*table.schema.columns, *(Column(name, Kind.NUMBER) for name in wide)))
    with pytest.raises(NotApplicable, match="TOO_WIDE"):
        source.tuned(Table(arrow, schema), rng=Rng(0))
