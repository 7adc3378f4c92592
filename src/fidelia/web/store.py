"""The folders of a server: data sets and runs. They are the whole truth; there is no database.

::

    FOLDER/data/<id>/    data.json, schema.json, the file itself when it was uploaded
    FOLDER/runs/<id>/    run.json       what was asked; written once, by the server
                         recipe.toml    the same as the worker reads it
                         process.json   who works on it; written once, by the worker
                         progress.jsonl stages, a line a step; the worker's
                         log.txt        what the worker said
                         stop           somebody asked to cancel; the server's
                         end.json       how it ended; the worker's, or the server's once the worker is gone
                         out/           exactly what `fidelia run` writes

Each file has one writer, so nothing needs a lock. A folder takes its name when it is whole: one that begins with a dot
is half made, or half deleted, and is swept away when the next server starts.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from secrets import choice
from typing import TYPE_CHECKING, Any, Literal

from fidelia.data.atomic import atomic
from fidelia.errors import UsageError

if TYPE_CHECKING:
    from fidelia.workflow.recipe import Recipe

Status = Literal["queued", "running", "done", "failed", "cancelled"]
Origin = Literal["upload", "path", "sample"]
ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
ID = re.compile(r"[a-z0-9]{12}")
FILES = ("report.html", "results.json", "audit.parquet", "model.fidelia", "recipe.toml")
"""What a run writes beside its synthetic rows, whose ending is that of the real ones."""


class Unknown(UsageError):  # noqa: N818 - reads as what it is
    """There is no data set or run of this id."""


class NotAllowed(UsageError):  # noqa: N818 - reads as what it is
    """A path that the server was not started to read."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """One file of real rows.

    Parameters
    ----------
    id, name : str
        Its id, and what people call it.
    path : Path
        Where the file is.
    bytes : int
        Its size.
    origin : {"upload", "path", "sample"}
        How it came here.
    created : str
        When, in ISO 8601, UTC.
    folder : Path
        Its place in the store.
    """

    id: str
    name: str
    path: Path
    bytes: int
    origin: Origin
    created: str
    folder: Path

    def schema(self) -> dict[str, Any]:
        """Return what was seen when it was added: ``{"rows", "target", "columns": [...]}``."""
        return dict(read_json(self.folder / "schema.json") or {})


@dataclass(frozen=True, slots=True)
class Run:
    """One run, as its folder says.

    Parameters
    ----------
    id, name, dataset : str
        Its id, what people call it, and the id of its data set.
    created : str
        When it was asked for; as `started` and `ended` in ISO 8601, UTC.
    request : dict
        What was asked.
    folder : Path
        Its place in the store.
    status : {"queued", "running", "done", "failed", "cancelled"}
        Where it stands.
    started, ended : str or None
        When work began and ended.
    error : str or None
        Why it failed, in words.
    pid : int or None
        The process that works, or worked, on it.
    birth : str or None
        When that process started, as the system says it: ids of processes are used again.
    stopping : bool
        Whether somebody asked to cancel it.
    """

    id: str
    name: str
    dataset: str
    created: str
    request: dict[str, Any]
    folder: Path
    status: Status = "queued"
    started: str | None = None
    ended: str | None = None
    error: str | None = None
    pid: int | None = None
    birth: str | None = None
    stopping: bool = False

    @property
    def out(self) -> Path:
        """The folder of its results."""
        return self.folder / "out"

    @property
    def over(self) -> bool:
        """Whether nothing will change any more."""
        return self.status not in ("queued", "running")

    def document(self) -> dict[str, Any] | None:
        """Return results.json, once it is there."""
        return read_json(self.out / "results.json")

    def synthetic(self) -> Path | None:
        """Return the file of its synthetic rows, once it is there."""
        return next(iter(sorted(self.out.glob("synthetic.*"))), None)

    def files(self) -> list[str]:
        """Return the names of the files that it has written, of those that a run writes."""
        rows = self.synthetic()
        return [name for name in (*([rows.name] if rows else []), *FILES) if (self.out / name).is_file()]

    def progress(self) -> list[dict[str, Any]]:
        """Return its stages in order: ``{"step", "stage", "done", "total", "state", "began", "t"}``, times in seconds.

        `total` is None where it is not known; `state` is "open" or "closed".
        """
        stages: dict[int, dict[str, Any]] = {}
        with suppress(OSError):
            fold(stages, (self.folder / "progress.jsonl").read_bytes())
        return list(stages.values())

    def log(self, characters: int = 4000) -> str:
        """Return the end of what its worker said."""
        try:
            with (self.folder / "log.txt").open("rb") as file:
                file.seek(max(0, file.seek(0, 2) - 4 * characters))
                return file.read().decode("utf-8", "replace")[-characters:]
        except OSError:
            return ""


@dataclass(frozen=True, slots=True)
class Store:
    """The folder of a server.

    Parameters
    ----------
    folder : Path
        Made when it is not there.
    """

    folder: Path
    data: Path = field(init=False)
    work: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", self.folder.resolve() / "data")
        object.__setattr__(self, "work", self.folder.resolve() / "runs")
        for place in (self.data, self.work):
            place.mkdir(parents=True, exist_ok=True, mode=0o700)

    def datasets(self) -> list[Dataset]:
        """Return all data sets, the newest first."""
        found = (_dataset(place) for place in self.data.iterdir() if ID.fullmatch(place.name))
        return sorted((d for d in found if d), key=lambda d: (d.created, d.id), reverse=True)

    def runs(self) -> list[Run]:
        """Return all runs, the newest first."""
        found = (_run(place) for place in self.work.iterdir() if ID.fullmatch(place.name))
        return sorted((r for r in found if r), key=lambda r: (r.created, r.id), reverse=True)

    def dataset(self, id_: str) -> Dataset:
        """Return a data set.

        Raises
        ------
        Unknown
            When there is none of this id.
        """
        if (found := _dataset(_place(self.data, id_, "data set"))) is None:
            raise Unknown(f"there is no data set {id_}")
        return found

    def run(self, id_: str) -> Run:
        """Return a run.

        Raises
        ------
        Unknown
            When there is none of this id.
        """
        if (found := _run(_place(self.work, id_, "run"))) is None:
            raise Unknown(f"there is no run {id_}")
        return found

    def add_run(self, dataset: Dataset, request: dict[str, Any], name: str, recipe: Recipe) -> Run:
        """Write down a new run, which then waits in line."""
        asked = {"name": name, "dataset": dataset.id, "created": now(), "request": request}
        with made(self.work) as (id_, place):
            recipe.save(place / "recipe.toml")
            write_json(place / "run.json", asked)
        return self.run(id_)

    def remove(self, place: Path) -> None:
        """Delete the folder of a data set or a run; at once for everybody else, whatever its size."""
        leaving = place.with_name(f".old-{place.name}")
        place.rename(leaving)
        shutil.rmtree(leaving, ignore_errors=True)

    def sweep(self) -> None:
        """Delete what a crash left half made or half deleted."""
        for parent in (self.data, self.work):
            for place in (*parent.glob(".new-*"), *parent.glob(".old-*")):
                shutil.rmtree(place, ignore_errors=True)


@contextmanager
def made(parent: Path) -> Iterator[tuple[str, Path]]:
    """Give a new id and a folder to fill, which takes its name when the block ends well and else is gone."""
    id_ = "".join(choice(ALPHABET) for _ in range(12))
    draft = parent / f".new-{id_}"
    draft.mkdir(mode=0o700)
    try:
        yield id_, draft
        draft.rename(parent / id_)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def now() -> str:
    """Return the time, in ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def write_json(place: Path, value: Any) -> None:
    """Write plain data, atomically."""
    with atomic(place) as draft:
        draft.write_text(json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1) + "\n", encoding="utf-8")


def read_json(place: Path) -> dict[str, Any] | None:
    """Return the object of a file, or None when there is none that can be read."""
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def fold(stages: dict[int, dict[str, Any]], text: bytes) -> list[dict[str, Any]]:
    """Bring stages, by step, up to the lines of a worker's progress, and return those that changed, as they are now."""
    changed: dict[int, dict[str, Any]] = {}
    for line in filter(None, map(_parsed, text.splitlines())):
        began = stages.get(line["step"], line).get("began", line["t"])
        changed[line["step"]] = stages[line["step"]] = line | {"began": began}
    return list(changed.values())


def _parsed(line: bytes) -> dict[str, Any] | None:
    """Return the object of a line, or None when it is none: the last one may be half written."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _place(parent: Path, id_: str, what: str) -> Path:
    """Return the folder of an id; the disk is not touched for what is no id."""
    if not ID.fullmatch(id_):
        raise Unknown(f"this is no id of a {what}: ids are 12 letters and digits")
    return parent / id_


def _dataset(place: Path) -> Dataset | None:
    said = read_json(place / "data.json") or {}
    if not said.keys() >= {"name", "path", "bytes", "origin", "created"} or not (place / "schema.json").is_file():
        return None
    return Dataset(place.name, folder=place, **said | {"path": place / said["path"]})


def _run(place: Path) -> Run | None:
    said = read_json(place / "run.json") or {}
    if not said.keys() >= {"name", "dataset", "created", "request"}:
        return None
    # the end is read first: a worker that ends between two reads must not look like one that is gone without a word
    end, process = read_json(place / "end.json") or {}, read_json(place / "process.json") or {}
    return Run(
        id=place.name,
        name=said["name"],
        dataset=said["dataset"],
        created=said["created"],
        request=said["request"],
        folder=place,
        status=end.get("status") or ("running" if process else "queued"),
        started=process.get("started"),
        ended=end.get("ended"),
        error=end.get("error"),
        pid=process.get("pid"),
        birth=process.get("birth"),
        stopping=(place / "stop").exists(),
    )
