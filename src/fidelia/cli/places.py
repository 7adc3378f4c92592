"""Where results go, checked before the work begins: hours of work must not end at a folder that cannot be written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from fidelia.errors import WriteError


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
