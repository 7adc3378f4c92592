"""The network that pictures are judged by: it tells digits apart, in any number, and the same each time."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

pytest.importorskip("torch")
from fidelia.measure.images.classifier import Classifier


def digits(count: int) -> tuple[np.ndarray, np.ndarray]:
    found = load_digits()
    order = np.random.default_rng(0).permutation(len(found.target))[:count]
    return (found.images[order, ..., None] * 255 / 16).astype(np.uint8), found.target[order]


def test_it_tells_digits_apart_that_it_never_saw():
    x, y = digits(900)
    found = Classifier(steps=120).fit(x[:600], y[:600])
    probabilities = found.predict_proba(x[600:])
    assert probabilities.shape == (300, 10)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert (found.predict(x[600:]) == y[600:]).mean() > 0.85


def test_one_seed_is_one_network_and_another_is_another():
    x, y = digits(80)
    first, again, other = (Classifier(seed, steps=3).fit(x, y).predict_proba(x) for seed in (1, 1, 2))
    assert (first == again).all() and (first != other).any()


def test_what_weighs_nothing_is_not_learnt():
    x, y = digits(60)
    wrong = np.where(np.arange(60) < 30, y, (y + 1) % 10)
    told = Classifier(steps=40).fit(x, wrong, sample_weight=np.where(np.arange(60) < 30, 1.0, 0.0)).predict(x[:30])
    assert (told == y[:30]).mean() > 0.8


def test_fewer_pictures_than_a_batch_and_classes_by_name_will_do():
    x, y = digits(9)
    names = np.where(y > 4, "large", "small")
    found = Classifier(steps=30).fit(x, names)
    assert set(found.classes_) == {"large", "small"}
    assert (found.predict(x) == names).mean() == 1
