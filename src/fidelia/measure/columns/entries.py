"""The catalog's lines for metrics of single columns, of pairs and of small sets of columns."""

from __future__ import annotations

from fidelia.measure.entry import Entry
from fidelia.measure.result import Direction

ENTRIES: tuple[Entry, ...] = (
    Entry(
        code="FID01",
        name="column shapes (numbers)",
        direction=Direction.HIGHER,
        where="fidelia.measure.columns.shapes:numbers",
        formula="1 - sup |F_train - F_synthetic|, mean over columns of numbers and times",
        summary=(
            "1 when every column of numbers is distributed as in train. Fresh real rows score a little below 1, by "
            "chance: compare with the reference. It sees each column alone."
        ),
        source="Kolmogorov-Smirnov distance",
    ),
    Entry(
        code="FID02",
        name="column shapes (categories)",
        direction=Direction.HIGHER,
        where="fidelia.measure.columns.shapes:categories",
        formula="1 - 1/2 sum |p - q|, mean over columns of categories, missing being a level",
        summary="1 when every category is as frequent as in train. It sees each column alone.",
        source="Total variation distance",
    ),
    Entry(
        code="FID10",
        name="pair trends",
        direction=Direction.HIGHER,
        where="fidelia.measure.columns.pairs:pair_trends",
        formula=(
            "1 - 1/2 sum |p - q| of the two-way table, mean over pairs of columns; numbers in ten quantile bins of "
            "train"
        ),
        summary=(
            "1 when every two columns are distributed together as in train. Columns that are right one by one but "
            "were shuffled score low here."
        ),
        source="Total variation distance of contingency tables",
    ),
)
