"""Wasserstein distances: sliced over random directions, and the Fréchet distance between fitted Gaussians."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.beside import beside, points
from fidelia.measure.joint.clouds import directions
from fidelia.measure.space.caveats import subsampled
from fidelia.measure.space.threads import one_thread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.result import Result

    Floats = NDArray[np.float64]

SLICES = 50
MOST = 10_000
TIMES, SPREADS = 3, 10
WIDE, FEW_SPREADS = 1_024, 3
SIZES, SHARE, SPREADS_AT_SIZES, FEWEST_AT_SIZES = 15, 0.25, 4, 4


def sliced(case: Case) -> Result:
    """FID14: root of the mean squared W2 distance of train and synthetic rows over fifty random directions."""
    rng = case.rng.child("FID14")
    slices = directions(case.embedded.width, SLICES, rng)
    found = beside(
        case,
        "FID14",
        lambda side: {name: cloud @ slices for name, cloud in points(side).items()},
        lambda a, b: float(np.sqrt((wasserstein(a, b) ** 2).mean())),
        most=MOST,
        times=TIMES,
        spreads=SPREADS,
    )
    said = {"directions": SLICES}
    return found.result(low=0.0, breakdown=said, caveats=subsampled(case), embedding=case.embedded.hash)


def wasserstein(a: Floats, b: Floats, p: float = 2.0) -> Floats:
    """Return the Wasserstein-p distance of each column of two samples, ``(columns,)``, exactly for any two sizes.

    The distance between quantile functions: both are constant between the multiples of 1/n and of 1/m.

    Parameters
    ----------
    a : (n, columns) float64
    b : (m, columns) float64

    References
    ----------
    Bonneel, Rabin, Peyré and Pfister (2015), Journal of Mathematical Imaging and Vision 51, 22-45.

    Examples
    --------
    >>> wasserstein(np.array([[0.0], [1.0]]), np.array([[3.0]]), p=1)
    array([2.5])
    """
    a, b = np.sort(a, axis=0), np.sort(b, axis=0)
    n, m = len(a), len(b)
    if n == m:
        gap, share = np.abs(a - b), np.full(n, 1 / n)
    else:
        ends = np.union1d(np.arange(1, n + 1) * m, np.arange(1, m + 1) * n)  # quantile levels times nm, as integers
        gap = np.abs(a[(ends - 1) // m] - b[(ends - 1) // n])
        share = np.diff(ends, prepend=0) / (n * m)
    return np.asarray((share @ gap**p) ** (1 / p))


def frechet_distance(case: Case) -> Result:
    """FID15: Fréchet distance of the Gaussians fitted to train and to synthetic points of the embedding."""
    return frechet_beside(case, "FID15")


def frechet_beside(case: Case, code: str) -> Result:
    """Return the Fréchet distance of train and synthetic points beside that of fresh real rows, under a code."""
    spreads = SPREADS if case.embedded.width <= WIDE else FEW_SPREADS
    with one_thread():
        found = beside(case, code, points, frechet, most=MOST, times=TIMES, spreads=spreads)
    return found.result(low=0.0, caveats=subsampled(case), embedding=case.embedded.hash)


def frechet(a: Floats, b: Floats) -> float:
    """Return |m1 - m2|^2 + Tr(C1 + C2 - 2 (C1 C2)^(1/2)) of two samples of any features, ``(n, d)``.

    The last trace is the sum of the roots of the eigenvalues of C1 C2, which are those of R'C2R with C1 = RR': none is
    negative but by rounding. With fewer rows than features they are the singular values of the product of the centred
    samples, and no covariance is formed. It is biased by about 1/n: compare at one number of rows.

    References
    ----------
    Dowson and Landau (1982), Journal of Multivariate Analysis 12, 450-455; Heusel et al. (2017), arXiv 1706.08500.

    Examples
    --------
    >>> frechet(np.array([[0.0], [2.0]]), np.array([[1.0], [3.0]]))
    1.0
    """
    gap = a.mean(axis=0) - b.mean(axis=0)
    if max(len(a), len(b)) < a.shape[1]:
        left, right = ((x - x.mean(axis=0)) / np.sqrt(max(1, len(x) - 1)) for x in (a, b))
        shared = np.linalg.svd(left @ right.T, compute_uv=False).sum()
        return float(max(0.0, gap @ gap + (left**2).sum() + (right**2).sum() - 2 * shared))
    first, second = (np.atleast_2d(np.cov(x, rowvar=False, ddof=min(1, len(x) - 1))) for x in (a, b))
    size, axes = np.linalg.eigh(first)
    root = axes * np.sqrt(np.maximum(size, 0))
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root.T @ second @ root), 0)).sum()
    return float(max(0.0, gap @ gap + np.trace(first) + np.trace(second) - 2 * shared))


def frechet_at_infinity(case: Case) -> Result:
    """IMG02: the Fréchet distance that infinitely many pictures would get, beside that of fresh real ones.

    The intercept is not biased by the number of rows, and its noise is larger than the distance's at one number.
    """
    rng = case.rng.child("IMG02/order")

    def side(of: Case) -> dict[str, Floats]:
        return {name: cloud[rng.child(name).generator().permutation(len(cloud))] for name, cloud in points(of).items()}

    few = 4 * FEWEST_AT_SIZES
    with one_thread():
        found = beside(case, "IMG02", side, intercept, most=MOST, times=1, spreads=SPREADS_AT_SIZES, fewest=few)
    return found.result(caveats=subsampled(case), embedding=case.embedded.hash)


def intercept(a: Floats, b: Floats) -> float:
    """Return the intercept of the Fréchet distance over 1/n, by least squares at fifteen numbers n of rows of each.

    Rows must stand in a random order: the first n of each sample are taken, from a quarter of the smaller sample on. At
    the numbers where either covariance is singular, which is where n is no larger than the width, bias is not
    linear in 1/n; the fit is then an extrapolation that still falls short of the bias at any one number.

    References
    ----------
    Chong and Forsyth (2020), Effectively Unbiased FID and Inception Score, CVPR, arXiv 1911.07023.
    """
    most = min(len(a), len(b))
    sizes = np.unique(np.linspace(SHARE * most, most, SIZES).astype(np.int64))
    found = [frechet(a[:n], b[:n]) for n in sizes]
    return float(np.polynomial.polynomial.polyfit(1 / sizes, found, 1)[0])
