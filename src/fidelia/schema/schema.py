"""The schema: a frozen description of a table's columns, with JSON in and out."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from fidelia.errors import SchemaError, UsageError
from fidelia.schema.kinds import Kind, Role

FORMAT = 1
LIKENESS = 0.6
"""How like a name must be to one that does not exist to be meant by it, between 0 and 1."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Parameters
    ----------
    name : str
        Any unicode string.
    kind : Kind
        What its values are.
    role : Role
        What it is for.
    nullable : bool
        Whether missing values were seen.
    reason : str
        Why this kind was guessed, or ``"said by the user"``.
    confidence : float
        In [0, 1]; how sure the guess is.

    Examples
    --------
    >>> Column("zip", Kind.CATEGORY).role
    <Role.FEATURE: 'feature'>
    """

    name: str
    kind: Kind
    role: Role = Role.FEATURE
    nullable: bool = False
    reason: str = ""
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of a table, in order; names are unique.

    Examples
    --------
    >>> s = Schema((Column("age", Kind.INTEGER), Column("income", Kind.CATEGORY, Role.TARGET)))
    >>> s.target, s["age"].kind.value, len(s)
    ('income', 'integer', 2)
    >>> Schema.from_json(s.to_json()) == s
    True
    """

    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for column in self.columns:
            if column.name in seen:
                raise SchemaError(f"column {column.name!r} stands twice in the schema; rename one of the two")
            seen.add(column.name)

    def __len__(self) -> int:
        return len(self.columns)

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __contains__(self, name: object) -> bool:
        return any(column.name == name for column in self.columns)

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise UsageError(f"no column {name!r}{closest(name, self.names)}")

    def __str__(self) -> str:
        width = max((len(column.name) for column in self.columns), default=0)
        return "\n".join(
            f"{column.name:<{width}}  {column.kind:<9} {column.role:<9} {column.reason}" for column in self.columns
        )

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return [column.name for column in self.columns]

    @property
    def target(self) -> str | None:
        """Name of the target column, if one is declared."""
        return next((column.name for column in self.columns if column.role is Role.TARGET), None)

    def of(self, *kinds: Kind) -> list[str]:
        """Return the names of the columns of these kinds, in order."""
        return [column.name for column in self.columns if column.kind in kinds]

    def with_kinds(self, kinds: Mapping[str, str]) -> Schema:
        """Return a schema with some kinds corrected, e.g. ``{"zip": "category"}``."""
        for name, kind in kinds.items():
            self[name]
            _kind(kind)
        return Schema(
            tuple(
                replace(c, kind=_kind(kinds[c.name]), reason="said by the user", confidence=1.0)
                if c.name in kinds
                else c
                for c in self.columns
            )
        )

    def with_target(self, name: str | None) -> Schema:
        """Return a schema whose target is `name` (None: no target)."""
        return self.with_roles({} if name is None else {name: Role.TARGET}, drop=Role.TARGET)

    def with_sensitive(self, names: Iterable[str]) -> Schema:
        """Return a schema in which these columns, and no others, say which groups are to be treated alike.

        Raises
        ------
        UsageError
            When a column does not exist, or is the target.
        """
        wanted = list(names)
        if self.target in wanted:
            raise UsageError(
                f"column {self.target!r} is the target; outcomes are compared between groups of other columns"
            )
        return self.with_roles(dict.fromkeys(wanted, Role.SENSITIVE), drop=Role.SENSITIVE)

    def with_roles(self, roles: Mapping[str, Role], *, drop: Role | None = None) -> Schema:
        """Return a schema with some roles set; columns that had the role `drop` become features first."""
        for name in roles:
            self[name]
        cleared = (replace(c, role=Role.FEATURE) if c.role is drop else c for c in self.columns)
        return Schema(tuple(replace(c, role=roles[c.name]) if c.name in roles else c for c in cleared))

    def diff(self, other: Schema) -> list[str]:
        """Say in words where `other` differs in columns and kinds; empty when it does not."""
        mine, theirs = set(self.names), set(other.names)
        said = [f"column {name!r} is missing" for name in self.names if name not in theirs]
        said += [f"column {name!r} is not expected" for name in other.names if name not in mine]
        said += [
            f"column {c.name!r} is {other[c.name].kind}, not {c.kind}"
            for c in self.columns
            if c.name in theirs and other[c.name].kind is not c.kind
        ]
        return said

    def to_json(self) -> str:
        """Return the schema as a JSON document."""
        return json.dumps(
            {"format": FORMAT, "columns": [asdict(c) for c in self.columns]}, ensure_ascii=False, indent=1
        )

    @classmethod
    def from_json(cls, text: str) -> Schema:
        """Read what `to_json` wrote.

        Raises
        ------
        SchemaError
            When the document is not a schema of a known format.
        """
        try:
            document = json.loads(text)
            if document["format"] != FORMAT:
                raise SchemaError(f"schema format {document['format']!r} is not known; this version reads {FORMAT}")
            return cls(tuple(_column(entry) for entry in document["columns"]))
        except (ValueError, KeyError, TypeError) as error:
            raise SchemaError(f"not a schema document: {error!r}") from error


def _column(entry: dict[str, Any]) -> Column:
    return Column(**{**entry, "kind": Kind(entry["kind"]), "role": Role(entry["role"])})


def _kind(kind: str) -> Kind:
    try:
        return Kind(kind)
    except ValueError:
        raise UsageError(f"no kind {kind!r}{closest(kind, Kind)} (there are: {', '.join(Kind)})") from None


def closest(name: str, names: Iterable[str]) -> str:
    """Return ``"; did you mean 'age'?"``, or nothing when nothing is close; of equally close names the first."""
    alike = {other: difflib.SequenceMatcher(None, other, str(name)).ratio() for other in names}
    found = max(alike, key=lambda other: alike[other], default=None)
    return f"; did you mean {str(found)!r}?" if found is not None and alike[found] >= LIKENESS else ""
