"""Balance: other shares of a column's levels, drawn as such."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fidelia.data.table import Table
from fidelia.errors import UsageError
from fidelia.generate.balance import Balance, balance_from
from fidelia.generate.chowliu import ChowLiu
from fidelia.generate.conditions import Given
from fidelia.generate.sampling import sample, stream
from fidelia.rng import Rng
from fidelia.schema import Column, Kind, Schema
from fidelia.testing.tables import everyday


@pytest.fixture(scope="module")
def model():
    """x is 10 where c is a, 20 where it is b, 30 where it is "c:d"; shares .7, .2, .1."""
    levels = np.repeat(["a", "b", "c:d"], [700, 200, 100])
    values = {"c": pa.array(levels), "x": pa.array(np.repeat([10.0, 20.0, 30.0], [700, 200, 100]))}
    schema = Schema((Column("c", Kind.CATEGORY), Column("x", Kind.NUMBER)))
    return ChowLiu().fit(Table(pa.table(values), schema, "pyarrow"), rng=Rng(0))


def _counts(table):
    values, counts = np.unique(table["c"].to_pylist(), return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


def test_all_levels_alike(model):
    assert _counts(sample(model, 300, balance=Balance.parse("c"), rng=Rng(1))) == {"a": 100, "b": 100, "c:d": 100}


def test_named_levels_get_their_share_and_the_others_the_rest_by_frequency(model):
    assert _counts(sample(model, 100, balance=Balance.parse("c=c:d:0.1"), rng=Rng(1))) == {"a": 70, "b": 20, "c:d": 10}
    assert _counts(sample(model, 100, balance=Balance.parse("c=a:0|b:0.75"), rng=Rng(1))) == {"b": 75, "c:d": 25}


def test_other_columns_follow_the_model_given_the_level(model):
    drawn = sample(model, 300, balance=Balance.of("c", {"b": 1.0}), rng=Rng(1))
    assert set(drawn["x"].to_pylist()) == {20.0}


def test_rows_are_in_no_order_of_levels(model):
    levels = np.array(sample(model, 300, balance=Balance.parse("c"), rng=Rng(1))["c"].to_pylist())
    assert (levels[1:] != levels[:-1]).sum() > 100


def test_conditions_hold_too(model):
    drawn = sample(model, 60, given=Given.of({"x": (15, 40)}), balance=Balance.of("c", {"a": 0.0}), rng=Rng(1))
    assert set(drawn["x"].to_pylist()) == {20.0, 30.0}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 500), st.floats(0, 1))
def test_quotas_add_up_and_are_within_one_of_the_share(model, n, share):
    quotas = dict(Balance.of("c", {"b": share}).quotas(model, n))
    assert sum(quotas.values()) == n
    assert abs(quotas.get("b", 0) - share * n) <= 1


def test_ids_stay_unique_over_levels_and_batches():
    from fidelia.generate.marginals import Marginals

    model = Marginals().fit(everyday(), rng=Rng(0))
    parts = list(stream(model, 250, balance=Balance.parse("level"), rng=Rng(1), batch=100))
    ids = [value for part in parts for value in part["id"].to_pylist()]
    assert len(set(ids)) == 250


def test_forms():
    assert balance_from("c") == Balance("c")
    assert balance_from({"c": {"a": 0.5}}) == Balance.of("c", {"a": 0.5})
    assert balance_from(None) is None
    with pytest.raises(UsageError, match="one column, not of 2"):
        balance_from({"c": {}, "x": {}})


@pytest.mark.parametrize(
    ("balance", "said"),
    [
        ("x", "'x' has no levels to balance; columns that have: c"),
        ("y", "no column 'y'"),
        ("c=z:0.5", "has no level 'z'.*a, b, c:d"),
        ("c=a:1.5", "share of 'a' must lie between 0 and 1"),
        ("c=a:half", "'half' is no share"),
        ("c=a:0.9|b:0.9", "add up to 1.8"),
        ("c=a:0.1|b:0.1|c:d:0.1", "add up to 0.3"),
        ({"c": {None: 0.5}}, "missing values are no level"),
    ],
)
def test_what_cannot_be_is_refused(model, balance, said):
    with pytest.raises(UsageError, match=said):
        sample(model, 10, balance=balance_from(balance), rng=Rng(0))


def test_a_column_is_not_both_balanced_and_given(model):
    with pytest.raises(UsageError, match="both balanced and given"):
        sample(model, 10, given=Given.of({"c": "a"}), balance=Balance.parse("c"), rng=Rng(0))
