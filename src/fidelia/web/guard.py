"""The guard in front of everything: who may ask, from where, and what browsers may do with the answers.

A local server is open to every page that the user's browser shows and, on shared machines, to every other user. So:

- the ``Host`` must be a name of this server: a foreign name that resolves to this machine (DNS rebinding) gets nothing;
- nothing is answered without the token. The link that the server prints trades it for a cookie that scripts cannot read
  and that other sites' pages do not send. A token that was drawn opens the app once, because links stay in histories
  and lists of processes; one that a person chose, for ``Authorization: Bearer``, as often as wanted;
- what changes something must come from a page of this very origin; what is only read must not be embedded by others;
- pages run only scripts and styles that are files of this server, so that a name or value can never be a script.

Sessions outlive a restart: they are signed with a key in the server's folder, so an open page goes on.
"""

from __future__ import annotations

import hmac
import os
import socket
import time
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from pathlib import Path
from secrets import token_bytes, token_urlsafe
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from fidelia.errors import UsageError
from fidelia.web.settings import EVERYWHERE, LOOPBACK, OVERHEAD, Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

Refusal = Callable[[Request, int, str], Response]
OPEN = ("/static/", "/report.css")
"""Style sheets and scripts of the app itself, which the page that says "no" needs too; tuple for `str.startswith`."""
SHORT = 4_000_000
"""Bytes of a body that is no form with a file."""
READING = ("GET", "HEAD", "OPTIONS")
WEEK = 7 * 24 * 3600
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",  # with no-referrer, browsers would send "Origin: null" with our own forms
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
AWAY = (
    "the link or the token is not right. A printed link opens the app once: start the server again for a new one, or "
    "choose a token with --token"
)
ENTERED = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/">'
    '<link rel="icon" href="/static/icon.svg"><title>fidelia</title><p><a href="/">Go on</a>'
)
"""Not a redirect: after a link in some web page, a cookie of SameSite=Strict is not sent along with one."""


class Guard:
    """ASGI middleware; see the module.

    Parameters
    ----------
    app : ASGI application
        What is guarded.
    settings : Settings
        Whose token and host.
    key : bytes
        What sessions are signed with; see `key_of`.
    refuse : callable
        Makes the answer to who is not let in: request, status, message.
    """

    def __init__(self, app: ASGIApp, settings: Settings, key: bytes, refuse: Refusal) -> None:
        self._app, self._settings, self._refuse = app, settings, refuse
        self._spent = False
        self._cookie = f"fidelia-{settings.port}"  # cookies know no ports, and there may be two servers
        bound = settings.token if settings.chosen else ""
        self._key = hmac.digest(key, bound.encode(), "sha256")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            request = Request(scope)
            answer = self._judge(request)
            limited = _limited(receive, self._most(request))
            await (answer or self._app)(scope, limited, _with_headers(send, scope["path"]))
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _judge(self, request: Request) -> Response | None:
        """Return the answer to a request that is not let through, or None."""
        if not _ours(request.headers.get("host", ""), self._settings.host):
            return self._refuse(request, 400, "this is not the name of the server; open the link that it printed")
        if request.url.path.startswith(OPEN):
            return None
        if request.method == "GET" and request.url.path == "/" and (said := request.query_params.get("token")):
            return self._enter(request, said)
        bearer = request.headers.get("authorization", "")
        by_token = bearer.startswith("Bearer ") and self._right(bearer.removeprefix("Bearer ").strip())
        if not by_token and not self._known(request):
            return self._refuse(request, 401, "open the link that the server printed; " + AWAY if bearer else _OPEN)
        if not _same_origin(request, by_token):
            return self._refuse(request, 403, "this did not come from a page of this server")
        return None

    def _most(self, request: Request) -> int:
        """Return the bytes that the body of a request may have: files come in forms, all else is short."""
        form = request.headers.get("content-type", "").startswith("multipart/")
        return self._settings.upload_limit + OVERHEAD if form else SHORT

    def _enter(self, request: Request, said: str) -> Response:
        if not self._right(said):
            return HTMLResponse(ENTERED) if self._known(request) else self._refuse(request, 401, AWAY)
        self._spent = not self._settings.chosen
        answer = HTMLResponse(ENTERED, headers={"Referrer-Policy": "no-referrer"})
        answer.set_cookie(
            self._cookie, self._session(int(time.time()) + WEEK), max_age=WEEK, httponly=True, samesite="strict"
        )
        return answer

    def _right(self, said: str) -> bool:
        return not self._spent and hmac.compare_digest(said.encode(), self._settings.token.encode())

    def _session(self, until: int) -> str:
        said = f"{until}.{token_urlsafe(16)}"
        return f"{said}.{self._signature(said)}"

    def _signature(self, said: str) -> str:
        return hmac.digest(self._key, said.encode(), "sha256").hex()

    def _known(self, request: Request) -> bool:
        """Whether a request carries a session that this server signed and that is not over."""
        said, _, signature = _cookies(request).get(self._cookie, "").rpartition(".")
        signed = hmac.compare_digest(signature.encode(), self._signature(said).encode())
        return signed and time.time() < int(said.partition(".")[0])


_OPEN = "open the link that the server printed, or send its token as Authorization: Bearer"


def _cookies(request: Request) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(request.headers.get("cookie", "")).items()}
    except CookieError:
        return {}


def _ours(host: str, own: str) -> bool:
    """Whether a Host header names this server; the port is left out, for it may be forwarded."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if own in LOOPBACK:
        return name in LOOPBACK
    if own in EVERYWHERE:  # everywhere: rebinding needs a name, so an address is never one
        return name in LOOPBACK or _is_address(name) or name in (socket.gethostname().lower(), socket.getfqdn().lower())
    return name == own.lower()


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _same_origin(request: Request, by_token: bool) -> bool:
    """Whether a request comes from a page of this server, or from no page at all where that is enough."""
    site = request.headers.get("sec-fetch-site")
    if request.method in READING:
        entering = (request.headers.get("sec-fetch-mode"), request.headers.get("sec-fetch-dest"))
        return site in (None, "none", "same-origin") or entering == ("navigate", "document")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    if origin is None:
        return by_token
    return origin in (f"{scheme}://{request.headers.get('host', '')}" for scheme in ("http", "https"))


def _limited(receive: Receive, most: int) -> Receive:
    """Refuse a body as soon as it is too long."""
    size = 0

    async def received() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > most:
            raise HTTPException(413, f"the body is longer than {most:,} bytes")
        return message

    return received


def _with_headers(send: Send, path: str) -> Send:
    """Put the headers on an answer that has none of its own."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, "no-cache" if name == "Cache-Control" and path.startswith(OPEN) else value)
        await send(message)

    return sent


def key_of(folder: Path) -> bytes:
    """Return the key of a server's folder, made when it is not there; only its owner may read it.

    Raises
    ------
    UsageError
        When it is spoilt.
    """
    place = folder / ".key"
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(token_bytes(32))
    except FileExistsError:
        pass
    key = place.read_bytes()
    if len(key) < 32:
        raise UsageError(f"{place}: is no key; delete it, and the server makes a new one")
    return key
