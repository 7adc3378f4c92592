"""The data-copying test: in each region, do synthetic rows lie nearer to train than unseen real rows do?

References
----------
Meehan, Chaudhuri and Dasgupta (2020), A Non-Parametric Test to Detect Data-Copying in Generative Models, AISTATS,
arXiv 2004.05675.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.result import Reference, Result
from fidelia.measure.space.caveats import subsampled, tie_caveats
from fidelia.measure.statistics.estimates import auc
from fidelia.measure.statistics.excess import alarm
from fidelia.measure.statistics.intervals import normal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

CELLS = 20
FEWEST = 20
MOST = 10_000


@dataclass(frozen=True, slots=True)
class Cell:
    """One region's test.

    Parameters
    ----------
    z : float
        Mann-Whitney statistic of the distances of synthetic against unseen rows, over its null standard deviation;
        below 0 the synthetic rows lie nearer to train.
    sd : float
        Standard error of `z` (1 when nothing is copied).
    farther : float
        Chance that a synthetic row lies farther from train than an unseen row; 1/2 when nothing is copied.
    synthetic, unseen : int
        Rows in it.
    """

    z: float
    sd: float
    farther: float
    synthetic: int
    unseen: int


def data_copying(case: Case) -> Result:
    """AUT09: C_T, the mean over cells of the z-scored Mann-Whitney statistic, weighted by the unseen rows in each."""
    fresh = len(case.unseen)
    if min(fresh, len(case.synthetic), len(case.train)) < FEWEST:
        raise NotApplicable("TOO_FEW_ROWS", f"the data-copying test needs {FEWEST} rows in each table")
    made, unseen = (case.neighbors.radius(side, "train", 1) for side in ("synthetic", "holdout"))
    places = _cells(case, case.rng.child("AUT09"))
    found = _tested(made, unseen, places)
    weight = np.array([cell.unseen for cell in found], dtype=np.float64)
    weight /= weight.sum()
    value = float(weight @ [cell.z for cell in found])
    sd = float(np.sqrt(weight**2 @ [cell.sd**2 for cell in found]))
    noise = float(np.sqrt(weight @ weight))
    low, high = normal(value, max(sd, 1e-9))
    return Result(
        value=value,
        interval=(low, high),
        reference=Reference(0.0, noise, len(unseen), "holdout"),
        n={"train": len(case.embedded.train), "synthetic": len(made), "holdout": len(unseen)},
        caveats=(*tie_caveats(case), *subsampled(case)),
        breakdown={
            **alarm(-value, (-high, -low)),
            "p_value": _p(value / noise),
            "farther": float(weight @ [cell.farther for cell in found]),
            "lines": [
                {"name": f"cell {i}", "z": cell.z, "farther": cell.farther, "synthetic": cell.synthetic,
                 "holdout": cell.unseen}
                for i, cell in enumerate(sorted(found, key=lambda cell: cell.z), start=1)
            ],
        },
    )  # fmt: skip


def _p(z: float) -> float:
    """Return the chance of so low a value when nothing is copied."""
    from scipy.special import ndtr

    return float(ndtr(z))


def _cells(case: Case, rng: Rng) -> tuple[Ints, Ints]:
    """Return the cell of each synthetic and of each unseen row: k-means of train, a hundred unseen rows a cell."""
    from sklearn.cluster import MiniBatchKMeans

    points = case.embedded
    fresh = points.side("holdout")
    k = int(np.clip(len(fresh) // 100, 1, CELLS))
    if k == 1:
        return np.zeros(len(points.synthetic), dtype=np.int64), np.zeros(len(fresh), dtype=np.int64)
    rows = np.sort(rng.child("train").generator().permutation(len(points.train))[:MOST])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fewer distinct points than cells: some cells stay empty
        engine = MiniBatchKMeans(k, n_init=3, random_state=rng.integer()).fit(points.train[rows])
    return np.asarray(engine.predict(points.synthetic)), np.asarray(engine.predict(fresh))


def _tested(made: Floats, unseen: Floats, places: tuple[Ints, Ints]) -> list[Cell]:
    """Test every cell with twenty rows of each kind; all rows together where no cell has."""
    counts = [np.bincount(place, minlength=CELLS) for place in places]
    large = np.flatnonzero(np.minimum(*counts) >= FEWEST)
    if not len(large):
        return [cell_test(made, unseen)]
    return [cell_test(made[places[0] == i], unseen[places[1] == i]) for i in large]


def cell_test(made: Floats, unseen: Floats) -> Cell:
    """Compare two samples of distances by the Mann-Whitney statistic with mid-ranks.

    References
    ----------
    Mann and Whitney (1947), Annals of Mathematical Statistics 18, 50-60; variance with ties: Lehmann (1975),
    Nonparametrics, section 1.4; its standard error when the samples differ: DeLong, DeLong and Clarke-Pearson (1988).
    """
    m, n = len(made), len(unseen)
    estimate = auc(np.concatenate([made, unseen]), np.repeat([True, False], [m, n]))
    _, ties = np.unique(np.concatenate([made, unseen]), return_counts=True)
    tied = float((ties.astype(float) ** 3 - ties).sum()) / ((m + n) * (m + n - 1))
    null = np.sqrt((m + n + 1 - tied) / (12 * m * n))
    if not null > 0:
        return Cell(0.0, 1.0, 0.5, m, n)
    return Cell(float((estimate.value - 0.5) / null), float(estimate.sd / null), estimate.value, m, n)
