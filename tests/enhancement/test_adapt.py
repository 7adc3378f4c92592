"""Labels carried over to a shifted target: known shifts, and refusals."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from fidelia.data.table import Table
from fidelia.enhancement.transferring.adapt import adapt, ess
from fidelia.enhancement.transferring.domains import domains
from fidelia.errors import NotApplicable, SchemaError, UsageError
from fidelia.rng import Rng
from fidelia.schema.kinds import Kind
from fidelia.schema.schema import Column, Role, Schema

NUMBER, CATEGORY = Kind.NUMBER, Kind.CATEGORY


def made(x: np.ndarray, y, kind: Kind = CATEGORY) -> Table:
    label = pa.array(y, pa.string()) if kind is CATEGORY else pa.array(y)
    columns = (Column("x0", NUMBER), Column("x1", NUMBER), Column("y", kind, Role.TARGET, nullable=True))
    return Table(pa.table({"x0": x[:, 0].round(3), "x1": x[:, 1].round(3), "y": label}), Schema(columns))


def features(n: int, seed: int, mean: float) -> Table:
    """Covariate shift: x0 ~ N(mean, 1), and the label depends on x alone."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(n, 2)) + np.array([mean, 0])
    return made(x, np.where(draw.random(n) < 1 / (1 + np.exp(-2 * x[:, 0])), "yes", "no").tolist())


def classes(n: int, seed: int, share: float) -> Table:
    """Label shift: the label has a share, and x depends on it alone."""
    draw = np.random.default_rng(seed)
    y = draw.random(n) < share
    return made(draw.normal(size=(n, 2)) + 1.5 * y[:, None], np.where(y, "yes", "no").tolist())


def unlabelled(rows: Table) -> Table:
    return Table(rows.arrow.drop_columns(["y"]), Schema(rows.schema.columns[:2]))


def test_weights_are_the_known_density_ratio():
    """N(1, 1) over N(0, 1) is exp(x - 1/2): the weighted mean is that of the target."""
    source, target = features(3000, 0, 0.0), features(2000, 1, 1.0)
    found = adapt(source, unlabelled(target), shift="covariate", n=1500, rng=Rng(0))
    x = np.asarray(source["x0"])
    inner = np.abs(x) < 1.5
    assert np.corrcoef(np.log(found.weight[inner]), x[inner])[0, 1] > 0.9
    assert abs(np.average(x, weights=found.weight) - 1.0) < 0.2
    assert abs(np.mean(np.asarray(found.rows["x0"])) - 1.0) < 0.2
    assert found.weight.mean() == pytest.approx(1) and 50 < found.effective < 3000


def test_class_shares_are_found_and_drawn():
    found = adapt(classes(2500, 0, 0.5), unlabelled(classes(1500, 1, 0.15)), rng=Rng(0))
    yes = next(line for line in found.facts["classes"] if line["class"] == "yes")
    assert found.shift == "label" and abs(yes["target"] - 0.15) < 0.06 and abs(yes["black_box"] - 0.15) < 0.1
    drawn = np.mean([value == "yes" for value in found.rows["y"].to_pylist()])
    assert drawn == pytest.approx(yes["target"], abs=0.01)
    assert found.lines == () and found.verdict["level"] == "unknown"


def test_target_labels_say_what_it_is_worth():
    found = adapt(classes(1000, 0, 0.5), classes(400, 1, 0.1), shift="label", repeats=2, rng=Rng(0))
    lines = {(line.learner, line.arm): line for line in found.lines}
    way = lines["linear", "weighted by classes"]
    assert way.log_gain.value > 0.05 and way.gain is not None
    assert lines["linear", "source only"].gain is None
    assert found.verdict["level"] == "gain" and "linear" in found.verdict["headline"]


def test_alike_domains_are_left_alone():
    found = adapt(features(1200, 0, 0.0), unlabelled(features(1200, 7, 0.0)), rng=Rng(3))
    assert found.effective > 0.8 * 1200
    assert abs(np.mean(np.asarray(found.rows["x0"]))) < 0.2


def test_a_source_without_rows_like_the_targets_is_refused():
    """Clipped weights of N(5, 1) beside N(0, 1) are worth hundreds of rows; the ratio itself is worth some twenty."""
    source, target = features(2000, 0, 0.0), unlabelled(features(800, 1, 5.0))
    both = domains(source, target)
    assert ess(both.told(both.source, Rng(0)).weight) > 100
    with pytest.raises(NotApplicable, match="NO_SUPPORT"):
        adapt(source, target, shift="covariate", rng=Rng(0))


@pytest.mark.slow
def test_numbers_can_be_labels():
    draw = np.random.default_rng(0)
    x, z = draw.normal(size=(900, 2)), draw.normal(np.array([0.8, 0.0]), 1.0, (400, 2))
    source, target = (made(v, (v[:, 0] ** 2).round(3), NUMBER) for v in (x, z))
    found = adapt(source, target, repeats=1, rng=Rng(0))
    assert found.metric == "R²" and found.shift in ("covariate", "none") and found.facts["classes"] == []
    assert all(line.log_score is None for line in found.lines)
    with pytest.raises(UsageError, match="no class shares"):
        adapt(source, target, shift="label", rng=Rng(0))


def test_what_does_not_fit_is_refused():
    source = features(200, 0, 0.0)
    with pytest.raises(UsageError, match="shift = 'other'"):
        adapt(source, source, shift="other", rng=Rng(0))
    with pytest.raises(UsageError, match="nothing to predict"):
        adapt(source.with_schema(source.schema.with_target(None)), source, rng=Rng(0))
    with pytest.raises(SchemaError, match="too few"):
        adapt(source, unlabelled(features(20, 1, 0.0)), rng=Rng(0))
    alone = Table(pa.table({"other": np.arange(80.0)}), Schema((Column("other", NUMBER),)))
    with pytest.raises(SchemaError, match="cannot be predicted"):
        adapt(source, alone, rng=Rng(0))


def test_rows_without_a_label_count_nothing():
    rows = features(400, 0, 0.0)
    label = [None if i < 40 else value for i, value in enumerate(rows["y"].to_pylist())]
    source = rows.with_arrow(rows.arrow.set_column(2, "y", pa.array(label)))
    found = adapt(source, unlabelled(features(300, 1, 0.3)), rng=Rng(0))
    assert (found.weight[:40] == 0).all() and found.weight[40:].mean() == pytest.approx(1)
    assert len(domains(source, unlabelled(rows)).source) == 360


def test_effective_rows():
    assert ess(np.ones(7)) == pytest.approx(7) and ess(np.array([1.0, 0, 0])) == pytest.approx(1)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_rows():
    one, two = (adapt(features(400, 0, 0.0), unlabelled(features(300, 1, 0.5)), rng=Rng(2)) for _ in range(2))
    assert one.rows.arrow.equals(two.rows.arrow) and one.to_dict() == two.to_dict()
