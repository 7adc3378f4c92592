"""The k-NN service against a direct computation in double precision."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import case, mixed, raw_case
from threadpoolctl import threadpool_limits

from fidelia.measure.space import neighbors
from fidelia.measure.space.neighbors import Neighbors, search
from fidelia.measure.space.product import _Engine, nearest
from fidelia.measure.space.within import count_within


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


@pytest.mark.parametrize("offset", [0.0, 1e6])
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_rows_said_to_be_right_are_right(precision, offset):
    """Crowded rows, which single precision cannot tell apart, are never called sure when they are wrong."""
    r = np.random.default_rng(5)
    x = np.unique(np.repeat(r.normal(size=(40, 5)), 30, axis=0) + 1e-5 * r.normal(size=(1200, 5)), axis=0) + offset
    y = x[::4] + 1e-5 * r.normal(size=(300, 5))
    index, distance = np.empty((300, 6), dtype=np.int64), np.empty((300, 6))
    sure = _Engine.of(x, y, precision, 6, 9).run(y, np.arange(300), index, distance)
    assert np.allclose(distance[sure], oracle(y, x, 6)[sure], rtol=1e-6, atol=1e-12)
    assert sure.all() if precision is np.float64 else not sure.all()
    assert np.allclose(nearest(y, x, 6)[1], oracle(y, x, 6), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("scale", [1e-30, 1e30, 1e100])
def test_sizes_that_single_precision_cannot_hold(scale):
    x, y = rows(0, 300, 4) * scale, rows(1, 50, 4) * scale
    assert np.allclose(search(y, x, 5).distance / scale, oracle(y / scale, x / scale, 5))
    far = np.vstack([x, np.full((1, 4), 1e12 * scale)])
    assert np.allclose(search(y, far, 5).distance / scale, oracle(y / scale, x / scale, 5))


def test_the_number_of_threads_changes_nothing():
    x, y = rows(0, 3000, 20), rows(1, 2000, 20)
    found = []
    for threads in (1, 2, 3):
        with threadpool_limits(threads):
            near = search(y, x, 16)
            found.append((near.index, near.distance, count_within(y, x, np.full(3000, 4.0))))
    for other in found[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(found[0], other, strict=True))


def test_keys_that_fall_together_are_noticed(monkeypatch):
    x = rows(0, 60, 2, duplicates=5)
    before = search(x, x, 4, own=np.arange(60))
    monkeypatch.setattr(neighbors, "_keys", lambda rows: (rows[:, 0] > 0).astype(np.uint64))
    assert np.array_equal(search(x, x, 4, own=np.arange(60)).distance, before.distance)


@pytest.mark.parametrize("offset", [0.0, 1e6])
@pytest.mark.parametrize("d", [1, 3, 50])
def test_counts_equal_the_oracle(offset, d):
    """Balls that end in a row hold it: the radius and the distance are the same number."""
    x, y = rows(0, 300, d, offset, duplicates=20), rows(1, 200, d, offset)
    y[:60] = x[100:160]
    x[250] += 1e4
    own = np.arange(300)
    radii = search(x, x, 5, own=own).distance[:, -1]
    gaps = np.sqrt(np.einsum("nmd,nmd->nm", *[y[:, None] - x[None]] * 2))
    assert np.array_equal(count_within(y, x, radii), (gaps <= radii).sum(axis=1))
    gaps = np.sqrt(np.einsum("nmd,nmd->nm", *[x[:, None] - x[None]] * 2))
    np.fill_diagonal(gaps, np.inf)
    assert np.array_equal(count_within(x, x, radii, own=own), (gaps <= radii).sum(axis=1))
    assert count_within(x, x, radii, own=own).sum() >= 5 * 300


def test_counts_of_the_service():
    made = raw_case(rows(0, 400, 3), rows(1, 200, 3), rows(2, 100, 3))
    near, some = made.neighbors, np.arange(0, 400, 7)
    radii = near.within("train", some, 3).distance[:, -1]
    held = near.counts("synthetic", "train", radii, rows=np.arange(50), others=some)
    gaps = np.linalg.norm(made.embedded.synthetic[:50, None] - made.embedded.train[None, some], axis=2)
    assert np.array_equal(held, (gaps <= radii).sum(axis=1))
    assert np.array_equal(near.counts("train", "train", np.full(400, np.inf)), np.full(400, 399))
    assert not near.counts("holdout", "train", np.full(400, -1.0)).any()
    with pytest.raises(ValueError, match="57 radii"):
        near.counts("holdout", "train", np.zeros(57))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 3), st.integers(0, 10**6))
def test_counts_of_few_values(n, m, d, seed):
    r = np.random.default_rng(seed)
    x, y = r.integers(0, 3, (m, d)).astype(float), r.integers(0, 4, (n, d)).astype(float)
    radii = r.integers(0, 3, m).astype(float)
    gaps = np.sqrt(((y[:, None] - x[None]) ** 2).sum(-1))
    assert np.array_equal(count_within(y, x, radii), (gaps <= radii).sum(axis=1))


def test_rows_that_no_product_can_hold_are_measured_one_by_one():
    x = np.concatenate([rows(0, 200, 3), 1e9 + rows(1, 200, 3), 1e12 + rows(2, 200, 3)])
    own = np.arange(600)
    assert np.allclose(search(x, x, 4, own=own).distance, oracle(x, x, 4, own), rtol=1e-6)


def test_many_points_equally_far():
    """One-hot rows lie at few distances: ties cost no search row by row, and any of the tied may be named."""
    x = np.unique(np.random.default_rng(0).integers(0, 2, (3000, 14)), axis=0).astype(float)
    own = np.arange(len(x))
    assert np.allclose(search(x, x, 16, own=own).distance, oracle(x, x, 16, own))
    index, distance = np.empty((len(x), 16), dtype=np.int64), np.empty((len(x), 16))
    assert _Engine.of(x, x, np.float64, 16, 40).run(x, own, index, distance).all()
