"""The authenticity ratio: how far a row lies from its nearest train row, in that row's own nearest distance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.space.neighbors import Near, Neighbors

    Floats = NDArray[np.float64]


def ratios(near: Neighbors, of: str) -> Floats:
    """Return the authenticity ratio of each row of side `of`; see `ratio`."""
    return ratio(near.near(of, "train"), near.near("train", "train"))


def ratio(nearest: Near, own: Near) -> Floats:
    """Return rho of each row: its distance to the nearest train row over that row's own nearest distance.

    A row is authentic when rho > 1. Where both distances are 0 the ratio is 1; where only the lower one is, infinite.

    Parameters
    ----------
    nearest : Near
        The nearest train points of each row.
    own : Near
        The nearest other train points of each train point.
    """
    above = nearest.distance[:, 0]
    below = own.distance[nearest.index[:, 0], 0]
    out = np.where(above == 0, 1.0, np.inf)
    np.divide(above, below, out=out, where=below > 0)
    return out
