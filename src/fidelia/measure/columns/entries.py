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
        code="FID03",
        name="Wasserstein distance",
        direction=Direction.LOWER,
        where="fidelia.measure.columns.distances:wasserstein",
        formula=(
            "W1(train, synthetic) / IQR of train (its standard deviation where the IQR is 0), mean over columns "
            "of numbers"
        ),
        summary=(
            "How far, on average, values must be moved to be distributed as in train, in interquartile ranges. It "
            "sees how far off values are, where the Kolmogorov-Smirnov distance sees only how many."
        ),
        source="Kantorovich 1942; Ramdas et al. 2017",
        level="columns",
    ),
    Entry(
        code="FID04",
        name="Jensen-Shannon distance",
        direction=Direction.LOWER,
        where="fidelia.measure.columns.distances:jensen_shannon",
        formula=(
            "sqrt(KL(p || m) / 2 + KL(q || m) / 2) in bits, m = (p + q) / 2, mean over columns; numbers in 20 "
            "quantile bins of train"
        ),
        summary=(
            "0 when every column is distributed as in train, 1 when nothing is shared. Levels and ranges that "
            "train does not have count as mass outside; nothing is added to probabilities."
        ),
        source="Lin 1991; Endres and Schindelin 2003",
        level="columns",
    ),
    Entry(
        code="FID05",
        name="Hellinger distance",
        direction=Direction.LOWER,
        where="fidelia.measure.columns.distances:hellinger_distance",
        formula=("sqrt(1/2 sum (sqrt p - sqrt q)^2), mean over columns; numbers in 20 quantile bins of train"),
        summary="As the Jensen-Shannon distance, more sensitive to what is rare.",
        source="Hellinger 1909",
        level="columns",
        tier=2,
    ),
    Entry(
        code="FID06",
        name="moments and quantiles",
        direction=Direction.ZERO,
        where="fidelia.measure.columns.distances:moments_of_columns",
        formula=(
            "mean over columns of numbers of the mean absolute difference of mean, standard deviation and five "
            "quantiles, in standard deviations of train"
        ),
        summary=(
            "0 when means, spreads and quantiles are those of train. The breakdown gives each difference with its sign."
        ),
        source="Standardised mean differences, Cohen 1988",
        level="columns",
    ),
    Entry(
        code="FID07",
        name="correlations",
        direction=Direction.LOWER,
        where="fidelia.measure.columns.association:correlations",
        formula="mean over pairs of numbers of |r_train - r_synthetic|, for Pearson's and Spearman's r",
        summary=(
            "0 when numbers correlate as in train. Where nothing correlates in train, independent columns score "
            "well, and a caveat says so."
        ),
        source="Pearson 1895; Spearman 1904",
        level="pairs",
    ),
    Entry(
        code="FID08",
        name="mixed associations",
        direction=Direction.LOWER,
        where="fidelia.measure.columns.association:mixed_associations",
        formula=(
            "mean over pairs of |V_train - V_synthetic| (two categories, bias-corrected) and |eta_train - "
            "eta_synthetic| (category and number)"
        ),
        summary="0 when categories go together, and with numbers, as strongly as in train.",
        source="Bergsma 2013; Pearson 1905",
        level="pairs",
    ),
    Entry(
        code="FID09",
        name="mutual information",
        direction=Direction.LOWER,
        where="fidelia.measure.columns.association:mutual_informations",
        formula=("mean over pairs of |I_train - I_synthetic| in nats; numbers in ten quantile bins of train"),
        summary=(
            "0 when every two columns tell as much of each other as in train, whatever the form of their relation."
        ),
        source="Shannon 1948",
        level="pairs",
        tier=2,
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
    Entry(
        code="FID11",
        name="k-way marginals",
        direction=Direction.HIGHER,
        where="fidelia.measure.columns.marginals:accuracies",
        formula="1 - 1/2 sum |p - q| of one-, two- and three-way tables, mean over the three orders",
        summary=(
            "1 when all tables of up to three columns are as in train. Fresh real rows, the reference, are the "
            "most that can be reached: the breakdown gives the share of it."
        ),
        source="Total variation distance; k-way marginals as in NIST's and MOSTLY AI's quality reports",
        level="dataset",
    ),
    Entry(
        code="FID31",
        name="granularity",
        direction=Direction.HIGHER,
        where="fidelia.measure.columns.granularity:granularity",
        formula=(
            "1 - max(share off train's lattice, share of new values in closed columns, difference in repeated "
            "values), mean over columns of numbers"
        ),
        summary=(
            "1 when values are rounded, listed and repeated as in train: ages whole, prices with two decimals, "
            "zeros as many. Distributions alone do not show it."
        ),
        source="fidelia",
        level="columns",
        needs=("rules",),
    ),
    Entry(
        code="DIV10",
        name="range coverage",
        direction=Direction.HIGHER,
        where="fidelia.measure.columns.coverage:ranges",
        formula="share of [min, max] of train between the ends of synthetic, mean over columns of numbers",
        summary=(
            "1 when the synthetic rows reach both ends of train. As many fresh real rows rarely do: compare with "
            "the reference."
        ),
        source="SDMetrics RangeCoverage",
        level="columns",
        needs=("rules",),
    ),
    Entry(
        code="DIV11",
        name="category coverage",
        direction=Direction.HIGHER,
        where="fidelia.measure.columns.coverage:levels",
        formula="share of train's levels that occur in synthetic, mean over columns of categories",
        summary="1 when no level is lost. As many fresh real rows lose some: compare with the reference.",
        source="SDMetrics CategoryCoverage",
        level="columns",
        needs=("rules",),
    ),
    Entry(
        code="DIV12",
        name="rare-category recall",
        direction=Direction.HIGHER,
        where="fidelia.measure.columns.coverage:rare_levels",
        formula=("share of train's levels rarer than 1 % that occur in synthetic; expectation mean(1 - (1 - p)^m)"),
        summary=(
            "How many of the rare levels are generated at least once, beside how many as many fresh real rows have."
        ),
        source="fidelia",
        level="columns",
        needs=("rules",),
    ),
    Entry(
        code="DIV14",
        name="entropy ratio",
        direction=Direction.ONE,
        where="fidelia.measure.columns.marginals:entropies",
        formula=(
            "H(synthetic) / H(train), mean over columns and pairs of columns; numbers in ten quantile bins of train"
        ),
        summary=("1 when columns and pairs vary as much as in train; below 1 they are poorer, above 1 noisier."),
        source="Shannon 1948",
        level="pairs",
        tier=2,
    ),
    Entry(
        code="DIV15",
        name="duplicate excess",
        direction=Direction.ZERO,
        where="fidelia.measure.columns.coverage:duplicates",
        formula="share of duplicated rows in m synthetic rows - expected share in m rows of train",
        summary=(
            "0 when rows repeat each other as often as in train. Above 0 the generator repeats itself; below 0 it "
            "breaks real repetitions."
        ),
        source="Rarefaction, Hurlbert 1971",
        level="dataset",
        needs=("rules",),
    ),
)
