"""Growing groves: scikit-learn finds the splits, the structure moves into plain integer arrays."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeRegressor

from fidelia.generate.forest.columns import Codes, Floats, Ints
from fidelia.generate.forest.route import STOP, Grove

Nodes = tuple[Ints, Ints, Ints, NDArray[np.bool_]]


def grow(
    target: Floats,
    matrix: Codes,
    predictors: list[int],
    ranks: dict[int, Codes],
    *,
    trees: int,
    leaf: int,
    share: float,
    rng: np.random.Generator,
) -> Grove:
    """Grow the trees of one target, each on its own part of the rows.

    Parameters
    ----------
    target : ndarray of float64, shape (n_rows, width)
        The split target; trees reduce the sum of its variances.
    matrix : ndarray of uint16, shape (n_rows, n_predictors)
        Codes of the predictors, ranks in the place of levels.
    predictors : list of int
        Indices of the predictors' columns.
    ranks : dict of int to ndarray of uint16
        The ranks of the levels of discrete predictors.
    trees : int
        Number of trees.
    leaf : int
        Fewest rows of a leaf.
    share : float
        Share of the rows that each tree grows on; up to one half, two trees in turn share no row.
    rng : numpy.random.Generator

    Returns
    -------
    Grove
    """
    n = len(target)
    if not len(predictors) or n < 2 * leaf or not np.ptp(target, axis=0).any():
        return _stump()
    x, grown = matrix.astype(np.float32), []
    for rows in islice(_parts(n, trees, max(int(share * n), min(n, 2 * leaf)), rng), trees):
        seed = int(rng.integers(2**31))
        tree = DecisionTreeRegressor(min_samples_leaf=leaf, random_state=seed).fit(x[rows], target[rows])
        grown.append(_nodes(tree))
    return slim(join(grown), predictors, ranks)


def _parts(n: int, trees: int, size: int, rng: np.random.Generator) -> Iterator[Ints]:
    """Rows to grow each tree on; two trees in turn share as few as possible."""
    for _ in range(-(-trees // 2)):
        shuffled = rng.permutation(n)
        yield np.sort(shuffled[:size])
        yield np.sort(shuffled[n - size :])


def _nodes(tree: DecisionTreeRegressor) -> Nodes:
    """Feature, threshold, left child and is-leaf of each node, renumbered so that siblings are neighbours."""
    t = tree.tree_
    inner = np.flatnonzero(t.children_left >= 0)
    size = 1 + 2 * len(inner)
    new = np.zeros(t.node_count, np.int64)
    new[t.children_left[inner]] = np.arange(1, size, 2)
    new[t.children_right[inner]] = np.arange(2, size, 2)
    feature, threshold = np.zeros(size, np.int64), np.full(size, STOP)
    left, is_leaf = np.arange(size), np.ones(size, bool)
    at = new[inner]
    feature[at], threshold[at] = t.feature[inner], np.floor(t.threshold[inner]).astype(np.int64)
    left[at], is_leaf[at] = np.arange(1, size, 2), False
    return feature, threshold, left, is_leaf


def join(grown: list[Nodes]) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Lay trees one behind the other; return feature, threshold, left, leaf number and roots."""
    roots = np.r_[0, np.cumsum([len(t[0]) for t in grown])[:-1]]
    feature, threshold = (np.concatenate([t[i] for t in grown]) for i in (0, 1))
    left = np.concatenate([t[2] + root for t, root in zip(grown, roots, strict=True)])
    is_leaf = np.concatenate([t[3] for t in grown])
    return feature, threshold, left, np.where(is_leaf, np.cumsum(is_leaf) - 1, -1), roots


def slim(nodes: tuple[Ints, Ints, Ints, Ints, Ints], predictors: list[int], ranks: dict[int, Codes]) -> Grove:
    """Return the grove with only the predictors that some node splits on."""
    feature, threshold, left, leaf, roots = nodes
    used = np.unique(feature[leaf < 0])
    slim = np.zeros(len(predictors) + 1, np.int64)
    slim[used] = np.arange(len(used))
    kept = [predictors[i] for i in used]
    return Grove(
        np.array(kept, np.int32),
        {j: ranks[j] for j in kept if j in ranks},
        np.where(leaf < 0, slim[feature], 0).astype(np.int16),
        threshold.astype(np.uint16),
        left.astype(np.int32),
        leaf.astype(np.int32),
        roots.astype(np.int32),
    )


def _stump() -> Grove:
    zero = np.zeros(1, np.int64)
    return slim((zero, zero + STOP, zero, zero, zero), [], {})
