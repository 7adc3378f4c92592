"""The k-NN service against a direct computation in double precision."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import case, mixed, raw_case

from fidelia.measure.space.neighbors import Neighbors, search


def oracle(queries, points, k, own=None):
    distance = np.sqrt(((queries[:, None, :] - points[None, :, :]) ** 2).sum(-1))
    if own is not None:
        distance[np.arange(len(queries)), own] = np.inf
    return np.sort(distance, axis=1)[:, :k]


def rows(seed, n, d, offset=0.0, duplicates=0):
    r = np.random.default_rng(seed)
    out = r.normal(size=(n, d))
    if duplicates:
        out[:duplicates] = out[0]
    return out + offset


@pytest.mark.parametrize("offset", [0.0, 1e6])
@pytest.mark.parametrize("duplicates", [0, 2, 300])
@pytest.mark.parametrize("d", [1, 7, 60])
def test_distances_equal_the_oracle(offset, duplicates, d):
    x, y = rows(0, 700, d, offset, duplicates), rows(1, 300, d, offset)
    y[:50] = x[:50]
    own = np.arange(700)
    for found, true in ((search(y, x, 6), oracle(y, x, 6)), (search(x, x, 6, own=own), oracle(x, x, 6, own))):
        assert np.allclose(found.distance, true, rtol=1e-9, atol=1e-12)
    assert np.all(search(y, x, 1).distance[:50] == 0)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 3), st.integers(1, 6), st.integers(0, 10**6))
def test_few_values(n, m, d, k, seed):
    r = np.random.default_rng(seed)
    x, y = r.integers(0, 3, (n, d)).astype(float), r.integers(0, 4, (m, d)).astype(float)
    found = search(y, x, k)
    true = oracle(y, x, k)
    assert np.allclose(found.distance[:, : true.shape[1]], true)
    assert np.all(np.isinf(found.distance[:, true.shape[1] :])) and np.all(found.index[:, true.shape[1] :] == -1)
    own = np.arange(n)
    inside = search(x, x, k, own=own)
    assert not np.any(inside.index == own[:, None])
    real = inside.index >= 0
    again = np.linalg.norm(x[:, None] - x[np.maximum(inside.index, 0)], axis=2)
    assert np.allclose(again[real], inside.distance[real])
    assert all(len(set(line[line >= 0])) == (line >= 0).sum() for line in inside.index)


def test_ties_of_equal_rows_go_to_the_lowest_index():
    x = np.zeros((500, 2))
    x[250:] = 1
    found = search(np.array([[0.0, 0.0]]), x, 4)
    assert found.index.tolist() == [[0, 1, 2, 3]]
    assert search(x, x, 3, own=np.arange(500)).index[1].tolist() == [0, 2, 3]


def test_subsets_equal_searches_of_their_own():
    made = raw_case(rows(0, 400, 3), rows(1, 200, 3), rows(2, 100, 3))
    near = made.neighbors
    some = np.arange(0, 400, 9)
    expected = oracle(made.embedded.synthetic, made.embedded.train[some], 1)
    found = near.nearest_of("synthetic", "train", some)
    assert np.allclose(found.distance, expected)
    assert set(found.index.ravel()) <= set(some)
    inside = near.within("train", some, 5)
    assert np.allclose(
        inside.distance, oracle(made.embedded.train[some], made.embedded.train[some], 5, range(len(some)))
    )
    assert not np.any(inside.index == some[:, None])


def test_searches_are_kept():
    near = Neighbors(raw_case(rows(0, 50, 2), rows(1, 50, 2), None).embedded)
    assert near.near("synthetic", "train") is near.near("synthetic", "train")


def test_embedding_is_fitted_on_train_alone_and_weighs_columns_alike():
    a = case(mixed(500, 1), mixed(400, 2), mixed(300, 3)).embedded
    b = case(mixed(500, 1), mixed(200, 7, flip=1.0), None).embedded
    assert a.hash == b.hash and np.array_equal(a.train, b.train)
    assert a.hash != case(mixed(500, 4), mixed(400, 2), None).embedded.hash
    gaps = (a.train[:, None, :] - a.train[None, :, :]) ** 2
    for block in a.blocks.values():
        assert gaps[..., block].sum(-1).mean() == pytest.approx(1)


def test_contributions_add_up():
    made = case(mixed(200, 1), mixed(100, 2), mixed(100, 3))
    near = made.neighbors.near("synthetic", "train")
    points = made.embedded
    shares = points.embedding.shares(points.synthetic[:100], points.train[near.index[:100, 0]])
    assert shares.shape == (100, 5)
    assert np.allclose(shares.sum(axis=1), 1)
    same = points.embedding.shares(points.train[:3], points.train[:3])
    assert np.all(same == 0)
