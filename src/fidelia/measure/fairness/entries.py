"""The catalog's lines for metrics of fairness."""

from __future__ import annotations

from fidelia.measure.entry import Entry
from fidelia.measure.result import Direction

ENTRIES: tuple[Entry, ...] = (
    Entry(
        code="FAI01",
        name="statistical parity",
        direction=Direction.ZERO,
        where="fidelia.measure.fairness.parity:statistical_parity",
        formula="[P(outcome | a) - P(outcome | b)] of the synthetic rows minus that of train",
        summary=(
            "By how much the synthetic rows widen (+) or narrow (-) the difference between two groups in the target; "
            "a model's decisions beside it. 0 keeps the real difference, fair or not."
        ),
        source="Dwork et al. 2012, ITCS; interval: Zou and Donner 2008, Statistics in Medicine 27",
        needs=("target", "sensitive"),
        tier=2,
    ),
    Entry(
        code="FAI02",
        name="equalised odds",
        direction=Direction.ZERO,
        where="fidelia.measure.fairness.odds:equalised_odds",
        formula="max over TPR and FPR of the gap between groups: learnt from synthetic rows minus learnt from train",
        summary=(
            "Whether a model learnt from synthetic rows errs more unequally between groups of real people than one "
            "learnt from real rows; + is more unequal."
        ),
        source="Hardt, Price and Srebro 2016, NeurIPS, arXiv 1610.02413",
        needs=("target", "sensitive", "holdout"),
        tier=2,
    ),
    Entry(
        code="FAI03",
        name="fidelity of the worst group",
        direction=Direction.ZERO,
        where="fidelia.measure.fairness.within:group_fidelity",
        formula="min over groups of the mean gap of alpha-precision and beta-recall to fresh real rows of the group",
        summary=(
            "Whether each group's synthetic rows are as good as fresh real rows of that group; the value is the "
            "worst group's gap, and 0 is no gap."
        ),
        source="Alaa et al. 2022, ICML, arXiv 2102.08921, within groups",
        needs=("sensitive",),
    ),
    Entry(
        code="FAI04",
        name="utility of the worst group",
        direction=Direction.HIGHER,
        where="fidelia.measure.fairness.within:group_utility",
        formula="min over groups of the score on the group's holdout rows of a model learnt from synthetic rows",
        summary=(
            "How well a model learnt from synthetic rows works for the group that it serves worst, beside one learnt "
            "from real rows."
        ),
        source="Esteban, Hyland and Raetsch 2017, arXiv 1706.02633, within groups",
        needs=("target", "sensitive", "holdout"),
        tier=2,
    ),
)
