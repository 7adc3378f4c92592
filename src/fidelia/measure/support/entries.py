"""The catalog's lines for metrics of supports: where one table lies, does the other lie there too?"""

from __future__ import annotations

from fidelia.measure.entry import Entry
from fidelia.measure.result import Direction

ENTRIES: tuple[Entry, ...] = (
    Entry(
        code="FID16",
        name="alpha-precision",
        direction=Direction.HIGHER,
        where="fidelia.measure.support.alpha_beta:level_set_precision",
        formula=(
            "1 - 2 int |P_a - a| da, P_a = share of synthetic rows within the real rows' a-level set of the distance "
            "to the fifth nearest train row"
        ),
        summary=(
            "Are synthetic rows typical real rows? 1 when they spread over the typical and the rare regions as real "
            "rows do. S- is the part that lies too far out (noise, inventions), S+ the part that lies too near "
            "(truncation, copies)."
        ),
        source="Alaa et al. 2022, arXiv 2102.08921; level sets by k-nearest neighbours, exact integral",
    ),
    Entry(
        code="FID17",
        name="alpha-precision (hypersphere)",
        direction=Direction.HIGHER,
        where="fidelia.measure.support.alpha_beta:hypersphere_precision",
        formula=(
            "1 - 2 int |P_a - a| da, P_a = share of synthetic rows within the ball around train's mean that holds a "
            "share a of train"
        ),
        summary=(
            "The published form with one ball. It cannot see errors that keep the distance to the centre, such as "
            "copies or a lost mode."
        ),
        source="Alaa et al. 2022, arXiv 2102.08921",
    ),
    Entry(
        code="DIV01",
        name="beta-recall",
        direction=Direction.HIGHER,
        where="fidelia.measure.support.alpha_beta:level_set_recall",
        formula=(
            "1 - 2 int |R_b - b| db, R_b = share of train rows within the synthetic rows' b-level set of the distance"
            " to the fifth nearest synthetic row"
        ),
        summary=(
            "Is every kind of real row represented? 1 when real rows lie where synthetic rows are as dense as they "
            "should be. S- grows when kinds of rows are missing or too rare."
        ),
        source="Alaa et al. 2022, arXiv 2102.08921; level sets by k-nearest neighbours, exact integral",
    ),
    Entry(
        code="DIV02",
        name="beta-recall (hypersphere)",
        direction=Direction.HIGHER,
        where="fidelia.measure.support.alpha_beta:hypersphere_recall",
        formula=(
            "1 - 2 int |R_b - b| db, R_b = share of train rows within the ball around the synthetic mean that holds a"
            " share b of the synthetic rows"
        ),
        summary="The form with one ball; blind to whatever keeps the distance to the centre.",
        source="Alaa et al. 2022, arXiv 2102.08921",
    ),
)
