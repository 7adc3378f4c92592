"""The documents that the tests of the report draw."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture(scope="session")
def examples() -> ModuleType:
    """The module that makes documents: `example()`, `wide(columns)`, `bare()`."""
    spec = spec_from_file_location("report_example", Path(__file__).with_name("example.py"))
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def document(examples: ModuleType) -> dict[str, Any]:
    """A full document, anew for each test."""
    return examples.example()
