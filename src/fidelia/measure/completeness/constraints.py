"""Rules that the real rows keep without having been told: what determines, bounds or adds up to what.

Also the constraints of single columns that an audit marks rows by: closed levels, values never missing, whole
numbers, unique ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fidelia.errors import NotApplicable
from fidelia.measure.beside import beside
from fidelia.schema.kinds import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.measure.case import Case
    from fidelia.measure.result import Result
    from fidelia.measure.values import Values
    from fidelia.schema.schema import Column

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]


CLOSED = 0.01
"""Below this chance of a new level the levels seen are all there are."""
TRIED = 30
"""Rows of train that could have broken a rule and did not, before it is believed."""
GLANCE = 2000
"""Rows that most false rules break already."""
MOST_LEVELS = 200
SHOWN = 40


@dataclass(frozen=True, slots=True, eq=False)
class Violation:
    """Rows that break one constraint.

    Parameters
    ----------
    column : str
        Where.
    rule : str
        In words, for people.
    rows : (n_synthetic,) bool
        Which synthetic rows.
    chance : float
        How probable it is that a fresh real row breaks it too: of a level not seen yet, Good's estimate.
    """

    column: str
    rule: str
    rows: Mask
    chance: float = 0.0


def violations(synthetic: Table, real: list[Table]) -> list[Violation]:
    """Return what synthetic rows break that no row of the real tables breaks; empty where all is well."""
    found = [
        violation
        for column in synthetic.schema
        for violation in _of_column(column, synthetic[column.name], [table[column.name] for table in real])
    ]
    return [violation for violation in found if violation.rows.any()]


def _of_column(column: Column, values: pa.Array, real: list[pa.Array]) -> Iterator[Violation]:
    if not any(part.null_count for part in real):
        yield Violation(column.name, "is missing, and never is in the real rows", _bool(pc.is_null(values)))
    if column.kind.discrete and (new := unseen(levels := pa.concat_arrays([_words(part) for part in real]))) < CLOSED:
        known = pc.unique(levels)
        strange = pc.and_(pc.invert(pc.is_in(_words(values), known)), pc.is_valid(values))
        yield Violation(column.name, "has a level that no real row has", _bool(strange), new)
    if column.kind is Kind.INTEGER and pa.types.is_floating(values.type):
        numbers = values.to_numpy(zero_copy_only=False)
        yield Violation(column.name, "is not a whole number", np.isfinite(numbers) & (numbers != np.floor(numbers)))
    if column.kind is Kind.ID and all(_unique(part) for part in real):
        yield Violation(column.name, "repeats an id, and ids are unique", _repeats(values))


def unseen(levels: pa.Array) -> float:
    """Return the chance that a fresh real row has a level not seen yet: the share of levels seen once (Good, 1953)."""
    counts = pc.value_counts(levels.drop_null()).field("counts")
    return float(pc.sum(pc.equal(counts, 1)).as_py() or 0) / max(len(levels), 1)


def _words(values: pa.Array) -> pa.Array:
    return _flat(values).cast(pa.string())


def _flat(values: pa.Array) -> pa.Array:
    return values.dictionary_decode() if isinstance(values, pa.DictionaryArray) else values


def _bool(mask: pa.Array) -> Mask:
    return np.asarray(mask.to_numpy(zero_copy_only=False), dtype=np.bool_)


def _unique(values: pa.Array) -> bool:
    return bool(pc.count_distinct(values).as_py() == len(values) - values.null_count)


def _repeats(values: pa.Array) -> Mask:
    """Mark the second and later rows of every value; missing repeats nothing."""
    codes = _flat(values).dictionary_encode().indices
    missing = _bool(pc.is_null(codes))
    numbers = codes.fill_null(-1).to_numpy(zero_copy_only=False)
    first = np.zeros(len(numbers), dtype=np.bool_)
    first[np.unique(numbers, return_index=True)[1]] = True
    return np.asarray(~first & ~missing)


@dataclass(frozen=True, slots=True, eq=False)
class Dependency:
    """The value of one column fixes that of another: ``education`` fixes ``education_num``.

    Parameters
    ----------
    a, b : str
        The determining and the determined column.
    known : dict
        From each value of `a` in train to the value of `b`.
    """

    a: str
    b: str
    known: dict[float, float]

    @property
    def columns(self) -> tuple[str, ...]:
        """Whose values the rule is about."""
        return self.a, self.b

    def __str__(self) -> str:
        return f"{self.a!r} determines {self.b!r}"

    def broken(self, a: Floats, b: Floats) -> Mask:
        """Return which rows break it; values of `a` that train lacks break nothing."""
        at = np.fromiter(sorted(self.known), dtype=np.float64)
        due = np.array([self.known[value] for value in at])
        place = np.minimum(np.searchsorted(at, a), len(at) - 1)
        return np.asarray((at[place] == a) & (due[place] != b))


@dataclass(frozen=True, slots=True)
class Order:
    """One column is never above another: a start and an end, a part and a whole."""

    a: str
    b: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Whose values the rule is about."""
        return self.a, self.b

    def __str__(self) -> str:
        return f"{self.a!r} <= {self.b!r}"

    def broken(self, a: Floats, b: Floats) -> Mask:
        """Return which rows break it; a missing value breaks nothing."""
        return np.asarray(a > b)


@dataclass(frozen=True, slots=True)
class Total:
    """One column is the sum of two others: a whole and its parts."""

    a: str
    b: str
    total: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Whose values the rule is about."""
        return self.a, self.b, self.total

    def __str__(self) -> str:
        return f"{self.a!r} + {self.b!r} = {self.total!r}"

    def broken(self, a: Floats, b: Floats, total: Floats) -> Mask:
        """Return which rows break it, beyond rounding; a missing value breaks nothing."""
        with np.errstate(invalid="ignore"):
            return np.asarray(np.abs(a + b - total) > 1e-6 * np.maximum(np.abs(total), 1))


Rule = Dependency | Order | Total


def rules(case: Case) -> list[Rule]:
    """Return the dependencies, orders and totals that every row of train keeps, and that chance would not.

    A dependency is believed when at least thirty rows could have broken it, being not the first of their value,
    when values of `a` seen once are below one row in a hundred, and when without it the rows would differ. An order,
    when thirty rows would break it if the two columns were independent.
    """
    values = list(case.values.values())
    numbers = {v.name: as_numbers(v, "train") for v in values}
    few = [v.name for v in values if 2 <= _levels(numbers[v.name]) <= MOST_LEVELS]
    found: list[Rule] = []
    for a, b in permutations(few, 2):
        if not consistent(numbers[a][:GLANCE], numbers[b][:GLANCE]):
            continue
        if (known := determined(numbers[a], numbers[b])) is not None:
            found.append(Dependency(a, b, known))
    for u, v in permutations([v for v in values if v.levels is None], 2):
        alike = (u.kind is Kind.DATETIME) == (v.kind is Kind.DATETIME)
        if alike and ordered(numbers[u.name], numbers[v.name]):
            found.append(Order(u.name, v.name))
    plain = [v.name for v in values if v.levels is None and v.kind is not Kind.DATETIME]
    return [*found, *totals({name: numbers[name] for name in plain})]


def totals(numbers: dict[str, Floats]) -> Iterator[Total]:
    """Yield the columns that are the sum of two others in every row, none of the three being constant."""
    moving = {name: column for name, column in numbers.items() if len(np.unique(column[~np.isnan(column)])) > 1}
    names = list(moving)
    glance = np.column_stack([moving[name][:TRIED] for name in names]) if names else np.zeros((0, 0))
    for i, j in combinations(range(len(names)), 2):
        sums = glance[:, i] + glance[:, j]
        broken = Total("", "", "").broken(sums[:, None], np.zeros((len(sums), 1)), glance).any(axis=0)
        for name in (names[k] for k in np.flatnonzero(~broken) if k not in (i, j)):
            columns = moving[names[i]], moving[names[j]], moving[name]
            rule = Total(names[i], names[j], name)
            if (~np.isnan(sum(columns))).sum() >= TRIED and not rule.broken(*columns).any():
                yield rule


def as_numbers(values: Values, side: str) -> Floats:
    """Return a column as numbers: categories as their codes, missing among them; missing numbers are NaN."""
    return np.asarray(getattr(values, side), dtype=np.float64)


def _levels(column: Floats) -> int:
    """Return how many distinct values a column has, up to one more than matters."""
    if len(np.unique(column[:GLANCE])) > MOST_LEVELS:
        return MOST_LEVELS + 1
    return len(np.unique(column[~np.isnan(column)]))


def consistent(a: Floats, b: Floats) -> bool:
    """Return whether rows of one value of `a` never differ in `b`; rows with a missing number do not count."""
    known = ~(np.isnan(a) | np.isnan(b))
    _, first, place = np.unique(a[known], return_index=True, return_inverse=True)
    return bool((b[known][first][place] == b[known]).all())


def determined(a: Floats, b: Floats) -> dict[float, float] | None:
    """Return the value of `b` for each value of `a` when rows of one value of `a` never differ in `b`, else None."""
    known = ~(np.isnan(a) | np.isnan(b))
    a, b = a[known], b[known]
    if len(a) < TRIED:
        return None
    at, first, place, counts = np.unique(a, return_index=True, return_inverse=True, return_counts=True)
    due = b[first]
    if (due[place] != b).any():
        return None
    # Without the rule, two rows would differ in b with this probability.
    differ = 1 - float(((np.unique(b, return_counts=True)[1] / len(b)) ** 2).sum())
    tried = (len(a) - len(at)) * differ >= TRIED and (counts == 1).sum() < CLOSED * len(a)
    return dict(zip(at.tolist(), due.tolist(), strict=True)) if tried else None


def ordered(a: Floats, b: Floats) -> bool:
    """Return whether `a` is never above `b`, though many rows would have it so if the two were independent."""
    with np.errstate(invalid="ignore"):
        if (a[:GLANCE] > b[:GLANCE]).any():
            return False
    known = ~(np.isnan(a) | np.isnan(b))
    a, b = a[known], b[known]
    if len(a) < TRIED or (a > b).any() or (a == b).all():
        return False
    below = np.searchsorted(np.sort(b), a, side="left")
    return float(below.mean()) >= TRIED


def constraints(case: Case) -> Result:
    """CMP08: the share of rows that break at least one rule that train keeps."""
    side = case.contrast.case
    if len(side.values) < 2:
        raise NotApplicable("UNSUPPORTED_TYPE", f"{len(side.values)} columns of values; a rule needs two")
    believed = rules(side)
    if not believed:
        raise NotApplicable("DEGENERATE_COLUMN", "train shows no rule between columns: nothing to break")
    names = list(side.values)
    sides = {
        name: broken_by(believed, {n: as_numbers(side.values[n], name) for n in names}, len(getattr(side, name)))
        for name in ("train", "synthetic", "holdout")
    }
    found = beside(case, "CMP08", lambda _: sides, lambda _, other: float(other.any(axis=1).mean()))
    lines = [
        {"name": str(rule), "value": sides["synthetic"][:, i].mean(), "reference": sides["holdout"][:, i].mean()}
        for i, rule in enumerate(believed)
    ]
    worst = np.argsort([-line["value"] for line in lines], kind="stable")[:SHOWN]
    return found.result(
        low=0.0,
        high=1.0,
        breakdown={"lines": [lines[i] for i in worst], "rules": len(believed)},
        rows={"synthetic.broken_rules": sides["synthetic"].sum(axis=1)},
    )


def broken_by(believed: Sequence[Any], columns: dict[str, Floats], rows: int) -> Mask:
    """Return which row breaks which rule, ``(rows, rules)``."""
    masks = [rule.broken(*(columns[name] for name in rule.columns)) for rule in believed]
    return np.column_stack(masks) if masks else np.zeros((rows, 0), dtype=bool)
