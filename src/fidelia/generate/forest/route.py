"""A grove: all trees of one target in shared arrays, and the vectorised way of rows to leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fidelia.generate.forest.columns import Codes, Ints

CHUNK = 8_192
STOP = 65_535
"""Threshold of a leaf: no code exceeds it."""


@dataclass(frozen=True, slots=True)
class Grove:
    """Trees over integer codes. Children are neighbours: a row moves to ``left + (code > threshold)``.

    Parameters
    ----------
    predictors : ndarray of int32, shape (n_predictors,)
        Indices of the columns that the trees split on.
    ranks : dict of int to ndarray of uint16
        For each discrete one of them the rank of every level; trees split on ranks.
    feature : ndarray of int16, shape (n_nodes,)
        Which of the predictors a node splits on.
    threshold : ndarray of uint16, shape (n_nodes,)
        Codes up to it go left; 65,535 at a leaf.
    left : ndarray of int32, shape (n_nodes,)
        Left child; a leaf points to itself.
    leaf : ndarray of int32, shape (n_nodes,)
        Number of the leaf; -1 at inner nodes.
    roots : ndarray of int32, shape (n_trees,)
        Root of each tree.
    """

    predictors: NDArray[np.int32]
    ranks: dict[int, Codes]
    feature: NDArray[np.int16]
    threshold: Codes
    left: NDArray[np.int32]
    leaf: NDArray[np.int32]
    roots: NDArray[np.int32]

    @property
    def n_leaves(self) -> int:
        """Number of leaves of all trees."""
        return int(self.leaf.max()) + 1

    def matrix(self, prefix: dict[int, Ints]) -> Codes:
        """Return the codes of the predictors side by side, shape (n_rows, n_predictors)."""
        n = len(next(iter(prefix.values()))) if prefix else 0
        out = np.empty((n, len(self.predictors)), np.uint16)
        for i, j in enumerate(self.predictors.tolist()):
            out[:, i] = self.ranks[j][prefix[j]] if j in self.ranks else prefix[j]
        return out

    def leaves(self, matrix: Codes, tree: Ints) -> NDArray[np.int32]:
        """Return the leaf of each row in the tree chosen for it.

        Parameters
        ----------
        matrix : ndarray of uint16, shape (n_rows, n_predictors)
            From `matrix`.
        tree : ndarray of int, shape (n_rows,)
            Number of the tree for each row.

        Returns
        -------
        ndarray of int32, shape (n_rows,)
        """
        node = self.roots[tree]
        if len(self.predictors):
            for at in range(0, len(node), CHUNK):
                part = slice(at, at + CHUNK)
                node[part] = self._descend(np.ascontiguousarray(matrix[part]), node[part])
        return self.leaf[node]

    def _descend(self, codes: Codes, node: NDArray[np.int32]) -> NDArray[np.int32]:
        flat, done = codes.ravel(), node.copy()
        rows = np.flatnonzero(self.threshold[node] != STOP)
        node = node[rows]
        while len(rows):
            code = flat.take(rows * codes.shape[1] + self.feature.take(node))
            node = self.left.take(node) + (code > self.threshold.take(node))
            going = self.threshold.take(node) != STOP
            if 4 * np.count_nonzero(going) < 3 * len(rows):
                done[rows] = node
                rows, node = rows[going], node[going]
            elif not going.any():
                break
        done[rows] = node
        return done

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return the state as one plain dict and one dict of arrays."""
        arrays: dict[str, NDArray[Any]] = {
            name: getattr(self, name) for name in ("predictors", "feature", "threshold", "left", "leaf", "roots")
        }
        ranked = sorted(self.ranks)
        arrays["ranks"] = np.concatenate([self.ranks[j] for j in ranked]) if ranked else np.empty(0, np.uint16)
        return {"ranked": ranked, "levels": [len(self.ranks[j]) for j in ranked]}, arrays

    @classmethod
    def restore(cls, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Grove:
        """Return the grove whose `state` is given."""
        parts = np.split(arrays["ranks"], np.cumsum(facts["levels"])[:-1])
        plain = {k: v for k, v in arrays.items() if k != "ranks"}
        return cls(ranks=dict(zip(facts["ranked"], parts, strict=False)), **plain)
