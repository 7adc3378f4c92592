"""Trees: one small grove per column given the columns before it, with protected values; the default generator.

A column's trees are grown on halves of the rows towards its whole conditional law (levels, or quantile indicators
beside normal scores) and filled with all rows; a row takes its value from one tree. Columns are drawn in the order
of their association with all others. Values held by fewer than k rows are never handed out: leaves hold counts of
shared values, and cells between neighbours for all others (`fidelia.generate.forest`).

References
----------
Reiter (2005), "Using CART to generate partially synthetic public use microdata", Journal of Official Statistics 21.
Drechsler and Reiter (2011), "An empirical evaluation of easily implemented, nonparametric methods for generating
synthetic datasets", Computational Statistics and Data Analysis 55.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from fidelia.encode.columns import Rare, TableCoder
from fidelia.encode.united import united
from fidelia.errors import UsageError
from fidelia.generate.catalog import State
from fidelia.generate.replay import replayed, shared
from fidelia.generate.sampling import rows
from fidelia.generate.states import levels, modelled, opened, sealed
from fidelia.progress import SILENT, Progress

if TYPE_CHECKING:
    from fidelia.data.table import Table
    from fidelia.generate.catalog import Generator
    from fidelia.generate.conditions import Given
    from fidelia.generate.forest import Forest
    from fidelia.rng import Rng

log = logging.getLogger(__name__)

REPLAY = 10
"""Rows drawn from a source for each row of a table learnt beside it: with 4 or 32 tuned trees are told apart better."""


@dataclass(slots=True, eq=False)
class Trees:
    """Draws each column from trees on the columns before it.

    Parameters
    ----------
    k : int
        Values held by fewer than `k` training rows are interpolated or grouped, see `fidelia.encode.protection`.
    trees : int
        Trees of a column; each row takes its value from one of them.
    leaf : int or None
        Fewest rows of a leaf among the rows that a tree grows on. None: from the number of rows. Larger leaves keep
        a greater distance to training rows and less of the detail.
    rare : {"resample", "keep"}
        What becomes of levels held by fewer than k rows.
    """

    k: int = 5
    trees: int = 8
    leaf: int | None = None
    rare: Rare = "resample"
    coder_: TableCoder = field(init=False, repr=False)
    forest_: Forest = field(init=False, repr=False)

    def fit(self, table: Table, *, rng: Rng, progress: Progress = SILENT) -> Self:
        """Learn the columns' order and grow their trees."""
        from fidelia.generate.forest import Params, fit

        self._check()
        self.coder_ = TableCoder.fit(table, k=self.k, rare=self.rare)
        coded = self.coder_.code(table)
        params = Params(k=self.coder_.k, trees=self.trees, leaf=self.leaf)
        with progress.stage("fit trees", len(coded.columns)) as tick:
            self.forest_ = fit(coded, params, rng=rng, tick=tick)
        return self

    def _check(self) -> None:
        for name in ("trees", "leaf"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise UsageError(f"{name} = {value!r}: at least 1 is needed")

    def tuned(self, table: Table, *, rng: Rng, progress: Progress = SILENT) -> Self:
        """Return trees for a small table, grown beside rows drawn from these; see `fit_beside`."""
        return replace(self).fit_beside(self, table, rng=rng, progress=progress)

    def fit_beside(self, source: Generator, table: Table, *, rng: Rng, progress: Progress = SILENT) -> Self:
        """Learn a small table beside rows that a source draws; see `fidelia.generate.forest.beside`.

        Parameters
        ----------
        source : Generator
            Fitted; it draws `REPLAY` rows for each row of the table.
        table : Table
            With some of the source's columns, others of its own, and levels and values that the source need not know.

        Raises
        ------
        SchemaError
            When they have no column in common.
        """
        from fidelia.generate.forest import Params
        from fidelia.generate.forest.beside import fit_beside

        self._check()
        like = shared(source, table)
        others = replayed(source, like, REPLAY * len(table), rng=rng.child("replay"))
        learnt = TableCoder.fit(like.table, k=self.k, rare=self.rare)
        self.coder_ = united(learnt, TableCoder.fit(others, k=self.k), like.shared)
        own, theirs = self.coder_.code(like.table), self.coder_.code_some(others)
        params = Params(k=self.coder_.k, trees=self.trees, leaf=self.leaf)
        with progress.stage("fit trees", len(own.columns)) as tick:
            self.forest_ = fit_beside(own, theirs, params, rng=rng, tick=tick)
        return self

    def sample(
        self,
        n: int,
        *,
        given: Given | None = None,
        rng: Rng,
        progress: Progress = SILENT,  # noqa: ARG002 - batches are too fast to watch
        first: int = 0,
    ) -> Table:
        """Draw `n` rows; conditioned columns are drawn inside the condition and the rows weighted by its probability.

        Rows are accepted by weight, which is exact, while a bounded number of proposals lasts; the rest is
        resampled by weight, and the effective number of rows is logged.
        """
        n = rows(n)
        evidence = {} if given is None else given.code(self.coder_)
        try:
            draw = self.forest_.draw(n, rng.child("draw"), evidence)
        except ValueError as error:
            raise UsageError(str(error)) from error
        if draw.ess < n:
            log.warning("%d rows drawn under a rare condition carry the information of %.0f", n, draw.ess)
        return self.coder_.decode(draw.coded, rng=rng, first=first)

    def state(self) -> State:
        """Return the coder and the trees."""
        facts, arrays = self.forest_.state()
        return sealed(self, self.coder_, {}, forest=facts, **arrays)

    @classmethod
    def restore(cls, state: State) -> Self:
        """Read what `state` returned; every index is checked before anything is drawn."""
        from fidelia.generate.forest import Forest
        from fidelia.generate.forest.sound import inspect

        with opened(state) as parts:
            made = cls(**parts.parameters)
            made.coder_ = parts.coder
            made.forest_ = Forest.restore(state.values["forest"], state.arrays)
            inspect(made.forest_, {name: levels(parts.coder, name) for name in modelled(parts.coder)})
        return made
