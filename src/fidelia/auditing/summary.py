"""The audit as it stands in results.json: counts, reasons, columns, the map, and (internal edition) examples."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.auditing.audit import halves
from fidelia.auditing.audited import TEXT, Audited, Reason
from fidelia.auditing.picture import picture
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
        "map": _map(known, audited, audited.rows(edition)),
    }
    if edition == "internal" and audited.reference == "train":
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


def _map(case: Case, audited: Audited, rows: NDArray[np.int64]) -> dict[str, Any]:
    """Draw the rows that the edition shows, as far as they are among the points."""
    points, at = case.embedded, case.embedded.rows["synthetic"]
    shown = np.isin(at, rows)
    return picture(
        points.train,
        points.synthetic[shown],
        points.holdout,
        verdict=audited.verdict[at[shown]],
        alpha=audited.scores["alpha_score"][at[shown]],
        rng=case.rng.child("audit/map"),
    )


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
    nearest = audited.scores["nn_real_id"]
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
