"""Autoregressive: the chain of conditionals of all columns, from one network that knows many orders.

Every row is drawn column by column, each from its law given those before it: categories by a softmax, numbers by a
mixture of logistic laws of their normal scores, behind a gate for missing and inflated values. Conditions, missing
cells and densities are read from the same conditionals, exactly under the model; see `nade` for the network and its
training, `heads` for the mixture, `ancestral` for draws and `completion` for cells and densities.

TabularARGN (2025, arXiv:2501.12012) is the nearest relative; it draws numbers evenly within bins, where the
likelihood here is that of the values themselves.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import torch

from fidelia.encode.columns import TableCoder
from fidelia.encode.united import united
from fidelia.errors import NotApplicable, UsageError
from fidelia.generate.deep.anchor import Anchored
from fidelia.generate.deep.autoregressive.completion import (
    codable,
    completions,
    gaps,
    log_likelihood,
    merged,
    possible,
    replaced,
)
from fidelia.generate.deep.autoregressive.graft import graft
from fidelia.generate.deep.autoregressive.nade import Conditionals
from fidelia.generate.deep.batch import Rows
from fidelia.generate.deep.checkpoint import Checkpoint
from fidelia.generate.deep.continued import continued
from fidelia.generate.deep.family import Family, Network
from fidelia.generate.deep.heads import Mixture
from fidelia.generate.deep.layout import Bools, Drawn, Layout
from fidelia.generate.deep.learner import batch_for, left
from fidelia.generate.deep.loop import Course, Trainable, device_of, seeded
from fidelia.generate.effort import UNLIMITED, Effort
from fidelia.generate.replay import shared
from fidelia.generate.states import parameters
from fidelia.progress import SILENT, Progress

if TYPE_CHECKING:
    from fidelia.data.table import Table
    from fidelia.encode.codes import Coded, Floats
    from fidelia.rng import Rng

WIDE = 4_096
"""Most units of one layer over all parts: tables of many columns get narrower networks for each."""
TUNING, PACE, STRENGTH, HELD, DROPOUT = 1_500, 0.3, 1e-2, 0.2, 0.1
"""Of training on from another network's weights: most steps, times the rate, the penalty, the share of rows that end
it, and the dropout, which may be small where weights are held. A tenth of the rate for 400 steps does as well where
domains are near, and hardly moves where they are far: of 2.5 standard deviations it goes a tenth."""
MILDEST, HARDEST, SMALL = 1e-2, 20.0, 1_600.0
"""The decay of weights, at least and at most, and the rows of a table for which it is 1."""
ROOM = 2_000_000
"""Most units of one layer over all parts and rows of a batch."""


@dataclass(slots=True, eq=False, kw_only=True)
class Autoregressive(Family):
    """An any-order autoregressive network.

    Parameters
    ----------
    width : int
        Of the network of each part; tables of many columns get less.
    depth : int
        Layers of each part's network, at least 1.
    bells : int
        Logistic laws in the mixture of a number.
    dropout : float or None
        Share of units left out in training, in [0, 1); None: from the number of rows, more the fewer there are.
    plain : float
        Share of rows trained in the plain order, in [0, 1]; the others begin with a random subset of the columns,
        which is what conditions and imputation need.
    """

    NAME: ClassVar[str] = "autoregressive"
    EXACT: ClassVar[bool] = True

    steps: int = 2_000
    width: int = 128
    depth: int = 2
    bells: int = 12
    dropout: float | None = None
    plain: float = 0.6

    def check(self) -> None:
        """Refuse parameters that cannot be; see `Family.check`."""
        Family.check(self)
        self.whole("depth", "bells")
        if self.dropout is not None and not 0 <= self.dropout < 1:
            raise UsageError(f"{self.NAME}: dropout = {self.dropout!r} must lie in [0, 1)")
        if not 0 <= self.plain <= 1:
            raise UsageError(f"{self.NAME}: plain = {self.plain!r} must lie in [0, 1]")

    def network(self, layout: Layout) -> Network:
        """Return the network of all conditionals."""
        width = min(self.width, max(WIDE // _parts(layout), 16))
        return Conditionals(
            layout, width=width, shared=2 * width, depth=self.depth, head=Mixture(self.bells),
            plain=self.plain, rate=self.rate,
        )  # fmt: skip

    def prepare(self, network: Network, rows: Rows) -> None:
        """Begin from the marginal laws; regularise by the number of rows."""
        assert isinstance(network, Conditionals)
        network.begin(rows)
        network.dropout.p = dropout_for(len(rows)) if self.dropout is None else self.dropout
        network.decay = decay_for(len(rows))

    def course(self, n: int) -> Course:
        """Return how the network is trained on `n` rows; batches of very many columns are smaller."""
        most = max(ROOM // (_parts(self.layout_) * self.width), 32)
        return Course(steps=self.steps, batch=self.batch or min(batch_for(2 * n), 512, 2 ** (most.bit_length() - 1)))

    def tuned(self, table: Table, *, rng: Rng, progress: Progress = SILENT, effort: Effort = UNLIMITED) -> Self:
        """Return a network for a small table that goes on from this one's weights.

        Its learning rate is low and its weights are held to where they started (`fidelia.generate.deep.anchor`);
        a share of the rows ends the training. Columns of the table's own come last and begin with empty weights.

        Parameters
        ----------
        table : Table
            With some of the columns that this network knows, others of its own, and levels and values that it need
            not know.
        effort : Effort
            As for `fit`.

        Raises
        ------
        SchemaError
            When they have no column in common.
        NotApplicable
            When the table has so many columns that its network would have another width.
        """
        begun, seconds = time.monotonic(), math.inf if effort.seconds is None else effort.seconds
        like = shared(self, table)
        old = self.network_
        made = replace(self) if not isinstance(old, Conditionals) else replace(self, width=old.width)
        made.coder_ = united(TableCoder.fit(like.table, k=self.k, rare=self.rare), self.coder_, like.shared)
        coded = made.coder_.code(like.table)
        made.layout_, kin = continued(self.layout_, self.coder_, coded, made.coder_, like.shared)
        rows = Rows.of(made.layout_.encode(coded), device_of(self.device))
        checkpoint = Checkpoint(effort.checkpoint, terms=repr(parameters(made)))

        def begin(young: Network) -> Trainable:
            if not (isinstance(old, Conditionals) and isinstance(young, Conditionals)):
                return young  # nothing varies in the source: there is nothing to go on from
            if young.width != old.width:
                raise NotApplicable("TOO_WIDE", "so many columns need a narrower network than that of the source")
            graft(young, old, kin)
            young.dropout.p = DROPOUT if self.dropout is None else self.dropout
            return Anchored(young, strength=STRENGTH, pace=PACE)

        made._train(rows, rng, progress, left(seconds, begun), checkpoint, course=made.tuning(len(rows)), begin=begin)
        checkpoint.forget()
        return made

    def tuning(self, n: int) -> Course:
        """Return how a network goes on from another one's weights on `n` rows."""
        return Course(steps=min(TUNING, self.steps), batch=self.batch or batch_for(n), held=HELD)

    def impute(self, table: Table, *, rng: Rng, draws: int = 1) -> Table:
        """Draw the missing cells of a table from their joint law given all observed cells of their rows.

        Missing here means unknown: what is drawn is never missing, also in columns whose missing values were learnt.

        Parameters
        ----------
        table : Table
            With the columns of the training table.
        draws : int
            Completed tables, one below the other: rows `i`, `n + i`, ... are draws of row `i`.

        Returns
        -------
        Table
            Observed cells are unchanged. Ids, texts and columns that were all missing in training stay as they are.

        Raises
        ------
        SchemaError
            When the table does not fit the training table.
        UsageError
            When `draws` is no number of tables.
        """
        if isinstance(draws, bool) or not isinstance(draws, int | np.integer) or draws < 1:
            raise UsageError(f"draws = {draws!r} must be a whole number of at least 1")
        table = table.take(np.tile(np.arange(len(table)), draws)) if draws > 1 else table
        holes = gaps(table, self.coder_, self.layout_)
        if not holes:
            return table
        coded = self.coder_.code(codable(table, self.coder_, holes))
        with seeded(rng.child("impute"), self._device), torch.no_grad():
            drawn = self._completed(coded, holes)
        filled = self.coder_.decode(self.layout_.decode(drawn), rng=rng)
        return replaced(table, {name: merged(table[name], filled[name], holes[name]) for name in holes})

    def log_density(self, table: Table, *, rng: Rng, orders: int = 1) -> Floats:
        """Return how likely each row is, as a natural logarithm: exact for the orders used.

        Rounded numbers and categories have a probability; unrounded numbers a density in their own units.

        Parameters
        ----------
        table : Table
            With the columns of the training table; ids and texts do not count.
        orders : int
            Orders whose likelihoods are averaged; the first is the one in which rows are drawn.

        Returns
        -------
        (n,) float64
            -inf where a number is missing that never was in training.

        Raises
        ------
        SchemaError
            When the table does not fit the training table, or holds a level that training had not.
        UsageError
            When `orders` is no number of orders.
        """
        if isinstance(orders, bool) or not isinstance(orders, int | np.integer) or orders < 1:
            raise UsageError(f"orders = {orders!r} must be a whole number of at least 1")
        coded = self.coder_.code(table)
        if not isinstance(self.network_, Conditionals):
            return np.zeros(len(table))
        with seeded(rng.child("density"), self._device), torch.no_grad():
            return log_likelihood(self.network_, coded, int(orders))

    def _completed(self, coded: Coded, holes: dict[str, Bools]) -> Drawn:
        if not isinstance(self.network_, Conditionals):
            return self.network_.draw(len(coded))
        parts = self.layout_.encode(coded)
        return completions(self.network_, parts, holes, possible(self.coder_, self.layout_, holes))


def dropout_for(n: int) -> float:
    """Return the dropout for `n` training rows: a half for 1,000, falling with the cube root, at least a tenth."""
    return float(np.clip(0.5 * (1_000 / max(n, 1)) ** (1 / 3), 0.1, 0.5))


def decay_for(n: int) -> float:
    """Return the decay of weights for `n` training rows: 10 for 500, falling with the square of the rows."""
    return float(np.clip((SMALL / max(n, 1)) ** 2, MILDEST, HARDEST))


def _parts(layout: Layout) -> int:
    return len(layout.tokens) + len(layout.numbers)
