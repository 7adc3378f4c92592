"""Copies named row by row, and their share, beside fresh real rows."""

import numpy as np
import pandas as pd
import pytest
from tables import case, raw_case

from fidelia.errors import NotApplicable
from fidelia.measure.authenticity.authentic import authenticity, difference
from fidelia.measure.authenticity.copies import copy_rate, estimated_copies, flagged_copies, seen_as_new
from fidelia.measure.authenticity.ratio import ratio, ratios
from fidelia.measure.space.neighbors import Near


def gaussian(seed, n, d=8):
    return np.random.default_rng(seed).normal(size=(n, d))


def near_copies(seed, n, copies, noise, d=8):
    r = np.random.default_rng([seed, 1])
    x, y = gaussian([seed, 2], n, d), gaussian([seed, 3], n, d)
    y[:copies] = x[:copies] + noise * r.normal(size=(copies, d))
    return raw_case(x, y, gaussian([seed, 4], n, d))


def test_near_copies_are_named_with_few_false_alarms_where_the_plain_rule_accuses_half_of_all():
    made = near_copies(0, 4000, 400, 0.05)
    result = flagged_copies(made)
    flagged = result.rows["synthetic.q_copy"] <= 0.1
    assert flagged[:400].mean() > 0.99
    assert flagged[400:].sum() / flagged.sum() <= 0.15
    assert result.value == pytest.approx(flagged.mean())
    assert result.interval[0] > 0.09 and result.reference.value < 0.01
    assert (ratios(made.neighbors, "synthetic") <= 1).sum() > 1500


def test_false_discoveries_are_a_tenth_on_average():
    share = []
    for seed in range(10):
        flagged = flagged_copies(near_copies(seed, 1000, 100, 0.03)).rows["synthetic.q_copy"] <= 0.1
        assert flagged[:100].mean() > 0.9
        share.append(flagged[100:].sum() / flagged.sum())
    assert 0.02 < np.mean(share) < 0.13


def test_no_accusation_of_a_generator_that_does_not_copy():
    found = []
    for seed in range(20):
        result = flagged_copies(raw_case(*(gaussian([seed, i], 600, 4) for i in range(3))))
        found.append(result.value)
    assert np.mean(np.array(found) > 0) <= 0.2, "the false discovery rate is 0.1 where there is nothing to discover"
    assert np.mean(found) < 0.01


def test_too_small_a_holdout_is_said():
    x, y = gaussian(0, 2000), gaussian(1, 2000)
    y[:50] = x[:50]
    result = flagged_copies(raw_case(x, y, gaussian(2, 100)))
    assert result.value == 0
    assert result.breakdown["fewest"] == 199
    caveat = next(c for c in result.caveats if c.code == "HOLDOUT_TOO_SMALL")
    assert "fewer than 199 near copies" in caveat.text


def test_blurred_beyond_the_spacing_copies_are_invisible():
    made = near_copies(0, 3000, 3000, 0.3, d=2)
    assert abs(difference(made).value) < 0.05
    assert flagged_copies(made).value < 0.01


@pytest.mark.parametrize("e", [0.0, 0.2])
@pytest.mark.parametrize("c", [0.0, 0.3])
def test_the_copy_rate_counts_copies_among_rows_that_look_real(c, e):
    n, found = 3000, []
    for seed in range(3):
        x, y, h = (gaussian([seed, i], n) for i in range(3))
        y[: int(c * n)] = x[: int(c * n)]
        y[n - int(e * n) :] += 100
        result = estimated_copies(raw_case(x, y, h))
        found.append(result.breakdown["unclipped"])
        assert result.value >= 0
        assert e * n <= result.breakdown["unrealistic"] <= e * n / 0.85 + 0.01 * n
        assert result.breakdown["lines"][1]["value"] == pytest.approx(c / (1 - e), abs=0.03)
    assert np.mean(found) == pytest.approx(c / (1 - e), abs=0.03), "without the rule, 20 % inventions give -0.32"


def test_intervals_of_the_copy_rate_cover_it():
    held = 0
    for seed in range(40):
        r = np.random.default_rng([seed, 5])
        synthetic, fresh = r.random(800) < 0.6 * 0.8, r.random(600) < 0.6
        low, high = copy_rate(synthetic, fresh).interval
        held += low <= 0.2 <= high
    assert held >= 34


def discrete(r, n):
    return pd.DataFrame({f"c{i}": r.integers(0, 4, n).astype(str) for i in range(6)})


def test_ties_turn_the_rule_to_identical_rows():
    r = np.random.default_rng(0)
    train, fresh, holdout = (discrete(r, n) for n in (3000, 2000, 1500))
    made = case(train, pd.concat([train.iloc[:600], fresh.iloc[600:]]), holdout)
    result = estimated_copies(made)
    assert result.breakdown["rule"] == "identical rows"
    assert "TIES" in [caveat.code for caveat in result.caveats]
    assert result.value == pytest.approx(0.3, abs=0.05)
    assert estimated_copies(case(train, fresh, holdout)).value < 0.05
    lift = difference(made).breakdown["identical"]
    assert lift["interval"][0] > 0.05
    assert lift["difference"] == pytest.approx(lift["synthetic"] - lift["holdout"])
    _, new = seen_as_new(made)
    assert new.mean() == pytest.approx(1 - lift["holdout"])


def test_where_every_fresh_row_is_a_repeat_the_rate_declines():
    frame = pd.DataFrame({"c": list("ab") * 100})
    made = case(frame, frame, frame.iloc[:50])
    with pytest.raises(NotApplicable, match="cannot be told apart"):
        estimated_copies(made)
    assert difference(made).breakdown["copy_rate"] is None


def test_zero_distances():
    nearest = Near(np.array([[0.0], [0.0], [2.0], [2.0]]), np.array([[0], [1], [0], [1]]))
    own = Near(np.array([[0.0], [4.0]]), np.array([[1], [0]]))
    assert ratio(nearest, own).tolist() == [1.0, 0.0, np.inf, 0.5]


def test_all_need_a_holdout_or_say_so():
    made = raw_case(gaussian(0, 100), gaussian(1, 100), None)
    for metric in (flagged_copies, estimated_copies, difference):
        with pytest.raises(NotApplicable, match="NEEDS_HOLDOUT"):
            metric(made)
    assert authenticity(made).reference.kind == "train-split"
