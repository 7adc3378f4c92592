"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from fidelia.errors import WriteError


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, and put it in place of `path` when the block ends well.

    The temporary file has the same ending, so that libraries which look at the ending do the same as with `path`.
    After any failure, an interrupt included, what stood at `path` still stands and the temporary file is gone.

    Parameters
    ----------
    path : str or Path
        Where the file shall stand; its folder must exist.

    Raises
    ------
    WriteError
        When the file cannot be written: full disk, read-only folder, no such folder.
    """
    place = Path(path).resolve()
    draft = place.with_name(f".{token_hex(4)}.part.{place.name}"[-200:])
    try:
        _refuse(place)
        yield draft
        _settle(draft, place)
    except OSError as error:
        raise WriteError(
            f"{path}: cannot be written ({error.strerror or error}); nothing was changed. "
            "Choose a folder with room and permission to write"
        ) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _refuse(place: Path) -> None:
    if not place.parent.is_dir():
        raise WriteError(f"{place}: there is no folder {str(place.parent)!r}; make it first")
    if place.is_dir():
        raise WriteError(f"{place}: is a folder; name a file in it")


def _settle(draft: Path, place: Path) -> None:
    """Bring the bytes to the disk before the name points to them: a crash leaves the old file or the new one."""
    _sync(draft)
    draft.replace(place)
    with suppress(OSError):  # some file systems cannot sync a folder; the file itself is safe
        _sync(place.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
