"""The map: real and synthetic rows in the plane of the real rows' two main directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.rng import Rng

    Floats = NDArray[np.float64]

CELLS = 40
POINTS = 3_000
FEWEST = 10
OUTER = 0.002


def drawn(rows: int, most: int | None, rng: Rng) -> NDArray[np.int64]:
    """Return which of so many points are drawn, at most 3,000 or `most`."""
    return np.sort(rng.generator().permutation(rows)[: POINTS if most is None else min(most, POINTS)])


def picture(
    train: Floats, synthetic: Floats, holdout: Floats | None, *, verdict: NDArray[np.str_], alpha: Floats
) -> dict[str, Any]:
    """Project rows on the first two principal components of train.

    Real rows appear as counts in cells, and only where a cell holds at least ten of them; synthetic rows as points.

    Parameters
    ----------
    train, synthetic, holdout : (n, d) float
        Embedded rows; the synthetic ones are those that are drawn.
    verdict, alpha : (M,)
        Of the synthetic rows.

    Returns
    -------
    dict
        JSON values: the axes with their share of variance, cell edges, cells, and points.
    """
    centre, axes, share = _plane(train)
    real = (train - centre) @ axes
    edges = [_edges(real[:, i]) for i in range(2)]
    points = (synthetic - centre) @ axes
    return {
        "axes": [{"name": f"principal component {i + 1}", "share": round(float(share[i]), 4)} for i in range(2)],
        "x_edges": edges[0].tolist(),
        "y_edges": edges[1].tolist(),
        "train": _cells(real, edges),
        "holdout": None if holdout is None else _cells((holdout - centre) @ axes, edges),
        "synthetic": {
            "x": np.round(points[:, 0], 2).tolist(),
            "y": np.round(points[:, 1], 2).tolist(),
            "verdict": verdict.tolist(),
            "alpha": np.round(alpha, 2).tolist(),
        },
    }


def _plane(rows: Floats) -> tuple[Floats, Floats, Floats]:
    """Centre, two axes (d, 2) and their shares of variance; signs fixed so that the picture never flips."""
    centre = rows.mean(0)
    values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(rows - centre, rowvar=False)))
    if len(values) == 1:
        values, vectors = np.array([0.0, values[0]]), np.array([[0.0, 1.0]])
    axes = vectors[:, [-1, -2]]
    axes = axes * np.where(axes[np.abs(axes).argmax(0), [0, 1]] < 0, -1.0, 1.0)
    return centre, axes, np.maximum(values[[-1, -2]], 0) / max(values.clip(0).sum(), 1e-12)


def _edges(values: Floats) -> Floats:
    outer = min(max(OUTER, FEWEST / len(values)), 0.25)  # ten rows or more lie beyond each end
    low, high = (float(value) for value in np.quantile(values, [outer, 1 - outer]))
    steps = np.linspace(low, high if high > low else low + 1, CELLS + 1)
    return np.asarray(np.round(steps, 3), dtype=np.float64)


def _cells(points: Floats, edges: list[Floats]) -> list[list[float]]:
    counts = np.histogram2d(points[:, 0], points[:, 1], bins=(edges[0], edges[1]))[0]
    return [[int(i), int(j), round(float(counts[i, j]) / len(points), 6)] for i, j in np.argwhere(counts >= FEWEST)]
