"""Parts of rows that repeat one training row, in more than fresh real rows share with one by chance.

A row and a train row share the information of the values in which they are equal: of each, the log of how rare it is
in train. A row is held against fresh real rows, and also against synthetic rows whose columns are shuffled: a generator
that draws each value from train, column by column, repeats values and no parts of rows. The train row that shares most
is sought by sets of columns each of which all but identifies a train row: a part that holds such a set is found.

References
----------
Indyk and Motwani (1998), Approximate Nearest Neighbors, STOC, 604-613 (search by random sets of coordinates). Lin
(1998), An Information-Theoretic Definition of Similarity, ICML, 296-304.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fidelia.data.keys import Keys
from fidelia.measure.authenticity.rows import keyed, whole
from fidelia.measure.statistics.multiple import conformal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

SETS = 48
FEWEST = 3
ALMOST_UNIQUE = 0.5
"""Share of distinct part rows among those of train from which a set of columns all but identifies a row."""


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The largest part of a train row that each row repeats.

    Parameters
    ----------
    shared, fresh, shuffled : (M,), (n,) and (M,) float
        Information shared with one train row, in nats, of synthetic and holdout rows and of synthetic rows whose
        columns are shuffled.
    source : (M,) int64
        That train row, -1 where none was met.
    same : (M, columns) bool
        The columns in which both are equal.
    names : list of str
    """

    shared: Floats
    fresh: Floats
    shuffled: Floats
    source: Ints
    same: Mask
    names: list[str]

    @property
    def p(self) -> Floats:
        """How often fresh rows, and how often shuffled ones, share as much: the larger of the two, (M,)."""
        return np.maximum(*(conformal(self.shared, other, "high") for other in (self.fresh, self.shuffled)))


def parts(case: Case) -> Parts | None:
    """Return the parts of train rows that rows repeat; None without a holdout, or where columns identify no row."""
    if case.holdout is None or len(case.values) < FEWEST:
        return None
    tables = keyed(case)
    assert tables.holdout is not None
    train = tables.train
    sets = _identifying(train, case.rng.child("audit/parts"))
    if not sets:
        return None
    telling = np.column_stack([_information(column) for column in train.T])
    shuffled = case.rng.child("audit/parts/shuffled").generator().permuted(tables.synthetic, axis=0)
    found = [_Best.of(side, train) for side in (tables.synthetic, tables.holdout, shuffled)]
    for columns in sets:
        keys = whole(train[:, columns])
        order = np.argsort(keys, kind="stable")
        for side in found:
            side.meet(whole(side.cells[:, columns]), keys, order, telling)
    made, fresh, mixed = found
    same = (tables.synthetic == train[made.source]) & (made.source >= 0)[:, None]
    return Parts(made.shared, fresh.shared, mixed.shared, made.source, same, tables.names)


def _information(column: Keys) -> Floats:
    """Return minus the log of the share of the rows that hold each row's value."""
    _, place, count = np.unique(column, return_inverse=True, return_counts=True)
    return np.asarray(np.log(len(column) / count[place.ravel()]))


def _identifying(train: Keys, rng: Rng) -> list[Ints]:
    """Return sets of columns, each as few of a random order as tell most train rows apart; none where all do not."""
    generator, needed = rng.generator(), ALMOST_UNIQUE * len(train)
    found: set[tuple[int, ...]] = set()
    for _ in range(SETS if len(np.unique(whole(train))) >= needed else 0):
        order = generator.permutation(train.shape[1])
        total, size = train[:, order[0]].copy(), 1
        while len(np.unique(total)) < needed:
            total += train[:, order[size]]
            size += 1
        found.add(tuple(sorted(order[:size].tolist())))
    return [np.array(chosen) for chosen in sorted(found)]


@dataclass(slots=True, eq=False)
class _Best:
    """The best train row met so far for each row of a table."""

    cells: Keys
    train: Keys
    shared: Floats
    source: Ints

    @classmethod
    def of(cls, cells: Keys, train: Keys) -> _Best:
        return cls(cells, train, np.zeros(len(cells)), np.full(len(cells), -1))

    def meet(self, keys: Keys, known: Keys, order: Ints, telling: Floats) -> None:
        """Compare each row with a train row that has the same part row, if there is one."""
        place = np.minimum(np.searchsorted(known, keys, sorter=order), len(order) - 1)
        candidate = order[place]
        rows = np.flatnonzero((known[candidate] == keys) & (candidate != self.source))
        candidate = candidate[rows]
        shared = np.where(self.cells[rows] == self.train[candidate], telling[candidate], 0.0).sum(axis=1)
        more = shared > self.shared[rows]
        self.shared[rows[more]], self.source[rows[more]] = shared[more], candidate[more]
