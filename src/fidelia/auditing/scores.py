"""The scores that verdicts rest on: every synthetic row beside its nearest train rows, and fresh rows likewise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.authenticity.ratio import ratio
from fidelia.measure.space.neighbors import Near, search

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case

    Floats = NDArray[np.float64]

K = 5
CHUNK = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Distances of rows to the train table, on one scale.

    Parameters
    ----------
    nearest : (M,) int64
        Position in train of each synthetic row's nearest train row.
    distance : (M,) float
        How far that is.
    depth, fresh_depth : (M,) and (n,) float
        Distance to the k-th nearest train row, of synthetic rows and of fresh real rows: large off the support.
    ratio, fresh_ratio : (M,) and (n,) float, or None without a holdout
        Authenticity ratio, small for copies.
    searched : int
        How many train rows were searched.
    """

    nearest: NDArray[np.int64]
    distance: Floats
    depth: Floats
    fresh_depth: Floats
    ratio: Floats
    fresh_ratio: Floats | None
    searched: int


def scores(case: Case) -> Scores:
    """Score all synthetic rows, also where the metrics work on a subsample.

    Fresh rows are the holdout; without one, train rows each left out in turn stand for them in `fresh_depth`.
    """
    near, found = case.neighbors, _all_rows(case)
    own = near.near("train", "train")
    fresh = own if case.holdout is None else near.near("holdout", "train")
    k = min(K, own.distance.shape[1]) - 1
    return Scores(
        nearest=case.embedded.rows["train"][found.index[:, 0]],
        distance=found.distance[:, 0],
        depth=found.distance[:, k],
        fresh_depth=fresh.distance[:, k],
        ratio=ratio(found, own),
        fresh_ratio=None if case.holdout is None else ratio(fresh, own),
        searched=len(case.embedded.rows["train"]),
    )


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
