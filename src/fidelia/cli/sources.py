"""Where rows come from: a file, or one of the small real tables that the package ships, by its name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from fidelia.progress import SILENT, Progress

if TYPE_CHECKING:
    from fidelia.data.table import Table


def table(source: Path, target: str | None, kinds: Mapping[str, str], progress: Progress = SILENT) -> Table:
    """Read the rows of a file or of a shipped sample, whose target is known.

    Raises
    ------
    ReadError, SchemaError, MissingExtra
        As `fidelia.data.read.read`.
    """
    from fidelia.data.read import read
    from fidelia.data.samples import located

    with progress.stage("read"):
        path, known = located(source)
        return read(path, target=target or known, kinds=kinds or None)
