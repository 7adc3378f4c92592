"""Where results go, checked before the work begins: hours of work must not end at a folder that cannot be written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from fidelia.errors import ReadError, WriteError

if TYPE_CHECKING:
    from fidelia.data.table import Table

FORMS = ("", ".npz", ".parquet")


def folder(path: Path) -> Path:
    """Check that `path` is, or can become, a folder that can be written to, and return it; nothing is made yet.

    Raises
    ------
    WriteError
        When it cannot be one.
    """
    there = next((p for p in (path, *path.parents) if p.exists()), path)
    try:
        handle, name = tempfile.mkstemp(prefix=".fidelia-", dir=there)
        os.close(handle)
        Path(name).unlink()
    except OSError as error:
        raise WriteError(f"{path}: cannot write here: {error.strerror}. Choose another place.") from error
    return path


def file(path: Path) -> Path:
    """Check that a file can be written at `path`, make its folder, and return it.

    Raises
    ------
    WriteError
        When it cannot.
    """
    if path.is_dir():
        raise WriteError(f"{path}: is a folder; name a file in it")
    folder(path.parent).mkdir(parents=True, exist_ok=True)
    return path


def table(path: Path) -> Path:
    """Check that a table can be written at `path`, in the format that its ending says, and return it.

    Raises
    ------
    ReadError, WriteError
        When the ending is not known, or nothing can be written there.
    """
    from fidelia.data.formats import format_of

    format_of(path)
    return file(path)


def form_of(source: Path) -> str:
    """Return the ending that pictures are written with to be like `source`: none for a folder, .npz for arrays."""
    if source.is_dir():
        return ""
    return source.suffix.lower() if source.suffix.lower() in FORMS else ".npz"


def pictures(path: Path) -> Path:
    """Check that pictures can be written at `path`, to a file or to a new folder, and return it.

    Raises
    ------
    WriteError
        When the name is that of a table, something stands there that a folder would not replace, or nothing can be
        written there.
    """
    if path.suffix in FORMS[1:]:
        return file(path)
    if _names_a_table(path):
        raise WriteError(f"{path}: pictures go to a folder, an .npz or a .parquet file; name one of these")
    if path.exists():
        raise WriteError(f"{path}: stands there already; name a new folder for the pictures")
    folder(path.parent).mkdir(parents=True, exist_ok=True)
    return path


def write_pictures(table: Table, path: Path) -> None:
    """Write the pictures of a table; a name that ends neither in .npz nor in .parquet is a new folder."""
    from fidelia.data.images.imageset import ImageSet
    from fidelia.data.images.write import write_images, write_new_folder

    (write_images if path.suffix in FORMS[1:] else write_new_folder)(ImageSet.of(table), path)


def _names_a_table(path: Path) -> bool:
    from fidelia.data.formats import format_of

    try:
        format_of(path)
    except ReadError:
        return False
    return True
