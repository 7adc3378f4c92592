"""Which of several generators is best, and how sure is that? From gaps to fresh real rows and their errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.rng import Rng

    Floats = NDArray[np.float64]

DRAWS = 4_000
NOISE = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """The generators' order.

    Parameters
    ----------
    ranks : dict of str to (generators,) float64
        By code: 1 is nearest to fresh real rows, ties share the mean of their ranks.
    losses : dict of str to (generators,) float64
        By code: the share of the way from fresh real rows to a useless table, in [0, 1].
    qualities : dict of str to (generators,) float64
        By quality: mean loss over its codes.
    overall : (generators,) float64
        Mean over qualities.
    best : (generators,) float64
        Probability of the smallest overall loss, given the errors of all gaps; equal ones share it.
    places : (generators, generators) float64
        Probability of each generator (row) to come in at each place (column).
    stability : float
        Mean agreement of the overall order with that of gaps drawn anew from their errors, Kendall's tau-b in [-1, 1].
    """

    ranks: dict[str, Floats]
    losses: dict[str, Floats]
    qualities: dict[str, Floats]
    overall: Floats
    best: Floats
    places: Floats
    stability: float


def rank(
    gaps: Mapping[str, Floats],
    sds: Mapping[str, Floats],
    ways: Mapping[str, float],
    quality: Mapping[str, str],
    rng: Rng,
) -> Ranking:
    """Return the order of generators by their gaps to fresh real rows.

    Ordered by mean loss, not by mean rank, which is blind to size: it sets a generator that is one hundredth worse than
    fresh real rows back as far as one that copies them. A gap of less than two standard errors counts as none, nor does
    being better than fresh real rows count, which copies are. Each quality weighs the same, however many codes it has.

    Parameters
    ----------
    gaps, sds : mapping of str to (generators,) float64
        By code: how much worse than fresh real rows, and the standard error.
    ways : mapping of str to float
        By code: the gap of a useless table.
    quality : mapping of str to str
        The quality of each code.
    rng : Rng
        Draws gaps from their errors, as normal.
    """
    from scipy.stats import rankdata

    losses = {code: _losses(gap, sds[code], ways[code]) for code, gap in gaps.items()}
    drawn = {
        code: _losses(
            gap + sds[code] * rng.child(code).generator().normal(size=(DRAWS, len(gap))), sds[code], ways[code]
        )
        for code, gap in gaps.items()
    }
    qualities = _by_quality(losses, quality)
    overall = np.mean(list(qualities.values()), axis=0)
    scores = np.mean(list(_by_quality(drawn, quality).values()), axis=0)
    lowest = np.isclose(scores, scores.min(axis=1, keepdims=True))
    best = (lowest / lowest.sum(axis=1, keepdims=True)).mean(axis=0)
    ranks = {code: np.asarray(rankdata(_lasting(gap, sds[code]))) for code, gap in gaps.items()}
    return Ranking(ranks, losses, qualities, overall, best, _places(scores), _agreement(overall, scores))


def _lasting(gaps: Floats, sds: Floats) -> Floats:
    """Return gaps, 0 where they are within noise."""
    return np.where(gaps > NOISE * sds, gaps, 0.0)


def _losses(gaps: Floats, sds: Floats, way: float) -> Floats:
    """Return the shares of the way to a useless table, at most 1."""
    return np.minimum(_lasting(gaps, sds) / way, 1.0) if way > 0 else np.zeros_like(gaps)


def _by_quality(losses: Mapping[str, Floats], quality: Mapping[str, str]) -> dict[str, Floats]:
    """Return the mean loss over the codes of each quality."""
    names = dict.fromkeys(quality[code] for code in losses)
    return {name: np.mean([losses[code] for code in losses if quality[code] == name], axis=0) for name in names}


def _places(scores: Floats) -> Floats:
    """Return how often each generator comes in at each place; equal ones share their places."""
    count = scores.shape[1]
    below = (scores[:, :, None] > scores[:, None, :] + 1e-12).sum(axis=2)
    equal = (np.abs(scores[:, :, None] - scores[:, None, :]) <= 1e-12).sum(axis=2)
    place = np.arange(count)
    at = (place >= below[..., None]) & (place < (below + equal)[..., None])
    return np.asarray((at / equal[..., None]).mean(axis=0))


def _agreement(overall: Floats, scores: Floats) -> float:
    """Return the mean over draws of Kendall's tau-b with the overall order; 0 for a draw that orders nothing."""
    pairs = list(combinations(range(len(overall)), 2))
    if not pairs:
        return 1.0
    first, second = np.array(pairs).T
    own = np.sign(np.round(overall[first] - overall[second], 9))
    drawn = np.sign(np.round(scores[:, first] - scores[:, second], 9))
    room = np.sqrt((own != 0).sum() * (drawn != 0).sum(axis=1))
    tau = np.divide(drawn @ own, room, out=np.zeros(len(scores)), where=room > 0)
    return float(tau.mean())


def pareto(axes: Sequence[Floats]) -> NDArray[np.bool_]:
    """Return which generators no other one beats: as good on every axis and better on one; lower is better.

    Examples
    --------
    >>> pareto([np.array([1.0, 2.0, 3.0]), np.array([2.0, 1.0, 3.0])]).tolist()
    [True, True, False]
    """
    table = np.array(axes)
    as_good = (table[:, :, None] <= table[:, None, :]).all(axis=0)
    better = (table[:, :, None] < table[:, None, :]).any(axis=0)
    return np.asarray(~(as_good & better).any(axis=0))


def agreement(gaps: Mapping[str, Floats], with_code: str) -> dict[str, float | None]:
    """Return Kendall's tau-b of each code's gaps with those of one code; None where either orders nothing.

    References
    ----------
    Kendall (1945), Biometrika 33, 239-251.
    """
    from scipy.stats import kendalltau

    base = np.maximum(gaps.get(with_code, np.array([])), 0)
    found: dict[str, float | None] = {}
    for code, gap in gaps.items():
        if code == with_code or len(base) < 2:
            continue
        own = np.maximum(gap, 0)
        flat = len(np.unique(own)) < 2 or len(np.unique(base)) < 2
        found[code] = None if flat else float(kendalltau(own, base).statistic)
    return found
