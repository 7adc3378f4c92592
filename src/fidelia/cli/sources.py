"""Where rows come from: a file, pictures, or one of the small real tables that the package ships, by its name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from fidelia.progress import SILENT, Progress

if TYPE_CHECKING:
    from fidelia.data.table import Table


def table(
    source: Path,
    target: str | None,
    kinds: Mapping[str, str],
    progress: Progress = SILENT,
    size: tuple[int, int] | None = None,
) -> Table:
    """Read the rows of a file or of a shipped sample, whose target is known, or pictures, brought to a size.

    Raises
    ------
    ReadError, SchemaError, MissingExtra
        As `fidelia.data.read.read`.
    """
    from fidelia.data.images.read import holds_pictures
    from fidelia.data.read import read
    from fidelia.data.samples import located
    from fidelia.workflow.pictures import picture_table

    with progress.stage("read"):
        if holds_pictures(source):
            return picture_table(source, size)
        path, known = located(source)
        return read(path, target=target or known, kinds=kinds or None)
