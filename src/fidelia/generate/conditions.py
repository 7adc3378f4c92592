"""Given: the conditions that every row of a draw must obey, in the user's words, checked against what was learnt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from fidelia.encode.codes import Allowed, Evidence
from fidelia.encode.levels import LevelCoder
from fidelia.encode.moments import moment
from fidelia.encode.numbers import NumberCoder
from fidelia.errors import UsageError
from fidelia.schema.schema import closest

if TYPE_CHECKING:
    from fidelia.encode.columns import TableCoder
    from fidelia.schema.schema import Schema

OR, TO = "|", ".."


@dataclass(frozen=True, slots=True)
class Given:
    """Conditions on columns, all of which hold in every row.

    Parameters
    ----------
    texts : tuple of str
        As a user writes them: ``sex=Female``, ``age=30..40``, ``score=..3.5``, ``country=France|Spain``, and
        ``x=`` for a missing value.
    values : tuple of (name, value)
        The same from Python: a value, None for missing, ``(low, high)`` for a range (None: open), a list for any of
        several.

    Examples
    --------
    >>> Given.parse(["sex=Female", "age=30..40"])
    Given(texts=('sex=Female', 'age=30..40'), values=())
    >>> Given.of({"sex": "Female", "age": (30, 40), "country": ["France", "Spain"], "x": None}).names
    ['sex', 'age', 'country', 'x']
    """

    texts: tuple[str, ...] = ()
    values: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Self:
        """Read conditions as written on a command line.

        Raises
        ------
        UsageError
            When one has no ``=``.
        """
        found = tuple(texts)
        for text in found:
            if "=" not in text:
                raise UsageError(f"condition {text!r} has no '='; write column=value, e.g. age=30..40")
        return cls(texts=found)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Read conditions from a dict."""
        return cls(values=tuple((name, _frozen(value)) for name, value in values.items()))

    @property
    def names(self) -> list[str]:
        """The columns named; of texts, what stands before the first ``=``."""
        return [*(text.partition("=")[0] for text in self.texts), *(name for name, _ in self.values)]

    def code(self, coder: TableCoder) -> Evidence:
        """Return the conditions in coded form.

        Raises
        ------
        UsageError
            When a column, level or value is unknown, a range is empty or holds nothing that was learnt, or the
            column is not modelled.
        """
        found: dict[str, Allowed] = {}
        for name, wanted in [*(_split(text, coder) for text in self.texts), *self.values]:
            if name in found:
                raise UsageError(f"column {name!r} has two conditions; join them: {name}=a|b or {name}=low..high")
            found[name] = _allowed(coder, name, wanted)
        return found


def given_from(given: Given | Mapping[str, Any] | Sequence[str] | None, schema: Schema) -> Given | None:
    """Return conditions in any of their forms as a Given; names are checked against `schema` at once.

    Raises
    ------
    UsageError
        When a condition cannot be read or names no column.
    """
    if given is None or isinstance(given, Given):
        return given
    texts = [given] if isinstance(given, str) else given
    made = Given.of(texts) if isinstance(texts, Mapping) else Given.parse(texts)
    for text in made.texts:
        schema[_named(text, schema.names)]
    for name, _ in made.values:
        schema[name]
    return made


@dataclass(frozen=True, slots=True)
class Words:
    """A condition's right side as written; what it means depends on the column."""

    text: str


def _frozen(value: Any) -> Any:
    return list(value) if isinstance(value, list | set | frozenset | np.ndarray) else value


def _split(text: str, coder: TableCoder) -> tuple[str, Words]:
    """Split at the ``=`` after the longest name that is a column; names may hold ``=`` themselves."""
    name = _named(text, coder.schema.names)
    return name, Words(text[len(name) + 1 :])


def _named(text: str, names: list[str]) -> str:
    fitting = [name for name in names if text.startswith(name + "=")]
    return max(fitting, key=len) if fitting else text.partition("=")[0]


def _allowed(coder: TableCoder, name: str, wanted: Any) -> Allowed:
    column = coder.schema[name]
    if not column.kind.modelled:
        raise UsageError(f"column {name!r} is of kind {column.kind}: its values are made anew and cannot be given")
    kind = coder.coders[name]
    if isinstance(kind, LevelCoder):
        return _levels(kind, name, wanted, coder.k)
    assert isinstance(kind, NumberCoder)
    return _numbers(kind, name, wanted)


def _levels(kind: LevelCoder, name: str, wanted: Any, k: int) -> Allowed:
    codes = np.zeros(len(kind), bool)
    for value in _parts(kind, wanted):
        codes[_between(kind, name, value) if isinstance(value, tuple) else level_code(kind, name, value, k)] = True
    if not codes.any():
        raise UsageError(f"column {name!r}: no value is allowed; give at least one")
    return Allowed(codes=codes)


def _parts(kind: LevelCoder, wanted: Any) -> list[Any]:
    if not isinstance(wanted, Words):
        return list(wanted) if isinstance(wanted, list) else [wanted]
    if _found(kind, wanted) is not None:  # a level may hold the sign itself
        return [wanted]
    return [_part(kind, part) for part in wanted.text.split(OR)]


def _part(kind: LevelCoder, part: str) -> Any:
    if part and TO in part and kind.ordered and _found(kind, Words(part)) is None:
        return _range(part)
    return Words(part) if part else None


def _between(kind: LevelCoder, name: str, ends: tuple[Any, Any]) -> list[int]:
    """The codes of the levels within a range; levels must be numbers."""
    try:
        low, high = (None if end is None else float(end) for end in ends)
        levels = [float(level) for level in kind.levels.to_pylist()]
    except (TypeError, ValueError):
        raise UsageError(f"column {name!r} has no range {ends[0]}..{ends[1]}: its levels are not numbers") from None
    found = [i for i, level in enumerate(levels) if (low is None or level >= low) and (high is None or level <= high)]
    if not found:
        raise UsageError(f"column {name!r} has no level between {ends[0]} and {ends[1]}; there are {levels[:12]}")
    return found


def level_code(kind: LevelCoder, name: str, value: Any, k: int) -> int:
    """Return the code of a level of column `name`, given as itself, as `Words`, or None for missing.

    Raises
    ------
    UsageError
        When there is no such level among those that at least `k` rows hold.
    """
    if value is None:
        if not kind.nullable:
            raise UsageError(f"column {name!r} has no missing values to condition on")
        return len(kind) - 1
    code = _found(kind, value)
    if code is not None:
        return code
    said = value.text if isinstance(value, Words) else value
    known = [str(level) for level in kind.levels.to_pylist()]
    listed = "" if len(known) > 12 else f" (there are: {', '.join(known)})"
    grouped = f"; levels held by fewer than {k} rows are grouped and cannot be given" if kind.group else ""
    raise UsageError(f"column {name!r} has no level {said!r}{closest(str(said), known)}{listed}{grouped}")


def _found(kind: LevelCoder, value: Any) -> int | None:
    """The code of a level given as itself or by how it prints."""
    text = value.text if isinstance(value, Words) else value
    code = kind.find(text)
    if code is None:
        printed = {str(level).lower(): i for i, level in enumerate(kind.levels.to_pylist())}
        exact = {str(level): i for i, level in enumerate(kind.levels.to_pylist())}
        code = exact.get(str(text), printed.get(str(text).lower()) if len(printed) == len(exact) else None)
    return code


def _numbers(kind: NumberCoder, name: str, wanted: Any) -> Allowed:
    parts = wanted if isinstance(wanted, list) else _spoken(wanted.text) if isinstance(wanted, Words) else [wanted]
    intervals = tuple(_interval(kind, name, part) for part in parts if part is not None)
    if not parts:
        raise UsageError(f"column {name!r}: no value is allowed; give at least one")
    return Allowed(intervals=intervals, missing=None in parts)


def _spoken(text: str) -> list[Any]:
    """The parts of a condition's text: None, a text, or a pair of texts."""
    parts = [part.strip() for part in text.split(OR)]
    return [None if not part else _range(part) if TO in part else part for part in parts]


def _range(part: str) -> tuple[str | None, str | None]:
    low, _, high = part.partition(TO)
    return low.strip() or None, high.strip() or None


def _interval(kind: NumberCoder, name: str, part: Any) -> tuple[float, float]:
    """The closed interval of coded values that a part allows, cut to what was learnt and to its precision."""
    if kind.empty:
        raise UsageError(f"column {name!r} has too few values to condition on; it is always missing")
    low, high = part if isinstance(part, tuple) else (part, part)
    begin = kind.low if low is None else _coded(kind, name, low)[0]
    end = kind.high if high is None else _coded(kind, name, high)[1]
    said = (
        f"{low if low is not None else ''}{TO}{high if high is not None else ''}" if isinstance(part, tuple) else part
    )
    if begin > end:
        raise UsageError(f"column {name!r}: the range {said} is empty")
    begin, end = _on_grid(max(begin, kind.low), min(end, kind.high), kind.decimals)
    if begin > end:
        learnt = [value.as_py() for value in kind.decode(_two(kind))]
        raise UsageError(f"column {name!r}: {said} is outside what was learnt, {learnt[0]} to {learnt[1]}")
    return begin, end


def _coded(kind: NumberCoder, name: str, value: Any) -> tuple[float, float]:
    """The first and last coded value that a word means: a date means the whole day."""
    try:
        return moment(kind, value) if kind.temporal else (number := float(value), number)
    except (TypeError, ValueError, OverflowError):
        kinds = "a date or time, e.g. 2024-01-31T12:00" if kind.temporal else "a number"
        raise UsageError(f"column {name!r}: {value!r} is not {kinds}") from None


def _on_grid(begin: float, end: float, decimals: int | None) -> tuple[float, float]:
    """The interval between the first and last value of this precision within ``[begin, end]``."""
    if decimals is None:
        return begin, end
    step = 10.0**-decimals
    low, high = np.round(np.array([np.ceil(begin / step - 1e-9), np.floor(end / step + 1e-9)]) * step, decimals)
    return float(low), float(high)


def _two(kind: NumberCoder) -> Any:
    from fidelia.encode.codes import Continuous

    return Continuous(np.array([kind.low, kind.high]), kind.decimals)
