"""The diagnosis of a case: verdicts from its curves, clusters and rules, in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.diagnosis.balanced import balanced
from fidelia.measure.diagnosis.clusters import Clusters, Group, clusters, invented
from fidelia.measure.diagnosis.conditions import Axis, axes
from fidelia.measure.diagnosis.curves import Curves, Residual, curves, residual
from fidelia.measure.diagnosis.evidence import Facts
from fidelia.measure.diagnosis.rules import Explained, explain
from fidelia.measure.diagnosis.shares import Change, Line, change, lines
from fidelia.measure.diagnosis.verdicts import Verdict, verdicts
from fidelia.measure.result import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from fidelia.measure.case import Case

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Diagnosis:
    """What is wrong with a synthetic table, in words, with what it rests on.

    Parameters
    ----------
    verdicts : tuple of Verdict
        Gravest first; ``ideal`` alone where nothing is wrong.
    clusters : tuple of Line
        Shares of the clusters of train, largest change first; empty where there are too few rows.
    groups : tuple of Group
        Groups of synthetic rows beyond the real ones.
    explained : Explained
        The rules by which synthetic rows differ from real ones.
    curves : Curves or None
    residual : Residual or None
    found : Clusters or None
    declined : NotApplicable or None
        Why there are no clusters, where there are none.
    n : dict of str to int
        Rows behind the rules, by side.
    """

    verdicts: tuple[Verdict, ...]
    clusters: tuple[Line, ...]
    groups: tuple[Group, ...]
    explained: Explained
    curves: Curves | None
    residual: Residual | None
    found: Clusters | None
    declined: NotApplicable | None
    n: Mapping[str, int] = field(default_factory=dict)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The verdicts' kinds."""
        return tuple(verdict.kind for verdict in self.verdicts)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, as it stands in results.json."""
        found: dict[str, Any] = plain(
            {
                "verdicts": [verdict.to_dict() for verdict in self.verdicts],
                "clusters": [line.to_dict() for line in self.clusters],
                "invented": [{"name": group.name, "synthetic": group.share} for group in self.groups],
                "n": dict(self.n),
            }
        )
        return found


def diagnose(case: Case, by: str | None = None) -> Diagnosis:
    """Return the diagnosis of a case; `diagnosed` computes it once.

    Parameters
    ----------
    case : Case
    by : str or None
        A discrete column (the target, say) whose levels are the clusters; None for k-means.

    Raises
    ------
    NotApplicable
        When a table has fewer than two rows or nothing but ids and texts.
    """
    whole, explained = case.contrast.case, explanation(case)
    cut = explained.axes
    seen = _unless_declined(lambda: curves(case))
    found = _unless_declined(lambda: clusters(whole, by))
    known = seen if isinstance(seen, Curves) else None
    parts = found if isinstance(found, Clusters) else None
    means = parts if parts is not None and parts.by == "k-means" else None
    table: list[Line] = []
    groups: list[Group] = []
    moved, rest = None, None
    if parts is not None:
        covered = (known.covered, known.picked["train"]) if known is not None and means is not None else (None, None)
        table = lines(parts, *covered)
        moved = _moved(whole, cut, explained, parts, known.odd if known is not None and means is not None else None)
    if known is not None:
        groups = invented(whole, known.odd, _spacing(whole))
        made, fresh = balanced(whole, cut, explained, means, known.odd, case.rng.child("diagnosis/balanced"))
        rest = residual(whole, known, made, fresh, unseen=case.holdout is not None)
    return Diagnosis(
        verdicts(Facts(known, rest, explained, table, groups, moved, case.holdout is not None)),
        tuple(table),
        tuple(groups),
        explained,
        known,
        rest,
        parts,
        found if isinstance(found, NotApplicable) else None,
        {} if explained.confirm is None else {"real": len(explained.confirm.u), "synthetic": len(explained.confirm.v)},
    )


def explanation(case: Case) -> Explained:
    """Return the rules by which the synthetic rows differ from real ones, computed once for each case.

    Raises
    ------
    NotApplicable
        ``UNSUPPORTED_TYPE``.
    """
    return case.once("diagnosis/rules", _explanation)


def _explanation(case: Case) -> Explained:
    whole = case.contrast.case
    if not whole.values:
        raise NotApplicable("UNSUPPORTED_TYPE", "all columns are ids or texts")
    rng = case.rng.child("diagnosis/rules")
    return explain(axes(whole.values.values()), ("train", "holdout"), "synthetic", rng)


def diagnosed(case: Case) -> Diagnosis:
    """Return the diagnosis by k-means, computed once for each case."""
    return case.once("diagnosis", diagnose)


def _unless_declined(measure: Callable[[], T]) -> T | NotApplicable:
    """Return what is measured, or the reason why it is not."""
    try:
        return measure()
    except NotApplicable as reason:
        return reason


def _spacing(whole: Case) -> float:
    """Return how far almost every train row has its nearest."""
    return float(np.quantile(whole.neighbors.radius("train", "train", 1), 0.99))


def _moved(
    whole: Case, cut: Sequence[Axis], explained: Explained, found: Clusters, odd: NDArray[np.bool_] | None
) -> Change:
    """Compare the cluster shares of rows that lie in no missing or invented region."""
    gone = [rule for rule in explained.rules if rule.where != "shifted"]
    kept = {}
    for side, labels in found.labels.items():
        rows = whole.embedded.rows[side] if found.by == "k-means" else np.arange(len(labels))
        keep = ~explained.within([axis.codes[side][rows] for axis in cut], gone) if gone else np.ones(len(rows), bool)
        kept[side] = labels[keep & ~odd] if side == "synthetic" and odd is not None else labels[keep]
    return change(np.concatenate([kept["train"], kept["holdout"]]), kept["synthetic"], len(found.names))
