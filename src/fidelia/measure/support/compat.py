"""Alpha-precision, beta-recall and authenticity as two public programs compute them, errors included.

For comparison with published numbers only. `alaa2022` is the repository of the paper (features as they are),
`synthcity` the package of that name in its versions 0.2 (label codes and numbers scaled to [0, 1] on real rows, the
target column left out: the keys ``_naive``). Both take 30 levels 0, 1/29, .., 1 and share these errors:

- beta-recall ranks each real row's nearest synthetic row among such rows instead of among the synthetic rows, and
  tests it against the distance to one other real row: a perfect generator scores 1/2, and more with more rows;
- authenticity uses the position of a synthetic row to look up a real row: copies of a tenth of the rows score 0.7;
- radii are calibrated on the rows that the centre comes from, duplicates and ties are not considered, and category
  codes in the order of their names count as numbers.

References
----------
Alaa, van Breugel, Saveliev and van der Schaar (2022), ICML, arXiv 2102.08921, and its repository.
Qian, Davis and van der Schaar (2023), Synthcity, NeurIPS Datasets and Benchmarks, arXiv 2301.07573.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.space.neighbors import search

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Program = Literal["alaa2022", "synthcity"]

LEVELS = np.linspace(0, 1, 30)
FEW_VALUES = 15


@dataclass(frozen=True, slots=True, eq=False)
class Published:
    """What a program returns: three numbers and two curves at the levels 0, 1/29, .., 1."""

    precision: float
    recall: float
    authenticity: float
    precision_curve: Floats
    recall_curve: Floats


def published(real: Floats, synthetic: Floats, program: Program, centre: Floats | None = None) -> Published:
    """Return the three numbers of a program.

    Parameters
    ----------
    real : (n, d) float64
    synthetic : (m, d) float64
    program : {"alaa2022", "synthcity"}
    centre : (d,) float64 or None
        Of the real balls; None for the mean of the real rows.

    Raises
    ------
    NotApplicable
        Where the program stops with an error: `synthcity` for unequal numbers of rows and for negative scores,
        `alaa2022` where the nearest synthetic row of a real row has a position beyond the last real row.
    """
    refuse(len(real), len(synthetic), program)
    alpha = precision_curve(real, synthetic, program, centre)
    beta = recall_curve(real, synthetic, program)
    scores = integral(alpha, program), integral(beta, program)
    if program == "synthcity" and min(scores) < 0:
        raise NotApplicable("PUBLISHED_ERRORS", "synthcity stops where a score is negative")
    return Published(*scores, authenticity(real, synthetic), alpha, beta)


def refuse(real: int, synthetic: int, program: Program) -> None:
    """Decline the sizes with which a program stops or has nothing to compute."""
    if min(real, synthetic) < 2:
        raise NotApplicable("TOO_FEW_ROWS", "the published programs need two rows on each side")
    if program == "synthcity" and real != synthetic:
        raise NotApplicable("PUBLISHED_ERRORS", f"synthcity stops for {real:,} real and {synthetic:,} synthetic rows")


def precision_curve(real: Floats, synthetic: Floats, program: Program, centre: Floats | None = None) -> Floats:
    """Return the share of synthetic rows within the ball of each of the 30 radii, ``(30,)``."""
    middle = real.mean(axis=0) if centre is None else centre
    radii = np.quantile(_from(middle, real, program), LEVELS)
    return _shares(_from(middle, synthetic, program), radii)


def recall_curve(real: Floats, synthetic: Floats, program: Program) -> Floats:
    """Return the share of real rows that both tests of the programs recall, ``(30,)``; for any numbers of rows."""
    own = search(real, real, 1, own=np.arange(len(real))).distance[:, 0]
    near = search(real, synthetic, 1)
    central = _from(synthetic.mean(axis=0), synthetic, program)[near.index[:, 0]]
    radii = np.quantile(central, LEVELS)
    return _shares(np.where(near.distance[:, 0] <= own, central, np.inf), radii)


def authenticity(real: Floats, synthetic: Floats) -> float:
    """Return the share of real rows whose nearest synthetic row j is farther than real row j (sic) from the next.

    Raises
    ------
    NotApplicable
        Where there is no real row j.
    """
    own = search(real, real, 1, own=np.arange(len(real))).distance[:, 0]
    near = search(real, synthetic, 1)
    if (beyond := int((near.index[:, 0] >= len(real)).sum())) > 0:
        text = f"{beyond:,} real rows have a nearest synthetic row whose number is that of no real row"
        raise NotApplicable("PUBLISHED_ERRORS", text)
    return float(np.mean(own[near.index[:, 0]] < near.distance[:, 0]))


def integral(curve: Floats, program: Program) -> float:
    """Return the score of a curve: by the step 1/29 with values down to -1/29, or by the sum 15 of the levels."""
    gap = float(np.abs(LEVELS - curve).sum())
    return 1 - 2 * gap / 29 if program == "alaa2022" else 1 - gap / float(LEVELS.sum())


def _from(centre: Floats, rows: Floats, program: Program) -> Floats:
    """Return distances to a centre; the repository of the paper takes them in single precision."""
    kind = np.float32 if program == "alaa2022" else np.float64
    gap = rows.astype(kind) - centre.astype(kind)
    return np.asarray(np.sqrt((gap**2).sum(axis=1)), dtype=np.float64)


def _shares(distance: Floats, radii: Floats) -> Floats:
    return np.asarray(np.searchsorted(np.sort(distance), radii, side="right") / len(distance))


def min_max(real: Floats, synthetic: Floats, discrete: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return the space of synthcity's keys ``_naive``: codes for discrete columns, then real rows scaled to [0, 1].

    A column with fewer than 15 values on both sides together is discrete too; codes are positions among these.

    Parameters
    ----------
    real, synthetic : (n, c) float64
        Numbers, and for discrete columns any numbers in the order of the levels.
    discrete : (c,) bool
    """
    both = np.concatenate([real, synthetic])
    for column in range(both.shape[1]):
        values, code = np.unique(both[:, column], return_inverse=True)
        if discrete[column] or len(values) < FEW_VALUES:
            both[:, column] = code
    low, high = both[: len(real)].min(axis=0), both[: len(real)].max(axis=0)
    both = (both - low) / np.where(high > low, high - low, 1)
    return both[: len(real)], both[len(real) :]
