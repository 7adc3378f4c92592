"""The application: guard, JSON API, pages and static files put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.middleware import Middleware
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

import fidelia
from fidelia.errors import FideliaError
from fidelia.web import api, faults, pages
from fidelia.web.guard import Guard, key_of
from fidelia.web.jobs import Jobs
from fidelia.web.settings import Settings
from fidelia.web.store import Store
from fidelia.web.uploads import still_allowed

NO_TELEMETRY: Any = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""Newer versions of FastAPI send the addresses of requests to where the environment says; older ones ignore this."""


def create_app(settings: Settings, *, at_once: int = 1) -> FastAPI:
    """Return the ASGI application of a server.

    Parameters
    ----------
    settings : Settings
        How it was started.
    at_once : int
        Runs that are worked on at the same time. They are watched as long as the application lives.
    """
    store = Store(settings.folder)
    app = FastAPI(
        title="fidelia",
        summary="Synthetic tables: make them, measure them beside fresh real data, audit every row.",
        version=fidelia.__version__,
        docs_url=None,  # those pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        telemetry=NO_TELEMETRY,
        lifespan=_lifespan,
        middleware=[Middleware(Guard, settings=settings, key=key_of(settings.folder), refuse=faults.answer)],
        exception_handlers={
            FideliaError: faults.of_ours,
            HTTPException: faults.of_http,
            RequestValidationError: faults.of_input,
            Exception: faults.unforeseen,
        },
    )
    app.state.settings, app.state.store = settings, store
    app.state.jobs = Jobs(store, at_once=at_once, permitted=lambda dataset: still_allowed(dataset, settings))
    app.state.ends = asyncio.Event()
    app.include_router(api.router)
    app.include_router(pages.router)
    app.mount("/static", StaticFiles(directory=Path(str(files("fidelia.web"))) / "static"), name="static")
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.jobs.start()
    yield
    app.state.ends.set()
    app.state.jobs.stop()
