"""The catalog's lines for metrics of whole tables as clouds of points."""

from __future__ import annotations

from fidelia.measure.entry import Entry
from fidelia.measure.result import Direction

HERE = "fidelia.measure.joint"

ENTRIES: tuple[Entry, ...] = (
    Entry(
        code="FID12",
        name="maximum mean discrepancy",
        direction=Direction.LOWER,
        where=f"{HERE}.kernels:mmd",
        formula=(
            "E k(x, x') + E k(y, y') - 2 E k(x, y), without a row's pair with itself; k = exp(-|x - y|^2 / (2 s^2)), "
            "s = median distance of train rows"
        ),
        summary=(
            "0 on average when synthetic rows follow train's law, in whatever way they could differ. The p-value deals "
            "the rows of both tables out at random."
        ),
        source="Gretton et al. 2012, JMLR 13, 723-773; random features: Rahimi and Recht 2007",
    ),
    Entry(
        code="FID13",
        name="energy distance",
        direction=Direction.LOWER,
        where=f"{HERE}.kernels:energy",
        formula="2 E|x - y| - E|x - x'| - E|y - y'|, without a row's distance to itself",
        summary="0 on average when synthetic rows follow train's law. It has no parameter, and sees shifts best.",
        source="Székely and Rizzo 2013, Journal of Statistical Planning and Inference 143, 1249-1272",
        tier=2,
    ),
    Entry(
        code="FID14",
        name="sliced Wasserstein distance",
        direction=Direction.LOWER,
        where=f"{HERE}.transport:sliced",
        formula="(mean over 50 random directions of W2^2 of the projections)^(1/2)",
        summary=(
            "How far rows would have to be moved, seen from random directions of the embedding, where a column's "
            "typical pair of rows is 1 apart."
        ),
        source="Bonneel et al. 2015, Journal of Mathematical Imaging and Vision 51, 22-45",
        tier=2,
    ),
    Entry(
        code="FID15",
        name="Fréchet distance",
        direction=Direction.LOWER,
        where=f"{HERE}.transport:frechet_distance",
        formula="|m1 - m2|^2 + Tr(C1 + C2 - 2 (C1 C2)^(1/2)) of points of the embedding",
        summary="Whether means and covariances agree; it sees nothing else. Compare only at one number of rows.",
        source="Dowson and Landau 1982; Heusel et al. 2017, arXiv 1706.08500",
        tier=2,
    ),
    Entry(
        code="FID26",
        name="two-sample AUC",
        direction=Direction.HALF,
        where=f"{HERE}.detect:two_sample",
        formula=(
            "AUC of boosted trees that tell synthetic from fresh real rows, three folds, equal numbers, DeLong "
            "interval; beside it logistic regression and k nearest neighbours"
        ),
        summary=(
            "0.5: a classifier cannot tell synthetic from real. 1: it always can. The columns listed beside it give "
            "the synthetic rows away."
        ),
        source="Lopez-Paz and Oquab 2017, arXiv 1610.06545; DeLong et al. 1988",
    ),
    Entry(
        code="FID27",
        name="propensity mean squared error ratio",
        direction=Direction.ONE,
        where=f"{HERE}.propensity:propensity_error",
        formula="mean (p_i - c)^2 / (c (1 - c) (k - 1) / (N + M)), p of a logistic regression with k parameters",
        summary=(
            "1 when a logistic regression tells synthetic from train rows no better than chance allows. It grows with "
            "the number of rows."
        ),
        source="Woo et al. 2009; Snoke et al. 2018, JRSS A 181, 663-688",
        tier=2,
    ),
    Entry(
        code="FID28",
        name="row propensity",
        direction=Direction.HALF,
        where=f"{HERE}.propensity:row_propensity",
        formula="mean over synthetic rows of P(synthetic | row), boosted trees that did not see the row",
        summary=(
            "Which rows give themselves away, and by which columns: near 0.5 where synthetic rows pass for real, near "
            "1 where they do not."
        ),
        source="Rosenbaum and Rubin 1983, Biometrika 70, 41-55; permutation importance: Breiman 2001",
        level="rows",
    ),
    Entry(
        code="FID29",
        name="nearest-neighbour adversarial accuracy",
        direction=Direction.HALF,
        where=f"{HERE}.adversarial:adversarial_accuracy",
        formula="1/2 [P(d(x, Y) > r_1(x; X)) + P(d(y, X) > r_1(y; Y))], equal numbers of rows",
        summary="0.5 for one law, 1 when the tables lie apart, below 0.5 when synthetic rows cling to train's.",
        source="Yale et al. 2020, Neurocomputing 416, 244-255",
        tier=2,
    ),
    Entry(
        code="FID30",
        name="subgroup fidelity",
        direction=Direction.HIGHER,
        where=f"{HERE}.groups:subgroups",
        formula=(
            "mean over columns of 1 - KS or 1 - TV within a group of rows, in the group furthest below its reference"
        ),
        summary=(
            "Whether a group of rows (a class, a sensitive value) is worse off than the whole. Lines give each group "
            "with its alpha-precision."
        ),
        source="Worst-group evaluation; van Breugel et al. 2023, arXiv 2305.09235",
        tier=2,
    ),
    Entry(
        code="FID32",
        name="panel alarm",
        direction=Direction.ZERO,
        where=f"{HERE}.alarm:panel_alarm",
        formula=(
            "normal score of the smallest q-value among one-sided FID16, the worst columns of FID01, FID02 and FID31, "
            "and FID26, each beside its reference in units of noise; at least 0"
        ),
        summary="0: no score of the panel is worse than fresh real rows. Above 1.645 one is, beyond chance (5 %).",
        source="Benjamini and Hochberg 1995; the panel is fidelia's",
    ),
    Entry(
        code="DIV13",
        name="Vendi score ratio",
        direction=Direction.ONE,
        where=f"{HERE}.adversarial:vendi_ratio",
        formula="exp(entropy of the kernel matrix's eigenvalues / n), synthetic over train, equal numbers of rows",
        summary="How many distinct rows there are, in effect, beside train: below 1 when variety was lost.",
        source="Friedman and Dieng 2023, arXiv 2210.02410",
        tier=2,
    ),
)
