"""The paper's own audit: rows that are authentic and inside the alpha-support, filled shell by shell; to compare with.

The support is a ball about the mean of the train rows, cut into 29 shells that hold equal shares of them; each shell
takes an equal share of the rows wanted, authentic ones alone, in the order in which they are drawn. Alpha-precision is
then right by construction, on whatever rows; whether they are better has to be measured elsewhere.

The published program filters synthetic rows by a mask of real ones, forgets which shells a row was used for, and trains
a new generator each round. Here every list is indexed by the synthetic row, no row is taken twice, and the generator
stays.

References
----------
Alaa, van Breugel, Saveliev and van der Schaar (2022), ICML, arXiv 2102.08921, section 4 (auditing).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.auditing.curation.acceptance import Judged, unheard
from fidelia.auditing.repeats import nth
from fidelia.auditing.scores import scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

GRID = 30
UNAUTHENTIC, OUTSIDE = "UNAUTHENTIC", "OUTSIDE"


class ByShells:
    """Keeps authentic rows until each shell of the alpha-support has its share.

    Parameters
    ----------
    first : Case
        Whose train rows give centre and radii.
    wanted : int
        Rows to keep.
    """

    def __init__(self, first: Case, wanted: int) -> None:
        points = first.embedded.train
        self.centre = points.mean(axis=0)
        self.radii = np.quantile(_far(points, self.centre), np.linspace(0, 1, GRID))
        self.left: Ints = np.diff(np.arange(GRID) * wanted // (GRID - 1))

    def __call__(self, draw: Case, generator: np.random.Generator) -> Judged:  # noqa: ARG002 - leaves nothing to chance
        """Judge one draw."""
        distance = _far(draw.embedded.embedding.transform(draw.synthetic), self.centre)
        authentic, outside = scores(draw, unheard).ratio > 1, distance > self.radii[-1]
        shell = np.clip(np.searchsorted(self.radii, distance, side="left") - 1, 0, GRID - 2)
        fit = np.flatnonzero(authentic & ~outside)
        kept = np.zeros(len(distance), dtype=bool)
        kept[fit[nth(shell[fit]) <= self.left[shell[fit]]]] = True
        self.left = self.left - np.bincount(shell[kept], minlength=GRID - 1)
        return Judged(kept, {UNAUTHENTIC: ~authentic, OUTSIDE: outside})


def _far(points: Floats, centre: Floats) -> Floats:
    return np.asarray(np.linalg.norm(points - centre, axis=1))
