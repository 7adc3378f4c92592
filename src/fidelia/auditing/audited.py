"""Audited: the verdict, the reasons and the scores of every row, as plain data, in two editions.

The internal edition says all. The shareable one tells nothing of single training rows: it leaves out the synthetic
rows that repeat one, all distances and neighbours, and rounds the rest, because exact scores let an attacker search
for training rows; of real rows it holds rules alone, each of which ten of them or more are in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from fidelia.auditing.verdicts import COPIES, TEXT, Reason, Verdict
from fidelia.schema.kinds import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.auditing.causes import Cause
    from fidelia.auditing.real_rows import RealRows
    from fidelia.data.table import Table

__all__ = ["TEXT", "Audited", "Reason", "Verdict"]

INTERNAL_ONLY = (
    "auth_ratio",
    "p_copy",
    "q_copy",
    "copy_of",
    "copy_multiplicity",
    "q_partial_copy",
    "nn_real_id",
    "nn_dist",
    "nn_dist_2",
    "nn_holdout_dist",
    "local_density_ratio",
    "identical",
)
PROVENANCE = b"fidelia.audit"
"""Key of the metadata of tables, under which stands as JSON what was audited, by what and how."""


@dataclass(frozen=True, slots=True, eq=False)
class Audited:
    """What the audit says of M synthetic rows, and of the real ones.

    Parameters
    ----------
    verdict : (M,) str
        Values of `Verdict`.
    reasons : (M,) list of tuple of str
        Values of `Reason`, gravest first; empty for accepted rows.
    scores : mapping of str to (M,) array
        ``alpha_score`` (0 at the heart of the real data, 1 beyond every real row); ``p_unrealistic`` and
        ``q_unrealistic`` (farther than fresh real rows); ``auth_ratio`` (distance to the nearest train row over that
        row's own distance to its nearest other train row), ``p_copy``, ``q_copy``, ``copy_of`` (the row of train that
        it is most nearly a copy of), ``copy_multiplicity`` (flagged rows that repeat the same train row, 0 for rows not
        flagged); ``nn_real_id`` (the nearest row of train), ``nn_dist``, ``nn_dist_2`` (distance to the nearest and the
        second nearest train row), ``nn_holdout_dist``;
        ``local_density_ratio`` (synthetic over real density near the row); ``c2st_propensity`` (probability of being
        synthetic, by classifiers that did not see the row), ``weight`` (real over synthetic density, mean 1);
        ``q_*`` of the other tests; ``identical``; ``subgroup``. Those of tests that cannot be made are absent.
    causes : mapping of int to tuple of Cause
        For flagged rows, the columns that caused it.
    matched : mapping of int to tuple of str
        For copies, the columns that equal those of the train row that they repeat.
    q : float
        The false discovery rate of the flags.
    calibrated : bool
        Whether rows that the generator never saw calibrated them.
    reference : {"train", "holdout"}
        Which real rows synthetic ones were held against: with "holdout" no training row was read.
    real : mapping of str to RealRows
        By table: train and holdout.
    lacking : list of dict
        Rules that describe what is not covered.
    flagged : list of dict
        Rules that describe the flagged rows, but for copies.
    notes : tuple of str
        Limits of this audit, in words.
    provenance : mapping
        What was audited, by what and how: versions, seed, hashes of the inputs and of the settings.
    """

    verdict: NDArray[np.str_]
    reasons: list[tuple[str, ...]]
    scores: Mapping[str, NDArray[Any]]
    causes: Mapping[int, tuple[Cause, ...]] = field(default_factory=dict)
    matched: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    q: float = 0.1
    calibrated: bool = True
    reference: str = "train"
    real: Mapping[str, RealRows] = field(default_factory=dict)
    lacking: list[dict[str, Any]] = field(default_factory=list)
    flagged: list[dict[str, Any]] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.verdict)

    @property
    def accepted(self) -> NDArray[np.bool_]:
        """Which rows are good as they are, (M,) bool."""
        return np.asarray(self.verdict == Verdict.ACCEPT)

    @property
    def columns(self) -> dict[int, tuple[str, ...]]:
        """The columns behind each flag, by row, without their parts."""
        return {row: tuple(cause.column for cause in causes) for row, causes in self.causes.items()}

    @property
    def shareable(self) -> NDArray[np.bool_]:
        """Which rows a shareable table may hold: those that repeat no training row, (M,) bool."""
        return np.array([not COPIES & set(reasons) for reasons in self.reasons], dtype=np.bool_)

    def counts(self) -> dict[str, int]:
        """Return how many rows have each verdict."""
        return {str(verdict): int((self.verdict == verdict).sum()) for verdict in Verdict}

    def counterparts(self) -> NDArray[np.int64]:
        """Return the row of train that each row is shown beside: the one that it copies, else the nearest, (M,)."""
        nearest = self.scores["nn_real_id"]
        copies = [bool({Reason.COPY, Reason.NEAR_COPY} & set(reasons)) for reasons in self.reasons]
        return np.where(copies, self.scores.get("copy_of", nearest), nearest)

    def rows(self, edition: str) -> NDArray[np.int64]:
        """Return which synthetic rows an edition shows."""
        return np.arange(len(self)) if edition == "internal" else np.flatnonzero(self.shareable)

    def to_arrow(self, *, edition: str) -> pa.Table:
        """Return one line a row that the edition shows, with `provenance` in its metadata.

        Parameters
        ----------
        edition : {"shareable", "internal"}
        """
        internal, rows = edition == "internal", self.rows(edition)
        shown = {name: of[rows] for name, of in self.scores.items() if internal or name not in INTERNAL_ONLY}
        columns = {
            "row_id": pa.array(rows, pa.int64()),
            "verdict": pa.array(self.verdict[rows].tolist(), pa.string()),
            "reasons": pa.array([",".join(self.reasons[i]) for i in rows], pa.string()),
            **{name: _plain(of, exact=internal) for name, of in shown.items()},
            "flagged_columns": _causes([self.causes.get(int(i), ()) for i in rows], full=internal),
        }
        if internal:
            names = [list(self.matched.get(int(i), ())) for i in rows]
            columns["matched_columns"] = pa.array(names, pa.list_(pa.string()))
        return self._stamped(pa.table(columns))

    def beside(self, table: Table, *, edition: str = "internal") -> pa.Table:
        """Return the synthetic rows that the edition shows with the audit's columns after them, as ``audit.verdict``.

        Lists are joined to text, so that every format can hold them; pictures are left away.
        """
        rows = self.rows(edition)
        arrow = table.arrow.drop_columns(list(table.schema.of(Kind.IMAGE)))
        arrow = arrow if len(rows) == len(self) else arrow.take(pa.array(rows))
        found = self.to_arrow(edition=edition)
        for name in found.column_names[1:]:
            arrow = arrow.append_column(f"audit.{name}", _flat(found.column(name)))
        return self._stamped(arrow)

    def real_to_arrow(self, *, edition: str) -> pa.Table:
        """Return what is said of the real rows: a line each, or in the shareable edition the rules alone.

        Parameters
        ----------
        edition : {"shareable", "internal"}
        """
        if edition == "internal":
            return self._stamped(pa.concat_tables(rows.arrow(table) for table, rows in self.real.items()))
        texts, numbers = ("text", "where", "sentence"), ("real", "synthetic", "share", "precision")
        types = dict.fromkeys(texts, pa.string()) | dict.fromkeys(numbers, pa.float64())
        lines = {name: pa.array([line.get(name) for line in self.lacking], of) for name, of in types.items()}
        return self._stamped(pa.table(lines))

    def _stamped(self, table: pa.Table) -> pa.Table:
        said = json.dumps(dict(self.provenance), ensure_ascii=False, sort_keys=True).encode()
        return table.replace_schema_metadata({**(table.schema.metadata or {}), PROVENANCE: said})


def _plain(values: NDArray[Any], *, exact: bool) -> pa.Array:
    """Return scores as they are, or numbers to two decimals; no number and no text is null."""
    if values.dtype.kind == "f":
        return pa.array(values if exact else np.round(values, 2), from_pandas=True)
    return pa.array(values, pa.string(), mask=values == "") if values.dtype.kind == "U" else pa.array(values)


def _causes(found: list[tuple[Cause, ...]], *, full: bool) -> pa.Array:
    """Return the columns behind each flag, with their parts in the internal edition."""
    if not full:
        return pa.array([[cause.column for cause in causes] for causes in found], pa.list_(pa.string()))
    shape = pa.struct(
        {"column": pa.string(), "contribution": pa.float64(), "rarity": pa.float64(), "in_support": pa.bool_()}
    )
    lines = [[{name: getattr(cause, name) for name in shape.names} for cause in causes] for causes in found]
    return pa.array(lines, pa.list_(shape))


def _flat(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column without lists: names joined by commas, each with its part where that is known."""
    if not pa.types.is_list(column.type):
        return column
    said = [
        ", ".join(item if isinstance(item, str) else f"{item['column']} ({item['contribution']:.0%})" for item in of)
        for of in column.to_pylist()
    ]
    return pa.chunked_array([pa.array(said, pa.string())])
