"""model.fidelia: a fitted generator as a zip of JSON and arrays; no code, no training rows.

::

    manifest.json      format, version, generator, schema, protection, names and shapes of the arrays
    state.json         the generator's JSON values
    arrays/0000.npy    its arrays, in the manifest's order

The same model gives the same bytes. Reading trusts nothing: names, declared and actual sizes, shapes and types are
checked before and while bytes are unpacked, arrays of objects are refused, and whatever does not fit is a BundleError.
"""

from __future__ import annotations

import io
import json
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import fidelia
from fidelia.data.atomic import atomic
from fidelia.errors import BundleError, FideliaError, ReadError, UsageError
from fidelia.generate.catalog import Generator, State, find
from fidelia.generate.states import FAULTS
from fidelia.schema.schema import Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMAT = 1
MANIFEST, STATE = "manifest.json", "state.json"
LARGEST = 2**31
"""Most bytes that a bundle may unpack to."""
RATIO, FREE = 200, 2**24
"""Most bytes unpacked from one byte of a member, and the size below which the ratio does not matter."""
MEMBERS = 100_000
CHUNK = 2**20
KINDS = frozenset("biuf")


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a model file holds.

    Parameters
    ----------
    generator_name : str
        In the catalog.
    generator : Generator
        Fitted.
    schema : Schema
        Of the training table.
    about : mapping
        How the model came to be.
    """

    generator_name: str
    generator: Generator
    schema: Schema
    about: Mapping[str, Any] = field(default_factory=dict)


def save(
    path: str | Path,
    *,
    generator_name: str,
    generator: Generator,
    schema: Schema,
    about: Mapping[str, Any] | None = None,
) -> None:
    """Write a fitted generator to `path`, whole or not at all.

    Parameters
    ----------
    about : mapping or None
        JSON values: seed, rows, hash of the training table. Never rows.

    Raises
    ------
    NotApplicable
        When the generator is made of training rows (``noisy-copy``).
    WriteError
        When the file cannot be written.
    """
    state = generator.state()
    names = sorted(state.arrays)
    arrays = [np.ascontiguousarray(state.arrays[name]).reshape(state.arrays[name].shape) for name in names]
    manifest = {
        "format": FORMAT,
        "fidelia": fidelia.__version__,
        "generator": generator_name,
        "parameters": state.values.get("parameters", {}),
        "protection": _protection(state.values.get("coder", {})),
        "schema": json.loads(schema.to_json()),
        "about": dict(about or {}),
        "arrays": [
            {"name": name, "dtype": array.dtype.str, "shape": list(array.shape)}
            for name, array in zip(names, arrays, strict=True)
        ],
    }
    with atomic(path) as draft, zipfile.ZipFile(draft, "w") as file:
        _put(file, MANIFEST, _json(manifest))
        _put(file, STATE, _json(state.values))
        for i, array in enumerate(arrays):
            _put(file, _member(i), _npy(array))


def load(path: str | Path) -> Bundle:
    """Read what `save` wrote.

    Raises
    ------
    ReadError
        When there is no such file, or it cannot be opened.
    BundleError
        When it is damaged, unsafe or of an unknown format.
    """
    with _trusting(path):
        with Path(path).open("rb") as raw, zipfile.ZipFile(raw) as file:
            manifest, state = _read(file)
        schema = Schema.from_json(json.dumps(manifest["schema"]))
        name = str(manifest["generator"])
        generator = _find(name).restore(state)
        about = manifest["about"]
        if not isinstance(about, dict):
            raise BundleError(f"what it says about itself is {type(about).__name__}, not an object")
        if "coder" in state.values and state.values["coder"]["schema"] != manifest["schema"]:
            raise BundleError("its schema is not that of its coder")
    return Bundle(name, generator, schema, about)


def schema_of(path: str | Path) -> Schema:
    """Read the schema alone of what `save` wrote.

    Raises
    ------
    ReadError, BundleError
        As `load`.
    """
    with _trusting(path), Path(path).open("rb") as raw, zipfile.ZipFile(raw) as file:
        return Schema.from_json(json.dumps(_object(file, _members(file), MANIFEST)["schema"]))


@contextmanager
def _trusting(path: str | Path) -> Iterator[None]:
    """Say of whatever goes wrong while a model is read which file it is, and what to do."""
    try:
        yield
    except BundleError as error:
        raise BundleError(f"{path}: not a model that can be trusted: {error}. Fit and save it again") from error
    except OSError as error:
        raise ReadError(f"{path}: cannot be read ({error.strerror or error})") from error
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, NotImplementedError) as error:
        raise BundleError(f"{path}: not a whole model file ({error}). Fit and save it again") from error
    except (*FAULTS, MemoryError, FideliaError) as error:
        raise BundleError(f"{path}: the model does not fit together: {error!r}. Fit and save it again") from error


def _protection(coder: dict[str, Any]) -> dict[str, Any]:
    """What was done so that the model holds nothing of single rows."""
    k = coder.get("k")
    level = None if k is None else "raw" if k <= 1 or coder.get("rare") == "keep" else "protected"
    return {"k": k, "asked": coder.get("asked"), "rare": coder.get("rare"), "level": level}


def _find(name: str) -> type[Generator]:
    try:
        return find(name)
    except (UsageError, ImportError) as error:
        raise BundleError(f"its generator is not known here: {error}") from error


def _member(i: int) -> str:
    return f"arrays/{i:04d}.npy"


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain).encode()


def _plain(value: Any) -> Any:
    """Numpy's scalars, which may stand in `about`, as JSON knows them."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{value!r} is no JSON value")


def _npy(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def _put(file: zipfile.ZipFile, name: str, content: bytes) -> None:
    member = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    member.create_system = 3
    member.compress_type = zipfile.ZIP_DEFLATED
    file.writestr(member, content)


def _read(file: zipfile.ZipFile) -> tuple[dict[str, Any], State]:
    members = _members(file)
    manifest = _object(file, members, MANIFEST)
    if manifest.get("format") != FORMAT:
        raise BundleError(f"format {manifest.get('format')!r} is not known; this version reads {FORMAT}")
    said = manifest["arrays"]
    expected = {MANIFEST, STATE, *(_member(i) for i in range(len(said)))}
    if set(members) != expected:
        strange = sorted(set(members) ^ expected)
        raise BundleError(f"it holds or lacks unexpected members, first {strange[0]!r}")
    values = _object(file, members, STATE)
    arrays = {str(one["name"]): _array(file, members[_member(i)], one) for i, one in enumerate(said)}
    return manifest, State(values, arrays)


def _members(file: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The members by name, after their names and declared sizes were checked."""
    found = file.infolist()
    if len(found) > MEMBERS or len({one.filename for one in found}) != len(found):
        raise BundleError("it has too many members, or two of one name")
    for one in found:
        if one.filename.startswith("/") or ".." in one.filename or "\\" in one.filename or one.flag_bits & 1:
            raise BundleError(f"member {one.filename!r} has an unsafe name or is encrypted")
        if one.file_size > max(FREE, RATIO * one.compress_size):
            raise BundleError(f"member {one.filename!r} would unpack to {one.file_size:,} bytes: a zip bomb")
    if sum(one.file_size for one in found) > LARGEST:
        raise BundleError(f"it would unpack to more than {LARGEST:,} bytes")
    return {one.filename: one for one in found}


def _bytes(file: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Unpack a member in chunks, never beyond its declared size."""
    parts, size = [], 0
    with file.open(member) as stream:
        while chunk := stream.read(CHUNK):
            parts.append(chunk)
            size += len(chunk)
            if size > member.file_size:
                raise BundleError(f"member {member.filename!r} is larger than it declares")
    if size != member.file_size:
        raise BundleError(f"member {member.filename!r} is shorter than it declares")
    return b"".join(parts)


def _object(file: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], name: str) -> dict[str, Any]:
    if name not in members:
        raise BundleError(f"it has no {name}")
    try:
        found = json.loads(_bytes(file, members[name]).decode(), parse_constant=_refuse)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise BundleError(f"{name} is no JSON document ({error})") from error
    if not isinstance(found, dict):
        raise BundleError(f"{name} is {type(found).__name__}, not an object")
    return found


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


def _array(file: zipfile.ZipFile, member: zipfile.ZipInfo, said: dict[str, Any]) -> NDArray[Any]:
    """Read one array; its header must say what the manifest says, and the bytes must be neither more nor fewer."""
    content = io.BytesIO(_bytes(file, member))
    version = np.lib.format.read_magic(content)
    if version != (1, 0):
        raise BundleError(f"{member.filename} is of npy version {version}")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(content, max_header_size=10_000)
    if dtype.kind not in KINDS or dtype.hasobject or fortran or dtype.fields is not None:
        raise BundleError(f"{member.filename} holds {dtype}, which is no plain array of numbers")
    if dtype.str != said["dtype"] or list(shape) != said["shape"]:
        raise BundleError(f"{member.filename} is {dtype.str}{list(shape)}, not {said['dtype']}{said['shape']}")
    rest = content.read()
    if len(rest) != dtype.itemsize * int(np.prod(shape, dtype=object)):
        raise BundleError(f"{member.filename} has {len(rest):,} bytes, which do not fill {list(shape)}")
    return np.frombuffer(rest, dtype).reshape(shape)
