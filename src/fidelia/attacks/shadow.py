"""Shadow models: the generator is refitted with and without chosen rows, and learns an attacker what each row leaves.

Half of the chosen rows are members, half unseen; the shadows treat both alike, so that the attack on the synthetic
rows at hand is a fair one. The shadows also attack each other: that tests the generator rather than one release.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from fidelia.attacks.epsilon import release_bound, told
from fidelia.attacks.membership import candidates, caveats, guess, log_ratio, sizes
from fidelia.attacks.scored import Bound, Scored, alarm, audited
from fidelia.data.table import one_chunk
from fidelia.errors import NotApplicable
from fidelia.measure.result import Caveat, Reference, Result
from fidelia.measure.space.neighbors import search

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.measure.case import Case

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

SHADOWS = 16
CANARIES = 500
MOST_ROWS = 5_000
FEWEST = 5


@dataclass(frozen=True, slots=True, eq=False)
class Shadows:
    """What the attack saw of each canary, members of the real train table first.

    Parameters
    ----------
    inside : (shadows, canaries) bool
        Which canaries each shadow was fitted with.
    signals : (shadows, canaries) float64
        Normal scores of how near each canary the shadow's synthetic rows lie.
    release : (canaries,) float64
        The same for the synthetic rows at hand.
    rows : int
        Train rows of a shadow.
    """

    inside: Mask
    signals: Floats
    release: Floats
    rows: int

    @property
    def on_release(self) -> Scored:
        """The attack on the synthetic rows at hand."""
        scores = likelihood_ratio(self.signals, self.inside, self.release)
        half = len(scores) // 2
        return Scored("shadow models", scores[:half], scores[half:])

    @property
    def on_generator(self) -> Scored:
        """Every shadow attacked by the others: who was in it?"""
        keep = ~np.eye(len(self.signals), dtype=bool)
        scores = np.array(
            [likelihood_ratio(self.signals[k], self.inside[k], s) for k, s in zip(keep, self.signals, strict=True)]
        )
        return Scored("shadow models", scores[self.inside], scores[~self.inside])


def likelihood_ratio(signals: Floats, inside: Mask, seen: Floats) -> Floats:
    """Return log N(seen; in) - log N(seen; out) of each canary, with one variance for all, as few shadows demand.

    Parameters
    ----------
    signals : (shadows, canaries) float64
    inside : (shadows, canaries) bool
    seen : (canaries,) float64

    Returns
    -------
    (canaries,) float64
        0 where a canary was in all shadows or in none.

    References
    ----------
    Carlini et al. (2022), Membership Inference Attacks From First Principles, IEEE S&P, arXiv 2112.03570, section 5.
    """
    counts = inside.sum(axis=0), (~inside).sum(axis=0)
    means = [
        np.divide(np.where(part, signals, 0).sum(axis=0), count, out=np.zeros(signals.shape[1]), where=count > 0)
        for part, count in zip((inside, ~inside), counts, strict=True)
    ]
    variance = float(np.mean((signals - np.where(inside, means[0], means[1])) ** 2))
    ratio = ((seen - means[1]) ** 2 - (seen - means[0]) ** 2) / (2 * max(variance, 1e-12))
    return np.where((counts[0] > 0) & (counts[1] > 0), ratio, 0.0)


def shadows(case: Case) -> Shadows:
    """Return the refits of this case's generator, made once.

    Raises
    ------
    NotApplicable
        ``NEEDS_GENERATOR``, ``NEEDS_HOLDOUT``, ``TOO_FEW_ROWS``.
    """
    if case.generator is None:
        raise NotApplicable("NEEDS_GENERATOR", "shadow models refit the generator; give the case one")
    return case.once("attacks/shadows", _refitted)


def _refitted(case: Case) -> Shadows:
    """Fit every shadow on train rows that are no canaries and on a random half of the canaries.

    A shadow gives as many synthetic rows per train row as the release has, so that a row leaves as many traces.
    """
    pool, base, canaries = _canaries(case)
    draw = case.rng.child("shadow/inside").generator()
    inside = draw.random((SHADOWS, len(canaries))) < 0.5
    rows = len(base) + len(canaries) // 2
    n = int(np.clip(round(rows * len(case.synthetic) / len(case.train)), 1, 2 * MOST_ROWS))
    embedding = case.embedded.embedding
    points = embedding.transform(pool.take(canaries))
    reference = case.embedded.side("holdout")[candidates(case).reference]
    away = search(points, reference, 1).distance[:, 0]
    assert case.generator is not None
    signals = []
    for i, mask in enumerate(inside):
        chosen = np.sort(np.concatenate([base, canaries[mask]]))
        made = case.generator(pool.take(chosen), n, case.rng.child(f"shadow/{i}"))
        signals.append(_signal(embedding.transform(made), points, away))
    return Shadows(inside, np.array(signals), _signal(case.embedded.synthetic, points, away), rows)


def _canaries(case: Case) -> tuple[Table, Ints, Ints]:
    """Return all real rows, and positions there of the rows of every shadow and of the canaries, members first."""
    chosen, rows = candidates(case), case.embedded.rows
    draw = case.rng.child("shadow/canaries").generator()
    size = min(CANARIES, len(chosen.members) // 2, len(chosen.others))
    if size < FEWEST:
        raise NotApplicable("TOO_FEW_ROWS", f"{size} canaries on each side; the audit needs {FEWEST}")
    members = rows["train"][draw.permutation(chosen.members)[:size]]
    others = rows["holdout"][draw.permutation(chosen.others)[:size]] + len(case.train)
    rest = np.setdiff1d(np.arange(len(case.train)), members)
    base = np.sort(draw.permutation(rest)[:MOST_ROWS])
    return _stacked(case.train, case.unseen), base, np.concatenate([members, others])


def _stacked(first: Table, second: Table) -> Table:
    """Return the rows of both tables, in the column types of the first."""
    arrays = {}
    for name in first.schema.names:
        above, below = (
            column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
            for column in (first[name], second[name])
        )
        arrays[name] = one_chunk(pa.chunked_array([above, below.cast(above.type)]))
    return first.with_arrow(pa.table(arrays))


def _signal(made: Floats, points: Floats, away: Floats) -> Floats:
    """Return the ranks of log d(x, reference) - log d(x, made) as normal scores, alike for tables of any size."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    near = search(points, made, 1).distance[:, 0]
    score = log_ratio(away, near)
    return np.asarray(ndtri(rankdata(score) / (len(score) + 1)))


def shadow_audit(case: Case) -> Result:
    """PRV11: membership by likelihood ratios that refits of the generator calibrate row by row (LiRA)."""
    found = shadows(case)
    attack, general = found.on_release, found.on_generator
    bound = audited([general], case.rng.child("PRV11"))
    return Result(
        value=attack.auc.value,
        interval=attack.interval,
        reference=guess(attack),
        n={**sizes(case), "train": len(attack.members), "holdout": len(attack.others)},
        caveats=(*caveats(case), *_smaller(case, found)),
        breakdown={
            **attack.alarm(),
            "shadows": len(found.signals),
            "lines": [attack.line(), {**general.line(), "name": "shadow models on each other"}],
            "generator": {**general.alarm(), "epsilon": bound.value, **told(bound)},
        },
    )


def _smaller(case: Case, found: Shadows) -> tuple[Caveat, ...]:
    if found.rows >= 0.9 * len(case.train):
        return ()
    text = (
        f"Shadows learn from {found.rows:,} rows, the generator from {len(case.train):,}: they may leak more or less."
    )
    return (Caveat("SMALLER_SHADOWS", text),)


def consistency(case: Case) -> Result:
    """PRV19: by how much the audited lower bound exceeds the privacy loss that the generator claims.

    The larger of two bounds, each at 97.5 %: of the release at hand (PRV09) and, where the generator is at hand, of
    its shadows (PRV11). The claim is read as pure: a delta far below one over the rows judged is nothing beside them.
    """
    if case.epsilon is None:
        raise NotApplicable("NEEDS_EPSILON", "no epsilon is claimed, so that there is nothing to contradict")
    bounds = {"release": release_bound(case, level=0.975)}
    if case.generator is not None:
        bounds["generator"] = audited([shadows(case).on_generator], case.rng.child("PRV19"), level=0.975)
    best = max(bounds, key=lambda name: bounds[name].value)
    bound, claimed = bounds[best], case.epsilon
    value, high = (max(0.0, end - claimed) for end in (bound.value, bound.high))
    return Result(
        value=value,
        interval=(value, high),
        reference=Reference(0.0, 0.0, bound.others, "holdout"),
        n=sizes(case),
        caveats=caveats(case),
        breakdown={
            **alarm(bound.value - claimed, (bound.value - claimed, bound.high - claimed)),
            "claimed": claimed,
            "audited": bound.value,
            "lines": [_line(name, each) for name, each in bounds.items()],
        },
    )


def _line(name: str, bound: Bound) -> dict[str, object]:
    return {"name": name, "epsilon": bound.value, **told(bound)}
