"""The catalog's lines for generations: how stable a generator is over several synthetic tables."""

from __future__ import annotations

from fidelia.measure.entry import Entry
from fidelia.measure.result import Direction

HERE = "fidelia.measure.generations"

ENTRIES: tuple[Entry, ...] = (
    Entry(
        code="STB01",
        name="population stability index",
        direction=Direction.LOWER,
        where=f"{HERE}.drift:stability_index",
        formula="sum (p - q) ln(p / q) over train's bins, mean over pairs of synthetic tables and over columns",
        summary=(
            "How much each column moves from one synthetic table to the next. Fresh real samples of the same size move "
            "too: compare with the reference."
        ),
        source="Kullback and Leibler 1951; Siddiqi 2006, Credit Risk Scorecards",
        level="columns",
        needs=("generations",),
    ),
    Entry(
        code="STB02",
        name="field distribution stability",
        direction=Direction.LOWER,
        where=f"{HERE}.drift:field_stability",
        formula=(
            "Kolmogorov-Smirnov (numbers) or total variation (categories) distance, mean over pairs of synthetic "
            "tables and over columns"
        ),
        summary="0 when every synthetic table has the same columns' distributions, up to chance.",
        source="Kolmogorov-Smirnov, total variation and Wasserstein-1 distances",
        level="columns",
        needs=("generations",),
    ),
    Entry(
        code="STB03",
        name="variance components",
        direction=Direction.LOWER,
        where=f"{HERE}.spread:variance_components",
        formula="root of the variance of FID16 between synthetic tables and within them (one-way analysis of variance)",
        summary=(
            "How much a score depends on the seed, and how much on which rows were evaluated. Fresh real samples vary "
            "as much as the reference says."
        ),
        source="Searle, Casella and McCulloch 1992, Variance Components",
        needs=("generations",),
        tier=2,
    ),
    Entry(
        code="GMU01",
        name="mean over synthetic tables",
        direction=Direction.HIGHER,
        where=f"{HERE}.spread:mean_over_sets",
        formula=(
            "mean of FID16 over K tables; half-widths t sqrt(B / K) for the mean, t sqrt((1 + 1/K) B) for one further "
            "table"
        ),
        summary=(
            "What to expect of the generator rather than of one table of it: the score's mean over seeds, and the "
            "range in which one further table falls."
        ),
        source="Rubin 1987; Raghunathan, Reiter and Rubin 2003",
        needs=("generations",),
    ),
    Entry(
        code="GMU02",
        name="ranking of generators",
        direction=Direction.INFO,
        where=f"{HERE}.compare:needs_generators",
        formula=(
            "generators by mean loss over qualities; probability of being best, and mean Kendall tau-b of the order "
            "when gaps are drawn anew from their errors"
        ),
        summary="Which generator is best, and how sure that is. `fidelia compare` measures it.",
        source="Spread between tables of one generator, or a single table's error where that is larger",
        needs=("generators",),
        tier=2,
    ),
    Entry(
        code="GMU03",
        name="Pareto front of generators",
        direction=Direction.INFO,
        where=f"{HERE}.compare:needs_generators",
        formula="generators that no other one equals or beats on every quality and every cost",
        summary="Which generators are nobody's second choice. `fidelia compare` measures it.",
        source="Pareto dominance over losses and costs",
        needs=("generators",),
        tier=2,
    ),
    Entry(
        code="GMU04",
        name="agreement with usefulness",
        direction=Direction.INFO,
        where=f"{HERE}.compare:needs_generators",
        formula="Kendall tau-b of each score's order of generators with the order by UTL01",
        summary="Which scores put generators in the order of their use. `fidelia compare` measures it.",
        source="Alaa et al. 2022, arXiv 2102.08921, experiment 1",
        needs=("generators",),
        tier=2,
    ),
    Entry(
        code="GMU05",
        name="cost of generators",
        direction=Direction.INFO,
        where=f"{HERE}.compare:needs_generators",
        formula="wall time, memory and size, as given",
        summary="What a generator costs, beside what it is worth. `fd.compare(costs=...)` takes it.",
        source="Measured by whoever ran the generators",
        needs=("generators",),
        tier=2,
    ),
)
