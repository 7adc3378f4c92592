"""The documents that the tests of the report draw."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def _beside(name: str) -> ModuleType:
    spec = spec_from_file_location(f"report_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def examples() -> ModuleType:
    """The module that makes documents: `example()`, `wide(columns)`, `bare()`."""
    return _beside("example")


@pytest.fixture(scope="session")
def families() -> ModuleType:
    """The module that adds every family of measures to a document: `extended(document, *kinds)`."""
    return _beside("families")


@pytest.fixture
def document(examples: ModuleType) -> dict[str, Any]:
    """A full document, anew for each test."""
    return examples.example()
