"""Layout: nothing is lost on the way to parts and back, nothing of single rows is kept, conditions mean themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri

from fidelia.encode.codes import Allowed, Coded, Continuous, Discrete
from fidelia.generate.deep.layout import WIDEST, Drawn, Layout, LevelColumn, NumberColumn, nearest
from fidelia.generate.values import admitted

K = 5


def numbers(draw, n, kind):
    """Made columns of numbers of every kind that a table may have."""
    if kind == "smooth":
        return Continuous(draw.normal(size=n), None)
    if kind == "integers":
        return Continuous(draw.integers(-30, 31, n).astype(float), 0)
    if kind == "rounded":
        return Continuous(draw.normal(size=n).round(1), 1)
    if kind == "few":
        return Continuous(draw.choice([1.0, 2.0, 7.0], n), 0)
    if kind == "constant":
        return Continuous(np.full(n, 3.5), 1)
    if kind == "inflated":
        return Continuous(np.where(draw.random(n) < 0.4, 0.0, draw.normal(size=n)), None)
    return Continuous(np.full(n, np.nan), None)


@st.composite
def tables(draw, least=1):
    n = draw(st.integers(least, 120))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    columns = {}
    for i in range(draw(st.integers(1, 5))):
        if draw(st.booleans()):
            levels = draw(st.sampled_from([1, 2, 5, 128, 129, 1000, 16_384]))
            columns[f"d{i}"] = Discrete(random.integers(0, levels, n).astype(np.int32), levels, draw(st.booleans()))
            continue
        kind = draw(st.sampled_from(["smooth", "integers", "rounded", "few", "constant", "inflated", "empty"]))
        one = numbers(random, n, kind)
        gaps = random.random(n) < draw(st.sampled_from([0.0, 0.0, 0.3, 0.95]))
        columns[f"c{i}"] = Continuous(np.where(gaps, np.nan, one.values), one.decimals)
    return Coded(columns, n)


@given(tables())
def test_parts_have_the_shapes_that_they_say(coded):
    layout = Layout.fit(coded, K)
    parts = layout.encode(coded)
    n, tokens, count = len(coded), layout.tokens, len(layout.numbers)
    assert parts.tokens.shape == (n, len(tokens))
    assert parts.begin.shape == parts.end.shape == parts.active.shape == (n, count)
    assert all(1 <= token.levels <= WIDEST for token in tokens)
    assert (parts.tokens >= 0).all()
    assert (parts.tokens < [token.levels for token in tokens]).all()
    assert (parts.begin >= 0).all()
    assert (parts.begin <= parts.end).all()
    assert (parts.end <= 1).all()
    assert (parts.begin[~parts.active] == 0).all()
    assert (parts.end[~parts.active] == 1).all()
    for i, number in enumerate(layout.numbers):
        if number.gate is not None:
            assert tokens[number.gate].role == "gate"
            assert ((parts.tokens[:, number.gate] == 0) == parts.active[:, i]).all()


@given(tables())
def test_there_and_back(coded):
    """Levels, missing values, shared values and atoms come back as they were; other numbers near where they were."""
    layout = Layout.fit(coded, K)
    parts = layout.encode(coded)
    back = layout.decode(layout.drawn(parts, np.random.default_rng(0)))
    for name in coded:
        one, two, column = coded[name], back[name], layout.columns[name]
        if isinstance(one, Discrete):
            assert (one.codes == two.codes).all()
            assert (one.levels, one.ordered) == (two.levels, two.ordered)
            continue
        assert two.decimals == one.decimals
        assert (np.isnan(one.values) == np.isnan(two.values)).all()
        atom = np.isin(one.values, column.atoms)
        assert (one.values[atom] == two.values[atom]).all()
        values, counts = np.unique(one.values[~atom], return_counts=True)
        shared = np.isin(one.values, values[counts >= K])
        if one.decimals is not None:
            shared = shared & np.isclose(np.round(one.values, one.decimals), one.values)
        assert np.allclose(one.values[shared], two.values[shared], atol=1e-9), name
        _same_order(one.values[~atom], two.values[~atom])


def _same_order(before, after):
    """Positions never fall as values rise: up to ties, the order is kept."""
    there = ~np.isnan(before)
    before, after = before[there], after[there]
    rising = np.argsort(before, kind="stable")
    distinct = np.diff(before[rising]) > 0
    assert (np.diff(after[rising])[distinct] >= -1e-9).all()


@given(tables())
def test_what_is_restored_is_what_was_fitted(coded):
    layout = Layout.fit(coded, K)
    said, arrays = layout.state()
    again = Layout.restore(said, arrays)
    assert again.tokens == layout.tokens
    assert again.numbers == layout.numbers
    one, two = layout.encode(coded), again.encode(coded)
    for name in ("tokens", "begin", "end", "active"):
        assert (getattr(one, name) == getattr(two, name)).all()
    random = np.random.default_rng(1)
    shape = (50, len(layout.numbers))
    tokens = np.column_stack([random.integers(0, token.levels, 50) for token in layout.tokens] or [np.zeros((50, 0))])
    drawn = Drawn(tokens.astype(np.int64), random.normal(size=shape))
    for name, column in layout.decode(drawn).columns.items():
        other = again.decode(drawn)[name]
        key = "codes" if isinstance(column, Discrete) else "values"
        assert np.array_equal(getattr(column, key), getattr(other, key), equal_nan=key == "values")


@given(tables())
def test_any_draw_can_be_read(coded):
    """Whatever a network draws, far scores and positions at the ends too, gives values of the column's kind."""
    layout = Layout.fit(coded, K)
    random = np.random.default_rng(2)
    tokens = np.column_stack([random.integers(0, token.levels, 60) for token in layout.tokens] or [np.zeros((60, 0))])
    scores = random.choice([-40.0, -6.0, 0.0, 6.0, 40.0], (60, len(layout.numbers)))
    for name, column in layout.decode(Drawn(tokens.astype(np.int64), scores)).columns.items():
        one = coded[name]
        if isinstance(column, Discrete):
            assert column.codes.min() >= 0
            assert column.codes.max() < max(column.levels, 1)
            continue
        present = column.values[~np.isnan(column.values)]
        assert np.isfinite(present).all()
        if np.isnan(one.values).all():
            assert not len(present)
        if not np.isnan(one.values).any():
            assert len(present) == 60


@given(st.integers(0, 2**32 - 1), st.sampled_from(["smooth", "rounded", "inflated"]), st.integers(5, 20))
def test_no_value_of_fewer_than_k_rows_is_kept(seed, kind, k):
    random = np.random.default_rng(seed)
    one = numbers(random, 300, kind)
    values = np.where(random.random(300) < 0.1, np.nan, one.values)
    layout = Layout.fit(Coded({"c": Continuous(values, one.decimals)}, 300), k)
    _, arrays = layout.state()
    found, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    kept = np.concatenate([array.ravel() for name, array in arrays.items() if not name.endswith("places")])
    rare = found[counts < k]
    if one.decimals is None:
        assert not np.isin(rare, kept).any()
    assert np.isin(layout.columns["c"].atoms, found[counts >= k]).all()


def test_missing_and_inflated_values_stand_behind_a_gate():
    random = np.random.default_rng(0)
    values = np.where(random.random(1000) < 0.3, 0.0, random.normal(size=1000))
    values[:100] = np.nan
    layout = Layout.fit(Coded({"x": Continuous(values, None)}, 1000), K)
    (gate,) = layout.tokens
    assert (gate.role, gate.levels, layout.numbers[0].gate) == ("gate", 3, 0)
    parts = layout.encode(Coded({"x": Continuous(values, None)}, 1000))
    assert (parts.tokens[:, 0] == np.where(np.isnan(values), 2, np.where(values == 0, 1, 0))).all()


def test_a_plain_number_needs_no_gate():
    layout = Layout.fit(Coded({"x": Continuous(np.random.default_rng(0).normal(size=500), None)}, 500), K)
    assert layout.tokens == []
    assert layout.numbers[0].gate is None


def test_few_shared_values_are_levels():
    layout = Layout.fit(Coded({"x": Continuous(np.tile([1.0, 2.0, 5.0], 50), 0)}, 150), K)
    assert layout.numbers == []
    assert layout.tokens[0].levels == 3


@pytest.mark.parametrize("levels", [1, 2, WIDEST, WIDEST + 1, 1000, 10_000, WIDEST**2])
def test_many_levels_are_two_digits(levels):
    column = LevelColumn(levels, False)
    tokens = column.tokens("c")
    assert len(tokens) == (1 if levels <= WIDEST else 2)
    assert all(token.levels <= WIDEST for token in tokens)
    codes = np.arange(levels, dtype=np.int32)
    layout, coded = Layout({"c": column}), Coded({"c": Discrete(codes, levels)}, levels)
    parts = layout.encode(coded)
    assert (layout.decode(Drawn(parts.tokens, np.zeros((levels, 0))))["c"].codes == codes).all()


def test_positions_are_uniform_and_scores_normal():
    from scipy.stats import kstest

    random = np.random.default_rng(0)
    coded = Coded({"x": Continuous(random.exponential(size=4000), None)}, 4000)
    layout = Layout.fit(coded, K)
    assert kstest(layout.drawn(layout.encode(coded), random).numbers[:, 0], "norm").statistic < 0.02
    again = layout.decode(Drawn(np.zeros((4000, 0), np.int64), random.normal(size=(4000, 1))))["x"].values
    assert kstest(again, "expon").statistic < 0.03


@given(tables(least=20), st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_known_parts_are_the_values_allowed(coded, seed):
    """A draw obeys the conditions on its parts just when the decoded row obeys those on its columns."""
    random = np.random.default_rng(seed)
    layout = Layout.fit(coded, K)
    evidence = {name: _asked(coded[name], random) for name in coded if random.random() < 0.7}
    evidence = {name: allowed for name, allowed in evidence.items() if allowed is not None}
    known = layout.known(evidence)
    n = 300
    tokens = np.column_stack([random.integers(0, token.levels, n) for token in layout.tokens] or [np.zeros((n, 0))])
    drawn = Drawn(tokens.astype(np.int64), ndtri(random.random((n, len(layout.numbers)))))
    decoded = layout.decode(drawn)
    t = c = 0
    for name, column in layout.columns.items():
        width, body = len(column.tokens(name)), int(isinstance(column, NumberColumn) and column.axis is not None)
        if name in evidence:
            sure = _inside(known, column, drawn, t, c, margin=1e-7)
            perhaps = _inside(known, column, drawn, t, c, margin=-1e-7)
            obeys = admitted(decoded[name], evidence[name])
            real = _readable(column, drawn, t)
            assert (obeys | ~sure | ~real).all(), f"{name}: a part that is allowed gives a value that is not"
            assert (perhaps | ~obeys | ~real).all(), f"{name}: a value that is allowed comes from a part that is not"
        t, c = t + width, c + body


def _asked(column, random):
    if isinstance(column, Discrete):
        codes = random.random(column.levels) < 0.5
        return Allowed(codes) if codes.any() else None
    present, counts = np.unique(column.values[~np.isnan(column.values)], return_counts=True)
    missing = bool(np.isnan(column.values).any() and random.random() < 0.5)
    if len(present) < 2 or counts.sum() < 2 * K:  # of fewer than K values a coder makes none, of fewer than 2 K one
        return None
    wide = [tuple(np.quantile(present, [a / 2, 0.5 + b / 2])) for a, b in random.random((random.integers(1, 3), 2))]
    if column.decimals is not None:  # as conditions come: their ends are values of the column's precision
        wide = [tuple(np.round(span, column.decimals)) for span in wide]
    single = [(value, value) for value in random.choice(present[counts >= K], 1)] if (counts >= K).any() else []
    return Allowed(None, tuple(single if single and random.random() < 0.3 else wide), missing)


def _inside(known, column, drawn, t, c, margin):
    """Whether a row's parts obey, its numbers by at least a margin."""
    inside = np.ones(len(drawn), bool)
    if isinstance(column, LevelColumn) and column.base is not None:
        return known.lows[t + 1][drawn.tokens[:, t], drawn.tokens[:, t + 1]] & known.tokens[t][drawn.tokens[:, t]]
    if t in known.tokens and column.tokens(""):
        inside &= known.tokens[t][drawn.tokens[:, t]]
    if isinstance(column, NumberColumn) and column.axis is not None and c in known.windows:
        places = ndtr(drawn.numbers[:, c])[:, None]
        fits = ((places >= known.windows[c][:, 0] + margin) & (places <= known.windows[c][:, 1] - margin)).any(1)
        is_open = drawn.tokens[:, t] == 0 if column.gate > 1 else np.ones(len(drawn), bool)
        inside &= fits | ~is_open
    return inside


def _readable(column, drawn, t):
    """Digits that stand for no level are drawn as the last one: conditions need not foresee that."""
    if isinstance(column, LevelColumn) and column.base is not None:
        return drawn.tokens[:, t] * column.base + drawn.tokens[:, t + 1] < column.levels
    return np.ones(len(drawn), bool)


def test_known_levels_windows_and_missing_by_hand():
    random = np.random.default_rng(0)
    values = np.where(random.random(2000) < 0.25, 0.0, random.uniform(1, 3, 2000))
    values[:500] = np.nan
    codes = random.integers(0, 300, 2000).astype(np.int32)
    coded = Coded(
        {"x": Continuous(values, None), "d": Discrete(codes, 300), "y": numbers(random, 2000, "smooth")}, 2000
    )
    layout = Layout.fit(coded, K)
    allowed = np.zeros(300, bool)
    allowed[[7, 299]] = True
    known = layout.known(
        {
            "x": Allowed(None, ((-1.0, 1.5),), True),
            "d": Allowed(allowed),
            "y": Allowed(None, ((-1.0, 0.0), (1.0, np.inf))),
        }
    )
    base = layout.columns["d"].base
    assert known.tokens[0].tolist() == [True, True, True]
    assert known.windows[0][0] == pytest.approx([0.0, 0.25], abs=0.02)
    assert set(np.flatnonzero(known.tokens[1])) == {7 // base, 299 // base}
    assert known.lows[2].sum() == 2
    assert known.lows[2][7 // base, 7 % base]
    assert known.windows[1] == pytest.approx(np.array([[ndtr(-1), 0.5], [ndtr(1), 1.0]]), abs=0.03)
    only = layout.known({"x": Allowed(None, (), True)})
    assert only.tokens[0].tolist() == [False, False, True]
    assert 0 not in only.windows
    atom = layout.known({"x": Allowed(None, ((0.0, 0.0),))})
    assert atom.tokens[0].tolist()[1:] == [True, False]


def test_nearest_atom():
    assert nearest(np.array([0.0, 1.0, 5.0]), np.array([-9.0, 0.4, 0.6, 2.9, 3.1, 9.0])).tolist() == [0, 0, 1, 1, 2, 2]
    assert nearest(np.array([3.0]), np.array([1.0, 5.0])).tolist() == [0, 0]


def saved():
    random = np.random.default_rng(0)
    values = np.where(random.random(500) < 0.3, 0.0, random.normal(size=500))
    coded = Coded({"x": Continuous(values, 2), "d": Discrete(random.integers(0, 4, 500).astype(np.int32), 4)}, 500)
    return Layout.fit(coded, K).state()


DAMAGE = {
    "levels below none": lambda said, arrays: said[1].update(levels=-1),
    "levels no number": lambda said, arrays: said[1].update(levels="many"),
    "atoms fall": lambda said, arrays: arrays.update({"layout/0/atoms": np.array([2.0, 1.0])}),
    "atoms twice": lambda said, arrays: arrays.update({"layout/0/atoms": np.array([1.0, 1.0])}),
    "atoms infinite": lambda said, arrays: arrays.update({"layout/0/atoms": np.array([np.inf])}),
    "atoms flat": lambda said, arrays: arrays.update({"layout/0/atoms": np.array([[1.0]])}),
    "atoms float32": lambda said, arrays: arrays.update({"layout/0/atoms": np.array([1.0], np.float32)}),
    "places leave": lambda said, arrays: arrays.update({"layout/0/places": arrays["layout/0/places"] + 0.5}),
    "values fall": lambda said, arrays: arrays.update({"layout/0/values": arrays["layout/0/values"][::-1]}),
    "values short": lambda said, arrays: arrays.update({"layout/0/values": arrays["layout/0/values"][1:]}),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_states_are_refused(name):
    said, arrays = saved()
    DAMAGE[name](said, arrays)
    with pytest.raises(ValueError):
        Layout.restore(said, arrays)


@pytest.mark.parametrize("key", ["layout/0/atoms", "layout/0/places"])
def test_states_with_parts_missing_are_refused(key):
    said, arrays = saved()
    del arrays[key]
    with pytest.raises((ValueError, KeyError)):
        Layout.restore(said, arrays)
