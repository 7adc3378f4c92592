"""Types, bounds, levels, keys, formats and rules."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tables import case, mixed, table

from fidelia.errors import NotApplicable
from fidelia.measure.case import Case
from fidelia.measure.catalog import find
from fidelia.measure.completeness.adherence import departures, within
from fidelia.measure.completeness.constraints import Dependency, Order, determined, ordered, rules
from fidelia.measure.completeness.formats import shapes
from fidelia.measure.completeness.keys import cardinality, integrity, unique_share
from fidelia.rng import Rng
from fidelia.schema import Kind

KEYS = {"key": Kind.ID, "code": Kind.TEXT, "note": Kind.TEXT}


def test_bounds_and_levels_are_the_public_definitions():
    """Shares of present values within [min, max] and among the levels of the real ones."""
    r = np.random.default_rng(0)
    train = pd.DataFrame({"x": r.normal(size=800), "g": r.choice(list("abc"), 800)})
    made = pd.DataFrame({"x": 3 * r.normal(size=800), "g": r.choice(list("abcdef"), 800)})
    made.loc[::9, "x"] = np.nan
    whole = case(train, made, train)
    inside = made.x.dropna().between(train.x.min(), train.x.max()).mean()
    assert find("CMP04")(whole).value == pytest.approx(inside, abs=1e-12)
    assert find("CMP05")(whole).value == pytest.approx(made.g.isin(train.g.unique()).mean(), abs=1e-12)
    assert find("CMP04")(whole).reference.value == 1 == find("CMP05")(whole).reference.value
    assert np.isnan(within(np.zeros(2), np.ones(2)))


def test_missing_is_a_level_only_where_train_has_it():
    train = mixed(600, 1)
    made = case(train.assign(label="yes"), mixed(600, 2).assign(label=None), mixed(400, 3).assign(label="yes"))
    lines = {line["column"]: line for line in find("CMP05")(made).breakdown["columns"]}
    assert lines["label"]["value"] == 0 and lines["group"]["value"] == 1


def test_types_places_and_missing_values():
    kinds = {"n": Kind.INTEGER}
    train = table(pd.DataFrame({"n": [1, 2, 3, 4], "g": list("abab"), "x": [0.5, 1.5, 2.5, 3.5]}), kinds)
    other = table(pd.DataFrame({"n": [1.0, 2.5, 3.0, 4.0], "x": [0.5, None, 2.5, 3.5], "g": list("abab")}), kinds)
    said = departures(train, other)
    assert said["n"] == ["type float, not integer"]
    assert said["g"] == ["column 3, not 2"] and said["x"] == ["column 2, not 3", "missing values"]
    found = find("CMP01")(Case(train, other, train, Rng(0)))
    assert [line["value"] for line in found.breakdown["columns"]] == [0.75, 0, 0]
    assert found.value == 0.25 and found.reference.value == 1
    words = table(pd.DataFrame({"g": pd.Categorical(list("abab"))}))
    assert departures(words, table(pd.DataFrame({"g": list("abab")}))) == {"g": []}


def people(n: int, seed: int, **change: object) -> pd.DataFrame:
    r = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "key": [f"{seed}-{i:05d}" for i in range(n)],
            "code": [f"{chr(65 + r.integers(26))}B-{r.integers(1000):03d}" for _ in range(n)],
            "note": ["".join(r.choice(list("abcd  ,.;!?"), 40)) for _ in range(n)],
            "x": r.normal(size=n),
        }
    )
    return frame.assign(**change)


def test_keys_that_repeat():
    made = case(people(500, 1), people(400, 2, key=[f"k{i // 2}" for i in range(400)]), people(300, 3), kinds=KEYS)
    found = find("CMP06")(made)
    assert found.value == pytest.approx(0.5, abs=0.15) and found.reference.value == 1
    assert found.breakdown["columns"][0]["rows_per_key"] == {"train": (1, 1), "synthetic": (2, 2)}
    gone = case(people(500, 1), people(300, 2, key=None), people(300, 3), kinds=KEYS)
    assert find("CMP06")(gone).value == 0


def test_keys_of_entities_with_several_rows():
    def visits(n, per):
        return people(n, 1, key=[f"p{i // per}" for i in range(n)])

    assert find("CMP06")(case(visits(400, 3), visits(400, 2), visits(400, 3), kinds=KEYS)).value == 1
    more = find("CMP06")(case(visits(400, 2), visits(400, 4), visits(400, 2), kinds=KEYS))
    assert more.value == pytest.approx(0.5)
    assert more.breakdown["columns"][0]["rows_per_key"]["synthetic"] == (4, 4)


def test_shares_of_keys_by_hand():
    keys = np.array([1, 1, 1, 2, 3, 0], dtype=np.uint64)
    assert unique_share(keys) == pytest.approx(3 / 6) and unique_share(keys, 2, True) == pytest.approx(5 / 6)
    assert cardinality(keys) == (1, 3) and cardinality(keys[:0]) == (1, 1)
    assert integrity(np.array([1, 9, 0], np.uint64), keys) == 0.5 and integrity(keys[:0], keys) == 1


def test_formats_are_learnt_and_free_text_is_not():
    good = find("CMP07")(case(people(600, 1), people(500, 2), people(500, 3), kinds=KEYS))
    assert good.value == 1 == good.reference.value
    assert [line["column"] for line in good.breakdown["columns"]] == ["key", "code"]
    codes = ["AB-12"] * 250 + ["QB-123"] * 250
    bad = find("CMP07")(case(people(600, 1), people(500, 2, code=codes), people(500, 3), kinds=KEYS))
    assert bad.breakdown["columns"][1]["value"] == 0.5 and bad.breakdown["columns"][1]["shape"] == "characters"


def test_runs_are_a_format_where_lengths_are_free():
    r = np.random.default_rng(0)
    mails = [f"{'x' * r.integers(1, 60)}@{'y' * r.integers(1, 60)}.org" for _ in range(900)]
    name, codes = shapes({"train": pa.array(mails), "synthetic": pa.array(["zz@qq.org", "zz.org", None])})
    assert name == "runs" and codes["synthetic"][0] in codes["train"]
    assert codes["synthetic"][1] not in codes["train"] and codes["synthetic"][2] == -1


def test_dates_written_as_text_must_exist():
    days = pd.date_range("2023-01-01", periods=400).strftime("%Y-%m-%d").tolist()
    sides = {"train": pa.array(days), "synthetic": pa.array(["2023-02-28", "2023-02-30", "2023-13-01", "23-1-1"])}
    name, codes = shapes(sides)
    assert name == "characters" and np.isin(codes["synthetic"], codes["train"]).tolist() == [True, False, False, False]


def test_a_table_without_words_has_no_format():
    with pytest.raises(NotApplicable, match="format"):
        find("CMP07")(case(mixed(100, 1), mixed(100, 2), mixed(100, 3)))


def trips(n: int, seed: int) -> pd.DataFrame:
    r = np.random.default_rng(seed)
    town = r.choice(["oslo", "bergen", "lund", "malmo"], n)
    start = r.normal(10, 3, n)
    frame = pd.DataFrame({"town": town, "country": np.where(np.isin(town, ["oslo", "bergen"]), "no", "se")})
    return frame.assign(start=start, end=start + r.exponential(2, n), age=r.integers(0, 99, n).astype(float))


def test_rules_between_columns_are_found_and_only_those():
    made = case(trips(1500, 1), trips(1000, 2), trips(800, 3))
    assert [str(rule) for rule in rules(made)] == ["'town' determines 'country'", "'start' <= 'end'"]
    found = find("CMP08")(made)
    assert found.value == 0 == found.reference.value and found.breakdown["rules"] == 2


def test_totals_are_found():
    def rooms(n, seed):
        r = np.random.default_rng(seed)
        above, below = r.integers(500, 3000, n), np.where(r.random(n) < 0.6, 0, r.integers(200, 900, n))
        return pd.DataFrame(
            {"above": above / 10, "below": below / 10, "all": (above + below) / 10, "other": r.random(n)}
        )

    bad = rooms(800, 2)
    bad.loc[:79, "all"] += 1000
    found = find("CMP08")(case(rooms(1000, 1), bad, rooms(800, 3)))
    lines = {line["name"]: (line["value"], line["reference"]) for line in found.breakdown["lines"]}
    assert lines.pop("'above' + 'below' = 'all'") == (0.1, 0)
    assert lines == {"'above' <= 'all'": (0, 0)}
    assert found.value == pytest.approx(0.1)


def test_rows_that_break_rules_are_counted_and_marked():
    bad = trips(1000, 2)
    bad.loc[:99, "country"] = np.where(bad.country[:100] == "no", "se", "no")
    bad.loc[50:299, "end"] = bad.start[50:300] - 1
    found = find("CMP08")(case(trips(1500, 1), bad, trips(1000, 3)))
    assert found.value == pytest.approx(0.3)
    marked = found.rows["synthetic.broken_rules"]
    assert marked[:50].tolist() == [1] * 50 and marked[50:100].tolist() == [2] * 50 and marked.sum() == 350
    assert {line["name"]: line["value"] for line in found.breakdown["lines"]} == {
        "'town' determines 'country'": pytest.approx(0.1),
        "'start' <= 'end'": pytest.approx(0.25),
    }


def test_chance_makes_no_rules():
    r = np.random.default_rng(0)
    for _ in range(20):
        a, b = r.integers(0, 150, 200).astype(float), r.integers(0, 2, 200).astype(float)
        assert determined(a, b) is None
        assert not ordered(r.normal(size=60), r.normal(3, 1, 60))
    assert determined(np.arange(500.0), np.arange(500.0)) is None  # nothing repeats: nothing was tried
    assert not ordered(np.arange(500.0), np.arange(500.0) + 1e6)  # bounds, not an order
    with pytest.raises(NotApplicable, match="no rule"):
        find("CMP08")(case(mixed(500, 1), mixed(500, 2), mixed(500, 3)))


def test_unknown_and_missing_values_break_nothing():
    rule = Dependency("a", "b", {1.0: 5.0, 2.0: 6.0})
    assert rule.broken(np.array([1.0, 2.0, 3.0, np.nan]), np.array([5.0, 5.0, 5.0, 5.0])).tolist() == [0, 1, 0, 0]
    assert Order("a", "b").broken(np.array([1.0, np.nan, 3.0]), np.array([2.0, 0.0, np.nan])).tolist() == [0, 0, 0]


def test_open_words_that_are_mostly_missing_have_no_format_of_their_own():
    """Rows without a value are no evidence that the shapes of values are known."""
    r = np.random.default_rng(0)
    cabins = [None if u < 0.9 else "".join(r.choice(list("aB9 .,-"), 20)) for u in r.random(900)]
    assert shapes({"train": pa.array(cabins)}) is None


def test_rules_of_the_real_data(shared_data):
    adult = pd.read_parquet(shared_data("adult")).head(9000)
    train, fresh = adult[:6000], adult[6000:]
    found = find("CMP08")(case(train, train.assign(education="HS-grad"), fresh))
    names = {line["name"] for line in found.breakdown["lines"]}
    assert names == {"'education' determines 'education-num'", "'education-num' determines 'education'"}
    assert found.reference.value == 0
    assert found.value == pytest.approx((train.education != "HS-grad").mean(), abs=0.02)


def test_totals_of_the_real_data(shared_data):
    homes = pd.read_parquet(shared_data("king_county"))[["sqft_living", "sqft_above", "sqft_basement", "price"]]
    apart = homes.assign(sqft_above=homes.sqft_above.sample(frac=1, random_state=0).to_numpy())
    found = find("CMP08")(case(homes[:9000], apart[:9000], homes[9000:15_000]))
    names = [line["name"] for line in found.breakdown["lines"]]
    assert "'sqft_above' + 'sqft_basement' = 'sqft_living'" in names
    assert found.value > 0.9 and found.reference.value == 0
