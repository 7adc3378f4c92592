"""The order of the columns: those most associated with all others first.

Hubs come early, while the joint law is still of few columns; columns that hardly depend on anything come last and
cannot scatter the trees of the others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fidelia.generate.forest.columns import Floats, Ints
from fidelia.generate.forest.targets import coarse

GROUPS = 12
ROWS = 10_000


def association(codes: list[Ints], rng: np.random.Generator, rows: int = ROWS) -> Floats:
    """Return the normalised mutual information of all pairs of columns, less what chance gives.

    Parameters
    ----------
    codes : list of ndarray of int, each of shape (n_rows,)
        Ordered codes of the columns.
    rng : numpy.random.Generator
        Draws the rows looked at.
    rows : int
        Most rows looked at.

    Returns
    -------
    ndarray of float64, shape (n_columns, n_columns)
        Symmetric, in 0 to 1, with a zero diagonal.
    """
    n = len(codes[0])
    pick = np.sort(rng.permutation(n)[:rows])
    grouped = [coarse(c[pick], GROUPS) for c in codes]
    entropies = np.array([_entropy(np.bincount(g, minlength=m)) for g, m in grouped])
    out = np.zeros((len(codes), len(codes)))
    for i, (a, p) in enumerate(grouped):
        for j in range(i):
            b, q = grouped[j]
            joint = _entropy(np.bincount(a * q + b, minlength=p * q))
            chance = (p - 1) * (q - 1) / (2 * len(pick))
            shared = max(0.0, entropies[i] + entropies[j] - joint - chance)
            out[i, j] = out[j, i] = shared / max(1e-9, np.sqrt(entropies[i] * entropies[j]))
    return out


def column_order(strength: Floats) -> list[int]:
    """Return the order in which columns are drawn: the one most associated with all others first.

    Parameters
    ----------
    strength : ndarray of float64, shape (n_columns, n_columns)
        From `association`.

    Returns
    -------
    list of int
    """
    return [int(i) for i in np.argsort(-strength.sum(0), kind="stable")]


def screened(strength: Floats, target: int, earlier: list[int], most: int) -> list[int]:
    """Return the earlier columns that a target's trees may split on: the strongest, in their order."""
    if len(earlier) <= most:
        return list(earlier)
    at = np.array(earlier)
    chosen = np.sort(np.argsort(-strength[target, at], kind="stable")[:most])
    return [int(i) for i in at[chosen]]


def _entropy(counts: NDArray[np.int64]) -> float:
    p = counts[counts > 0] / counts.sum()
    return float(-(p * np.log(p)).sum())
