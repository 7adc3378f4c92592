"""Draws and re-splits of rows without replacement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.rng import Rng

DRAWS = 5


def draws(rng: Rng, n: int, m: int, times: int = DRAWS) -> Iterator[NDArray[np.int64]]:
    """Yield `times` sorted subsamples of m of n rows without replacement; all rows, once, when m >= n."""
    if m >= n:
        yield np.arange(n)
        return
    generator = rng.child("draws").generator()
    for _ in range(times):
        yield np.sort(generator.choice(n, m, replace=False))


def resplit_sd(
    rng: Rng,
    pooled: NDArray[Any],
    fresh: int,
    statistic: Callable[[NDArray[Any], NDArray[Any]], float | NDArray[np.float64]],
    times: int = 20,
) -> Any:
    """Return the spread of `statistic` over random re-splits of real rows: the noise floor.

    Parameters
    ----------
    pooled : (n, ...) array
        Train rows and fresh real rows together.
    fresh : int
        How many of them stand for fresh real rows in each re-split.
    statistic : callable
        Takes the rows that stand for train and those that stand for fresh rows.
    """
    generator = rng.child("resplit").generator()
    found = []
    for _ in range(times):
        order = generator.permutation(len(pooled))
        found.append(statistic(pooled[order[fresh:]], pooled[order[:fresh]]))
    return np.std(np.asarray(found), axis=0, ddof=1)


def half_samples(rng: Rng, n: int, m: int, times: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield random halves of n and of m rows.

    The standard deviation of a statistic over random halves is, for smooth statistics, its standard error on the
    whole: drawing b of n rows without replacement has variance ``(1 - b / n) / b``, which for b = n / 2 is ``1 / n``.

    References
    ----------
    Politis, Romano and Wolf (1999), Subsampling, chapter 2.
    """
    generator = rng.child("halves").generator()
    for _ in range(times):
        yield tuple(np.sort(generator.choice(k, max(k // 2, 1), replace=False)) for k in (n, m))  # type: ignore[misc]


def resplits(
    rng: Rng, n: int, train: int, fresh: int, times: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield disjoint random parts of n real rows: `train` rows, and `fresh` rows."""
    generator = rng.child("resplits").generator()
    for _ in range(times):
        order = generator.permutation(n)
        yield order[fresh : fresh + train], order[:fresh]
