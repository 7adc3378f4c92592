"""Marginals: independent columns, the baseline that shows which scores are blind to everything but columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from fidelia.encode.codes import Coded
from fidelia.encode.columns import Rare, TableCoder
from fidelia.generate.catalog import State
from fidelia.generate.sampling import rows
from fidelia.generate.states import opened, sealed
from fidelia.generate.values import Axis, fit_axis, obeying, within
from fidelia.progress import SILENT, Progress

if TYPE_CHECKING:
    from fidelia.data.table import Table
    from fidelia.generate.conditions import Given
    from fidelia.rng import Rng


@dataclass(slots=True, eq=False)
class Marginals:
    """Draws every column from its own protected law, blind to the others.

    Parameters
    ----------
    k : int
        Values held by fewer than `k` training rows are interpolated or grouped, see `fidelia.encode.protection`.
    rare : {"resample", "keep"}
        What becomes of levels held by fewer than k rows.
    """

    k: int = 5
    rare: Rare = "resample"
    coder_: TableCoder = field(init=False, repr=False)
    axes_: dict[str, Axis] = field(init=False, repr=False)

    def fit(self, table: Table, *, rng: Rng, progress: Progress = SILENT) -> Self:  # noqa: ARG002 - nothing is drawn
        """Learn the law of every column."""
        self.coder_ = TableCoder.fit(table, k=self.k, rare=self.rare)
        coded = self.coder_.code(table)
        with progress.stage("fit marginals", len(coded.columns)):
            self.axes_ = {name: fit_axis(coded[name], self.coder_.k) for name in coded}
        return self

    def sample(
        self,
        n: int,
        *,
        given: Given | None = None,
        rng: Rng,
        progress: Progress = SILENT,  # noqa: ARG002 - too fast to watch
        first: int = 0,
    ) -> Table:
        """Draw `n` rows; conditions cut the laws of their columns."""
        n = rows(n)
        evidence = {} if given is None else given.code(self.coder_)
        columns = {}
        for i, (name, axis) in enumerate(self.axes_.items()):
            draw, allowed = rng.child(f"column/{i}").generator(), evidence.get(name)
            columns[name] = obeying(axis.at(within(axis.windows(allowed), draw.random(n))), allowed, draw)
        return self.coder_.decode(Coded(columns, n), rng=rng, first=first)

    def state(self) -> State:
        """Return the coder and the laws."""
        return sealed(self, self.coder_, self.axes_)

    @classmethod
    def restore(cls, state: State) -> Self:
        """Read what `state` returned."""
        with opened(state) as parts:
            made = cls(**parts.parameters)
            made.coder_, made.axes_ = parts.coder, parts.axes()
        return made
