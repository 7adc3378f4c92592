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
        code="AUT03",
        name="named copies",
        direction=Direction.LOWER,
        where="fidelia.measure.authenticity.copies:flagged_copies",
        formula=(
            "share of synthetic rows flagged by Benjamini-Hochberg at 0.1, p = (1 + #{holdout rows with as small an "
            "authenticity ratio}) / (n_h + 1)"
        ),
        summary=(
            "Rows that are nearer to a train row than fresh real rows come, with at most a tenth of false alarms among "
            "them. 0 for a generator that does not copy."
        ),
        source="Bates et al. 2023, Annals of Statistics 51, 149-178; ratio of Alaa et al. 2022",
        level="rows",
        needs=("holdout",),
    ),
    Entry(
        code="AUT04",
        name="copy rate",
        direction=Direction.LOWER,
        where="fidelia.measure.authenticity.copies:estimated_copies",
        formula="max(0, 1 - A_synthetic / A_holdout) over synthetic rows that look real; delta-method interval",
        summary=(
            "The share of synthetic rows that are copies of train rows, estimated from how many fewer are authentic "
            "than among fresh real rows. Copies blurred by more than the distance between neighbours do not count."
        ),
        source="Alaa et al. 2022, arXiv 2102.08921: P_g = A P' + (1 - A) copies",
        needs=("holdout",),
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
    Entry(
        code="AUT06",
        name="near-identical rows",
        direction=Direction.REFERENCE,
        where="fidelia.measure.authenticity.rows:near_identical",
        formula="share of synthetic rows equal to a train row in all columns but at most one",
        summary="Compare with the holdout's share. Above it, rows of train were copied and one value was changed.",
        source="Row hashes without each column in turn; lift over equally many unseen rows",
        level="rows",
        tier=2,
    ),
    Entry(
        code="AUT07",
        name="partial-row memorisation",
        direction=Direction.REFERENCE,
        where="fidelia.measure.authenticity.rows:partial",
        formula="mean over column sets of the share of synthetic part rows that stand in train, beside the holdout",
        summary=(
            "Equal when parts of train rows come back no more often than parts of unseen rows. The excess is that of "
            "the set that stands out most, corrected for the number of sets."
        ),
        source="Hashes of part rows; exact intervals at level 0.05 / sets",
        level="rows",
        needs=("holdout",),
        tier=2,
    ),
    Entry(
        code="AUT08",
        name="rediscovery of unique rows",
        direction=Direction.REFERENCE,
        where="fidelia.measure.authenticity.rows:rediscovery",
        formula="share of the combinations that one train row alone holds that stand in the synthetic table",
        summary="Compare with the holdout's share: unique people of train should not come back more often than others.",
        source="Combinations of levels and of deciles; Newcombe interval of the difference",
        level="rows",
        needs=("holdout",),
        tier=2,
    ),
    Entry(
        code="AUT09",
        name="data-copying test",
        direction=Direction.ZERO,
        where="fidelia.measure.authenticity.copying:data_copying",
        formula="C_T = mean over cells of the z-scored Mann-Whitney statistic of d(y, train) against d(h, train)",
        summary=(
            "About 0 for rows as new as unseen ones; far below 0 means copying in some region, above 0 rows off the "
            "data. It grows with the number of rows: read the chance of lying farther beside it."
        ),
        source="Meehan, Chaudhuri and Dasgupta 2020, arXiv 2004.05675",
        needs=("holdout",),
        tier=2,
    ),
    Entry(
        code="AUT11",
        name="new-row share",
        direction=Direction.HIGHER,
        where="fidelia.measure.authenticity.rows:new_rows",
        formula="share of synthetic rows equal to no train row",
        summary="As high as for fresh real rows: in tables of few values, equal rows happen by chance.",
        source="Row hashes; SDMetrics' NewRowSynthesis without its tolerance",
        level="rows",
    ),
    Entry(
        code="AUT12",
        name="authenticity (as published)",
        direction=Direction.INFO,
        where="fidelia.measure.authenticity.published:published_authenticity",
        formula=(
            "mean over real rows i of 1{d(x_j, nearest other x) < d(x_i, g_j)}, j the position of the synthetic row "
            "nearest to x_i: synthcity's authenticity_naive, and the repository's on raw features"
        ),
        summary=(
            "The number that the public programs print, their errors included: about 0.7 for copies of a tenth of the "
            "rows. For comparison with published numbers, not to judge by."
        ),
        source="Qian et al. 2023, synthcity 0.2; Alaa et al. 2022, public repository",
        tier=2,
    ),
    Entry(
        code="AUT13",
        name="authenticity (any ball)",
        direction=Direction.REFERENCE,
        where="fidelia.measure.authenticity.published:any_ball",
        formula="share of synthetic rows g with d(g, x) > d(x, train without x) for all train rows x",
        summary=(
            "Authenticity as pymdma computes it: 1 - improved precision at one neighbour. Compare with the reference "
            "only."
        ),
        source="pymdma; Kynkaanniemi et al. 2019, arXiv 1904.06991",
        tier=2,
    ),
)
