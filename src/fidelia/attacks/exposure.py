"""Exposure: how far each training row stands out, to an attacker who knows all the other ones.

That is the attacker of differential privacy's definition, and the strongest who looks at distances: the other training
rows say how near a row should be to a synthetic one. Fresh real rows, held against all training rows, say how often a
row stands out as much that nobody learnt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fidelia.attacks.membership import log_ratio, standing
from fidelia.errors import NotApplicable
from fidelia.measure.statistics.flags import too_large

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fidelia.measure.case import Case

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Exposure:
    """How far real rows stand out, those that were searched.

    Parameters
    ----------
    score : mapping of str to (n,) float64
        By table, train and holdout: the share of fresh rows that lie less near to a synthetic row, beside their
        distance to training rows, than this one does; in [0, 1]. Spread evenly over the rows that nobody learnt.
    vulnerability : (N,) float64
        Of each train row, in [0, 1): of the train rows that stand out at least as much, the share that fresh rows do
        not explain (1 - q, by Benjamini and Hochberg). 0 where train rows stand out no more than fresh ones.
    """

    score: Mapping[str, Floats]
    vulnerability: Floats


def exposure(case: Case) -> Exposure:
    """Return how far each real row stands out by log d(x, other train rows) - log d(x, Y), computed once.

    A row with a twin in train does not stand out, even where a synthetic row equals both.

    Raises
    ------
    NotApplicable
        ``NEEDS_HOLDOUT``, ``TOO_FEW_ROWS``.

    References
    ----------
    Score: as the attacks by distance (Hilprecht, Härterich and Bernau, 2019, PoPETs). Attacker: Dwork et al. (2006),
    Theory of Cryptography, 265-284.
    """
    return case.once("attacks/exposure", _exposure)


def _exposure(case: Case) -> Exposure:
    if min(len(case.train) - 1, len(case.synthetic), len(case.unseen)) < 1:
        raise NotApplicable("TOO_FEW_ROWS", "exposure needs two train rows, a synthetic and a holdout row")
    near = case.neighbors
    scores = {
        side: log_ratio(near.radius(side, "train", 1), near.radius(side, "synthetic", 1))
        for side in ("train", "holdout")
    }
    fresh = scores["holdout"]
    return Exposure({side: standing(of, fresh) for side, of in scores.items()}, 1 - too_large(scores["train"], fresh).q)
