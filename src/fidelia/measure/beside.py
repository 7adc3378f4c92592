"""A score of two tables beside the same score of fresh real rows: the frame that most metrics share.

A metric brings two things: what it sees of each table (points, codes, columns), and a score of train rows against
other rows. The frame draws rows at the matched size, scores fresh real rows in the same way, and measures two
spreads without ever repeating a row: of the value over half-samples, and of the reference over re-splits of real rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.result import Caveat, Reference, Result
from fidelia.measure.statistics.intervals import normal
from fidelia.measure.statistics.resampling import DRAWS, draws, half_samples, resplits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.reference import Contrast

    Floats = NDArray[np.float64]


Score = Callable[[Any, Any], "float | Floats"]
Pair = tuple[Any, Any]
Sides = Mapping[str, "NDArray[Any]"]


@dataclass(frozen=True, slots=True)
class Together:
    """A score that is cheaper for all pairs of tables in one call: they give ``(pairs,)`` or ``(pairs, parts)``."""

    all: Callable[[Sequence[Pair]], Floats]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A score beside that of fresh real rows, with both spreads.

    Parameters
    ----------
    values, references : (parts,) float64
        Means over draws, of each part (column, pair; one part where the score is a single number).
    sds, noises : (parts,) float64
        Spread of `values` over half-samples and of `references` over re-splits.
    value, reference, sd, noise : float
        The same of the parts' mean.
    full : (parts,) float64 or None
        At all rows, where those are not the matched number.
    """

    side: Contrast
    n: dict[str, int]
    values: Floats
    references: Floats
    sds: Floats
    noises: Floats
    value: float
    reference: float
    sd: float
    noise: float
    full: Floats | None

    def result(
        self,
        *,
        low: float = -np.inf,
        high: float = np.inf,
        breakdown: Mapping[str, Any] | None = None,
        rows: Mapping[str, NDArray[Any]] | None = None,
        caveats: tuple[Caveat, ...] = (),
        embedding: str | None = None,
    ) -> Result:
        """Return it as a Result; `low` and `high` are the bounds of the quantity."""
        full = {} if self.full is None else {"full": float(_mean(self.full[None], axis=1)[0])}
        return Result(
            value=self.value,
            interval=normal(self.value, max(self.sd, self.noise), low, high),
            reference=Reference(self.reference, self.noise, self.n["synthetic"], self.side.kind),
            n=self.n,
            caveats=(*self.side.caveats, *caveats),
            breakdown={**full, **(breakdown or {})},
            rows=rows or {},
            embedding=embedding,
        )


def beside(
    case: Case,
    code: str,
    sides: Callable[[Case], Sides],
    score: Score | Together,
    *,
    most: int | None = None,
    times: int = DRAWS,
    spreads: int = 20,
    fewest: int = 2,
) -> Measured:
    """Score the synthetic rows and fresh real rows against train, in equal numbers.

    Parameters
    ----------
    code : str
        Names the random streams.
    sides : callable
        From a case to arrays, ``(n, ...)``, of what the score sees of ``"train"``, ``"synthetic"`` and
        ``"holdout"``; called with the case of the contrast (which always has a holdout).
    score : callable
        From train rows and other rows to a number, or to one number per part (NaN: not defined). `Together` scores
        all pairs in one call.
    most : int or None
        At most so many rows on each side, train too.
    times : int
        Draws over which value and reference are averaged, where there are more rows than the matched number.
    spreads : int
        Half-samples and re-splits; each costs one score.
    fewest : int
        Rows that each side must have.

    Raises
    ------
    NotApplicable
        ``TOO_FEW_ROWS``.
    """
    side = case.contrast
    seen = sides(side.case)
    train, made, fresh = (seen[name] for name in ("train", "synthetic", "holdout"))
    m = min(len(made), len(fresh), most or len(made))
    n = min(len(train), most or len(train))
    if min(m, n) < fewest:
        raise NotApplicable("TOO_FEW_ROWS", f"{min(m, n)} rows on a side; this score needs {fewest}")
    rng = case.rng.child(code)
    base = train[next(draws(rng.child("train"), len(train), n, 1))]
    chosen = list(draws(rng.child("synthetic"), len(made), m, times))
    real = list(draws(rng.child("fresh"), len(fresh), m, times))
    first = made[chosen[0]]
    pooled = np.concatenate([train, fresh])
    n_split = min(n, len(pooled) - m)
    parts = (
        ((base, made[rows]) for rows in chosen),
        ((base, fresh[rows]) for rows in real),
        ((base[a], first[b]) for a, b in half_samples(rng, n, m, spreads)),
        ((pooled[a], pooled[b]) for a, b in resplits(rng, len(pooled), n_split, m, spreads)),
        () if most or len(made) == m else ((base, made),),
    )
    scored = _together(score, parts) if isinstance(score, Together) else [_scores(score, pairs) for pairs in parts]
    found, expected, halves, noise, whole = scored
    return Measured(
        side=side,
        n={"train": n, "synthetic": m, side.kind: m},
        values=_mean(found, axis=0),
        references=_mean(expected, axis=0),
        sds=_spread(halves),
        noises=_spread(noise),
        value=float(np.mean(_mean(found, axis=1))),
        reference=float(np.mean(_mean(expected, axis=1))),
        sd=float(_spread(_mean(halves, axis=1)[:, None])[0]),
        noise=float(_spread(_mean(noise, axis=1)[:, None])[0]),
        full=whole[0] if len(whole) else None,
    )


def _scores(score: Score, pairs: Iterable[Pair]) -> Floats:
    """Return the score of each pair of tables, ``(pairs, parts)``."""
    return np.array([np.atleast_1d(score(a, b)) for a, b in pairs], dtype=np.float64)


def _together(score: Together, parts: Iterable[Iterable[Pair]]) -> list[Floats]:
    """Return the scores of groups of pairs, all found in one call."""
    groups = [list(pairs) for pairs in parts]
    found = score.all([pair for group in groups for pair in group])
    found = found.reshape(len(found), -1)
    return np.split(found, np.cumsum([len(group) for group in groups])[:-1])


def _mean(scores: Floats, axis: int) -> Floats:
    """Return the mean of the scores that are defined, 0 where none is."""
    known = ~np.isnan(scores)
    return np.asarray(np.where(known, scores, 0.0).sum(axis=axis) / np.maximum(known.sum(axis=axis), 1))


def _spread(scores: Floats) -> Floats:
    """Return the standard deviation over draws of the scores that are defined."""
    known = ~np.isnan(scores)
    apart = np.where(known, scores - _mean(scores, axis=0), 0.0)
    return np.asarray(np.sqrt((apart**2).sum(axis=0) / np.maximum(known.sum(axis=0) - 1, 1)))


def points(case: Case) -> dict[str, Floats]:
    """Return the three tables as points of the case's embedding."""
    return {name: case.embedded.side(name) for name in ("train", "synthetic", "holdout")}
