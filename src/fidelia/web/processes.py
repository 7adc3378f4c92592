"""Processes of this machine: one is known by its id and the time of its start, because ids are used again."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def birth(pid: int) -> str | None:
    """Return when a process started, as the system says it; None when it is gone, or dead and not yet buried."""
    return _from_proc(pid) if (PROC / "self" / "stat").exists() else _from_ps(pid)


def alive(pid: int | None, born: str | None) -> bool:
    """Whether the process that had this id and start still runs."""
    return pid is not None and born is not None and birth(pid) == born


def interrupt(pid: int) -> None:
    """Ask a process to stop, as Ctrl-C does."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)


def end(pid: int) -> None:
    """End a process that leads a group, and all of the group."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _from_proc(pid: int) -> str | None:
    """Field 22 of /proc/<pid>/stat, in ticks since the machine started, with the start of the machine."""
    try:
        fields = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else f"{_boot()}/{fields[19]}"


def _boot() -> str:
    """Return what names this start of the machine, where the system says it."""
    try:
        return (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _from_ps(pid: int) -> str | None:
    asked = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    said = subprocess.run(asked, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    state, _, born = said.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else born.strip()
