"""`fidelia serve`: what it refuses, the link that it prints, and how it stops."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from asking import until, write_table

from fidelia.cli.exits import guarded
from fidelia.cli.serve import size_from
from fidelia.errors import UsageError
from fidelia.web.serving import claimed, listen
from fidelia.web.settings import Settings
from fidelia.web.store import Store

Start = Callable[..., tuple[subprocess.Popen[str], str]]


@pytest.fixture
def refused(tmp_path: Path, capsys) -> Callable[..., str]:
    """Give a command line that must not start a server, and return what it said."""

    def ask(*arguments: str) -> str:
        assert guarded(["serve", str(tmp_path / "served"), *arguments]) == 2
        assert not (tmp_path / "served").exists()
        return capsys.readouterr().err

    return ask


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "data.example"])
def test_other_machines_need_a_token(refused, host: str) -> None:
    assert "--token" in refused("--host", host)
    assert "16 characters" in refused("--host", host, "--token", "short")


def test_a_token_of_other_signs_is_refused(refused) -> None:
    for token in ("ü" * 20, " " * 20, "a\tb", ""):
        assert "ASCII" in refused("--token", token)


def test_what_is_allowed_must_be_there(refused) -> None:
    assert "no such file" in refused("--allow", "/nowhere/at/all")


@pytest.mark.parametrize("text", ["0", "-1", "1TB", "much", "", "1.2.3MB", "MB"])
def test_a_size_is_a_size(text: str, refused) -> None:
    with pytest.raises(UsageError, match="500kB"):
        size_from(text)


def test_sizes_are_read() -> None:
    assert [size_from(text) for text in ("500kB", "200MB", "1.5 gb", "7")] == [500_000, 200_000_000, 1_500_000_000, 7]


def test_a_missing_extra_is_one_line_with_the_way_out(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("fidelia.cli.serve.find_spec", lambda name: None)
    assert guarded(["serve", str(tmp_path)]) == 5
    assert "pip install 'fidelia[web]'" in capsys.readouterr().err


def test_a_taken_port_is_said_or_passed_by() -> None:
    with listen("127.0.0.1", 0) as first:
        taken = first.getsockname()[1]
        with pytest.raises(UsageError, match="--port"):
            listen("127.0.0.1", taken)
        with listen("127.0.0.1", taken, any_port=True) as second:
            assert second.getsockname()[1] != taken


def test_a_folder_has_one_server(tmp_path: Path) -> None:
    again = claimed(tmp_path, "x")
    with claimed(tmp_path, "http://127.0.0.1:1/"), pytest.raises(UsageError, match=r"http://127.0.0.1:1/ has it"):
        again.__enter__()
    (tmp_path / "server.json").write_text('{"pid": 4194304, "birth": "long ago", "address": "x"}')
    with claimed(tmp_path, "y"):
        assert '"y"' in (tmp_path / "server.json").read_text()
    assert not (tmp_path / "server.json").exists()


def test_the_address_can_be_opened() -> None:
    at = {host: Settings(Path(), "t", host=host, port=1).address for host in ("127.0.0.1", "::1", "0.0.0.0")}
    assert (at["127.0.0.1"], at["::1"]) == ("http://127.0.0.1:1/", "http://[::1]:1/")
    assert socket.gethostname() in at["0.0.0.0"]


def test_other_commands_do_not_load_the_server() -> None:
    code = "import sys, fidelia.cli.app; print([m for m in ('fastapi', 'uvicorn', 'starlette') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a server in a process of its own; return it and its link."""
    begun: list[subprocess.Popen[str]] = []

    def serve(*arguments: str, **environment: str) -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-m", "fidelia.cli", "serve", str(tmp_path / "served"), "--port", "0", *arguments]
        piped = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        begun.append(subprocess.Popen(command, text=True, env=os.environ | environment, **piped))
        return begun[-1], begun[-1].stdout.readline().strip()

    yield serve
    for server in begun:
        server.kill()
        server.communicate()
    for run in Store(tmp_path / "served").runs():
        if run.status == "running":
            os.killpg(run.pid, signal.SIGKILL)


def stopped(server: subprocess.Popen[str]) -> tuple[int, str]:
    """Press Ctrl-C, and return how it ended and what it said."""
    server.send_signal(signal.SIGINT)
    _, said = server.communicate(timeout=20)
    return server.returncode, said


def test_a_server_is_stopped_and_started_again_in_the_middle_of_a_run(start: Start, tmp_path: Path) -> None:
    """The link opens once; an open page stays open; the run goes on meanwhile and is found again; a kill is noticed."""
    first, link = start("--no-browser")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{32}", link)
    base = link.partition("?")[0]
    with httpx.Client(timeout=60, base_url=base, headers={"Sec-Fetch-Site": "same-origin"}) as page:
        assert page.get(link).status_code == 200
        assert httpx.get(link, timeout=60).status_code == 401
        data = page.post("/api/datasets/path", json={"path": "adult"}).json()["id"]
        id_ = page.post("/api/runs", json={"dataset": data, "generator": "marginals"}).json()["id"]
        with page.stream("GET", f"/api/runs/{id_}/events") as stream:
            until(lambda: any("read" in line for line in stream.iter_lines()))
            code, said = stopped(first)
        assert code == 0 and "Still at work" in said and id_ in said
        session = next(iter(page.cookies.values()))
    store = Store(tmp_path / "served")
    assert store.run(id_).status == "running" and not (tmp_path / "served" / "server.json").exists()

    again, link = start("--no-browser", "--quiet")
    port = re.search(r":(\d+)/", link)[1]
    headers = {"Cookie": f"fidelia-{port}={session}", "Sec-Fetch-Site": "same-origin"}
    with httpx.Client(timeout=60, base_url=link.partition("?")[0], headers=headers) as page:
        told = page.get(f"/api/runs/{id_}").json()
        assert told["status"] == "running" and told["progress"]
        os.kill(store.run(id_).pid, signal.SIGKILL)
        told = until(lambda: (now := page.get(f"/api/runs/{id_}").json())["status"] == "failed" and now)
        assert "gone" in told["error"]
    code, said = stopped(again)
    assert (code, said) == (0, "")


def test_a_chosen_token_is_for_programs(start: Start, tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    place = write_table(tmp_path / "tables" / "people.csv")
    server, link = start("--no-browser", "--allow", str(tmp_path / "tables"), FIDELIA_TOKEN="a chosen+token")
    assert link.endswith("?token=a%20chosen%2Btoken")
    with httpx.Client(
        timeout=60, base_url=link.partition("?")[0], headers={"Authorization": "Bearer a chosen+token"}
    ) as program:
        assert program.post("/api/datasets/path", json={"path": str(place)}).json()["name"] == "people.csv"
        answer = program.post("/api/datasets/path", json={"path": str(tmp_path / "served" / ".key")})
        assert answer.status_code == 403
        assert program.get("/", headers={"Host": "evil.example"}).status_code == 400
    second = [sys.executable, "-m", "fidelia.cli", "serve", str(tmp_path / "served"), "--no-browser", "--port", "0"]
    done = subprocess.run(second, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "has it" in done.stderr
    code, said = stopped(server)
    assert code == 0 and "no run was at work" in said
