"""Curated: the rows, the weights, what was done and what it changed, and one sentence on what to take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fidelia.auditing.curation.published import OUTSIDE, UNAUTHENTIC
from fidelia.auditing.curation.rounds import SCARCE
from fidelia.auditing.verdicts import TEXT
from fidelia.measure.result import plain

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fidelia.auditing.curation.changes import Change
    from fidelia.auditing.curation.rounds import Round
    from fidelia.data.table import Table

SURE = 2.241
"""Standard errors beyond which one of four scores rises with a probability of 5 % in all (Bonferroni, one-sided)."""
GAINS = ("FID26", "FID16", "DIV01", "UTL01")
PRIVACY = (
    "Rows were chosen by their distance to training rows, which leaves traces of those: no privacy guarantee of the "
    "generator covers the choice."
)
NOT_MENDED = "no choice among its rows can mend that"
LEFT_OUT = 0.05
"""Share of the real law out of reach above which it is said."""


@dataclass(frozen=True, slots=True)
class Group:
    """How many rows of a subgroup were drawn, and how many of them are out."""

    name: str
    drawn: int
    rejected: int

    @property
    def share(self) -> float:
        """Share of its rows that are out."""
        return self.rejected / max(self.drawn, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Curated:
    """What curation gives back.

    Parameters
    ----------
    table : Table
        The rows that were kept; where too few were worth keeping, the first draw without the rows that are out.
    unfiltered : Table
        As many rows as they were drawn.
    first : Table
        The first draw, or the given table: what `weight` belongs to.
    weight : (len(first),) float64 or None
        Weighted by it, the rows of `first` follow the real law as far as the learners see; 0 for rows that are out.
    rounds : sequence of Round
    stopped : str
        Why no more rows were drawn.
    changes : sequence of Change
        Before and after, on real rows that the filter never used; empty after an interrupt.
    groups : sequence of Group
    odds : mapping
        What the acceptance rests on: AUC of the learners, clip, effective number of rows, calibration, share of the
        real law out of reach.
    limit : float
        Largest share of rows, of all and of a subgroup, that may be rejected before somebody should look.
    unseen : Table
        The half of the holdout that measured, which any further measurement should use.
    provenance : mapping
        Method, settings, seed and sizes.
    """

    table: Table
    unfiltered: Table
    first: Table
    weight: NDArray[np.float64] | None
    rounds: Sequence[Round]
    stopped: str
    changes: Sequence[Change]
    groups: Sequence[Group]
    odds: Mapping[str, Any]
    limit: float
    unseen: Table
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kept(self) -> float:
        """Share of the rows drawn that were kept."""
        return sum(each.kept for each in self.rounds) / max(sum(each.drawn for each in self.rounds), 1)

    @property
    def rejected(self) -> float:
        """Share of the rows drawn that are out."""
        return sum(each.rejected for each in self.rounds) / max(sum(each.drawn for each in self.rounds), 1)

    @property
    def better(self) -> list[Change]:
        """Scores of all rows that rose beyond noise, those that count as a gain taken together."""
        return [each for each in self.changes if each.group is None and each.said(SURE) == "better"]

    @property
    def worse(self) -> list[Change]:
        """Scores that fell beyond noise: of all rows, or of a subgroup."""
        return [each for each in self.changes if each.said(SURE) == "worse"]

    @property
    def over(self) -> list[Group]:
        """Subgroups of which too large a share is out."""
        return [group for group in self.groups if group.share > self.limit]

    @property
    def take(self) -> str:
        """Return which rows to take: "curated", "unfiltered", "weights" or "review"."""
        if self.stopped == SCARCE:
            return "weights" if self.weight is not None else "review"
        if self.rejected > self.limit or self.over or not self.changes:
            return "review"
        if not any(each.code in GAINS for each in self.better):
            return "unfiltered"
        return "review" if self.worse else "curated"

    @property
    def recommended(self) -> Table:
        """The rows to take: the curated ones where the verdict says so, else as many as they were drawn."""
        return self.table if self.take == "curated" else self.unfiltered

    @property
    def verdict(self) -> str:
        """Say in words what to take, and why."""
        said = [_VERDICTS[self.take]]
        if self.rejected > self.limit:
            said.append(f"{self.rejected:.0%} of the rows drawn are out, more than {self.limit:.0%}.")
        said += [
            f"{group.share:.0%} of the rows with {group.name} are out, more than {self.limit:.0%}."
            for group in self.over
        ]
        said += [f"Better: {_moves(self.better)}."] if self.better else []
        said += [f"Worse: {_moves(self.worse)}."] if self.worse else []
        return " ".join([*said, *self._beyond_repair()])

    def _beyond_repair(self) -> list[str]:
        """Say what no choice among the rows of this generator can mend."""
        lost = self.odds.get("unreached") or 0.0
        if lost > LEFT_OUT:
            return [f"About {lost:.0%} of the real rows are where this generator draws (all but) none: {NOT_MENDED}."]
        recall = next((each for each in self.changes if each.code == "DIV01" and each.group is None), None)
        if recall is None or not recall.short:
            return []
        return [f"Beta-recall stays below that of fresh real rows, in what is hardly ever drawn: {NOT_MENDED}."]

    def _reasons(self) -> Counter[str]:
        """Return how many rows are out for each reason, most frequent first."""
        total: Counter[str] = Counter()
        for each in self.rounds:
            total.update(each.reasons)
        return Counter(dict(total.most_common()))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: what stands in results.json."""
        said: dict[str, Any] = plain(
            {
                "take": self.take,
                "verdict": self.verdict,
                "rows": len(self.table),
                "kept": self.kept,
                "rejected": self.rejected,
                "stopped": self.stopped,
                "limit": self.limit,
                "reasons": [
                    {"code": code, "rows": rows, "text": _TEXT.get(code, "")} for code, rows in self._reasons().items()
                ],
                "rounds": [each.to_dict() for each in self.rounds],
                "groups": [{"name": g.name, "drawn": g.drawn, "rejected": g.rejected} for g in self.groups],
                "odds": dict(self.odds),
                "changes": [each.to_dict() for each in self.changes],
                "notes": [PRIVACY],
                "provenance": dict(self.provenance),
            }
        )
        return said


_TEXT = {str(reason): text for reason, text in TEXT.items()} | {
    UNAUTHENTIC: "nearer to a training row than that row is to any other",
    OUTSIDE: "outside the ball that holds all training rows",
}
_VERDICTS = {
    "curated": "Take the curated rows: they are nearer to real rows, and no score is worse beyond noise.",
    "unfiltered": "No gain beyond noise: take the rows as they were drawn.",
    "weights": "Too few rows are worth keeping: take the rows as they were drawn, with their weights, or another "
    "generator.",
    "review": "Look before you take these rows.",
}


class Interrupted(KeyboardInterrupt):
    """The user stopped a curation; the rows accepted until then are kept, unmeasured.

    Parameters
    ----------
    curated : Curated
    """

    def __init__(self, curated: Curated) -> None:
        super().__init__()
        self.curated = curated


def _moves(found: Sequence[Change]) -> str:
    return "; ".join(
        f"{each.name}{f' among {each.group}' if each.group else ''} {each.before:.3f} to {each.after:.3f}"
        for each in found
    )
