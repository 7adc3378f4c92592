"""The generators that are compared for a small target: of the target, of the source, of both, and the tuned one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.generate.catalog import Generator, Tunable
from fidelia.generate.effort import Effort, takes_effort
from fidelia.generate.replay import replayed
from fidelia.generate.sampling import joined, sample
from fidelia.generate.trees import REPLAY, Trees
from fidelia.progress import SILENT, Progress

if TYPE_CHECKING:
    from fidelia.data.overlap import Overlap
    from fidelia.data.table import Table
    from fidelia.rng import Rng

TARGET, SOURCE, POOLED, TUNED, REAL = "target only", "source only", "pooled", "transferred", "target rows themselves"
SUMMARIES = {
    TARGET: "trees learnt from the target rows alone",
    SOURCE: "the source as it is",
    POOLED: f"trees learnt from the target rows and {REPLAY} rows of the source for each of them",
    TUNED: "the source tuned on the target rows",
    REAL: "no generator: a model learnt from the target rows",
}
ROWS = 2_000
"""Rows that are drawn of each generator to judge it by."""


@dataclass(frozen=True, slots=True)
class Tuned:
    """A generator made of a source and target rows.

    Parameters
    ----------
    name : str
        In the catalog.
    generator : Generator
    method : str
        How it was made.
    note : str
        Why the source itself could not be continued, if so.
    """

    name: str
    generator: Generator = field(repr=False)
    method: str
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Tuner:
    """A source, and what it takes to tune it.

    Parameters
    ----------
    source : Generator
        Fitted.
    name : str
        Of the source in the catalog.
    like : Overlap
        All target rows beside what the source draws.
    pool : Table
        Rows of the source, with the shared columns.
    seconds : float or None
        For one fit, of generators that train step by step.
    """

    source: Generator
    name: str
    like: Overlap
    pool: Table
    seconds: float | None = None
    progress: Progress = SILENT

    @classmethod
    def of(
        cls, source: Generator, name: str, like: Overlap, seconds: float | None, rng: Rng, progress: Progress
    ) -> Tuner:
        """Return the tuner of a source, with rows of it for all comparisons."""
        pool = replayed(source, like, max(ROWS, REPLAY * len(like.table)), rng=rng)
        return cls(source, name, like, pool, seconds, progress)

    def tuned(self, train: Table, rng: Rng) -> Tuned:
        """Return the source tuned on target rows: continued where it can be, else trees beside rows that it draws."""
        note = ""
        if isinstance(self.source, Tunable):
            limited = self.seconds is not None and takes_effort(type(self.source), "tuned")
            effort: dict[str, Any] = {"effort": Effort(seconds=self.seconds)} if limited else {}
            try:
                made = self.source.tuned(train, rng=rng, progress=self.progress, **effort)
                return Tuned(self.name, made, f"{self.name} tuned on the target rows")
            except NotApplicable as reason:
                note = f"{self.name} could not be continued: {reason.text}"
        trees = Trees().fit_beside(self.source, train, rng=rng, progress=self.progress)
        return Tuned("trees", trees, f"trees learnt beside rows that {self.name} draws", note)

    def drawn(self, train: Table, rng: Rng) -> Iterator[tuple[str, Table]]:
        """Yield the rows of each generator that there can be; of those learnt, from these target rows."""
        yield TARGET, self._rows(Trees().fit(train, rng=rng.child(TARGET)), rng)
        if not self.like.own:
            yield SOURCE, self.pool.take(np.arange(ROWS))
            both = joined([train, self.pool.take(np.arange(REPLAY * len(train)))])
            yield POOLED, self._rows(Trees().fit(both, rng=rng.child(POOLED)), rng)
        yield TUNED, self._rows(self.tuned(train, rng.child(TUNED)).generator, rng)

    def _rows(self, made: Generator, rng: Rng) -> Table:
        return sample(made, ROWS, rng=rng.child("draw"))
