"""Conditions mean what users write, and say what is wrong with them."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pytest

from fidelia.data.table import Table
from fidelia.encode.columns import TableCoder
from fidelia.errors import UsageError
from fidelia.generate.conditions import Given, given_from
from fidelia.schema import Column, Kind, Schema

N = 400
SCHEMA = Schema(
    (
        Column("sex", Kind.CATEGORY),
        Column("country", Kind.CATEGORY),
        Column("age", Kind.INTEGER),
        Column("score", Kind.NUMBER),
        Column("a=b", Kind.BOOLEAN),
        Column("when", Kind.DATETIME),
        Column("key", Kind.ID),
        Column("size", Kind.CATEGORY),
    )
)
TABLE = Table(
    pa.table(
        {
            "sex": ["Female", "Male"] * (N // 2),
            "country": ["France", "Spain", "a|b", None] * (N // 4 - 1) + ["rare", *["Spain"] * 3],
            "age": np.arange(N) % 60 + 18,
            "score": pa.array([None, *np.linspace(0, 5, N - 1).round(2)]),
            "a=b": [True, False] * (N // 2),
            "when": pa.array(
                np.datetime64("2024-01-01T06:30", "s") + np.arange(N) * np.timedelta64(21_600, "s"),
                pa.timestamp("s", "Europe/Paris"),
            ),
            "key": [f"k{i}" for i in range(N)],
            "size": np.arange(N) % 4,
        }
    ),
    SCHEMA,
)
CODER = TableCoder.fit(TABLE)


def one(text):
    ((_, allowed),) = Given.parse([text]).code(CODER).items()
    return allowed


@pytest.mark.parametrize(
    ("text", "intervals", "missing"),
    [
        ("age=30..40", ((30, 40),), False),
        ("age=30", ((30, 30),), False),
        ("age=29.5..31.2", ((30, 31),), False),
        ("score=..3.5", ((CODER.coders["score"].low, 3.5),), False),
        ("score=4..", ((4, CODER.coders["score"].high),), False),
        ("score=", (), True),
        ("score=1|2..3|", ((1, 1), (2, 3)), True),
    ],
)
def test_numbers(text, intervals, missing):
    assert one(text).intervals == intervals
    assert one(text).missing == missing


def names(allowed, column):
    coder = CODER.coders[column]
    labels = [*coder.levels.to_pylist(), *(["(rare)"] if coder.group else []), *([None] if coder.nullable else [])]
    return {label for label, yes in zip(labels, allowed.codes, strict=True) if yes}


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("sex=Female", {"Female"}),
        ("sex=female", {"Female"}),
        ("country=France|Spain", {"France", "Spain"}),
        ("country=a|b", {"a|b"}),
        ("country=France|", {"France", None}),
        ("country=", {None}),
        ("a=b=True", {True}),
        ("size=3", {3}),
        ("size=1..2", {1, 2}),
        ("size=..0|3", {0, 3}),
    ],
)
def test_levels(text, levels):
    assert names(one(text), text.rpartition("=")[0] if text.startswith("a=b") else text.partition("=")[0]) == levels


def test_a_date_means_its_whole_day_on_the_columns_own_clock():
    ((low, high),) = one("when=2024-01-03").intervals
    back = CODER.coders["when"].decode(type(CODER.code(TABLE)["when"])(np.array([low, high]), 0)).to_pylist()
    assert [str(moment)[:10] for moment in back] == ["2024-01-03"] * 2


@pytest.mark.parametrize(
    "value", [date(2024, 1, 3), "2024-01-03", (datetime(2024, 1, 3), datetime(2024, 1, 3, 23, 59, 59))]
)
def test_moments_from_python(value):
    assert Given.of({"when": value}).code(CODER)["when"].intervals[0] == pytest.approx(
        one("when=2024-01-03").intervals[0], abs=3600
    )


def test_the_dict_form_means_the_same():
    given = Given.of({"sex": "Female", "age": (30, 40), "country": ["France", "Spain"], "score": None})
    said = Given.parse(["sex=Female", "age=30..40", "country=France|Spain", "score="])
    for name, allowed in given.code(CODER).items():
        other = said.code(CODER)[name]
        assert (allowed.intervals, allowed.missing) == (other.intervals, other.missing)
        assert np.array_equal(allowed.codes, other.codes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sexx=Female", "no column 'sexx'; did you mean 'sex'"),
        ("sex=Femal", "no level 'Femal'; did you mean 'Female'"),
        ("country=rare", "held by fewer than 5 rows are grouped and cannot be given"),
        ("age=40..30", "range 40..30 is empty"),
        ("age=200..300", "outside what was learnt, 18 to 77"),
        ("age=30.2..30.7", "outside what was learnt"),
        ("size=7..9", "no level between 7 and 9"),
        ("sex=A..Z", "no level 'A..Z'"),
        ("age=old", "'old' is not a number"),
        ("when=yesterday", "is not a date or time"),
        ("when=1999-01-01", "outside what was learnt"),
        ("key=k1", "made anew and cannot be given"),
        ("sex=", "has no missing values"),
        ("sex", "has no '='"),
    ],
)
def test_conditions_that_cannot_hold_say_why(text, said):
    with pytest.raises(UsageError, match=said):
        Given.parse([text]).code(CODER)


def test_two_conditions_on_one_column_are_refused():
    with pytest.raises(UsageError, match="two conditions"):
        Given.parse(["age=30", "age=40"]).code(CODER)


def test_given_from_takes_every_form_and_checks_names():
    assert given_from(None, SCHEMA) is None
    assert given_from("age=30", SCHEMA) == given_from(["age=30"], SCHEMA) == Given.parse(["age=30"])
    assert given_from({"age": 30}, SCHEMA) == Given.of({"age": 30})
    with pytest.raises(UsageError, match="did you mean 'age'"):
        given_from({"agee": 30}, SCHEMA)
