"""How long users wait for the first answer: help, the first progress of an evaluation, a page that can be used.

    .venv/bin/python benchmarks/face.py                     the page of the shipped sample
    .venv/bin/python benchmarks/face.py results.json ...    the pages of these results

Beside each stands the bare start, taken in the same run: of Python for commands, of an empty page for pages.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import BrowserContext, sync_playwright
from speed import best, slice_

import fidelia as fd
from fidelia.data.table import Table
from fidelia.report.report import Report

ROWS = 39_000
BROWSER = "/usr/bin/chromium"
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
COMMAND = (sys.executable, "-m", "fidelia.cli")


def main() -> None:
    adult = fd.read(fd.sample_path("adult"), target="income")
    with tempfile.TemporaryDirectory() as folder:
        sides = written(adult, Path(folder))
        bare = best(lambda: subprocess.run([sys.executable, "-c", ""]))
        commands = {
            "fidelia --help": best(lambda: subprocess.run([*COMMAND, "--help"], capture_output=True)),
            f"first progress of evaluate, {ROWS:,} rows": best(lambda: first_words([*COMMAND, "evaluate", *sides])),
        }
        show("Python", bare, commands)
        show("an empty page", *pages(documents(adult), Path(folder)))


def written(adult: Table, folder: Path) -> list[str]:
    """Write three tables as csv, which is the slowest to read, and return them as options."""
    options = []
    for i, side in enumerate(("train", "synthetic", "holdout")):
        path = folder / f"{side}.csv"
        adult.take(np.random.default_rng(i).integers(0, len(adult), ROWS)).write(str(path))
        options += [f"--{side}", str(path)]
    return options


def first_words(command: list[str]) -> None:
    """Start a command and stop it when it has said something."""
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as started:
        assert started.stderr is not None
        assert started.stderr.readline()
        started.terminate()


def documents(adult: Table) -> dict[str, dict[str, Any]]:
    if sys.argv[1:]:
        return {name: json.loads(Path(name).read_text()) for name in sys.argv[1:]}
    found = fd.evaluate(slice_(adult, 0, 4), slice_(adult, 4, 8), holdout=slice_(adult, 8, 10))
    return {f"the report of {len(adult.schema)} columns": found.document}


def pages(found: dict[str, dict[str, Any]], folder: Path) -> tuple[float, dict[str, float]]:
    """Return the seconds until an empty page and each report can be used."""
    empty = folder / "empty.html"
    empty.write_text("<!doctype html><title>empty</title>")
    with sync_playwright() as driver:
        browser = driver.chromium.launch_persistent_context(folder / "profile", executable_path=BROWSER, args=ARGUMENTS)
        seconds = {}
        for i, (name, document) in enumerate(found.items()):
            path = folder / f"{i}.html"
            Report(document).save(path)
            seconds[f"{name}, {path.stat().st_size / 1e6:.1f} MB: can be used"] = usable(browser, path)
        bare = usable(browser, empty)
        browser.close()
    return bare, seconds


def usable(browser: BrowserContext, path: Path) -> float:
    """The least of three: the script has run, all is laid out, and the next frame is drawn."""
    taken = []
    for _ in range(3):
        shown = browser.new_page()
        start = time.perf_counter()
        shown.goto(path.as_uri())
        shown.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
        taken.append(time.perf_counter() - start)
        shown.close()
    return min(taken)


def show(beside: str, bare: float, measured: dict[str, float]) -> None:
    print(f"\n{beside}: {bare:.2f} s\n\n| work | seconds | times as long |\n|---|--:|--:|")
    for name, seconds in measured.items():
        print(f"| {name} | {seconds:.2f} | {seconds / bare:.1f} |")


if __name__ == "__main__":
    main()
