"""The JSON API: everything that the pages do, for programs."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Security
from fastapi.responses import FileResponse, Response, StreamingResponse
from fastapi.security import HTTPBearer

from fidelia.generate import catalog
from fidelia.web import answers, uploads
from fidelia.web.asked import Id, RunRequest
from fidelia.web.events import OVER, events
from fidelia.web.faults import documented
from fidelia.web.filters import MOST_COMPARISONS, MOST_TEXT, Filter
from fidelia.web.jobs import Busy, Jobs
from fidelia.web.rows import MOST_ROWS, Rows
from fidelia.web.settings import Settings
from fidelia.web.store import Store, Unknown
from fidelia.workflow.recipe import AUTO, RACE

bearer = HTTPBearer(auto_error=False, description="The token of the server; pages have a cookie instead.")
router = APIRouter(prefix="/api", responses=documented(), dependencies=[Security(bearer)])  # the guard looks at it
ThisId = Annotated[str, Path(alias="id", pattern=r"^[a-z0-9]{12}$")]
UPLOAD = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [uploads.FIELD],
                    "properties": {uploads.FIELD: {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}
EVENT = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"enum": ["progress", "status"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
        "id": {"const": OVER},
    },
}
SANDBOX = "sandbox allow-scripts allow-modals; frame-ancestors 'self'"
"""For the report: its own script runs, in an origin that is nobody's, so it cannot reach the app."""


def _settings(request: Request) -> Settings:
    found: Settings = request.app.state.settings
    return found


def _store(request: Request) -> Store:
    found: Store = request.app.state.store
    return found


def _jobs(request: Request) -> Jobs:
    found: Jobs = request.app.state.jobs
    return found


TheSettings = Annotated[Settings, Depends(_settings)]
TheStore = Annotated[Store, Depends(_store)]
TheJobs = Annotated[Jobs, Depends(_jobs)]


@router.get("/datasets")
def datasets(store: TheStore) -> list[answers.Dataset]:
    """List the data sets, the newest first."""
    return [answers.Dataset.of(dataset) for dataset in store.datasets()]


@router.post("/datasets", status_code=201, openapi_extra=UPLOAD, responses=documented(415, 507))
async def upload(request: Request, store: TheStore, settings: TheSettings) -> answers.Dataset:
    """Upload a table, as the field "file" of a form."""
    return answers.Dataset.of(await uploads.receive(request, store, settings))


@router.post("/datasets/path", status_code=201, responses=documented(415, 507))
def add_path(asked: answers.PathRequest, store: TheStore, settings: TheSettings) -> answers.Dataset:
    """Use a file that the server was started to read, or a shipped sample by its name; nothing is copied."""
    return answers.Dataset.of(uploads.from_path(asked.path, store, settings))


@router.get("/datasets/{id}", responses=documented(404))
def dataset(id_: ThisId, store: TheStore) -> answers.Dataset:
    """Tell of one data set."""
    return answers.Dataset.of(store.dataset(id_))


@router.delete("/datasets/{id}", status_code=204, responses=documented(404, 409))
def delete_dataset(id_: ThisId, jobs: TheJobs) -> None:
    """Delete a data set; a file that was not uploaded stays where it is."""
    jobs.delete_data(id_)


@router.get("/datasets/{id}/schema", responses=documented(404))
def schema(id_: ThisId, store: TheStore) -> answers.Schema:
    """Tell the columns of a data set as they were understood."""
    return answers.Schema(**store.dataset(id_).schema())


@router.get("/generators")
def generators() -> list[answers.Generator]:
    """List the generators of tables."""
    torch = find_spec("torch") is not None
    race = answers.Generator(name=AUTO, summary=RACE, extra=None)
    return [race, *(_generator(entry, torch) for entry in catalog.entries(pictures=False).values())]


@router.get("/runs")
def runs(store: TheStore) -> list[answers.Run]:
    """List the runs, the newest first."""
    return [answers.Run.of(run) for run in store.runs()]


@router.post("/runs", status_code=201, responses=documented(404, 507))
def submit(asked: RunRequest, jobs: TheJobs) -> answers.Run:
    """Put a run in line."""
    return answers.Run.of(jobs.submit(asked))


@router.get("/runs/{id}", responses=documented(404))
def run(id_: ThisId, store: TheStore) -> answers.RunInFull:
    """Tell of one run, with how far it is."""
    return answers.RunInFull.of(store.run(id_))


@router.delete("/runs/{id}", status_code=204, responses=documented(404, 409))
def delete_run(id_: ThisId, jobs: TheJobs) -> None:
    """Delete a run that is over, with its results."""
    jobs.delete(id_)


@router.post("/runs/{id}/cancel", responses=documented(404, 507))
def cancel(id_: ThisId, jobs: TheJobs) -> answers.Run:
    """Ask a run to stop; what is done is kept."""
    return answers.Run.of(jobs.cancel(id_))


@router.get(
    "/runs/{id}/events",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {"schema": EVENT}}, "description": "The events."},
        204: {"description": "The run is over, and you know."},
        **documented(404),
    },
)
async def progress(
    request: Request, id_: ThisId, store: TheStore, last: Annotated[str, Header(alias="Last-Event-ID")] = ""
) -> Response:
    """Follow a run: `progress` events, each a stage; `status` events; the stream ends with the run."""
    store.run(id_)
    if last == OVER:
        return Response(status_code=204)
    stream = events(store, id_, request.app.state.ends)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


@router.get("/runs/{id}/rows", responses=documented(404, 409))
def rows(
    id_: ThisId,
    store: TheStore,
    verdict: Annotated[list[str], Query(max_length=20)] = [],  # noqa: B006 - FastAPI copies it
    reason: Annotated[list[str], Query(max_length=50)] = [],  # noqa: B006
    text: Annotated[str, Query(max_length=MOST_TEXT)] = "",
    column: Annotated[list[str], Query(max_length=MOST_COMPARISONS)] = [],  # noqa: B006
    operator: Annotated[list[str], Query(max_length=MOST_COMPARISONS)] = [],  # noqa: B006
    value: Annotated[list[str], Query(max_length=MOST_COMPARISONS)] = [],  # noqa: B006
    sort: Annotated[str, Query(max_length=1000)] = "",
    order: Literal["up", "down"] = "up",
    page: Annotated[int, Query(ge=1, le=10**9)] = 1,
    size: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 50,
) -> answers.Rows:
    """Page through the synthetic rows with their verdicts.

    Comparisons are lists of equal length: `column=data.age&operator=>&value=30`. Columns are named by their `key`.
    """
    found = store.run(id_)
    if found.synthetic() is None:
        raise Busy(f"run {id_} is {found.status} and has written no rows")
    wanted = Filter.parse(verdict, reason, text, columns=column, operators=operator, values=value)
    with Rows(found.out) as read:
        shown = read.page(wanted, sort=sort, descending=order == "down", page=page, size=size)
    return answers.Rows(
        columns=[answers.RowsColumn(key=c.key, name=c.name, type=c.type) for c in shown.columns],
        positions=list(shown.positions),
        rows=[list(row) for row in shown.rows],
        total=shown.total,
        page=shown.page,
        pages=shown.pages,
    )


@router.get(
    "/runs/{id}/files/{name}",
    response_class=FileResponse,
    responses={
        200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}},
        **documented(404),
    },
)
def file(id_: ThisId, name: Annotated[str, Path(max_length=100)], store: TheStore) -> FileResponse:
    """Download one of the files that a run has written; their names are told with the run."""
    found = store.run(id_)
    if name not in found.files():
        raise Unknown(f"run {id_} has written no such file; there are: {', '.join(found.files()) or 'none yet'}")
    return FileResponse(found.out / name, filename=f"{id_}-{name}", media_type="application/octet-stream")


@router.get(
    "/runs/{id}/report",
    response_class=FileResponse,
    responses={200: {"content": {"text/html": {"schema": {"type": "string"}}}}, **documented(404)},
)
def report(id_: ThisId, store: TheStore) -> FileResponse:
    """Show the report of a run, in a sandbox."""
    place = store.run(id_).out / "report.html"
    if not place.is_file():
        raise Unknown(f"run {id_} has no report")
    return FileResponse(place, media_type="text/html", headers={"Content-Security-Policy": SANDBOX})


@router.get("/compare", responses=documented(404, 409))
def compare(store: TheStore, run: Annotated[list[Id], Query(min_length=2, max_length=8)]) -> answers.Comparison:
    """Compare the results of runs on the same rows."""
    from fidelia.report import beside, compared

    documents = {id_: _document(store, id_) for id_ in run}
    return answers.Comparison(**beside.to_dict(compared.compare(documents)))


def _document(store: Store, id_: str) -> dict[str, Any]:
    found = store.run(id_).document()
    if found is None:
        raise Busy(f"run {id_} has no results")
    return found


def _generator(entry: catalog.Entry, torch: bool) -> answers.Generator:
    needs = entry.extra if entry.extra == catalog.DEEP and not torch else None
    return answers.Generator(name=entry.name, summary=entry.summary, extra=needs)
