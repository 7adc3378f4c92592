"""Tables to files: whole or not at all, and in successive parts when they do not fit into memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from fidelia.data.atomic import atomic
from fidelia.data.formats import Format, format_of, packing
from fidelia.data.spelling import DELIMITER, Spelling, spell
from fidelia.data.table import Table
from fidelia.errors import ReadError, SchemaError, WriteError

__all__ = ["Writer", "atomic", "delimited", "write", "write_arrow", "writer"]

ROWS_AT_ONCE = 65_536

Put = Callable[[pa.Table], None]


@dataclass(frozen=True, slots=True)
class Writer:
    """Takes tables of one schema, one after the other.

    Parameters
    ----------
    path : Path
        Where the file will stand.
    schema : pyarrow.Schema
        The columns of every part.
    put : callable
        Writes one Arrow table.
    """

    path: Path
    schema: pa.Schema
    put: Put

    def write(self, table: Table) -> None:
        """Append the rows of `table`.

        Raises
        ------
        SchemaError
            When its columns are others than those of the file.
        """
        if table.arrow.column_names != self.schema.names:
            raise SchemaError(
                f"{self.path}: the part has columns {table.arrow.column_names}, the file {self.schema.names}"
            )
        self.put(table.arrow.cast(self.schema) if table.arrow.schema != self.schema else table.arrow)


def write(table: Table, path: str | Path) -> None:
    """Write a table; the ending of `path` says the format, as in `fidelia.data.read.read`.

    A csv that was read comes back with its own separator and its own words for dates, truth values and missing.
    In other csv files missing is nothing, a moment is ``2020-01-31 12:00:00``, truth is ``True`` or ``False``.

    Raises
    ------
    WriteError
        When the file cannot be written; what stood at `path` still stands.
    MissingExtra
        When the format needs a library that is not installed.
    """
    with writer(path, table) as out:
        out.write(table)


def write_arrow(arrow: pa.Table, path: str | Path) -> None:
    """Write an Arrow table that has no schema of ours, e.g. the scores of an audit; as `write` does otherwise."""
    place = Path(path)
    with atomic(place) as draft, _sink(place)(draft, arrow.schema) as put:
        put(arrow)


@contextmanager
def writer(path: str | Path, like: Table) -> Iterator[Writer]:
    """Open a file that takes successive tables; it appears at `path` when the block ends well, and only then.

    Memory holds one part at a time (Excel holds all).

    Parameters
    ----------
    path : str or Path
        The ending says the format.
    like : Table
        Any table with the columns and types to come; its rows are not written.

    Yields
    ------
    Writer
        Call its `write` with each table.
    """
    place = Path(path)
    sink = _sink(place)
    with atomic(place) as draft, sink(draft, like.arrow.schema) as put:
        yield Writer(place, like.arrow.schema, put)


Sink = Callable[[Path, pa.Schema], AbstractContextManager[Put]]


def _sink(path: Path) -> Sink:
    try:
        kind = format_of(path)
    except ReadError as error:
        raise WriteError(str(error)) from error
    if kind is Format.EXCEL:
        from fidelia.data.excel import excel_sink

        return excel_sink
    return {
        Format.PARQUET: _parquet_sink,
        Format.CSV: _csv_sink,
        Format.TSV: _tsv_sink,
        Format.JSON: _json_sink,
        Format.JSONL: _jsonl_sink,
    }[kind]


@contextmanager
def _parquet_sink(draft: Path, schema: pa.Schema) -> Iterator[Put]:
    import pyarrow.parquet as pq

    with pq.ParquetWriter(draft, schema, compression="zstd") as file:
        yield file.write_table


def _csv_sink(draft: Path, schema: pa.Schema) -> AbstractContextManager[Put]:
    return _delimited_sink(draft, schema, (schema.metadata or {}).get(DELIMITER, b",").decode())


def _tsv_sink(draft: Path, schema: pa.Schema) -> AbstractContextManager[Put]:
    return _delimited_sink(draft, schema, "\t")


@contextmanager
def _opened(draft: Path) -> Iterator[BinaryIO]:
    """Open the draft for bytes, packed as its ending says."""
    packed = packing(draft)
    if packed is None:
        with draft.open("xb") as stream:
            yield stream
    else:
        with pa.output_stream(str(draft), compression=packed) as stream:
            yield stream


@contextmanager
def _delimited_sink(draft: Path, schema: pa.Schema, delimiter: str) -> Iterator[Put]:
    with _opened(draft) as stream:
        yield delimited(stream, schema, delimiter)


def delimited(stream: BinaryIO, schema: pa.Schema, delimiter: str = ",") -> Put:
    """Write the column names to an open stream, and return what writes rows behind them."""
    names = pa.array(schema.names, pa.string())
    stream.write(delimiter.join(_quoted(names, delimiter).to_pylist()).encode() + b"\n")

    def put(arrow: pa.Table) -> None:
        for start in range(0, arrow.num_rows, ROWS_AT_ONCE):
            stream.write(_lines(arrow.slice(start, ROWS_AT_ONCE), schema, delimiter))

    return put


def _lines(arrow: pa.Table, schema: pa.Schema, delimiter: str) -> bytes:
    """Return rows as delimited lines; joined in Arrow, since Python would take a second per million cells."""
    if not arrow.num_rows:
        return b""
    fields = [_field(arrow.column(at), schema.field(at), delimiter) for at in range(len(schema))]
    if len(fields) == 1:  # a blank line would be no row
        fields = [pc.if_else(pc.equal(fields[0], ""), '""', fields[0])]
    lines = pc.binary_join_element_wise(*fields, delimiter)
    joined = pc.binary_join(pa.ListArray.from_arrays([0, len(lines)], lines), "\n")
    return bytes(joined[0].as_py().encode()) + b"\n"


def _field(values: pa.ChunkedArray, field: pa.Field, delimiter: str) -> pa.Array:
    spelling = Spelling.of(field)
    words = spell(pa.concat_arrays(values.chunks), spelling).cast(pa.string())
    return _quoted(words.fill_null(spelling.missing), delimiter)


def _quoted(words: pa.Array, delimiter: str) -> pa.Array:
    """Put words in quotes that a reader would otherwise take apart."""
    unsafe = pc.match_substring_regex(words, f'["\\r\\n{_in_class(delimiter)}]')
    if not pc.any(unsafe).as_py():
        return words
    doubled = pc.replace_substring(words, '"', '""')
    return pc.if_else(unsafe, pc.binary_join_element_wise('"', doubled, '"', ""), words)


def _in_class(sign: str) -> str:
    return f"\\x{{{ord(sign):x}}}"


@contextmanager
def _json_sink(draft: Path, schema: pa.Schema) -> Iterator[Put]:
    with _opened(draft) as stream:
        stream.write(b"[")
        lead = "\n"

        def put(arrow: pa.Table) -> None:
            nonlocal lead
            for part in _records(arrow, schema):
                stream.write((lead + ",\n".join(part)).encode())
                lead = ",\n"

        yield put
        stream.write(b"\n]\n")


@contextmanager
def _jsonl_sink(draft: Path, schema: pa.Schema) -> Iterator[Put]:
    with _opened(draft) as stream:

        def put(arrow: pa.Table) -> None:
            for part in _records(arrow, schema):
                stream.write(("\n".join(part) + "\n").encode())

        yield put


def _records(arrow: pa.Table, schema: pa.Schema) -> Iterator[list[str]]:
    """Yield parts of the rows, each row a JSON object."""
    for start in range(0, arrow.num_rows, ROWS_AT_ONCE):
        part = arrow.slice(start, ROWS_AT_ONCE)
        columns = [_plain(part.column(at), schema.field(at)) for at in range(len(schema))]
        yield [
            json.dumps(dict(zip(schema.names, row, strict=True)), ensure_ascii=False)
            for row in zip(*columns, strict=True)
        ]


def _plain(values: pa.ChunkedArray, field: pa.Field) -> list[Any]:
    """Return values as JSON knows them: times and exact decimals as words."""
    kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    if pa.types.is_temporal(kind):
        return list(spell(values, Spelling.of(field)).to_pylist())
    return list((values.cast(pa.float64()) if pa.types.is_decimal(kind) else values).to_pylist())
