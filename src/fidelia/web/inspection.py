"""What a file holds: its columns as fidelia understands them, found by a process of its own.

A file that somebody sends may be made to take all memory, or for ever, when it is read. The process that reads it has
limits, and takes nothing else with it: ``python -m fidelia.web.inspection PATH TARGET``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fidelia.errors import FideliaError, MissingExtra, ReadError

if TYPE_CHECKING:
    from fidelia.data.table import Table

SECONDS = 600
MEMORY = 4_000_000_000
"""Bytes of addresses that reading may take, beside four times what a file may unpack to."""
EXAMPLES = 5
LONGEST = 80
"""Characters that are shown of a value."""


def inspect(path: Path, name: str, *, target: str | None, limit: int) -> dict[str, Any]:
    """Return what a file holds: ``{"rows", "target", "columns": [...]}``.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        What people call it.
    target : str or None
        The column to predict, where that is known.
    limit : int
        Bytes that it may unpack to.

    Raises
    ------
    ReadError
        When it cannot be read as a table, or takes too much memory or time.
    """
    asked = [sys.executable, "-P", "-m", "fidelia.web.inspection", str(path), target or "", str(MEMORY + 4 * limit)]
    try:
        done = subprocess.run(asked, capture_output=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as error:
        raise ReadError(f"{name}: reading it takes more than {SECONDS} s; give a part of its rows") from error
    try:
        said: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise ReadError(f"{name}: cannot be read; it is damaged, or takes too much memory") from None
    if "error" in said:
        raise ReadError(str(said["error"]).replace(str(path), name).replace(path.name, name))
    return said


def seen(table: Table) -> dict[str, Any]:
    """Return what the columns of a table are, with what they hold."""
    import pyarrow.compute as pc

    columns = []
    for column in table.schema:
        values = table[column.name]
        columns.append(
            {
                "name": column.name,
                "kind": str(column.kind),
                "role": str(column.role),
                "reason": column.reason,
                "confidence": column.confidence,
                "missing": values.null_count,
                "distinct": int(pc.count_distinct(values).as_py()),
                "examples": [str(value)[:LONGEST] for value in _first(values)],
            }
        )
    return {"rows": len(table), "target": table.schema.target, "columns": columns}


def _first(values: Any) -> list[Any]:
    """Return the first few different values of a column."""
    found: dict[str, Any] = {}
    for value in values[:1000].drop_null().to_pylist():
        found.setdefault(str(value), value)
        if len(found) == EXAMPLES:
            break
    return list(found.values())


def _limited(memory: int) -> None:
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_AS)
    with suppress(ValueError, OSError):  # macOS has the name and not the limit
        resource.setrlimit(resource.RLIMIT_AS, (memory if most == resource.RLIM_INFINITY else min(memory, most), most))


def _read(path: Path, target: str | None) -> dict[str, Any]:
    from fidelia.data.images.read import holds_pictures
    from fidelia.data.read import read

    if holds_pictures(path):
        raise ReadError(f"{path.name}: holds pictures; the app is for tables, use: fidelia run")
    return seen(read(path, target=target))


def main(path: Path, target: str | None, memory: int) -> dict[str, Any]:
    """Return what a file holds, or why it cannot be read."""
    _limited(memory)
    try:
        return _read(path, target)
    except MissingExtra as error:
        return {"error": f"{path.name}: {error}"}
    except FideliaError as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": f"{path.name}: takes too much memory to read; give a part of its rows"}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), sys.argv[2] or None, int(sys.argv[3]))))
