"""What tests share: the real tables, where they are at hand."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

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
