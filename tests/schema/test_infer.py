"""The guess of kinds: by rule, on edge cases, and against the cards of real tables."""

import json
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest

from fidelia.errors import SchemaError, UsageError
from fidelia.schema.infer import column, infer
from fidelia.schema.kinds import Kind, Role

N = 200


def guess(values, name="x", is_target=False):
    return column(
        name, pa.chunked_array([values if isinstance(values, pa.Array) else pa.array(values)]), is_target=is_target
    )


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("age", [17 + i % 60 for i in range(N)], Kind.INTEGER),
        ("children", [i % 8 for i in range(N)], Kind.INTEGER),
        ("flag", [i % 2 for i in range(N)], Kind.BOOLEAN),
        ("flag", [float(i % 2) for i in range(N - 1)] + [None], Kind.BOOLEAN),
        ("grp", [1 + i % 9 for i in range(N)], Kind.CATEGORY),
        ("admission_type_id", [1 + i % 8 for i in range(N)], Kind.CATEGORY),
        ("zipcode", [98000 + i % 50 for i in range(N)], Kind.CATEGORY),
        ("class", [2 + 2 * (i % 2) for i in range(N)], Kind.CATEGORY),
        ("customerID", [7 * i + 1000 for i in range(N)], Kind.ID),
        ("patient_nbr", [7 * (i * 3 // 4) for i in range(N)], Kind.ID),
        ("sample_code_number", [13 * i for i in range(N)], Kind.ID),
        ("x", list(range(1, N + 1)), Kind.ID),
        ("price", [13 * i for i in range(N)], Kind.INTEGER),
        ("rooms", [float(i % 40) for i in range(N - 1)] + [None], Kind.INTEGER),
        ("score", [i / 7 for i in range(N)], Kind.NUMBER),
        ("id", [i / 7 for i in range(N)], Kind.NUMBER),
        ("constant", [5] * N, Kind.INTEGER),
        ("constant", ["No"] * N, Kind.CATEGORY),
        ("smoker", ["yes" if i % 3 else "no" for i in range(N)], Kind.BOOLEAN),
        ("sick", ["t" if i % 3 else "f" for i in range(N)], Kind.BOOLEAN),
        ("sex", ["F" if i % 3 else "M" for i in range(N)], Kind.CATEGORY),
        ("diag", [f"{i % 40}.{i % 2}" for i in range(N)], Kind.CATEGORY),
        ("ticket", [f"A/5 {i * 2 // 3}" for i in range(N)], Kind.CATEGORY),
        ("hash", [f"{i:08x}" for i in range(N)], Kind.ID),
        ("comment", [f"this is the remark number {i} of {i + 1}" for i in range(N)], Kind.TEXT),
        ("name", [f"Ann Smith{i}" for i in range(N)], Kind.TEXT),
        ("small", ["a", "b", "c"], Kind.CATEGORY),
        ("day", [date(2020, 1, 1)] * N, Kind.DATETIME),
        ("when", [datetime(2020, 1, 1, i % 24, i % 60, tzinfo=UTC) for i in range(N)], Kind.DATETIME),
        ("written", [f"2020-01-{1 + i % 28:02d}" for i in range(N)], Kind.CATEGORY),
    ],
)
def test_kind_follows_from_values_and_name(name, values, kind):
    found = guess(values, name)
    assert found.kind is kind, found.reason
    assert found.reason
    assert 0 < found.confidence <= 1


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        (pa.null(), Kind.CATEGORY),
        (pa.string(), Kind.CATEGORY),
        (pa.int64(), Kind.INTEGER),
        (pa.float64(), Kind.NUMBER),
        (pa.bool_(), Kind.BOOLEAN),
        (pa.timestamp("us", "UTC"), Kind.DATETIME),
        (pa.dictionary(pa.int8(), pa.string()), Kind.CATEGORY),
    ],
)
def test_a_column_without_values_gets_the_kind_of_its_type(type_, kind):
    found = guess(pa.array([None] * 3, type_))
    assert (found.kind, found.nullable, found.reason) == (kind, True, "no value present")


def test_unique_datetimes_and_floats_are_no_ids():
    assert guess(pa.array(range(N), pa.timestamp("s")), "id").kind is Kind.DATETIME
    assert guess(np.random.default_rng(0).random(N), "row_id").kind is Kind.NUMBER


def test_a_target_of_few_levels_is_a_category_and_of_many_is_not():
    assert guess([i % 7 for i in range(N)], is_target=True).kind is Kind.CATEGORY
    assert guess([i % 50 for i in range(N)], is_target=True).kind is Kind.INTEGER
    assert guess([f"level{i % 150}" for i in range(N)], is_target=True).kind is Kind.CATEGORY
    assert guess(list(range(N)), "target_id", is_target=True).kind is Kind.INTEGER


def test_nan_counts_as_missing_and_integers_with_missing_stay_integers():
    found = guess(pa.array([1.0, float("nan"), 30.0, 7.0] * 50), "rooms_of_20")
    assert found.nullable
    assert guess(pa.array([float(3 * i) for i in range(50)] + [float("nan")]), "price").kind is Kind.INTEGER


def test_whole_floats_beyond_53_bits_are_numbers():
    assert guess([1e300, 2e17, 3.0] * 10).kind is Kind.NUMBER


def test_reasons_round_extremes():
    assert guess([12285, *range(20000, 1000000, 9001), 1490400], "weight").reason.endswith("from 12,000 to 1,500,000")


def test_the_whole_column_decides_whether_values_are_unique():
    rows = 300_000
    values = np.arange(rows) // 3  # every third row is unique in an even sample of a third
    assert guess(pa.array(values * 7), "price").kind is Kind.INTEGER
    found = guess(pa.array([f"k{v}" for v in values]), "word")
    assert found.kind is Kind.CATEGORY
    assert "100,000 rows looked at" in found.reason


def test_infer_names_a_target_that_is_not_there():
    with pytest.raises(SchemaError, match="no column 'incom' to be the target; did you mean 'income'"):
        infer(pa.table({"income": [1, 2]}), target="incom")


def test_infer_believes_the_user():
    schema = infer(pa.table({"zip": [1, 2], "y": [0, 1]}), target="y", kinds={"zip": "category"})
    assert (schema["zip"].kind, schema["zip"].reason, schema["y"].role) == (
        Kind.CATEGORY,
        "said by the user",
        Role.TARGET,
    )
    with pytest.raises(UsageError, match="no kind 'zap'"):
        infer(pa.table({"zip": [1, 2]}), kinds={"zip": "zap"})


@pytest.mark.parametrize("name", ["größe_id", "顧客id", "", "id\n", "a.b c"])
def test_any_name_is_a_name(name):
    assert guess([7 * i for i in range(N)], name).name == name


CARDS = [
    "abalone", "adult", "bank_churn", "california", "compas", "covid_peru_deaths", "covid_testing_chop", "diabetes130",
    "german_credit", "heart_cleveland", "hr_attrition", "hypothyroid", "king_county", "news_reduced", "oulad_students",
    "shoppers", "student_performance", "telco_churn", "titanic", "wine_quality",
]  # fmt: skip
AGREES = {
    "numerical": {Kind.NUMBER, Kind.INTEGER},
    "categorical": {Kind.CATEGORY, Kind.BOOLEAN},
    "boolean": {Kind.CATEGORY, Kind.BOOLEAN},
    "datetime": {Kind.DATETIME},
    "id": {Kind.ID},
}


def test_kinds_agree_with_the_cards_of_real_tables(shared_data):
    import pyarrow.parquet as pq

    agreed = []
    for name in CARDS:
        path = shared_data(name)
        card = json.loads(path.with_name("card.json").read_text())
        schema = infer(pq.read_table(path), target=card["target"])
        agreed += [schema[c["name"]].kind in AGREES[c["kind"]] for c in card["columns"]]
    assert np.mean(agreed) > 0.95
