"""How text files spell values: from words to typed columns and back to the same words.

A column of words becomes numbers, truth values or times only when nothing is lost by it: ``01234`` stays text, and
dates that could be read in two ways stay text. How dates, truth values and missing values were spelled is kept in
the metadata of the Arrow field, so that a csv which was read comes back in its own spelling.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "#N/A", "<NA>")
UNKNOWN = "?"
KEY = b"fidelia.spelling"
DELIMITER = b"fidelia.delimiter"

_INTEGER = r"^-?(0|[1-9]\d*)$"
_NUMBER = r"(?i)^-?((0|[1-9]\d*)(\.\d*)?|\.\d+)(e[+-]?\d+)?$"
_INFINITE = r"(?i)^[+-]?inf(inity)?$"
_COMMA = r"^-?(0|[1-9]\d*),\d+$"
_THOUSANDS = r"^-?[1-9]\d{0,2}(,\d{3})+$"
_TRUTH = (("True", "False"), ("TRUE", "FALSE"), ("true", "false"))
_DAY = r"^\d{4}-\d\d-\d\d$"
_MOMENT = re.compile(r"^\d{4}-\d\d-\d\d([ T])\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?$")
_ZONE = r":\d\d(?:\.\d+)?(?P<zone>Z|[+-]\d\d:?\d\d)?$"
_DECIMALS = r"(?:\.(?P<decimals>\d+))?(?:Z|[+-]\d\d:?\d\d)?$"
_DAYS = ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y", "%Y.%m.%d")
_CLOCKS = ("", " %H:%M", " %H:%M:%S")
_UNITS = {0: "s", 3: "ms", 6: "us", 9: "ns"}


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a column's values are written.

    Parameters
    ----------
    missing : str
        The word for missing.
    truth : (str, str) or None
        The words for true and false.
    time : str or None
        A strftime pattern; seconds carry the decimals of the column's unit.
    zone : str
        What follows a time: ``"Z"``, ``"+02:00"`` or nothing.
    padded : bool
        Whether days and months have two digits.
    comma : bool
        Whether decimals follow a comma.
    """

    missing: str = ""
    truth: tuple[str, str] | None = None
    time: str | None = None
    zone: str = ""
    padded: bool = True
    comma: bool = False

    def metadata(self) -> dict[bytes, bytes]:
        """Return what is kept in the Arrow field; nothing when the spelling is the usual one."""
        said = {key: value for key, value in asdict(self).items() if value != getattr(USUAL, key)}
        return {KEY: json.dumps(said, ensure_ascii=False).encode()} if said else {}

    @classmethod
    def of(cls, field: pa.Field) -> Spelling:
        """Return how the values of `field` are written."""
        said = json.loads((field.metadata or {}).get(KEY, b"{}"))
        return cls(**{**said, "truth": tuple(said["truth"]) if "truth" in said else None})


USUAL = Spelling()


@dataclass(frozen=True, slots=True)
class Read:
    """A column of words, understood."""

    values: pa.Array
    spelling: Spelling = USUAL
    note: str = ""


def understand(words: pa.Array, *, only_times: bool = False, numbers: bool = False) -> Read:
    """Turn words into the type that they spell, and missing where they say so.

    Parameters
    ----------
    words : (n,) pyarrow string array
        As they stand in the file.
    only_times : bool
        Look for dates and times alone (JSON spells the rest itself).
    numbers : bool
        Read numbers even with leading zeros; the user says that the column holds numbers.

    Returns
    -------
    Read
        Values of the same length, their spelling, and a note for the column's reason.
    """
    coded = words.dictionary_encode()
    levels = coded.dictionary.cast(pa.string())
    gone = pc.is_in(levels, value_set=pa.array([] if only_times else _missing_words(levels), pa.string()))
    found = _understand(levels.filter(pc.invert(gone)), only_times=only_times, numbers=numbers)
    if not found.note and not pa.types.is_string(found.values.type):
        return _spread(found, coded.indices, gone, levels)
    asked = pc.equal(pc.utf8_trim_whitespace(levels), UNKNOWN)
    if not only_times and pc.any(asked).as_py():
        without = _understand(levels.filter(pc.invert(pc.or_(gone, asked))), only_times=False, numbers=numbers)
        if pa.types.is_integer(without.values.type) or pa.types.is_floating(without.values.type):
            note = f"'{UNKNOWN}' read as missing"
            return _spread(replace(without, note=note), coded.indices, pc.or_(gone, asked), levels)
    return _spread(found, coded.indices, gone, levels)


def _missing_words(levels: pa.Array) -> list[str]:
    """Return the levels that mean missing, with whatever blanks stand around them."""
    trimmed = pc.utf8_trim_whitespace(levels)
    found: list[str] = levels.filter(pc.is_in(trimmed, value_set=pa.array(MISSING))).to_pylist()
    return found


def _spread(found: Read, indices: pa.Array, gone: pa.Array, levels: pa.Array) -> Read:
    """Put the values of the levels back to the rows."""
    at = pc.cumulative_sum(pc.invert(gone).cast(pa.int64()))
    where = pc.if_else(gone, pa.scalar(None, pa.int64()), pc.subtract(at, 1))
    values = found.values.take(where.take(indices))
    return Read(values, replace(found.spelling, missing=_one_word(levels.filter(gone), indices)), found.note)


def _one_word(gone: pa.Array, indices: pa.Array) -> str:
    """Return the word for missing if the column has a single one, else nothing."""
    plain = {word.strip() for word in gone.to_pylist()}
    return plain.pop() if len(plain) == 1 and not indices.null_count else ""


def _understand(words: pa.Array, *, only_times: bool, numbers: bool) -> Read:
    if not len(words):
        return Read(words)
    if only_times:
        return _times(words) or Read(words)
    return _numbers(pc.utf8_trim_whitespace(words), lenient=numbers) or _truth(words) or _times(words) or Read(words)


def _numbers(words: pa.Array, *, lenient: bool) -> Read | None:
    if lenient:
        return _lenient(words)
    if _all(words, _INTEGER):
        return _integers(words)
    if _all(words, f"{_NUMBER}|{_INFINITE}") and _any(words, _NUMBER):
        return _cast(words, pa.float64())
    if _all(words, f"{_COMMA}|{_INTEGER}") and not _all(words, f"{_THOUSANDS}|{_INTEGER}"):
        found = _cast(pc.replace_substring(words, ",", "."), pa.float64())
        return found and replace(found, spelling=Spelling(comma=True))
    return None


def _lenient(words: pa.Array) -> Read | None:
    return _cast(words, pa.int64()) or _cast(words, pa.float64())


def _integers(words: pa.Array) -> Read | None:
    found = _cast(words, pa.int64()) or _cast(words, pa.uint64())
    return found or Read(words, note="whole numbers of more than 64 bits, kept as text")


def _truth(words: pa.Array) -> Read | None:
    said = set(words.to_pylist()) if len(words) <= 2 else set()
    pair = next((pair for pair in _TRUTH if said and said <= set(pair)), None)
    return pair and Read(pc.equal(words, pair[0]), Spelling(truth=pair))


def _times(words: pa.Array) -> Read | None:
    first = str(words[0].as_py())
    if _all(words, _DAY):
        return _cast(words, pa.date32())
    if match := _MOMENT.match(first):
        return _moments(words, match)
    return _local_times(words) if re.match(r"^\d{1,4}[/.-]\d", first) else None


def _moments(words: pa.Array, first: re.Match[str]) -> Read | None:
    if not _all(words, _MOMENT.pattern):
        return None
    zones = pc.unique(pc.extract_regex(words, _ZONE).field("zone"))
    zone = _common_zone([str(word) for word in zones.to_pylist()])
    found = None if zone is None else _cast(words, pa.timestamp(_unit(words), _tz(zone)))
    clock = "%H:%M:%S" if first.group(2) else "%H:%M"
    return found and replace(found, spelling=Spelling(time=f"%Y-%m-%d{first.group(1)}{clock}", zone=zone or ""))


def _common_zone(zones: list[str]) -> str | None:
    """Return the one ending of all times, ``"Z"`` where offsets vary, None where only some have one."""
    if len(zones) == 1:
        return zones[0]
    return None if "" in zones else "Z"


def _tz(zone: str) -> str | None:
    if not zone:
        return None
    return "UTC" if zone == "Z" else f"{zone[:3]}:{zone[-2:]}"


def _unit(words: pa.Array) -> str:
    """Return the coarsest unit that holds all decimals of the seconds."""
    decimals = pc.extract_regex(words, _DECIMALS).field("decimals")
    most = pc.max(pc.utf8_length(decimals)).as_py() or 0
    return next(unit for digits, unit in _UNITS.items() if most <= digits)


def _local_times(words: pa.Array) -> Read | None:
    """Read times in other orders than ISO's; only if exactly one pattern spells every word back as it stood."""
    readings = [found for day in _DAYS for clock in _CLOCKS if (found := _by_pattern(words, day + clock))]
    if len(readings) == 1:
        return readings[0]
    return Read(words, note="dates whose day and month cannot be told apart, kept as text") if readings else None


def _by_pattern(words: pa.Array, pattern: str) -> Read | None:
    moments = pc.strptime(words, format=pattern, unit="s", error_is_null=True)
    if moments.null_count:
        return None
    values = moments if "%H" in pattern else moments.cast(pa.date32())
    spellings = (Spelling(time=pattern), Spelling(time=pattern, padded=False))
    return next((Read(values, way) for way in spellings if pc.all(pc.equal(spell(values, way), words)).as_py()), None)


def _cast(words: pa.Array, kind: pa.DataType) -> Read | None:
    try:
        return Read(pc.cast(words, kind))
    except pa.ArrowInvalid:
        return None


def _all(words: pa.Array, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(words, pattern)).as_py())


def _any(words: pa.Array, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(words, pattern)).as_py())


def spell(values: pa.Array | pa.ChunkedArray, spelling: Spelling = USUAL) -> pa.Array | pa.ChunkedArray:
    """Write values as words; missing stays missing.

    Parameters
    ----------
    values : (n,) array
        Of any type that a table may hold.
    spelling : Spelling
        How.

    Returns
    -------
    (n,) string array
    """
    return _speller(values.type)(values, spelling)


Speller = Callable[[pa.Array, Spelling], pa.Array]


def _speller(kind: pa.DataType) -> Speller:
    if pa.types.is_dictionary(kind):
        return lambda values, spelling: spell(values.cast(kind.value_type), spelling)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return lambda values, _: pc.binary_join(values.cast(pa.list_(pa.string())), ";")
    if pa.types.is_boolean(kind):
        return _spell_truth
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return _spell_time
    if pa.types.is_floating(kind):
        return _spell_float
    return lambda values, _: values.cast(pa.string())


def _spell_truth(values: pa.Array, spelling: Spelling) -> pa.Array:
    yes, no = spelling.truth or _TRUTH[0]
    return pc.if_else(values, yes, no)


def _spell_float(values: pa.Array, spelling: Spelling) -> pa.Array:
    """Write floats in their shortest form, whole ones with ``.0`` so that they are floats again when read."""
    words = values.cast(pa.float32() if pa.types.is_float16(values.type) else values.type).cast(pa.string())
    words = pc.if_else(pc.match_substring_regex(words, r"^-?\d+$"), pc.binary_join_element_wise(words, ".0", ""), words)
    return pc.replace_substring(words, ".", ",") if spelling.comma else words


def _spell_time(values: pa.Array, spelling: Spelling) -> pa.Array:
    if pa.types.is_date(values.type):
        words = pc.strftime(values, spelling.time or "%Y-%m-%d")
    else:
        words = _spell_moment(values, spelling)
    if spelling.padded:
        return words
    return pc.replace_substring_regex(pc.replace_substring_regex(words, "^0", ""), r"([/.-])0", r"\1")


def _spell_moment(values: pa.Array, spelling: Spelling) -> pa.Array:
    zone = values.type.tz
    plain = _coarsest(values, zone)
    words = pc.strftime(plain, spelling.time or "%Y-%m-%d %H:%M:%S")
    if not zone:
        return words
    return pc.binary_join_element_wise(words, spelling.zone or pc.strftime(plain, "%z"), "")


def _coarsest(values: pa.Array, zone: str | None) -> pa.Array:
    """Drop decimals of seconds that are all zero."""
    for unit in ("s", "ms", "us"):
        try:
            return values.cast(pa.timestamp(unit, zone))
        except pa.ArrowInvalid:
            continue
    return values
