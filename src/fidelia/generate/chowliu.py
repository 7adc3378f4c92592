"""ChowLiu: every column given one other, along the best tree; exact conditions by message passing.

Numbers are cut into cells of equal mass, heavy values and missing having their own; a cell's values come from the
column's protected law, tilted towards the side of the cell where the rows of the parent's cell lie.

References
----------
Chow and Liu, "Approximating discrete probability distributions with dependence trees", IEEE Trans. Inf. Theory 1968.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from fidelia.encode.codes import Coded, CodedColumn, Floats
from fidelia.encode.columns import Rare, TableCoder
from fidelia.errors import UsageError
from fidelia.generate.catalog import State
from fidelia.generate.dependence import ENOUGH, cells, contingency, descent, locate, pairwise, spanning_tree
from fidelia.generate.sampling import rows
from fidelia.generate.states import opened, sealed
from fidelia.generate.values import Axis, fit_axis, obeying, parcels, rising
from fidelia.progress import SILENT, Progress

if TYPE_CHECKING:
    from fidelia.data.table import Table
    from fidelia.encode.codes import Evidence
    from fidelia.generate.conditions import Given
    from fidelia.rng import Rng

THIN = 1e-9
"""Mass that allowed values of no probability are given, so that conditions can always be obeyed."""
PRIOR = 1.0
"""Weight, in rows, of the column's own law in each row of a conditional table."""


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """One column's cells given its parent's.

    Parameters
    ----------
    edges : (cells + 1,) float64
        On the column's axis.
    table : (parent cells, cells) float64
        Conditional shares; one row for the root.
    tilt : (parent cells, cells) float64
        In [-1, 1]: the density within a cell is ``1 + tilt (2 u - 1)`` for u in [0, 1].
    """

    edges: Floats
    table: Floats
    tilt: Floats


@dataclass(slots=True, eq=False)
class ChowLiu:
    """Draws columns along the tree of pairs that keeps the most mutual information.

    Parameters
    ----------
    k : int
        Values held by fewer than `k` training rows are interpolated or grouped, see `fidelia.encode.protection`.
    bins : int
        Cells per column, at least 2.
    rare : {"resample", "keep"}
        What becomes of levels held by fewer than k rows.
    """

    k: int = 5
    bins: int = 64
    rare: Rare = "resample"
    coder_: TableCoder = field(init=False, repr=False)
    axes_: dict[str, Axis] = field(init=False, repr=False)
    parents_: list[int] = field(init=False, repr=False)
    links_: list[Link] = field(init=False, repr=False)

    def fit(self, table: Table, *, rng: Rng, progress: Progress = SILENT) -> Self:
        """Learn cells, tree and tables."""
        if self.bins < 2:
            raise UsageError(f"bins = {self.bins!r}: at least 2 cells are needed")
        self.coder_ = TableCoder.fit(table, k=self.k, rare=self.rare)
        coded = self.coder_.code(table)
        with progress.stage("fit chowliu", 2) as tick:
            self.axes_ = {name: fit_axis(coded[name], self.coder_.k) for name in coded}
            edges = [cells(axis, self.bins) for axis in self.axes_.values()]
            found = [locate(e, *self.axes_[name].spans(coded[name])) for e, name in zip(edges, coded, strict=True)]
            tick(1)
            chosen = _some(len(coded), rng)
            sizes = [len(e) - 1 for e in edges]
            self.parents_ = spanning_tree(pairwise([cell[chosen] for cell, _ in found], sizes))
            self.links_ = [_link(i, p, edges, found, self.coder_.k) for i, p in enumerate(self.parents_)]
            tick(1)
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
        """Draw `n` rows from the exact law of the tree given the conditions."""
        n = rows(n)
        evidence = {} if given is None else given.code(self.coder_)
        names, windows = list(self.axes_), self._windows(evidence)
        order = descent(self.parents_)
        tables = self._conditioned(order, windows)
        picked: dict[int, np.ndarray] = {}
        columns: dict[str, CodedColumn] = {}
        for i in order:
            draw, parent = rng.child(f"column/{i}").generator(), self.parents_[i]
            above = picked[parent] if parent >= 0 else np.zeros(n, np.int64)
            picked[i] = _pick(tables[i], above, draw.random(n))
            places = _place(self.links_[i], above, picked[i], windows.get(i), draw.random(n))
            columns[names[i]] = obeying(self.axes_[names[i]].at(places), evidence.get(names[i]), draw)
        return self.coder_.decode(Coded({name: columns[name] for name in names}, n), rng=rng, first=first)

    def _windows(self, evidence: Evidence) -> dict[int, Floats]:
        """The allowed positions of the conditioned columns, each window at least `THIN` wide."""
        found = {}
        for i, (name, axis) in enumerate(self.axes_.items()):
            if name in evidence:
                windows = axis.windows(evidence[name])
                lack = np.maximum(THIN - (windows[:, 1] - windows[:, 0]), 0)
                begin = np.clip(windows[:, 0] - lack / 2, 0, 1 - THIN)
                found[i] = np.column_stack([begin, np.maximum(windows[:, 1] + lack / 2, begin + THIN).clip(max=1)])
        return found

    def _conditioned(self, order: list[int], windows: dict[int, Floats]) -> list[Floats]:
        """The tables given all conditions: messages run from the leaves to the root (belief propagation)."""
        tables = [link.table for link in self.links_]
        above = [np.ones(link.table.shape[1]) for link in self.links_]
        for i in reversed(order):
            link = self.links_[i]
            mass = _within(link, windows[i]).sum(-1) if i in windows else 1.0
            joint = link.table * mass * above[i]
            total = joint.sum(1, keepdims=True)
            tables[i] = np.divide(joint, total, out=link.table.copy(), where=total > 0)
            if self.parents_[i] >= 0:
                message = above[self.parents_[i]] * total[:, 0]
                above[self.parents_[i]] = message / max(message.max(), 1e-300)
        return tables

    def state(self) -> State:
        """Return the coder, the laws, the tree and its tables."""
        arrays = {
            f"{part}/{i}": getattr(link, part)
            for i, link in enumerate(self.links_)
            for part in Link.__dataclass_fields__
        }
        return sealed(self, self.coder_, self.axes_, parents=self.parents_, **arrays)

    @classmethod
    def restore(cls, state: State) -> Self:
        """Read what `state` returned."""
        with opened(state) as parts:
            made = cls(**parts.parameters)
            made.coder_, made.axes_ = parts.coder, parts.axes()
            made.parents_ = [int(parent) for parent in state.values["parents"]]
            if len(made.parents_) != len(made.axes_):
                raise ValueError("the tree is not that of the columns")
            descent(made.parents_)
            edges = [state.arrays[f"edges/{i}"] for i in range(len(made.parents_))]
            made.links_ = [_restored(parts, i, parent, edges) for i, parent in enumerate(made.parents_)]
        return made


def _some(n: int, rng: Rng) -> np.ndarray:
    return np.arange(n) if n <= ENOUGH else np.sort(rng.child("pairs").generator().choice(n, ENOUGH, replace=False))


def _link(i: int, parent: int, edges: list[Floats], found: list[tuple[np.ndarray, Floats]], k: int) -> Link:
    """The table and the tilts of column `i` given its parent."""
    cell, inside = found[i]
    above = found[parent][0] if parent >= 0 else np.zeros(len(cell), np.int64)
    size = (len(edges[parent]) - 1 if parent >= 0 else 1, len(edges[i]) - 1)
    counts = contingency(above, cell, size)
    own = np.diff(edges[i])
    table = (counts + PRIOR * own) / (counts.sum(1, keepdims=True) + PRIOR)
    sums = np.bincount(above * size[1] + cell, weights=inside, minlength=size[0] * size[1]).reshape(size)
    # A density 1 + t (2u - 1) on [0, 1] has the mean 1/2 + t/6; cells of few rows stay flat.
    tilt = np.where(counts >= 2 * k, 6 * (sums / np.maximum(counts, 1) - 0.5), 0.0)
    return Link(edges[i], table / table.sum(1, keepdims=True), np.clip(tilt, -1, 1).round(2))


def _restored(parts: Any, i: int, parent: int, edges: list[Floats]) -> Link:
    if (
        not rising(edges[i])
        or len(edges[i]) < 2
        or edges[i][0] != 0
        or edges[i][-1] != 1
        or (np.diff(edges[i]) <= 0).any()
    ):
        raise ValueError("cells of a column do not fit")
    shape = (len(edges[parent]) - 1 if parent >= 0 else 1, len(edges[i]) - 1)
    table, tilt = parts.positive(f"table/{i}", shape), parts.array(f"tilt/{i}", shape)
    if not np.allclose(table.sum(1), 1) or (np.abs(tilt) > 1).any():
        raise ValueError("conditional shares do not sum to 1")
    return Link(edges[i], table, tilt)


def _pick(table: Floats, above: np.ndarray, uniform: Floats) -> np.ndarray:
    """Draw a cell for each row from the table's row of its parent's cell."""
    cumulated = np.cumsum(table, axis=1)
    cumulated /= cumulated[:, -1:]
    stairs = (cumulated + np.arange(len(table))[:, None]).ravel()
    cell = np.searchsorted(stairs, above + uniform, "right") - above * table.shape[1]
    return np.asarray(np.clip(cell, 0, table.shape[1] - 1))


def _mass(inside: Floats, tilt: Floats) -> Floats:
    """Share of a cell below `inside`, under the density ``1 + tilt (2 u - 1)``."""
    return inside + tilt * (inside * inside - inside)


def _ends(link: Link, windows: Floats, cell: np.ndarray) -> tuple[Floats, Floats]:
    """Where each window begins and ends within cells, in [0, 1], with one more axis for the windows."""
    left, width = link.edges[cell][..., None], np.diff(link.edges)[cell][..., None]
    return np.clip((windows[:, 0] - left) / width, 0, 1), np.clip((windows[:, 1] - left) / width, 0, 1)


def _within(link: Link, windows: Floats) -> Floats:
    """Share of each (parent cell, cell) that each window allows, (parent cells, cells, windows)."""
    begin, end = _ends(link, windows, np.arange(link.table.shape[1]))
    tilt = link.tilt[:, :, None]
    return np.maximum(_mass(end, tilt) - _mass(begin, tilt), 0.0)


def _place(link: Link, above: np.ndarray, cell: np.ndarray, windows: Floats | None, uniform: Floats) -> Floats:
    """Draw positions on the axis within the drawn cells, under their tilt, within the windows."""
    tilt = link.tilt[above, cell]
    goal = uniform.copy()
    if windows is not None:
        for part in parcels(len(cell), len(windows)):
            goal[part] = _goal(link, cell[part], windows, tilt[part], uniform[part])
    # The root of u + t (u^2 - u) = goal that lies in [0, 1], in a form that is stable at t = 0.
    inside = 2 * goal / np.maximum(1 - tilt + np.sqrt(np.maximum((1 - tilt) ** 2 + 4 * tilt * goal, 0)), 1e-300)
    return np.asarray(link.edges[cell] + np.clip(inside, 0, 1) * np.diff(link.edges)[cell] * (1 - 1e-12))


def _goal(link: Link, cell: np.ndarray, windows: Floats, tilt: Floats, uniform: Floats) -> Floats:
    """Map uniform numbers onto the mass of the windows in each row's cell."""
    begin, end = (_mass(u, tilt[:, None]) for u in _ends(link, windows, cell))
    sizes = np.maximum(end - begin, 0.0)
    stairs = np.cumsum(sizes, axis=1)
    wanted = uniform * stairs[:, -1]
    at = np.minimum((stairs <= wanted[:, None]).sum(1), len(windows) - 1)
    row = np.arange(len(cell))
    return np.asarray(np.minimum(begin[row, at] + wanted - (stairs[row, at] - sizes[row, at]), end[row, at]))
