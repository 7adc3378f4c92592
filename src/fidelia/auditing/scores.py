"""The scores that verdicts rest on: every synthetic row beside its nearest real rows, and fresh rows likewise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.authenticity.ratio import ratio
from fidelia.measure.space.neighbors import Near, search
from fidelia.measure.support.level_set import NEIGHBOUR
from fidelia.measure.support.levels import levels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.progress import Tick

    Floats = NDArray[np.float64]

CHUNK = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Distances of rows to the real tables, on one scale.

    Parameters
    ----------
    near : Near
        The nearest train points of each of the M synthetic rows.
    nearest : (M,) int64
        Row in train of the very nearest.
    alpha : (M,) float
        Share of train rows that are more typical, each by its distance to its k-th nearest other train row.
    depth, fresh_depth : (M,) and (n,) float
        Distance to the k-th nearest train row, of synthetic rows and of fresh real rows: large off the support.
    ratio, fresh_ratio : (M,) and (n,) float, or None without a holdout
        Authenticity ratio, small for copies.
    unseen : (M,) float or None
        Distance to the nearest holdout row.
    density : (M,) float
        Synthetic over real density near the row; NaN for rows beyond the largest tables that are searched.
    searched : int
        How many train rows were searched.
    """

    near: Near
    nearest: NDArray[np.int64]
    alpha: Floats
    depth: Floats
    fresh_depth: Floats
    ratio: Floats
    fresh_ratio: Floats | None
    unseen: Floats | None
    density: Floats
    searched: int


def searches(case: Case) -> list[tuple[str, str]]:
    """Return what an audit searches for in what: by far most of its work."""
    found = [(of, among) for among in ("train", "synthetic") for of in case.embedded.rows]
    return found if case.holdout is None else [*found, ("synthetic", "holdout")]


def scores(case: Case, tick: Tick) -> Scores:
    """Score all synthetic rows, also where the metrics work on a subsample; `tick` is called once per search.

    Fresh rows are the holdout; without one, train rows each left out in turn stand for them in `fresh_depth`.
    """
    near, points = case.neighbors, case.embedded
    for of, among in searches(case):
        near.near(of, among)
        tick(1)
    found, own = _all_rows(case), near.near("train", "train")
    fresh = own if case.holdout is None else near.near("holdout", "train")
    k = min(NEIGHBOUR, own.distance.shape[1]) - 1
    unseen = None if case.holdout is None else case.aligned("synthetic", near.radius("synthetic", "holdout", 1))
    sizes = len(points.synthetic), len(points.train)
    ratios = density(near.near("synthetic", "synthetic"), near.near("synthetic", "train"), sizes)
    return Scores(
        near=found,
        nearest=points.rows["train"][found.index[:, 0]],
        alpha=levels(found.distance[:, k], own.distance[:, k]).rows,
        depth=found.distance[:, k],
        fresh_depth=fresh.distance[:, k],
        ratio=ratio(found, own),
        fresh_ratio=None if case.holdout is None else ratio(fresh, own),
        unseen=unseen,
        density=case.aligned("synthetic", ratios),
        searched=len(points.train),
    )


def density(made: Near, real: Near, sizes: tuple[int, int]) -> Floats:
    """Return how many times as dense the synthetic rows are about some rows as the train rows.

    Counted in the ball that holds the 16 nearest rows of both tables together, with half a row added to each, so that
    the ratio lies between about 1 / 33 and 33 in tables of equal size.

    Parameters
    ----------
    made, real : Near
        The nearest synthetic and the nearest train points of each row.
    sizes : (int, int)
        Synthetic and train rows searched.

    References
    ----------
    Loftsgaarden and Quesenberry (1965), Annals of Mathematical Statistics 36, 1049-1051.
    """
    k = made.distance.shape[1]
    reach = np.partition(np.hstack([made.distance, real.distance]), k - 1, axis=1)[:, [k - 1]]
    inside = [((near.distance <= reach) & np.isfinite(near.distance)).sum(axis=1) + 0.5 for near in (made, real)]
    return np.asarray(inside[0] / inside[1] * sizes[1] / sizes[0])


def _all_rows(case: Case) -> Near:
    """The nearest train points of every synthetic row: the shared search, and the rows that it left out."""
    embedded, done = case.embedded, case.neighbors.near("synthetic", "train")
    rows = embedded.rows["synthetic"]
    if len(rows) == len(case.synthetic):
        return done
    rest = np.setdiff1d(np.arange(len(case.synthetic)), rows)
    k = done.distance.shape[1]
    distance, index = np.empty((len(case.synthetic), k)), np.empty((len(case.synthetic), k), dtype=np.int64)
    distance[rows], index[rows] = done.distance, done.index
    for start in range(0, len(rest), CHUNK):
        part = rest[start : start + CHUNK]
        found = search(embedded.embedding.transform(case.synthetic.take(part)), embedded.train, k)
        distance[part], index[part] = found.distance, found.index
    return Near(distance, index)
