"""Runs go on without the server, are found again, and are never lost."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from asking import until, write_table

from fidelia.errors import SchemaError, UsageError
from fidelia.web import processes
from fidelia.web.asked import RunRequest
from fidelia.web.jobs import Busy, Jobs
from fidelia.web.settings import Settings
from fidelia.web.store import Dataset, Run, Store, Unknown, write_json
from fidelia.web.worker import TAKEN, Lines, main

Submit = Callable[..., Run]


class Sleepers(Jobs):
    """Jobs whose workers sleep: `how` is their program."""

    def __init__(self, store: Store, how: str = "time.sleep(60)", **more: Any) -> None:
        super().__init__(store, **more)
        self._how = how

    def _command(self, run: Run) -> list[str]:
        begin = (
            "import os, signal, sys, time; from pathlib import Path; from fidelia.web.processes import birth;"
            "from fidelia.web.store import now, write_json; signal.signal(signal.SIGINT, signal.default_int_handler);"
            f"folder = Path({str(run.folder)!r});"
            "write_json(folder / 'process.json', {'pid': os.getpid(), 'birth': birth(os.getpid()), 'started': now()});"
            "print('I begin', flush=True)\n"
        )
        return [sys.executable, "-P", "-c", begin + self._how]


@pytest.fixture
def begun(store: Store) -> Iterator[list[Jobs]]:
    """The jobs of a test, whose workers are ended with it."""
    made: list[Jobs] = []
    yield made
    for jobs in made:
        for child in list(jobs._children.values()):
            if child.poll() is None:
                processes.end(child.pid)
            child.wait()
    for jobs in made:
        jobs.stop()


@pytest.fixture
def jobs(store: Store, begun: list[Jobs]) -> Callable[..., Sleepers]:
    """Make jobs over the store of the test."""

    def make(**more: Any) -> Sleepers:
        begun.append(Sleepers(store, **more))
        return begun[-1]

    return make


def request(dataset: Dataset, **more: Any) -> RunRequest:
    return RunRequest(dataset=dataset.id, **{"generator": "marginals"} | more)


def reach(jobs: Jobs, store: Store, run: Run, status: str) -> Run:
    """Look after the runs until one has a status."""
    return until(lambda: (jobs.reconcile(), store.run(run.id).status == status and store.run(run.id))[1])


def test_one_runs_and_the_others_wait_in_line(store, dataset, jobs) -> None:
    work = jobs(how="pass", grace=0.5)
    work._at_once = 0
    ids = [work.submit(request(dataset, seed=seed)).id for seed in range(3)]
    work._at_once = 1
    seen = []
    for _ in range(3):
        work.reconcile()
        begun = [id_ for id_ in ids if store.run(id_).status != "queued" or id_ in work._children]
        seen.append(begun)
        reach(work, store, store.run(begun[-1]), "failed")
    assert seen[0] == ids[:1]
    assert all(store.run(id_).over for id_ in ids[:2])


def test_a_worker_that_is_gone_without_a_word_has_failed(store, dataset, jobs) -> None:
    work = jobs(how="print('half way'); sys.stdout.flush(); os._exit(3)")
    run = reach(work, store, work.submit(request(dataset)), "failed")
    assert "exit code 3" in run.error and run.error.endswith("I begin\nhalf way")
    assert run.ended is not None


def test_a_killed_worker_has_failed_and_says_by_what(store, dataset, jobs) -> None:
    work = jobs()
    run = reach(work, store, work.submit(request(dataset)), "running")
    os.kill(run.pid, signal.SIGKILL)
    assert "signal 9" in reach(work, store, run, "failed").error


def test_a_worker_that_never_began_has_failed(store, dataset, jobs, monkeypatch) -> None:
    work = jobs()
    monkeypatch.setattr(work, "_command", lambda run: [sys.executable, "-c", "raise SystemExit('no such module')"])
    assert "no such module" in reach(work, store, work.submit(request(dataset)), "failed").error


def test_a_server_finds_the_run_of_the_one_before(store, dataset, jobs) -> None:
    first = jobs(
        how="time.sleep(1.5); write_json(folder / 'end.json', {'status': 'done', 'error': None, 'ended': now()})"
    )
    run = reach(first, store, first.submit(request(dataset)), "running")
    second = jobs()
    second.start()
    assert [one.id for one in second.at_work()] == [run.id]
    waiting = second.submit(request(dataset, seed=1))
    assert store.run(waiting.id).status == "queued", "the line is the same"
    assert until(lambda: store.run(run.id).over and store.run(run.id)).status == "done"
    assert until(lambda: store.run(waiting.id).status == "running")


def test_a_server_finds_that_a_run_died_while_nobody_looked(store, dataset, jobs) -> None:
    first = jobs()
    run = reach(first, store, first.submit(request(dataset)), "running")
    os.kill(run.pid, signal.SIGKILL)
    first._children[run.id].wait()
    second = jobs()
    second.start()
    failed = until(lambda: store.run(run.id).over and store.run(run.id))
    assert failed.status == "failed" and "gone" in failed.error and "I begin" in failed.error


def test_a_number_that_another_process_has_now_is_not_the_worker(store, dataset, jobs) -> None:
    """Ids of processes are used again: the time of the start tells them apart, and nobody else is interrupted."""
    work = jobs()
    work._at_once = 0
    run = work.submit(request(dataset))
    write_json(run.folder / "process.json", {"pid": os.getpid(), "birth": "another boot/1", "started": "2026"})
    work.cancel(run.id)
    assert store.run(run.id).status == "cancelled"


def test_cancel_asks_first(store, dataset, jobs) -> None:
    how = (
        "try: time.sleep(60)\n"
        "except KeyboardInterrupt:\n"
        " write_json(folder / 'end.json', {'status': 'cancelled', 'error': 'kept', 'ended': now()})"
    )
    work = jobs(how=how)
    run = reach(work, store, work.submit(request(dataset)), "running")
    until(lambda: "I begin" in store.run(run.id).log())
    assert work.cancel(run.id).stopping
    assert reach(work, store, run, "cancelled").error == "kept"


def test_who_does_not_stop_is_ended(store, dataset, jobs) -> None:
    work = jobs(
        how="signal.signal(signal.SIGINT, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)", grace=0.3
    )
    run = reach(work, store, work.submit(request(dataset)), "running")
    until(lambda: "deaf" in store.run(run.id).log())
    work.cancel(run.id)
    assert reach(work, store, run, "cancelled").status == "cancelled"
    assert not processes.alive(run.pid, run.birth)


def test_a_server_goes_on_cancelling(store, dataset, jobs) -> None:
    deaf = "signal.signal(signal.SIGINT, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    first = jobs(how=deaf)
    run = reach(first, store, first.submit(request(dataset)), "running")
    until(lambda: "deaf" in store.run(run.id).log())
    first.cancel(run.id)
    second = jobs(grace=0.1)
    second.start()
    assert until(lambda: store.run(run.id).over and store.run(run.id)).status == "cancelled"


def test_one_in_line_is_cancelled_at_once_and_twice_is_once(store, dataset, jobs) -> None:
    work = jobs()
    work._at_once = 0
    run = work.submit(request(dataset))
    assert work.cancel(run.id).status == "cancelled"
    assert work.cancel(run.id) == store.run(run.id)


def test_only_what_is_over_is_deleted(store, dataset, jobs) -> None:
    work = jobs()
    work._at_once = 0
    run = work.submit(request(dataset))
    for delete, id_ in ((work.delete, run.id), (work.delete_data, dataset.id)):
        with pytest.raises(Busy, match="cancel"):
            delete(id_)
    work.cancel(run.id)
    work.delete(run.id)
    work.delete_data(dataset.id)
    assert (store.runs(), store.datasets()) == ([], [])
    assert dataset.path.exists(), "a file that was not uploaded stays"


def test_a_folder_that_somebody_took_away_stops_nothing(store, dataset, jobs) -> None:
    work = jobs()
    work._at_once = 0
    run = work.submit(request(dataset))
    store.remove(run.folder)
    work.reconcile()
    with pytest.raises(Unknown):
        work.cancel(run.id)


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        ({"target": "pey"}, SchemaError, "'pey'; did you mean 'pay'"),
        ({"kinds": {"agee": "integer"}}, SchemaError, "'agee'; did you mean 'age'"),
        ({"generator": "treees"}, UsageError, "did you mean 'trees'"),
        ({"generator": "image-vae"}, UsageError, "learns pictures"),
        ({"generator": "copula", "parameters": {"leef": 1}}, UsageError, "no setting 'leef'"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(store, dataset, jobs, asked, error, words) -> None:
    with pytest.raises(error, match=words):
        jobs().submit(request(dataset, **asked))
    assert store.runs() == []


def test_a_file_that_is_not_allowed_any_more_is_not_read(store, dataset) -> None:
    with pytest.raises(UsageError, match="--allow"):
        Jobs(store, permitted=lambda _: False).submit(request(dataset))


def test_this_process_is_alive_and_a_dead_one_is_not() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    born = processes.birth(child.pid)
    until(lambda: processes.birth(child.pid) is None)  # dead, and not yet buried
    assert not processes.alive(child.pid, born)
    child.wait()
    assert processes.alive(os.getpid(), processes.birth(os.getpid()))
    assert not processes.alive(None, None)


def test_without_proc_the_start_is_asked_of_ps(monkeypatch) -> None:
    monkeypatch.setattr(processes, "PROC", Path("/nowhere"))
    born = processes.birth(os.getpid())
    assert born == processes.birth(os.getpid()) and born
    assert processes.birth(2**22 + 5) is None


def test_a_run_is_done_by_one_worker(store, dataset) -> None:
    work = Jobs(store, at_once=0)
    run = work.submit(request(dataset))
    run.out.mkdir()
    handler = signal.getsignal(signal.SIGINT)
    assert main(run.folder) == TAKEN
    signal.signal(signal.SIGINT, handler)


def test_lines_are_few_and_tell_the_last_amount(tmp_path: Path, monkeypatch) -> None:
    clock = iter([0.0] + [at / 100 for at in range(1000)])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with (tmp_path / "p").open("w") as file:
        lines = Lines(file)
        with lines.stage("fit", 100) as tick:
            for _ in range(100):
                tick(1)
    text = (tmp_path / "p").read_text().splitlines()
    assert 5 <= len(text) <= 9
    assert '"done": 100.0' in text[-1] and '"closed"' in text[-1]


# With the real worker


def test_a_real_run_writes_what_the_command_line_writes(served) -> None:
    _, _, run = served
    assert (run.status, run.error, run.name) == ("done", None, "the first")
    assert run.files() == [
        "synthetic.csv",
        "report.html",
        "results.json",
        "audit.parquet",
        "model.fidelia",
        "recipe.toml",
    ]
    assert run.document()["inputs"]["target"] == "pay"
    assert [stage["state"] for stage in run.progress()] == ["closed"] * len(run.progress())
    assert {"start", "read", "measure", "audit", "write"} <= {stage["stage"] for stage in run.progress()}


def test_a_real_run_that_cannot_be_done_says_why(store, dataset, begun) -> None:
    work = Jobs(store)
    begun.append(work)
    write_table(dataset.path, rows=30)
    run = reach(work, store, work.submit(request(dataset)), "failed")
    assert "too few" in run.error


def test_a_real_run_is_cancelled_in_the_middle_and_keeps_its_model(store, settings: Settings, begun) -> None:
    """Even when the server was started in the background of a script, where interrupts are switched off."""
    from fidelia.web.uploads import from_path

    class Background(Jobs):
        def _command(self, run: Run) -> list[str]:
            return ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", *super()._command(run)]

    work = Background(store)
    begun.append(work)
    run = work.submit(request(from_path("adult", store, settings), target="income"))
    until(lambda: any(stage["stage"] == "measure" and stage["done"] for stage in store.run(run.id).progress()))
    work.cancel(run.id)
    run = reach(work, store, run, "cancelled")
    assert run.files() == ["synthetic.parquet", "model.fidelia"] and "model.fidelia" in run.error
    assert run.document() is None
