"""The catalog's lines for metrics of completeness and validity."""

from __future__ import annotations

from fidelia.measure.entry import Entry
from fidelia.measure.result import Direction

ENTRIES: tuple[Entry, ...] = (
    Entry(
        code="CMP02",
        name="missing rates",
        direction=Direction.ZERO,
        where="fidelia.measure.completeness.missing:rates",
        formula="mean over columns of |missing rate in synthetic - missing rate in train|",
        summary="0 when every column has as many missing values as in train.",
        source="Difference of proportions",
    ),
    Entry(
        code="CMP03",
        name="missing patterns",
        direction=Direction.ZERO,
        where="fidelia.measure.completeness.missing:patterns",
        formula="1/2 sum |p - q| over the patterns of missing cells in a row",
        summary="0 when values are missing together as in train.",
        source="Total variation distance",
    ),
)
