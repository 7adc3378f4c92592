"""Calibration: are the probabilities of a model learnt from synthetic rows those of real rows?

References
----------
Brier (1950), Monthly Weather Review 78, 1-3; Murphy (1973), Journal of Applied Meteorology 12, 595-600
(decomposition); Naeini, Cooper and Hauskrecht (2015), AAAI (expected calibration error).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.learners import BOOSTED
from fidelia.measure.result import Reference, Result
from fidelia.measure.statistics.estimates import Estimate
from fidelia.measure.statistics.intervals import normal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case

    Floats = NDArray[np.float64]

BINS = 15
SHOWN = 10


def calibration(case: Case) -> Result:
    """UTL08: Brier score on the holdout of a model learnt from synthetic rows, beside one learnt from train.

    The expected calibration error in bins of equal numbers stands beside it: the Brier score also falls when a model
    tells classes apart better, the calibration error does not. The interval covers the draw of test rows.
    """
    models = case.models
    task = models.task
    if task.kind == "regression":
        raise NotApplicable("UNSUPPORTED_TYPE", "calibration is of probabilities; the target is a number")
    n = models.matched(BOOSTED, "train", "synthetic")
    test = models.test()
    actual = models.actual(test)
    told = {side: models.predicted(BOOSTED, (side, n), on=test) for side in ("train", "synthetic")}
    real, made = (brier(told[side], actual) for side in ("train", "synthetic"))
    gap = made.minus(real)
    return Result(
        value=made.value,
        interval=normal(made.value, made.sd, 0.0, 2.0),
        reference=Reference(real.value, real.sd, n, "holdout"),
        n={"train": n, "synthetic": n, "holdout": test[1]},
        caveats=task.caveats,
        breakdown={
            "difference": gap.value,
            "difference_interval": normal(gap.value, gap.sd),
            "lines": [
                {"name": name, "brier": score.value, **calibration_error(told[side], actual)}
                for name, side, score in (("real", "train", real), ("synthetic", "synthetic", made))
            ],
            "reliability": {name: _reliability(told[side], actual) for name, side in _NAMES.items()},
        },
    )


_NAMES = {"real": "train", "synthetic": "synthetic"}


def brier(predicted: Floats, actual: NDArray[Any]) -> Estimate:
    """Return the mean squared distance of probabilities, ``(n, classes)``, to the classes; half of it for two.

    Examples
    --------
    >>> brier(np.array([[0.2, 0.8], [0.5, 0.5]]), np.array([1, 0])).value
    0.145
    """
    hot = np.arange(predicted.shape[1]) == actual[:, None]
    rows = ((predicted - hot) ** 2).sum(axis=1) / (2 if predicted.shape[1] == 2 else 1)
    return Estimate(float(rows.mean()), rows - rows.mean())


def calibration_error(predicted: Floats, actual: NDArray[Any]) -> dict[str, float]:
    """Return the expected calibration error, mean over classes, and what sampling alone would make of it.

    Bins hold equal numbers of rows. ``ece_noise`` is the error that perfect probabilities would show in as many rows,
    the mean of ``sqrt(2 p (1 - p) / (pi n))`` over bins.
    """
    classes = [1] if predicted.shape[1] == 2 else list(np.unique(actual))
    found = [_ece(predicted[:, c], actual == c) for c in classes]
    error, noise = np.mean(found, axis=0)
    return {"ece": float(error), "ece_noise": float(noise)}


def _bins(p: Floats, bins: int) -> list[NDArray[np.int64]]:
    """Return rows in bins of about equal numbers; equal probabilities share one."""
    ordered = np.sort(p)
    edges = np.unique(ordered[np.linspace(0, len(p), min(bins, len(p)), endpoint=False).astype(int)])
    place = np.searchsorted(edges, p, side="right") - 1
    return [found for b in range(len(edges)) if len(found := np.flatnonzero(place == b))]


def _ece(p: Floats, hit: NDArray[np.bool_]) -> tuple[float, float]:
    parts = _bins(p, BINS)
    share = np.array([len(rows) for rows in parts]) / len(p)
    said = np.array([p[rows].mean() for rows in parts])
    gap = np.abs(said - [hit[rows].mean() for rows in parts])
    noise = np.sqrt(2 * said * (1 - said) / (np.pi * share * len(p)))
    return float((share * gap).sum()), float((share * noise).sum())


def _reliability(predicted: Floats, actual: NDArray[Any]) -> list[dict[str, float]]:
    """Return said and seen frequency by bins of at least ten rows, of the second class or of all classes together."""
    two = predicted.shape[1] == 2
    p = predicted[:, 1] if two else predicted.ravel()
    hit = actual == 1 if two else (np.arange(predicted.shape[1]) == actual[:, None]).ravel()
    parts = [rows for rows in _bins(p, SHOWN) if len(rows) >= SHOWN]
    return [{"said": float(p[rows].mean()), "seen": float(hit[rows].mean()), "rows": len(rows)} for rows in parts]
