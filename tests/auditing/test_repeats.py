"""Duplicates beyond what the real rows explain."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fidelia.auditing.repeats import surplus


def _keys(values: list[int]) -> np.ndarray:
    return np.array(values, dtype=np.uint64)


def test_a_fresh_sample_of_a_small_world_has_no_surplus() -> None:
    rng = np.random.default_rng(0)
    real, synthetic = rng.integers(0, 50, (2, 5_000)).astype(np.uint64)
    assert surplus(synthetic, real, q=0.1).mean() < 0.002


def test_a_row_repeated_a_thousand_times_is_found_and_one_copy_is_kept() -> None:
    real = np.arange(5_000, dtype=np.uint64)
    synthetic = np.r_[np.arange(10_000, 14_000), np.full(1_000, 7)].astype(np.uint64)
    marked = surplus(synthetic, real, q=0.1)
    assert marked[:4_000].sum() == 0
    allowed = int(np.ceil(5_000 * 2 / 5_001))
    assert (~marked[4_000:]).sum() == allowed


def test_values_common_in_the_real_table_may_repeat() -> None:
    real = _keys([1] * 900 + [2] * 100)
    assert not surplus(_keys([1] * 900 + [2] * 100), real, q=0.1).any()


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.lists(st.integers(0, 5), min_size=1, max_size=60))
def test_at_least_one_of_each_value_stays(synthetic: list[int], real: list[int]) -> None:
    marked = surplus(_keys(synthetic), _keys(real), q=0.1)
    assert len(marked) == len(synthetic)
    assert set(np.array(synthetic)[~marked]) == set(synthetic)
