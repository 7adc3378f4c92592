"""What an attack finds on train beyond what it finds on rows that nobody has seen: `alarm`, `discordant`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.measure.statistics.intervals import Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVEL = 0.05


def alarm(excess: float, interval: Interval, level: float = LEVEL) -> dict[str, Any]:
    """Return what the breakdown of every attack says of its excess over the control: one convention for all.

    Parameters
    ----------
    excess : float
        Success on train minus success on the control (unseen rows, or a blind guess where that is the control), so
        that more is worse: where an attack's score falls with leakage, turn its sign.
    interval : (float, float)
        Of the excess, corrected for the attacks tried where it is the best of several.
    level : float
        The interval misses with this probability. The alarm is raised when all of it lies above 0, so that a
        generator that never saw the rows raises it with at most this probability (half of it where both ends of the
        interval miss alike).

    Examples
    --------
    >>> alarm(0.2, (0.1, 0.3))
    {'alarm': True, 'excess': 0.2, 'excess_interval': [0.1, 0.3], 'level': 0.05}
    """
    low, high = float(interval[0]), float(interval[1])
    return {"alarm": low > 0, "excess": float(excess), "excess_interval": [low, high], "level": level}


def discordant(
    seen: NDArray[np.bool_], unseen: NDArray[np.bool_], cluster: NDArray[np.uint64], level: float = LEVEL
) -> tuple[float, Interval]:
    """Return by how much more often rows match train than as many unseen real rows.

    Only rows that match one side alone count, as in McNemar's test: had the generator seen neither, each such match
    would fall on either side with probability 1/2. Rows of one cluster stand or fall together; the exact binomial
    interval is taken at the effective number of clusters.

    Parameters
    ----------
    seen, unseen : (n,) bool
        Which rows match train, and which match equally many unseen rows.
    cluster : (n,) uint64
        Equal for rows that match the same thing.
    level : float
        The interval misses with at most this probability.

    Returns
    -------
    excess : float
        Share of rows that match train minus share that match unseen rows.
    interval : (float, float)

    Examples
    --------
    >>> excess, (low, high) = discordant(np.arange(10) < 8, np.arange(10) == 9, np.arange(10, dtype=np.uint64))
    >>> round(excess, 3), round(low, 3), round(high, 3)
    (0.7, 0.032, 0.895)
    """
    from scipy.stats import beta

    n, apart = len(seen), seen ^ unseen
    if not apart.any():
        return 0.0, (-3 / max(n, 3), 3 / max(n, 3))
    _, place = np.unique(cluster[apart], return_inverse=True)
    weight = np.bincount(place.ravel()).astype(float)
    effective = weight.sum() ** 2 / (weight**2).sum()
    wins = effective * float(seen[apart].mean())
    losses = effective - wins
    low = beta.ppf(level / 2, wins, losses + 1) if wins > 0 else 0.0
    high = beta.ppf(1 - level / 2, wins + 1, losses) if losses > 1e-9 else 1.0
    share, excess = float(apart.mean()), float(seen.mean() - unseen.mean())
    return excess, (min(excess, float((2 * low - 1) * share)), max(excess, float((2 * high - 1) * share)))
