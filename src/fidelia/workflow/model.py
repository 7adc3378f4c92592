"""Model: a fitted generator with its schema, ready to draw, save and load."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fidelia.generate import bundle
from fidelia.generate.catalog import Generator, create
from fidelia.generate.conditions import Given, given_from
from fidelia.generate.sampling import sample, stream
from fidelia.progress import SILENT, Progress
from fidelia.rng import Rng

if TYPE_CHECKING:
    from fidelia.data.table import Table
    from fidelia.schema.schema import Schema

Conditions = Given | Mapping[str, Any] | Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Model:
    """A generator that has learnt a table.

    Parameters
    ----------
    name : str
        The generator's name in the catalog.
    generator : Generator
        Fitted.
    schema : Schema
        Of the training table.
    about : mapping
        How it came to be: seed, rows, hash of the training table. No rows.
    """

    name: str
    generator: Generator
    schema: Schema
    about: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Model({self.name}, {len(self.schema)} columns, learnt from {self.about.get('rows', '?')} rows)"

    def sample(self, n: int, *, given: Conditions = None, seed: int = 0, progress: Progress = SILENT) -> Any:
        """Draw rows as the flavour of frame that the model was fitted on (pandas where it was a file).

        Parameters
        ----------
        n : int
            How many rows.
        given : mapping, sequence of str, Given or None
            Conditions that every row obeys: ``{"sex": "Female", "age": (30, 40)}`` or ``["sex=Female", "age=30..40"]``.
        seed : int
            The same seed draws the same rows.

        Raises
        ------
        UsageError
            When `n` is negative, or a condition names no column, no level, or cannot hold.
        """
        return self.sample_table(n, given=given, seed=seed, progress=progress).native()

    def sample_table(self, n: int, *, given: Conditions = None, seed: int = 0, progress: Progress = SILENT) -> Table:
        """Draw rows as a Table; see `sample`."""
        return sample(
            self.generator, n, given=given_from(given, self.schema), rng=Rng(seed).child("sample"), progress=progress
        )

    def stream(self, n: int, *, given: Conditions = None, seed: int = 0) -> Iterator[Table]:
        """Draw the rows of `sample` in batches, in bounded memory."""
        return stream(self.generator, n, given=given_from(given, self.schema), rng=Rng(seed).child("sample"))

    def save(self, path: str | Path) -> None:
        """Write the model to a bundle: JSON and arrays, no code, no training rows; atomic."""
        bundle.save(path, generator_name=self.name, generator=self.generator, schema=self.schema, about=self.about)


def fit_table(
    table: Table,
    *,
    generator: str = "trees",
    parameters: Mapping[str, Any] | None = None,
    seed: int = 0,
    about: Mapping[str, Any] | None = None,
    progress: Progress = SILENT,
) -> Model:
    """Fit a new generator of that name on `table`."""
    fitted = create(generator, **(parameters or {})).fit(table, rng=Rng(seed).child("fit"), progress=progress)
    facts = {"seed": seed, "rows": len(table), "parameters": dict(parameters or {}), **(about or {})}
    return Model(generator, fitted, table.schema, facts)


def load(path: str | Path) -> Model:
    """Read a model that `Model.save` wrote.

    Raises
    ------
    BundleError
        When the file is damaged, unsafe or of an unknown format.
    """
    found = bundle.load(path)
    return Model(found.generator_name, found.generator, found.schema, found.about)
