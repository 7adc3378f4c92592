"""The real rows: which of them the synthetic rows cover, at which level, and what describes those that are not.

A real row's level (its beta) is the share of synthetic rows that lie more densely among the synthetic rows than it
does. Under one law real rows are spread over all levels; a row beyond all of them is covered at none.

The other danger is to be covered too well: how far a training row stands out to an attacker, beside fresh rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from fidelia.attacks.exposure import exposure
from fidelia.auditing.scores import density
from fidelia.errors import NotApplicable
from fidelia.measure.diagnosis.clusters import clusters
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
    mia : (n,) float
        Membership score of an attacker who knows all other training rows: the share of fresh rows that stand out less,
        in [0, 1]; spread evenly over rows that nobody learnt. NaN where no row is known to be fresh.
    vulnerability : (n,) float
        Of the training rows that stand out at least as much, the share that fresh rows do not explain, in [0, 1); NaN
        for rows that nobody learnt.
    cluster : (n,) str
        Cluster of the row by k-means, in words; empty where there are too few rows.
    subgroup : (n,) str
        Empty where the row is in none.
    """

    row: Ints
    beta: Floats
    covered: NDArray[np.bool_]
    nearest: Ints
    distance: Floats
    density: Floats
    mia: Floats
    vulnerability: Floats
    cluster: NDArray[np.str_]
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
                "mia_score": pa.array(self.mia, from_pandas=True),
                "vulnerability": pa.array(self.vulnerability, from_pandas=True),
                "cluster": _named(self.cluster),
                "subgroup": _named(self.subgroup),
            }
        )


def _named(of: NDArray[np.str_]) -> pa.Array:
    return pa.array(of, pa.string(), mask=of == "")


def real_rows(
    case: Case, side: str, q: float, group: Mapping[str, NDArray[np.str_]], dense: Floats, *, seen: bool
) -> RealRows:
    """Return what the synthetic rows cover of one real table, and how far its rows stand out.

    Parameters
    ----------
    side : {"train", "holdout"}
    q : float
        False discovery rate at which rows are said not to be covered.
    group : mapping of str to (n,) str
        Subgroup of each row, by table.
    dense : (M,) float
        Synthetic over real density near the synthetic rows; NaN where it was not searched.
    seen : bool
        Whether the generator learnt from the train rows of the case: else none can stand out.

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
    mia, vulnerability = _exposed(case, side) if seen else (np.full(len(row), np.nan),) * 2
    tests = {"far": too_large(reach, own), "rare": too_small(here, dense[np.isfinite(dense)])}
    flagged = [found.q <= q for found in in_turn(tests, q, at.low >= 1).values()]
    return RealRows(
        row=row,
        beta=at.rows,
        covered=~np.any([at.low >= 1, *flagged], axis=0),
        nearest=points.rows["synthetic"][made.index[:, 0]],
        distance=made.distance[:, 0],
        density=here,
        mia=mia,
        vulnerability=vulnerability,
        cluster=_clustered(case, side),
        subgroup=group[side][row],
    )


def _exposed(case: Case, side: str) -> tuple[Floats, Floats]:
    """Return membership score and vulnerability of the points of a side; NaN where there is none."""
    unknown = np.full(len(case.embedded.side(side)), np.nan)
    try:
        found = exposure(case)
    except NotApplicable:
        return unknown, unknown
    return found.score[side], found.vulnerability if side == "train" else unknown


def _clustered(case: Case, side: str) -> NDArray[np.str_]:
    """Return the cluster of the points of a side in words, as in the diagnosis; empty where there are too few rows."""
    try:
        found = clusters(case)
    except NotApplicable:
        return np.full(len(case.embedded.side(side)), "")
    return np.array(found.names)[found.labels[side]]


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
