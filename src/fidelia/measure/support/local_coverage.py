"""The paper's beta-recall: a real row counts where a central enough synthetic row lies within its own ball.

R_b = share of real rows x_i that have a synthetic row g within their distance to their k-th nearest real row, with g
inside the ball around the synthetic mean that holds a share b of the synthetic rows. The ball is a poor support of
synthetic rows in a space that was made for real ones, which the local test is to mend. It overshoots: the most central
of the some k synthetic rows near x_i decides, so that a perfect generator lies above the diagonal from about eight
dimensions on (0.44 in 8, 0.14 in 64 at 3,000 rows). Compare with the reference only.

References
----------
Alaa et al. (2022), arXiv 2102.08921, section 5; the formula is read from its description.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.space.neighbors import Near, search
from fidelia.measure.statistics.resampling import draws
from fidelia.measure.support.levels import Score, integrate, levels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case

    Floats = NDArray[np.float64]

MOST = 3_000
LISTED = 16
BLOCK = 2**22


def local_coverage(case: Case, k: int = 5) -> tuple[Score, Score]:
    """Return the scores of synthetic and of fresh real rows, equally many (at most 3,000) on each side.

    Raises
    ------
    NotApplicable
        ``TOO_FEW_ROWS``.
    """
    points = case.contrast.case.embedded
    sides = {of: points.side(of) for of in ("train", "synthetic", "holdout")}
    m = min(MOST, *map(len, sides.values()))
    if m <= k:
        raise NotApplicable("TOO_FEW_ROWS", f"{m} rows on a side; balls to neighbour {k} need {k + 1}")
    rng = case.rng.child("local coverage")
    train, synthetic, fresh = (rows[next(draws(rng.child(of), len(rows), m, 1))] for of, rows in sides.items())
    radii = search(train, train, k, own=np.arange(m)).distance[:, -1]
    return _score(train, radii, synthetic), _score(train, radii, fresh)


def _score(train: Floats, radii: Floats, others: Floats) -> Score:
    central = np.linalg.norm(others - others.mean(axis=0), axis=1)
    return integrate([levels(most_central(train, radii, others, central), central)])


def most_central(rows: Floats, radii: Floats, others: Floats, central: Floats) -> Floats:
    """Return the smallest of `central` over the others within each row's ball, ``(n,)``; infinite where it is empty.

    Read from the 16 nearest, and from all distances where the ball holds more.

    Parameters
    ----------
    rows : (n, d) float64
    radii : (n,) float64
    others : (m, d) float64
    central : (m,) float64
    """
    near = search(rows, others, min(LISTED, len(others)))
    found = np.where(near.distance <= radii[:, None], central[near.index], np.inf).min(axis=1)
    for part in _blocks(np.flatnonzero(_full(near, radii, len(others))), len(others)):
        found[part] = _by_all(rows[part], radii[part], others, central)
    return np.asarray(found)


def _full(near: Near, radii: Floats, others: int) -> NDArray[np.bool_]:
    return np.asarray((near.distance[:, -1] <= radii) & (near.distance.shape[1] < others))


def _blocks(rows: NDArray[np.int64], others: int) -> list[NDArray[np.int64]]:
    step = max(1, BLOCK // others)
    return [rows[start : start + step] for start in range(0, len(rows), step)]


def _by_all(rows: Floats, radii: Floats, others: Floats, central: Floats) -> Floats:
    from scipy.spatial.distance import cdist

    return np.asarray(np.where(cdist(rows, others) <= radii[:, None], central, np.inf).min(axis=1))
