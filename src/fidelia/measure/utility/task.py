"""What is to be predicted: the target of each table, and how predictions of it are scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.result import Caveat
from fidelia.measure.statistics.estimates import Estimate, auc, r_squared

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.values import Values

    Floats = NDArray[np.float64]

FEWEST = 20
RARE = 10


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What is to be predicted.

    Parameters
    ----------
    kind : {"binary", "multiclass", "regression"}
    classes : int
        0 for a regression.
    values : dict of str to (n,) array
        The target of every row, by side: numbers, or codes of classes.
    rows : dict of str to (n,) int64
        The rows that have it, of classes that enough train rows have.
    left_out : int
        Classes that too few train rows have to be learnt; boosted trees break down on them.
    """

    kind: str
    classes: int
    values: dict[str, NDArray[Any]]
    rows: dict[str, NDArray[np.int64]]
    left_out: int = 0

    @property
    def metric(self) -> str:
        """What a model is scored by: higher is better, and `baseline` is a model that knows nothing."""
        return {"binary": "auc", "multiclass": "auc, mean over classes", "regression": "r2"}[self.kind]

    @property
    def baseline(self) -> float:
        """The score of a model that knows nothing."""
        return 0.0 if self.kind == "regression" else 0.5

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest score."""
        return (-np.inf, 1.0) if self.kind == "regression" else (0.0, 1.0)

    def score(self, predicted: Floats, actual: NDArray[Any]) -> Estimate:
        """Score predictions: ``(n,)`` numbers, or ``(n, classes)`` probabilities, of what is `actual`, ``(n,)``."""
        if self.kind == "regression":
            return r_squared(predicted, actual)
        if self.kind == "binary":
            return auc(predicted[:, 1], actual == 1)
        found = [auc(predicted[:, c], actual == c) for c in np.unique(actual)]
        return Estimate(
            float(np.mean([each.value for each in found])), np.mean([each.influence for each in found], axis=0)
        )

    @property
    def caveats(self) -> tuple[Caveat, ...]:
        """What is said of classes that are rare, or that the synthetic rows lack."""
        said = []
        if self.left_out:
            said.append(
                Caveat("RARE_CLASSES", f"{self.left_out} classes of fewer than {RARE} train rows are left out.")
            )
        present = {side: self.values[side][rows] for side, rows in self.rows.items()}
        absent = np.setdiff1d(present["train"], present["synthetic"]) if self.classes else np.array([])
        if len(absent):
            words = f"{len(absent)} classes of the target are in train but not in the synthetic rows."
            said.append(Caveat("MISSING_CLASSES", words))
        return tuple(said)


def task_of(case: Case) -> Task:
    """Return the task that the target of `case` sets.

    Raises
    ------
    NotApplicable
        ``NEEDS_TARGET``, ``NEEDS_HOLDOUT``, ``UNSUPPORTED_TYPE``, ``TOO_FEW_ROWS`` or ``DEGENERATE_COLUMN``.
    """
    name = case.target
    fresh = case.unseen
    if name not in case.values:
        raise NotApplicable("UNSUPPORTED_TYPE", f"the target {name!r} is an id or a text")
    column = case.values[name]
    sides = {"train": column.train, "synthetic": column.synthetic, "holdout": column.holdout}
    target = {side: np.asarray(array) for side, array in sides.items() if array is not None}
    rows = {side: present(column, array) for side, array in target.items()}
    left_out = 0
    if column.levels is not None:
        counts = np.bincount(target["train"][rows["train"]], minlength=column.codes)
        left_out = int(((counts > 0) & (counts < RARE)).sum())
        rows = {side: kept[counts[target[side][kept]] >= RARE] for side, kept in rows.items()}
    if len(rows["train"]) >= FEWEST and len(np.unique(target["train"][rows["train"]])) < 2:
        raise NotApplicable("DEGENERATE_COLUMN", f"the target {name!r} does not vary in {len(case.train):,} train rows")
    if min(len(kept) for kept in rows.values()) < FEWEST:
        raise NotApplicable("TOO_FEW_ROWS", f"a model needs {FEWEST} rows with a target in each table")
    if len(np.unique(target["holdout"][rows["holdout"]])) < 2:
        raise NotApplicable("DEGENERATE_COLUMN", f"the target {name!r} does not vary in {len(fresh):,} holdout rows")
    classes = 0 if column.levels is None else column.codes - 1
    kind = "regression" if not classes else "binary" if classes == 2 else "multiclass"
    return Task(kind, classes, target, rows, left_out)


def present(column: Values, array: NDArray[Any]) -> NDArray[np.int64]:
    """Return the rows where a column has a value."""
    return np.flatnonzero(~np.isnan(array) if column.levels is None else array < column.codes - 1)
