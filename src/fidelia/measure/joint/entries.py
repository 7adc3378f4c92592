"""The catalog's lines for metrics of whole tables as clouds of points."""

from __future__ import annotations

from fidelia.measure.entry import Entry
from fidelia.measure.result import Direction

ENTRIES: tuple[Entry, ...] = (
    Entry(
        code="FID26",
        name="two-sample AUC",
        direction=Direction.HALF,
        where="fidelia.measure.joint.detect:two_sample",
        formula=(
            "AUC of boosted trees that tell synthetic from fresh real rows, three folds, equal numbers, DeLong interval"
        ),
        summary=(
            "0.5: a classifier cannot tell synthetic from real. 1: it always can. The columns listed beside it give "
            "the synthetic rows away."
        ),
        source="Lopez-Paz and Oquab 2017, arXiv 1610.06545; DeLong et al. 1988",
    ),
)
