"""The main directions of pictures' features, for learners that look at one column at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.learners import Features, features

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.measure.case import Case

    Floats = NDArray[np.float64]

MOST, EACH = 64, 20
FOR_COLUMNS = 32


def directions(case: Case, most: int = MOST) -> Callable[[Table], Floats]:
    """Return what projects pictures on the main principal components of their features, ``(n, most)`` at most.

    The components are those of all sides, because those of one alone fit it better than the others and so give it away;
    for the same reason there are at least 20 pictures to each.
    """
    points = case.embedded
    transform = points.embedding.transform
    rows = np.concatenate([side for side in (points.train, points.synthetic, points.holdout) if side is not None])
    centre = rows.mean(axis=0)
    order = np.linalg.eigh(np.atleast_2d(np.cov(rows - centre, rowvar=False)))[1][:, ::-1]
    axes = order[:, : max(1, min(most, len(rows) // EACH))]
    return lambda table: np.asarray((transform(table) - centre) @ axes)


def as_columns(case: Case) -> Features:
    """Return pictures as boosted trees see them: their labels, and the main directions of their features."""
    project = directions(case, FOR_COLUMNS)
    main = [project(table) for table in (case.train, case.synthetic, case.unseen)]
    names = [f"direction {i + 1}" for i in range(main[0].shape[1])]
    if not case.values:
        return Features(names, [], *main)
    labels = features(list(case.values.values()))
    sides = zip((labels.train, labels.synthetic, labels.holdout), main, strict=True)
    return Features([*labels.names, *names], labels.categorical, *(np.column_stack(side) for side in sides))
