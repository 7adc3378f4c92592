"""The catalog's lines for attacks on privacy, each beside the same attack on rows that nobody has seen."""

from __future__ import annotations

from fidelia.measure.entry import Entry
from fidelia.measure.result import Direction

ENTRIES: tuple[Entry, ...] = (
    Entry(
        code="PRV02",
        name="DCR share",
        direction=Direction.HALF,
        where="fidelia.attacks.closest:dcr_share",
        formula=(
            "P(d_train < d_holdout) + P(d_train = d_holdout) / 2 over synthetic rows, equal numbers of train and "
            "holdout rows"
        ),
        summary=(
            "0.5: synthetic rows are no nearer to the rows they were learnt from than to rows nobody has seen. Above "
            "0.5 speaks of copying; 0.5 is no evidence of privacy."
        ),
        source="Distance to the closest record against a holdout; interval clustered by nearest row",
    ),
)
