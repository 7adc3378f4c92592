"""Several synthetic tables: stability, means over sets, and the comparison of generators."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp
from tables import case, mixed, raw_case, table

from fidelia.data.split import split
from fidelia.errors import EmbeddingMismatch, NotApplicable, UsageError
from fidelia.measure.catalog import entries
from fidelia.measure.generations.compare import compare
from fidelia.measure.generations.drift import field_stability, psi, stability_index
from fidelia.measure.generations.ranking import agreement, pareto, rank
from fidelia.measure.generations.sets import sets
from fidelia.measure.generations.spread import mean_over_sets, variance_components
from fidelia.rng import Rng
from fidelia.workflow import pipeline

CHEAP = ("FID16", "FID01", "FID10", "AUT02")


def several(*made, train=None, holdout=None):
    """A case with one synthetic table and further ones."""
    first = case(mixed(600, 1) if train is None else train, made[0], mixed(400, 2) if holdout is None else holdout)
    return replace(first, generations=tuple(table(frame) for frame in made[1:]))


def alike(k=3, n=300):
    return [mixed(n, 10 + i) for i in range(k)]


def noisy(seed, n=300):
    frame = mixed(n, seed)
    frame[["x", "y"]] += np.random.default_rng(seed).normal(size=(n, 2)) * 2
    return frame


# Sets of one generator


@pytest.mark.parametrize("code", ["STB01", "STB02", "STB03", "GMU01"])
def test_one_set_is_declined(code):
    with pytest.raises(NotApplicable, match="NEEDS_MANY_SETS"):
        entries()[code](case(mixed(50, 1), mixed(50, 2), mixed(50, 3)))


def test_sets_share_real_rows_and_their_searches(monkeypatch):
    found = several(*alike())
    cases = sets(found)
    assert [len(each.synthetic) for each in cases] == [300] * 3
    assert len({each.embedded.hash for each in cases}) == 1
    near = cases[0].neighbors.near("train", "train")
    assert all(each.neighbors.near("train", "train") is near for each in cases)
    assert cases[1].neighbors.near("synthetic", "train") is not cases[2].neighbors.near("synthetic", "train")
    other = replace(cases[1], train=cases[1].train.take(np.arange(100)), embedding=None)
    assert len(other.neighbors.near("train", "train").index) == 100


# PSI and distances between sets


def test_psi_of_known_shares():
    assert psi(np.array([50.0, 50.0]), np.array([40.0, 60.0])) == pytest.approx(
        0.1 * np.log(0.5 / 0.4) - 0.1 * np.log(0.5 / 0.6)
    )
    assert psi(np.array([10.0, 0.0, 30.0]), np.array([1.0, 0.0, 3.0])) == 0


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=8))
def test_psi_is_symmetric_finite_and_not_negative(counts):
    p, q = (np.array(x, dtype=float) for x in zip(*counts, strict=True))
    assert np.isfinite(psi(p, q)) and psi(p, q) >= 0
    assert psi(p, q) == pytest.approx(psi(q, p))


def test_psi_of_two_samples_of_one_law_is_what_theory_says():
    """(bins - 1) (1 / n + 1 / m) on average: nine degrees of freedom, two samples of 300 rows."""
    frames = [
        pd.DataFrame({"x": np.random.default_rng(seed).normal(size=n)}) for seed, n in enumerate((2000, 300, 300))
    ]
    reference = stability_index(several(*frames[1:], train=frames[0], holdout=frames[0][:500])).reference
    assert reference.value == pytest.approx(9 * 2 / 300, rel=0.35)


def test_equal_sets_do_not_move_and_a_shifted_one_does():
    made = alike()
    same = several(made[0], made[0], made[0])
    assert stability_index(same).value == field_stability(same).value == 0
    moved = made[2].copy()
    moved["y"] += 1
    for metric in (stability_index, field_stability):
        steady, shifted = metric(several(*made)), metric(several(*made[:2], moved))
        assert abs(steady.value - steady.reference.value) < 4 * steady.reference.sd
        assert shifted.value > shifted.reference.value + 4 * shifted.reference.sd
        assert shifted.breakdown["columns"][0]["column"] == "y"


def test_distance_between_two_sets_is_that_of_scipy():
    a, b = alike(2)
    result = field_stability(several(a, b))
    lines = {line["column"]: line for line in result.breakdown["columns"]}
    assert lines["x"]["value"] == pytest.approx(ks_2samp(a["x"], b["x"]).statistic)
    shares = [frame["label"].value_counts(normalize=True) for frame in (a, b)]
    assert lines["label"]["value"] == pytest.approx(shares[0].sub(shares[1]).abs().sum() / 2)


def test_levels_that_only_one_set_has_are_told_apart():
    a, b = alike(2)
    a["group"], b["group"] = "east", "middle"  # neither is in train
    lines = {line["column"]: line for line in field_stability(several(a, b)).breakdown["columns"]}
    assert lines["group"]["value"] == 1


# Spread of a score over sets


def test_mean_over_sets_is_the_mean_with_t_intervals():
    found = several(*alike(4))
    result = mean_over_sets(found)
    values = [entries()["FID16"](each).value for each in sets(found)]
    assert result.value == pytest.approx(np.mean(values))
    assert result.breakdown["between_sd"] == pytest.approx(np.std(values, ddof=1))
    half = 3.182446 * np.std(values, ddof=1)
    assert result.interval[1] - result.value == pytest.approx(half / 2, rel=1e-5)
    high = result.breakdown["further"][1]
    assert min(high, 1) - result.value == pytest.approx(min(half * 1.25**0.5, 1 - result.value), rel=1e-5)
    assert {line["name"].split()[0] for line in result.breakdown["lines"]} >= {"FID16", "DIV01", "FID10", "AUT02"}


def test_one_bad_seed_shows_as_variance_between_sets():
    even = variance_components(several(*alike(4)))
    odd = variance_components(several(*alike(3), noisy(20)))
    assert odd.value > 3 * even.value
    assert odd.value > odd.reference.value + 3 * odd.reference.sd
    parts = {line["name"]: line["variance"] for line in odd.breakdown["lines"]}
    assert parts["generation"] > 5 * parts["evaluation"]
    assert odd.value**2 == pytest.approx(parts["generation"] + parts["evaluation"])


# Ranking


def ordered(gaps, sds, quality=None):
    gaps = {code: np.array(gap) for code, gap in gaps.items()}
    sds = {code: np.broadcast_to(sds, len(gap)).astype(float) for code, gap in gaps.items()}
    return rank(gaps, sds, dict.fromkeys(gaps, 1.0), quality or dict.fromkeys(gaps, "one"), Rng(0))


def test_ranking_of_clear_gaps():
    gaps = {"a": [0.0, 0.5, 1.0], "b": [0.1, 0.6, 0.9], "c": [-0.3, 0.4, 0.9]}
    found = ordered(gaps, 1e-3, {"a": "one", "b": "one", "c": "two"})
    assert found.overall == pytest.approx([0.025, 0.475, 0.925])
    assert found.ranks["c"].tolist() == [1, 2, 3]
    assert found.best.tolist() == [1, 0, 0]
    assert found.stability == pytest.approx(1)
    assert np.array_equal(found.places, np.eye(3))


def test_ranking_within_noise_is_not_sure():
    found = ordered({"a": [0.3, 0.3001, 0.3]}, 0.05)
    assert found.best == pytest.approx(np.full(3, 1 / 3), abs=0.05)
    assert abs(found.stability) < 0.2
    assert found.places.sum(axis=0) == pytest.approx(np.ones(3))
    assert found.places.sum(axis=1) == pytest.approx(np.ones(3))


def test_better_than_fresh_real_rows_or_within_noise_is_as_good_as_them():
    found = ordered({"a": [-1.0, -0.01, 0.2]}, 0.0)
    assert (found.overall.tolist(), found.ranks["a"].tolist()) == ([0, 0, 0.2], [1.5, 1.5, 3])
    found = ordered({"a": [0.0, 0.1, 0.2]}, [0.01, 0.06, 0.06])
    assert (found.overall.tolist(), found.ranks["a"].tolist()) == ([0, 0, 0.2], [1.5, 1.5, 3])


def test_each_quality_weighs_the_same_and_no_loss_exceeds_1():
    gaps = {"a": [0.0, 5.0], "b": [0.0, 1.0], "c": [1.0, 0.0]}
    assert ordered(gaps, 0.0, {"a": "one", "b": "one", "c": "two"}).overall.tolist() == [0.5, 0.5]


def test_a_small_loss_everywhere_beats_a_large_one_somewhere():
    """Mean ranks would say the opposite: 2, 2, 2 against 1, 1, 3."""
    gaps = {"a": [0.01, 0.0, 0.9], "b": [0.01, 0.0, 0.9], "c": [0.01, 0.9, 0.0]}
    found = ordered(gaps, 1e-3, {"a": "one", "b": "two", "c": "three"})
    assert np.argmin(found.overall) == 0
    assert sum(found.ranks.values())[0] > sum(found.ranks.values())[1]


@given(st.integers(1, 6), st.integers(1, 4), st.integers(0, 99))
def test_pareto_front_is_that_of_the_definition(count, axes, seed):
    table_ = np.random.default_rng(seed).integers(0, 3, (axes, count))
    expected = [
        not any((table_[:, j] <= table_[:, i]).all() and (table_[:, j] < table_[:, i]).any() for j in range(count))
        for i in range(count)
    ]
    assert pareto(list(table_)).tolist() == expected
    assert any(expected)


def test_agreement_with_usefulness():
    gaps = {"UTL01": np.array([0.1, 0.2, 0.3]), "up": np.array([1.0, 2.0, 3.0]), "down": np.array([3.0, 2.0, 1.0])}
    found = agreement(gaps | {"flat": np.zeros(3)}, "UTL01")
    assert found == {"up": pytest.approx(1), "down": pytest.approx(-1), "flat": None}
    assert agreement({"up": gaps["up"]}, "UTL01") == {}


# Comparison


def test_comparison_of_two_generators():
    train, holdout = mixed(600, 1), mixed(400, 2)
    base = case(train, mixed(300, 3), holdout)
    good = [replace(base, synthetic=table(frame)) for frame in alike()]
    bad = [replace(base, synthetic=table(noisy(30)), generations=(table(noisy(31)), table(noisy(32))))]
    costs = {"good": {"seconds": 9.0}, "bad": {"seconds": 1.0}}
    found = compare({"bad": bad, "good": good}, CHEAP, costs)
    assert found.generators == ("good", "bad")
    assert found.best["good"] > 0.9
    assert found.scores["bad"]["FID16"].sets == 3
    fid16 = found.scores["good"]["FID16"]
    assert fid16.value == pytest.approx(np.mean([entries()["FID16"](each).value for each in good]), abs=0.02)
    assert fid16.gap < 0.03 < found.scores["bad"]["FID16"].gap
    assert found.front == ("good", "bad")  # worse, but cheaper
    assert compare({"bad": bad, "good": good}, ["FID16", "FID01"]).front == ("good",)
    assert found.agreement == {} and found.embedding == base.embedded.hash
    said = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert said["scores"]["good"]["FID16"]["rank"] == 1
    assert said["scores"]["bad"]["FID16"]["loss"] > fid16.loss
    again = compare({"bad": bad, "good": good}, CHEAP, costs)
    assert json.dumps(again.to_dict()) == json.dumps(found.to_dict())


def test_the_order_in_which_generators_are_given_changes_no_score():
    base = case(mixed(300, 1), mixed(200, 3), mixed(200, 2))
    groups = {
        "a": [replace(base, synthetic=table(mixed(200, 4)))],
        "b": [replace(base, synthetic=table(noisy(5, 200)))],
    }
    one, two = compare(groups, CHEAP), compare(dict(reversed(groups.items())), CHEAP)
    assert one.scores == two.scores and one.overall == two.overall


def test_a_score_that_cannot_be_computed_is_said_and_left_out():
    base = case(mixed(300, 1), mixed(200, 3), mixed(200, 2))
    found = compare({"a": [base], "b": [base]}, ["FID01", "UTL01"])
    assert set(found.scores["a"]) == {"FID01"}
    assert "NEEDS_TARGET" in found.declined["UTL01"]["a"]
    assert found.overall["a"] == found.overall["b"]
    assert found.scores["a"]["FID01"].further is None
    with pytest.raises(NotApplicable, match="NEEDS_TARGET"):
        compare({"a": [base], "b": [base]}, ["UTL01"])


def test_what_does_not_compare_is_refused():
    base = case(mixed(300, 1), mixed(200, 3), mixed(200, 2))
    other = case(mixed(300, 9), mixed(200, 3), mixed(200, 2))
    with pytest.raises(UsageError, match="another train table"):
        compare({"a": [base], "b": [other]}, CHEAP)
    with pytest.raises(UsageError, match="another holdout table"):
        compare({"a": [base], "b": [replace(base, holdout=None)]}, CHEAP)
    with pytest.raises(UsageError, match="two generators"):
        compare({"a": [base]}, CHEAP)
    with pytest.raises(UsageError, match="costs of"):
        compare({"a": [base], "b": [base]}, ["FID01"], {"c": {"seconds": 1.0}})
    x = np.random.default_rng(0).normal(size=(50, 2))
    plain = raw_case(x, x[::-1].copy(), x + 1)
    fitted = replace(plain, embedding=replace(plain.embedding, hash="another"))
    with pytest.raises(EmbeddingMismatch, match="do not compare"):
        compare({"a": [plain], "b": [fitted]}, CHEAP)


@pytest.fixture(scope="module")
def ranked(shared_data):
    rows = pipeline.as_table(shared_data("adult"), target="income")
    rows = rows.take(Rng(0).generator().permutation(len(rows))[:4000])
    parts = split(rows, holdout=0.4, rng=Rng(0).child("split"))
    groups = {}
    for name in ("noisy-copy", "marginals", "trees"):
        model = pipeline.fit(parts.train, generator=name)
        made = [model.sample_table(1600, seed=seed) for seed in range(2)]
        groups[name] = [replace(_case(parts, made[0]), generations=tuple(made[1:]))]
    return compare(groups, ("FID16", "DIV01", "AUT02", "FID01", "FID02", "FID10", "UTL01", "PRV02"))


def _case(parts, made):
    from fidelia.measure.case import Case

    return Case(parts.train, made, parts.holdout, Rng(0))


def test_generators_of_adult_come_in_the_right_order(ranked):
    """Trees before columns drawn alone and before noisy copies, which are faithful and give people away."""
    assert ranked.generators[0] == "trees"
    assert ranked.best["trees"] > 0.95
    assert ranked.stability > 0.6
    assert ranked.overall["trees"] < 0.06 < 0.08 < ranked.overall["marginals"]
    for code in ("FID16", "FID10", "UTL01"):
        assert ranked.scores["trees"][code].rank < ranked.scores["marginals"][code].rank
    for code in ("AUT02", "PRV02"):
        assert ranked.scores["noisy-copy"][code].rank == 3
        assert ranked.scores["noisy-copy"][code].gap > 10 * ranked.scores["noisy-copy"][code].gap_sd
    assert ranked.qualities["privacy"]["noisy-copy"] > 0.5 > 5 * ranked.qualities["authenticity"]["trees"]
    assert "trees" in ranked.front
