"""The server itself: one to a folder, which tells open streams when it ends."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from fidelia.errors import UsageError
from fidelia.web import processes
from fidelia.web.store import read_json, write_json

if TYPE_CHECKING:
    from fastapi import FastAPI

PATIENCE = 5
"""Seconds that open requests have to end when the server does."""


class Server(uvicorn.Server):
    """Ends streams of events first: they would keep it from ending.

    Parameters
    ----------
    app : FastAPI
        What `fidelia.web.app.create_app` made.
    """

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        super().__init__(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                lifespan="on",
                ws="none",
                timeout_graceful_shutdown=PATIENCE,
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more requests, and wait for those that are open."""
        self._app.state.ends.set()
        await super().shutdown(sockets)


def listen(host: str, port: int, *, any_port: bool = False) -> socket.socket:
    """Return a socket that listens; on any free port where that is allowed and the port is taken.

    Raises
    ------
    UsageError
        When it cannot.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        if any_port and port:
            return listen(host, 0)
        raise UsageError(f"cannot listen on {host} port {port}: {error.strerror}; choose another --port") from error


@contextmanager
def claimed(folder: Path, address: str) -> Iterator[None]:
    """Hold a folder for this server: two of them would begin its runs twice.

    Raises
    ------
    UsageError
        When another server has it.
    """
    place = folder / "server.json"
    there = read_json(place) or {}
    if processes.alive(there.get("pid"), there.get("birth")):
        raise UsageError(f"{folder}: a server at {there['address']} has it (process {there['pid']}); stop that first")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_json(place, {"pid": os.getpid(), "birth": processes.birth(os.getpid()), "address": address})
    try:
        yield
    finally:
        with suppress(OSError):
            place.unlink()
