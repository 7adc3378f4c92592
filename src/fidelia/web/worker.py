"""The process that does one run: ``python -m fidelia.web.worker FOLDER``.

It knows nothing of the server, so the server may end and start again meanwhile. What it does stands in the folder's
recipe; how far it is, in progress.jsonl; how it ended, in end.json.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import IO, TYPE_CHECKING

from fidelia.errors import OUT_OF_MEMORY, FideliaError
from fidelia.web.processes import birth
from fidelia.web.store import Status, now, write_json

if TYPE_CHECKING:
    from fidelia.progress import Tick
    from fidelia.workflow.outcome import Outcome

TAKEN = 75
"""Exit code of a worker whose run another one has taken."""
BETWEEN = 0.2
"""Seconds between two lines about one stage, at least."""


class Lines:
    """A Progress that writes a line of JSON for each step.

    Parameters
    ----------
    file : text file
        Opened to append, line by line.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._start = time.monotonic()
        self._steps = count(1)

    @contextmanager
    def stage(self, name: str, total: float | None = None) -> Iterator[Tick]:
        """Open a stage; see `fidelia.progress.Progress`."""
        step, done, said = next(self._steps), 0.0, self._start

        def write(state: str) -> None:
            t = round(time.monotonic() - self._start, 3)
            line = {"step": step, "stage": name, "done": round(done, 6), "total": total, "state": state, "t": t}
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")

        def tick(amount: float) -> None:
            nonlocal done, said
            done += amount
            if (t := time.monotonic()) - said >= BETWEEN:
                said = t
                write("open")

        write("open")
        try:
            yield tick
        finally:
            write("closed")


def main(folder: Path) -> int:
    """Do the run of a folder and return the exit code; a run is done by the first worker that comes."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started the server may have switched it off
    try:
        (folder / "out").mkdir()
    except FileExistsError:
        return TAKEN
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    logging.captureWarnings(capture=True)
    write_json(folder / "process.json", {"pid": os.getpid(), "birth": birth(os.getpid()), "started": now()})
    status, error = _ended(folder)
    write_json(folder / "end.json", {"status": status, "error": error, "ended": now()})
    return 0


def _ended(folder: Path) -> tuple[Status, str | None]:
    """Do the work, and return how it ended and why."""
    try:
        if (folder / "stop").exists():  # asked before this process could hear it
            raise KeyboardInterrupt
        _work(folder)
    except KeyboardInterrupt as stop:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return "cancelled", _keep(stop, folder / "out")
    except FideliaError as error:
        return "failed", str(error)
    except MemoryError:
        traceback.print_exc()
        return "failed", OUT_OF_MEMORY
    except Exception as error:  # noqa: BLE001 - the outermost frame: whatever comes becomes an ending with its reason
        traceback.print_exc()
        return "failed", f"{type(error).__name__}: {error}"
    return "done", None


def _work(folder: Path) -> None:
    with (folder / "progress.jsonl").open("a", encoding="utf-8", buffering=1) as file:
        progress = Lines(file)
        with progress.stage("start"):  # the first import of pandas and its like takes seconds
            from fidelia.data.formats import ending_of
            from fidelia.workflow import pipeline
            from fidelia.workflow.cases import as_table
            from fidelia.workflow.recipe import Recipe

        recipe = Recipe.load(folder / "recipe.toml")
        with progress.stage("read"):
            table = as_table(recipe.source, target=recipe.target, kinds=recipe.kinds)
        outcome = pipeline.follow(recipe, table, progress)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the work is done: what is left takes moments and is not lost
        with progress.stage("write"):
            outcome.write(folder / "out", ending=ending_of(Path(recipe.source)))


def _keep(stop: KeyboardInterrupt, out: Path) -> str:
    """Write what a stopped run had done, and say what it is."""
    done: Outcome | None = getattr(stop, "outcome", None)
    kept = [] if done is None else [place.name for place in done.keep(out)]
    return f"Cancelled. Kept: {', '.join(kept)}" if kept else "Cancelled before anything was finished"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
