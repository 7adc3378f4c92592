"""The scores that verdicts rest on: every synthetic row beside its nearest real rows, and fresh rows likewise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.authenticity.ratio import ratio
from fidelia.measure.space.embed import embed
from fidelia.measure.space.neighbors import Near, Neighbors, search
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
    source : Near
        The same among all train rows, also those that trained the embedding: what a row may be a copy of.
    nearest : (M,) int64
        Row in train of the very nearest of those.
    alpha : (M,) float
        Share of train rows that are more typical, each by its distance to its k-th nearest other train row.
    depth, fresh_depth : (M,) and (n,) float
        Distance to the k-th nearest train row, of synthetic rows and of fresh real rows: large off the support.
    ratio : (M,) float
        Authenticity ratio, small for copies.
    searched : int
        How many train rows were searched.
    """

    near: Near
    source: Near
    nearest: NDArray[np.int64]
    alpha: Floats
    depth: Floats
    fresh_depth: Floats
    ratio: Floats
    searched: int


@dataclass(frozen=True, slots=True, eq=False)
class Around:
    """What else lies around the M synthetic rows: shown beside the verdicts, which do not rest on it.

    Parameters
    ----------
    unseen : (M,) float or None
        Distance to the nearest holdout row.
    density : (M,) float
        Synthetic over real density near the row; NaN for rows beyond the largest tables that are searched.
    """

    unseen: Floats | None
    density: Floats


def searches(case: Case) -> list[tuple[str, str]]:
    """Return what an audit searches for in what: by far most of its work."""
    found = [(of, among) for among in ("train", "synthetic") for of in case.embedded.rows]
    return found if case.holdout is None else [*found, ("synthetic", "holdout")]


def _searched(case: Case, tick: Tick, *, train: bool) -> None:
    for of, among in searches(case):
        if (among == "train") == train:
            case.neighbors.near(of, among)
            tick(1)


def scores(case: Case, tick: Tick) -> Scores:
    """Score all synthetic rows, also where the metrics work on a subsample; `tick` is called once per search.

    Fresh rows are the holdout; without one, train rows each left out in turn stand for them in `fresh_depth`. All
    searches are among train rows.
    """
    near = case.neighbors
    _searched(case, tick, train=True)
    found, own = _all_rows(case, near), near.near("train", "train")
    fresh = own if case.holdout is None else near.near("holdout", "train")
    space = copied(case)
    source = found if space is near else _all_rows(case, space)
    k = min(NEIGHBOUR, own.distance.shape[1]) - 1
    return Scores(
        near=found,
        source=source,
        nearest=space.embedded.rows["train"][source.index[:, 0]],
        alpha=levels(found.distance[:, k], own.distance[:, k]).rows,
        depth=found.distance[:, k],
        fresh_depth=fresh.distance[:, k],
        ratio=ratio(source, space.near("train", "train")),
        searched=len(space.embedded.train),
    )


def around(case: Case, tick: Tick) -> Around:
    """Search the other tables around the synthetic rows; `tick` is called once per search."""
    _searched(case, tick, train=False)
    near, points = case.neighbors, case.embedded
    unseen = None if case.holdout is None else case.aligned("synthetic", near.radius("synthetic", "holdout", 1))
    sizes = len(points.synthetic), len(points.train)
    ratios = density(near.near("synthetic", "synthetic"), near.near("synthetic", "train"), sizes)
    return Around(unseen, case.aligned("synthetic", ratios))


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


def copied(case: Case) -> Neighbors:
    """Return the searches in which copies are sought.

    A row may be a copy of one that trained the embedding, which other metrics do not search. That such rows lie
    otherwise than fresh ones shifts synthetic and holdout rows alike, so that flags still hold.
    """
    return case.once("audit/copied", _among_all) if case.embedded.fitted else case.neighbors


def _among_all(case: Case) -> Neighbors:
    return Neighbors(embed(case, all_train=True))


def _all_rows(case: Case, near: Neighbors) -> Near:
    """The nearest train points of every synthetic row: the shared search, and the rows that it left out."""
    embedded, done = near.embedded, near.near("synthetic", "train")
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
