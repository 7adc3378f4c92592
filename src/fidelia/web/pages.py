"""Pages: the app for people. Each is whole without a script; forms post, links link.

All that changes something answers with a redirect to the page that shows it, so that a reload repeats nothing. Errors
that users can mend are shown on the page that they come from, in the words of `fidelia.errors`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from fidelia.errors import FideliaError, UsageError
from fidelia.web import views, wording
from fidelia.web.asked import RunRequest
from fidelia.web.drawing import draw
from fidelia.web.faults import status_of
from fidelia.web.rows import Rows
from fidelia.web.store import Dataset, Run
from fidelia.web.uploads import from_path, offered, receive

router = APIRouter(include_in_schema=False)
MOST_COMPARED = 8


@router.get("/static/report.css")
def style() -> Response:
    """Give the report's own style sheet: both look alike, and there is one place for colours."""
    text = (files("fidelia.report") / "templates" / "style.css").read_text(encoding="utf-8")
    return Response(text, media_type="text/css", headers={"Cache-Control": "no-cache"})


@router.get("/")
def home(request: Request) -> Response:
    """Show data sets and runs, and the way to new ones."""
    return _home(request)


@router.post("/data")
async def upload(request: Request) -> Response:
    """Take an uploaded file."""
    state = request.app.state
    try:
        dataset = await receive(request, state.store, state.settings)
    except FideliaError as error:
        return await run_in_threadpool(_home, request, error=error)
    return _see(f"/data/{dataset.id}")


@router.post("/data/path")
async def add_path(request: Request) -> Response:
    """Take a file that the server was started to allow, or the shipped sample."""
    state, form = request.app.state, await request.form()
    try:
        dataset = await run_in_threadpool(from_path, _said(form, "path"), state.store, state.settings)
    except FideliaError as error:
        return await run_in_threadpool(_home, request, error=error, path=_said(form, "path"))
    return _see(f"/data/{dataset.id}")


@router.get("/data/{id_}")
def data(request: Request, id_: str) -> Response:
    """Show the columns of a data set, and the form of a run; `?like=<run>` fills it in as for that run."""
    store = request.app.state.store
    dataset = store.dataset(id_)
    like = request.query_params.get("like")
    return _data(request, dataset, _body(store.run(like)) if like else {})


@router.post("/data/{id_}/delete")
def forget(request: Request, id_: str) -> Response:
    """Delete a data set; runs keep their results."""
    request.app.state.jobs.delete_data(id_)
    return _see("/")


@router.post("/runs")
async def start(request: Request) -> Response:
    """Start a run."""
    state, form = request.app.state, await request.form()
    dataset = state.store.dataset(_said(form, "dataset"))
    asked = _asked(form, dataset)
    try:
        run = await run_in_threadpool(state.jobs.submit, RunRequest(**asked))
    except ValidationError as error:
        return _data(request, dataset, asked, error=UsageError(wording.invalid(error)))
    except FideliaError as error:
        return _data(request, dataset, asked, error=error)
    return _see(f"/runs/{run.id}")


@router.get("/runs/{id_}")
def run(request: Request, id_: str) -> Response:
    """Show how a run goes, and what came of it."""
    store = request.app.state.store
    found: Run = store.run(id_)
    document = found.document() if found.status == "done" else None
    others = [other for other in store.runs() if other.status == "done" and other.id != id_]
    return draw(
        "run.html",
        run=found,
        dataset=_dataset(request, found.dataset),
        document=document,
        summary=views.summary(document) if document else None,
        taken=views.seconds(found),
        others=others,
        ahead=_ahead(store.runs(), found),
        sizes={name: (found.out / name).stat().st_size for name in found.files()} if found.over else {},
    )


@router.post("/runs/{id_}/cancel")
def cancel(request: Request, id_: str) -> Response:
    """Stop a run; what is done is kept."""
    request.app.state.jobs.cancel(id_)
    return _see(f"/runs/{id_}")


@router.post("/runs/{id_}/again")
def again(request: Request, id_: str) -> Response:
    """Start the same run once more."""
    state = request.app.state
    made = state.jobs.submit(RunRequest(**_body(state.store.run(id_))))
    return _see(f"/runs/{made.id}")


@router.post("/runs/{id_}/delete")
def delete(request: Request, id_: str) -> Response:
    """Delete a run with all that it wrote."""
    request.app.state.jobs.delete(id_)
    return _see("/")


@router.get("/runs/{id_}/rows")
def rows(request: Request, id_: str) -> Response:
    """Show rows with their verdicts: filtered, sorted, page by page."""
    found: Run = request.app.state.store.run(id_)
    question = views.Question.of(request.query_params.multi_items())
    with Rows(found.out) as opened:
        page, error = None, None
        try:
            page = opened.page(
                question.filter(),
                sort=question.sort,
                descending=question.descending,
                page=question.page,
                size=question.size,
            )
        except UsageError as refused:
            error = refused
        return draw(
            "rows.html",
            status=200 if error is None else 422,
            run=found,
            question=question,
            columns=(columns := list(opened.columns.values())),
            at={column.key: at for at, column in enumerate(columns)},
            shown=wording.shown(columns, scores=question.scores),
            page=page,
            tally=opened.tally(),
            error=error,
        )


@router.get("/compare")
def compare(request: Request) -> Response:
    """Show runs side by side."""
    store = request.app.state.store
    ids = list(dict.fromkeys(request.query_params.getlist("run")))[:MOST_COMPARED]
    done = [run for run in store.runs() if run.status == "done"]
    chosen = [store.run(id_) for id_ in ids]
    error, found = None, None
    try:
        found = views.beside(chosen) if len(chosen) > 1 else None
    except UsageError as refused:
        error = refused
    return draw("compare.html", status=422 if error else 200, done=done, chosen=ids, beside=found, error=error)


def fault(_request: Request, status: int, message: str) -> Response:
    """Return the page of an error that no form can show."""
    return draw("fault.html", status=status, message=message, title=wording.FAULTS.get(status, "That did not work"))


def _home(request: Request, *, error: FideliaError | None = None, path: str = "") -> Response:
    state = request.app.state
    datasets = state.store.datasets()
    return draw(
        "home.html",
        status=200 if error is None else status_of(error),
        datasets=[(dataset, dataset.schema()) for dataset in datasets],
        runs=state.store.runs(),
        names={dataset.id: dataset.name for dataset in datasets},
        settings=state.settings,
        offered=offered(state.settings),
        error=error,
        path=path,
    )


def _data(
    request: Request, dataset: Dataset, asked: Mapping[str, Any], *, error: FideliaError | None = None
) -> Response:
    runs = [run for run in request.app.state.store.runs() if run.dataset == dataset.id]
    return draw(
        "data.html",
        status=200 if error is None else status_of(error),
        dataset=dataset,
        schema=dataset.schema(),
        asked=asked,
        offers=views.offers(),
        runs=runs,
        error=error,
    )


def _dataset(request: Request, id_: str) -> Dataset | None:
    """Return the data set of a run, unless it was deleted since."""
    try:
        found: Dataset = request.app.state.store.dataset(id_)
    except UsageError:
        return None
    return found


def _body(run: Run) -> dict[str, Any]:
    """Return what was asked of a run, as it would be asked again."""
    return {**run.request, "name": run.name, "dataset": run.dataset}


def _ahead(runs: list[Run], found: Run) -> int:
    """Return how many runs come before one that waits."""
    return sum(not run.over and run.created < found.created for run in runs)


def _asked(form: FormData, dataset: Dataset) -> dict[str, Any]:
    """Return the body of a run's request from the form; columns are named by number, for names can be anything."""
    schema = dataset.schema()
    kinds = {
        column["name"]: kind
        for at, column in enumerate(schema["columns"])
        if (kind := _said(form, f"kind-{at}")) and kind != column["kind"]
    }
    target = _said(form, "target")
    known = target.isascii() and target.isdigit() and int(target) < len(schema["columns"])
    asked: dict[str, Any] = {
        "dataset": dataset.id,
        "name": _said(form, "name") or None,
        "target": schema["columns"][int(target)]["name"] if known else None,
        "kinds": kinds,
        "sensitive": [schema["columns"][at]["name"] for at in _positions(form, "sensitive", len(schema["columns"]))],
        "generator": _said(form, "generator"),
        "time_limit": wording.minutes(_said(form, "minutes")),
        "edition": _said(form, "edition") or "shareable",
    }
    if asked["generator"] == _said(form, "parameters-of"):
        asked["parameters"] = wording.settings(_said(form, "parameters"))
    numbers = {name: text for name in ("rows", "seed") if (text := _said(form, name))}
    return asked | numbers | ({"holdout": wording.share(text)} if (text := _said(form, "holdout")) else {})


def _said(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def _positions(form: FormData, name: str, most: int) -> list[int]:
    """Return the numbers of columns that a form has ticked."""
    said = [value for value in form.getlist(name) if isinstance(value, str) and value.isascii() and value.isdigit()]
    return [at for at in map(int, said) if at < most]


def _see(place: str) -> Response:
    return RedirectResponse(place, status_code=303)
