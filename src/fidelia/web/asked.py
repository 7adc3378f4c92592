"""What can be asked of a server: the body of a new run, and the recipe that it means."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from fidelia.errors import SchemaError, UsageError
from fidelia.generate import catalog
from fidelia.schema.kinds import Kind
from fidelia.schema.schema import closest
from fidelia.web.store import Dataset
from fidelia.workflow.recipe import AUTO, Recipe

Id = Annotated[str, Field(pattern=r"^[a-z0-9]{12}$", examples=["k3v9x0c2mq7a"])]
Name = Annotated[str, Field(min_length=1, max_length=1000)]
Setting = bool | int | Annotated[float, Field(allow_inf_nan=False)] | Annotated[str, Field(max_length=1000)]
WEEK = 7 * 24 * 3600.0
MOST_ROWS = 100_000_000


class RunRequest(BaseModel):
    """A run to be made: what `fidelia run` takes.

    `kinds` corrects guessed kinds by column; groups of `sensitive` columns are to be treated alike; `parameters` are
    settings of the generator; `time_limit` is in seconds, and networks learn no longer; `rows` are drawn, by default as
    many as were learnt from.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    dataset: Id
    name: Annotated[str, Field(max_length=200)] | None = None
    target: Name | None = None
    kinds: Annotated[dict[Name, Kind], Field(max_length=10_000)] = {}
    sensitive: Annotated[list[Name], Field(max_length=100)] = []
    generator: Annotated[str, Field(min_length=1, max_length=100)] = catalog.DEFAULT
    parameters: Annotated[dict[Name, Setting], Field(max_length=100)] = {}
    time_limit: Annotated[float, Field(gt=0, le=WEEK)] | None = None
    rows: Annotated[int, Field(ge=1, le=MOST_ROWS)] | None = None
    holdout: Annotated[float, Field(gt=0, le=0.9)] = 0.2
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    edition: Literal["shareable", "internal"] = "shareable"

    @property
    def title(self) -> str:
        """The name of the run: the one given, or generator and seed."""
        return (self.name or "").strip() or f"{self.generator}, seed {self.seed}"


def recipe(request: RunRequest, dataset: Dataset) -> Recipe:
    """Return what a run will do, with everything checked that can be without reading the rows.

    Raises
    ------
    SchemaError
        When a column is not there.
    UsageError, MissingExtra
        When there is no such generator or setting, or it is not installed.
    """
    names = [column["name"] for column in dataset.schema()["columns"]]
    columns = [("kind", column) for column in request.kinds] + [("sensitive", column) for column in request.sensitive]
    for what, name in [("target", request.target), *columns]:
        if name is not None and name not in names:
            raise SchemaError(f"{what}: no column {name!r}{closest(name, names)}")
    if request.target in request.sensitive:
        raise UsageError(f"sensitive: column {request.target!r} is the target; choose others")
    if request.generator != AUTO:
        _known(request.generator, request.parameters)
    return Recipe(
        source=str(dataset.path),
        target=request.target,
        kinds={column: str(kind) for column, kind in request.kinds.items()},
        sensitive=list(request.sensitive),
        holdout=request.holdout,
        generator=request.generator,
        parameters=dict(request.parameters),
        n=request.rows,
        seed=request.seed,
        time_limit=request.time_limit,
        edition=request.edition,
    )


def _known(name: str, parameters: dict[str, Any]) -> None:
    """Refuse a generator that is not there; the settings of networks are left to the worker, for they need torch."""
    entry = catalog.known(catalog.suited(name, pictures=False))
    if parameters and entry.extra is None:
        catalog.create(name, **parameters)
