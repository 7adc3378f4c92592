"""The best tree of column pairs (Chow and Liu 1968): mutual information and its maximum spanning tree."""

from __future__ import annotations

from itertools import pairwise as consecutive

import numpy as np

from fidelia.encode.codes import Floats
from fidelia.generate.values import Axis, LevelAxis

ENOUGH = 50_000
"""Rows from which mutual information is estimated well enough to choose pairs."""


def cells(axis: Axis, bins: int) -> Floats:
    """Cut an axis into about `bins` cells of equal mass; heavy values and missing have their own.

    Returns
    -------
    edges : (cells + 1,) float64
        From 0 to 1, strictly rising; no value lies on both sides of an edge.
    """
    blocks = _blocks(axis)
    heavy = blocks[blocks[:, 1] - blocks[:, 0] >= 0.5 / bins]
    full = 1.0 if isinstance(axis, LevelAxis) else axis.full
    cuts = np.unique(np.concatenate(([0.0, full, 1.0], heavy.ravel())))
    fine = [
        np.linspace(begin, end, max(round((end - begin) * bins), 1) + 1)
        for begin, end in consecutive(cuts)
        if end <= full and not (heavy[:, 0] == begin).any()
    ]
    edges = _snapped(np.concatenate([cuts, *fine]), blocks)
    edges = np.unique(np.concatenate((cuts, edges)))
    kept = np.concatenate(([True], np.diff(edges) > 1e-12))
    edges = edges[kept]
    edges[-1] = 1.0
    return edges if len(edges) > 1 else np.array([0.0, 1.0])


def _blocks(axis: Axis) -> Floats:
    """The intervals that single values own, (values, 2)."""
    if isinstance(axis, LevelAxis):
        found = np.column_stack([axis.edges[:-1], axis.edges[1:]])
    else:
        flat = np.flatnonzero((np.diff(axis.values) == 0) & (np.diff(axis.places) > 0))
        found = np.column_stack([axis.places[flat], axis.places[flat + 1]])
    return found[found[:, 1] > found[:, 0]]


def _snapped(edges: Floats, blocks: Floats) -> Floats:
    """Move edges that cut a value in two to where the value begins."""
    if not len(blocks):
        return edges
    at = np.clip(np.searchsorted(blocks[:, 0], edges, "right") - 1, 0, len(blocks) - 1)
    inside = (blocks[at, 0] < edges) & (edges < blocks[at, 1])
    return np.asarray(np.where(inside, blocks[at, 0], edges))


def locate(edges: Floats, begin: Floats, end: Floats) -> tuple[np.ndarray, Floats]:
    """Return the cell of each value's interval, and where its middle lies in the cell, in [0, 1]."""
    middle = (begin + end) / 2
    cell = np.clip(np.searchsorted(edges, middle, "right") - 1, 0, len(edges) - 2)
    inside = (middle - edges[cell]) / (edges[cell + 1] - edges[cell])
    return cell, np.clip(inside, 0.0, 1.0)


def contingency(a: np.ndarray, b: np.ndarray, sizes: tuple[int, int]) -> Floats:
    """Count the pairs of codes, (sizes[0], sizes[1])."""
    return np.bincount(a * sizes[1] + b, minlength=sizes[0] * sizes[1]).reshape(sizes).astype(float)


def information(table: Floats) -> float:
    """Return the mutual information of a contingency table in nats, less its bias (Miller 1955), at least 0."""
    total = table.sum()
    row, column = table.sum(1, keepdims=True), table.sum(0, keepdims=True)
    seen = table > 0
    raw = float((table[seen] * np.log(table[seen] * total / (row * column)[seen])).sum() / total)
    bias = (int((row > 0).sum()) - 1) * (int((column > 0).sum()) - 1) / (2 * total)
    return float(max(raw - bias, 0.0))


def pairwise(codes: list[np.ndarray], sizes: list[int]) -> Floats:
    """Return the mutual information of every pair of columns, (columns, columns), 0 on the diagonal."""
    found = np.zeros((len(codes), len(codes)))
    for i in range(len(codes)):
        for j in range(i):
            found[i, j] = found[j, i] = information(contingency(codes[i], codes[j], (sizes[i], sizes[j])))
    return found


def spanning_tree(weights: Floats) -> list[int]:
    """Return the parent of every column in the maximum spanning tree (Prim 1957); the root's is -1.

    The root is the column with the greatest total weight.
    """
    n = len(weights)
    parents = [-1] * n
    root = int(weights.sum(0).argmax()) if n else 0
    best, link = weights[root].copy() if n else np.zeros(0), np.full(n, root)
    outside = np.ones(n, bool)
    for step in range(n):
        at = root if step == 0 else int(np.where(outside, best, -1.0).argmax())
        outside[at] = False
        parents[at] = -1 if step == 0 else int(link[at])
        closer = outside & (weights[at] > best)
        best[closer], link[closer] = weights[at][closer], at
    return parents


def descent(parents: list[int]) -> list[int]:
    """Return the columns so that each stands after its parent; raise ValueError when they form no tree."""
    order = [i for i, parent in enumerate(parents) if parent == -1]
    for at in order:
        order += [i for i, parent in enumerate(parents) if parent == at]
        if len(order) > len(parents):
            break
    if sorted(order) != list(range(len(parents))) or (parents and parents.count(-1) != 1):
        raise ValueError("the parents form no tree")
    return order
