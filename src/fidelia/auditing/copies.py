"""Near copies: how near a row is to one training row, beside how near that row's own neighbours are.

Of two ways to measure a number the kinder one counts: by ranks, as everywhere in the embedding, or by size. By ranks an
hour more than the usual 40 a week is far, since half of all people lie between; a copy with a little noise is then
farther from its source than strangers are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fidelia.auditing.scores import copied
from fidelia.data.images.imageset import picture_column, pictures
from fidelia.measure.authenticity.ratio import ratio
from fidelia.measure.images.moved import near_when_moved
from fidelia.measure.space.neighbors import Near
from fidelia.measure.space.tabular import Line, Tabular
from fidelia.measure.statistics.flags import Flags, too_small
from fidelia.measure.values import numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    from fidelia.auditing.scores import Scores
    from fidelia.data.table import Table
    from fidelia.measure.case import Case
    from fidelia.measure.space.embed import Embedding

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class NearCopies:
    """The test of M rows, and of which row of train each is most nearly a copy, (M,) int64."""

    flags: Flags
    source: NDArray[np.int64]


def near_copies(case: Case, scored: Scores) -> NearCopies:
    """Test each synthetic row by its distance to the nearest of its 16 candidates among train rows.

    In units of that row's surroundings, the geometric mean of its distances to its own 16 nearest: its very nearest
    alone, as in the authenticity ratio, is a noisier unit (2,000 rows in 8 normal columns with a tenth of copies whose
    numbers moved by a fifth of their spread: .80 of them are found, .70 by the ratio). It is 0 for rows with a twin, of
    which nobody can be told to be the copy.

    Pictures are compared by their pixels (`fidelia.measure.images.moved`), for features are made to see what pictures
    mean: of 150 copies among 1,500 digits they find none that is moved by a pixel or a fifth darker.

    Parameters
    ----------
    case : Case
        With a holdout, whose rows calibrate.
    scored : Scores
    """
    points = copied(case).embedded
    train, holdout = case.train.take(points.rows["train"]), case.unseen.take(points.rows["holdout"])
    if picture_column(train.schema) is None:
        own, made, fresh = _of_columns(case, scored, train, holdout)
    else:
        own, made, fresh = near_when_moved(pictures(train), pictures(case.synthetic), pictures(holdout))
    unit, nearest = _surroundings(own), _nearest(made)
    found = too_small(ratio(nearest, unit), ratio(_nearest(fresh), unit))
    return NearCopies(found, points.rows["train"][nearest.index[:, 0]])


def _of_columns(case: Case, scored: Scores, train: Table, holdout: Table) -> tuple[Near, Near, Near]:
    """Return the candidates of train, synthetic and holdout rows."""
    space = copied(case)
    own, fresh = (space.near(side, "train") for side in ("train", "holdout"))
    lines = _lines(space.embedded.embedding)
    return (
        _kinder(own, train, train, lines),
        _kinder(scored.source, case.synthetic, train, lines),
        _kinder(fresh, holdout, train, lines),
    )


def _lines(embedding: Embedding) -> dict[str, Line]:
    """Return the axes of numbers, by column; none where coordinates belong to no column."""
    axes = embedding.axes.items() if isinstance(embedding, Tabular) else ()
    return {name: axis for name, axis in axes if isinstance(axis, Line)}


def _kinder(near: Near, rows: Table, train: Table, lines: Mapping[str, Line]) -> Near:
    """Measure the distances of rows to their candidates again, numbers by rank or by size, whichever are nearer."""
    squared = near.distance**2
    for name, axis in lines.items():
        ranks, sizes = (here[:, None] - there[near.index] for here, there in zip(
            _by_rank_and_size(axis, rows[name]), _by_rank_and_size(axis, train[name]), strict=True
        ))  # fmt: skip
        squared -= np.fmax(ranks**2 - sizes**2, 0)  # a missing value has no size
    return Near(np.sqrt(np.maximum(squared, 0)), near.index)


def _by_rank_and_size(axis: Line, array: pa.Array) -> tuple[Floats, Floats]:
    return axis.transform(array)[:, 0], numbers(array) * axis.scores.slope * axis.weight


def _nearest(near: Near) -> Near:
    first = near.distance.argmin(axis=1)[:, None]
    return Near(np.take_along_axis(near.distance, first, 1), np.take_along_axis(near.index, first, 1))


def _surroundings(near: Near) -> Near:
    """Return the geometric mean of the distances, as those of one neighbour."""
    known = np.isfinite(near.distance)
    with np.errstate(divide="ignore"):
        total = np.log(near.distance).sum(axis=1, where=known, keepdims=True)
    return Near(np.exp(total / np.maximum(known.sum(axis=1, keepdims=True), 1)), near.index[:, :1])
