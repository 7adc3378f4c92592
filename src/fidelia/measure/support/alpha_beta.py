"""Alpha-precision and beta-recall as results, whatever the estimator of the supports.

A row's level is the share of real rows that are more typical than it: by the distance to the fifth nearest row
(`level_set`) or by the distance to a centre (`hypersphere`). Under equal laws the levels are uniform, so that
P_alpha = alpha for all alpha. Roles swapped, the same says whether each real row is within the reach of the synthetic
ones. The mathematics of levels is in `levels`; the published programs, errors included, are in `compat`.

The catalogue's lines call the estimators with their defaults; called directly they take their choices:
``level_set.level_set_precision(case, k=5)`` and ``level_set_recall(case, k=5)``,
``hypersphere.hypersphere_precision(case, centres=10)`` and ``hypersphere_recall(case, centres=10)``, and the paper's
``hypersphere_recall(case, local_k=5)``.

References
----------
Alaa, van Breugel, Saveliev and van der Schaar (2022), How Faithful is Your Synthetic Data?, ICML, arXiv 2102.08921.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.measure.result import Reference, Result
from fidelia.measure.space.caveats import subsampled, tie_caveats
from fidelia.measure.statistics.intervals import normal
from fidelia.measure.statistics.resampling import draws
from fidelia.measure.support.levels import GRID, Levels, Score, integrate, p_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What an estimator found; `result` makes a Result of it.

    Parameters
    ----------
    estimator : str
        Its name, with the choices that define it.
    value, reference : Score
        Of synthetic and of fresh real rows, in equal numbers.
    rows : int
        That number.
    test : Levels
        Uniform under equal laws.
    whole : Levels or None
        The levels of all rows at full size, where they were found.
    scores : mapping of str to array
        Levels per row of a table.
    lines : sequence of dict
        Variants of the estimator beside it.
    """

    estimator: str
    value: Score
    reference: Score
    rows: int
    test: Levels
    whole: Levels | None
    scores: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    lines: Sequence[Mapping[str, Any]] = ()

    def result(self, case: Case, share: str) -> Result:
        """Return the Result; `share` names the curve's end: ``"P_1"`` or ``"R_1"``."""
        side = case.contrast
        value, reference = self.value, self.reference
        breakdown: dict[str, Any] = {
            "estimator": self.estimator,
            "embedding": {"name": case.embedded.name, "hash": case.embedded.hash},
            "curve": _curves(value, reference),
            **_parts(value),
            share: float(value.curve[-1]),
            **p_values(self.test),
            "reference": _parts(reference),
            "full": None if self.whole is None else integrate([self.whole]).value,
        }
        return Result(
            value=value.value,
            interval=normal(value.value, value.sd, 0.0, 1.0),
            reference=Reference(reference.value, value.noise, self.rows, side.kind),
            n={"train": len(side.case.embedded.train), "synthetic": self.rows, side.kind: self.rows},
            caveats=(*side.caveats, *tie_caveats(case), *subsampled(case)),
            breakdown=breakdown | ({"lines": list(self.lines)} if self.lines else {}),
            rows=self.scores,
        )


def _parts(score: Score) -> dict[str, float]:
    return {
        "S_plus": score.plus,
        "S_minus": score.minus,
        "one_sided": score.one_sided,
        "two_sided": score.two_sided,
    }


def _curves(value: Score, reference: Score) -> dict[str, Floats]:
    return {
        "level": GRID.round(2),
        "synthetic": value.curve,
        "reference": reference.curve,
        "low": np.clip(GRID - value.band, 0, 1),
        "high": np.clip(GRID + value.band, 0, 1),
    }


def precision(
    case: Case,
    code: str,
    estimator: str,
    found: tuple[Levels, Levels],
    *,
    whole: Levels,
    test: Levels,
    lines: Sequence[Mapping[str, Any]] = (),
) -> Result:
    """Return alpha-precision from the levels of all synthetic and of all fresh real rows among train's.

    Parameters
    ----------
    found : (Levels, Levels)
        Of the contrast's synthetic and of its fresh real rows.
    whole : Levels
        Of the synthetic rows, among all of train.
    test : Levels
        Of the synthetic rows among fresh real ones.
    """
    synthetic, fresh = found
    m = min(len(synthetic.low), len(fresh.low))
    rng = case.rng.child(code)
    value = integrate(synthetic.take(rows) for rows in draws(rng.child("synthetic"), len(synthetic.low), m))
    reference = integrate(fresh.take(rows) for rows in draws(rng.child("fresh"), len(fresh.low), m))
    scores = {"synthetic.alpha": case.aligned("synthetic", whole.rows)}
    return Scored(estimator, value, reference, m, test, whole, scores, lines).result(case, "P_1")


def line(name: str, value: Score, reference: Score) -> dict[str, Any]:
    """Return one variant of a score beside its reference."""
    return {
        "name": name,
        "value": value.value,
        "reference": reference.value,
        "S_plus": value.plus,
        "S_minus": value.minus,
    }
