"""Which synthetic rows have which reason: every test calibrated on fresh real rows, at a false discovery rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fidelia.auditing.combinations import Combinations, combinations
from fidelia.auditing.constraints import Broken, broken
from fidelia.auditing.copies import NearCopies, near_copies
from fidelia.auditing.odds import Odds, odds
from fidelia.auditing.parts import Parts, parts
from fidelia.auditing.repeats import surplus
from fidelia.auditing.verdicts import Reason
from fidelia.data.keys import learnt_keys
from fidelia.errors import NotApplicable
from fidelia.measure.statistics.flags import Flags, flags, in_turn, too_large, too_small

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.auditing.scores import Scores
    from fidelia.measure.case import Case
    from fidelia.progress import Tick

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

STEPS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """What the tests found, row by row of the synthetic table.

    Parameters
    ----------
    rows : mapping of Reason to (M,) bool
    flags : mapping of Reason to Flags
        p- and q-values of the tests that were made.
    identical : (M,) bool
        Equal to a train row in all columns but ids and texts.
    broken : list of Broken
    source : (M,) int64
        The row of train that each row is most nearly a copy of.
    combinations, parts, odds
        What the tests rest on; None where they cannot be made.
    """

    rows: Mapping[Reason, Mask]
    flags: Mapping[Reason, Flags]
    identical: Mask
    broken: list[Broken]
    source: NDArray[np.int64]
    combinations: Combinations | None
    parts: Parts | None
    odds: Odds | None

    def any_of(self, *reasons: Reason) -> NDArray[np.int64]:
        """Return the rows that have at least one of these reasons."""
        return np.flatnonzero(np.any([self.rows[reason] for reason in reasons], axis=0))


def marks(case: Case, scored: Scores, q: float, *, seen: bool, tick: Tick) -> Marks:
    """Test every synthetic row; `seen` says that the generator learnt from the train rows of the case."""
    told = _odds(case)
    tick(1)
    paired, repeated = combinations(case), parts(case) if seen else None
    tick(1)
    strange = broken(case, q)
    tick(1)
    keys = {side: learnt_keys(getattr(case, side)) for side in case.embedded.rows}
    identical = np.isin(keys["synthetic"], keys["train"])
    excess = _excess(identical, keys, q) if seen else np.zeros_like(identical)
    wrong = np.any([each.rows for each in strange], axis=0) if strange else np.zeros_like(identical)
    near = near_copies(case, scored) if seen and case.holdout is not None else None
    source = scored.nearest if near is None else near.source
    tested = in_turn(_tests(scored, near, told, paired, repeated), q, wrong | excess)
    rows = {reason: flag.q <= q for reason, flag in tested.items()} | _copies(tested, identical, excess, q)
    rows[Reason.CONSTRAINT] = wrong
    rows[Reason.DUPLICATE] = surplus(keys["synthetic"], np.concatenate([keys[side] for side in _real(case)]), q=q)
    tick(1)
    complete = {reason: rows.get(reason, np.zeros_like(identical)) for reason in Reason}
    return Marks(complete, tested, identical, strange, source, paired, repeated, told)


def _real(case: Case) -> list[str]:
    return ["train"] if case.holdout is None else ["train", "holdout"]


def _odds(case: Case) -> Odds | None:
    try:
        return odds(case)
    except NotApplicable:
        return None


def _tests(
    scored: Scores, near: NearCopies | None, told: Odds | None, paired: Combinations | None, repeated: Parts | None
) -> dict[Reason, Flags]:
    """The tests that can be made, gravest first, each over all rows."""
    found: dict[Reason, Flags] = {}
    if near is not None:
        found[Reason.NEAR_COPY] = near.flags
    if repeated is not None:
        found[Reason.PARTIAL_COPY] = flags(repeated.p)
    found[Reason.OOD] = too_large(scored.depth, scored.fresh_depth)
    if paired is not None:
        found[Reason.RARE_COMBO] = too_large(paired.score, paired.fresh)
    if told is not None:
        found[Reason.DETECTABLE] = too_large(told.propensity, told.fresh)
    return found | {Reason.TOO_TYPICAL: too_small(scored.depth, scored.fresh_depth)}


def _excess(identical: Mask, keys: Mapping[str, NDArray[np.uint64]], q: float) -> Mask:
    """Rows that equal a train row, where there are so many that at most a share q would be by chance.

    The chance is that of holdout rows; without a holdout, of train rows to have a twin.
    """
    if "holdout" in keys:
        hits, n = int(np.isin(keys["holdout"], keys["train"]).sum()), len(keys["holdout"])
    else:
        _, count = np.unique(keys["train"], return_counts=True)
        hits, n = int(count[count > 1].sum()), len(keys["train"])
    return np.asarray(identical & (len(identical) * (1 + hits) / (1 + n) <= q * identical.sum()))


def _copies(tested: Mapping[Reason, Flags], identical: Mask, excess: Mask, q: float) -> dict[Reason, Mask]:
    """Tell whole copies from near and from partial ones; without a holdout, only equal rows that chance excludes."""
    if Reason.NEAR_COPY not in tested:
        return {Reason.IDENTICAL: excess}
    near = tested[Reason.NEAR_COPY].q <= q
    found = {Reason.COPY: identical & (near | excess), Reason.NEAR_COPY: near & ~identical}
    if Reason.PARTIAL_COPY in tested:
        found[Reason.PARTIAL_COPY] = (tested[Reason.PARTIAL_COPY].q <= q) & ~(near | identical)
    return found
