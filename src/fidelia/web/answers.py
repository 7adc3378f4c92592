"""The bodies that the JSON API gives back."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from fidelia.schema.kinds import Kind, Role
from fidelia.web import store
from fidelia.web.asked import Id

Count = Annotated[int, Field(ge=0)]
Value = str | int | float | bool | None


class Answer(BaseModel):
    """A body without further fields."""

    model_config = ConfigDict(extra="forbid")


class Problem(Answer):
    """What is wrong: the kind, for programs, and the way out, for people."""

    kind: str
    message: str


class Fault(Answer):
    """The body of every answer that is an error."""

    error: Problem


class Dataset(Answer):
    """A file of real rows."""

    id: Id
    name: str
    bytes: Count
    origin: store.Origin
    created: str
    rows: Count
    columns: Count

    @classmethod
    def of(cls, dataset: store.Dataset) -> Self:
        """Return what is told of a data set."""
        schema = dataset.schema()
        return cls(
            id=dataset.id,
            name=dataset.name,
            bytes=dataset.bytes,
            origin=dataset.origin,
            created=dataset.created,
            rows=schema["rows"],
            columns=len(schema["columns"]),
        )


class Column(Answer):
    """A column as it was understood, with why and how surely, and what it holds."""

    name: str
    kind: Kind
    role: Role
    reason: str
    confidence: Annotated[float, Field(ge=0, le=1)]
    missing: Count
    distinct: Count
    examples: list[str]


class Schema(Answer):
    """What a data set holds."""

    rows: Count
    target: str | None
    columns: list[Column]


class Generator(Answer):
    """One that can be chosen; `extra` names the optional dependencies that it needs and that are not installed."""

    name: str
    summary: str
    extra: str | None


class Stage(Answer):
    """One stage of a run; times in seconds since it began. `total` is null where it is not known."""

    step: Annotated[int, Field(ge=1)]
    stage: str
    done: float
    total: float | None
    state: Literal["open", "closed"]
    began: float
    t: float


class Run(Answer):
    """A run; `files` are the names of what it has written so far."""

    id: Id
    name: str
    dataset: Id
    status: store.Status
    stopping: bool
    created: str
    started: str | None
    ended: str | None
    error: str | None
    request: dict[str, Any]
    files: list[str]

    @classmethod
    def of(cls, run: store.Run) -> Self:
        """Return what is told of a run."""
        told = {name: getattr(run, name) for name in Run.model_fields if name != "files"}
        return cls.model_validate(told | {"files": run.files()})


class RunInFull(Run):
    """A run with its stages, the verdict once there is one, and the end of its log."""

    progress: list[Stage]
    verdict: dict[str, Any] | None
    log: str

    @classmethod
    def of(cls, run: store.Run) -> Self:
        """Return all that is told of a run."""
        document = run.document() or {}
        more = {"progress": run.progress(), "verdict": document.get("verdict"), "log": run.log()}
        return cls.model_validate(Run.of(run).model_dump() | more)


class RowsColumn(Answer):
    """A column of rows with their verdicts; `key` is what filters and sorting name it by."""

    key: str
    name: str
    type: str


class Rows(Answer):
    """A page of synthetic rows with their verdicts; `positions` say where each stands in the synthetic table."""

    columns: list[RowsColumn]
    positions: list[Count]
    rows: list[list[Value]]
    total: Count
    page: Annotated[int, Field(ge=1)]
    pages: Annotated[int, Field(ge=1)]


class Comparison(Answer):
    """Runs side by side, as `fidelia.report.beside.to_dict` gives them; sides are named by the ids of the runs."""

    kind: Literal["comparison"]
    headline: str
    sentences: list[str]
    notes: list[str]
    sides: list[dict[str, Any]]
    lines: list[dict[str, Any]]


class PathRequest(BaseModel):
    """A file that the server was started to read, or the name of a shipped sample."""

    model_config = ConfigDict(extra="forbid")

    path: Annotated[str, Field(min_length=1, max_length=4000, examples=["adult"])]
