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
            "score on the holdout of models learnt from synthetic rows, beside models learnt from as many train rows; "
            "normalised (TSTR - baseline) / (TRTR - baseline)"
        ),
        summary=(
            "As high as the reference: a model learnt from synthetic rows does on real ones what a model learnt from "
            "real rows does."
        ),
        source="Esteban, Hyland and Raetsch 2017, arXiv 1706.02633 (TSTR)",
        needs=("target", "holdout"),
    ),
    Entry(
        code="UTL02",
        name="train and test in all four directions",
        direction=Direction.INFO,
        where="fidelia.measure.utility.directions:directions",
        formula="TRTS beside TRTR, with TSTR and TSTS, for boosted trees, a linear model, a tree and a network",
        summary=(
            "The value is the score of a model learnt from real rows on synthetic ones. Above the reference the "
            "synthetic rows are too easy (too typical, too alike), below it they contradict what real rows say."
        ),
        source="Esteban, Hyland and Raetsch 2017, arXiv 1706.02633 (TSTR, TRTS)",
        needs=("target", "holdout"),
        tier=2,
    ),
    Entry(
        code="UTL03",
        name="augmentation gain",
        direction=Direction.HIGHER,
        where="fidelia.measure.utility.augmentation:augmentation",
        formula="score(train + m synthetic rows) - score(train), on the holdout; m = half of the holdout",
        summary=(
            "What a model gains when synthetic rows are added to the real ones, beside what as many fresh real rows "
            "would add. Below 0 the synthetic rows do harm. The gain from all of them is given as `full`."
        ),
        source="data augmentation efficacy as in SDMetrics' documentation; paired intervals by DeLong et al. 1988",
        needs=("target", "holdout"),
    ),
    Entry(
        code="UTL04",
        name="model-ranking agreement",
        direction=Direction.HIGHER,
        where="fidelia.measure.utility.ranking:model_ranking",
        formula="Kendall's tau-b of the holdout scores of at least five kinds of models; SRA = share of pairs in order",
        summary=(
            "Whether the kind of model that is best on synthetic rows is best on real ones. The reference compares two "
            "real samples, which disagree too where kinds of models do equally well."
        ),
        source="Jordon, Yoon and van der Schaar 2018, arXiv 1806.11345; Kendall 1945, Biometrika 33",
        needs=("target", "holdout"),
        tier=2,
    ),
    Entry(
        code="UTL05",
        name="feature-importance agreement",
        direction=Direction.HIGHER,
        where="fidelia.measure.utility.importance:importance_agreement",
        formula="Spearman's correlation of permutation importances on the same test rows",
        summary=(
            "Whether a model learnt from synthetic rows leans on the columns that a model learnt from real rows leans "
            "on. The reference compares models learnt from the two halves of train."
        ),
        source="Breiman 2001, Machine Learning 45; Fisher, Rudin and Dominici 2019, JMLR 20(177)",
        level="columns",
        needs=("target", "holdout"),
        tier=2,
    ),
    Entry(
        code="UTL06",
        name="query workload error",
        direction=Direction.LOWER,
        where="fidelia.measure.utility.queries:query_error",
        formula="geometric mean over random range, count and group queries of max(p / q, q / p)",
        summary=(
            "By what factor counts on one to three columns are off: 1 is exact, 2 is twice or half. The reference is "
            "the error of as many fresh real rows."
        ),
        source="Moerkotte, Neumann and Steidl 2009, PVLDB 2 (q-error)",
        tier=2,
    ),
    Entry(
        code="UTL07",
        name="regression coefficients",
        direction=Direction.HIGHER,
        where="fidelia.measure.utility.coefficients:coefficients",
        formula="mean over coefficients of (shared / width of one + shared / width of other) / 2; share of same signs",
        summary=(
            "Whether a regression of the target finds the same: how far the confidence intervals of its coefficients "
            "overlap, beside the overlap of as many fresh real rows."
        ),
        source="Karr et al. 2006, The American Statistician 60; Gelman et al. 2008, Annals of Applied Statistics 2",
        needs=("target",),
        tier=2,
    ),
    Entry(
        code="UTL08",
        name="calibration of the model learnt from synthetic rows",
        direction=Direction.LOWER,
        where="fidelia.measure.utility.calibration:calibration",
        formula="mean (p - 1{class})^2 on the holdout; ECE = sum over bins of share |said - seen|",
        summary=(
            "Whether the probabilities of a model learnt from synthetic rows hold on real ones, beside those of a "
            "model learnt from real rows."
        ),
        source="Brier 1950, Monthly Weather Review 78; Naeini, Cooper and Hauskrecht 2015, AAAI",
        needs=("target", "holdout"),
        tier=2,
    ),
    Entry(
        code="UTL10",
        name="column tests",
        direction=Direction.LOWER,
        where="fidelia.measure.utility.column_tests:column_tests",
        formula="share of columns with q <= 0.05: chi-squared of categories, Kolmogorov-Smirnov of numbers, BH",
        summary=(
            "Share of columns that a test tells from train, beside the share for fresh real rows. With many rows every "
            "test rejects, so that the effect sizes of the columns say more than the value."
        ),
        source="Pearson 1900; Smirnov 1939; Benjamini and Hochberg 1995, JRSS B 57",
        level="columns",
        tier=2,
    ),
)
