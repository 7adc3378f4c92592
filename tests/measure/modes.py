"""Five modes on a circle, and what can go wrong with them (METRICS, section 4)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tables import raw_case

from fidelia.measure.case import Case

CIRCLE = 10 * np.exp(2j * np.pi * np.arange(5) / 5)
CENTRES = np.column_stack([CIRCLE.real, CIRCLE.imag])


def five_modes(
    r: np.random.Generator, n: int, shares: Sequence[float] = (0.2,) * 5, *, sd: float = 1.0, keep: int = 5
) -> np.ndarray:
    weight = np.where(np.arange(5) < keep, shares, 0.0)
    return CENTRES[r.choice(5, n, p=weight / weight.sum())] + sd * r.normal(size=(n, 2))


def failed(kind: str, seed: int, n: int = 2000) -> Case:
    """A case of n rows on each side whose synthetic rows show one failure."""
    r = np.random.default_rng(seed)
    train, holdout, fresh = (five_modes(r, n) for _ in range(3))
    invented = np.where(np.arange(n)[:, None] < n // 5, [30, 30] + 0.7 * r.normal(size=(n, 2)), fresh)
    made = {
        "fresh": fresh,
        "3 of 5 modes": five_modes(r, n, keep=3),
        "a fifth invented": invented,
        "other shares": five_modes(r, n, [0.5, 0.2, 0.1, 0.1, 0.1]),
        "copies": r.permutation(train),
        "30 % copies": np.concatenate([train[: 3 * n // 10], fresh[3 * n // 10 :]]),
        "copies of a tenth": train[r.integers(0, n // 10, n)],
        "less spread": five_modes(r, n, sd=0.7),
        "more spread": five_modes(r, n, sd=1.4),
        "noisy copies": train + 0.3 * r.normal(size=(n, 2)),
    }[kind]
    return raw_case(train, made, holdout)
