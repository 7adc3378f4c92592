"""What tests share: the real tables, where they are at hand."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# Several test processes share the processors: threads that wait for each other would only take time from them.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A busy machine is not a failing one; where a build is judged, the same examples are tried each time.
settings.register_profile("fidelia", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("fidelia")

SHARED = Path(os.environ.get("FIDELIA_SHARED", Path(__file__).parents[2] / "shared"))


def shared_path(name: str) -> Path:
    """Return ``<shared>/data/<name>/data.parquet``, or skip the test when it is not there."""
    path = SHARED / "data" / name / "data.parquet"
    if not path.exists():
        pytest.skip(f"the real table {name!r} is not at hand; set FIDELIA_SHARED to the folder that holds data/{name}")
    return path


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """Give the function that finds a real table by name, or skips."""
    return shared_path


BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Give a browser that phones nobody, or skip."""
    if BROWSER is None:
        pytest.skip("no chromium, chromium-browser or google-chrome on the PATH")
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as driver:
        context = driver.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"), executable_path=BROWSER, args=ARGUMENTS
        )
        yield context
        context.close()
