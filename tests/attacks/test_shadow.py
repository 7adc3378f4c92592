"""Shadow models: the audit of a generator that can be refitted, and of a claim of differential privacy."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from tables import case, mixed, table

from fidelia.attacks import shadow
from fidelia.attacks.shadow import consistency, likelihood_ratio, shadow_audit, shadows
from fidelia.data.table import Table
from fidelia.errors import NotApplicable
from fidelia.measure.case import Case
from fidelia.rng import Rng

LEVELS = [f"{a}{b}" for a in "abcdef" for b in "uvwxyz"]


def memory(train: Table, n: int, rng: Rng) -> Table:
    return train.take(rng.generator().integers(0, len(train), n))


def unseeing(_: Table, n: int, rng: Rng) -> Table:
    return table(mixed(n, rng.integer()))


def release(generator, seed: int = 0, **how) -> Case:
    base = replace(case(mixed(300, seed), mixed(5, 1), mixed(300, seed + 2)), rng=Rng(seed), generator=generator, **how)
    return replace(base, synthetic=generator(base.train, 300, Rng(seed).child("release")))


def test_a_generator_of_train_rows_is_caught_in_release_and_in_general():
    result = shadow_audit(release(memory))
    assert result.breakdown["alarm"] and result.value > 0.65
    assert result.breakdown["generator"]["alarm"] and result.breakdown["generator"]["epsilon"] > 1


def test_a_generator_that_never_looks_at_train_is_not_accused():
    found = [shadow_audit(release(unseeing, seed)).breakdown for seed in range(6)]
    assert sum(each["alarm"] for each in found) <= 2
    assert sum(each["generator"]["alarm"] for each in found) <= 2
    assert max(each["generator"]["epsilon"] for each in found) < 0.2


def test_likelihood_ratio_is_that_of_two_gaussians():
    r = np.random.default_rng(0)
    signals, inside, seen = r.normal(size=(8, 5)), r.random((8, 5)) < 0.5, r.normal(size=5)
    inside[:, 4] = True
    means = [np.array([signals[part[:, i], i].mean() if part[:, i].any() else 0 for i in range(5)])
             for part in (inside, ~inside)]  # fmt: skip
    sd = np.sqrt(np.mean((signals - np.where(inside, *means)) ** 2))
    expected = norm.logpdf(seen, means[0], sd) - norm.logpdf(seen, means[1], sd)
    found = likelihood_ratio(signals, inside, seen)
    assert np.allclose(found[:4], expected[:4])
    assert found[4] == 0, "a canary that was in all shadows tells nothing"


def test_shadows_learn_from_half_of_the_canaries_and_never_from_the_attackers_rows():
    seen = []

    def spy(train: Table, n: int, rng: Rng) -> Table:
        seen.append(train)
        return memory(train, n, rng)

    made = release(memory)
    made = replace(made, generator=spy)
    found = shadows(made)
    assert len(seen) == shadow.SHADOWS == len(found.signals)
    assert 0.4 < found.inside.mean() < 0.6
    keys = {tuple(row.values()) for row in made.holdout.take(_reference(made)).arrow.to_pylist()}
    for train in seen:
        assert not keys & {tuple(row.values()) for row in train.arrow.to_pylist()}


def _reference(made: Case) -> np.ndarray:
    from fidelia.attacks.membership import candidates

    return candidates(made).reference


def test_without_generator_or_claim_the_audits_decline():
    base = case(mixed(100, 0), mixed(100, 1), mixed(100, 2))
    with pytest.raises(NotApplicable, match="NEEDS_GENERATOR"):
        shadow_audit(base)
    with pytest.raises(NotApplicable, match="NEEDS_EPSILON"):
        consistency(base)
    with pytest.raises(NotApplicable, match="TOO_FEW_ROWS"):
        shadow_audit(release(memory).__class__(base.train.take(range(8)), base.synthetic, base.holdout, Rng(0),
                                               generator=memory))  # fmt: skip


def test_s13_a_false_claim_is_refuted():
    result = consistency(release(memory, epsilon=0.5))
    assert result.value > 0 and result.breakdown["alarm"]
    assert result.breakdown["audited"] == pytest.approx(result.value + 0.5)


def test_s13_a_claim_on_a_release_alone():
    made = replace(release(memory, epsilon=0.2), generator=None, synthetic=None)
    made = replace(made, synthetic=made.train)
    assert consistency(made).breakdown["alarm"]


def private_histogram(epsilon: float):
    """Rows drawn from counts with Laplace noise: epsilon-DP, as one row moves one count by 1."""

    def draw(train: Table, n: int, rng: Rng) -> Table:
        r = rng.generator()
        counts = pd.Series(train["word"].to_pylist()).value_counts().reindex(LEVELS, fill_value=0).to_numpy()
        noisy = np.maximum(counts + r.laplace(0, 1 / epsilon, len(LEVELS)), 0) + 1e-9
        return table(pd.DataFrame({"word": r.choice(LEVELS, n, p=noisy / noisy.sum())}))

    return draw


def words(n: int, seed: int) -> pd.DataFrame:
    return pd.DataFrame({"word": np.random.default_rng(seed).choice(LEVELS, n)})


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 3.0])
def test_s13_a_true_claim_is_not_refuted(epsilon):
    refuted = 0
    for seed in range(4):
        base = case(words(150, 3 * seed), words(5, 1), words(150, 3 * seed + 2))
        draw = private_histogram(epsilon)
        made = replace(base, rng=Rng(seed), generator=draw, epsilon=epsilon)
        made = replace(made, synthetic=draw(made.train, 150, Rng(seed)))
        refuted += consistency(made).breakdown["alarm"]
    assert refuted == 0
