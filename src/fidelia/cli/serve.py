"""serve: the local web app."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fidelia.cli import options as o
from fidelia.cli import places
from fidelia.cli.voice import Voice, put
from fidelia.errors import MissingExtra, UsageError
from fidelia.web.settings import LOOPBACK, PORT

if TYPE_CHECKING:
    from socket import socket

    from fidelia.web.settings import Settings
    from fidelia.web.store import Run

SHORTEST = 16
"""Characters of a token that opens a server to other machines."""
UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}


def serve(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Holds all data and runs; made when it is not there.")
    ] = Path("fidelia-runs"),
    allow: Annotated[
        list[Path] | None,
        typer.Option(
            "--allow",
            metavar="PATH",
            help="A file or folder that data may be read from without an upload. Repeatable.",
            show_default=False,
        ),
    ] = None,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Where to listen; others than this machine need --token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="0: any free one.")] = PORT,
    token: Annotated[
        str | None,
        typer.Option(
            "--token",
            metavar="TOKEN",
            envvar="FIDELIA_TOKEN",
            help="What opens the app, and goes with requests to the API.",
            show_default="drawn, for one use",
        ),
    ] = None,
    upload_limit: Annotated[
        str, typer.Option("--upload-limit", metavar="SIZE", help="The largest upload: 500kB, 200MB, 1GB.")
    ] = "200MB",
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Open no browser.", show_default=False, metavar="")
    ] = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = 0,
    debug: o.Debug = False,
) -> None:
    """Open the web app on this machine: choose data, run, watch, read the report, browse rows, compare.

    It prints a link that opens it once. Runs are folders, done one after the
    other by processes of their own: they go on when the page is closed or the
    server is stopped with Ctrl-C, and the next `fidelia serve` finds them again.
    """
    voice = Voice.of(quiet, verbose, debug)
    _refuse_without_extra()
    _refuse_open_door(host, token)
    limit, allowed = size_from(upload_limit), tuple(_allowed(path) for path in allow or ())
    from secrets import token_urlsafe

    from fidelia.web.serving import claimed, listen
    from fidelia.web.settings import Settings

    places.folder(folder)
    with listen("127.0.0.1" if host == "localhost" else host, port, any_port="port" not in o.said(context)) as door:
        settings = Settings(
            folder=folder.resolve(),
            token=token or token_urlsafe(24),
            chosen=token is not None,
            allowed=allowed,
            host=host,
            port=door.getsockname()[1],
            upload_limit=limit,
        )
        with claimed(settings.folder, settings.address):
            left = _serve(settings, door, voice, open_page=not no_browser)
    voice.say(_farewell(left, folder))


def size_from(text: str) -> int:
    """Turn ``500kB``, ``200MB`` or a number of bytes into bytes.

    Raises
    ------
    UsageError
        When it is no size above 0.
    """
    found = re.fullmatch(r"([\d.]+)\s*([kmg]?)b?", text.strip().lower())
    try:
        size = float(found[1]) * UNITS[found[2]] if found else 0.0
    except ValueError:
        size = 0.0
    if size < 1:
        raise UsageError(f"--upload-limit {text!r} is no size; write e.g. 500kB, 200MB or 1GB")
    return int(size)


def _refuse_without_extra() -> None:
    if any(find_spec(name) is None for name in ("fastapi", "uvicorn", "python_multipart")):
        raise MissingExtra("fidelia serve", "web")
    if os.name == "nt":
        raise UsageError("fidelia serve needs Linux or macOS; on Windows, use it in WSL")


def _refuse_open_door(host: str, token: str | None) -> None:
    """Refuse to open the app to other machines without both an address and a token that somebody chose."""
    if host not in LOOPBACK and token is None:
        raise UsageError(
            f"--host {host} opens the app to other machines; give --token TOKEN too, with {SHORTEST} characters or more"
        )
    if host not in LOOPBACK and token is not None and len(token) < SHORTEST:
        raise UsageError(f"--token is too short to open the app to other machines; give {SHORTEST} characters or more")
    if token is not None and not (token.isascii() and token.isprintable() and token.strip() == token and token):
        raise UsageError("--token must be ASCII characters without spaces around them")


def _allowed(path: Path) -> Path:
    if not path.exists():
        raise UsageError(f"--allow {path}: there is no such file or folder")
    return path.resolve()


def _serve(settings: Settings, door: socket, voice: Voice, *, open_page: bool) -> list[Run]:
    """Serve until Ctrl-C, and return the runs that go on."""
    from urllib.parse import quote

    link = f"{settings.address}?token={quote(settings.token, safe='')}"
    voice.say(f"fidelia serves {settings.folder}. Open this link{'' if settings.chosen else ', once'}; Ctrl-C stops.")
    put(link + "\n")  # at once: whoever opens it waits at the door while the rest is loaded
    if open_page and _has_screen():
        import webbrowser

        webbrowser.open(link)
    from fidelia.web.app import create_app
    from fidelia.web.serving import Server

    app = create_app(settings)
    with suppress(KeyboardInterrupt):  # the way to stop it
        Server(app).run(sockets=[door])
    running: list[Run] = app.state.jobs.at_work()
    return running


def _has_screen() -> bool:
    """Whether there is a browser with windows; one in the terminal would take the terminal."""
    shown = sys.platform == "darwin" or bool({"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys())
    return shown and sys.stderr.isatty()


def _farewell(left: list[Run], folder: Path) -> str:
    if not left:
        return "Stopped; no run was at work."
    who = ", ".join(f"{run.id} (process {run.pid})" for run in left)
    return f"Stopped. Still at work: {who}. To see it again: fidelia serve {folder}"
