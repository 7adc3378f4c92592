"""The catalog's lines for metrics of use: do models and analyses come out alike?"""

from __future__ import annotations

from fidelia.measure.entry import Entry
from fidelia.measure.result import Direction

ENTRIES: tuple[Entry, ...] = (
    Entry(
        code="UTL01",
        name="train on synthetic, test on real",
        direction=Direction.HIGHER,
        where="fidelia.measure.utility.tstr:utility",
        formula=(
            "score on the holdout of models learnt from synthetic rows, beside models learnt from as many train rows"
        ),
        summary=(
            "As high as the reference: a model learnt from synthetic rows does on real ones what a model learnt from "
            "real rows does."
        ),
        source="Esteban, Hyland and Raetsch 2017, arXiv 1706.02633 (TSTR)",
    ),
)
