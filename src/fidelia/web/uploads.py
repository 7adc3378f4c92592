"""Data sets come from a browser, from a path that the server was started to allow, or from the shipped sample.

An upload is written while it comes, under a name of our own, and is refused as soon as it is too long. What unpacks to
more than the server allows is refused before it is read; it is then read once by a process of its own
(`fidelia.web.inspection`), which says what its columns are.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Literal

import pyarrow as pa
from fastapi.concurrency import run_in_threadpool
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from fidelia.data.formats import Format, ending_of, format_of, packing
from fidelia.data.samples import SAMPLES, sample_path
from fidelia.errors import FideliaError, ReadError, UsageError, WriteError
from fidelia.web.inspection import inspect
from fidelia.web.settings import OVERHEAD, Settings
from fidelia.web.store import Dataset, NotAllowed, Origin, Store, made, now, write_json

if TYPE_CHECKING:
    from starlette.requests import Request

FIELD = "file"
CHUNK = 1 << 20
LONGEST = 120
"""Characters of the name of a data set."""


class TooLarge(FideliaError):  # noqa: N818 - reads as what it is
    """More bytes than the server takes."""

    exit_code = 4


class BadForm(UsageError):  # noqa: N818 - reads as what it is
    """The body is no form with a file."""


class NotATable(ReadError):  # noqa: N818 - reads as what it is
    """The ending of a file is none of a table."""


async def receive(request: Request, store: Store, settings: Settings) -> Dataset:
    """Write the file of a form, field "file", to the store.

    Raises
    ------
    TooLarge
        When the file, or what it unpacks to, is larger than the server takes.
    NotATable
        When the ending of its name is not that of a table.
    BadForm
        When there is no such form.
    ReadError, SchemaError
        When it cannot be read as a table.
    WriteError
        When the disk is full.
    """
    boundary = _boundary(request)
    if _length(request) > settings.upload_limit + OVERHEAD:
        raise _too_large(settings)
    with made(store.data) as (id_, place):
        filename = await _written(request, place / "draft", boundary, settings)
        kept = (place / "draft").rename(place / f"table{_ending(filename)}")
        await run_in_threadpool(_admit, kept, place, shown_name(filename), "upload", settings)
    return store.dataset(id_)


async def _written(request: Request, draft: Path, boundary: bytes, settings: Settings) -> str:
    """Write the file of a form while it comes, and return the name that it came with."""
    try:
        with draft.open("wb") as file:
            form = _Form(boundary, file, settings)
            async for chunk in request.stream():
                form.feed(chunk)
        return form.close()
    except ClientDisconnect as error:
        raise BadForm("the connection was closed before the file was whole") from error
    except OSError as error:
        raise WriteError(
            f"the file cannot be kept ({error.strerror}); make room, or start the server elsewhere"
        ) from error


def from_path(text: str, store: Store, settings: Settings) -> Dataset:
    """Put a file that the server was started to allow, or a shipped sample by its name, into the store.

    Raises
    ------
    NotAllowed
        When it is neither, which is said of files that are not there as well.
    NotATable, ReadError, SchemaError, TooLarge
        When it cannot be read as a table.
    """
    path, origin = _allowed(text, settings)
    _ending(path.name)
    with made(store.data) as (id_, place):
        _admit(path, place, text if origin == "sample" else shown_name(path.name), origin, settings)
    return store.dataset(id_)


def still_allowed(dataset: Dataset, settings: Settings) -> bool:
    """Whether the file of a data set may be read: of one that was not uploaded, by what this server allows."""
    return dataset.origin != "path" or _inside(dataset.path, settings) is not None


def offered(settings: Settings, most: int = 200) -> list[str]:
    """Return the tables in the allowed folders themselves, as paths, for people to choose from."""
    there = (path for root in settings.allowed for path in (sorted(root.iterdir()) if root.is_dir() else [root]))
    good = (str(path) for path in there if _is_table(path.name) and _inside(path, settings))
    return list(islice(good, most))


def shown_name(filename: str) -> str:
    """Return the last part of a file's name without what cannot be printed, for people; never used as a path.

    Examples
    --------
    >>> shown_name("C:\\\\data\\\\..\\\\my table.csv"), shown_name("../../etc/passwd"), shown_name("\\x00")
    ('my table.csv', 'passwd', 'table')
    """
    last = PurePosixPath(filename.replace("\\", "/")).name
    printable = "".join(c for c in last if c.isprintable()).strip()
    return printable[-LONGEST:] or "table"


class _Form:
    """Takes a multipart form apart while it comes, and writes the file of one field."""

    def __init__(self, boundary: bytes, file: BinaryIO, settings: Settings) -> None:
        self.filename = ""
        self._file, self._settings = file, settings
        self._bytes = self._files = 0
        self._header, self._value, self._said = b"", b"", b""
        self._wanted = self._whole = False
        names: dict[str, Callable[..., None]] = {
            "on_part_begin": self._begin,
            "on_header_field": self._field,
            "on_header_value": self._more,
            "on_header_end": self._end_header,
            "on_headers_finished": self._decide,
            "on_part_data": self._data,
            "on_end": self._finish,
        }
        try:
            self._parser = MultipartParser(boundary, names)  # type: ignore[arg-type]
        except FormParserError as error:
            raise BadForm(f"the form cannot be read: {error}") from error

    def feed(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise BadForm(f"the form cannot be read: {error}") from error

    def close(self) -> str:
        """Return the name of the file that came."""
        if not self._whole:
            raise BadForm("the form ends too early; send it again")
        if self._files != 1:
            raise BadForm(f"{self._files} files came; send one, in the field {FIELD!r}")
        return self.filename

    def _finish(self) -> None:
        self._whole = True

    def _begin(self) -> None:
        self._header, self._value, self._said, self._wanted = b"", b"", b"", False

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _more(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._said = self._value
        self._header, self._value = b"", b""

    def _decide(self) -> None:
        _, options = parse_options_header(self._said)
        self._wanted = options.get(b"name") == FIELD.encode() and b"filename" in options
        if self._wanted:
            self._files += 1
            self.filename = options[b"filename"].decode("utf-8", "replace")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._wanted and self._files == 1:
            self._bytes += end - start
            if self._bytes > self._settings.upload_limit:
                raise _too_large(self._settings)
            self._file.write(data[start:end])


def _admit(path: Path, place: Path, name: str, origin: Origin, settings: Settings) -> None:
    """Check a file and describe it in the folder of its data set."""
    target, limit = SAMPLES.get(name) if origin == "sample" else None, settings.unpacked_limit
    refuse_bombs(path, limit, name)
    schema = inspect(path, name, target=target, limit=limit)
    write_json(place / "schema.json", schema)
    where = path.name if origin == "upload" else str(path)
    size = path.stat().st_size
    said = {"name": name, "path": where, "bytes": size, "origin": origin, "created": now()}
    write_json(place / "data.json", said)


def refuse_bombs(path: Path, limit: int, name: str) -> None:
    """Refuse a file, called `name`, that unpacks to more than `limit` bytes, without unpacking more than that.

    Raises
    ------
    TooLarge
        When it does.
    ReadError
        When it cannot be unpacked.
    """
    form = format_of(path)
    try:
        if form is Format.EXCEL:
            with zipfile.ZipFile(path) as book:
                size = sum(member.file_size for member in book.infolist())  # zipfile reads no member beyond it
        elif form is Format.PARQUET:
            size = _decoded(path)
        else:
            size = _unpacked(path, limit)
    except (zipfile.BadZipFile, pa.ArrowException, OSError, EOFError, zlib.error) as error:
        raise ReadError(f"{name}: cannot be unpacked ({error})") from error
    if size > limit:
        raise TooLarge(f"{name}: unpacks to more than {_megabytes(limit)}, the most that this server reads")


def _decoded(path: Path) -> int:
    """Return the least that the values of a parquet file take: a byte each, however well they are packed."""
    import pyarrow.parquet as pq

    about = pq.read_metadata(path)
    packed = sum(about.row_group(at).total_byte_size for at in range(about.num_row_groups))
    return int(max(about.num_rows * about.num_columns, packed))


def _unpacked(path: Path, limit: int) -> int:
    """Return the unpacked size of a text file, or a size above `limit` as soon as it is."""
    packed: Literal["gzip", "zstd"] | None = packing(path)  # type: ignore[assignment]
    if packed is None:
        return path.stat().st_size
    size = 0
    with pa.input_stream(str(path), compression=packed) as stream:
        while size <= limit and (chunk := stream.read(CHUNK)):
            size += len(chunk)
    return size


def _allowed(text: str, settings: Settings) -> tuple[Path, Origin]:
    if text in SAMPLES:
        return sample_path(text), "sample"
    found = _inside(Path(text), settings)
    if found is None:
        raise NotAllowed(f"{text}: is not among the files that this server may read; start it with --allow PATH")
    return found, "path"


def _inside(path: Path, settings: Settings) -> Path | None:
    """Return the file that a path leads to if it is allowed, links followed; relative ones start in allowed folders."""
    for root in settings.allowed:
        with suppress(OSError, ValueError, RuntimeError):  # too long, a NUL in it, a circle of links
            found = ((root if root.is_dir() else root.parent) / path).resolve()
            if found.is_relative_to(root) and found.is_file():
                return found
    return None


def _ending(filename: str) -> str:
    """Return the ending that a table is stored with.

    Raises
    ------
    NotATable
        When it is not that of a table.
    """
    place = Path(shown_name(filename))
    try:
        format_of(place)
    except ReadError as error:
        raise NotATable(str(error)) from error
    return ending_of(place)


def _is_table(filename: str) -> bool:
    try:
        format_of(Path(filename))
    except ReadError:
        return False
    return True


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise BadForm(f"send the file as multipart/form-data, in the field {FIELD!r}")
    return options[b"boundary"]


def _length(request: Request) -> int:
    said = request.headers.get("content-length", "")
    return int(said) if said.isascii() and said.isdecimal() else 0


def _too_large(settings: Settings) -> TooLarge:
    return TooLarge(
        f"the file is larger than {_megabytes(settings.upload_limit)}, the most that this server takes; start it with "
        "--upload-limit, or with --allow PATH and name the path"
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB" if size >= 1e6 else f"{size:,} bytes"
