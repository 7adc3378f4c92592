"""Any source of rows to a Table: files through DuckDB, Arrow or openpyxl; frames as they are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from fidelia.data.check import check
from fidelia.data.formats import Format, format_of
from fidelia.data.table import Flavour, Table, refuse_twins, to_arrow
from fidelia.errors import ReadError, SchemaError
from fidelia.schema.infer import infer
from fidelia.schema.kinds import Kind
from fidelia.schema.schema import Schema, closest


def read(
    source: Any, *, target: str | None = None, kinds: Mapping[str, str] | None = None, schema: Schema | None = None
) -> Table:
    """Read a table from a file or take it from a dataframe.

    Parameters
    ----------
    source : str, Path, Table, or pandas, polars or pyarrow frame
        Files end in .csv, .tsv (or .tab), .json, .jsonl (or .ndjson), .parquet (or .pq) or .xlsx; text formats may be
        packed with .gz or .zst. In text, the usual words for missing (nothing, NA, N/A, NaN, null, ...) are missing;
        so is ``?`` where the column is otherwise numeric. NaN is missing in every source.
    target : str or None
        The column to predict.
    kinds : mapping of column name to kind, or None
        Corrections to the guess: ``{"zip": "category"}``.
    schema : Schema or None
        What the columns mean, instead of a guess; the source's columns are put in its order. Use the schema of the
        training table to read a synthetic one.

    Returns
    -------
    Table
        Checked; its `flavour` is that of the frame, pandas for files.

    Raises
    ------
    ReadError
        When the source cannot be read as a table.
    SchemaError
        When a column does not fit (see `fidelia.data.check.check`), or the target is not there.
    MissingExtra
        When the format needs a library that is not installed.

    Examples
    --------
    >>> import fidelia as fd
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"age": [31, 45, 52], "zip": [53111, 89073, 53113]})
    >>> fd.read(frame, kinds={"zip": "category"}).schema["zip"].kind
    <Kind.CATEGORY: 'category'>
    """
    declared = {**_declared(schema), **(kinds or {})}
    arrow, flavour, notes = _load(source, declared)
    name = str(source) if isinstance(source, str | Path) else "the table"
    if not arrow.num_rows:
        raise ReadError(f"{name}: has {arrow.num_columns} column names but no rows; it needs at least 2")
    table = _described(_regular(arrow), flavour, notes, target, kinds, schema)
    return check(table, name=name)


def column_names(path: Path) -> list[str]:
    """Return the names of a file's columns; no row is read of parquet and delimited text.

    Raises
    ------
    ReadError
        When the file cannot be read as a table.
    MissingExtra
        When the format needs a library that is not installed.
    """
    match format_of(_usable(path)):
        case Format.PARQUET:
            return list(_load_parquet(path, rows=False).column_names)
        case Format.CSV | Format.TSV:
            from fidelia.data.text import delimited_names

            return delimited_names(path)
        case _:
            return list(_load_file(path, {})[0].column_names)


def _declared(schema: Schema | None) -> dict[str, str]:
    return {column.name: str(column.kind) for column in schema or ()}


def _load(source: Any, declared: Mapping[str, str]) -> tuple[pa.Table, Flavour, dict[str, str]]:
    if isinstance(source, Table):
        return source.arrow, source.flavour, {}
    if isinstance(source, str | Path):
        arrow, notes = _load_file(_usable(Path(source)), declared)
        return arrow, "pandas", notes
    arrow, flavour = _from_frame(source)
    return arrow, flavour, {}


def _from_frame(frame: Any) -> tuple[pa.Table, Flavour]:
    try:
        return to_arrow(frame)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, TypeError) as error:
        raise ReadError(f"{_arrow_words(error)}; give every column values of one type") from error


def _arrow_words(error: Exception) -> str:
    return "; ".join(str(part) for part in reversed(error.args)) or str(error)


def _usable(path: Path) -> Path:
    """Refuse a path that no format could be read from."""
    format_of(path)
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        raise ReadError(f"{path}: there is no such file{_neighbour(path)}") from None
    except OSError as error:
        raise ReadError(f"{path}: cannot be read ({error.strerror})") from error
    if path.is_dir():
        raise ReadError(f"{path}: is a folder; name one file")
    if not os.access(path, os.R_OK):
        raise ReadError(f"{path}: cannot be read (no permission); change its mode or copy it")
    if not size:
        raise ReadError(f"{path}: the file is empty; it needs column names and rows")
    return path


def _neighbour(path: Path) -> str:
    return closest(path.name, [p.name for p in path.parent.iterdir()]) if path.parent.is_dir() else ""


def _load_file(path: Path, declared: Mapping[str, str]) -> tuple[pa.Table, dict[str, str]]:
    match format_of(path):
        case Format.PARQUET:
            return _load_parquet(path), {}
        case Format.EXCEL:
            from fidelia.data.excel import load_excel

            return load_excel(path), {}
        case Format.JSON | Format.JSONL:
            from fidelia.data.text import load_json

            loaded = load_json(path)
        case _:
            from fidelia.data.text import load_delimited

            loaded = load_delimited(path, _said_numbers(declared))
    return loaded.arrow, loaded.notes


def _said_numbers(declared: Mapping[str, str]) -> frozenset[str]:
    return frozenset(name for name, kind in declared.items() if kind in (Kind.NUMBER, Kind.INTEGER))


def _load_parquet(path: Path, *, rows: bool = True) -> pa.Table:
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            refuse_twins(file.schema_arrow.names)
            return _plain_index(file.read() if rows else file.schema_arrow.empty_table())
    except (pa.ArrowInvalid, OSError) as error:
        raise ReadError(f"{path}: is no parquet file that can be read ({error})") from error
    except ReadError as error:
        raise ReadError(f"{path}: {error}") from error


def _plain_index(arrow: pa.Table) -> pa.Table:
    """Drop the nameless index that pandas stored, and make a named one an ordinary column."""
    import json

    metadata = dict(arrow.schema.metadata or {})
    if b"pandas" not in metadata:
        return arrow
    said = json.loads(metadata[b"pandas"])
    nameless = [name for name in arrow.column_names if name.startswith("__index_level_") and name.endswith("__")]
    said["index_columns"] = []
    said["columns"] = [column for column in said["columns"] if column["field_name"] not in nameless]
    return arrow.drop_columns(nameless).replace_schema_metadata({**metadata, b"pandas": json.dumps(said).encode()})


def _regular(arrow: pa.Table) -> pa.Table:
    """Make NaN missing, and bring layouts that few libraries know to the usual ones."""
    columns = [_usual(column) for column in arrow.columns]
    fields = [field.with_type(column.type) for field, column in zip(arrow.schema, columns, strict=True)]
    return pa.table(columns, schema=pa.schema(fields, metadata=arrow.schema.metadata))


def _usual(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return missing for NaN, words for views of words, and dictionaries without missing among their levels."""
    kind = values.type
    if pa.types.is_floating(kind):
        nan = pc.is_nan(values.cast(pa.float32()) if pa.types.is_float16(kind) else values)
        return pc.if_else(nan, pa.scalar(None, kind), values) if pc.any(nan).as_py() else values
    if str(kind) == "string_view":
        return values.cast(pa.string())
    if pa.types.is_dictionary(kind) and any(chunk.dictionary.null_count for chunk in values.chunks):
        return values.cast(kind.value_type).dictionary_encode()
    return values


def _described(
    arrow: pa.Table,
    flavour: Flavour,
    notes: Mapping[str, str],
    target: str | None,
    kinds: Mapping[str, str] | None,
    schema: Schema | None,
) -> Table:
    if schema is None:
        guessed = infer(arrow, target=target, kinds=kinds)
        return Table(arrow, _with_notes(guessed, notes), flavour)
    said = schema.with_kinds(kinds or {})
    if target is not None and target not in said:
        raise SchemaError(f"no column {target!r} to be the target{closest(target, said.names)}")
    return conform(arrow, said if target is None else said.with_target(target), flavour)


def conform(arrow: pa.Table, schema: Schema, flavour: Flavour = "pandas") -> Table:
    """Put columns in the order of `schema` and under it.

    Raises
    ------
    SchemaError
        When columns are missing or not expected.
    """
    missing = [name for name in schema.names if name not in arrow.column_names]
    extra = [name for name in arrow.column_names if name not in schema]
    if missing or extra:
        said = [f"column {name!r} is missing{closest(name, extra)}" for name in missing]
        said += [f"column {name!r} is not expected" for name in extra]
        raise SchemaError(f"the columns do not fit the schema: {'; '.join(said)}")
    nullable = {name for name in schema.names if arrow.column(name).null_count}
    columns = tuple(replace(c, nullable=c.nullable or c.name in nullable) for c in schema)
    return Table(arrow.select(schema.names), Schema(columns), flavour)


def _with_notes(schema: Schema, notes: Mapping[str, str]) -> Schema:
    return Schema(tuple(replace(c, reason=f"{c.reason}; {notes[c.name]}") if c.name in notes else c for c in schema))
