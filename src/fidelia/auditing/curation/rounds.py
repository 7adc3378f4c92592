"""The loop: draw, judge, keep, until there are rows enough, or a limit, or a reason to stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.data.align import align
from fidelia.errors import NotApplicable
from fidelia.generate.sampling import joined
from fidelia.measure.joint.detect import MOST
from fidelia.measure.joint.groups import Groups, grouped

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.auditing.curation.acceptance import Filter, Judged
    from fidelia.data.table import Table
    from fidelia.generate.catalog import Generator
    from fidelia.measure.case import Case
    from fidelia.progress import Progress
    from fidelia.rng import Rng

    Draw = Callable[[int, int, int], Table | None]

LEAST = 0.1
"""Below this share of rows kept a generator is not worth drawing from: its rows are better weighed."""
MOST_AT_ONCE = 20_000
SPARE = 1.1
DONE, BUDGET, TIME, SCARCE, USED_UP, INTERRUPTED = (
    "all rows wanted were found",
    "the budget of rows to draw was used up",
    "the time limit was reached",
    f"fewer than {LEAST:.0%} of the rows drawn were kept",
    "the given rows were used up",
    "interrupted",
)


@dataclass(frozen=True, slots=True)
class Round:
    """One draw: how many rows were drawn and kept, how many are out and why (a row may be out for several reasons)."""

    drawn: int
    kept: int
    rejected: int
    reasons: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {"drawn": self.drawn, "kept": self.kept, "rejected": self.rejected, "reasons": dict(self.reasons)}


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop.

    Parameters
    ----------
    wanted : int
        Rows to keep.
    budget : int
        Rows that may be drawn.
    until : float
        On the clock of `time.monotonic`; looked at between draws.
    """

    wanted: int
    budget: int
    until: float = float("inf")


@dataclass(slots=True, eq=False)
class Collected:
    """What was drawn and kept so far.

    Parameters
    ----------
    kept : list of Table
    raw : list of Table
        As drawn, up to the number wanted: what no filter would have given.
    weight : (m,) float64 or None
        Of the rows of the first draw.
    rounds : list of Round
    groups : Groups or None
        Of the first draw: by what subgroups are named.
    drawn, rejected : (groups,) int64
        Rows by subgroup.
    stopped : str
        Why no more were drawn.
    """

    kept: list[Table] = field(default_factory=list)
    raw: list[Table] = field(default_factory=list)
    weight: NDArray[np.float64] | None = None
    rounds: list[Round] = field(default_factory=list)
    groups: Groups | None = None
    drawn: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    rejected: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    stopped: str = DONE

    @property
    def found(self) -> int:
        """Rows kept."""
        return sum(each.kept for each in self.rounds)

    @property
    def seen(self) -> int:
        """Rows drawn."""
        return sum(each.drawn for each in self.rounds)

    @property
    def share(self) -> float:
        """Share of the rows drawn that were kept."""
        return self.found / max(self.seen, 1)

    def rows(self, wanted: int) -> Table:
        """Return the first `wanted` rows kept."""
        return joined(self.kept).take(np.arange(min(self.found, wanted)))

    def unfiltered(self, wanted: int) -> Table:
        """Return the first `wanted` rows drawn."""
        return joined(self.raw).take(np.arange(min(self.seen, wanted)))

    def add(self, draw: Case, judged: Judged, wanted: int, by: str | None) -> None:
        """Take in one draw."""
        rows, out = draw.synthetic, judged.rejected
        if not self.rounds:
            self.weight, self.groups = judged.weight, _grouped(draw, by)
            self.drawn = self.rejected = np.zeros(0 if self.groups is None else len(self.groups.names) + 1, np.int64)
        if sum(map(len, self.raw)) < wanted:
            self.raw.append(rows)
        self.kept.append(rows.take(np.flatnonzero(judged.kept)))
        if self.groups is not None:
            codes = grouped(draw, self.groups.column).codes["synthetic"]
            self.drawn = self.drawn + np.bincount(codes, minlength=len(self.drawn))
            self.rejected = self.rejected + np.bincount(codes[out], minlength=len(self.drawn))
        reasons = {reason: int(mask.sum()) for reason, mask in judged.out.items() if mask.any()}
        self.rounds.append(Round(len(rows), int(judged.kept.sum()), int(out.sum()), reasons))


def _grouped(case: Case, by: str | None) -> Groups | None:
    try:
        return grouped(case, by)
    except NotApplicable:
        return None


def collect(
    draw: Draw, first: Case, judge: Filter, limits: Limits, *, by: str | None, rng: Rng, progress: Progress
) -> Collected:
    """Draw, judge and keep rows until a limit is met; an interrupt keeps what was accepted.

    Parameters
    ----------
    draw : callable
        ``(rows, round, rows drawn before) -> Table``, None when there are no more.
    first : Case
        The first draw beside the real rows; later ones share its embedding and its searches among real rows.
    judge : Filter
    by : str or None
        Column that names subgroups.
    """
    found = Collected()
    case = first
    with progress.stage("curate", limits.wanted) as tick:
        try:
            while True:
                judged = judge(case, rng.child(f"keep/{len(found.rounds)}").generator())
                found.add(case, judged, limits.wanted, by)
                tick(min(found.rounds[-1].kept, limits.wanted))
                if stop := _stop(found, limits):
                    found.stopped = stop
                    return found
                table = draw(_size(found, limits), len(found.rounds), found.seen)
                if table is None:
                    found.stopped = USED_UP
                    return found
                case = _beside(first, table)
        except KeyboardInterrupt:
            if not found.rounds:
                raise
            found.stopped = INTERRUPTED
    return found


def _beside(first: Case, table: Table) -> Case:
    return replace(first, synthetic=table, embedding=first.embedded.embedding, like=first)


def _stop(found: Collected, limits: Limits) -> str | None:
    if found.found >= limits.wanted:
        return DONE
    if found.share < LEAST:
        return SCARCE
    if found.seen >= limits.budget:
        return BUDGET
    return TIME if monotonic() > limits.until else None


def _size(found: Collected, limits: Limits) -> int:
    """Return how many rows to draw so that those kept are likely to be enough."""
    need = int(np.ceil(SPARE * (limits.wanted - found.found) / found.share)) + 10
    return max(1, min(need, MOST_AT_ONCE, limits.budget - found.seen))


def first_size(limits: Limits, real: int) -> int:
    """Return the rows of the first draw, from which odds are learnt: as many as real ones, however few are wanted."""
    return max(1, min(max(limits.wanted, real), MOST, limits.budget))


def from_generator(generator: Generator, train: Table, rng: Rng) -> Draw:
    """Return what draws from a generator, as `train` has it: draw i depends on ``rng.child("draw/i")`` alone."""

    def draw(rows: int, i: int, before: int) -> Table:
        return align(generator.sample(rows, rng=rng.child(f"draw/{i}"), first=before), train, "synthetic")

    return draw


def from_table(table: Table) -> Draw:
    """Return what gives the rows of a table, once."""

    def draw(rows: int, i: int, before: int) -> Table | None:  # noqa: ARG001 - as generators are drawn from
        return table if i == 0 else None

    return draw
