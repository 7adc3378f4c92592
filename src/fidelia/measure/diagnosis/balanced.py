"""Fresh real rows in the shares of the synthetic ones, so that what is left does not come from shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.diagnosis.search import Pair, balance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.diagnosis.clusters import Clusters
    from fidelia.measure.diagnosis.conditions import Axis
    from fidelia.measure.diagnosis.rules import Explained
    from fidelia.rng import Rng

    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]
    Floats = NDArray[np.float64]


def balanced(
    whole: Case, cut: Sequence[Axis], explained: Explained, found: Clusters | None, odd: Mask, rng: Rng
) -> tuple[Mask, Ints]:
    """Return the synthetic points of kinds that are real, and fresh points in their shares.

    The rules' missing and invented regions are set aside in both tables; the fresh rows are weighted to the
    synthetic shares of the other rules that name a level (a shift between ranges alone is what a change of spread
    looks like), then of the clusters, and each is kept with a probability in proportion to
    its weight, so that they can be used as they are.

    Returns
    -------
    made : (m,) bool
    fresh : (n,) int64
        Positions among the embedded points of the holdout.
    """
    rows = whole.embedded.rows
    made, fresh = ([axis.codes[side][rows[side]] for axis in cut] for side in ("synthetic", "holdout"))
    pair = Pair.of(made, fresh)
    pair.u[odd] = 0.0
    for rule in explained.rules:
        if rule.where != "shifted" or any(rule.discrete):
            balance(cut, pair, rule.region)
    if found is not None:
        _by_cluster(pair, found)
    chance = pair.v / max(float(pair.v.max(initial=0.0)), 1e-300)
    return pair.u > 0, np.flatnonzero(rng.generator().random(len(chance)) < chance)


def _by_cluster(pair: Pair, found: Clusters) -> None:
    """Weight the fresh rows to the synthetic shares of the clusters."""
    k = len(found.names)
    p = np.bincount(found.labels["holdout"], pair.v, k) / max(float(pair.v.sum()), 1e-300)
    q = np.bincount(found.labels["synthetic"], pair.u, k) / max(float(pair.u.sum()), 1e-300)
    pair.v *= np.divide(q, p, out=np.zeros(k), where=p > 0)[found.labels["holdout"]]
