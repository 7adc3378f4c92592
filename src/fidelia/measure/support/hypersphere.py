"""Alpha-precision and beta-recall by balls: around one centre or around several.

`Balls` around one centre has closed forms, and is blind to whatever preserves distances to the centre (two modes
turned about their middle score as well as real rows). Several centres by mini-batch k-means see that. The score of a
row is its distance to the nearest centre over that cluster's spread, since an unscaled distance takes what surrounds
a tight cluster for typical wherever another cluster is wide. Several centres are fitted on one half of the rows and
calibrated on the other, because rows lie closer to centres that they have moved.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.measure.result import Result
from fidelia.measure.statistics.resampling import DRAWS, draws
from fidelia.measure.support.alpha_beta import Scored, line, precision
from fidelia.measure.support.level_set import as_bytes
from fidelia.measure.support.levels import Levels, Score, integrate, levels
from fidelia.measure.support.local_coverage import local_coverage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.space.embed import Embedded
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

CENTRES = 10
LOCAL_K = 5
MOST_FIT = 5_000
FEWEST = 20  # rows a cluster must have on average
SHRINK = 5  # rows of the common spread that are added to each cluster's own


@dataclass(frozen=True, slots=True, eq=False)
class Balls:
    """Balls around centres, each measured in its own spread.

    Parameters
    ----------
    centres : (c, d) float64
    spreads : (c,) float64
        Root mean squared distance of a cluster's rows to its centre, drawn a little towards that of all.
    """

    centres: Floats
    spreads: Floats

    @classmethod
    def fit(cls, rows: Floats, centres: int, rng: Rng) -> Balls:
        """Fit one ball around the mean, or several by mini-batch k-means, with at least 20 rows each on average.

        Parameters
        ----------
        rows : (n, d) float64
            At most 5,000 of them are clustered.
        """
        if centres > 1:
            rows = rows[next(draws(rng, len(rows), MOST_FIT, 1))]
            centres = min(centres, len(np.unique(as_bytes(rows))) // FEWEST)
        if centres <= 1:
            return cls(rows.mean(axis=0)[None], np.ones(1))
        middle = _clustered(rows, centres, rng.integer())
        nearest, distance = _nearest(middle, rows)
        size = np.bincount(nearest, minlength=centres)
        squared = np.bincount(nearest, weights=distance**2, minlength=centres)
        spreads = np.sqrt((squared + SHRINK * squared.sum() / size.sum()) / (size + SHRINK))
        return cls(middle, np.maximum(spreads, 1e-12))

    def scores(self, rows: Floats) -> Floats:
        """Return how far each row lies from its nearest centre, ``(n,)``, in that cluster's spread."""
        from scipy.spatial.distance import cdist

        if len(self.centres) == 1:
            return np.asarray(np.linalg.norm(rows - self.centres[0], axis=1))
        return np.asarray((cdist(rows, self.centres) / self.spreads).min(axis=1))


def _clustered(rows: Floats, centres: int, seed: int) -> Floats:
    from sklearn.cluster import MiniBatchKMeans

    found = MiniBatchKMeans(centres, random_state=seed, n_init=2, batch_size=1024).fit(rows)
    return np.asarray(found.cluster_centers_, dtype=np.float64)


def _nearest(centres: Floats, rows: Floats) -> tuple[Ints, Floats]:
    from scipy.spatial.distance import cdist

    apart = cdist(rows, centres)
    nearest = apart.argmin(axis=1)
    return nearest, apart[np.arange(len(rows)), nearest]


def ball_levels(support: Floats, scored: Iterable[Floats], centres: int, rng: Rng) -> list[Levels]:
    """Return the levels of sets of rows within balls around `support`.

    One centre is calibrated on the rows that it is the mean of, which moves levels by about 1 / n; several are fitted
    on a random half of them and calibrated on the other.

    Parameters
    ----------
    support : (n, d) float64
    scored : iterable of (m, d) float64
    """
    if centres == 1:
        balls, own = Balls.fit(support, 1, rng), support
    else:
        order = rng.child("halves").generator().permutation(len(support))
        balls = Balls.fit(support[order[: len(order) // 2]], centres, rng)
        own = support[order[len(order) // 2 :]]
    calibration = balls.scores(own)
    return [levels(balls.scores(rows), calibration) for rows in scored]


def hypersphere_precision(case: Case, *, centres: int = 1) -> Result:
    """FID17: alpha-precision by the distance to the mean of train, or to the nearest of several centres.

    Parameters
    ----------
    centres : int
        More than one: mini-batch k-means, split-calibrated. The catalogue's line has one, and ten beside it.
    """
    points = case.contrast.case.embedded
    rng = case.rng.child("FID17")
    sides = points.synthetic, points.side("holdout")
    found, real = ball_levels(points.train, sides, centres, rng)
    whole = found
    if case.contrast.case is not case:
        (whole,) = ball_levels(case.embedded.train, [case.embedded.synthetic], centres, rng)
    balls = Balls.fit(points.train, centres, rng)
    test = levels(*(balls.scores(rows) for rows in sides))
    lines = [_precision_line(c, *ball_levels(points.train, sides, c, rng), rng=rng) for c in _variants(centres)]
    name = _name(centres)
    return precision(case, "FID17", name, (found, real), whole=whole, test=test, lines=lines)


def _variants(centres: int) -> tuple[int, ...]:
    return tuple(dict.fromkeys((1, CENTRES, centres)))


def _name(centres: int) -> str:
    return "hypersphere" if centres == 1 else f"hypersphere, {centres} centres"


def _precision_line(centres: int, found: Levels, real: Levels, *, rng: Rng) -> dict[str, Any]:
    m = min(len(found.low), len(real.low))
    value, reference = (
        integrate(each.take(rows) for rows in draws(rng.child(name), len(each.low), m))
        for name, each in (("synthetic", found), ("fresh", real))
    )
    return line(_said(centres), value, reference)


def _said(centres: int) -> str:
    return "one centre" if centres == 1 else f"{centres} centres"


def hypersphere_recall(case: Case, *, centres: int = 1, local_k: int | None = None) -> Result:
    """DIV02: beta-recall by the distance to the mean of the synthetic rows, or to the nearest of several centres.

    Parameters
    ----------
    centres : int
        More than one: mini-batch k-means, split-calibrated. The catalogue's line has one, and ten beside it.
    local_k : int or None
        With a number: the paper's recall, whose bias `local_coverage` describes; it keeps to one centre.
    """
    points = case.contrast.case.embedded
    rng = case.rng.child("DIV02")
    m = min(len(points.synthetic), len(points.side("holdout")))
    if local_k:
        value, reference = local_coverage(case, local_k)
        m = round(value.n_eff * 2)
    else:
        value, reference = _recalled(points, m, centres, rng, DRAWS)
    (whole,) = ball_levels(case.embedded.synthetic, [case.embedded.train], centres, rng)
    lines = [line(_said(c), *_recalled(points, m, c, rng, 1)) for c in _variants(centres)]
    if min(m, len(points.train)) > LOCAL_K:
        lines.append(line(f"local coverage, k = {LOCAL_K}", *local_coverage(case, LOCAL_K)))
    return Scored(
        f"local coverage, k = {local_k}" if local_k else _name(centres),
        value,
        reference,
        m,
        _split(points.synthetic, points.side("holdout"), centres, rng),
        whole,
        {"train.beta": case.aligned("train", whole.rows)},
        lines,
    ).result(case, "R_1")


def _recalled(points: Embedded, m: int, centres: int, rng: Rng, times: int) -> tuple[Score, Score]:
    """Return the scores of train rows among m synthetic rows, and among m fresh real ones."""
    synthetic, fresh = (
        integrate(
            ball_levels(points.side(of)[rows], [points.train], centres, rng)[0]
            for rows in draws(rng.child(of), len(points.side(of)), m, times)
        )
        for of in ("synthetic", "holdout")
    )
    return synthetic, fresh


def _split(synthetic: Floats, fresh: Floats, centres: int, rng: Rng) -> Levels:
    """Return the levels of fresh real rows: balls around one half of the synthetic rows, calibrated on the other."""
    order = rng.child("split").generator().permutation(len(synthetic))
    half = len(order) // 2
    balls = Balls.fit(synthetic[order[:half]], centres, rng)
    return levels(balls.scores(fresh), balls.scores(synthetic[order[half:]]))
