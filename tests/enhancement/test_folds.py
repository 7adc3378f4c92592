"""The splits of a trial."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fidelia.enhancement.folds import folds, splits
from fidelia.rng import Rng


@given(st.integers(1, 4), st.lists(st.integers(2, 60), min_size=1, max_size=4), st.integers(2, 10), st.integers(0, 99))
def test_each_row_is_tested_once_a_repeat(repeats: int, sizes: list[int], count: int, seed: int) -> None:
    strata = np.repeat(np.arange(len(sizes)), sizes)
    found = list(splits(strata, count, repeats, Rng(seed)))
    assert len(found) == repeats * count
    for repeat in range(repeats):
        tested = np.concatenate([split.test for split in found if split.repeat == repeat])
        assert sorted(tested) == list(range(len(strata)))
    for split in found:
        assert not set(split.train) & set(split.test)
        assert len(split.train) + len(split.test) == len(strata)
        counts = np.bincount(strata[split.test], minlength=len(sizes))
        assert (np.abs(counts - np.array(sizes) / count) < 1 + 1e-9).all()


@given(st.floats(0.02, 1), st.integers(0, 99))
def test_smaller_training_sets_lie_in_larger_ones_and_are_stratified(share: float, seed: int) -> None:
    strata = np.repeat([0, 1, 2], [300, 120, 30])
    split = next(splits(strata, 5, 1, Rng(seed)))
    part = split.learnt(share)
    assert len(part) == max(1, round(share * 360))
    assert set(part) <= set(split.learnt(min(1.0, 2 * share)))
    assert (np.diff(part) > 0).all()
    counts = np.bincount(strata[part], minlength=3)
    assert (np.abs(counts - share * np.array([240, 96, 24])) <= 2.5).all()


def test_groups_stay_together() -> None:
    groups = np.repeat(np.arange(40), 5)
    for split in splits(np.tile([0, 1, 1, 0, 1], 40), 5, 2, Rng(0), groups):
        assert not set(groups[split.train]) & set(groups[split.test])
        assert len(np.unique(groups[split.test])) == 8


def test_streams_depend_on_the_repeat_alone() -> None:
    strata = np.zeros(50, dtype=np.int64)
    two, three = (list(splits(strata, 5, repeats, Rng(0))) for repeats in (2, 3))
    assert all((a.test == b.test).all() and (a.train == b.train).all() for a, b in zip(two, three, strict=False))
    assert not (two[0].test == two[5].test).all()


def test_few_rows_few_folds() -> None:
    assert folds(np.zeros(199, dtype=np.int64), False) == 5
    assert folds(np.zeros(200, dtype=np.int64), False) == 10
    assert folds(np.repeat([0, 1], [300, 19]), True) == 5
