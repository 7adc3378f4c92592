"""Scores of equally many rows a side: nearest-neighbour adversarial accuracy, and the ratio of Vendi scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.beside import beside
from fidelia.measure.joint.clouds import bandwidth, equal, random_features, shuffled
from fidelia.measure.space.caveats import subsampled, tie_caveats
from fidelia.measure.space.neighbors import search
from fidelia.measure.space.threads import one_thread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.result import Result

    Floats = NDArray[np.float64]

MOST, DIMENSIONS = 2_000, 256
TIMES, SPREADS = 3, 10
SMALL = 5_000_000


def adversarial_accuracy(case: Case) -> Result:
    """FID29: how often a row's nearest neighbour is of its own kind, in equal numbers; 1/2 is best."""
    rng = case.rng.child("FID29")
    with one_thread():
        found = beside(
            case, "FID29", lambda side: shuffled(side, rng), accuracy, most=MOST, times=TIMES, spreads=SPREADS, fewest=4
        )
    said = (*subsampled(case), *tie_caveats(case))
    return found.result(low=0.0, high=1.0, caveats=said, embedding=case.embedded.hash)


def accuracy(a: Floats, b: Floats) -> float:
    """Return 1/2 [P(d(x, Y) > r_1(x; X)) + P(d(y, X) > r_1(y; Y))], r_1 the distance to the nearest other row.

    0 for copies, 1/2 for one law, 1 for disjoint supports. Of the larger sample the first rows are taken, which should
    be in random order.

    References
    ----------
    Yale et al. (2020), Neurocomputing 416, 244-255.

    Examples
    --------
    >>> rows = np.array([[0.0], [1.0], [3.0]])
    >>> accuracy(rows, rows), accuracy(rows, rows + 100)
    (0.0, 1.0)
    """
    a, b = equal(a, b)
    alone, across = ([_nearest(x, y) for x, y in pairs] for pairs in (((a, a), (b, b)), ((a, b), (b, a))))
    return float(np.mean([np.mean(other > self) for other, self in zip(across, alone, strict=True)]))


def _nearest(queries: Floats, points: Floats) -> Floats:
    """Return the distance of each query to the nearest point, not itself."""
    from scipy.spatial.distance import cdist

    own = np.arange(len(queries)) if queries is points else None
    if queries.size * len(points) > SMALL:
        return search(queries, points, 1, own=own).distance[:, 0]
    distance = cdist(queries, points)
    if own is not None:
        distance[own, own] = np.inf
    return np.asarray(distance.min(axis=1))


def vendi_ratio(case: Case) -> Result:
    """DIV13: the Vendi score of the synthetic rows over that of as many train rows, RBF kernel by random features."""
    rng = case.rng.child("DIV13")
    width = bandwidth(case.contrast.case.embedded.train, rng)

    def sides(side: Case) -> dict[str, NDArray[np.float32]]:
        return {name: random_features(x, width, DIMENSIONS, rng) for name, x in shuffled(side, rng).items()}

    def ratio(a: Floats, b: Floats) -> float:
        a, b = equal(a, b)
        return vendi(b) / vendi(a)

    with one_thread():
        found = beside(case, "DIV13", sides, ratio, most=MOST, times=TIMES, spreads=SPREADS)
    said = {"bandwidth": width, "features": DIMENSIONS}
    return found.result(low=0.0, breakdown=said, caveats=subsampled(case), embedding=case.embedded.hash)


def vendi(features: Floats) -> float:
    """Return exp of the entropy of the eigenvalues of the rows' mean kernel matrix: how many distinct rows, in effect.

    Of n rows in d dimensions with d < n the eigenvalues come from the d x d matrix, which has the same ones.

    Parameters
    ----------
    features : (n, d) float
        Of norm 1; their inner products are the kernel.

    References
    ----------
    Friedman and Dieng (2023), The Vendi Score, Transactions on Machine Learning Research, arXiv 2210.02410.

    Examples
    --------
    >>> round(vendi(np.eye(5)), 6), round(vendi(np.repeat(np.eye(5)[:1], 4, axis=0)), 6)
    (5.0, 1.0)
    """
    n, d = features.shape
    gram = features.T @ features if d < n else features @ features.T
    size = np.linalg.eigvalsh(gram.astype(np.float64) / n)
    size = size[size > 1e-12]
    return float(np.exp(-(size * np.log(size)).sum()))
