"""Small tables with a known answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fidelia.data.read import read
from fidelia.data.table import Table


def made(rows: int, *, signal: float = 2.0, seed: int = 0, classes: int = 2, rare: float = 0.5) -> Table:
    """Return numbers, a category, a boolean with gaps, and a class that depends on two of them."""
    draw = np.random.default_rng(seed)
    x, z, level = draw.normal(size=rows), draw.normal(size=rows), draw.integers(3, size=rows)
    score = signal * (x + (level == 0)) + draw.logistic(size=rows)
    cuts = np.quantile(score, np.linspace(1 - rare, 1, classes)[:-1])
    frame = pd.DataFrame(
        {
            "x": x.round(3),
            "z": np.where(draw.random(rows) < 0.1, np.nan, z.round(2)),
            "level": np.array(["low", "middle", "high"])[level],
            "y": np.array(["no", "yes", "perhaps"])[np.searchsorted(cuts, score, side="right")],
        }
    )
    return read(frame, target="y", kinds={"y": "category", "level": "category"})


def numbers(rows: int, seed: int = 0) -> Table:
    """Return a table whose target is a number."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=rows)
    frame = pd.DataFrame({"x": x, "z": draw.normal(size=rows), "y": 2 * x + draw.normal(size=rows)})
    return read(frame, target="y")
