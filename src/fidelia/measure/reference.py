"""What fresh real rows are compared with: the holdout, or half of train where there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.result import Caveat, Reference

if TYPE_CHECKING:
    from fidelia.measure.case import Case

OPTIMISTIC = Caveat(
    "REFERENCE_OPTIMISTIC",
    "There is no holdout: the reference compares two halves of train, both of which the generator saw.",
)


@dataclass(frozen=True, slots=True)
class Contrast:
    """A case whose holdout stands for fresh real rows.

    Parameters
    ----------
    case : Case
        Always with a holdout: the real one, or one half of train against the other.
    kind : {"holdout", "train-split"}
    rows : int
        The matched number of rows m: min(synthetic, fresh real rows).
    caveats : tuple of Caveat
    """

    case: Case
    kind: str
    rows: int
    caveats: tuple[Caveat, ...]

    @property
    def sizes(self) -> dict[str, int]:
        """The rows behind a value at the matched size."""
        fresh = "holdout" if self.kind == "holdout" else "train-split"
        return {"train": len(self.case.train), "synthetic": self.rows, fresh: self.rows}

    def reference(self, value: float, sd: float | None) -> Reference:
        """Return what fresh real rows score, with its noise floor."""
        return Reference(float(value), None if sd is None else float(sd), self.rows, self.kind)


def contrast(case: Case) -> Contrast:
    """Return `case` with fresh real rows to compare with.

    Without a holdout, train is cut into two random halves: the first stands for train and the second for fresh
    real rows, so that value and reference are measured against the same rows.

    Raises
    ------
    NotApplicable
        When a table has too few rows.
    """
    _refuse_empty(case)
    if case.holdout is not None:
        return Contrast(case, "holdout", min(len(case.synthetic), len(case.holdout)), ())
    embedding = case.embedded.embedding
    order = case.rng.child("reference").generator().permutation(embedding.calibration(case.train))
    half = len(order) // 2
    first, second = (case.train.take(np.sort(part)) for part in (order[half:], order[:half]))
    split = replace(case, train=first, holdout=second, embedding=embedding)
    return Contrast(split, "train-split", min(len(case.synthetic), half), (OPTIMISTIC,))


def _refuse_empty(case: Case) -> None:
    rows = {"train": len(case.train), "synthetic": len(case.synthetic)}
    if case.holdout is not None:
        rows["holdout"] = len(case.holdout)
    for name, n in rows.items():
        if n < 2:
            raise NotApplicable("TOO_FEW_ROWS", f"the {name} table has {n} rows; a score needs at least 2")
