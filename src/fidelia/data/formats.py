"""The file formats, by the ending of a name."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from fidelia.errors import ReadError


class Format(StrEnum):
    """How rows are laid out in a file."""

    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    JSONL = "jsonl"
    PARQUET = "parquet"
    EXCEL = "excel"

    @property
    def is_text(self) -> bool:
        """Whether people can read the file in an editor."""
        return self not in (Format.PARQUET, Format.EXCEL)


_ENDINGS = {
    ".csv": Format.CSV,
    ".tsv": Format.TSV,
    ".tab": Format.TSV,
    ".json": Format.JSON,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".parquet": Format.PARQUET,
    ".pq": Format.PARQUET,
    ".xlsx": Format.EXCEL,
    ".xlsm": Format.EXCEL,
}
_PACKED = {".gz": "gzip", ".zst": "zstd"}


def format_of(path: Path) -> Format:
    """Return the format that the ending of `path` names.

    Raises
    ------
    ReadError
        When the ending is not known.
    """
    endings = [ending.lower() for ending in path.suffixes]
    if endings and endings[-1] in _PACKED:
        endings.pop()
    found = _ENDINGS.get(endings[-1]) if endings else None
    if found is None or (packing(path) and not found.is_text):
        shown = "".join(path.suffixes[-2:]) or "no ending"
        raise ReadError(
            f"{path}: a file with {shown!r} is not known; the endings are {', '.join(_ENDINGS)} "
            f"(text formats also with {' or '.join(_PACKED)})"
        )
    return found


def packing(path: Path) -> str | None:
    """Return the compression that the ending of `path` names: ``"gzip"``, ``"zstd"`` or None."""
    return _PACKED.get(path.suffix.lower())


def ending_of(path: Path) -> str:
    """Return what a table is written with to be like the one at `path`: ``".csv.gz"``; ``".parquet"`` without any."""
    return "".join(path.suffixes[-2:] if packing(path) else path.suffixes[-1:]).lower() or ".parquet"
