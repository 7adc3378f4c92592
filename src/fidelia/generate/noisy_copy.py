"""NoisyCopy: training rows plus a little noise, the bad example that privacy scores must catch.

Every row that it draws is a training row whose numbers were moved by a small share of their column's spread and whose
levels were exchanged now and then. It looks faithful and protects nobody, so it declines to be saved: its model would
be the training rows themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn, Self

import numpy as np

from fidelia.encode.codes import Coded, CodedColumn, Continuous, Discrete
from fidelia.encode.columns import TableCoder
from fidelia.encode.quantile import deviation
from fidelia.errors import BundleError, NotApplicable, UsageError
from fidelia.generate.sampling import rows
from fidelia.generate.values import admitted, obeying
from fidelia.progress import SILENT, Progress

if TYPE_CHECKING:
    from fidelia.data.table import Table
    from fidelia.generate.catalog import State
    from fidelia.generate.conditions import Given
    from fidelia.rng import Rng

SHARED = 0.01
"""Share of rows from which a number is left as it is: a blurred zero would give the copy away."""


@dataclass(slots=True, eq=False)
class NoisyCopy:
    """Draws training rows and blurs them.

    Parameters
    ----------
    noise : float
        In [0, 1]: the noise's standard deviation, in standard deviations of the column, and the share of levels that
        are exchanged for those of another row. Numbers that a hundredth of the rows share stay as they are.
    """

    noise: float = 0.02
    coder_: TableCoder = field(init=False, repr=False)
    coded_: Coded = field(init=False, repr=False)

    def fit(self, table: Table, *, rng: Rng, progress: Progress = SILENT) -> Self:  # noqa: ARG002 - nothing is drawn
        """Keep the rows."""
        if not 0 <= self.noise <= 1:
            raise UsageError(f"noise = {self.noise!r} lies outside [0, 1]")
        self.coder_ = TableCoder.fit(table, k=1, rare="keep")
        with progress.stage("fit noisy-copy", 1):
            self.coded_ = self.coder_.code(table)
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
        """Draw `n` rows from those that obey the conditions (from all where none does), each once before any twice."""
        n = rows(n)
        evidence = {} if given is None else given.code(self.coder_)
        fits = np.ones(len(self.coded_), bool)
        for name, allowed in evidence.items():
            fits &= admitted(self.coded_[name], allowed)
        pool = np.flatnonzero(fits) if fits.any() else np.arange(len(self.coded_))
        draw = rng.child("rows").generator()
        picked = np.concatenate([draw.permutation(pool) for _ in range(-(-n // len(pool)))] or [pool[:0]])[:n]
        columns: dict[str, CodedColumn] = {}
        for i, name in enumerate(self.coded_):
            stream = rng.child(f"column/{i}").generator()
            columns[name] = obeying(self._blurred(self.coded_[name], picked, stream), evidence.get(name), stream)
        return self.coder_.decode(Coded(columns, n), rng=rng, first=first)

    def _blurred(self, column: CodedColumn, picked: np.ndarray, draw: np.random.Generator) -> CodedColumn:
        if isinstance(column, Discrete):
            other = column.codes[draw.integers(len(column), size=len(picked))]
            swapped = draw.random(len(picked)) < self.noise
            return Discrete(np.where(swapped, other, column.codes[picked]), column.levels, column.ordered)
        values = column.values[picked]
        present = column.values[~np.isnan(column.values)]
        distinct, counts = np.unique(present, return_counts=True)
        spread = deviation(present) if len(present) else 0.0
        moved = values + draw.normal(size=len(picked)) * spread * self.noise
        return Continuous(
            np.where(np.isin(values, distinct[counts >= SHARED * len(column)]), values, moved), column.decimals
        )

    def state(self) -> State:
        """Decline: the state would be the training rows."""
        raise NotApplicable("HOLDS_ROWS", "noisy-copy is made of the training rows and is never saved")

    @classmethod
    def restore(cls, state: State) -> NoReturn:  # noqa: ARG003 - there is none
        """Decline: there is no such state."""
        raise BundleError("noisy-copy is made of training rows and is never saved")
