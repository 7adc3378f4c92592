"""Exposure of single training rows: copied ones stand out, others as fresh rows do."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fidelia.attacks.exposure import Exposure, exposure
from fidelia.attacks.membership import standing
from fidelia.data.read import read
from fidelia.errors import NotApplicable
from fidelia.measure.case import Case
from fidelia.rng import Rng

ROWS, COPIES = 800, 80


def normal(seed: int, rows: int = ROWS, d: int = 4) -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(seed).normal(size=(rows, d)), columns=[f"x{i}" for i in range(d)])


def exposed(train: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame | None) -> Exposure:
    return exposure(Case(read(train), read(synthetic), None if holdout is None else read(holdout), Rng(0)))


def copied(train: pd.DataFrame, fresh: pd.DataFrame, noise: float) -> pd.DataFrame:
    moved = train.head(COPIES) + noise * np.random.default_rng(9).normal(size=(COPIES, train.shape[1]))
    return pd.concat([moved, fresh.iloc[COPIES:]], ignore_index=True)


@pytest.mark.parametrize("noise", [0.0, 0.03])
def test_rows_that_were_copied_are_the_vulnerable_ones(noise: float) -> None:
    train = normal(0)
    found = exposed(train, copied(train, normal(2), noise), normal(1))
    flagged = found.vulnerability >= 0.9
    assert flagged[:COPIES].mean() >= 0.95
    assert flagged[COPIES:].sum() <= 0.2 * flagged.sum()
    assert np.quantile(found.score["train"][:COPIES], 0.05) > 0.95


def test_one_copied_row_has_the_highest_score_but_cannot_be_told_from_chance_among_many() -> None:
    train, fresh = normal(0), normal(2)
    fresh.iloc[5] = train.iloc[17]
    found = exposed(train, fresh, normal(1, 300))
    assert found.score["train"][17] == 1.0
    assert found.vulnerability.max() < 0.9


@pytest.mark.parametrize("seed", range(3))
def test_rows_of_a_perfect_generator_score_as_fresh_rows_do(seed: int) -> None:
    found = exposed(normal(10 * seed), normal(10 * seed + 2), normal(10 * seed + 1))
    for scores in found.score.values():
        assert np.quantile(scores, [0.1, 0.25, 0.5, 0.75, 0.9]) == pytest.approx([0.1, 0.25, 0.5, 0.75, 0.9], abs=0.07)
    assert found.vulnerability.max() < 0.9


def test_a_table_learnt_by_heart_exposes_every_row() -> None:
    train = normal(0)
    found = exposed(train, train, normal(1))
    assert np.all(found.score["train"] == 1.0)
    assert np.all(found.vulnerability == pytest.approx(1 - 1 / (ROWS + 1)))


def test_a_row_with_a_twin_does_not_stand_out() -> None:
    train, fresh = normal(0), normal(2)
    train.iloc[1] = train.iloc[0]
    fresh.iloc[0] = train.iloc[0]
    found = exposed(train, fresh, normal(1))
    twin = found.score["train"][:2]
    assert twin[0] == twin[1] < 0.99


def test_without_fresh_rows_nothing_can_be_said() -> None:
    with pytest.raises(NotApplicable, match="set aside"):
        exposed(normal(0, 20), normal(1, 20), None)


@pytest.mark.parametrize("rows", [(1, 5, 5), (5, 0, 5), (5, 5, 0)])
def test_tables_without_rows_are_declined(rows: tuple[int, int, int]) -> None:
    tables = [read(normal(i, 5)).take(np.arange(n)) for i, n in enumerate(rows)]
    with pytest.raises(NotApplicable, match="exposure needs"):
        exposure(Case(*tables, Rng(0)))


@pytest.mark.parametrize("rows", [(2, 1, 1), (3, 2, 1)])
def test_tables_of_few_rows_have_scores_in_range(rows: tuple[int, int, int]) -> None:
    tables = [read(normal(i, 5)).take(np.arange(n)) for i, n in enumerate(rows)]
    found = exposure(Case(*tables, Rng(0)))
    assert all(((of >= 0) & (of <= 1)).all() for of in [*found.score.values(), found.vulnerability])


def test_where_rows_repeat_each_other_anyway_nobody_stands_out() -> None:
    few = [normal(seed).round().clip(-1, 1).astype(str) for seed in range(3)]
    found = exposed(few[0], few[2], few[1])
    assert found.vulnerability.max() < 0.9


def test_the_order_of_rows_does_not_matter() -> None:
    train, fresh, holdout = normal(0, 100), copied(normal(0, 100), normal(2, 100), 0.1), normal(1, 100)
    one, other = exposed(train, fresh, holdout), exposed(train, fresh.iloc[::-1].reset_index(drop=True), holdout)
    np.testing.assert_array_equal(one.vulnerability, other.vulnerability)


numbers = st.lists(st.floats(-5, 5), min_size=1, max_size=30).map(np.array)


@given(numbers, numbers)
def test_standing_is_the_share_that_score_lower(scores: np.ndarray, others: np.ndarray) -> None:
    assert standing(scores, others).tolist() == [float(np.mean(others < each)) for each in scores]
