"""Acceptance: which rows of a draw are out, and with what probability each of the others is kept.

Rows that the audit rejects are out: broken constraints, copies beyond what fresh real rows show, and, only where the
table as a whole is off the support, rows that are. The others are kept with a probability in proportion to how much
more often real rows are found there (rejection sampling), so that those kept follow the real law; nothing is cut off.

References
----------
von Neumann (1951), Applied Mathematics Series 12, 36-38 (rejection sampling). Azadi et al. (2019), Discriminator
Rejection Sampling, ICLR, arXiv 1810.06758 (with a learnt ratio).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from fidelia.auditing.marks import marks
from fidelia.auditing.odds import Odds, odds
from fidelia.auditing.repeats import surplus
from fidelia.auditing.scores import scores
from fidelia.auditing.verdicts import Reason, Verdict
from fidelia.data.keys import learnt_keys
from fidelia.measure.support.level_set import level_set_precision

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

OUT = tuple(reason for reason in Reason if reason.verdict is Verdict.REJECT)
LEVEL = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What a filter says of the m rows of one draw.

    Parameters
    ----------
    kept : (m,) bool
    out : mapping of str to (m,) bool
        Rows that must not be kept, by reason.
    weight : (m,) float64 or None
        For who would rather weigh the rows than drop some; 0 for rows that are out.
    """

    kept: Mask
    out: Mapping[str, Mask]
    weight: Floats | None = None

    @property
    def rejected(self) -> Mask:
        """Rows that are out for any reason, (m,)."""
        return np.asarray(np.any([np.zeros(len(self.kept), dtype=bool), *self.out.values()], axis=0))


class Filter(Protocol):
    """Judges the draws of one generator, one after the other."""

    def __call__(self, draw: Case, generator: np.random.Generator) -> Judged:
        """Judge the synthetic rows of `draw`; the rows kept before count where a filter fills quotas."""
        ...


@dataclass(slots=True, eq=False)
class ByOdds:
    """Rejects at a controlled false discovery rate, accepts by the odds that were learnt from the first draw.

    Parameters
    ----------
    first : Case
        The first draw, with real rows that the generator never saw as holdout.
    q : float
        False discovery rate of the rejects.
    """

    first: Case
    q: float
    kept: list[NDArray[np.uint64]] = field(default_factory=list)

    @property
    def odds(self) -> Odds:
        """The odds that rows are accepted by."""
        return odds(self.first)

    @property
    def off_support(self) -> bool:
        """Whether the first draw lies farther out than fresh real rows do, at the 5 % level: else no row is flagged."""
        return self.first.once("curate/off support", _off_support)

    def __call__(self, draw: Case, generator: np.random.Generator) -> Judged:
        """Judge one draw."""
        told = self.odds if draw is self.first else self.odds.score(draw.synthetic)
        draw.once("odds", lambda _: told)  # learnt once, from the first draw
        found = marks(draw, scores(draw, unheard), self.q, seen=True, tick=unheard).rows
        out = {str(reason): found[reason] for reason in OUT if reason is not Reason.OOD or self.off_support}
        out = {reason: rows for reason, rows in out.items() if rows.any()}
        judged = Judged(generator.random(len(draw.synthetic)) < told.acceptance, out, told.weight)
        fit = judged.kept & ~judged.rejected
        fit &= ~self._again(draw, fit)
        return replace(judged, kept=fit, weight=np.where(judged.rejected, 0.0, told.weight))

    def _again(self, draw: Case, fit: Mask) -> Mask:
        """Return the rows that would repeat others, kept earlier too, more often than real rows explain."""
        new = learnt_keys(draw.synthetic)[fit]
        real = np.concatenate([learnt_keys(draw.train), learnt_keys(draw.unseen)])
        extra = np.zeros(len(fit), dtype=bool)
        extra[fit] = surplus(np.concatenate([*self.kept, new]), real, q=self.q)[sum(map(len, self.kept)) :]
        self.kept.append(new[~extra[fit]])
        return extra


def unheard(_amount: float) -> None:
    """Tell nobody: a draw is one step of a curation."""


def _off_support(case: Case) -> bool:
    return bool(level_set_precision(case).breakdown["p_minus"] < LEVEL)
