"""A guess of every column's kind, with the reason and a confidence.

The rules were weighed against the cards of 32 public tables. Values decide first; names only settle what values
leave open: whether unique integers count something or name something, whether few integers are codes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from fidelia.errors import SchemaError
from fidelia.schema.kinds import Kind
from fidelia.schema.schema import Column, Schema, closest
from fidelia.schema.types import is_number, is_pictures, is_text

if TYPE_CHECKING:
    import numpy as np

SAMPLE = 100_000
"""Rows looked at to count levels; ids and texts are looked at again in full before they are called so."""

MAX_TARGET_LEVELS = 10
MAX_CODE_LEVELS = 1_000
MAX_SMALL_LEVELS = 5
MIN_UNIQUE_ROWS = 20
MIN_OPEN_ROWS = 200
OPEN = 0.45
"""From this share of values of their own on, the levels are no closed list that could be learnt."""

_ID_NAMES = frozenset({"id", "ids", "uuid", "guid", "key", "pk", "identifier", "ssn", "iban", "nbr", "rowid"})
_ID_ENDINGS = frozenset({"number", "no", "nr", "code", "index", "idx", "ref"})
# fmt: off
_CODE_NAMES = frozenset((
    "id", "type", "typ", "code", "class", "pclass", "category", "cat", "group", "grp", "region", "status", "zip",
    "zipcode", "postcode", "postal", "plz", "flag", "ind", "label", "cluster", "segment", "band", "system",
    "systems", "browser", "gender", "sex", "race", "ethnicity", "country", "state", "county", "city", "district",
    "department", "channel", "currency", "language",
))
# fmt: on
_TWO_WORDS = (("true", "false"), ("yes", "no"), ("y", "n"), ("t", "f"), ("on", "off"))
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+")
_DATE = r"^\d{4}-\d\d-\d\d([ T]\d\d:\d\d.*)?$"


class Guess(NamedTuple):
    """A kind, why, and how sure (in [0, 1])."""

    kind: Kind
    reason: str
    confidence: float


@dataclass(frozen=True)
class Facts:
    """What the rules look at in one column; each fact is found when first asked for.

    Parameters
    ----------
    name : str
        The column's name.
    values : pyarrow.Array
        The present values of the rows looked at.
    everything : pyarrow.ChunkedArray
        The whole column.
    is_target : bool
        Whether it is the column to predict.
    """

    name: str
    values: pa.Array
    everything: pa.ChunkedArray
    is_target: bool

    @property
    def present(self) -> int:
        """Values looked at."""
        return len(self.values)

    @cached_property
    def levels(self) -> int:
        """Distinct values among those looked at."""
        return len(pc.unique(self.values))

    @cached_property
    def unique_share(self) -> float:
        """Distinct values per present value, in the whole column once the sample suggests that values are unique."""
        share = self.levels / max(self.present, 1)
        if share < 0.3 or self.present == len(self.everything):
            return share
        present = len(self.everything) - self.everything.null_count
        return float(len(pc.unique(self.everything.drop_null())) / max(present, 1))

    @cached_property
    def singles(self) -> float:
        """Share of rows whose value no other row has: by Good and Turing, the chance that a new row has a new value."""
        share = _alone(self.values)
        return share if share < OPEN or self.present == len(self.everything) else _alone(self.everything.drop_null())

    @cached_property
    def words(self) -> list[str]:
        """The words of the name, in lower case: ``CustomerId`` has customer and id."""
        return [word.lower() for word in _WORD.findall(self.name)]

    @property
    def named_id(self) -> bool:
        """Whether the name says that it names rows or entities."""
        return not _ID_NAMES.isdisjoint(self.words)

    @property
    def named_like_id(self) -> bool:
        """Whether the name may say so: it ends in number, code, index."""
        return self.named_id or (bool(self.words) and self.words[-1] in _ID_ENDINGS)

    @property
    def named_code(self) -> bool:
        """Whether the name says that numbers stand for something else."""
        return not _CODE_NAMES.isdisjoint(self.words)

    @cached_property
    def ends(self) -> tuple[Any, Any]:
        """Smallest and largest value of those looked at."""
        found = pc.min_max(self.values).as_py()
        return found["min"], found["max"]

    @cached_property
    def whole(self) -> bool:
        """Whether every number in the whole column is whole and safe in a double."""
        kind = self.everything.type
        if pa.types.is_integer(kind):
            return True
        if pa.types.is_decimal(kind):
            return bool(kind.scale == 0)
        return _all_whole(self.values) and _all_whole(self.everything)

    @cached_property
    def lower(self) -> set[str]:
        """The distinct words in lower case; only asked for when there are few."""
        return {str(value).strip().lower() for value in pc.unique(self.values).to_pylist()}

    @cached_property
    def spaces(self) -> float:
        """Mean number of spaces in a value."""
        return float(pc.mean(pc.count_substring(self.values, " ")).as_py())


def infer(arrow: pa.Table, *, target: str | None = None, kinds: Mapping[str, str] | None = None) -> Schema:
    """Guess the schema of a table.

    Parameters
    ----------
    arrow : pyarrow.Table
        The columns.
    target : str or None
        The column to predict; with few levels it is a category.
    kinds : mapping of column name to kind, or None
        What the user says; it is believed.

    Returns
    -------
    Schema
        Each column with its reason and confidence.

    Raises
    ------
    SchemaError
        When there is no column `target`.
    UsageError
        When `kinds` names a column or a kind that does not exist.
    """
    if target is not None and target not in arrow.column_names:
        raise SchemaError(f"no column {target!r} to be the target{closest(target, arrow.column_names)}")
    columns = (column(name, arrow.column(name), is_target=name == target) for name in arrow.column_names)
    return Schema(tuple(columns)).with_kinds(kinds or {}).with_target(target)


def column(name: str, values: pa.ChunkedArray, *, is_target: bool = False) -> Column:
    """Guess what one column is."""
    if is_pictures(values.type):
        return Column(name, Kind.IMAGE, reason=f"pictures of {' x '.join(map(str, values.type.shape))}")
    if pa.types.is_float16(values.type):
        values = values.cast(pa.float32())  # Arrow computes little in half precision
    looked_at = _present(_sampled(values))
    facts = Facts(name, looked_at, values, is_target)
    guess = _rule(values.type)(facts) if len(looked_at) else _nothing(values.type)
    reason = guess.reason if len(values) <= SAMPLE else f"{guess.reason} (of {SAMPLE:,} rows looked at)"
    return Column(name, guess.kind, nullable=_has_missing(values), reason=reason, confidence=guess.confidence)


def _rule(kind: pa.DataType) -> Callable[[Facts], Guess]:
    if pa.types.is_boolean(kind):
        return lambda _: Guess(Kind.BOOLEAN, "true and false", 1.0)
    if pa.types.is_temporal(kind):
        return lambda _: Guess(Kind.DATETIME, f"values are {_spoken(kind)}", 1.0)
    if is_number(kind):
        return _of_numbers
    if pa.types.is_dictionary(kind):
        return lambda facts: Guess(Kind.CATEGORY, f"declared a category; {_levels(facts)}", 1.0)
    if is_text(kind):
        return _of_strings
    return lambda _: Guess(Kind.TEXT, f"values of type {kind}, which have no kind", 0.0)


def _nothing(kind: pa.DataType) -> Guess:
    """Give a column without values a kind that its type allows."""
    if pa.types.is_integer(kind):
        return Guess(Kind.INTEGER, "no value present", 0.5)
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return Guess(Kind.NUMBER, "no value present", 0.5)
    if pa.types.is_temporal(kind):
        return Guess(Kind.DATETIME, "no value present", 0.9)
    return Guess(Kind.BOOLEAN if pa.types.is_boolean(kind) else Kind.CATEGORY, "no value present", 0.5)


def _of_numbers(facts: Facts) -> Guess:
    if not facts.whole:
        return Guess(Kind.NUMBER, f"{facts.levels:,} values with decimals", 0.99)
    low, high = facts.ends
    if facts.levels == 2 and (low, high) == (0, 1):
        return Guess(Kind.BOOLEAN, "only 0 and 1", 0.95)
    if facts.is_target and facts.levels <= MAX_TARGET_LEVELS:
        return Guess(Kind.CATEGORY, f"a target of {facts.levels} whole numbers", 0.8)
    return _integer_id(facts) or _integer_code(facts) or _count(facts)


def _integer_id(facts: Facts) -> Guess | None:
    if facts.is_target or facts.present < MIN_UNIQUE_ROWS or facts.levels <= facts.present * 0.3:
        return None
    share = facts.unique_share
    if (facts.named_id and share >= 0.5) or (facts.named_like_id and share >= 0.9):
        return Guess(Kind.ID, f"{share:.0%} of the numbers are unique and the name says id", 0.95)
    low, high = facts.ends
    if share == 1.0 and high - low + 1 == facts.present:
        return Guess(Kind.ID, f"a running number from {int(low)}", 0.9)
    return None


def _integer_code(facts: Facts) -> Guess | None:
    if facts.levels < 2:
        return None
    if facts.named_code and facts.levels <= min(MAX_CODE_LEVELS, facts.present * 0.3):
        return Guess(Kind.CATEGORY, f"{facts.levels:,} whole numbers and the name says code", 0.85)
    if facts.levels <= MAX_SMALL_LEVELS and facts.present >= 10 * facts.levels:
        return Guess(Kind.CATEGORY, f"only {facts.levels} whole numbers, more likely codes than counts", 0.6)
    return None


def _count(facts: Facts) -> Guess:
    low, high = facts.ends
    confidence = 0.7 if facts.levels <= 20 else 0.95
    return Guess(
        Kind.INTEGER, f"{facts.levels:,} whole numbers from {_rounded(low)} to {_rounded(high, up=True)}", confidence
    )


def _of_strings(facts: Facts) -> Guess:
    if facts.levels == 2 and any(facts.lower == set(pair) for pair in _TWO_WORDS):
        return Guess(Kind.BOOLEAN, f"only {' and '.join(sorted(facts.lower, reverse=True))}", 0.9)
    if facts.is_target:
        return Guess(Kind.CATEGORY, f"a target; {_levels(facts)}", 0.9)
    return _string_id(facts) or _prose(facts) or _open_list(facts) or _string_category(facts)


def _string_id(facts: Facts) -> Guess | None:
    share = facts.unique_share
    if facts.named_id and share >= 0.5 and (facts.present >= MIN_UNIQUE_ROWS or share == 1.0):
        return Guess(Kind.ID, f"{share:.0%} of the values are unique and the name says id", 0.95)
    if share < 0.98 or facts.present < MIN_UNIQUE_ROWS or facts.spaces >= 0.5 or _looks_like_dates(facts):
        return None
    return Guess(Kind.ID, f"{share:.0%} of the values are unique, each a single word", 0.85)


def _prose(facts: Facts) -> Guess | None:
    share = facts.unique_share
    if facts.spaces >= 3 and share >= 0.3:
        return Guess(Kind.TEXT, f"sentences: {facts.spaces + 1:.0f} words a value, {share:.0%} unique", 0.8)
    if facts.spaces >= 0.5 and share >= 0.95 and facts.present >= MIN_UNIQUE_ROWS and not _looks_like_dates(facts):
        return Guess(Kind.TEXT, f"{share:.0%} of the values are unique, of several words", 0.7)
    return None


def _open_list(facts: Facts) -> Guess | None:
    """Levels that no list can hold, because new rows keep bringing new ones: tickets, cabins, plates."""
    if facts.present < MIN_OPEN_ROWS or facts.singles < OPEN or _looks_like_dates(facts):
        return None
    kind = Kind.ID if facts.spaces < 1.5 else Kind.TEXT
    return Guess(kind, f"{facts.singles:.0%} of the rows have a value of their own: no closed list of levels", 0.6)


def _string_category(facts: Facts) -> Guess:
    if _looks_like_dates(facts):
        return Guess(Kind.CATEGORY, "dates written as text; convert them to datetimes to model them as times", 0.4)
    many = facts.unique_share > 0.3 and facts.present >= MIN_UNIQUE_ROWS
    return Guess(Kind.CATEGORY, _levels(facts) + (" (many)" if many else ""), 0.6 if many else 0.95)


def _alone(values: pa.Array | pa.ChunkedArray) -> float:
    """Return the share of values that occur once."""
    counts = pc.value_counts(values).field("counts")
    return float((pc.sum(pc.equal(counts, 1)).as_py() or 0) / max(len(values), 1))


def _looks_like_dates(facts: Facts) -> bool:
    first = facts.values.slice(0, 100)
    return bool(pc.all(pc.match_substring_regex(first, _DATE)).as_py())


def _levels(facts: Facts) -> str:
    return "a single level" if facts.levels == 1 else f"{facts.levels:,} levels"


def _spoken(kind: pa.DataType) -> str:
    if pa.types.is_date(kind):
        return "dates"
    zone = getattr(kind, "tz", None)
    return f"moments in zone {zone}" if zone else "moments"


def _rounded(value: Any, *, up: bool = False) -> str:
    """Round an end outwards to two digits: reasons stand in shareable reports, extremes belong to persons."""
    from math import ceil, floor

    step = 10 ** max(len(str(abs(int(value)))) - 2, 0)
    return f"{int((ceil if up else floor)(int(value) / step) * step):,}"


def _sampled(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if len(values) <= SAMPLE:
        return values
    return values.take(pa.array(_evenly(len(values))))


def _evenly(rows: int) -> np.ndarray:
    import numpy as np

    return np.linspace(0, rows - 1, SAMPLE).astype(np.int64)


def _present(values: pa.ChunkedArray) -> pa.Array:
    kept = values.drop_null()
    if pa.types.is_floating(kept.type):
        kept = kept.filter(pc.invert(pc.is_nan(kept)))
    joined = kept.combine_chunks()
    return joined if isinstance(joined, pa.Array) else pa.concat_arrays(joined.chunks)


def _has_missing(values: pa.ChunkedArray) -> bool:
    if values.null_count:
        return True
    return pa.types.is_floating(values.type) and bool(pc.any(pc.is_nan(values)).as_py())


def _all_whole(values: pa.Array | pa.ChunkedArray) -> bool:
    """Say whether every present number is whole and below 2^53, so that no digit is lost."""
    kept = values.filter(pc.invert(pc.is_nan(values)))
    whole = pc.all(pc.and_(pc.equal(kept, pc.floor(kept)), pc.less(pc.abs(kept), 2.0**53))).as_py()
    return whole is not False
