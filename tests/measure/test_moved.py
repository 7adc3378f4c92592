"""Distances of pictures that may be moved: known answers, and what a slow loop gives."""

import numpy as np
import pytest

from fidelia.measure.images.moved import correlated, near_when_moved
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
    found = correlated(near([[i, (i + 1) % 3] for i in range(3)]), moved, real)
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
    assert correlated(near(index.tolist()), shown, among).distance == pytest.approx(np.array(slow), rel=1e-4)


def test_an_inverted_and_a_flat_picture_are_far_from_all():
    real = some(2, 8, 8, 1)
    assert correlated(near([[0]]), 255 - real[:1], real).distance[0, 0] > 0.9
    assert correlated(near([[0, 1]]), np.full((1, 8, 8, 1), 7, np.uint8), real).distance.tolist() == [[1.0, 1.0]]


def test_twins_stay_twins_and_no_candidate_stays_none():
    shown = some(2, 8, 8, 1)
    found = correlated(Near(np.array([[0.0, np.inf]] * 2), np.array([[1, 0]] * 2)), shown, shown)
    assert found.distance.tolist() == [[0.0, np.inf]] * 2


def test_many_pictures_are_measured_in_parts_alike():
    shown = some(600, 8, 8, 1)
    index = [[(i * 7) % 600] for i in range(600)]
    asked = (0, 255, 256, 599)
    whole = correlated(near(index), shown, shown).distance[list(asked)]
    single = [correlated(near([index[i]]), shown[i : i + 1], shown).distance[0] for i in asked]
    assert whole == pytest.approx(np.array(single), rel=1e-4)


@pytest.mark.parametrize("shape", [(28, 28, 1), (16, 16, 3), (96, 64, 1)])
@pytest.mark.parametrize("change", ["moved", "darker", "noisy"])
def test_the_source_of_a_copy_is_the_nearest(shape, change):
    coarse = some(300, shape[0] // 4, shape[1] // 4, shape[2])
    real = np.repeat(np.repeat(coarse, 4, axis=1), 4, axis=2)
    copies = {
        "moved": lambda shown: np.roll(shown, 1, axis=1),
        "darker": lambda shown: (0.5 * shown).astype(np.uint8),
        "noisy": lambda shown: np.clip(shown + np.random.default_rng(1).normal(0, 30, shown.shape), 0, 255),
    }[change](real[:40]).astype(np.uint8)
    own, made = near_when_moved(real, copies)
    assert np.array_equal(made.index[np.arange(40), made.distance.argmin(axis=1)], np.arange(40))
    assert not (own.index == np.arange(300)[:, None]).any()
    assert made.distance.min(axis=1).max() < own.distance.min()


def test_few_pictures_have_few_candidates():
    own, made = near_when_moved(some(3, 8, 8, 1), some(2, 8, 8, 1, seed=1))
    assert own.index.shape == (3, 2) and made.index.shape == (2, 2)
