"""The laws that the checks draw rows from: pairs of real and synthetic rows, one setting apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Generator = np.random.Generator
Pair = tuple["Floats", "Floats"]

MODES = 10
SCALES = {1: 1 / 6, 8: 1 / 3, 64: 1.0}
"""Standard deviation of a mode, by dimension."""
CENTRES = np.array([
    [5.468, -4.085], [4.872, -13.649], [-16.394, 9.098], [-2.154, 12.462], [11.558, -4.960],
    [-24.606, 14.180], [16.842, -3.187], [-5.478, -6.772], [9.467, 1.059], [-5.403, -17.295],
])  # fmt: skip
"""Of the invented modes: the first five are real. The published positions, to three decimals."""
OVERLAP = 0.2


def normal(r: Generator, n: int, d: int, mean: float = 0.0, sd: float = 1.0) -> Floats:
    """Return rows whose columns are independent and normal, ``(n, d)``."""
    return mean + sd * r.normal(size=(n, d))


def with_outlier(rows: Floats, at: float) -> Floats:
    """Return rows and one more, `at` in every column."""
    return np.vstack([rows, np.full((1, rows.shape[1]), at)])


def mixture(r: Generator, n: int, centres: Floats, sd: float, shares: Floats) -> Floats:
    """Return rows of normal modes, ``(n, d)``."""
    return centres[r.choice(len(centres), n, p=shares / shares.sum())] + sd * r.normal(size=(n, centres.shape[1]))


def diagonal(d: int) -> Floats:
    """Return ten centres on the diagonal, ``(10, d)``."""
    return np.repeat(np.linspace(0, 10, MODES)[:, None], d, axis=1)


def sphere_surface(r: Generator, n: int, d: int, radius: float = 1.0) -> Floats:
    """Return rows on a sphere, ``(n, d)``."""
    rows = r.normal(size=(n, d))
    return np.asarray(radius * rows / np.linalg.norm(rows, axis=1, keepdims=True))


def cube(r: Generator, n: int, d: int, *, shifted: bool = False) -> Floats:
    """Return rows in the unit cube, or in one shifted along the diagonal so that a fifth of the volume overlaps."""
    start = 1 - OVERLAP ** (1 / d) if shifted else 0.0
    return start + r.random((n, d))


def ball(r: Generator, n: int, d: int, radius: float) -> Floats:
    """Return rows in a ball around the origin, ``(n, d)``."""
    return sphere_surface(r, n, d, radius) * r.random((n, 1)) ** (1 / d)


def torus(r: Generator, n: int) -> Floats:
    """Return rows in a tube of radius 0.1 around the unit circle, ``(n, 3)``, uniform over its cross-section."""
    tube, angle = ball(r, n, 2, 0.1), r.uniform(0, 2 * np.pi, n)
    out = 1 + tube[:, 0]
    return np.column_stack([out * np.cos(angle), out * np.sin(angle), tube[:, 1]])
