"""Distances to the closest record: are synthetic rows nearer to train than to rows that nobody has seen?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.attacks.scored import ONE_LAW, alarm
from fidelia.errors import NotApplicable
from fidelia.measure.result import Caveat, Reference, Result
from fidelia.measure.space.caveats import subsampled
from fidelia.measure.statistics.intervals import normal
from fidelia.measure.statistics.resampling import DRAWS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.space.neighbors import Near

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MOST = 10_000
PARTS = 4
LOW = 0.05
LEVELS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.95)
NO_EVIDENCE = Caveat(
    "NOT_PRIVACY_EVIDENCE",
    "Distances to the closest record can show copying; that they show none is no evidence of privacy.",
)


def dcr_share(case: Case) -> Result:
    """PRV02: the share of synthetic rows nearer to train than to an equally large holdout; ties count one half.

    The larger side is subsampled to the size of the smaller, five times. The standard error adds the draw of the
    synthetic rows and of the holdout (rows that share their nearest holdout row stand or fall together) and the draw
    of the train rows (the spread over subsamples, or the same clustering where there is but one).
    """
    if min(len(case.unseen), len(case.synthetic), len(case.train)) < 2:
        raise NotApplicable("TOO_FEW_ROWS", "the share needs two rows in each table")
    near, points = case.neighbors, case.embedded
    sizes = {side: len(points.side(side)) for side in ("train", "holdout")}
    equal = min(sizes.values())
    rng = case.rng.child("PRV02").generator()
    wins, ties, spreads = [], [], []
    for _ in range(DRAWS if max(sizes.values()) > equal else 1):
        picks = {side: np.sort(rng.choice(n, equal, replace=False)) for side, n in sizes.items()}
        train, holdout = (near.nearest_of("synthetic", side, picks[side]) for side in ("train", "holdout"))
        gap = train.distance[:, 0] - holdout.distance[:, 0]
        wins.append((gap < 0) + (gap == 0) / 2)
        ties.append(gap == 0)
        spreads.append(max(_clustered(wins[-1], each.index[:, 0]) for each in (train, holdout)))
    value, tied = float(np.mean(wins)), float(np.mean(ties))
    sd = _sd(np.array(wins), near.near("synthetic", "holdout").index[:, 0], equal / max(sizes.values()), spreads)
    low, high = normal(value, sd, 0.0, 1.0)
    return Result(
        value=value,
        interval=(low, high),
        reference=Reference(0.5, sd, equal, "holdout"),
        n={"train": equal, "synthetic": len(points.synthetic), "holdout": equal},
        caveats=(NO_EVIDENCE, *subsampled(case)),
        breakdown={
            **alarm(value - 0.5, (low - 0.5, high - 0.5)),
            "ties": tied,
            "closer_to_train": value - tied / 2,
            "closer_to_holdout": 1 - value - tied / 2,
            "highest": (1 + equal / sizes["train"]) / 2,
        },
    )


def _sd(wins: Floats, nearest: NDArray[np.int64], part: float, spreads: list[float]) -> float:
    """Return the standard error of the mean win; `part` is the share of the larger side in each draw.

    With one draw both real samples vary: two clusterings, of which each holds the draw of the synthetic rows.
    """
    least = 0.5 / len(wins[0])
    if len(wins) == 1:
        return max(least, float(np.sqrt(2) * spreads[0]))
    clustered = _clustered(wins.mean(axis=0), nearest) ** 2
    between = wins.mean(axis=1).var(ddof=1)
    return max(least, float(np.sqrt(clustered + between * (1 / len(wins) + part / (1 - part)))))


def _clustered(win: Floats, cluster: NDArray[np.int64]) -> float:
    """Return the standard error of a mean over rows of which those of one cluster go together."""
    moved = np.bincount(cluster, weights=win - win.mean())
    return float(np.sqrt((moved**2).sum()) / len(win))


@dataclass(frozen=True, slots=True, eq=False)
class Closest:
    """The two nearest train rows and the two nearest unseen rows of each synthetic row, in equal numbers.

    Parameters
    ----------
    rows : (n,) int64
        The synthetic points that are searched for.
    train : tuple of Near
        In up to four disjoint parts of train, each as large as the unseen rows, so that most of train counts.
    unseen : Near
        In the holdout.
    fresh : Near
        Of holdout rows in the first part of train: what fresh real rows get.
    equal : int
        Rows searched in each.
    """

    rows: Ints
    train: tuple[Near, ...]
    unseen: Near
    fresh: Near
    equal: int


def closest(case: Case) -> Closest:
    """Return the nearest rows on both sides, searched once for every score of them.

    Raises
    ------
    NotApplicable
        ``NEEDS_HOLDOUT``, ``TOO_FEW_ROWS``.
    """
    return case.once("attacks/closest", _closest)


def _closest(case: Case) -> Closest:
    if min(len(case.unseen), len(case.synthetic), len(case.train)) < 3:
        raise NotApplicable("TOO_FEW_ROWS", "the two closest records need three rows in each table")
    points, near, rng = case.embedded, case.neighbors, case.rng.child("closest")
    train, unseen, made = (
        rng.child(side).generator().permutation(len(points.side(side))) for side in ("train", "holdout", "synthetic")
    )
    equal = min(len(train), len(unseen))
    parts = [np.sort(train[i : i + equal]) for i in range(0, len(train) - equal + 1, equal)][:PARTS]
    rows, unseen = np.sort(made[:MOST]), np.sort(unseen[:equal])
    return Closest(
        rows,
        tuple(near.between("synthetic", rows, "train", part, 2) for part in parts),
        near.between("synthetic", rows, "holdout", unseen, 2),
        near.between("holdout", np.sort(unseen[:MOST]), "train", parts[0], 2),
        equal,
    )


def distance_to_closest(case: Case) -> Result:
    """PRV01: the 5 % quantile of the distance to the closest train row, beside that to the closest unseen row."""
    return _lowest(case, "dcr", lambda near: near.distance[:, 0])


def distance_ratio(case: Case) -> Result:
    """PRV03: the 5 % quantile of nearest over second nearest distance, in train beside unseen rows.

    A row that repeats one person's is far nearer to it than to anybody else's: ratio 0. Where both distances are 0
    the ratio is 1, because the row is nobody's own.
    """
    return _lowest(case, "nndr", _nearest_ratio)


def _nearest_ratio(near: Near) -> Floats:
    first, second = near.distance[:, 0], near.distance[:, 1]
    return np.divide(first, second, out=np.ones_like(first), where=second > 0)


def _lowest(case: Case, name: str, score: Callable[[Near], Floats]) -> Result:
    """Compare the low end of a score in train with that in unseen rows.

    The excess is the share of rows below a common threshold (the 5 % quantile of both) in train minus that in unseen
    rows. Rows that share their nearest row stand or fall together, on both sides.
    """
    found = closest(case)
    seen, unseen = np.array([score(near) for near in found.train]), score(found.unseen)
    threshold = np.quantile(np.concatenate([seen.ravel(), np.tile(unseen, len(seen))]), LOW)
    below, control = seen <= threshold, unseen <= threshold
    least = 0.5 / len(unseen)
    sd_seen = max(least, _spread(below, [near.index[:, 0] for near in found.train]))
    sd_unseen = max(least, _spread(control[None], [found.unseen.index[:, 0]]))
    excess = float(below.mean() - control.mean())
    low, value, high = _quantiles(seen, sd_seen)
    down, reference, up = _quantiles(unseen, sd_unseen)
    return Result(
        value=value,
        interval=(low, high),
        reference=Reference(reference, (up - down) / 3.92, found.equal, "holdout"),
        n={"train": found.equal * len(seen), "synthetic": len(found.rows), "holdout": found.equal},
        caveats=(NO_EVIDENCE, ONE_LAW, *subsampled(case), *_sampled(case, found)),
        breakdown={
            **alarm(excess, normal(excess, float(np.hypot(sd_seen, sd_unseen)))),
            "closer_in_train": float(below.mean()),
            "closer_in_holdout": float(control.mean()),
            "lines": _lines(seen, unseen, score(found.fresh)),
        },
        rows=_by_row(case, found, name, seen.min(axis=0), unseen),
    )


def _spread(low: NDArray[np.bool_], nearest: list[Ints]) -> float:
    """Return the standard error of a share over parts and rows, of which those of one nearest row go together."""
    moved = [
        np.bincount(index, weights=part - part.mean()) / (part.size * len(low))
        for part, index in zip(low.astype(float), nearest, strict=True)
    ]
    return float(np.sqrt(sum((part**2).sum() for part in moved)))


def _quantiles(scores: Floats, sd: float) -> tuple[float, float, float]:
    """Return the 5 % quantile between its 95 % ends; `sd` is the standard error of the share below it."""
    ends = np.clip(normal(LOW, sd), 0.0, 1.0)
    low, value, high = np.quantile(scores, [ends[0], LOW, ends[1]])
    return float(low), float(value), float(high)


def _lines(seen: Floats, unseen: Floats, fresh: Floats) -> list[dict[str, Any]]:
    """Return quantiles that at least ten rows stand behind."""
    fewest = min(len(unseen), len(fresh))
    shown = [level for level in LEVELS if min(level, 1 - level) * fewest >= 10]
    return [
        {
            "name": f"{level:.0%} quantile",
            "to_train": float(np.quantile(seen, level)),
            "to_holdout": float(np.quantile(unseen, level)),
            "holdout_to_train": float(np.quantile(fresh, level)),
        }
        for level in shown
    ]


def _sampled(case: Case, found: Closest) -> tuple[Caveat, ...]:
    if len(found.rows) == len(case.synthetic) and found.equal * len(found.train) == len(case.train):
        return ()
    text = (
        f"Searched for are {len(found.rows):,} synthetic rows, in {len(found.train)} parts of train of {found.equal:,} "
        f"rows each and in as many holdout rows."
    )
    return (Caveat("ATTACK_SAMPLE", text),)


def _by_row(case: Case, found: Closest, name: str, seen: Floats, unseen: Floats) -> dict[str, Floats]:
    out = {}
    for side, scores in (("train", seen), ("holdout", unseen)):
        part = np.full(len(case.embedded.synthetic), np.nan)
        part[found.rows] = scores
        out[f"synthetic.{name}_{side}"] = case.aligned("synthetic", part)
    return out
