"""Rules: conditions on columns, the search for regions, and their confirmation."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import case, mixed

from fidelia.measure.case import Case
from fidelia.measure.diagnosis import search
from fidelia.measure.diagnosis.conditions import Axis, axes
from fidelia.measure.diagnosis.rules import Explained, explain
from fidelia.rng import Rng
from fidelia.schema import Kind


def cut(made: Case) -> list[Axis]:
    return axes(made.values.values())


def explained(made: Case, seed: int = 0) -> Explained:
    return explain(cut(made), ("train", "holdout"), "synthetic", Rng(seed))


def with_synthetic(frame: pd.DataFrame, n: int = 3000, seed: int = 0) -> Case:
    return case(mixed(n, seed), frame, mixed(n // 2, seed + 1))


def holds(text: str, row: dict[str, object]) -> bool:
    """Whether a row fits a condition as it is written: ``x=a``, ``x<3``, ``x>=3``, ``x 1..4``, ``x missing``."""
    name = next(key for key in sorted(row, key=len, reverse=True) if text.startswith(key))
    value, said = row[name], text.removeprefix(name)
    absent = value is None or value != value
    if said == " missing":
        return absent
    if absent:
        return False
    if said.startswith("="):
        return str(value) == said[1:] or (isinstance(value, float) and value == float(said[1:]))
    if ".." in said:
        low, high = map(float, said.split(".."))
        whole = float(value).is_integer() and low.is_integer() and high.is_integer()
        return low <= value <= high if whole else low <= value < high
    for sign, fits in (("<=", float.__le__), (">=", float.__ge__), ("<", float.__lt__), (">", float.__gt__)):
        if said.startswith(sign):
            return bool(fits(float(value), float(said.removeprefix(sign))))
    raise AssertionError(text)


def test_each_condition_says_which_rows_it_holds_for() -> None:
    frame = mixed(400, 0)
    made = case(frame, mixed(400, 1), mixed(200, 2))
    for axis in cut(made):
        for atom, text in zip(axis.atoms, axis.texts, strict=True):
            if "and" in text or "rare" in text or "no real row" in text:
                continue
            inside = atom[axis.codes["train"]]
            said = [holds(text, row) for row in frame.to_dict("records")]
            assert inside.tolist() == said, text


def test_values_that_many_rows_hold_are_conditions_of_their_own() -> None:
    gain = np.where(np.arange(1000) % 10, 0.0, np.arange(1000) * 10.0 + 0.5)
    frame = pd.DataFrame({"gain": gain, "whole": gain.astype(int) // 5})
    texts = [axis.texts for axis in cut(case(frame, frame, frame))]
    assert "gain=0" in texts[0]
    assert any(text.startswith("gain>0") for text in texts[0])
    assert "whole=0" in texts[1]
    assert "whole>=1" in texts[1]


def test_levels_of_fewer_than_ten_real_rows_are_not_named() -> None:
    level = np.array(["common"] * 180 + ["nine"] * 4 + ["eleven"] * 16)
    train = pd.DataFrame({"level": level, "x": np.arange(200.0)})
    synthetic = train.assign(level=np.where(np.arange(200) % 3 == 0, "new", level))
    texts = cut(case(train, synthetic, train))[0].texts
    assert set(texts) == {"level=common", "level=eleven", "a rare level", "a level that no real row has"}


def test_ends_of_ranges_are_rounded() -> None:
    """No cut of a column of distinct values repeats a value of the table."""
    values = np.random.default_rng(0).normal(size=2000) * 1e4
    frame = pd.DataFrame({"x": values})
    known = {f"{value:.6g}" for value in values}
    for text in cut(case(frame, frame, frame))[0].texts:
        numbers = text.removeprefix("x").replace("..", " ").replace("<", " ").replace(">=", " ").split()
        assert not set(numbers) & known, text


def test_dates_are_written_as_dates() -> None:
    days = pd.to_datetime("2024-01-01") + pd.to_timedelta(np.arange(400), "D")
    frame = pd.DataFrame({"day": days})
    texts = cut(case(frame, frame, frame, kinds={"day": Kind.DATETIME}))[0].texts
    assert any("2024-0" in text for text in texts)
    assert not any("e+" in text for text in texts)


def brute(axes_: list[Axis], pair: search.Pair) -> float:
    """The largest weighed z of one or two conditions, one region at a time."""
    best = 0.0
    of = search.sizes(pair)
    single = [((i, a),) for i, axis in enumerate(axes_) for a in range(len(axis.atoms))]
    double = [(a[0], b[0]) for a, b in product(single, single) if a[0][0] < b[0][0]]
    for region in [*single, *double]:
        p, q = (np.array([share]) for share in search.shares(axes_, pair, region))
        z = search._weighed(search.z_scores(p, q, of.n, of.m), p, q)
        best = max(best, abs(float(z[0])))
    return best


@pytest.mark.parametrize("seed", range(4))
def test_the_search_finds_what_trying_all_regions_finds(seed: int) -> None:
    r = np.random.default_rng(seed)
    a, b = (r.integers(0, 4, (3, 120)) for _ in range(2))
    b[0] = np.where(b[1] == 2, 1, b[0])
    ranges = np.array([[i <= c <= j for c in range(4)] for i in range(4) for j in range(i, 4) if j - i < 3])
    made = [Axis(f"c{i}", {}, 4, ranges, tuple(map(str, ranges)), discrete=False) for i in range(3)]
    pair = search.Pair(list(a), list(b), r.random(120), np.ones(120))
    single = search._strongest([search._single(made, pair, search.sizes(pair), i) for i in range(3)])[0][1]
    double = max(abs(search._double(made, pair, search.sizes(pair), i, j)[1]) for i, j in ((0, 1), (0, 2), (1, 2)))
    assert max(abs(single), double) == pytest.approx(brute(made, pair))
    region, z = search.best(made, pair, search.promising(made, pair))
    assert abs(z) >= brute(made, pair) / search.WORTH - 1e-9
    assert 1 <= len(region) <= 3


@settings(max_examples=30)
@given(st.integers(1, 400), st.integers(0, 400), st.integers(1, 400), st.integers(0, 400))
def test_balance_gives_a_shifted_region_the_share_of_the_other_table(a: int, b: int, c: int, d: int) -> None:
    cells = [np.repeat([0, 1], [a, b + 50])], [np.repeat([0, 1], [c, d + 50])]
    axis = Axis("c", {}, 2, np.eye(2, dtype=bool), ("c=0", "c=1"), discrete=True)
    pair = search.Pair.of(*cells)
    p, q = search.shares([axis], pair, ((0, 0),))
    search.balance([axis], pair, ((0, 0),))
    if search.kind(p, q) == "shifted":
        assert search.shares([axis], pair, ((0, 0),)) == pytest.approx((p, p))
    else:
        assert search.shares([axis], pair, ((0, 0),)) == (0.0, 0.0)


def test_a_dropped_level_is_named_alone() -> None:
    frame = mixed(3000, 5)
    found = explained(with_synthetic(frame[frame.group != "south"])).rules
    assert [rule.text for rule in found] == ["group=south"]
    rule = found[0]
    assert rule.where == "missing"
    assert rule.synthetic == 0
    assert rule.real == pytest.approx((mixed(20_000, 9).group == "south").mean(), abs=0.02)
    assert rule.interval[1] < 0
    assert rule.sentence.startswith("rows with group=south are not generated: ")


def test_a_lost_combination_is_named_by_both_columns() -> None:
    frame = mixed(6000, 5)
    found = explained(with_synthetic(frame[~((frame.group == "north") & (frame.label == "no"))])).rules
    assert found[0].where == "missing"
    assert set(found[0].text.split(" and ")) == {"group=north", "label=no"}


def test_a_lost_dependence_is_found_though_every_column_is_right() -> None:
    r = np.random.default_rng(0)

    def rows(n: int) -> pd.DataFrame:
        pair = r.integers(0, 2, n)
        return pd.DataFrame({"a": np.array(["u", "v"])[pair], "b": np.array(["s", "t"])[pair], "x": r.normal(size=n)})

    synthetic = rows(2000)
    synthetic["b"] = r.permutation(synthetic["b"])
    found = explained(case(rows(2000), synthetic, rows(1000)))
    assert {rule.text for rule in found.rules} == {"a=u and b=t", "a=v and b=s"}
    assert {rule.where for rule in found.rules} == {"invented"}
    assert found.widest() < 0.03


def test_what_follows_from_a_rule_is_not_reported_again() -> None:
    frame = mixed(8000, 5)
    kept = frame[(frame.label == "yes") | (np.arange(len(frame)) % 4 == 0)]
    found = explained(with_synthetic(kept, 4000)).rules
    assert [rule.columns for rule in found] == [("label",)]
    assert found[0].where == "shifted"


def test_missing_values_are_conditions() -> None:
    found = explained(with_synthetic(mixed(3000, 5).fillna({"count": 3.0}))).rules
    assert found[0].text == "count missing"
    assert found[0].where == "missing"


def test_fresh_rows_get_no_rule() -> None:
    """At 1 % and with a least gap, 40 tables of real rows get hardly a rule."""
    alarms = sum(
        bool(explained(case(mixed(1000, 3 * s), mixed(1000, 3 * s + 1), mixed(500, 3 * s + 2)), s).rules)
        for s in range(40)
    )
    assert alarms <= 2


def test_rules_of_few_real_rows_show_no_count() -> None:
    train = pd.DataFrame({"a": ["u"] * 1000 + ["v"] * 1000, "b": ["s"] * 998 + ["t"] * 1002})
    synthetic = pd.DataFrame({"a": ["u", "u", "v", "v"] * 500, "b": ["s", "t"] * 1000})
    rule = next(r for r in explained(case(train, synthetic, train)).rules if r.text == "a=u and b=t")
    assert rule.few
    assert "under" in rule.sentence
    assert rule.real * 3000 == pytest.approx(10)  # half of train and all of the holdout confirm


def test_too_few_rows_give_no_rules() -> None:
    assert explained(case(mixed(30, 0), mixed(30, 1), mixed(30, 2))).confirm is None
    assert explained(case(mixed(30, 0), mixed(30, 1), mixed(30, 2))).rules == ()


def test_wide_tables_search_the_pairs_that_differ() -> None:
    r = np.random.default_rng(0)
    train, fresh = (pd.DataFrame(r.integers(0, 2, (1500, 40)).astype(float)).add_prefix("c") for _ in range(2))
    synthetic = pd.DataFrame(r.integers(0, 2, (1500, 40)).astype(float)).add_prefix("c")
    synthetic["c31"] = np.where(synthetic["c7"] == 1, 0.0, synthetic["c31"])
    found = explained(case(train, synthetic, fresh)).rules
    assert set(found[0].columns) <= {"c7", "c31"}
