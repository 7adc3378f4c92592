"""The catalog's lines for diagnosis."""

from __future__ import annotations

from fidelia.measure.entry import Entry
from fidelia.measure.result import Direction

ENTRIES: tuple[Entry, ...] = (
    Entry(
        code="DIV16",
        name="uncovered real rows",
        direction=Direction.INFO,
        where="fidelia.measure.diagnosis.uncovered:uncovered",
        formula=(
            "share of train rows beyond the largest fifth-nearest distance among synthetic rows; rules of up to three "
            "conditions whose shares differ, found on one half and confirmed on the other (Benjamini-Hochberg)"
        ),
        summary=(
            "Which real rows have no synthetic rows near them, and which regions are missing, invented or too large, "
            "in words: each rule with its share of real and of synthetic rows."
        ),
        source="beta-recall at level 1 (Alaa et al. 2022); subgroup discovery by two-proportion tests",
        level="rows",
    ),
    Entry(
        code="DIV17",
        name="cluster shares",
        direction=Direction.LOWER,
        where="fidelia.measure.diagnosis.shares:cluster_shares",
        formula=(
            "total variation between the shares of train's clusters among synthetic and among train rows; k-means, "
            "k by silhouette"
        ),
        summary=(
            "0 when each kind of row is as frequent as it should be. The table names each cluster by its columns, with "
            "its share of real and of synthetic rows."
        ),
        source="Pearson 1900 (chi-square); Rousseeuw 1987 (silhouette)",
    ),
)
