"""Generators with known laws, beside eight normal columns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from laws import gauss

from fidelia.data.read import read
from fidelia.data.table import Table
from fidelia.rng import Rng

Fault = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def perfect(rows: np.ndarray, _: np.random.Generator) -> np.ndarray:
    return rows


def invented(rows: np.ndarray, r: np.random.Generator) -> np.ndarray:
    """A fifth of the mass where no real row is."""
    return np.where(r.random(len(rows))[:, None] < 0.2, 4 + 0.5 * r.normal(size=rows.shape), rows)


def narrow(rows: np.ndarray, _: np.random.Generator) -> np.ndarray:
    return 0.8 * rows


def shifted(rows: np.ndarray, _: np.random.Generator) -> np.ndarray:
    return rows + np.array([1.0, *[0.0] * (rows.shape[1] - 1)])


def two_modes(share: float) -> Fault:
    """The first column in two modes, at 4 and -4; `share` of the rows in the first."""

    def moved(rows: np.ndarray, r: np.random.Generator) -> np.ndarray:
        side = np.where(r.random(len(rows)) < share, 4.0, -4.0)
        return np.column_stack([rows[:, 0] + side, rows[:, 1:]])

    return moved


def frame(fault: Fault, seed: int, rows: int) -> pd.DataFrame:
    drawn = gauss(seed, rows)
    return pd.DataFrame(fault(drawn.to_numpy(), np.random.default_rng([seed, 1])), columns=drawn.columns)


def table(fault: Fault, seed: int, rows: int) -> Table:
    return read(frame(fault, seed, rows))


class Drawn:
    """A generator that draws from a law."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault

    def sample(self, n: int, *, rng: Rng, first: int = 0, **_: object) -> Table:
        return table(self.fault, rng.integer(), n)


def values(rows: Table) -> np.ndarray:
    return np.column_stack([np.asarray(rows[name]) for name in rows.schema.names])
