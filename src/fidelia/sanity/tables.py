"""Arrays of numbers as a case that any metric of the catalog takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from fidelia.data.table import Table
from fidelia.measure.case import Case
from fidelia.schema import Column, Kind, Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.rng import Rng

    Floats = NDArray[np.float64]


def table_of(rows: Floats) -> Table:
    """Return an array, ``(n, d)``, as a table of numeric columns x0, x1, ..."""
    names = [f"x{i}" for i in range(rows.shape[1])]
    columns = {name: pa.array(rows[:, i]) for i, name in enumerate(names)}
    return Table(pa.table(columns), Schema(tuple(Column(name, Kind.NUMBER) for name in names)), "pyarrow")


def case_of(real: Floats, synthetic: Floats, rng: Rng, holdout: Floats | None = None) -> Case:
    """Return arrays as a case; without a holdout, references come from halves of the real rows."""
    return Case(table_of(real), table_of(synthetic), None if holdout is None else table_of(holdout), rng)
