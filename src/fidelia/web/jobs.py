"""Jobs: runs are done one after the other by processes of their own, which neither a closed page nor the end of the
server stops.

What goes on is read from the folders alone (`fidelia.web.store`), so a server that starts finds the runs of the one
before it: those at work are watched further, those in line begin, and those whose process is gone without a word are
marked as failed, with the end of what they said.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from fidelia.errors import FideliaError, UsageError
from fidelia.web import asked, processes
from fidelia.web.store import Dataset, NotAllowed, Run, Status, Store, Unknown, now, write_json
from fidelia.web.worker import TAKEN

log = logging.getLogger(__name__)
GRACE = 30.0
"""Seconds between asking a run to stop and ending it."""
EACH = 0.5
"""Seconds between two looks at the runs."""
SAID = 600
"""Characters of a log that an error shows."""


class Busy(UsageError):  # noqa: N818 - reads as what it is
    """This cannot be done as long as something goes on."""


class Jobs:
    """The runs of a store, and who works on them.

    Parameters
    ----------
    store : Store
        Where runs are.
    at_once : int
        Runs that are worked on at the same time; the others wait in line.
    grace : float
        Seconds between asking a run to stop and ending it.
    permitted : callable
        Whether the file of a data set may still be read.
    """

    def __init__(
        self,
        store: Store,
        *,
        at_once: int = 1,
        grace: float = GRACE,
        permitted: Callable[[Dataset], bool] = lambda _dataset: True,
    ) -> None:
        self._store, self._at_once, self._grace, self._permitted = store, at_once, grace, permitted
        self._lock = threading.RLock()
        self._open: set[str] = set()
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._ends = threading.Event()
        self._watcher: threading.Thread | None = None

    def start(self) -> None:
        """Take over what the folders hold, and watch it."""
        self._store.sweep()
        self._open = {run.id for run in self._store.runs() if not run.over}
        self._ends.clear()
        self._watcher = threading.Thread(target=self._watch, name="fidelia-jobs", daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        """Watch no more; what is at work goes on."""
        self._ends.set()
        if self._watcher is not None:
            self._watcher.join()
        for child in self._children.values():
            if child.poll() is None:
                child.returncode = 0  # nobody of ours waits for it: it outlives us on purpose
        self._children.clear()

    def submit(self, request: asked.RunRequest) -> Run:
        """Put a run in line.

        Raises
        ------
        Unknown, NotAllowed
            When there is no such data set, or its file may not be read any more.
        SchemaError, UsageError, MissingExtra
            When it cannot be done; see `fidelia.web.asked.recipe`.
        """
        dataset = self._store.dataset(request.dataset)
        if not self._permitted(dataset):
            raise NotAllowed(f"{dataset.path}: this server may not read it; start it with --allow PATH")
        recipe = asked.recipe(request, dataset)
        body = request.model_dump(mode="json", exclude={"name", "dataset"}, exclude_none=True)
        with self._lock:
            run = self._store.add_run(dataset, body, request.title, recipe)
            self._open.add(run.id)
            self.reconcile()
            return self._store.run(run.id)

    def cancel(self, id_: str) -> Run:
        """Ask a run to stop, keeping what is done; one in line ends at once, one that is over stays as it is.

        Raises
        ------
        Unknown
            When there is none of this id.
        """
        with self._lock:
            run = self._store.run(id_)
            if not run.over and not run.stopping:
                write_json(run.folder / "stop", {"asked": now()})
                if (pid := self._worker(run)) is not None:
                    processes.interrupt(pid)
                self.reconcile()
            return self._store.run(id_)

    def delete(self, id_: str) -> None:
        """Delete a run that is over, with its results.

        Raises
        ------
        Unknown
            When there is none of this id.
        Busy
            When it is not over.
        """
        with self._lock:
            run = self._store.run(id_)
            if not run.over:
                raise Busy(f"run {id_} is {run.status}; cancel it first")
            self._store.remove(run.folder)

    def delete_data(self, id_: str) -> None:
        """Delete a data set; a file that was not uploaded stays where it is.

        Raises
        ------
        Unknown
            When there is none of this id.
        Busy
            When a run that is not over needs it.
        """
        with self._lock:
            dataset = self._store.dataset(id_)
            if any(run.dataset == id_ and not run.over for run in self._store.runs()):
                raise Busy(f"data set {id_} is needed by a run that is not over; cancel that first")
            self._store.remove(dataset.folder)

    def at_work(self) -> list[Run]:
        """Return the runs that a process works on."""
        with self._lock:
            return [run for run in map(self._find, sorted(self._open)) if run is not None and run.status == "running"]

    def reconcile(self) -> None:
        """Look at every run that is not over: note how it ended, end what does not stop, and begin the next in line."""
        with self._lock:
            runs = [run for run in map(self._find, sorted(self._open)) if run is not None]
            left = [run for run in runs if self._goes_on(run)]
            waiting = [run for run in left if run.status == "queued" and run.id not in self._children]
            free = self._at_once - (len(left) - len(waiting))
            for run in sorted(waiting, key=lambda run: (run.created, run.id))[: max(0, free)]:
                self._begin(run)

    def _find(self, id_: str) -> Run | None:
        try:
            return self._store.run(id_)
        except Unknown:  # somebody took its folder away
            self._open.discard(id_)
            return None

    def _goes_on(self, run: Run) -> bool:
        """Whether a run is at work or in line; when it is neither any more, that is written down."""
        child = self._children.get(run.id)
        code = None if child is None else child.poll()
        works = child is not None and code is None  # after its last word, too, until the process is gone
        waits = run.status == "queued" and child is None and not run.stopping
        if works or (not run.over and (waits or processes.alive(run.pid, run.birth))):
            self._press(run)
            return True
        if code == TAKEN and run.status == "queued" and _age(run.out) < self._grace:
            return True  # its other worker is just beginning
        if not self._store.run(run.id).over:  # read again: a worker that ended since then had the last word
            self._close(run, code)
        self._open.discard(run.id)
        self._children.pop(run.id, None)
        return False

    def _worker(self, run: Run) -> int | None:
        """Return the id of the process that works on a run."""
        if processes.alive(run.pid, run.birth):
            return run.pid
        child = self._children.get(run.id)
        return child.pid if child is not None and child.poll() is None else None

    def _press(self, run: Run) -> None:
        """End a process that does not, though it was asked to stop or has said its last word."""
        pid = self._worker(run)
        last = run.folder / ("end.json" if run.over else "stop")
        if pid is not None and _age(last) > self._grace:
            processes.end(pid)

    def _close(self, run: Run, code: int | None) -> None:
        """Write down the end of a run whose worker is gone without doing so."""
        status: Status = "cancelled" if run.stopping else "failed"
        error = "Cancelled before anything was finished" if run.stopping else _gone(run, code)
        write_json(run.folder / "end.json", {"status": status, "error": error, "ended": now()})
        log.info("run %s: %s", run.id, error)

    def _begin(self, run: Run) -> None:
        with (run.folder / "log.txt").open("ab") as out:
            self._children[run.id] = subprocess.Popen(
                self._command(run),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=run.folder,
                start_new_session=True,  # no signal to the server's terminal reaches it
            )

    def _command(self, run: Run) -> list[str]:
        return [sys.executable, "-P", "-m", "fidelia.web.worker", str(run.folder)]

    def _watch(self) -> None:
        while not self._ends.wait(EACH):
            try:
                self.reconcile()
            except (FideliaError, OSError) as error:  # a full disk, say: the next look may go well
                log.warning("runs cannot be looked after: %s", error)


def _age(place: Path) -> float:
    """Return the seconds since a file was written, or 0 when it is not there."""
    try:
        return time.time() - place.stat().st_mtime
    except OSError:
        return 0.0


def _gone(run: Run, code: int | None) -> str:
    """Say that a worker is gone, how as far as this is known, and what it said last."""
    how = f" (ended by signal {-code})" if code and code < 0 else f" (exit code {code})" if code else ""
    why = "; out of memory, perhaps" if code == -9 else ""
    said = run.log(SAID).strip()
    return f"Its process is gone{how}{why}." + (f" It said last: {said}" if said else " It said nothing.")
