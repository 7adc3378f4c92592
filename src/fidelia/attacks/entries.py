"""The catalog's lines for attacks on privacy, each beside the same attack on rows that nobody has seen."""

from __future__ import annotations

from fidelia.measure.entry import Entry
from fidelia.measure.result import Direction

ENTRIES: tuple[Entry, ...] = (
    Entry(
        code="PRV01",
        name="distance to closest record",
        direction=Direction.REFERENCE,
        where="fidelia.attacks.closest:distance_to_closest",
        formula="5 % quantile over synthetic rows of min_i d(y, x_i), x_i in train beside x_i in as many unseen rows",
        summary=(
            "Equal when synthetic rows are no nearer to train than to rows nobody has seen. Below the reference: the "
            "nearest rows are too near. Equal distances are no evidence of privacy."
        ),
        source="Distance to the closest record against a holdout; intervals clustered by nearest row",
        level="rows",
        needs=("holdout",),
    ),
    Entry(
        code="PRV02",
        name="DCR share",
        direction=Direction.HALF,
        where="fidelia.attacks.closest:dcr_share",
        formula=(
            "P(d_train < d_holdout) + P(d_train = d_holdout) / 2 over synthetic rows, equal numbers of train and "
            "holdout rows"
        ),
        summary=(
            "0.5: synthetic rows are no nearer to the rows they were learnt from than to rows nobody has seen. Above "
            "0.5 speaks of copying; 0.5 is no evidence of privacy."
        ),
        source="Distance to the closest record against a holdout; interval clustered by nearest row",
    ),
    Entry(
        code="PRV03",
        name="nearest-neighbour distance ratio",
        direction=Direction.REFERENCE,
        where="fidelia.attacks.closest:distance_ratio",
        formula="5 % quantile over synthetic rows of r_1(y) / r_2(y), in train beside as many unseen rows",
        summary=(
            "Near 0 where a synthetic row points at one real row and no other. Below the reference, rows of train are "
            "pointed at more than unseen rows."
        ),
        source="Nearest over second nearest distance (Lowe 2004, IJCV 60) against a holdout",
        level="rows",
        needs=("holdout",),
    ),
    Entry(
        code="PRV05",
        name="membership by distance",
        direction=Direction.HALF,
        where="fidelia.attacks.membership:distance_attack",
        formula="AUC of d(x, reference) - d(x, synthetic) over members x of train and unseen rows x",
        summary=(
            "0.5: the attacker guesses blindly who was in train. Above 0.5: rows of train are betrayed by synthetic "
            "rows near them."
        ),
        source="Hilprecht et al. 2019, PoPETs; Chen et al. 2020, GAN-Leaks; DeLong interval",
        level="rows",
        needs=("holdout",),
    ),
    Entry(
        code="PRV06",
        name="membership by density",
        direction=Direction.HALF,
        where="fidelia.attacks.membership:density_attack",
        formula=(
            "AUC of log p_synthetic(x) - log p_reference(x), nearest-neighbour densities on <= 8 principal components"
        ),
        summary="0.5: blind guess. Above 0.5: synthetic rows crowd around rows of train more than real rows would.",
        source="Van Breugel et al. 2023 (DOMIAS), arXiv 2302.12580; DeLong interval",
        level="rows",
        needs=("holdout",),
    ),
    Entry(
        code="PRV07",
        name="membership by classifier",
        direction=Direction.HALF,
        where="fidelia.attacks.membership:classifier_attack",
        formula="AUC of P(synthetic | x) of boosted trees on synthetic against reference rows, members against unseen",
        summary="0.5: blind guess. Above 0.5: rows of train look more synthetic than unseen rows do.",
        source="Houssiau et al. 2022 (TAPAS), arXiv 2211.06550; DeLong interval",
        level="rows",
        needs=("holdout",),
    ),
    Entry(
        code="PRV09",
        name="lower bound on epsilon",
        direction=Direction.LOWER,
        where="fidelia.attacks.epsilon:epsilon",
        formula="ln max((TPR_low - delta) / FPR_high, (TNR_low - delta) / FNR_high), exact 95 % intervals",
        summary=(
            "The privacy loss that the attacks prove at 95 % confidence: 0 proves nothing, in either direction. With "
            "it, how many members are found at 0.1 % and 1 % false accusations."
        ),
        source="Jagielski et al. 2020; Carlini et al. 2022, arXiv 2112.03570; Steinke et al. 2023, arXiv 2305.08846",
        needs=("holdout",),
    ),
    Entry(
        code="PRV10",
        name="membership of outliers",
        direction=Direction.HALF,
        where="fidelia.attacks.epsilon:outliers",
        formula="PRV05 to PRV09 on the tenth of members and of unseen rows farthest from the attacker's rows",
        summary="0.5: blind guess. People who stand out are found first: above 0.5 here while PRV05 is 0.5, they are.",
        source="As PRV05; outliers by the distance to the fifth nearest reference row",
        level="rows",
        needs=("holdout",),
        tier=2,
    ),
    Entry(
        code="PRV11",
        name="shadow-model audit",
        direction=Direction.HALF,
        where="fidelia.attacks.shadow:shadow_audit",
        formula=(
            "AUC of log N(s; in) - log N(s; out) for s = log d(x, reference) - log d(x, synthetic), Gaussians from "
            "refits with and without x"
        ),
        summary=(
            "The strongest attack here: it refits the generator to learn what each row looks like when it was in "
            "train and when it was not. 0.5: blind guess."
        ),
        source="Carlini et al. 2022 (LiRA), arXiv 2112.03570",
        needs=("holdout", "generator"),
        tier=2,
    ),
    Entry(
        code="PRV19",
        name="excess over the claimed epsilon",
        direction=Direction.ZERO,
        where="fidelia.attacks.shadow:consistency",
        formula="max(0, audited lower bound on epsilon - claimed epsilon)",
        summary=(
            "0 when no attack contradicts the claimed privacy loss. Above 0, the claim is refuted at 95 % confidence."
        ),
        source="Jagielski et al. 2020, Auditing Differentially Private Machine Learning",
        needs=("holdout", "epsilon"),
        tier=2,
    ),
    Entry(
        code="PRV12",
        name="singling-out risk",
        direction=Direction.ZERO,
        where="fidelia.attacks.singling:singling_out",
        formula=(
            "(r - c) / (1 - c); r, c = shares of conditions that hold for one synthetic row and then for exactly one "
            "of n train, and of n holdout, rows"
        ),
        summary=(
            "0 when conditions read off synthetic rows single out train rows no more often than strangers. Narrow "
            "conditions always single out somebody: only the excess is a leak."
        ),
        source="Giomi et al. 2023, arXiv 2211.10459; attack chosen on one half of the rows, judged on the other",
        needs=("holdout",),
    ),
    Entry(
        code="PRV13",
        name="linkability risk",
        direction=Direction.ZERO,
        where="fidelia.attacks.linkage:linkability",
        formula=(
            "(r - c) / (1 - c); r, c = shares of train, and of holdout, rows whose two halves of columns share one of "
            "their 10 nearest synthetic rows"
        ),
        summary=(
            "0 when the synthetic rows link two records of a person in train no more often than those of a stranger."
        ),
        source="Giomi et al. 2023, arXiv 2211.10459",
        needs=("holdout",),
    ),
    Entry(
        code="PRV14",
        name="attribute inference risk",
        direction=Direction.ZERO,
        where="fidelia.attacks.inference:inference",
        formula=(
            "(r - c) / (1 - c); r, c = shares of train, and of holdout, rows whose secret is guessed from the known "
            "columns by the strongest of nearest row, linear model and boosted trees learnt from the synthetic rows"
        ),
        summary=(
            "0 when a secret of a person in train is guessed no better than a stranger's. What holds for strangers too "
            "is knowledge of the population, which useful data must give."
        ),
        source="Giomi et al. 2023, arXiv 2211.10459; attacker chosen on one half of the rows, judged on the other",
        needs=("holdout",),
    ),
    Entry(
        code="PRV15",
        name="correct attribution (CAP)",
        direction=Direction.REFERENCE,
        where="fidelia.attacks.disclosure:attribution",
        formula=(
            "mean over train rows of the share of the synthetic rows nearest in the key fields (fewest differences) "
            "that have their secret value"
        ),
        summary=(
            "How often synthetic rows with the same key fields tell the secret. Above the holdout's value it is a "
            "leak; the same as the holdout's it is what the population tells."
        ),
        source="Elliot 2014; Taub et al. 2018; generalised to the nearest keys",
        needs=("holdout",),
    ),
    Entry(
        code="PRV16",
        name="disclosure protection",
        direction=Direction.HIGHER,
        where="fidelia.attacks.disclosure:protection",
        formula="min(1, (1 - CAP) / (1 - blind)), blind = chance of a guess drawn from the synthetic rows",
        summary="1 when the synthetic rows tell no more than a blind guess. Useful data has less: see the holdout's.",
        source="Generalised CAP beside a random baseline",
        needs=("holdout",),
        tier=2,
    ),
)
