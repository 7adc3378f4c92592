"""Roles that users declare."""

import pytest

from fidelia.errors import UsageError
from fidelia.schema import Column, Kind, Role, Schema

PEOPLE = Schema((Column("sex", Kind.CATEGORY), Column("age", Kind.INTEGER), Column("pay", Kind.CATEGORY, Role.TARGET)))


def test_sensitive_columns_are_those_and_no_others():
    first = PEOPLE.with_sensitive(["sex"])
    assert [column.role for column in first] == [Role.SENSITIVE, Role.FEATURE, Role.TARGET]
    assert [column.role for column in first.with_sensitive(["age"])] == [Role.FEATURE, Role.SENSITIVE, Role.TARGET]


def test_the_target_and_strangers_are_refused():
    with pytest.raises(UsageError, match="'pay' is the target"):
        PEOPLE.with_sensitive(["pay"])
    with pytest.raises(UsageError, match="no column 'sx'; did you mean 'sex'"):
        PEOPLE.with_sensitive(["sx"])
