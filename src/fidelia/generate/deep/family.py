"""What the families of networks for tables share: from a table to a trained network, to rows, to a file and back."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch

from fidelia.encode.columns import Rare, TableCoder
from fidelia.generate.catalog import State
from fidelia.generate.deep.batch import Rows
from fidelia.generate.deep.layout import Drawn, Known, Layout
from fidelia.generate.deep.learner import Learner, saved_parameters
from fidelia.generate.deep.loop import Trainable, device_of, seeded
from fidelia.generate.deep.steer import steered
from fidelia.generate.sampling import rows as rows_of
from fidelia.generate.states import levels, modelled, opened
from fidelia.generate.values import obeying
from fidelia.progress import SILENT, Progress

if TYPE_CHECKING:
    from fidelia.data.table import Table
    from fidelia.encode.codes import Coded, Evidence
    from fidelia.generate.conditions import Given
    from fidelia.generate.states import Parts as StateParts
    from fidelia.rng import Rng

log = logging.getLogger(__name__)

SLICE, CELLS = 10_000, 20_000_000
"""Rows that a network draws at once, and most of their logits and numbers."""


class Network(Trainable):
    """A network that learns rows of a layout and draws new ones."""

    layout: Layout

    def draw(self, n: int, known: Known | None = None) -> Drawn:
        """Return `n` new rows, from torch's random state.

        Parameters
        ----------
        known : Known or None
            Conditions. A network obeys as many as it can; rows that break one are drawn again, and at last moved.
        """
        raise NotImplementedError


class Constant(Network):
    """Of a table in which nothing varies: there is nothing to learn."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.layout = layout

    def draw(self, n: int, known: Known | None = None) -> Drawn:  # noqa: ARG002 - there is one row
        """Return the one row that there is."""
        return Drawn(np.zeros((n, len(self.layout.tokens)), np.int64), np.zeros((n, 0)))


def varies(layout: Layout) -> bool:
    """Whether a table of this layout has anything to learn."""
    return bool(layout.numbers) or any(token.levels > 1 for token in layout.tokens)


@dataclass(slots=True, eq=False, kw_only=True)
class Family(Learner[Network]):
    """The part of a generator that all families of networks for tables have in common.

    A family says its network (`network`) and how it is trained (`course`); both depend on the layout alone, so that
    a file of weights can be read back.

    Parameters
    ----------
    k : int
        Values held by fewer than `k` training rows are interpolated or grouped, see `fidelia.encode.protection`.
    rare : {"resample", "keep"}
        What becomes of levels held by fewer than k rows.
    """

    EXACT: ClassVar[bool] = False
    """Whether `Network.draw` obeys conditions by their law, so that nothing is left to steer."""

    k: int = 5
    rare: Rare = "resample"
    coder_: TableCoder = field(init=False, repr=False)
    layout_: Layout = field(init=False, repr=False)

    def network(self, layout: Layout) -> Network:
        """Return the untrained network of a layout."""
        raise NotImplementedError

    def encode(self, table: Table) -> Rows:
        """Learn columns and layout of a table, and return its rows."""
        self.coder_ = TableCoder.fit(table, k=self.k, rare=self.rare)
        coded = self.coder_.code(table)
        self.layout_ = Layout.fit(coded, self.coder_.k)
        return Rows.of(self.layout_.encode(coded), device_of(self.device))

    def untrained(self) -> Network:
        """Return the untrained network of the layout; of a table in which nothing varies one that learns nothing."""
        return self.network(self.layout_) if varies(self.layout_) else Constant(self.layout_)

    def worthwhile(self, rows: Rows) -> bool:
        """Whether there are rows, and anything in them varies."""
        return len(rows) > 0 and varies(self.layout_)

    def sample(
        self,
        n: int,
        *,
        given: Given | None = None,
        rng: Rng,
        progress: Progress = SILENT,  # noqa: ARG002 - batches are short
        first: int = 0,
    ) -> Table:
        """Draw `n` rows; conditions are obeyed exactly, see `fidelia.generate.deep.steer` for by which law."""
        n = rows_of(n)
        evidence = {} if given is None else given.code(self.coder_)
        with seeded(rng.child("draw"), self._device), torch.no_grad():
            coded = self._coded(n, evidence, rng)
        for i, name in enumerate(evidence):
            coded.columns[name] = obeying(coded[name], evidence[name], rng.child(f"obey/{i}").generator())
        return self.coder_.decode(coded, rng=rng, first=first)

    def _coded(self, n: int, evidence: Evidence, rng: Rng) -> Coded:
        if not evidence or not varies(self.layout_):
            return self.layout_.decode(self._drawn(n, None))
        known = self.layout_.known(evidence)
        if self.EXACT:
            return self.layout_.decode(self._drawn(n, known))
        found, ess = steered(
            n, lambda size: self.layout_.decode(self._drawn(size, known)), evidence, rng.child("steer").generator()
        )
        if ess < n:
            log.warning("%d rows drawn under a rare condition: %d obeyed it by themselves", n, ess)
        return found

    def _drawn(self, n: int, known: Known | None) -> Drawn:
        """Draw in slices of bounded memory."""
        tokens, numbers = self.layout_.tokens, self.layout_.numbers
        most = max(min(SLICE, CELLS // max(sum(token.levels for token in tokens) + len(numbers), 1)), 1)
        parts = [self.network_.draw(min(most, n - begin), known) for begin in range(0, n, most)]
        if not parts:
            return Drawn(np.zeros((n, len(tokens)), np.int64), np.zeros((n, len(numbers))))
        return Drawn(np.concatenate([p.tokens for p in parts]), np.concatenate([p.numbers for p in parts]))

    def state(self) -> State:
        """Return coder, layout and weights."""
        said, arrays = self.layout_.state()
        values = {"parameters": saved_parameters(self), "coder": self.coder_.state(), "layout": said}
        return State({**values, **self.facts()}, {**arrays, **self.weights()})

    def facts(self) -> dict[str, Any]:
        """Return further JSON values to save; `recall` reads them."""
        return {}

    def recall(self, values: dict[str, Any]) -> None:
        """Read what `facts` returned; ValueError when it does not fit."""

    @classmethod
    def restore(cls, state: State) -> Self:
        """Read what `state` returned; weights must fit the network of the layout in name, shape and type."""
        with opened(state) as parts:
            made = cls(**parts.parameters)
            made.check()
            made.coder_ = parts.coder
            made.layout_ = Layout.restore(state.values["layout"], state.arrays)
            _fitting(made.layout_, parts)
            made.recall(state.values)
            made.load(state.arrays)
        return made


def _fitting(layout: Layout, parts: StateParts) -> None:
    """Raise ValueError when the layout is not one of the coder's columns."""
    if list(layout.columns) != modelled(parts.coder):
        raise ValueError("the layout is not that of the columns")
    for name, column in layout.columns.items():
        count = levels(parts.coder, name)
        if getattr(column, "levels", None) != count and (count is not None or not hasattr(column, "atoms")):
            raise ValueError(f"the layout of column {name!r} does not fit its coder")
