"""Augmentation without a generator: real rows with noise, mixed in pairs, or interpolated between neighbours.

References
----------
Zhang et al. (2018), mixup: beyond empirical risk minimization, ICLR. Chawla et al. (2002), SMOTE: synthetic minority
over-sampling technique, Journal of Artificial Intelligence Research 16, 321-357.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.encode.codes import Coded, CodedColumn, Discrete
from fidelia.encode.columns import TableCoder
from fidelia.encode.quantile import deviation
from fidelia.errors import MissingExtra, NotApplicable
from fidelia.generate.sampling import joined

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.rng import Rng

    Ints = NDArray[np.int64]
    Change = Callable[[str, CodedColumn, np.random.Generator], CodedColumn]

NOISE = 0.1
MIX = 0.2
NEIGHBOURS = 5


def noisy(train: Table, n: int, rng: Rng, noise: float = NOISE) -> Table:
    """Return `n` rows of `train` whose numbers moved a little; the target and all levels stay as they are.

    Parameters
    ----------
    noise : float
        Standard deviation of the noise in standard deviations of the column.
    """
    picked = each(len(train), n, rng)

    def moved(name: str, column: CodedColumn, draw: np.random.Generator) -> CodedColumn:
        if isinstance(column, Discrete) or name == train.schema.target:
            return _taken(column, picked)
        present = column.values[~np.isnan(column.values)]
        spread = deviation(present) if len(present) else 0.0
        return replace(column, values=column.values[picked] + draw.normal(size=n) * spread * noise)

    return _changed(train, n, moved, rng)


def mixed(train: Table, n: int, rng: Rng, alpha: float = MIX) -> Table:
    """Return `n` rows between two rows of `train`: numbers at a share of the way, levels of one or the other.

    The share is of Beta(alpha, alpha) and levels, the target's too, are drawn with it, so that mixed labels are right
    in expectation and any learner can take them.
    """
    draw = rng.child("pairs").generator()
    first, second = each(len(train), n, rng), draw.integers(len(train), size=n)
    share = draw.beta(alpha, alpha, size=n)

    def between(_: str, column: CodedColumn, draw: np.random.Generator) -> CodedColumn:
        either = np.where(draw.random(n) < share, first, second)
        if isinstance(column, Discrete):
            return _taken(column, either)
        a, b = column.values[first], column.values[second]
        gap = np.isnan(a) | np.isnan(b)
        return replace(column, values=np.where(gap, column.values[either], share * a + (1 - share) * b))

    return _changed(train, n, between, rng)


def smote(train: Table, positive: NDArray[np.bool_], n: int, rng: Rng) -> Table:
    """Return `n` rows of a rare class made by imbalanced-learn: SMOTE, SMOTENC or SMOTEN, as the columns need.

    Missing numbers are filled with the median, because it cannot take them; a missing level is a level.

    Parameters
    ----------
    positive : (rows,) bool
        Which rows of `train` are of the class.

    Raises
    ------
    MissingExtra
        When imbalanced-learn is not installed.
    NotApplicable
        When the class has fewer than two rows.
    """
    rows = np.flatnonzero(positive)
    if len(rows) < 2:
        raise NotApplicable("TOO_FEW_ROWS", f"{len(rows)} rows of the rare class have no neighbours among themselves")
    target = train.schema.target
    coder = TableCoder.fit(train, k=1, rare="keep")
    coded = coder.code(train)
    names = [name for name in coded if name != target]
    maker = _smote([isinstance(coded[name], Discrete) for name in names], len(rows), n, rng)
    made = maker.fit_resample(np.column_stack([_filled(coded[name]) for name in names]), positive.astype(np.int64))[0]
    columns = {name: _column(coded[name], made[len(train) :, i]) for i, name in enumerate(names)}
    like = {name: columns.get(name) or _taken(coded[name], np.repeat(rows[:1], n)) for name in coded}
    return coder.decode(Coded(like, n), rng=rng.child("decode"))


def _smote(discrete: list[bool], rows: int, n: int, rng: Rng) -> Any:
    if find_spec("imblearn") is None:
        raise MissingExtra("SMOTE", "bench")
    over = import_module("imblearn.over_sampling")
    settings = {
        "sampling_strategy": {1: rows + n},
        "k_neighbors": min(NEIGHBOURS, rows - 1),
        "random_state": rng.child("smote").integer(),
    }
    if not any(discrete):
        return over.SMOTE(**settings)
    return over.SMOTEN(**settings) if all(discrete) else over.SMOTENC(np.flatnonzero(discrete).tolist(), **settings)


def _filled(column: CodedColumn) -> NDArray[np.float64]:
    if isinstance(column, Discrete):
        return column.codes.astype(np.float64)
    gone = np.isnan(column.values)
    return np.where(gone, 0.0 if gone.all() else np.median(column.values[~gone]), column.values)


def _column(like: CodedColumn, values: NDArray[np.float64]) -> CodedColumn:
    if isinstance(like, Discrete):
        return replace(like, codes=np.clip(np.rint(values), 0, like.levels - 1).astype(np.int32))
    return replace(like, values=values)


def each(rows: int, n: int, rng: Rng) -> Ints:
    """Return `n` of the rows: each once before any twice."""
    draw = rng.child("rows").generator()
    return np.concatenate([draw.permutation(rows) for _ in range(-(-n // rows))] or [np.zeros(0, np.int64)])[:n]


def _taken(column: CodedColumn, rows: Ints) -> CodedColumn:
    if isinstance(column, Discrete):
        return replace(column, codes=column.codes[rows])
    return replace(column, values=column.values[rows])


def _changed(train: Table, n: int, change: Change, rng: Rng) -> Table:
    coder = TableCoder.fit(train, k=1, rare="keep")
    coded = coder.code(train)
    columns = {name: change(name, coded[name], rng.child(f"column/{i}").generator()) for i, name in enumerate(coded)}
    return coder.decode(Coded(columns, n), rng=rng.child("decode"))


def repeated(train: Table, times: int) -> Table:
    """Return every row `times` times."""
    return joined([train] * times)
