"""Text files to Arrow through DuckDB: delimited text and JSON."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from fidelia.data.formats import Format, format_of, packing
from fidelia.data.spelling import DELIMITER, Read, understand
from fidelia.data.table import refuse_twins
from fidelia.errors import ReadError

if TYPE_CHECKING:
    import duckdb

_DELIMITERS = ",;\t|"
_RARE_DELIMITERS = "^~:\x01"
_PEEK = 1 << 20
_BLANK = "\ufeff \t\r\n"
_WORDS = ("VARCHAR", "BIGINT", "UBIGINT", "HUGEINT", "DOUBLE", "BOOLEAN")


@dataclass(frozen=True, slots=True)
class Loaded:
    """Columns from a file, and what there is to say about some of them."""

    arrow: pa.Table
    notes: dict[str, str]


def load_delimited(path: Path, numbers: frozenset[str] = frozenset()) -> Loaded:
    """Read a csv or tsv file; the first line names the columns.

    Parameters
    ----------
    path : Path
        Its separator is found in the first line.
    numbers : set of str
        Columns that the user says are numbers, leading zeros or not.

    Raises
    ------
    ReadError
        When the file is empty, binary, not UTF-8, names a column twice, or has rows of different lengths.
    """
    head = _peek(path)
    names, delimiter = _header(path, head)
    words = _query(path, _read_csv, names=names, delimiter=delimiter)
    read = {name: understand(_joined(words.column(at)), numbers=name in numbers) for at, name in enumerate(names)}
    loaded = _assemble(read)
    if format_of(path) is Format.TSV:
        return loaded
    return replace(loaded, arrow=loaded.arrow.replace_schema_metadata({DELIMITER: delimiter.encode()}))


def delimited_names(path: Path) -> list[str]:
    """Return the column names in the first line of a csv or tsv file.

    Raises
    ------
    ReadError
        When the file is empty, binary, not UTF-8, or names a column twice.
    """
    return _header(path, _peek(path))[0]


def load_json(path: Path) -> Loaded:
    """Read records from a JSON array or from one JSON object a line.

    Raises
    ------
    ReadError
        When the file is empty, binary, or no records.
    """
    _peek(path)
    arrow = _query(path, _read_records)
    columns = {name: _from_json(_joined(arrow.column(name))) for name in arrow.column_names}
    return _assemble(columns)


def _from_json(values: pa.Array) -> Read:
    if pa.types.is_string(values.type):
        return understand(values, only_times=True)
    return Read(_narrowed(values))


def _narrowed(values: pa.Array) -> pa.Array:
    """Return integers in 64 bits; DuckDB takes 128 where signs are mixed."""
    if not pa.types.is_decimal(values.type):
        return values
    for kind in (pa.int64(), pa.uint64()):
        try:
            return values.cast(kind)
        except pa.ArrowInvalid:
            continue
    return values.cast(pa.string())


def _assemble(columns: dict[str, Read]) -> Loaded:
    fields = [pa.field(name, read.values.type, metadata=read.spelling.metadata()) for name, read in columns.items()]
    arrow = pa.table([read.values for read in columns.values()], schema=pa.schema(fields))
    return Loaded(arrow, {name: read.note for name, read in columns.items() if read.note})


def _joined(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _peek(path: Path) -> str:
    """Return the beginning of a text file, unpacked; refuse files that are empty or no text."""
    with _opened(path) as stream:
        raw = stream.read(_PEEK)
    if b"\0" in raw:
        raise ReadError(f"{path}: is no UTF-8 text (it holds NUL bytes); give it the ending of its true format")
    try:
        head = raw.decode("utf-8") if len(raw) < _PEEK else raw.decode("utf-8", errors="ignore")
    except UnicodeDecodeError as error:
        raise ReadError(
            f"{path}: is no UTF-8 text (byte {raw[error.start]:#04x} at position {error.start:,}); save it as UTF-8"
        ) from error
    if not head.strip(_BLANK):
        raise ReadError(f"{path}: the file is empty; it needs a line of column names and rows below it")
    return str(head.removeprefix("\ufeff"))


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    packed = packing(path)
    if packed == "zstd":
        with pa.input_stream(str(path), compression="zstd") as stream:
            yield stream
    else:
        with (gzip.open if packed == "gzip" else open)(path, "rb") as stream:
            yield stream


def _header(path: Path, head: str) -> tuple[list[str], str]:
    """Return the column names and the separator."""
    delimiter = "\t" if format_of(path) is Format.TSV else _delimiter(head)
    names = _first_record(path, head, delimiter)
    try:
        refuse_twins(names)
    except ReadError as error:
        raise ReadError(f"{path}: {error}") from error
    return names, delimiter


def _first_record(path: Path, head: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration) as error:
        raise ReadError(f"{path}: the first line names no columns ({error or 'it is blank'})") from error


def _delimiter(head: str) -> str:
    """Return the separator that the first line holds most often outside of quotes, the usual ones first."""
    line = "".join(head.splitlines()[0].split('"')[::2])
    for candidates in (_DELIMITERS, _RARE_DELIMITERS):
        best = max(candidates, key=line.count)
        if best in line:
            return best
    return ","


Reader = Callable[..., "duckdb.DuckDBPyRelation"]


def _query(path: Path, reader: Reader, **options: Any) -> pa.Table:
    """Run one query in a DuckDB of its own, which is closed afterwards and fetches nothing from anywhere."""
    import duckdb

    config = {"threads": 2, "autoinstall_known_extensions": False, "autoload_known_extensions": False}
    with duckdb.connect(":memory:", config=config) as engine:
        try:
            return reader(engine, path, **options).to_arrow_table()
        except duckdb.Error as error:
            raise ReadError(f"{path}: {_spoken(str(error))}") from error


def _spoken(message: str) -> str:
    """Return what DuckDB found, without its advice on options that fidelia does not have."""
    lines = [line.strip() for line in message.partition("Possible ")[0].splitlines()]
    kept = [line for line in lines if line and not line.startswith(("Try ", "file ="))]
    return "; ".join(kept[:3]).removeprefix("Invalid Input Error: ")


def _read_csv(engine: duckdb.DuckDBPyConnection, path: Path, *, names: list[str], delimiter: str) -> Any:
    columns = ", ".join(f"'c{at}': 'VARCHAR'" for at in range(len(names)))
    return engine.sql(
        f"SELECT * FROM read_csv($path, auto_detect = false, header = true, columns = {{{columns}}}, "
        "delim = $delimiter, quote = '\"', escape = '\"', comment = '', skip = 0, compression = 'auto', "
        "null_padding = false, strict_mode = true, max_line_size = 16777216)",
        params={"path": literal(path), "delimiter": delimiter},
    )


def _read_records(engine: duckdb.DuckDBPyConnection, path: Path) -> Any:
    """Read records, and where times or mixtures are found, once more as the words that stand there."""
    source = "read_json($path, format = 'auto', records = 'true', sample_size = -1{})"
    first = engine.sql(f"SELECT * FROM {source.format('')}", params={"path": literal(path)})
    kinds = {name: str(kind) for name, kind in zip(first.columns, first.types, strict=True)}
    asked = {name: kind if kind in _WORDS or "(" in kind or "[" in kind else "VARCHAR" for name, kind in kinds.items()}
    if asked == kinds:
        return first
    columns = ", ".join(f"{_quoted(name)}: {_quoted(kind)}" for name, kind in asked.items())
    return engine.sql(f"SELECT * FROM {source.format(f', columns = {{{columns}}}')}", params={"path": literal(path)})


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"


def literal(path: Path) -> str:
    """Return the path with the signs escaped that DuckDB would read as a pattern of names."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in str(path))
