"""The audit as it stands in results.json: counts, reasons, columns, the map, and (internal edition) examples."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.auditing.audit import halves
from fidelia.auditing.audited import TEXT, Audited, Reason
from fidelia.auditing.gallery import gallery, most_on_map, showable
from fidelia.auditing.picture import drawn, picture
from fidelia.data.images.imageset import picture_column
from fidelia.measure.diagnosis.words import FEW
from fidelia.measure.findings import Judgement
from fidelia.measure.result import plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.auditing.real_rows import RealRows
    from fidelia.data.table import Table
    from fidelia.measure.case import Case

EXAMPLES = 5
NO_SINGLE_ROW = (
    "Hardly any single row can be told from a real one at this rate, yet the table as a whole fails: picking the "
    "accepted rows does not mend it."
)
GOOD, POOR = 0.98, 0.8


def summary(case: Case, audited: Audited, *, edition: str, whole: str) -> dict[str, Any]:
    """Return the audit's part of results.json; `whole` is the level of the verdict over the whole table."""
    first = Counter(reasons[0] for reasons in audited.reasons if reasons)
    columns = Counter(name for names in audited.columns.values() for name in names)
    known = case if audited.reference == "train" else halves(case).case
    said: dict[str, Any] = {
        "rows": len(audited),
        "counts": audited.counts(),
        "q": audited.q,
        "calibrated": audited.calibrated,
        "reference": audited.reference,
        "reasons": [{"code": str(r), "rows": first[str(r)], "text": TEXT[r]} for r in Reason if first[str(r)]],
        "columns": [{"column": name, "rows": rows} for name, rows in columns.most_common(20)],
        "flagged": plain(audited.flagged),
        "real": [{"table": table, **_covered(rows)} for table, rows in audited.real.items()],
        "lacking": plain(audited.lacking),
        "notes": [*([NO_SINGLE_ROW] if whole == "poor" and audited.accepted.mean() >= GOOD else []), *audited.notes],
        "map": _map(known, audited, edition),
    }
    if edition == "internal" and audited.reference == "train" and picture_column(case.schema) is None:
        said["examples"] = _examples(case, audited)
    return said


def _covered(real: RealRows) -> dict[str, Any]:
    """Count the rows that are covered, in all and in each subgroup of ten or more."""
    names, place, count = np.unique(real.subgroup, return_inverse=True, return_counts=True)
    covered = np.bincount(place, weights=real.covered)
    groups = [
        {"name": str(name), "rows": int(n), "covered": int(k)}
        for name, n, k in zip(names, count, covered, strict=True)
        if name and n >= FEW
    ]
    return {"rows": len(real), "covered": int(real.covered.sum()), "groups": groups}


def on_map(case: Case, audited: Audited, edition: str) -> NDArray[np.int64]:
    """Return the synthetic rows that the map draws: of those that the edition shows and that are among the points."""
    at = case.embedded.rows["synthetic"]
    shown = at[np.isin(at, np.flatnonzero(showable(case, audited, edition)))]
    return shown[drawn(len(shown), most_on_map(case), case.rng.child("audit/map"))]


def _map(case: Case, audited: Audited, edition: str) -> dict[str, Any]:
    points, rows = case.embedded, on_map(case, audited, edition)
    at = np.searchsorted(points.rows["synthetic"], rows)
    alpha = audited.scores["alpha_score"][rows]
    return picture(points.train, points.synthetic[at], points.holdout, verdict=audited.verdict[rows], alpha=alpha)


def shown(case: Case, audited: Audited, *, edition: str) -> dict[str, Any] | None:
    """Return the pictures of results.json; None for tables."""
    known = case if audited.reference == "train" else halves(case).case
    return gallery(known, audited, edition=edition, on_map=on_map(known, audited, edition))


def verdict(audited: Audited) -> Judgement:
    """Return the verdict of an audit that stands alone: what share of the rows can be taken as they are."""
    counts, rows = audited.counts(), max(len(audited), 1)
    share = counts["accept"] / rows
    said = f"{counts['accept']:,} of {len(audited):,} rows can be taken as they are ({share:.1%})."
    others = [f"{n:,} rows: {name}." for name, n in counts.items() if n and name != "accept"]
    return Judgement("good" if share >= GOOD else "attention" if share >= POOR else "poor", said, tuple(others))


def _examples(case: Case, audited: Audited) -> list[dict[str, Any]]:
    """The first few rows of each reason, beside their nearest training row."""
    rows: list[int] = []
    for reason in Reason:
        with_it = [i for i, reasons in enumerate(audited.reasons) if reasons and reasons[0] == reason]
        rows += sorted(with_it, key=lambda i: -float(audited.scores["alpha_score"][i]))[:EXAMPLES]
    nearest = audited.counterparts()
    return [
        {
            "verdict": str(audited.verdict[i]),
            "reasons": list(audited.reasons[i]),
            "row": _row(case.synthetic, i),
            "nearest": _row(case.train, int(nearest[i])),
            "matched": list(audited.matched.get(i, ())),
        }
        for i in rows
    ]


def _row(table: Table, i: int) -> dict[str, Any]:
    values = table.arrow.slice(i, 1).to_pylist()[0]
    return {
        name: plain(v) if isinstance(v, bool | int | float | str | np.generic | None) else str(v)
        for name, v in values.items()
    }
