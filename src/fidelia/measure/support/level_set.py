"""Alpha-precision and beta-recall by level sets of the distance to the k-th nearest row, the headline estimator.

The distance to the k-th nearest of some rows is small where they are dense, so that its level sets estimate the
smallest sets that hold a given share of them, whatever their shape. Where k of them coincide with a row the distance is
0 and says no more; there the number of rows that coincide goes on, so that the commonest values come first: the
smallest set of a discrete law.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.result import Result
from fidelia.measure.statistics.resampling import draws
from fidelia.measure.support.alpha_beta import Scored, precision
from fidelia.measure.support.levels import Levels, integrate, levels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.space.neighbors import Neighbors
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

NEIGHBOUR = 5
FULL_WORK = 1e10
DRAWS_WORK = 1e9
MOST_RECALL = 10_000


def level_set_precision(case: Case, *, k: int = NEIGHBOUR) -> Result:
    """FID16: alpha-precision by the distance to the k-th nearest train row.

    The calibration scores are train's own, each without itself; the p-values calibrate on the holdout instead, which
    is exchangeable with the synthetic rows of a perfect generator.

    Parameters
    ----------
    k : int
        From 1 to 16; a bandwidth: larger is smoother and blinder to small regions.
    """
    side = case.contrast
    near = side.case.neighbors
    _refuse_small(near, k)
    train, synthetic, fresh = (_rarity(near, of, "train", k) for of in ("train", "synthetic", "holdout"))
    found = levels(synthetic, train)
    whole = found
    if side.case is not case:
        whole = levels(*(_rarity(case.neighbors, of, "train", k) for of in ("synthetic", "train")))
    test = levels(synthetic, fresh)
    return precision(case, "FID16", "level-set", (found, levels(fresh, train)), whole=whole, test=test)


def _rarity(near: Neighbors, of: str, among: str, k: int) -> Floats:
    points = near.embedded
    return rarity(near.radius(of, among, k), points.side(of), points.side(among))


def rarity(distance: Floats, rows: Floats, support: Floats) -> Floats:
    """Return the scores whose level sets are taken: small where `support` is dense.

    Parameters
    ----------
    distance : (n,) float64
        Of each row to its k-th nearest in the support.
    rows : (n, d) float64
    support : (m, d) float64

    Returns
    -------
    (n,) float64
        The distance; where it is 0, minus the number of rows of the support that coincide with the row (itself
        included, where it is one of them).

    Examples
    --------
    >>> support = np.array([[0.0], [0.0], [0.0], [1.0]])
    >>> rarity(np.array([0.0, 0.5]), np.array([[0.0], [0.5]]), support).tolist()
    [-3.0, 0.5]
    """
    tied = np.flatnonzero(distance == 0)
    if not len(tied):
        return distance
    score = distance.copy()
    score[tied] = -coinciding(rows[tied], support)
    return score


def coinciding(rows: Floats, support: Floats) -> Floats:
    """Return with how many rows of the support each row coincides, ``(n,)``."""
    _, group = np.unique(as_bytes(np.concatenate([rows, support])), return_inverse=True)
    return np.bincount(group[len(rows) :], minlength=group.max() + 1)[group[: len(rows)]].astype(np.float64)


def as_bytes(rows: Floats) -> NDArray[np.void]:
    """Return each row as one value, ``(n,)``, equal where all coordinates are."""
    clean = np.ascontiguousarray(rows + 0.0)  # -0 becomes 0, which has other bytes
    return clean.view(f"V{clean.dtype.itemsize * clean.shape[1]}").ravel()


def level_set_recall(case: Case, *, k: int = NEIGHBOUR) -> Result:
    """DIV01: beta-recall by the distance to the k-th nearest synthetic row.

    The full size is measured where its searches are cheap; the row scores of train come from the largest synthetic
    sample that was measured.

    Parameters
    ----------
    k : int
        From 1 to 16.
    """
    near = case.contrast.case.neighbors
    _refuse_small(near, k)
    n, total, fresh = (len(near.embedded.side(name)) for name in ("train", "synthetic", "holdout"))
    m = min(total, fresh, MOST_RECALL)
    if m <= k:
        raise NotApplicable("TOO_FEW_ROWS", f"{m} synthetic rows; the distance to neighbour {k} needs {k + 1}")
    rng = case.rng.child("DIV01")
    times = 3 if n * m * near.embedded.width < DRAWS_WORK else 1
    found = [_recalled(near, "synthetic", rows, k) for rows in draws(rng, total, m, times)]
    real = [_recalled(near, "holdout", rows, k) for rows in draws(rng.child("fresh"), fresh, m, times)]
    whole = _whole(case, found, m, k)
    beta = {"train.beta": _beta(case, found, whole, m, k)}
    test = _split(near, rng, k)
    return Scored("level-set", integrate(found), integrate(real), m, test, whole, beta).result(case, "R_1")


def _recalled(near: Neighbors, of: str, rows: Ints, k: int) -> Levels:
    """Return the levels of all train rows among the rows `rows` of side `of`."""
    if len(rows) == len(near.embedded.side(of)):
        return levels(_rarity(near, "train", of, k), _rarity(near, of, of, k))
    train, support = near.embedded.train, near.embedded.side(of)[rows]
    own = near.within(of, rows, k).distance[:, -1]
    reach = near.between("train", None, of, rows, k).distance[:, -1]
    return levels(rarity(reach, train, support), rarity(own, support, support))


def _whole(case: Case, found: list[Levels], m: int, k: int) -> Levels | None:
    """Return the levels at full size, or None where that would take too much work."""
    points = case.embedded
    n, total = len(points.train), len(points.synthetic)
    if total == m and len(found[0].low) == n:
        return found[0]
    if total * (n + total) * points.width > FULL_WORK:
        return None
    return _recalled(case.neighbors, "synthetic", np.arange(total), k)


def _beta(case: Case, found: list[Levels], whole: Levels | None, m: int, k: int) -> Floats:
    """Return the level of each train row: at full size, or else the mean over draws of m synthetic rows."""
    if whole is None and case.contrast.case is not case:
        rows = next(draws(case.rng.child("DIV01/rows"), len(case.embedded.synthetic), m, 1))
        whole = _recalled(case.neighbors, "synthetic", rows, k)
    return case.aligned("train", np.mean([each.rows for each in found], axis=0) if whole is None else whole.rows)


def _split(near: Neighbors, rng: Rng, k: int) -> Levels:
    """Return the levels of fresh real rows: one half of the synthetic rows is the support, the other calibrates."""
    order = rng.child("split").generator().permutation(len(near.embedded.synthetic))
    half = min(len(order) // 2, len(near.embedded.side("holdout")), MOST_RECALL)
    points, fresh = near.embedded.synthetic, near.embedded.side("holdout")
    support, rest = order[:half], order[half : 2 * half]
    reach = near.between("holdout", None, "synthetic", support, min(k, half)).distance[:, -1]
    own = near.between("synthetic", rest, "synthetic", support, min(k, half)).distance[:, -1]
    return levels(rarity(reach, fresh, points[support]), rarity(own, points[rest], points[support]))


def _refuse_small(near: Neighbors, k: int) -> None:
    n = len(near.embedded.train)
    if n <= k:
        raise NotApplicable("TOO_FEW_ROWS", f"{n} train rows; the distance to neighbour {k} needs {k + 1}")
