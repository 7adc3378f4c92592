"""What fresh real rows are compared with: the holdout, or half of train where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.result import Caveat, Reference

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.rng import Rng

DRAWS = 5
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
    order = case.rng.child("reference").generator().permutation(len(case.train))
    half = len(order) // 2
    first, second = (case.train.take(np.sort(part)) for part in (order[half:], order[:half]))
    split = replace(case, train=first, holdout=second, embedding=case.embedded.embedding)
    return Contrast(split, "train-split", min(len(case.synthetic), half), (OPTIMISTIC,))


def _refuse_empty(case: Case) -> None:
    rows = {"train": len(case.train), "synthetic": len(case.synthetic)}
    if case.holdout is not None:
        rows["holdout"] = len(case.holdout)
    for name, n in rows.items():
        if n < 2:
            raise NotApplicable("TOO_FEW_ROWS", f"the {name} table has {n} rows; a score needs at least 2")


def draws(rng: Rng, n: int, m: int, times: int = DRAWS) -> Iterator[NDArray[np.int64]]:
    """Yield `times` sorted subsamples of m of n rows without replacement; all rows, once, when m >= n."""
    if m >= n:
        yield np.arange(n)
        return
    generator = rng.child("draws").generator()
    for _ in range(times):
        yield np.sort(generator.choice(n, m, replace=False))


def resplit_sd(
    rng: Rng,
    pooled: NDArray[Any],
    fresh: int,
    statistic: Callable[[NDArray[Any], NDArray[Any]], float | NDArray[np.float64]],
    times: int = 20,
) -> Any:
    """Return the spread of `statistic` over random re-splits of real rows: the noise floor.

    Parameters
    ----------
    pooled : (n, ...) array
        Train rows and fresh real rows together.
    fresh : int
        How many of them stand for fresh real rows in each re-split.
    statistic : callable
        Takes the rows that stand for train and those that stand for fresh rows.
    """
    generator = rng.child("resplit").generator()
    found = []
    for _ in range(times):
        order = generator.permutation(len(pooled))
        found.append(statistic(pooled[order[fresh:]], pooled[order[:fresh]]))
    return np.std(np.asarray(found), axis=0, ddof=1)
