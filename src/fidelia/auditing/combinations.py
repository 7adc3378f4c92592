"""Pairs of values: which are common each by itself but hardly ever together, and which synthetic rows crowd into.

Rows may lie off the support of two columns alone, as a Husband who is Female; among many columns their distance to
the nearest real row hides that. A pair of columns is a table of cells (levels, ranges of numbers, missing), in which
each row is looked up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.diagnosis.diagnose import explanation
from fidelia.measure.diagnosis.search import Pair, promising

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.diagnosis.conditions import Axis

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

FIFTHS = 5
ALONE = 0.8
"""One column is named instead of two where its own cell is crowded by at least so much of what the pair's is."""


@dataclass(frozen=True, slots=True, eq=False)
class Combinations:
    """How rare the rarest combination of two values of each row is.

    Parameters
    ----------
    score, fresh : (M,) and (n,) float
        Of synthetic and of fresh real rows: the largest ``log((expected + 1) / (seen + 1))`` over pairs of columns,
        of how many train rows have the two values and how many would if the columns were independent.
    pair : (M, 2) int64
        Which two of `axes` that is.
    axes : sequence of Axis
    pairs : sequence of (int, int)
        All that were looked at.
    """

    score: Floats
    fresh: Floats
    pair: Ints
    axes: Sequence[Axis]
    pairs: Sequence[tuple[int, int]]

    def crowded(self, rows: Ints) -> Iterator[tuple[str, ...]]:
        """Yield the one or two columns in whose cell synthetic rows are most in excess, for each of some rows."""
        synthetic, train = ([axis.codes[side] for axis in self.axes] for side in ("synthetic", "train"))
        at = [codes[rows] for codes in synthetic]
        alone = np.column_stack(
            [
                _excess(axis.cells, made, real)[place]
                for axis, made, real, place in zip(self.axes, synthetic, train, at, strict=True)
            ]
        )
        best, pair = np.full(len(rows), -np.inf), np.zeros((len(rows), 2), dtype=np.int64)
        for i, j in self.pairs:
            width = self.axes[j].cells
            sides = (synthetic[i] * width + synthetic[j], train[i] * width + train[j])
            _raise(best, pair, _excess(self.axes[i].cells * width, *sides)[at[i] * width + at[j]], (i, j))
        single = alone.argmax(axis=1)
        for row, (most, (i, j)) in enumerate(zip(best, pair, strict=True)):
            column = single[row]
            names = (column,) if alone[row, column] >= ALONE * most else (i, j)
            yield tuple(self.axes[name].name for name in names)


def combinations(case: Case) -> Combinations | None:
    """Return how rare the combinations of each synthetic row are; None for fewer than two columns that vary.

    Fresh rows are those of `Case.contrast`: the holdout, or half of train.
    """
    axes = explanation(case).axes if case.values else ()
    if len(axes) < 2:
        return None
    sides = [[axis.codes[side] for axis in axes] for side in ("train", "synthetic", "holdout")]
    generator = case.rng.child("audit/combinations").generator()
    pairs = promising(axes, Pair.of(sides[0], [generator.permutation(codes) for codes in sides[0]]))
    score, scored = (np.full(len(side[0]), -np.inf) for side in sides[1:])
    pair = np.zeros((len(score), 2), dtype=np.int64)
    coarse = [_coarse(axis) for axis in axes]
    for i, j in pairs:
        for first, second in _resolutions(coarse[i], coarse[j]):
            height, width = int(first.max()) + 1, int(second.max()) + 1
            at = [(first[side[i]], second[side[j]]) for side in sides]
            rarity = _rarity(height, width, *at[0])
            _raise(score, pair, rarity[at[1][0] * width + at[1][1]], (i, j))
            np.maximum(scored, rarity[at[2][0] * width + at[2][1]], out=scored)
    return Combinations(score, scored, pair, axes, pairs)


def _coarse(axis: Axis) -> list[Ints]:
    """Return which coarser cell each cell of a column goes to: as it is, and numbers in fifths of train."""
    exact = np.arange(axis.cells)
    if axis.discrete:
        return [exact]
    count = np.bincount(axis.codes["train"], minlength=axis.cells)[:-1]
    below = (np.cumsum(count) - count / 2) / max(count.sum(), 1)
    return [exact, np.append(np.minimum(below * FIFTHS, FIFTHS - 1).astype(np.int64), FIFTHS)]


def _resolutions(first: list[Ints], second: list[Ints]) -> list[tuple[Ints, Ints]]:
    """Return the cells of two columns both as they are and both coarser: few rows fill coarse cells alone."""
    finest, coarsest = (first[0], second[0]), (first[-1], second[-1])
    return [finest] if len(first) == len(second) == 1 else [finest, coarsest]


def _rarity(height: int, width: int, i: Ints, j: Ints) -> Floats:
    """Return the log ratio of expected to seen train rows for each cell of two columns."""
    seen = np.bincount(i * width + j, minlength=height * width)
    expected = np.outer(np.bincount(i, minlength=height), np.bincount(j, minlength=width)).ravel() / len(i)
    return np.asarray(np.log((expected + 1) / (seen + 1)))


def _excess(cells: int, made: Ints, real: Ints) -> Floats:
    """Return the log ratio of the shares of synthetic and train rows in each cell, one row of train added to both."""
    share = len(real) / max(len(made), 1)
    counts = np.bincount(made, minlength=cells) * share, np.bincount(real, minlength=cells)
    return np.asarray(np.log((counts[0] + 1) / (counts[1] + 1)))


def _raise(best: Floats, pair: Ints, found: Floats, which: tuple[int, int]) -> None:
    """Put what was found for one pair of columns where it is more than what was found before."""
    more = found > best
    best[more], pair[more] = found[more], which
