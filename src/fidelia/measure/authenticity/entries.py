"""The catalog's lines for metrics of newness: are rows repeated from train?"""

from __future__ import annotations

from fidelia.measure.entry import Entry
from fidelia.measure.result import Direction

ENTRIES: tuple[Entry, ...] = (
    Entry(
        code="AUT01",
        name="authenticity",
        direction=Direction.REFERENCE,
        where="fidelia.measure.authenticity.authentic:authenticity",
        formula="share of synthetic rows g with d(g, x) > d(x, train without x), x being the train row nearest to g",
        summary=(
            "0 for copies of train. Fresh real rows score about one half, not 1: well below the reference means "
            "copying, above it means rows off the data."
        ),
        source="Alaa et al. 2022, arXiv 2102.08921, with the indices as defined there",
    ),
    Entry(
        code="AUT02",
        name="authenticity difference",
        direction=Direction.ZERO,
        where="fidelia.measure.authenticity.authentic:difference",
        formula="A_synthetic - A_holdout, Newcombe interval; copy rate 1 - A_synthetic / A_holdout",
        summary=(
            "0 when synthetic rows are as new as rows that nobody has seen. Clearly below 0: some rows are copies, "
            "and the copy rate says how many."
        ),
        source="Alaa et al. 2022; Newcombe 1998",
    ),
    Entry(
        code="AUT05",
        name="identical rows",
        direction=Direction.REFERENCE,
        where="fidelia.measure.authenticity.rows:identical",
        formula="share of synthetic rows equal to a train row in every column but ids and texts",
        summary="Compare with the holdout's share: in tables of few values, equal rows happen by chance.",
        source="Row hashes",
    ),
)
