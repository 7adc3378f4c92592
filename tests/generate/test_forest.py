"""Analytic tests of the forest: known laws, protection, conditions, state, odd tables."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fidelia.encode.codes import Allowed, Coded, CodedColumn, Continuous, Discrete
from fidelia.generate.forest import Forest, Params, fit
from fidelia.generate.forest.sound import inspect
from fidelia.rng import Rng

N = 4_000


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def number(values: np.ndarray, decimals: int | None = None) -> Continuous:
    return Continuous(np.asarray(values, float), decimals)


def codes(values: np.ndarray, levels: int | None = None) -> Discrete:
    return Discrete(np.asarray(values).astype(np.int32), levels or int(np.max(values)) + 1)


def coded(**columns: CodedColumn) -> Coded:
    return Coded(columns, len(next(iter(columns.values()))) if columns else 0)


def only(*allowed: int, levels: int) -> Allowed:
    return Allowed(codes=np.isin(np.arange(levels), allowed))


def grown(table: Coded, seed: int = 0, **params: int) -> Forest:
    return fit(table, Params(**params), rng=Rng(seed), tick=lambda _done: None)


def mixed(n: int = N, seed: int = 0) -> Coded:
    r = rng(seed)
    group = r.integers(0, 3, n)
    size = np.round(r.normal(group * 4.0, 1.0), 3)
    zero = np.where(r.random(n) < 0.5, 0.0, np.round(r.exponential(50, n), 2))
    size[r.random(n) < 0.1 * group] = np.nan
    sign = (np.nan_to_num(size) > 4).astype(int)
    return coded(group=codes(group), size=number(size, 3), zero=number(zero, 2), sign=codes(sign, 2))


def values(table: Coded) -> dict[str, np.ndarray]:
    return {name: c.codes if isinstance(c := table[name], Discrete) else c.values for name in table}


def drawn(table: Coded, n: int = N, seed: int = 1) -> dict[str, np.ndarray]:
    return values(grown(table, seed).draw(n, Rng(seed + 1)).coded)


def test_xor_is_kept() -> None:
    r = rng()
    a, b = r.integers(0, 2, N), r.integers(0, 2, N)
    out = drawn(coded(a=codes(a), b=codes(b), c=codes(a ^ b)))
    assert ((out["a"] ^ out["b"]) == out["c"]).mean() > 0.99


@pytest.mark.parametrize("kind", ["level", "number"])
def test_missing_rule_is_kept(kind: str) -> None:
    r = rng()
    a = r.integers(0, 20, N)
    b = np.where(a == 7, np.nan, r.normal(size=N))
    first = codes(a) if kind == "level" else number(a, 0)
    out = drawn(coded(a=first, b=number(b)))
    gone = np.isnan(out["b"])
    assert (out["a"][gone] == 7).mean() >= 0.97
    assert gone[out["a"] == 7].mean() >= 0.97


def test_conditional_law_equals_filtered_law() -> None:
    forest = grown(mixed())
    free = values(forest.draw(120_000, Rng(1)).coded)
    given = forest.draw(20_000, Rng(2), {"size": Allowed(intervals=((3.0, 9.0),)), "sign": only(1, levels=2)})
    rows, held = values(given.coded), (free["size"] >= 3) & (free["size"] <= 9) & (free["sign"] == 1)
    assert given.probability == pytest.approx(held.mean(), rel=0.03)
    assert ((rows["size"] >= 3) & (rows["size"] <= 9)).all()
    assert (rows["sign"] == 1).all()
    for g in range(3):
        assert (rows["group"] == g).mean() == pytest.approx((free["group"][held] == g).mean(), abs=0.015)
    assert np.mean(rows["size"]) == pytest.approx(free["size"][held].mean(), abs=0.03)
    assert np.mean(rows["zero"] == 0) == pytest.approx((free["zero"][held] == 0).mean(), abs=0.015)


def test_rare_condition_resamples_within_budget() -> None:
    r = rng()
    flag = (r.random(N) < 0.003).astype(int)
    table = coded(a=codes(r.integers(0, 50, N)), flag=codes(flag))
    given = grown(table).draw(5_000, Rng(1), {"flag": only(1, levels=2)})
    assert len(given.coded["a"]) == 5_000
    assert 1 <= given.ess <= 5_000
    assert (values(given.coded)["flag"] == 1).all()


def test_masses_of_a_partition_sum_to_one() -> None:
    forest = grown(mixed())
    at = [p.name for p in forest.parts].index("size")
    part, r = forest.parts[at], rng(3)
    prefix = {j: forest.parts[j].code(v) for j, v in enumerate(values(forest.draw(500, Rng(4)).coded).values())}
    pieces = [
        Allowed(intervals=((-99.0, 2.0),)),
        Allowed(intervals=((2.001, 5.5),)),
        Allowed(intervals=((5.501, 99.0),)),
        Allowed(missing=True),
    ]
    total = sum(part.condition(p).draw(prefix, 500, r)[1] for p in pieces)
    np.testing.assert_allclose(total, 1.0, atol=1e-9)


def test_impossible_and_misfit_conditions_are_refused() -> None:
    forest = grown(mixed())
    with pytest.raises(ValueError, match="impossible"):
        forest.draw(5, Rng(0), {"size": Allowed(intervals=((500.0, 600.0),))})
    with pytest.raises(ValueError, match="unknown"):
        forest.draw(5, Rng(0), {"nobody": Allowed()})
    with pytest.raises(ValueError, match="kind"):
        forest.draw(5, Rng(0), {"group": Allowed(intervals=((0, 1),))})


def test_missing_can_be_required_and_forbidden() -> None:
    forest = grown(mixed())
    gone = values(forest.draw(3_000, Rng(1), {"size": Allowed(missing=True)}).coded)
    here = values(forest.draw(3_000, Rng(1), {"size": Allowed(intervals=((-np.inf, np.inf),))}).coded)
    assert np.isnan(gone["size"]).all()
    assert not np.isnan(here["size"]).any()
    assert (gone["group"] > 0).mean() > 0.95


def test_state_round_trip_draws_equal() -> None:
    forest = grown(mixed())
    facts, arrays = forest.state()
    again = Forest.restore(json.loads(json.dumps(facts)), arrays)
    inspect(again, {"group": 3, "size": None, "zero": None, "sign": 2})
    a, b = (values(f.draw(1_000, Rng(5)).coded) for f in (forest, again))
    for name in a:
        np.testing.assert_array_equal(a[name], b[name])


def test_same_seed_same_bytes_with_any_number_of_workers() -> None:
    one, two = (grown(mixed(), 9, workers=w).state()[1] for w in (1, 2))
    assert one.keys() == two.keys()
    assert all(one[name].tobytes() == two[name].tobytes() for name in one)


def test_no_rare_value_in_state_or_output() -> None:
    r = rng()
    x = r.normal(size=N) * 1_000
    y = 2 * x + r.normal(size=N)
    forest = grown(coded(x=number(x), y=number(y)))
    floats = np.concatenate([a for a in forest.state()[1].values() if a.dtype.kind == "f"])
    out = values(forest.draw(20_000, Rng(1)).coded)
    for column in (x, y):
        assert not np.isin(column, floats).any()
    assert not np.isin(x, out["x"]).any()
    assert not np.isin(y, out["y"]).any()
    assert out["x"].max() < np.sort(x)[-1]
    assert out["x"].min() > np.sort(x)[0]


def test_integers_stay_integers_and_atoms_keep_their_share() -> None:
    r = rng()
    gain = np.where(r.random(N) < 0.9, 0, r.integers(1, 100_000, N)).astype(float)
    out = drawn(coded(gain=number(gain, 0)), 20_000)["gain"]
    assert np.array_equal(out, np.round(out))
    assert (out == 0).mean() == pytest.approx((gain == 0).mean(), abs=0.01)


ODD = {
    "constant": coded(a=number(np.full(50, 3.5), 1), b=codes(np.zeros(50))),
    "all missing": coded(a=number(np.full(50, np.nan)), b=codes(np.arange(50) % 2)),
    "two rows": coded(a=number([1.0, 2.0], 0), b=codes([0, 1])),
    "one row": coded(a=number([1.0], 0)),
    "one number": coded(a=number(np.arange(300.0), 0)),
    "one category": coded(a=codes(np.arange(300) % 7)),
    "mostly missing": coded(a=number(np.r_[np.full(60, np.nan), np.arange(3.0)]), b=codes(np.arange(63) % 3)),
    "10,000 levels": coded(a=codes(np.arange(20_000) // 2), b=codes(np.arange(20_000) % 4_000, 10_000)),
    "no columns": Coded({}, 30),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_tables(name: str) -> None:
    table = ODD[name]
    forest = grown(table)
    for n in (0, 1, 200):
        found = values(forest.draw(n, Rng(1)).coded)
        assert list(found) == list(table)
        assert all(len(column) == n for column in found.values())
        for column, real in zip(found.values(), values(table).values(), strict=True):
            assert np.isnan(real).any() or not np.isnan(column).any()


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one row"):
        grown(coded())
    with pytest.raises(ValueError, match="rows"):
        grown(coded(a=codes(np.zeros(3)), b=codes(np.zeros(4))))
    with pytest.raises(ValueError, match="outside"):
        grown(coded(a=Discrete(np.array([0, 3], np.int32), 2)))
    with pytest.raises(ValueError, match="-1 rows"):
        grown(mixed(100)).draw(-1, Rng(0))


def test_progress_counts_columns() -> None:
    seen: list[float] = []
    fit(mixed(200), Params(), rng=Rng(0), tick=seen.append)
    assert seen == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("array", "change"),
    [
        ("left", lambda a: np.zeros_like(a)),
        ("feature", lambda a: a + 90),
        ("leaf", lambda a: a[::-1].copy()),
        ("counts", lambda a: a * 0),
        ("symbols", lambda a: a + 7),
        ("roots", lambda a: a + 9_999),
        ("bounds", lambda a: a[:-1]),
        ("knots", lambda a: a[::-1].copy()),
    ],
)
def test_a_forest_that_does_not_fit_together_is_refused(array: str, change) -> None:
    """A walk that never ends, a leaf that is not there: found before a row is drawn."""
    facts, arrays = grown(mixed()).state()
    broken = {name: change(a) if name.endswith(array) and len(a) > 1 else a for name, a in arrays.items()}
    with pytest.raises(ValueError):
        inspect(Forest.restore(facts, broken), {"group": 3, "size": None, "zero": None, "sign": 2})
