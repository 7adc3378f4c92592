"""Audited: the verdict, the reasons and the scores of every synthetic row, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.data.table import Table


class Verdict(StrEnum):
    """What to do with a row."""

    ACCEPT = "accept"
    REVIEW = "review"
    REJECT = "reject"
    DUPLICATE = "duplicate"


class Reason(StrEnum):
    """Why."""

    OOD = "OOD"
    COPY = "COPY"
    NEAR_COPY = "NEAR_COPY"
    CONSTRAINT = "CONSTRAINT"
    DUPLICATE = "DUPLICATE"
    IDENTICAL = "IDENTICAL"


TEXT = {
    Reason.OOD: "farther from the real rows than fresh real rows are",
    Reason.COPY: "equal to a training row, in excess of what fresh real rows show",
    Reason.NEAR_COPY: "closer to a training row than fresh real rows come",
    Reason.CONSTRAINT: "breaks a rule that every real row keeps",
    Reason.DUPLICATE: "repeats another synthetic row more often than the real rows explain",
    Reason.IDENTICAL: "equal to a training row, no more often than fresh real rows are: look before you publish",
}

INTERNAL_ONLY = ("auth_ratio", "p_copy", "nearest_train_row", "nearest_distance", "identical")


@dataclass(frozen=True, slots=True, eq=False)
class Audited:
    """What the audit says of M synthetic rows.

    Parameters
    ----------
    verdict : (M,) str
        Values of `Verdict`.
    reasons : (M,) list of tuple of str
        Values of `Reason`, worst first; empty for accepted rows.
    scores : mapping of str to (M,) array
        ``alpha_score`` (0 at the heart of the real data, 1 beyond every real row), ``p_unrealistic``,
        ``q_unrealistic``, ``auth_ratio`` (distance to the nearest train row over that row's own distance to its
        nearest other train row), ``p_copy``, ``q_copy``, ``nearest_train_row``, ``nearest_distance``,
        ``identical``.
    columns : mapping of int to tuple of str
        For rejected rows, the columns that caused it: off-support or broken columns.
    matched : mapping of int to tuple of str
        For copies, the columns that equal those of the nearest training row.
    q : float
        The false discovery rate of the flags.
    calibrated : bool
        Whether a holdout calibrated them.
    notes : tuple of str
        Limits of this audit, in words.
    """

    verdict: NDArray[np.str_]
    reasons: list[tuple[str, ...]]
    scores: Mapping[str, NDArray[Any]]
    columns: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    matched: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    q: float = 0.1
    calibrated: bool = True
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.verdict)

    @property
    def accepted(self) -> NDArray[np.bool_]:
        """Which rows are good as they are, (M,) bool."""
        return np.asarray(self.verdict == Verdict.ACCEPT)

    def counts(self) -> dict[str, int]:
        """Return how many rows have each verdict."""
        return {str(verdict): int((self.verdict == verdict).sum()) for verdict in Verdict}

    def to_arrow(self, *, edition: str) -> pa.Table:
        """Return one line a row.

        The shareable edition leaves out what tells of single training rows (distances, ratios, neighbours) and
        rounds the rest to two decimals, because exact scores let an attacker search for training rows.
        """
        internal = edition == "internal"
        shown = {k: v for k, v in self.scores.items() if internal or k not in INTERNAL_ONLY}
        if not internal:
            shown = {k: np.round(v, 2) if v.dtype.kind == "f" else v for k, v in shown.items()}
        named = {"columns": self.columns} | ({"matched_columns": self.matched} if internal else {})
        return pa.table(
            {
                "row_id": pa.array(np.arange(len(self)), pa.int64()),
                "verdict": pa.array(self.verdict.tolist(), pa.string()),
                "reasons": pa.array([",".join(reasons) for reasons in self.reasons], pa.string()),
                **{name: pa.array(values) for name, values in shown.items()},
                **{
                    name: pa.array([list(of.get(i, ())) for i in range(len(self))], pa.list_(pa.string()))
                    for name, of in named.items()
                },
            }
        )

    def beside(self, table: Table, *, edition: str = "internal") -> pa.Table:
        """Return the synthetic rows with the audit's columns after them, named ``audit.verdict`` and so on."""
        arrow = table.arrow
        for name, values in zip(*_unpack(self.to_arrow(edition=edition)), strict=True):
            arrow = arrow.append_column(f"audit.{name}", values)
        return arrow


def _unpack(table: pa.Table) -> tuple[list[str], list[pa.ChunkedArray]]:
    """Names and columns but for the row number; lists of names are joined, so that every format can hold them."""
    table = table.drop_columns(["row_id"])
    flat = [
        pa.array([", ".join(names) for names in column.to_pylist()], pa.string())
        if pa.types.is_list(column.type)
        else column
        for column in table.columns
    ]
    return table.column_names, flat
