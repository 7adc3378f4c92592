"""The kinds of column and the roles that a column can play."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a column's values are.

    Examples
    --------
    >>> Kind("category") is Kind.CATEGORY
    True
    """

    NUMBER = "number"
    INTEGER = "integer"
    CATEGORY = "category"
    BOOLEAN = "boolean"
    DATETIME = "datetime"
    TEXT = "text"
    ID = "id"
    IMAGE = "image"

    @property
    def continuous(self) -> bool:
        """Whether values lie on a line and can be interpolated."""
        return self in _CONTINUOUS

    @property
    def discrete(self) -> bool:
        """Whether values come from a short list of levels."""
        return self in (Kind.CATEGORY, Kind.BOOLEAN)

    @property
    def modelled(self) -> bool:
        """Whether values are learnt as a column of a table: neither those of ids and texts nor pictures."""
        return self not in (Kind.ID, Kind.TEXT, Kind.IMAGE)

    @property
    def invented(self) -> bool:
        """Whether values are made anew instead of learnt."""
        return self in (Kind.ID, Kind.TEXT)


_CONTINUOUS = frozenset({Kind.NUMBER, Kind.INTEGER, Kind.DATETIME})


class Role(StrEnum):
    """What a column is for."""

    FEATURE = "feature"
    TARGET = "target"
    KEY = "key"
    SENSITIVE = "sensitive"
