"""Many tests at once: conformal p-values and the false discovery rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def benjamini_hochberg(p: Floats) -> Floats:
    """Return q-values: the smallest false discovery rate at which each hypothesis is rejected.

    References
    ----------
    Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57, 289-300. Valid under the positive
    dependence of conformal p-values: Bates et al. (2023), Annals of Statistics 51, 149-178.

    Examples
    --------
    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03, 0.5])).round(4).tolist()
    [0.04, 0.0533, 0.0533, 0.5]
    """
    order = np.argsort(p, kind="stable")
    raised = p[order] * len(p) / np.arange(1, len(p) + 1)
    q = np.empty(len(p))
    q[order] = np.minimum(1, np.minimum.accumulate(raised[::-1])[::-1])
    return q


def conformal(scores: Floats, calibration: Floats, extreme: Literal["high", "low"]) -> Floats:
    """Return the p-value of each score: how often a calibration row is at least as extreme.

    ``(1 + #{as or more extreme}) / (n + 1)``: ties count in full, so that the p-value is conservative. It holds for
    each score that is exchangeable with the calibration scores, whatever their law.

    References
    ----------
    Vovk, Gammerman and Shafer (2005), Algorithmic Learning in a Random World, chapter 2.

    Examples
    --------
    >>> conformal(np.array([0.0, 2.5, 9.0]), np.array([1.0, 2.0, 3.0]), "high").tolist()
    [1.0, 0.5, 0.25]
    """
    ordered = np.sort(calibration)
    if extreme == "high":
        count = len(ordered) - np.searchsorted(ordered, scores, side="left")
    else:
        count = np.searchsorted(ordered, scores, side="right")
    return np.asarray((1 + count) / (len(ordered) + 1), dtype=np.float64)
