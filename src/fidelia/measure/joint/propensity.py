"""Propensity: how probable it is that a row is synthetic, row by row and as a mean squared error.

References
----------
Woo, Reiter, Oganian and Karr (2009), Journal of Privacy and Confidentiality 1, 111-124. Snoke, Raab, Nowok, Dibben
and Slavkovic (2018), Journal of the Royal Statistical Society A 181, 663-688.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.beside import beside, points
from fidelia.measure.joint.detect import detection
from fidelia.measure.result import Result
from fidelia.measure.space.caveats import subsampled
from fidelia.measure.space.threads import one_thread
from fidelia.measure.statistics.intervals import normal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case

    Floats = NDArray[np.float64]

MOST, TIMES, SPREADS = 2_000, 3, 10
STEPS, RIDGE, TOLERANCE = 30, 1e-4, 1e-7
LEVELS = (0.5, 0.7, 0.9)


def row_propensity(case: Case) -> Result:
    """FID28: mean probability of being synthetic that boosted trees give to synthetic rows; 1/2 is best.

    The trees of FID26, none of which saw the row. The reference is the same of train rows, told from fresh real ones.
    """
    side, found = case.contrast, detection(case)
    m = found.m
    made, real = found.told.scores[:m], found.real.scores[:m]
    sd, noise = (float(max(told.scores.std(), 1 / m) / np.sqrt(m)) for told in (found.told, found.real))
    shares = [
        {"name": f"rows above {level:g}", "synthetic": (made > level).mean(), "reference": (real > level).mean()}
        for level in LEVELS
    ]
    columns = [
        {"column": line["column"], "value": line["importance"], "reference": line["reference"]}
        for line in found.columns
    ]
    return Result(
        value=float(made.mean()),
        interval=normal(float(made.mean()), sd, 0.0, 1.0),
        reference=side.reference(float(real.mean()), noise),
        n=found.sizes(side.kind),
        caveats=side.caveats,
        breakdown={"lines": shares, "columns": columns},
        rows={"synthetic.propensity": found.propensity},
    )


def propensity_error(case: Case) -> Result:
    """FID27: mean squared error of logistic propensities over what it is under one law; 1 is best."""
    with one_thread():
        found = beside(case, "FID27", points, pmse_ratio, most=MOST, times=TIMES, spreads=SPREADS, fewest=10)
    return found.result(low=0.0, caveats=subsampled(case), embedding=case.embedded.hash)


def pmse_ratio(a: Floats, b: Floats) -> float:
    """Return mean (p_i - c)^2 over c (1 - c) (k - 1) / (n + m), its mean for two independent samples of one law.

    p is a logistic regression with k parameters and c = m / (n + m). (For rows drawn from a model that was fitted to
    `a`, and given `a`, Snoke et al. have (1 - c) times as much.)

    Parameters
    ----------
    a : (n, d) float64
        Label 0.
    b : (m, d) float64
        Label 1.
    """
    x = np.concatenate([a, b])
    c = len(b) / len(x)
    p, k = logistic(x, np.repeat([0.0, 1.0], [len(a), len(b)]))
    if k == 0:
        return 1.0
    return float(((p - c) ** 2).mean() * len(x) / (c * (1 - c) * k))


def logistic(x: Floats, y: Floats) -> tuple[Floats, int]:
    """Return the fitted probabilities of an (all but) unpenalised logistic regression, and its slopes' number.

    Newton's method in the space that the rows span, so that redundant columns (all levels of a category) do no harm;
    the slopes' number is that space's dimension. A ridge of 1e-4, worth a ten-thousandth of a row, keeps separable
    rows finite.
    """
    centred = x - x.mean(axis=0)
    size, axes = np.linalg.eigh(centred.T @ centred / len(x))
    kept = size > 1e-9 * max(float(size[-1]), 1e-300)
    design = np.column_stack([np.ones(len(x)), centred @ (axes[:, kept] / np.sqrt(size[kept]))])
    weight = np.zeros(design.shape[1])
    weight[0] = np.log(y.mean() / (1 - y.mean()))
    p = np.full(len(x), y.mean())
    for _ in range(STEPS):
        slope = design.T @ (y - p) - RIDGE * weight
        curve = (design * (p * (1 - p))[:, None]).T @ design + RIDGE * np.eye(len(weight))
        weight += np.linalg.solve(curve, slope)
        before, p = p, 1 / (1 + np.exp(-np.clip(design @ weight, -30, 30)))
        if np.abs(p - before).max() < TOLERANCE:
            break
    return p, int(kept.sum())
