"""Which rows are asked for: verdicts, reasons, comparisons and a text, as one SQL condition with bound values.

Nothing that a user writes becomes part of the SQL text: columns are looked up among those that the files have and put
into quotes, operators come from a list, and every value is a parameter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Self

from fidelia.auditing.verdicts import Reason, Verdict
from fidelia.errors import UsageError
from fidelia.schema.schema import closest

OPERATORS = {
    "=": "is",
    "!=": "is not",
    "<": "is below",
    "<=": "is at most",
    ">": "is above",
    ">=": "is at least",
    "contains": "contains",
    "missing": "is missing",
    "present": "is not missing",
}
"""What columns can be compared by, and how it is said."""
WITHOUT_VALUE = ("missing", "present")
MOST_COMPARISONS = 20
MOST_TEXT = 1_000
"""Characters of a text that is looked for."""

_WHOLE = re.compile(r"[+-]?\d{1,36}")
_SQL = {"=": "IS NOT DISTINCT FROM", "!=": "IS DISTINCT FROM"}
_NUMBER = re.compile(r"(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\))")
_OF_NUMBERS = re.compile(r"^[-+.,0-9eE]+$|^(inf|nan)", re.IGNORECASE)
"""Texts that may be found in numbers, which cost most to look through."""
_TYPED = re.compile(r"BOOLEAN|DATE|TIME|TIMESTAMP(_\w+)?|TIMESTAMP WITH TIME ZONE")


@dataclass(frozen=True, slots=True)
class Column:
    """A column that rows are shown, sorted and filtered by.

    Parameters
    ----------
    key : str
        ``data.<name>`` or ``audit.<name>``: no name of a data column can be taken for one of the audit.
    name : str
        As it stands in its file.
    type : str
        DuckDB's type of its values.
    sql : str
        What reads it in a query; names in quotes.
    """

    key: str
    name: str
    type: str
    sql: str

    @property
    def origin(self) -> str:
        """``"data"`` or ``"audit"``."""
        return self.key.partition(".")[0]

    @property
    def number(self) -> bool:
        """Whether its values are numbers."""
        return _NUMBER.fullmatch(self.type) is not None

    @property
    def text(self) -> str:
        """The SQL of its values as words."""
        return f"CAST({self.sql} AS VARCHAR)"

    @property
    def shown(self) -> str:
        """The SQL of its values as they are given back: numbers and truth values as such, all others as words."""
        if self.type == "FLOAT":  # 0.1 in 32 bits is 0.1, not 0.10000000149
            return f"CAST({self.text} AS DOUBLE)"
        plain = self.type == "BOOLEAN" or (self.number and not self.type.startswith("DECIMAL"))
        return self.sql if plain else self.text


@dataclass(frozen=True, slots=True)
class Comparison:
    """One column held against a value.

    Parameters
    ----------
    column : str
        Key of a column.
    operator : str
        One of `OPERATORS`. Of ``!=``, missing values are part; ``contains`` looks at the value as words, large and
        small letters alike.
    value : str
        As the user wrote it; empty for ``missing`` and ``present``.
    """

    column: str
    operator: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """Rows that keep all of these.

    Parameters
    ----------
    verdicts, reasons : tuple of str
        Any of these; empty for all.
    text : str
        Is part of some value of the row, large and small letters alike.
    comparisons : tuple of Comparison
        All of these hold.
    """

    verdicts: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    text: str = ""
    comparisons: tuple[Comparison, ...] = ()

    @classmethod
    def parse(
        cls,
        verdicts: Iterable[str] = (),
        reasons: Iterable[str] = (),
        text: str = "",
        *,
        columns: Sequence[str] = (),
        operators: Sequence[str] = (),
        values: Sequence[str] = (),
    ) -> Self:
        """Return the filter of a form or a query string, where comparisons are three lists of equal length.

        Comparisons without a column are left out: they are lines of a form that nobody has filled in.

        Raises
        ------
        UsageError
            When a verdict, a reason or an operator does not exist, or something is too long.
        """
        lines = zip_longest(columns, operators, values, fillvalue="")
        found = tuple(Comparison(column, operator or "=", value) for column, operator, value in lines if column)
        if len(found) > MOST_COMPARISONS:
            raise UsageError(f"{len(found)} comparisons: at most {MOST_COMPARISONS} at once")
        if len(text) > MOST_TEXT:
            raise UsageError(f"the text has {len(text):,} characters: at most {MOST_TEXT:,}")
        for comparison in found:
            _known("operator", comparison.operator, OPERATORS)
        return cls(
            tuple(_known("verdict", verdict, Verdict) for verdict in verdicts),
            tuple(_known("reason", reason, Reason) for reason in reasons),
            text,
            found,
        )

    def __bool__(self) -> bool:
        return bool(self.verdicts or self.reasons or self.text or self.comparisons)


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL of a WHERE clause, the values of its question marks, and which files it looks at."""

    sql: str
    values: tuple[Any, ...]
    origins: frozenset[str]


def condition(wanted: Filter, columns: Mapping[str, Column]) -> Condition:
    """Return what the rows of a filter have in common.

    Raises
    ------
    UsageError
        When a column does not exist, or a value does not fit its column.
    """
    parts = [_listed(columns, "audit.verdict", wanted.verdicts), _reasoned(columns, wanted.reasons)]
    parts += [_found(columns, wanted.text), *(_compared(columns, line) for line in wanted.comparisons)]
    kept = [part for part in parts if part is not None]
    return Condition(
        " AND ".join(part.sql for part in kept) or "TRUE",
        tuple(value for part in kept for value in part.values),
        frozenset().union(*(part.origins for part in kept)),
    )


def column_of(columns: Mapping[str, Column], key: str) -> Column:
    """Return the column of a key.

    Raises
    ------
    UsageError
        When there is none.
    """
    if key not in columns:
        raise UsageError(f"no column {key!r}{closest(key, columns)}")
    return columns[key]


def _known(what: str, value: str, among: Iterable[str]) -> str:
    if value not in (names := [str(name) for name in among]):
        raise UsageError(f"no {what} {value!r}; there are {', '.join(names)}")
    return value


def _listed(columns: Mapping[str, Column], key: str, values: Sequence[str]) -> Condition | None:
    if not values:
        return None
    column = column_of(columns, key)
    return Condition(f"{column.sql} IN ({_marks(values)})", tuple(values), frozenset({column.origin}))


def _reasoned(columns: Mapping[str, Column], reasons: Sequence[str]) -> Condition | None:
    """Return rows of which any of some reasons holds; reasons are joined by commas."""
    if not reasons:
        return None
    column = column_of(columns, "audit.reasons")
    sql = f"list_has_any(string_split({column.sql}, ','), [{_marks(reasons)}])"
    return Condition(sql, tuple(reasons), frozenset({column.origin}))


def _found(columns: Mapping[str, Column], text: str) -> Condition | None:
    """Return rows that hold a text in a data column, or where there are none in one of the audit."""
    if not text:
        return None
    data = [column for column in columns.values() if column.origin == "data"] or list(columns.values())
    looked = [column for column in data if _OF_NUMBERS.search(text) or not column.number]
    if not looked:
        return Condition("FALSE", (), frozenset())
    sql = " OR ".join(_containing(column) for column in looked)
    return Condition(f"({sql})", (text,) * len(looked), frozenset(column.origin for column in looked))


def _compared(columns: Mapping[str, Column], line: Comparison) -> Condition:
    column = column_of(columns, line.column)
    origins = frozenset({column.origin})
    if line.operator in WITHOUT_VALUE:
        return Condition(f"{column.sql} IS {'' if line.operator == 'missing' else 'NOT '}NULL", (), origins)
    if line.operator == "contains":
        return Condition(_containing(column), (line.value,), origins)
    operator = _SQL.get(line.operator, line.operator)
    typed = _TYPED.fullmatch(column.type)
    mark = f"CAST(? AS {column.type})" if typed or column.type == "FLOAT" else "?"
    value = _number(column, line.value) if column.number else line.value.strip() if typed else line.value
    return Condition(f"{column.sql} {operator} {mark}", (value,), origins)


def _containing(column: Column) -> str:
    return f"contains(lower({column.text}), lower(?))"


def _number(column: Column, written: str) -> int | float:
    """Return a whole number exactly, however large, and any other as a float."""
    text = written.strip().replace("\N{MINUS SIGN}", "-")
    try:
        value = int(text) if _WHOLE.fullmatch(text) else float(text)
    except ValueError:
        value = math.nan
    if math.isnan(value):
        raise UsageError(f"column {column.name!r} holds numbers, and {written!r} is none; write it like 12.5")
    return value


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))
