"""Metrics on mixed tables: what is good, what is broken, and what may be shown."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tables import case, mixed, table

from fidelia.data.table import Table
from fidelia.errors import NotApplicable
from fidelia.measure.authenticity.authentic import difference
from fidelia.measure.authenticity.ratio import ratios
from fidelia.measure.case import Case
from fidelia.measure.catalog import find, measure
from fidelia.measure.space import embed
from fidelia.measure.statistics.flags import too_large, too_small
from fidelia.rng import Rng
from fidelia.schema import Column, Kind, Schema

SEEN = (
    *("FID01", "FID02", "FID03", "FID04", "FID06", "FID07", "FID08", "FID10", "FID11", "FID16", "FID26", "FID31"),
    *("DIV01", "DIV10", "DIV11", "DIV15", "AUT01", "AUT02", "AUT05", "PRV02", "UTL01", "CMP01", "CMP02", "CMP03"),
)


@pytest.fixture(scope="module")
def good():
    made = case(mixed(1500, 1), mixed(1200, 2), mixed(800, 3), target="label")
    return {result.code: result for result in measure(made, SEEN)[0]}


@pytest.fixture(scope="module")
def shuffled():
    train, r = mixed(1500, 1), np.random.default_rng(9)
    apart = pd.DataFrame({name: train[name].to_numpy()[r.permutation(1500)] for name in train})
    made = case(train, apart, mixed(800, 3), target="label")
    return {result.code: result for result in measure(made, SEEN)[0]}


def test_metrics_are_measured_in_the_order_asked_for(good):
    assert tuple(good) == SEEN
    assert all(result.reference is not None for result in good.values())


def test_fresh_rows_are_as_good_as_fresh_rows(good):
    assert good["FID16"].value > 0.95 and good["DIV01"].value > 0.95
    assert 0.45 < good["FID26"].value < 0.55
    assert abs(good["AUT02"].value) < 0.06
    assert abs(good["PRV02"].value - 0.5) < 0.06
    assert abs(good["UTL01"].value - good["UTL01"].reference.value) < 0.05


def test_shuffled_columns_show_in_pairs_and_not_in_columns(shuffled):
    assert shuffled["FID01"].breakdown["full"] == 1 and shuffled["FID02"].breakdown["full"] == 1
    assert shuffled["FID10"].value < shuffled["FID10"].reference.value - 0.02
    assert shuffled["FID26"].value > 0.7
    assert shuffled["FID16"].breakdown["p_minus"] < 0.001
    assert shuffled["UTL01"].value < 0.65 < shuffled["UTL01"].reference.value
    assert shuffled["FID10"].breakdown["worst"][0]["value"] < 0.9


def test_association_is_that_of_the_tables(good):
    found = good["FID10"].breakdown
    at = {name: i for i, name in enumerate(found["columns"])}
    assert found["real"][at["x"]][at["group"]] > 0.4 > found["real"][at["group"]][at["count"]]
    assert np.allclose(np.diag(found["real"]), 1)


def test_copies_are_told_from_the_holdout_and_not_hidden():
    train = mixed(900, 1)
    results, declined = measure(case(train, train.sample(frac=1, random_state=0), mixed(600, 3), target="label"), SEEN)
    found = {result.code: result for result in results}
    assert not declined
    assert found["AUT01"].value == 0 and found["AUT05"].value == 1
    assert found["AUT02"].interval[1] < -0.3
    assert found["AUT02"].breakdown["copy_rate"] == 1
    assert found["PRV02"].interval[0] > 0.6
    assert found["FID16"].breakdown["p_plus"] < 0.01
    assert np.all(found["AUT05"].rows["synthetic.identical"])


def test_flagged_copies_are_copies():
    train, fresh = mixed(1500, 1), mixed(1500, 2)
    copies = train.iloc[:150].assign(x=train.x[:150] + 1e-3)
    made = case(train, pd.concat([fresh.iloc[150:], copies]), mixed(1500, 3))
    near = made.neighbors
    flagged = too_small(ratios(near, "synthetic"), ratios(near, "holdout")).q <= 0.1
    assert flagged[-150:].mean() > 0.8
    assert flagged[:-150].sum() <= 0.25 * flagged.sum()
    depth = (near.radius(side, "train", 5) for side in ("synthetic", "holdout"))
    assert (too_large(*depth).q <= 0.1).mean() < 0.01


def test_without_a_holdout_halves_of_train_give_the_reference():
    results, declined = measure(case(mixed(1000, 1), mixed(800, 2), None, target="label"))
    assert {"AUT02", "PRV02", "UTL01"} <= {d.code for d in declined if "NEEDS_HOLDOUT" in d.reason}
    for result in results:
        caveats = {caveat.code for caveat in result.caveats}
        if result.code.startswith("AUT") and result.reference is None:
            assert "NEEDS_HOLDOUT" in caveats
        else:
            assert result.reference.kind == "train-split" and "REFERENCE_OPTIMISTIC" in caveats
            assert len(result.rows.get("synthetic.alpha", np.zeros(800))) == 800


@pytest.mark.parametrize(("target", "metric"), [("group", "auc, mean over classes"), ("y", "r2"), ("label", "auc")])
def test_utility_of_each_task(target, metric):
    result = find("UTL01")(case(mixed(1200, 1), mixed(1200, 2), mixed(800, 3), target=target))
    assert result.breakdown["metric"] == metric
    for line in result.breakdown["models"]:
        low, high = line["difference_interval"]
        assert low - 0.02 <= 0 <= high + 0.02
        assert line["real"] > result.breakdown["baseline"] + 0.1
    assert result.breakdown["importances"][0]["real"] > 0


def test_utility_where_the_synthetic_target_has_one_class():
    result = find("UTL01")(case(mixed(400, 1), mixed(400, 2).assign(label="yes"), mixed(300, 3), target="label"))
    assert result.value == 0.5
    assert result.caveats[0].code == "MISSING_CLASSES"


def test_missing_rates_and_patterns():
    train = mixed(2000, 1)
    gone = mixed(2000, 2)
    gone.loc[::2, "x"] = np.nan
    made = case(train, gone, mixed(1000, 3))
    rates, patterns = find("CMP02")(made), find("CMP03")(made)
    assert rates.value == pytest.approx(0.1, abs=0.01) and rates.reference.value < 0.02
    assert patterns.value == pytest.approx(0.5, abs=0.05) and patterns.reference.value < 0.06
    lines = patterns.breakdown["patterns"]
    assert lines[0]["missing"] == [] and sum(line["synthetic"] for line in lines) == pytest.approx(1)
    assert {c["column"]: round(c["synthetic"], 2) for c in rates.breakdown["columns"]}["x"] == 0.5


def test_pictures_show_nothing_rare():
    train, holdout = mixed(3000, 1), mixed(1500, 2)
    train.loc[:4, "group"] = "secret town"
    train.loc[0, "x"] = 123456.789
    made = case(train, mixed(2000, 4), holdout)
    bars = find("FID02")(made).breakdown["columns"][0]["bars"]
    assert "secret town" not in bars["levels"] and "(rare)" in bars["levels"] and "(missing)" in bars["levels"]
    assert sum(bars["train"]) == pytest.approx(1)
    for line in find("FID01")(made).breakdown["columns"]:
        edges, shares = line["histogram"]["edges"], np.array(line["histogram"]["train"])
        assert len(shares) == len(edges) - 1 and max(edges) < 1000
        counts = shares * train[line["column"]].notna().sum()
        assert np.all((counts < 0.5) | (counts > 9.5))
        assert not set(np.asarray(edges)) & set(train["x"])


def test_large_tables_are_subsampled_and_say_so(monkeypatch):
    monkeypatch.setattr(embed, "MOST_ROWS", 500)
    made = case(mixed(1500, 1), mixed(900, 2), mixed(400, 3))
    result = find("FID16")(made)
    assert result.n == {"train": 500, "synthetic": 400, "holdout": 400}
    assert "SUBSAMPLED" in [caveat.code for caveat in result.caveats]
    alpha = result.rows["synthetic.alpha"]
    assert len(alpha) == 900 and np.isfinite(alpha).sum() == 500
    assert difference(made).n["train"] == 500
    assert len(find("FID26")(made).rows["synthetic.propensity"]) == 900


def test_types_of_all_kinds():
    start = datetime(2020, 1, 1, tzinfo=UTC)
    schema = Schema(
        (
            Column("when", Kind.DATETIME),
            Column("day", Kind.DATETIME),
            Column("money", Kind.NUMBER),
            Column("big", Kind.INTEGER),
            Column("code", Kind.CATEGORY),
            Column("town", Kind.CATEGORY),
            Column("yes", Kind.BOOLEAN),
            Column("name", Kind.TEXT),
            Column("key", Kind.ID),
        )
    )

    def rows(n, seed):
        r = np.random.default_rng(seed)
        when = [start + timedelta(hours=int(h)) for h in r.integers(0, 10**4, n)]
        return Table(
            pa.table(
                {
                    "when": pa.array(when, pa.timestamp("ms", tz="Europe/Berlin")),
                    "day": pa.array([w.date() for w in when]),
                    "money": pa.array([Decimal(int(c)) / 100 for c in r.integers(0, 10**6, n)], pa.decimal128(12, 2)),
                    "big": pa.array(r.integers(0, 2**62, n)),
                    "code": pa.array(r.integers(0, 3, n)),
                    "town": pa.array([f"t{i}" for i in r.integers(0, 200, n)]).dictionary_encode(),
                    "yes": pa.array([None if u < 0.1 else bool(u < 0.5) for u in r.random(n)]),
                    "name": pa.array([None if u < 0.3 else "a" for u in r.random(n)]),
                    "key": pa.array(np.arange(n)),
                }
            ),
            schema,
        )

    results, declined = measure(Case(rows(300, 1), rows(200, 2), rows(150, 3), Rng(0)))
    declines = {d.code for d in declined}
    assert {"UTL01"} <= declines and not declines & {"FID01", "FID02", "FID07", "FID31", "CMP01", "CMP04", "CMP06"}
    when = results[0].breakdown["columns"][0]
    assert when["histogram"]["edge_labels"][0].startswith("2020-01")
    blocks = Case(rows(300, 1), rows(200, 2), None, Rng(0)).embedded.blocks
    assert blocks["town"].stop - blocks["town"].start == 64 and "key" not in blocks and "name" in blocks


def test_levels_are_matched_by_their_text():
    numbers = table(pd.DataFrame({"c": [1, 2, 1, 2] * 50}), {"c": Kind.CATEGORY})
    floats = table(pd.DataFrame({"c": [1.0, 2.0, 1.0, 2.0] * 50}), {"c": Kind.CATEGORY})
    words = table(pd.DataFrame({"c": ["1", "2", "1", "2"] * 50}), {"c": Kind.CATEGORY})
    assert find("FID02")(Case(numbers, floats, words, Rng(0))).value == 1


def test_a_case_without_columns_to_measure_is_declined():
    texts = table(pd.DataFrame({"c": ["a", "b"] * 20}), {"c": Kind.TEXT})
    results, declined = measure(Case(texts, texts, texts, Rng(0)))
    assert {r.code for r in results} == {"CMP01", "CMP02", "CMP03", "CMP07"}
    assert all(d.reason for d in declined)
    with pytest.raises(NotApplicable):
        find("FID16")(Case(texts, texts, texts, Rng(0)))
