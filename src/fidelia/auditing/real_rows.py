"""The real rows: which of them the synthetic rows cover, at which level, and what describes those that are not.

A real row's level (its beta) is the share of synthetic rows that lie more densely among the synthetic rows than it
does. Under one law real rows are spread over all levels; a row beyond all of them is covered at none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from fidelia.auditing.scores import density
from fidelia.errors import NotApplicable
from fidelia.measure.diagnosis.conditions import axes
from fidelia.measure.diagnosis.diagnose import explanation
from fidelia.measure.diagnosis.uncovered import told_apart
from fidelia.measure.diagnosis.words import percent
from fidelia.measure.joint.groups import grouped
from fidelia.measure.statistics.flags import in_turn, too_large, too_small
from fidelia.measure.support.level_set import NEIGHBOUR, rarity
from fidelia.measure.support.levels import levels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.diagnosis.conditions import Axis

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class RealRows:
    """What the audit says of the real rows of one table, those that were searched.

    Parameters
    ----------
    row : (n,) int64
        Position in the table.
    beta : (n,) float
        Level at which the row is covered, in [0, 1]; 1 beyond every synthetic row.
    covered : (n,) bool
        False for rows beyond every synthetic row, for rows farther from the synthetic ones than those are from each
        other, and for rows about which synthetic ones are rarer than about a synthetic row, the latter two at the
        audit's false discovery rate.
    nearest : (n,) int64
        Nearest synthetic row.
    distance : (n,) float
        How far that is.
    density : (n,) float
        Synthetic over real density near the row.
    subgroup : (n,) str
        Empty where the row is in none.
    """

    row: Ints
    beta: Floats
    covered: NDArray[np.bool_]
    nearest: Ints
    distance: Floats
    density: Floats
    subgroup: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.row)

    def arrow(self, table: str) -> pa.Table:
        """Return one line a row; `table` names the table that the rows are of."""
        return pa.table(
            {
                "table": pa.array([table] * len(self), pa.string()),
                "row_id": self.row,
                "beta_score": self.beta,
                "covered": self.covered,
                "nearest_synthetic": self.nearest,
                "nearest_distance": self.distance,
                "local_density_ratio": self.density,
                "subgroup": pa.array(self.subgroup, pa.string(), mask=self.subgroup == ""),
            }
        )


def real_rows(case: Case, side: str, q: float, group: NDArray[np.str_], dense: Floats) -> RealRows:
    """Return what the synthetic rows cover of one real table.

    Parameters
    ----------
    side : {"train", "holdout"}
    q : float
        False discovery rate at which rows are said not to be covered.
    group : (n,) str
        Subgroup of each row of the table.
    dense : (M,) float
        Synthetic over real density near the synthetic rows; NaN where it was not searched.

    References
    ----------
    Alaa et al. (2022), arXiv 2102.08921, for beta-recall; as DIV01 here.
    """
    near, points = case.neighbors, case.embedded
    made, real = near.near(side, "synthetic"), near.near(side, "train")
    own = near.radius("synthetic", "synthetic", NEIGHBOUR)
    reach = made.distance[:, NEIGHBOUR - 1]
    at = levels(rarity(reach, points.side(side), points.synthetic), rarity(own, points.synthetic, points.synthetic))
    row, here = points.rows[side], density(made, real, (len(points.synthetic), len(points.train)))
    tests = {"far": too_large(reach, own), "rare": too_small(here, dense[np.isfinite(dense)])}
    flagged = [found.q <= q for found in in_turn(tests, q, at.low >= 1).values()]
    return RealRows(
        row=row,
        beta=at.rows,
        covered=~np.any([at.low >= 1, *flagged], axis=0),
        nearest=points.rows["synthetic"][made.index[:, 0]],
        distance=made.distance[:, 0],
        density=here,
        subgroup=group[row],
    )


def subgroups(case: Case) -> dict[str, NDArray[np.str_]]:
    """Return the subgroup of each row by side: the level of the target, else of a sensitive or balanced column."""
    try:
        found = grouped(case)
    except NotApplicable:
        return {side: np.full(len(getattr(case, side)), "") for side in case.embedded.rows}
    names = np.array([*(f"{found.column}={name}" for name in found.names), ""])
    return {side: names[codes] for side, codes in found.codes.items()}


def lacking(case: Case, real: RealRows) -> list[dict[str, Any]]:
    """Return rules that describe what is not covered, each of which ten real rows or more are in.

    First kinds of rows of which there are too few among the synthetic rows; then what tells the uncovered rows of
    train from the covered ones.
    """
    if not case.values:
        return []
    few = [rule.to_dict() for rule in explanation(case).rules if rule.real > rule.synthetic]
    rng = case.rng.child("audit/uncovered")
    return [*few, *(_uncovered(line) for line in told_apart(axes_of(case), "train", real.row, ~real.covered, rng))]


def _uncovered(line: Mapping[str, Any]) -> dict[str, Any]:
    sentence = f"of the real rows with {line['text']}, {percent(line['precision'])} are not covered"
    return {**line, "where": "uncovered", "sentence": sentence}


def axes_of(case: Case) -> Sequence[Axis]:
    """Return the columns of the whole tables as axes: without a holdout those of the rules have half of train."""
    return explanation(case).axes if case.holdout is not None else axes(case.values.values())
