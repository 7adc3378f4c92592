"""Distances of pictures that may be moved: known answers, and what a slow loop gives."""

import numpy as np
import pytest

from fidelia.measure.images.aligned import aligned
from fidelia.measure.space.neighbors import Near


def some(n: int, *shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


def near(index: list[list[int]]) -> Near:
    at = np.array(index)
    return Near(np.ones(at.shape), at)


@pytest.mark.parametrize("move", [(0, 0), (1, 0), (0, -2), (2, 2), (-2, 1)])
@pytest.mark.parametrize("light", [(1.0, 0), (0.5, 0), (0.5, 100)])
def test_a_copy_that_is_moved_and_lit_otherwise_lies_at_its_source(move, light):
    real = np.zeros((3, 28, 28, 1), np.uint8)
    real[:, 6:22, 6:22] = some(3, 16, 16, 1) & 254
    moved = (light[0] * np.roll(real, move, axis=(1, 2)) + light[1]).astype(np.uint8)
    found = aligned(near([[i, (i + 1) % 3] for i in range(3)]), moved, real)
    assert found.distance[:, 0] == pytest.approx(0, abs=2e-3)  # single precision
    assert (found.distance[:, 1] > 0.3).all()


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 20, 1), (16, 16, 3)])
def test_it_is_the_least_distance_over_all_moves(shape):
    shown, among = some(5, *shape), some(7, *shape, seed=1)
    index = np.random.default_rng(2).integers(0, 7, (5, 3))
    height, width = shape[:2]
    wide = np.pad(shown.astype(float), ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")

    def best(i: int, at: int) -> float:
        moves = [wide[i, down : down + height, along : along + width] for down in range(3) for along in range(3)]
        return max(np.corrcoef(move.ravel(), among[at].ravel())[0, 1] for move in moves)

    slow = [[np.sqrt(1 - max(best(i, at), 0) ** 2) for at in index[i]] for i in range(5)]
    assert aligned(near(index.tolist()), shown, among).distance == pytest.approx(np.array(slow), rel=1e-4)


def test_an_inverted_and_a_flat_picture_are_far_from_all():
    real = some(2, 8, 8, 1)
    assert aligned(near([[0]]), 255 - real[:1], real).distance[0, 0] > 0.9
    assert aligned(near([[0, 1]]), np.full((1, 8, 8, 1), 7, np.uint8), real).distance.tolist() == [[1.0, 1.0]]


def test_a_large_picture_is_measured_small():
    real = np.repeat(np.repeat(some(2, 16, 16, 3), 8, axis=1), 8, axis=2)
    found = aligned(near([[0, 1], [1, 0]]), np.roll(real, 4, axis=1), real)
    assert (found.distance[:, 0] < 0.6 * found.distance[:, 1]).all()


def test_twins_stay_twins_and_no_candidate_stays_none():
    shown = some(2, 8, 8, 1)
    found = aligned(Near(np.array([[0.0, np.inf]] * 2), np.array([[1, 0]] * 2)), shown, shown)
    assert found.distance.tolist() == [[0.0, np.inf]] * 2


def test_many_pictures_are_measured_in_parts_alike():
    shown = some(600, 8, 8, 1)
    index = [[(i * 7) % 600] for i in range(600)]
    asked = (0, 255, 256, 599)
    whole = aligned(near(index), shown, shown).distance[list(asked)]
    single = [aligned(near([index[i]]), shown[i : i + 1], shown).distance[0] for i in asked]
    assert whole == pytest.approx(np.array(single), rel=1e-4)
