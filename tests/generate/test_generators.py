"""What each generator keeps and what it loses, on laws whose answers are known."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from fidelia.data.table import Table
from fidelia.errors import BundleError, NotApplicable, UsageError
from fidelia.generate.catalog import State, create
from fidelia.generate.chowliu import ChowLiu
from fidelia.generate.conditions import Given
from fidelia.generate.copula import GaussianCopula, correlation
from fidelia.generate.dependence import descent, information, spanning_tree
from fidelia.generate.marginals import Marginals
from fidelia.generate.noisy_copy import NoisyCopy
from fidelia.generate.sampling import sample, stream
from fidelia.rng import Rng
from fidelia.schema import Column, Kind, Schema

DRAW = np.random.Generator(np.random.PCG64(4))
N = 4000
SCHEMA = Schema(
    (Column("x", Kind.NUMBER), Column("y", Kind.NUMBER), Column("g", Kind.CATEGORY), Column("z", Kind.NUMBER))
)


def chain():
    """g decides x, x decides y, and z is missing exactly where g is 'b'."""
    g = DRAW.choice(["a", "b", "c"], N, p=[0.5, 0.3, 0.2])
    x = DRAW.normal(size=N) + np.where(g == "a", 0.0, 3.0)
    y = 0.8 * x + 0.6 * DRAW.normal(size=N)
    z = np.where(g == "b", np.nan, DRAW.normal(size=N))
    return Table(pa.table({"x": x, "y": y, "g": g, "z": pa.array(z, from_pandas=True)}), SCHEMA)


TABLE = chain()
REAL = TABLE.arrow.to_pandas()


def drawn(model, n=N, given=None, seed=1):
    return sample(model.fit(TABLE, rng=Rng(0)), n, given=given, rng=Rng(seed)).arrow.to_pandas()


def test_marginals_keep_columns_and_lose_pairs():
    frame = drawn(Marginals())
    assert frame["x"].mean() == pytest.approx(REAL["x"].mean(), abs=0.1)
    assert frame["g"].value_counts(normalize=True)["a"] == pytest.approx((REAL["g"] == "a").mean(), abs=0.03)
    assert frame["x"].corr(frame["y"]) == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("model", [ChowLiu(), GaussianCopula()], ids=["chowliu", "copula"])
def test_pairs_are_kept(model):
    frame = drawn(model)
    assert frame["x"].corr(frame["y"]) == pytest.approx(REAL["x"].corr(REAL["y"]), abs=0.04)
    assert frame["z"].isna().mean() == pytest.approx(REAL["z"].isna().mean(), abs=0.03)


def test_chowliu_keeps_where_values_are_missing():
    frame = drawn(ChowLiu())
    assert (frame["z"].isna() == (frame["g"] == "b")).mean() > 0.99


def test_chowliu_conditions_are_exact_far_along_the_tree():
    frame = drawn(ChowLiu(), 4000, Given.parse(["y=3..5"]))
    real = REAL[REAL["y"].between(3, 5)]
    assert frame["y"].between(3, 5).all()
    assert frame["x"].mean() == pytest.approx(real["x"].mean(), abs=0.1)
    assert (frame["g"] == "a").mean() == pytest.approx((real["g"] == "a").mean(), abs=0.04)


def test_copula_conditions_follow_the_gaussian_law():
    x = DRAW.normal(size=N)
    table = Table(
        pa.table({"x": x, "y": 0.8 * x + 0.6 * DRAW.normal(size=N), "w": DRAW.normal(size=N)}),
        Schema(tuple(Column(name, Kind.NUMBER) for name in "xyw")),
    )
    model = GaussianCopula().fit(table, rng=Rng(0))
    point = sample(model, 4000, given=Given.of({"x": 1.0}), rng=Rng(1)).arrow.to_pandas()
    assert (point["x"] == 1.0).all()
    assert (point["y"].mean(), point["y"].std()) == pytest.approx((0.8, 0.6), abs=0.06)
    both = sample(model, 4000, given=Given.of({"x": (0.5, 3), "w": (0, 1)}), rng=Rng(1)).arrow.to_pandas()
    wanted = table.arrow.to_pandas().query("0.5 <= x <= 3 and 0 <= w <= 1")
    assert both["x"].between(0.5, 3).all()
    assert both["w"].between(0, 1).all()
    assert both["y"].mean() == pytest.approx(wanted["y"].mean(), abs=0.1)


@pytest.mark.parametrize("name", ["marginals", "chowliu", "copula", "noisy-copy"])
@pytest.mark.parametrize("texts", [["z="], ["z=0..1"], ["z=0..1|", "g=a|b"], ["x=0..0.5", "y=-1..0", "g=c", "z=-1..0"]])
def test_conditions_are_obeyed(name, texts):
    frame = drawn(create(name), 300, Given.parse(texts))
    evidence = dict(text.split("=") for text in texts)
    assert len(frame) == 300
    if "z" in evidence:
        inside = frame["z"].between(-1, 1) if evidence["z"] else np.zeros(300, bool)
        assert (inside | (frame["z"].isna() if "|" in evidence["z"] or not evidence["z"] else False)).all()
    if "g" in evidence:
        assert frame["g"].isin(evidence["g"].split("|")).all()


@pytest.mark.parametrize("name", ["chowliu", "copula"])
def test_conditions_on_thousands_of_levels_stay_within_memory(name):
    levels = np.arange(30_000) % 3000
    table = Table(
        pa.table({"c": levels, "x": levels + DRAW.normal(size=30_000)}),
        Schema((Column("c", Kind.CATEGORY), Column("x", Kind.NUMBER))),
    )
    given = Given.of({"c": list(range(0, 3000, 2)), "x": (0, 2000)})
    frame = sample(create(name).fit(table, rng=Rng(0)), 3000, given=given, rng=Rng(1)).arrow.to_pandas()
    assert (frame["c"] % 2 == 0).all()
    assert frame["x"].between(0, 2000).all()
    assert frame["c"].corr(frame["x"]) > 0.9


def test_noisy_copies_are_copies():
    frame = drawn(NoisyCopy(noise=0.0), N)
    assert sorted(frame["x"]) == sorted(REAL["x"])
    near = np.abs(np.sort(drawn(NoisyCopy(), N)["x"].to_numpy()) - np.sort(REAL["x"].to_numpy()))
    assert 0 < near.mean() < 0.05


def test_noisy_copies_are_never_saved():
    with pytest.raises(NotApplicable, match="HOLDS_ROWS"):
        NoisyCopy().fit(TABLE, rng=Rng(0)).state()
    with pytest.raises(BundleError):
        NoisyCopy.restore(State())


@pytest.mark.parametrize("model", [ChowLiu(bins=1), NoisyCopy(noise=2), Marginals(k=0)])
def test_wrong_parameters_are_refused(model):
    with pytest.raises(UsageError):
        model.fit(TABLE, rng=Rng(0))


def test_streams_give_the_rows_of_one_draw():
    model = Marginals().fit(TABLE, rng=Rng(0))
    tables = list(stream(model, 250, rng=Rng(5), batch=100))
    assert [len(table) for table in tables] == [100, 100, 50]
    assert pa.concat_tables([t.arrow for t in tables]).equals(sample(model, 250, rng=Rng(5), batch=100).arrow)


@pytest.mark.parametrize("n", [-1, 2.0, "3", True, None, 2**50])
def test_wrong_numbers_of_rows_are_refused(n):
    with pytest.raises(UsageError):
        stream(Marginals().fit(TABLE, rng=Rng(0)), n, rng=Rng(0))


def test_information_of_a_copied_column_is_its_entropy():
    assert information(np.diag([500.0, 500.0])) == pytest.approx(np.log(2), abs=1e-3)
    assert information(np.full((2, 2), 250.0)) == 0


def test_the_spanning_tree_takes_the_strongest_pairs():
    weights = np.array([[0, 3, 1], [3, 0, 2], [1, 2, 0.0]])
    assert spanning_tree(weights) == [1, -1, 1]
    assert descent([1, -1, 1]) == [1, 0, 2]


@pytest.mark.parametrize("parents", [[0], [1, 0], [-1, -1], [-1, 5]])
def test_what_is_no_tree_is_refused(parents):
    with pytest.raises(ValueError, match="no tree"):
        descent(parents)


def test_correlations_are_positive_definite_with_missing_values():
    scores = DRAW.normal(size=(5000, 6))
    scores[:, 1] = scores[:, 0]
    scores[DRAW.random((5000, 6)) < 0.3] = np.nan
    found = correlation(scores)
    assert np.diag(found) == pytest.approx(np.ones(6))
    assert np.linalg.eigvalsh(found).min() > 0
    assert found[0, 1] > 0.9


@pytest.mark.parametrize("kind", [Marginals, ChowLiu, GaussianCopula])
@pytest.mark.parametrize(
    "damage",
    [lambda a: a[:-1], lambda a: a * np.nan, lambda a: a - 3.0, lambda a: a.astype(np.int64), lambda a: a[None]],
    ids=["shorter", "nan", "moved", "type", "dimension"],
)
def test_arrays_that_do_not_fit_are_refused(kind, damage):
    state = kind().fit(TABLE, rng=Rng(0)).state()
    for name, array in state.arrays.items():
        if name.endswith("/values") and damage(np.ones(3)).tolist() == [-2.0] * 3:
            continue  # other values are as good as these
        with pytest.raises(BundleError):
            kind.restore(State(state.values, {**state.arrays, name: damage(array)}))


@pytest.mark.parametrize("kind", [Marginals, ChowLiu, GaussianCopula])
def test_absent_parts_are_refused(kind):
    state = kind().fit(TABLE, rng=Rng(0)).state()
    for name in state.values:
        with pytest.raises(BundleError):
            kind.restore(State({key: value for key, value in state.values.items() if key != name}, state.arrays))
    for name in state.arrays:
        with pytest.raises(BundleError):
            kind.restore(State(state.values, {key: value for key, value in state.arrays.items() if key != name}))
