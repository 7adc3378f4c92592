"""A run's progress as server-sent events: first how far every stage is, then each change, until the run is over."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from fidelia.web.store import Run, Store, Unknown, fold

OVER = "over"
"""The id of the last event; a browser that comes back with it is told that there is nothing more."""
EACH = 0.25
"""Seconds between two looks."""
ALIVE = 15.0
"""Seconds after which something is sent, so that nobody on the way takes the connection for dead."""


async def events(store: Store, id_: str, ends: asyncio.Event) -> AsyncIterator[str]:
    """Give the events of a run until it is over, deleted, or the server ends.

    Parameters
    ----------
    store : Store
        Where the run is.
    id_ : str
        Its id.
    ends : asyncio.Event
        Set when the server ends.
    """
    run, tail, told, last = store.run(id_), Tail(store.run(id_)), None, time.monotonic()
    for stage in tail.folded():
        yield event("progress", stage)
    while True:
        if (status := _status(run)) != told:
            told, last = status, time.monotonic()
            if not run.over:
                yield event("status", status)
        for stage in tail.more():
            last = time.monotonic()
            yield event("progress", stage)
        if run.over or ends.is_set():
            break
        if time.monotonic() - last > ALIVE:
            last = time.monotonic()
            yield ": still here\n\n"
        await asyncio.sleep(EACH)
        try:
            run = store.run(id_)
        except Unknown:
            return
    if run.over:
        yield event("status", _status(run), OVER)


class Tail:
    """Reads what was added to a run's progress since it last looked.

    Parameters
    ----------
    run : Run
        Whose progress.
    """

    def __init__(self, run: Run) -> None:
        self._place = run.folder / "progress.jsonl"
        self._at = 0
        self._stages: dict[int, dict[str, Any]] = {}

    def folded(self) -> list[dict[str, Any]]:
        """Return how far each stage is by now."""
        self.more()
        return list(self._stages.values())

    def more(self) -> list[dict[str, Any]]:
        """Return the stages that changed, as they are now; a line that is half written waits."""
        try:
            with self._place.open("rb") as file:
                file.seek(self._at)
                text = file.read()
        except OSError:
            return []
        whole = text[: text.rfind(b"\n") + 1]
        self._at += len(whole)
        return fold(self._stages, whole)


def event(name: str, data: dict[str, Any], id_: str | None = None) -> str:
    """Return one event; JSON has no line breaks, so it is one line."""
    head = f"id: {id_}\n" if id_ else ""
    return f"{head}event: {name}\ndata: {json.dumps(data)}\n\n"


def _status(run: Run) -> dict[str, Any]:
    return {"id": run.id, "status": run.status, "stopping": run.stopping, "error": run.error, "ended": run.ended}
