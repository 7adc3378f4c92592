"""Whom an attack is after: as many train rows as holdout rows, what is known of them, and what is secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.result import Caveat
from fidelia.measure.space.embed import by_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MOST, MOST_SYNTHETIC = 4_000, 20_000
FEWEST = 20
SECRETS = 6
NO_EVIDENCE = Caveat(
    "NOT_PRIVACY_EVIDENCE", "Other attacks may succeed where these fail; that they fail is no proof of privacy."
)


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """The rows of one case that an attack works on.

    Parameters
    ----------
    train, holdout : (n,) int64
        The rows attacked: as many train rows as control rows.
    synthetic : (m,) int64
        The synthetic rows that the attacker holds.
    """

    case: Case
    train: Ints
    holdout: Ints
    synthetic: Ints

    @property
    def n(self) -> dict[str, int]:
        """Rows on each side."""
        return {"train": len(self.train), "synthetic": len(self.synthetic), "holdout": len(self.holdout)}

    def points(self, side: str, names: list[str]) -> Floats:
        """Return the coordinates of some columns of the chosen rows of a side, ``(rows, width)``."""
        table = getattr(self.case, side).take(getattr(self, side))
        embedding = by_columns(self.case)
        parts = [embedding.axes[name].transform(table[name]) for name in names if name in embedding.blocks]
        return np.hstack(parts) if parts else np.zeros((len(table), 1))


def targets(case: Case, code: str) -> Targets:
    """Choose the rows of an attack.

    Raises
    ------
    NotApplicable
        Without a holdout, or with fewer than 20 rows on a side.
    """
    n = min(len(case.train), len(case.unseen), MOST)
    if min(n, len(case.synthetic)) < FEWEST:
        raise NotApplicable("TOO_FEW_ROWS", f"{min(n, len(case.synthetic))} rows on a side; an attack needs {FEWEST}")
    rng = case.rng.child(code)
    chosen = [
        rng.child(side).generator().permutation(len(getattr(case, side)))[:most]
        for side, most in (("train", n), ("holdout", n), ("synthetic", MOST_SYNTHETIC))
    ]
    return Targets(case, *chosen)


def modelled(case: Case) -> list[str]:
    """Return the columns that attacks use, in an order that does not depend on the table's.

    Raises
    ------
    NotApplicable
        When there are fewer than two.
    """
    names = sorted(name for name in case.values if name in case.schema)
    if len(names) < 2:
        raise NotApplicable("UNSUPPORTED_TYPE", "an attack needs two columns that are neither ids nor texts")
    return names


def secrets(case: Case) -> list[str]:
    """Return the columns to be learnt: the sensitive ones, else the target, else up to six in turn."""
    names = modelled(case)
    declared = [name for name in names if case.schema[name].role == "sensitive"]
    if declared:
        return declared
    open_to = [name for name in names if name not in case.known]
    return [case.schema.target] if case.schema.target in open_to else open_to[:SECRETS]


def known(case: Case, secret: str) -> list[str]:
    """Return the columns that the attacker knows: those said, else all but the secret."""
    return [name for name in (sorted(case.known) or modelled(case)) if name != secret and name in case.values]
