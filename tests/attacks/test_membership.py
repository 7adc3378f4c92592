"""Attacks on membership: planted copies are caught, generators that never saw the rows are not accused."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tables import case, mixed, points

from fidelia.attacks import membership
from fidelia.attacks.closest import closest, dcr_share, distance_ratio, distance_to_closest
from fidelia.attacks.epsilon import epsilon, outliers
from fidelia.attacks.membership import candidates, classifier_attack, density_attack, distance_attack, scored
from fidelia.data.split import split
from fidelia.data.table import Table
from fidelia.errors import NotApplicable
from fidelia.measure.authenticity.copying import data_copying
from fidelia.measure.authenticity.rows import identical, near_identical, partial, rediscovery
from fidelia.measure.case import Case
from fidelia.rng import Rng

SPATIAL = {"PRV01": distance_to_closest, "PRV03": distance_ratio, "AUT09": data_copying}
JUDGED = {"PRV05": distance_attack, "PRV06": density_attack, "PRV07": classifier_attack}
ALL = {
    **SPATIAL, **JUDGED, "PRV02": dcr_share, "PRV09": epsilon, "PRV10": outliers, "AUT05": identical,
    "AUT06": near_identical, "AUT07": partial, "AUT08": rediscovery,
}  # fmt: skip


def planted(share: float, noise: float, seed: int = 0, sizes=(1000, 1000, 800)) -> Case:
    """A share of the synthetic rows are train rows with noise in units of each column's deviation."""
    train, made, fresh = (mixed(n, 10 * seed + i) for i, n in enumerate(sizes))
    k, r = int(share * len(made)), np.random.default_rng(seed)
    copies = train.iloc[:k].copy()
    for name in copies.select_dtypes("number"):
        copies[name] += noise * copies[name].std() * r.normal(size=k)
    return replace(case(train, pd.concat([copies, made.iloc[k:]]), fresh), rng=Rng(seed))


def alarms(made: Case, metrics=ALL) -> set[str]:
    return {code for code, metric in metrics.items() if metric(made).breakdown["alarm"]}


@pytest.mark.parametrize(
    ("share", "noise", "caught"),
    [
        (0.05, 0.0, {"PRV03", "AUT05", "AUT06", "AUT07"}),
        (0.10, 0.0, {"PRV01", "PRV03", "PRV06", "PRV09", "AUT05", "AUT06", "AUT07", "AUT09"}),
        (0.10, 0.01, {"PRV01", "PRV03", "AUT09"}),
        (0.30, 0.05, {"PRV01", "PRV02", "PRV03", "PRV05", "PRV06", "AUT08", "AUT09"}),
        (1.0, 0.05, {"PRV01", "PRV02", "PRV03", "PRV05", "PRV06", "PRV09", "PRV10", "AUT08", "AUT09"}),
    ],
)
def test_planted_copies_are_caught(share, noise, caught):
    assert caught <= alarms(planted(share, noise), {code: ALL[code] for code in caught})


def test_a_classifier_sees_rows_learnt_by_heart():
    train = points(np.random.default_rng(0).normal(size=(400, 2)))
    made = case(train, pd.concat([train] * 5), points(np.random.default_rng(1).normal(size=(400, 2))))
    assert classifier_attack(made).breakdown["alarm"]


def fresh_case(seed: int, law) -> Case:
    return replace(case(law(300, 3 * seed), law(300, 3 * seed + 1), law(160, 3 * seed + 2)), rng=Rng(seed))


def coarse(n: int, seed: int) -> pd.DataFrame:
    """Few levels: most rows are held by many, so that equal rows mean nothing."""
    r = np.random.default_rng(seed)
    return pd.DataFrame({f"c{i}": np.minimum(r.geometric(0.4, n), 5).astype(str) for i in range(5)})


def accused(seeds: int, law) -> dict[str, int]:
    found = dict.fromkeys(ALL, 0)
    for seed in range(seeds):
        for code in alarms(fresh_case(seed, law)):
            found[code] += 1
    return found


@pytest.mark.parametrize("law", [mixed, coarse])
def test_nobody_is_accused_who_never_saw_the_rows(law):
    """At level 0.05 (0.025 on each side) six seeds raise more than two alarms with probability below 0.003."""
    found = accused(6, law)
    assert max(found.values()) <= 2, found
    assert sum(found.values()) <= 10, found


@pytest.mark.slow
@pytest.mark.parametrize("law", [mixed, coarse])
def test_false_alarms_keep_their_level(law):
    """P(Binomial(20, 0.05) > 4) < 0.003."""
    found = accused(20, law)
    assert max(found.values()) <= 4, found
    assert sum(found.values()) <= 0.05 * 20 * len(ALL) + 12, found


def trees_on_other_rows(seed: int) -> Case:
    from fidelia.workflow.model import fit_table

    train, other, fresh = (mixed(300, 500 + 3 * seed + i) for i in range(3))
    base = case(train, other, fresh)
    made = fit_table(base.synthetic, generator="trees", seed=seed).sample_table(300)
    return replace(base, synthetic=made, rng=Rng(seed))


def test_trees_fitted_on_other_rows_are_not_accused():
    found = [alarms(trees_on_other_rows(seed)) for seed in range(3)]
    assert sum(len(codes) for codes in found) <= 5, found


@pytest.mark.slow
def test_trees_fitted_on_other_rows_keep_the_level():
    found = dict.fromkeys(ALL, 0)
    for seed in range(20):
        for code in alarms(trees_on_other_rows(seed)):
            found[code] += 1
    assert max(found.values()) <= 4, found


def test_s12_a_generator_that_ignores_train_is_no_nearer_to_it():
    r = np.random.default_rng(0)
    shape = [(800, 4), (1500, 4), (800, 4)]
    made = case(*(points(r.normal(size=size) + (i == 1)) for i, size in enumerate(shape)))
    for code in ("PRV01", "PRV02", "PRV03", "PRV05", "PRV06"):
        low, high = ALL[code](made).breakdown["excess_interval"]
        assert low <= 0.01 and high >= -0.01, (code, low, high)


def test_s6_copies_are_found_in_any_order_of_rows():
    made = planted(0.1, 0.0)
    r = np.random.default_rng(3)
    turned = replace(
        made, train=made.train.take(r.permutation(1000)), synthetic=made.synthetic.take(r.permutation(1000))
    )
    assert identical(turned).value == identical(made).value >= 0.1
    assert near_identical(turned).value == near_identical(made).value
    assert rediscovery(turned).value == rediscovery(made).value
    for code in ("PRV03", "PRV09", "AUT05"):
        assert ALL[code](turned).breakdown["alarm"], code


def test_the_attacker_holds_none_of_the_rows_that_are_judged():
    chosen = candidates(planted(0.1, 0.0))
    assert not set(chosen.others) & set(chosen.reference)
    assert len(chosen.others) == 400 and len(chosen.reference) == 400 and len(chosen.members) == 1000


def test_distance_scores_are_the_formula():
    made = planted(0.2, 0.01, sizes=(60, 50, 40))
    chosen, points_ = candidates(made), made.embedded
    judged = np.concatenate([points_.train[chosen.members], points_.holdout[chosen.others]])

    def nearest(among):
        return np.linalg.norm(judged[:, None] - among[None], axis=2).min(axis=1)

    expected = nearest(points_.holdout[chosen.reference]) - nearest(points_.synthetic)
    attack = scored(made, "distance")
    assert np.allclose(np.concatenate([attack.members, attack.others]), expected, atol=1e-9)


def test_density_scores_rank_as_the_ratio_of_nearest_distances():
    """In at most eight dimensions the principal components are a rotation, so that the distances stay."""
    r = np.random.default_rng(0)
    made = case(*(points(r.normal(size=(n, 3))) for n in (80, 90, 60)))
    ratio, density = scored(made, "ratio"), scored(made, "density")
    assert np.allclose(density.members, 3 * ratio.members, atol=1e-5)


def test_scores_of_real_rows_stand_in_rows_only():
    made = planted(0.3, 0.0)
    made = replace(made, train=made.train.take(np.arange(900)))
    for code, name in (("PRV05", "distance"), ("PRV06", "density"), ("PRV07", "classifier")):
        result = JUDGED[code](made)
        found = result.rows[f"train.mia_{name}"]
        assert len(found) == 900 and np.nanmin(found) >= 0 and np.nanmax(found) <= 1
        fresh = result.rows[f"holdout.mia_{name}"]
        assert np.isnan(fresh).sum() == 400, "the attacker's own rows are not judged"
        assert "mia" not in json.dumps(result.to_dict())
    result = distance_attack(made)
    assert np.nanmean(result.rows["train.mia_distance"][:300]) > np.nanmean(result.rows["train.mia_distance"][300:])


def test_a_shift_between_train_and_holdout_is_said():
    r = np.random.default_rng(0)
    train, made, fresh = (points(r.normal(size=(600, 3)) * scale) for scale in (1.0, 1.0, 2.0))
    said = [caveat.code for caveat in distance_attack(case(train, made, fresh)).caveats]
    assert "SHIFT" in said and "ONE_LAW" in said
    said = [caveat.code for caveat in distance_attack(planted(0.0, 0.0)).caveats]
    assert "SHIFT" not in said and "ONE_LAW" in said


def test_few_non_members_are_said():
    result = epsilon(planted(0.1, 0.0))
    assert "FEW_NON_MEMBERS" in [caveat.code for caveat in result.caveats]
    line = result.breakdown["lines"][0]
    assert line["tpr_at_0.001"] is None and line["tpr_at_0.01"] is not None


def test_large_tables_are_sampled_and_say_so(monkeypatch):
    monkeypatch.setattr(membership, "MOST", 100)
    result = distance_attack(planted(0.3, 0.0))
    assert result.n["train"] == 100
    assert np.isfinite(result.rows["train.mia_distance"]).sum() == 100
    assert "ATTACK_SAMPLE" in [caveat.code for caveat in result.caveats]


def test_swapping_train_and_holdout_turns_the_share_around():
    made = planted(0.3, 0.0, sizes=(500, 500, 500))
    turned = replace(made, train=made.holdout, holdout=made.train, embedding=made.embedded.embedding)
    assert dcr_share(made).value == pytest.approx(1 - dcr_share(turned).value)


def test_every_part_of_train_is_searched():
    made = planted(0.1, 0.0, sizes=(1000, 700, 300))
    found = closest(made)
    assert len(found.train) == 3 and found.equal == 300
    assert len(np.unique(np.concatenate([near.index[:, 0] for near in found.train]))) > 300


def test_outliers_are_the_rows_far_from_the_attackers_own():
    """Copies of far rows alone: invisible in the whole, plain among the outliers."""
    r = np.random.default_rng(1)
    x, y, h = (r.standard_t(2, size=(n, 3)) for n in (2000, 2000, 1600))
    far = np.argsort(-np.linalg.norm(x, axis=1))[:150]
    y[:150] = x[far]
    result = outliers(case(*map(points, (x, y, h))))
    assert result.breakdown["alarm"]
    assert result.value > distance_attack(case(*map(points, (x, y, h)))).value + 0.1


@pytest.mark.parametrize("metric", ALL.values(), ids=list(ALL))
def test_without_a_holdout_attacks_decline_or_say_so(metric):
    made = replace(planted(0.1, 0.0), holdout=None)
    try:
        said = [caveat.code for caveat in metric(made).caveats]
    except NotApplicable as reason:
        said = [reason.code]
    assert "NEEDS_HOLDOUT" in said


def test_noisy_copies_of_adult_are_caught(shared_data):
    from fidelia.workflow import pipeline

    table = pipeline.as_table(shared_data("adult"), target="income")
    part: Table = table.take(np.random.default_rng(0).permutation(len(table))[:5000])
    parts = split(part, holdout=0.4, rng=Rng(0).child("split"))
    made = pipeline.fit(parts.train, generator="noisy-copy").sample_table(3000)
    found = alarms(Case(parts.train, made, parts.holdout, Rng(0)))
    assert {"PRV01", "PRV02", "PRV03", "PRV05", "PRV06", "PRV09", "PRV10", "AUT07", "AUT08", "AUT09"} <= found
    marginals = pipeline.fit(parts.train, generator="marginals").sample_table(3000)
    assert len(alarms(Case(parts.train, marginals, parts.holdout, Rng(0)))) <= 2
