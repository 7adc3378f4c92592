"""The catalog's lines for scores that only pictures have; those of rows work on their features unchanged."""

from __future__ import annotations

from fidelia.measure.entry import Entry
from fidelia.measure.result import Direction

HERE = "fidelia.measure.images"
PICTURES = ("pictures",)

ENTRIES: tuple[Entry, ...] = (
    Entry(
        code="IMG01",
        name="Fréchet distance of features",
        direction=Direction.LOWER,
        where=f"{HERE}.scores:frechet_distance",
        formula="|m1 - m2|^2 + Tr(C1 + C2 - 2 (C1 C2)^(1/2)) of the features of train and synthetic pictures",
        summary=(
            "Whether means and covariances of features agree. With the Inception-v3 weights it is the Fréchet "
            "inception distance. Biased by about 1/n: it compares only at one number of pictures."
        ),
        source="Dowson and Landau 1982; Heusel et al. 2017, arXiv 1706.08500",
        needs=PICTURES,
    ),
    Entry(
        code="IMG02",
        name="Fréchet distance at infinity",
        direction=Direction.LOWER,
        where=f"{HERE}.scores:frechet_at_infinity",
        formula="intercept of the Fréchet distance over 1/n, by least squares at 15 numbers n of pictures",
        summary=(
            "The Fréchet distance without its bias, near 0 for one law; it compares between numbers of pictures, at "
            "more noise."
        ),
        source="Chong and Forsyth 2020, CVPR, arXiv 1911.07023",
        needs=PICTURES,
        tier=2,
    ),
    Entry(
        code="IMG03",
        name="kernel distance of features",
        direction=Direction.LOWER,
        where=f"{HERE}.scores:kernel_distance",
        formula="E k(x, x') + E k(y, y') - 2 E k(x, y), without a row's pair with itself; k = (x.y / d + 1)^3",
        summary="0 on average for one law, whatever the number of pictures. The p-value deals them out at random.",
        source="Binkowski et al. 2018, ICLR, arXiv 1801.01401",
        needs=PICTURES,
    ),
    Entry(
        code="IMG04",
        name="inception score of the data's classes",
        direction=Direction.HIGHER,
        where=f"{HERE}.scores:inception_score",
        formula="exp E KL(p(class | picture) || p(class)), mean over 10 parts; p of a classifier of the data's labels",
        summary=(
            "High when pictures are clearly of one class and all classes occur. Blind to what happens within a class; "
            "fresh real pictures say how high is high."
        ),
        source="Salimans et al. 2016, arXiv 1606.03498",
        needs=("pictures", "target"),
    ),
    Entry(
        code="IMG06",
        name="sliced Wasserstein distance of patches",
        direction=Direction.LOWER,
        where=f"{HERE}.patches:patch_distance",
        formula="mean over Laplacian levels of the mean over random directions of W1 of patches, in train's deviations",
        summary="Whether strokes and textures look alike at every resolution; needs no features, sees blur and noise.",
        source="Karras et al. 2018, arXiv 1710.10196, section 5",
        needs=PICTURES,
    ),
    Entry(
        code="IMG09",
        name="fidelity of the worst class",
        direction=Direction.ZERO,
        where=f"{HERE}.scores:class_fidelity",
        formula="min over classes of the mean gap of alpha-precision and beta-recall to fresh pictures of the class",
        summary=(
            "Whether each class is drawn as well as fresh real pictures of it; lines give alpha-precision, "
            "beta-recall and authenticity of each class. 0 is no gap."
        ),
        source="Alaa et al. 2022, ICML, arXiv 2102.08921, within classes",
        needs=("pictures", "target"),
    ),
    Entry(
        code="IMG10",
        name="memorised pictures",
        direction=Direction.LOWER,
        where=f"{HERE}.scores:memorised",
        formula="share of synthetic pictures with an authenticity ratio as small as only 1 % of fresh real ones have",
        summary=(
            "About 0.01 when nothing is copied. Each synthetic picture comes with its nearest train picture and how "
            "far it is."
        ),
        source="Ratio of Alaa et al. 2022, arXiv 2102.08921; calibrated on fresh pictures",
        level="rows",
        needs=PICTURES,
    ),
)

DEFAULT: tuple[str, ...] = (
    *("FID02", "FID16", "FID20", "FID21", "FID22", "DIV01", "DIV05", "DIV06", "DIV07"),
    *("AUT01", "AUT02", "AUT03", "AUT05", *(entry.code for entry in ENTRIES if entry.tier == 1)),
)
"""What is measured of pictures where nothing is said: scores of rows that rest on distances or labels, and IMG."""
