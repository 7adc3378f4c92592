"""The rules of the suite on curves made to keep or to break them."""

from __future__ import annotations

import numpy as np
import pytest

from fidelia.sanity import rules

X = np.linspace(-3, 3, 51)
HILL = np.exp(-(X**2))


@pytest.mark.parametrize(
    ("curve", "passed"),
    [
        (HILL, "T"),
        (0.5 + 0.3 * HILL, "T"),
        (0.1 * HILL, "F"),  # too low a hill
        (HILL + 0.9 * (X > 2), "F"),  # one end is as high as the middle
        (np.exp(-((X - 1) ** 2)), "F"),  # highest elsewhere
        (HILL - 0.5 * (np.abs(np.abs(X) - 2) < 0.2), "F"),  # lowest inside
        (1 - HILL, "F"),
        (np.ones(51), "F"),
    ],
)
def test_bell(curve: np.ndarray, passed: str) -> None:
    assert rules.bell(0.0)(X, curve) == passed


@pytest.mark.parametrize(
    ("curve", "passed"),
    [
        (np.linspace(1, 0, 51), "T"),
        (np.linspace(1, 0.81, 51), "F"),
        (np.linspace(1, 0, 51) + 0.3 * HILL, "T"),
        (np.linspace(0.4, 0, 51) + 0.5 * HILL, "F"),
        (np.linspace(0, 1, 51), "F"),
    ],
)
def test_falling_and_rising_are_mirrored(curve: np.ndarray, passed: str) -> None:
    assert rules.falling(X, curve) == passed
    assert rules.rising(X, curve[::-1]) == passed


def test_a_fall_must_be_seen_in_time() -> None:
    late = np.where(np.arange(51) >= 49, 0.0, 1.0)
    assert rules.falling(X, late) == "T"
    assert rules.falling_by(0.95)(X, late) == "F"
    assert rules.falling_by(0.5)(X, np.linspace(1, 0, 51)) == "T"


def test_flat_and_converging() -> None:
    assert rules.flat(X, 0.5 + 0.02 * np.sin(X)) == "T"
    assert rules.flat(X, 0.5 + 0.03 * np.sin(X)) == "F"
    settling = np.where(X < 0, X, 0.0)
    assert rules.flat(X, settling) == "F" and rules.converging(X, settling) == "T"
    assert rules.converging(X, -settling[::-1]) == "F"


def test_values_at_points() -> None:
    assert rules.near(1.0, 0.0)(X, HILL) == "T"
    assert rules.near(0.0, "first")(X, HILL) == rules.near(0.0, "last")(X, HILL) == "T"
    assert rules.near(1.0, "first")(X, HILL) == "F"
    assert [rules.wide("last")(X, np.full(51, v)) for v in (0.97, 0.03, 0.5)] == ["H", "L", "F"]


def test_low_and_high_diversities() -> None:
    rule = rules.either(rules.bell(0.0), rules.rising)
    assert [rule(X, curve) for curve in (HILL, np.linspace(0, 1, 51), np.zeros(51))] == ["L", "H", "F"]


@pytest.mark.parametrize(
    ("parts", "whole"), [("TT", "T"), ("TH", "H"), ("LL", "L"), ("LH", "F"), ("TF", "F"), ("HF", "F")]
)
def test_cells_do_not_mix_low_and_high(parts: str, whole: str) -> None:
    assert rules.together(parts) == whole  # type: ignore[arg-type]
