"""The odds of synthetic rows: right where they are known, 1 where nothing can be told, calibrated."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from drawn import frame, invented, perfect, shifted, two_modes
from hypothesis import given
from hypothesis import strategies as st
from laws import case, mixed

from fidelia.auditing.odds import ACCEPTED, TOLERANCE, Odds, clipped, odds
from fidelia.data.read import read
from fidelia.errors import NotApplicable
from fidelia.measure.case import Case

ROWS = 700


def told(fault, *, real=perfect, seed: int = 0, rows: int = ROWS) -> Odds:
    tables = frame(real, 3 * seed, rows), frame(fault, 3 * seed + 1, rows), frame(real, 3 * seed + 2, rows)
    return odds(case(*tables))


@pytest.fixture(scope="module")
def moved() -> tuple[Case, Odds]:
    """One column of eight is shifted by a standard deviation: the ratio is exp(1/2 - x)."""
    found = case(frame(perfect, 0, ROWS), frame(shifted, 1, ROWS), frame(perfect, 2, ROWS))
    return found, odds(found)


def _right(rows: Case) -> np.ndarray:
    ratio = np.exp(0.5 - np.asarray(rows.synthetic["x0"]))
    return ratio / ratio.mean()


def test_weights_follow_the_ratio_of_the_densities(moved) -> None:
    rows, found = moved
    right = _right(rows)
    assert found.differ
    assert np.corrcoef(np.log(found.weight), np.log(right))[0, 1] > 0.9
    assert abs(found.weight - right).mean() < 0.4 * abs(1 - right).mean()


def test_weights_have_mean_one_and_propensities_are_probabilities(moved) -> None:
    _, found = moved
    assert found.weight.mean() == pytest.approx(1)
    assert ((found.propensity > 0) & (found.propensity < 1)).all()
    assert 0 < found.effective < len(found.weight)
    assert ((found.acceptance >= 0) & (found.acceptance <= 1)).all()


def test_weights_restore_the_mean(moved) -> None:
    rows, found = moved
    x = np.asarray(rows.synthetic["x0"])
    assert x.mean() == pytest.approx(1, abs=0.1)
    assert abs(np.average(x, weights=found.weight)) < 0.2


def test_propensities_are_calibrated_on_rows_not_seen(moved) -> None:
    _, found = moved
    assert found.calibration["ece"] < 2 * found.calibration["ece_noise"]


def test_rows_drawn_later_are_scored_without_learning_again(moved) -> None:
    _, found = moved
    later = read(frame(shifted, 9, ROWS))
    scored = found.score(later)
    x = np.asarray(later["x0"])
    assert scored.scorer is found.scorer
    assert np.corrcoef(np.log(scored.weight), -x)[0, 1] > 0.9
    assert scored.acceptance.mean() == pytest.approx(found.acceptance.mean(), abs=0.05)
    assert len(found.score(later.take([])).propensity) == 0


def test_the_same_case_gives_the_same_weights(moved) -> None:
    rows, found = moved
    assert (odds(replace(rows)).weight == found.weight).all()


def test_rows_of_one_law_get_weights_of_one() -> None:
    found = told(perfect)
    assert not found.differ
    assert (found.weight == 1).all() and (found.acceptance == 1).all()


@pytest.mark.slow
def test_one_law_is_told_from_itself_one_time_in_twenty() -> None:
    alarms = [told(perfect, seed=seed, rows=400).differ for seed in range(40)]
    assert sum(alarms) <= 6  # 2 expected; more than 6 has probability 0.003


@pytest.mark.parametrize("seed", range(3))
def test_levels_that_train_lacks_tell_nothing(seed: int) -> None:
    """Cabins and tickets: fresh rows have levels that train lacks as often as the other way round."""
    r = np.random.default_rng(seed)
    tables = [frame(perfect, 3 * seed + i, 300).assign(cabin=r.choice(400, 300).astype(str)) for i in range(3)]
    found = odds(case(*tables))
    assert found.told.value - 0.5 < 4 * found.told.sd
    assert found.propensity.max() < 0.8


def test_copies_of_train_get_weights_of_one() -> None:
    train = frame(perfect, 0, ROWS)
    found = odds(case(train, train.sample(frac=1, random_state=0), frame(perfect, 2, ROWS)))
    assert not found.differ


def test_invented_rows_weigh_nothing_and_the_others_a_quarter_more() -> None:
    made = frame(invented, 1, ROWS)
    found = odds(case(frame(perfect, 0, ROWS), made, frame(perfect, 2, ROWS)))
    strange = made.mean(axis=1).to_numpy() > 2.5
    assert found.weight[strange].mean() < 0.05
    assert found.weight[~strange].mean() == pytest.approx(1.25, abs=0.05)
    assert found.acceptance[~strange].mean() > 0.65


def test_real_rows_out_of_reach_are_counted() -> None:
    found = told(two_modes(1.0), real=two_modes(0.5))
    assert found.unreached == pytest.approx(0.5, abs=0.05)
    assert told(two_modes(0.8), real=two_modes(0.5)).unreached < 0.05


def test_categories_and_missing_values_are_seen() -> None:
    train, made, fresh = mixed(0, ROWS), mixed(1, ROWS), mixed(2, ROWS)
    made.loc[made.index[:300], "job"] = "j0"
    made.loc[made.index[300:400], "income"] = np.nan
    found = odds(case(train, made, fresh))
    assert found.differ
    assert found.weight[300:400].mean() < 0.2 < found.weight[400:].mean()
    strange = read(made.assign(job="never seen"))
    assert np.isfinite(found.score(strange).weight).all()


def test_without_a_holdout_they_are_learnt_all_the_same() -> None:
    found = odds(case(frame(perfect, 0, ROWS), frame(shifted, 1, ROWS), None))
    assert found.differ


def test_nothing_to_learn_from_is_declined() -> None:
    ids = pd.DataFrame({"id": [f"a{i:05d}" for i in range(40)]})
    with pytest.raises(NotApplicable, match="ids or texts"):
        odds(case(ids, ids, ids))
    few = frame(perfect, 0, 6)
    with pytest.raises(NotApplicable, match="TOO_FEW_ROWS"):
        odds(case(few, few, few))


@given(st.lists(st.sampled_from([1e-6, 0.1, 1.0, 2.0, 30.0, 1e6]), min_size=1, max_size=60), st.integers(1, 9))
def test_a_clip_loses_little_mass_or_accepts_one_row_in_six(kinds: list[float], times: int) -> None:
    ratio = np.repeat(kinds, times)
    scale, clip = clipped(ratio)
    few = np.sort(ratio)[-min(len(ratio), max(10, len(ratio) // 100))]
    weight = np.minimum(ratio / scale, clip)
    lost = 1 - weight.sum() / np.minimum(ratio, few).sum() * scale
    assert weight.mean() == pytest.approx(1)
    assert weight.max() <= few / scale * (1 + 1e-9)
    assert lost <= TOLERANCE + 1e-9 or (weight / clip).mean() >= ACCEPTED - 1e-9


@pytest.mark.parametrize("rows", [1, 10, 5_000])
def test_equal_ratios_are_not_clipped(rows: int) -> None:
    assert clipped(np.full(rows, 0.3)) == pytest.approx((0.3, 1.0))


def test_a_few_rows_never_stand_for_a_region() -> None:
    ratio = np.r_[np.full(5, 1e6), np.ones(4_995)]
    assert clipped(ratio) == pytest.approx((1.0, 1.0))
