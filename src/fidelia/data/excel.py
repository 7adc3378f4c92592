"""Excel workbooks to Arrow and back, through openpyxl."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from fidelia.data.spelling import Spelling, spell
from fidelia.data.table import refuse_twins
from fidelia.errors import MissingExtra, ReadError, WriteError

MAX_ROWS = 1_048_576


def load_excel(path: Path) -> pa.Table:
    """Read the first sheet of a workbook; its first row names the columns.

    Raises
    ------
    ReadError
        When it is no workbook, has no rows, or names a column twice.
    MissingExtra
        When openpyxl is not installed.
    """
    rows = _rows(path)
    if not rows or all(cell is None for cell in rows[0]):
        raise ReadError(f"{path}: the first sheet is empty; it needs a row of column names and rows below it")
    names = ["" if cell is None else str(cell) for cell in rows[0]]
    refuse_twins(names)
    body = [row for row in rows[1:] if any(cell is not None for cell in row)]
    return pa.table([_column([row[at] for row in body]) for at in range(len(names))], names=names)


def _rows(path: Path) -> list[tuple[Any, ...]]:
    openpyxl = _openpyxl()
    from zipfile import BadZipFile

    try:
        with closing(openpyxl.load_workbook(path, read_only=True, data_only=True)) as book:
            rows = list(book.worksheets[0].iter_rows(values_only=True))
    except (BadZipFile, KeyError, openpyxl.utils.exceptions.InvalidFileException) as error:
        raise ReadError(f"{path}: is no Excel workbook ({error})") from error
    width = max((len(row) for row in rows), default=0)
    return [row + (None,) * (width - len(row)) for row in rows]


def _openpyxl() -> Any:
    try:
        import openpyxl
    except ImportError as error:
        raise MissingExtra("reading and writing Excel", "excel") from error
    return openpyxl


def _column(cells: list[Any]) -> pa.Array:
    """Make one type of a column's cells: days if all times are midnights, words if the types are mixed."""
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds == {datetime} and all(cell is None or cell.time() == time() for cell in cells):
        return pa.array(cells, pa.timestamp("s")).cast(pa.date32())
    if kinds == {datetime}:
        return pa.array(cells, pa.timestamp("ms"))
    if kinds <= {int, float}:
        return pa.array([float(cell) if float in kinds and cell is not None else cell for cell in cells])
    if len(kinds) <= 1:
        return pa.array(cells)
    return pa.array([None if cell is None else str(cell) for cell in cells], pa.string())


@contextmanager
def excel_sink(draft: Path, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """Open a workbook that takes tables one after the other."""
    book = _openpyxl().Workbook(write_only=True)
    sheet = book.create_sheet("data")
    sheet.append(schema.names)
    written = 1

    def put(arrow: pa.Table) -> None:
        nonlocal written
        written += arrow.num_rows
        if written > MAX_ROWS:
            raise WriteError(f"a sheet of Excel holds {MAX_ROWS - 1:,} rows; write parquet or csv instead")
        for row in zip(*(_cells(arrow.column(field.name), field) for field in schema), strict=True):
            sheet.append(row)

    try:
        yield put
    except BaseException:
        sheet.close()  # else its generator complains when it is collected
        raise
    book.save(draft)


def _cells(values: pa.ChunkedArray, field: pa.Field) -> list[Any]:
    """Return the cells of a column; Excel knows no time zones and no exact numbers beyond 15 digits."""
    kind = field.type
    if (pa.types.is_timestamp(kind) and kind.tz) or _beyond_excel(values):
        return list(spell(values, Spelling.of(field)).to_pylist())
    if pa.types.is_timestamp(kind):
        values = values.cast(pa.timestamp("us"), safe=False)
    return list(values.to_pylist())


def _beyond_excel(values: pa.ChunkedArray) -> bool:
    if not pa.types.is_integer(values.type) or not len(values):
        return False
    ends = pc.min_max(values).as_py()
    return any(end is not None and abs(end) >= 10**15 for end in ends.values())
