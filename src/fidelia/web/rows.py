"""Rows: the synthetic rows of a run with their verdicts, page by page, however many there are.

DuckDB reads the two files of a run where they lie. A page takes two steps: which rows (of the few columns that filter
and sort look at), then these rows whole; so a page of a million rows costs little more than one of a thousand.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from fidelia.data.read import read
from fidelia.data.text import literal
from fidelia.data.write import write_arrow
from fidelia.errors import ReadError, UsageError
from fidelia.web.filters import Column, Condition, Filter, column_of, condition

if TYPE_CHECKING:
    import duckdb

MEMORY = "512MB"
MOST_ROWS = 500
"""Rows of a page."""
_WORDS = ("VARCHAR", "ENUM", "DATE", "TIME", "INTERVAL", "UUID")
"""How the types begin whose values are shown as words; those of numbers and truth values are shown as they are."""
_POSITION = {"data": "data.file_row_number", "audit": "audit.row_id"}


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the rows that were asked for.

    Parameters
    ----------
    columns : tuple of Column
        Those of the data, then those of the audit.
    positions : tuple of int
        Where each row stands in the synthetic table, from 0.
    rows : tuple of tuple
        Values in the order of the columns: text, number, truth value or None.
    total : int
        Rows of all pages.
    page, pages : int
        Which page of how many, from 1.
    """

    columns: tuple[Column, ...]
    positions: tuple[int, ...]
    rows: tuple[tuple[Any, ...], ...]
    total: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows have each verdict and each reason; a row can have several reasons."""

    verdicts: Mapping[str, int]
    reasons: Mapping[str, int]


class Rows:
    """The audited rows in the folder that a run has written; close it, or use it in a ``with`` block.

    A shareable run's audit leaves out rows that repeat training rows: they are not shown here either. Columns of
    pictures and other values that are no text are left out.

    Parameters
    ----------
    out : Path
        Holds ``synthetic.*`` or ``audit.parquet``, or both.

    Raises
    ------
    ReadError
        When there is neither, or a file cannot be read.
    """

    def __init__(self, out: Path) -> None:
        import duckdb

        if not (places := _files(out)):
            raise ReadError("the run has written no rows")
        config = {"memory_limit": MEMORY, "temp_directory": ""}
        offline = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
        self._engine: duckdb.DuckDBPyConnection = duckdb.connect(":memory:", config=config | offline)
        self._engine.execute("SET TimeZone = 'UTC'")
        try:
            self._origins = [self._view(name, place) for name, place in places.items()]
            self.columns = {column.key: column for name in self._origins for column in self._described(name)}
        except duckdb.Error as error:
            self.close()
            raise ReadError(f"the rows cannot be read ({str(error).splitlines()[0]})") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files."""
        self._engine.close()

    def page(
        self,
        wanted: Filter | None = None,
        *,
        sort: str = "",
        descending: bool = False,
        page: int = 1,
        size: int = 50,
    ) -> Page:
        """Return one page of the rows of a filter.

        Parameters
        ----------
        wanted : Filter or None
            None for all rows.
        sort : str
            Key of a column; empty for the order of the file. Missing values come last, ties in the file's order.
        descending : bool
            From large to small.
        page, size : int
            From 1; at most `MOST_ROWS` rows. Beyond the last page comes the last one.

        Raises
        ------
        UsageError
            When a column does not exist, a value does not fit its column, or `page` or `size` is out of range.
        """
        if page < 1 or not 1 <= size <= MOST_ROWS:
            raise UsageError(f"page = {page}, size = {size}: pages count from 1 and have 1 to {MOST_ROWS} rows")
        kept = condition(wanted or Filter(), self.columns)
        order = [column_of(self.columns, sort)] if sort else []
        total = self._count(kept)
        pages = max(1, math.ceil(total / size))
        page = min(page, pages)
        positions = self._positions(kept, order, descending, size, (page - 1) * size)
        return Page(tuple(self.columns.values()), positions, self._rows(positions), total, page, pages)

    def tally(self) -> Tally:
        """Count verdicts and reasons over all rows, most frequent first."""
        if "audit" not in self._origins:
            return Tally({}, {})
        return Tally(self._counted("verdict"), self._counted("unnest(string_split(reasons, ','))"))

    def _counted(self, what: str) -> dict[str, int]:
        named = f"SELECT {what} AS said FROM audit"
        sql = f"SELECT said, count(*) AS n FROM ({named}) WHERE said <> '' GROUP BY said ORDER BY n DESC, said"
        return dict(self._run(sql))

    def _count(self, kept: Condition) -> int:
        sql = f"SELECT count(*) FROM {self._source(kept.origins)} WHERE {kept.sql}"
        return int(self._run(sql, kept.values)[0][0])

    def _positions(
        self, kept: Condition, order: Sequence[Column], descending: bool, size: int, skip: int
    ) -> tuple[int, ...]:
        origins = kept.origins | {column.origin for column in order}
        position = _POSITION[self._leading]
        by = [f"{column.sql} {'DESC' if descending else 'ASC'} NULLS LAST" for column in order]
        by.append(f"{position} {'DESC' if descending and not order else 'ASC'}")
        sql = f"SELECT {position} FROM {self._source(origins)} WHERE {kept.sql} ORDER BY {', '.join(by)}"
        return tuple(row[0] for row in self._run(f"{sql} LIMIT ? OFFSET ?", (*kept.values, size, skip)))

    def _rows(self, positions: Sequence[int]) -> tuple[tuple[Any, ...], ...]:
        """Return whole rows in the order of their positions."""
        if not positions:
            return ()
        parts = [self._part(origin, positions) for origin in self._origins]
        return tuple(tuple(value for part in parts for value in part[at]) for at in positions)

    def _part(self, origin: str, positions: Sequence[int]) -> dict[int, list[Any]]:
        """Return what one file holds of some rows; without a join DuckDB skips most of it."""
        columns = [column.shown for column in self.columns.values() if column.origin == origin]
        marks = ", ".join("?" * len(positions))
        sql = f"SELECT {', '.join([_POSITION[origin], *columns])} FROM {origin} WHERE {_POSITION[origin]} IN ({marks})"
        return {row[0]: [_plain(value) for value in row[1:]] for row in self._run(sql, positions)}

    @property
    def _leading(self) -> str:
        """The file that says which rows there are: the audit, which may leave some out."""
        return "audit" if "audit" in self._origins else "data"

    def _source(self, origins: Iterable[str]) -> str:
        """Return the FROM clause that gives the columns of these files; rows are counted by the leading one."""
        needed = {self._leading, *origins}
        return "audit JOIN data ON audit.row_id = data.file_row_number" if len(needed) == 2 else self._leading

    def _view(self, name: str, place: Path) -> str:
        self._engine.read_parquet(literal(place), file_row_number=name == "data").create_view(name)
        return name

    def _described(self, name: str) -> list[Column]:
        """Return the columns of a file that can be shown."""
        made = (_column(name, column, kind) for column, kind, *_ in self._run(f"DESCRIBE {name}"))
        return [column for column in made if column is not None and column.key not in _POSITION.values()]

    def _run(self, sql: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one query; what a value cannot be cast to is the user's matter, all else the file's."""
        import duckdb

        try:
            found: list[tuple[Any, ...]] = self._engine.execute(sql, list(values)).fetchall()
        except (duckdb.ConversionException, duckdb.OutOfRangeException) as error:
            raise UsageError(f"the value does not fit its column ({str(error).splitlines()[0]})") from error
        except duckdb.Error as error:
            raise ReadError(f"the rows cannot be read ({str(error).splitlines()[0]})") from error
        return found


def _files(out: Path) -> dict[str, Path]:
    """Return the files of rows that a run has written, the data first, as parquet."""
    made = next(iter(sorted(out.glob("synthetic.*"))), None)
    data = None if made is None else _as_parquet(made)
    audit = out / "audit.parquet"
    return ({"data": data} if data else {}) | ({"audit": audit} if audit.is_file() else {})


def _as_parquet(place: Path) -> Path | None:
    """Return a table as parquet, written once beside the run's results; None for pictures."""
    if place.suffix == ".parquet":
        return place
    if place.is_dir() or place.suffix == ".npz":
        return None
    copy = place.parent.with_name("rows.parquet")
    if not copy.is_file() or copy.stat().st_mtime < place.stat().st_mtime:
        write_arrow(read(place).arrow, copy)
    return copy


def _column(origin: str, name: str, kind: str) -> Column | None:
    """Return a column of a file; lists of the audit are joined, other values that are no words are left out."""
    quoted = '"' + name.replace('"', '""') + '"'
    sql = f"{origin}.{quoted}"
    if kind == "VARCHAR[]":
        return Column(f"{origin}.{name}", name, "VARCHAR", f"array_to_string({sql}, ', ')")
    if kind.startswith("STRUCT(") and kind.endswith("[]") and origin == "audit":
        said = f"[part.column || ' (' || CAST(round(100 * part.contribution) AS INT) || ' %)' FOR part IN {sql}]"
        return Column(f"{origin}.{name}", name, "VARCHAR", f"array_to_string({said}, ', ')")
    made = Column(f"{origin}.{name}", name, kind, sql)
    whole = made.number or kind == "BOOLEAN" or (kind.startswith(_WORDS) and not kind.endswith("]"))
    return made if whole else None


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value
