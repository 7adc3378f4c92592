"""The catalog's lines for metrics of supports: where one table lies, does the other lie there too?"""

from __future__ import annotations

from fidelia.measure.entry import Entry
from fidelia.measure.result import Direction

ENTRIES: tuple[Entry, ...] = (
    Entry(
        code="FID16",
        name="alpha-precision",
        direction=Direction.HIGHER,
        where="fidelia.measure.support.level_set:level_set_precision",
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
        where="fidelia.measure.support.hypersphere:hypersphere_precision",
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
        where="fidelia.measure.support.level_set:level_set_recall",
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
        where="fidelia.measure.support.hypersphere:hypersphere_recall",
        formula=(
            "1 - 2 int |R_b - b| db, R_b = share of train rows within the ball around the synthetic mean that holds a"
            " share b of the synthetic rows"
        ),
        summary="The form with one ball; blind to whatever keeps the distance to the centre.",
        source="Alaa et al. 2022, arXiv 2102.08921",
    ),
    Entry(
        code="FID18",
        name="alpha-precision (as published, repository)",
        direction=Direction.HIGHER,
        where="fidelia.measure.support.comparison:alaa2022_precision",
        formula=(
            "1 - 2 sum |P_a - a| / 29 at 30 levels a, P_a = share of synthetic rows within the ball around the mean of "
            "the raw real features that holds a share a of them"
        ),
        summary=(
            "The number that the paper's public code prints, its errors included: for comparison with published "
            "numbers, not to judge by."
        ),
        source="Alaa et al. 2022, arXiv 2102.08921, public repository",
        tier=2,
    ),
    Entry(
        code="FID19",
        name="alpha-precision (as published, synthcity)",
        direction=Direction.HIGHER,
        where="fidelia.measure.support.comparison:synthcity_precision",
        formula=(
            "1 - sum |P_a - a| / 15 at 30 levels a, P_a as in the repository, on label codes and numbers scaled to "
            "[0, 1] on real rows, without the target: delta_precision_alpha_naive"
        ),
        summary=(
            "The number that most papers report as alpha-precision, its errors included: for comparison with published "
            "numbers, not to judge by."
        ),
        source="Qian et al. 2023, synthcity 0.2, arXiv 2301.07573",
        tier=2,
    ),
    Entry(
        code="DIV03",
        name="beta-recall (as published, repository)",
        direction=Direction.HIGHER,
        where="fidelia.measure.support.comparison:alaa2022_recall",
        formula=(
            "1 - 2 sum |R_b - b| / 29 at 30 levels b, R_b = share of real rows whose nearest synthetic row is nearer "
            "than the nearest real row and among the share b of such rows that are most central"
        ),
        summary=(
            "The number that the paper's public code prints: about 0.5 for a perfect generator, and more with more "
            "rows. For comparison with published numbers, not to judge by."
        ),
        source="Alaa et al. 2022, arXiv 2102.08921, public repository",
        tier=2,
    ),
    Entry(
        code="DIV04",
        name="beta-recall (as published, synthcity)",
        direction=Direction.HIGHER,
        where="fidelia.measure.support.comparison:synthcity_recall",
        formula=(
            "1 - sum |R_b - b| / 15 at 30 levels b, R_b as in the repository, on label codes and numbers scaled to "
            "[0, 1] on real rows, without the target: delta_coverage_beta_naive"
        ),
        summary=(
            "The number that most papers report as beta-recall: about 0.5 for a perfect generator. For comparison with "
            "published numbers, not to judge by."
        ),
        source="Qian et al. 2023, synthcity 0.2, arXiv 2301.07573",
        tier=2,
    ),
    Entry(
        code="FID20",
        name="improved precision",
        direction=Direction.HIGHER,
        where="fidelia.measure.support.balls:improved_precision",
        formula="mean_j 1{some i: d(y_j, x_i) <= r_5(x_i)}",
        summary=(
            "What share of synthetic rows lies within a ball of a train row? Blind to density: a tight heap inside "
            "scores 1, and one outlier's ball may hold many rows."
        ),
        source="Kynkäänniemi et al. 2019, arXiv 1904.06991",
        level="rows",
    ),
    Entry(
        code="FID21",
        name="density",
        direction=Direction.ONE,
        where="fidelia.measure.support.balls:density",
        formula="(1 / 5 M) sum_j sum_i 1{d(y_j, x_i) <= r_5(x_i)}",
        summary=(
            "In how many balls of train rows does a synthetic row lie, over 5? 1 for rows like train's; above it rows"
            " crowd into dense places, below it they are outside."
        ),
        source="Naeem et al. 2020, arXiv 2002.09797",
        level="rows",
    ),
    Entry(
        code="FID22",
        name="clipped density",
        direction=Direction.HIGHER,
        where="fidelia.measure.support.balls:clipped_density",
        formula="mean_j min(#{i: d(y_j, x_i) <= min(r_5(x_i), median r_5)} / 5, 1) / the same of train rows",
        summary=(
            "What share of synthetic rows is as well held by train rows as those are? Outliers have no wide balls, "
            "and crowded rows do not make up for rows outside."
        ),
        source="Salvy et al. 2025, arXiv 2507.01761",
        level="rows",
    ),
    Entry(
        code="FID23",
        name="P-precision",
        direction=Direction.HIGHER,
        where="fidelia.measure.support.soft:p_precision",
        formula="mean_j [1 - prod_i min(1, d(y_j, x_i) / R)], R = 1.2 mean_i r_4(x_i)",
        summary=(
            "How probable is it that synthetic rows lie in the support of train? One radius for all rows: read it "
            "beside what fresh real rows get."
        ),
        source="Park and Kim 2023, ICCV",
        level="rows",
        tier=2,
    ),
    Entry(
        code="FID25",
        name="realism",
        direction=Direction.REFERENCE,
        where="fidelia.measure.support.balls:realism",
        formula="median_j max_i r_5(x_i) / d(y_j, x_i), over balls of radius at most the median",
        summary=(
            "How deep does the middle synthetic row lie within the best ball of a train row? 1 is on its surface; "
            "copies are infinitely deep."
        ),
        source="Kynkäänniemi et al. 2019, arXiv 1904.06991",
        level="dataset",
        tier=2,
    ),
    Entry(
        code="FID39",
        name="composite fidelity",
        direction=Direction.HIGHER,
        where="fidelia.measure.support.composite:composite_fidelity",
        formula=(
            "min over views v of (1 - S-_v) / E0[min v], and over columns of the share of values on train's lattice; "
            "S-_v over levels [1/2, 1]"
        ),
        summary=(
            "How many synthetic rows are where real rows can be, in the worst of several views: among nearest rows, "
            "in each column beside its neighbours, in the row's rarest column, beyond ranges, inside hollow shells? "
            "Real rows score 1. Only rows too far out count."
        ),
        source="fidelia; after Räisä et al. 2025, arXiv 2505.22450",
        level="rows",
    ),
    Entry(
        code="DIV05",
        name="improved recall",
        direction=Direction.REFERENCE,
        where="fidelia.measure.support.balls:improved_recall",
        formula="mean_i 1{some j: d(x_i, y_j) <= r_5(y_j)}",
        summary=(
            "What share of train rows lies within a ball of a synthetic row? A few outlying synthetic rows have wide "
            "balls and raise it."
        ),
        source="Kynkäänniemi et al. 2019, arXiv 1904.06991",
        level="rows",
    ),
    Entry(
        code="DIV06",
        name="coverage",
        direction=Direction.HIGHER,
        where="fidelia.measure.support.balls:coverage",
        formula="mean_i 1{some j: d(x_i, y_j) <= r_5(x_i)} / (1 - prod_{i<5} (N-1-i) / (N-1+M-i))",
        summary=(
            "What share of train rows has a synthetic row near it, over what rows of the same law reach? 1 for real "
            "rows, whatever the numbers of rows."
        ),
        source="Naeem et al. 2020, arXiv 2002.09797",
        level="rows",
    ),
    Entry(
        code="DIV07",
        name="clipped coverage",
        direction=Direction.HIGHER,
        where="fidelia.measure.support.balls:clipped_coverage",
        formula=(
            "f^-1(mean_i min(#{j: d(x_i, y_j) < r_5(x_i)}, 5) / 5) / M, f(m) = E min(BetaBin(m, 5, N - 5), 5) / 5"
        ),
        summary=(
            "What share of the synthetic rows would have to follow train's law to cover it as well? Falls in a "
            "straight line with the share of bad rows."
        ),
        source="Salvy et al. 2025, arXiv 2507.01761",
        level="rows",
    ),
    Entry(
        code="DIV08",
        name="P-recall",
        direction=Direction.HIGHER,
        where="fidelia.measure.support.soft:p_recall",
        formula="mean_i [1 - prod_j min(1, d(x_i, y_j) / R)], R = 1.2 mean_j r_4(y_j)",
        summary=(
            "How probable is it that train rows lie in the support of the synthetic rows? One radius for all rows: "
            "read it beside what fresh real rows get."
        ),
        source="Park and Kim 2023, ICCV",
        level="rows",
        tier=2,
    ),
    Entry(
        code="DIV19",
        name="composite diversity",
        direction=Direction.HIGHER,
        where="fidelia.measure.support.composite:composite_diversity",
        formula="FID39 with the roles swapped: train rows in the support of the synthetic rows",
        summary=(
            "How many train rows are where synthetic rows can be, in the worst of several views? Falls when kinds of "
            "rows are missing or too rare, when columns are too narrow, and when values are coarser than the real "
            "ones."
        ),
        source="fidelia; after Räisä et al. 2025, arXiv 2505.22450",
        level="rows",
    ),
)
