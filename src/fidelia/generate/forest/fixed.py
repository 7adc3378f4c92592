"""A forest given one level of the column that it draws first: splits on that column are answered, and it is dropped.

What no row of that level reaches is left out, so the smaller forest draws without a condition what the whole one draws
under it.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from fidelia.generate.forest.columns import Ints
from fidelia.generate.forest.grow import Nodes, join, slim
from fidelia.generate.forest.law import Law
from fidelia.generate.forest.leaves import Leaves
from fidelia.generate.forest.model import Forest
from fidelia.generate.forest.part import Part
from fidelia.generate.forest.route import Grove


def fixed(forest: Forest, level: int) -> Forest:
    """Return the forest of all other columns given that the column drawn first has this level.

    Parameters
    ----------
    forest : Forest
        The column that it draws first is discrete and the last of the table.
    level : int
        Its code.

    Raises
    ------
    ValueError
        When the column drawn first is not the last of the table, or has no such level.
    """
    column = forest.order[0]
    if column != len(forest.parts) - 1 or not 0 <= level < forest.parts[column].levels:
        raise ValueError(f"the forest does not begin with a last column that has level {level}")
    return Forest([_part(part, column, level) for part in forest.parts[:-1]], forest.order[1:])


def _part(part: Part, column: int, level: int) -> Part:
    missing, value = (None if law is None else _law(law, column, level) for law in (part.missing, part.value))
    return replace(part, missing=missing, value=value)


def _law(law: Law, column: int, level: int) -> Law:
    grove = law.grove
    if column not in grove.predictors:
        return law
    meant = _answered(grove, column, level)
    trees = [_tree(grove, meant, root) for root in grove.roots.tolist()]
    kept = np.array(list(chain.from_iterable(leaves for _, leaves in trees)), np.int64)
    nodes = join([nodes for nodes, _ in trees])
    return Law(slim(nodes, grove.predictors.tolist(), grove.ranks), _taken(law.leaves, kept))


def _answered(grove: Grove, column: int, level: int) -> Ints:
    """For each node the one that a row of this level goes on from: itself unless it splits on the column."""
    own = int(np.flatnonzero(grove.predictors == column)[0])
    meant = np.arange(len(grove.leaf))
    asks = (grove.leaf < 0) & (grove.feature == own)
    meant[asks] = grove.left[asks] + (int(grove.ranks[column][level]) > grove.threshold[asks])
    while asks[meant].any():
        meant = meant[meant]
    return meant


def _tree(grove: Grove, meant: Ints, root: int) -> tuple[Nodes, list[int]]:
    """Return the nodes of one tree that are still reached, level by level, and the old numbers of their leaves."""
    rows = [meant[[root]]]
    while len(inner := rows[-1][grove.leaf[rows[-1]] < 0]):
        rows.append(meant[(grove.left[inner, None] + np.arange(2)).ravel()])
    at = np.concatenate(rows)
    is_leaf = grove.leaf[at] >= 0
    left = np.arange(len(at))
    left[~is_leaf] = 1 + 2 * np.arange((~is_leaf).sum())
    feature, threshold = grove.feature[at].astype(np.int64), grove.threshold[at].astype(np.int64)
    return (feature, threshold, left, is_leaf), grove.leaf[at[is_leaf]].tolist()


def _taken(leaves: Leaves, kept: Ints) -> Leaves:
    """Return the laws of these leaves, renumbered in this order."""
    start, entries = _ranges(leaves.start, kept)
    bound_start, bounds = _ranges(leaves.bound_start, kept)
    return replace(
        leaves,
        start=start,
        symbols=leaves.symbols[entries],
        counts=leaves.counts[entries],
        bound_start=bound_start,
        bounds=leaves.bounds[bounds],
    )


def _ranges(start: NDArray[np.int32], kept: Ints) -> tuple[NDArray[np.int32], Ints]:
    """Return where the entries of the kept groups start anew, and the old places of all of them."""
    sizes = np.diff(start)[kept].astype(np.int64)
    fresh = np.r_[0, sizes.cumsum()]
    return fresh.astype(np.int32), np.arange(fresh[-1]) + np.repeat(start[kept] - fresh[:-1], sizes)
