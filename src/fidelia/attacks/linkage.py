"""Linkability: do the synthetic rows tell that two records with different columns belong to one person?

The attacker holds some columns of a person in one file and others in a second file, and looks up the nearest
synthetic rows of each: if a synthetic row is near to both, the two records are taken for one person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.attacks.guesses import Guesses, risk, strongest
from fidelia.attacks.targets import NO_EVIDENCE, Targets, known, modelled, targets
from fidelia.measure.space.neighbors import search

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.result import Result

NEAREST, ROWS_PER_NEIGHBOUR = 10, 500
SPLITS = 3
MOST = 2_000


def linkability(case: Case) -> Result:
    """PRV13: linkability risk; 0 when two records of a train row are linked no more often than a stranger's.

    The columns are cut into two files in three random ways; the strongest cut is chosen on one half of the rows and
    judged on the other.
    """
    at = targets(case, "PRV13")
    at = Targets(case, at.train[:MOST], at.holdout[:MOST], at.synthetic)
    names = known(case, "") if len(case.known) > 1 else modelled(case)
    generator = case.rng.child("PRV13/splits").generator()
    cuts = [generator.permutation(len(names)) for _ in range(SPLITS)]
    return risk([strongest([_linked(at, [names[i] for i in cut]) for cut in cuts])], at.n, (NO_EVIDENCE,))


def _linked(at: Targets, names: list[str]) -> Guesses:
    """Return whose records are linked when the first half of the columns is in one file, the rest in another."""
    files = names[: len(names) // 2], names[len(names) // 2 :]
    made = [at.points("synthetic", list(file)) for file in files]
    k = min(NEAREST, max(1, len(at.synthetic) // ROWS_PER_NEIGHBOUR))
    found = {
        side: _shared(
            *(search(at.points(side, list(file)), each, k).index for file, each in zip(files, made, strict=True))
        )
        for side in ("train", "holdout")
    }
    generator = at.case.rng.child("PRV13/blind").generator()
    chance = -np.expm1(k * np.log1p(-k / (len(at.synthetic) + 1)))
    return Guesses(
        "records", " + ".join(files[0]), found["train"], found["holdout"], generator.random(len(at.train)) < chance
    )


def _shared(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which rows have a neighbour that stands in both lists."""
    return np.asarray((a[:, :, None] == b[:, None, :]).any(axis=(1, 2)))
