"""fidelia: synthetic tables that you can trust.

Generates synthetic data, measures how faithful it is beside the number that fresh real data gets, and audits it
row by row.

>>> import fidelia as fd
>>> real = fd.read(fd.sample_path("adult"), target="income")  # doctest: +SKIP
>>> result = fd.run(real, seed=0)  # doctest: +SKIP
>>> result.report.save("report.html")  # doctest: +SKIP
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

logging.getLogger("fidelia").addHandler(logging.NullHandler())

if TYPE_CHECKING:
    from fidelia.data.images.imageset import ImageSet
    from fidelia.data.images.read import read_images
    from fidelia.data.read import read
    from fidelia.data.samples import sample_path
    from fidelia.data.split import split
    from fidelia.data.table import Table
    from fidelia.errors import FideliaError
    from fidelia.generate.catalog import Generator
    from fidelia.measure.case import Case
    from fidelia.measure.result import Result
    from fidelia.rng import Rng
    from fidelia.schema.kinds import Kind, Role
    from fidelia.schema.schema import Column, Schema
    from fidelia.workflow.curation import curate
    from fidelia.workflow.enhance import Enhancement, enhance
    from fidelia.workflow.model import Model, load
    from fidelia.workflow.move import adapt, transfer
    from fidelia.workflow.outcome import Outcome
    from fidelia.workflow.pipeline import audit, evaluate, fit, run
    from fidelia.workflow.qualities import Quality, compare, completeness, fidelity, privacy, stability, utility
    from fidelia.workflow.recipe import Recipe

# The public names and where they live; each is loaded on first use (PEP 562), so that importing fidelia is instant.
_WHERE = {
    "Case": "measure.case",
    "Column": "schema.schema",
    "Enhancement": "workflow.enhance",
    "FideliaError": "errors",
    "Generator": "generate.catalog",
    "ImageSet": "data.images.imageset",
    "Kind": "schema.kinds",
    "Model": "workflow.model",
    "Outcome": "workflow.outcome",
    "Quality": "workflow.qualities",
    "Recipe": "workflow.recipe",
    "Result": "measure.result",
    "Rng": "rng",
    "Role": "schema.kinds",
    "Schema": "schema.schema",
    "Table": "data.table",
    "adapt": "workflow.move",
    "audit": "workflow.pipeline",
    "compare": "workflow.qualities",
    "completeness": "workflow.qualities",
    "curate": "workflow.curation",
    "enhance": "workflow.enhance",
    "evaluate": "workflow.pipeline",
    "fidelity": "workflow.qualities",
    "fit": "workflow.pipeline",
    "load": "workflow.model",
    "privacy": "workflow.qualities",
    "read": "data.read",
    "read_images": "data.images.read",
    "run": "workflow.pipeline",
    "sample_path": "data.samples",
    "split": "data.split",
    "stability": "workflow.qualities",
    "transfer": "workflow.move",
    "utility": "workflow.qualities",
}

__all__ = [
    "Case",
    "Column",
    "Enhancement",
    "FideliaError",
    "Generator",
    "ImageSet",
    "Kind",
    "Model",
    "Outcome",
    "Quality",
    "Recipe",
    "Result",
    "Rng",
    "Role",
    "Schema",
    "Table",
    "adapt",
    "audit",
    "compare",
    "completeness",
    "curate",
    "enhance",
    "evaluate",
    "fidelity",
    "fit",
    "load",
    "privacy",
    "read",
    "read_images",
    "run",
    "sample_path",
    "split",
    "stability",
    "transfer",
    "utility",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'fidelia' has no attribute {name!r}")
    found = getattr(import_module(f"fidelia.{_WHERE[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
