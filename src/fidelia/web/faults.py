"""Errors as answers: the status of each kind, as JSON for programs and as a page for people."""

from __future__ import annotations

from http import HTTPStatus

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from fidelia.errors import FideliaError, WriteError
from fidelia.web.answers import Fault, Problem
from fidelia.web.jobs import Busy
from fidelia.web.store import NotAllowed, Unknown
from fidelia.web.uploads import BadForm, NotATable, TooLarge

STATUS: tuple[tuple[type[FideliaError], int], ...] = (
    (Unknown, 404),
    (NotAllowed, 403),
    (Busy, 409),
    (TooLarge, 413),
    (NotATable, 415),
    (BadForm, 400),
    (WriteError, 507),
)
"""Of errors that are not just data or words that do not fit, which are 422."""
PROGRAMS = ("/api/", "/openapi.json")
DOCUMENTED = {
    400: "The host name is not the server's, or the body cannot be read.",
    401: "The token is missing or not right.",
    403: "Not from a page of this server, or a path that it may not read.",
    404: "There is none of this id or name.",
    405: "This cannot be asked of it.",
    409: "Not in this state.",
    413: "Larger than the server takes.",
    415: "Not the ending of a table.",
    422: "Something does not fit; the message names it and the way out.",
    507: "The server's disk is full, or its folder cannot be written.",
}


def documented(*codes: int) -> dict[int | str, dict[str, object]]:
    """Return the errors of an operation for its description; those of the guard and of wrong input are on all."""
    return {code: {"model": Fault, "description": DOCUMENTED[code]} for code in (400, 401, 403, 405, 413, 422, *codes)}


def answer(request: Request, status: int, message: str, kind: str | None = None) -> Response:
    """Return an error in the form that the asker reads."""
    if request.url.path.startswith(PROGRAMS):
        said = kind or HTTPStatus(status).phrase.lower().replace(" ", "-")
        body = Fault(error=Problem(kind=said, message=message)).model_dump()
        return JSONResponse(body, status, headers={"WWW-Authenticate": "Bearer"} if status == 401 else None)
    from fidelia.web.pages import fault

    return fault(request, status, message)


def status_of(error: FideliaError) -> int:
    """Return the status of an error of ours."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 422)


async def of_ours(request: Request, error: Exception) -> Response:
    """Answer an error that fidelia raised on purpose."""
    assert isinstance(error, FideliaError)
    return answer(request, status_of(error), str(error), type(error).__name__)


async def of_http(request: Request, error: Exception) -> Response:
    """Answer what the framework refuses: no such page, no such method."""
    assert isinstance(error, HTTPException)
    response = answer(request, error.status_code, str(error.detail))
    response.headers.update(error.headers or {})
    return response


async def of_input(request: Request, error: Exception) -> Response:
    """Answer input that does not fit: each fault with its place, and without the value, which may be anything."""
    assert isinstance(error, RequestValidationError)
    said = [f"{'.'.join(str(part)[:100] for part in one['loc'][1:]) or 'body'}: {one['msg']}" for one in error.errors()]
    return answer(request, 422, "; ".join(said[:5]).encode("utf-8", "replace").decode(), "input")


async def unforeseen(request: Request, error: Exception) -> Response:  # noqa: ARG001 - its text may hold values
    """Answer a fault of ours, whose traceback goes to the server's log."""
    return answer(request, 500, "this is a fault of fidelia; the terminal of the server says more")
