"""DIV16: the real rows that no synthetic row is near, and rules that describe what is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.diagnosis.diagnose import Diagnosis, diagnosed
from fidelia.measure.diagnosis.rules import explain
from fidelia.measure.diagnosis.words import FEW, percent
from fidelia.measure.result import Reference, Result
from fidelia.measure.space.caveats import subsampled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.diagnosis.conditions import Axis
    from fidelia.rng import Rng


def uncovered(case: Case) -> Result:
    """DIV16: the share of train rows beyond the reach of all synthetic rows, and which rows they are, in words.

    The value is 1 - R_1 of beta-recall, on at most 5,000 rows of each table. In tables of many columns every row is
    within reach; the rules by which synthetic rows differ from real ones, listed beside it, still speak.
    """
    diagnosis = diagnosed(case)
    curves = diagnosis.curves
    if curves is None:
        raise NotApplicable("TOO_FEW_ROWS", "the curves need 6 train rows and 20 of each other table")
    side = case.contrast
    value, real = curves.uncovered.value, curves.uncovered.reference
    n = curves.rows
    # The largest reach of m rows decides: the share beyond it varies by 1 / m beside the binomial noise.
    floor = float(np.sqrt(max(real, value) / n["train"] + 1 / min(n["synthetic"], n["holdout"]) ** 2))
    said = diagnosis.explained.rules
    return Result(
        value=value,
        interval=(max(0.0, value - 1.96 * floor), min(1.0, value + 1.96 * floor)),
        reference=Reference(real, floor, n["holdout"], side.kind),
        n={"train": n["train"], "synthetic": n["synthetic"], side.kind: n["holdout"]},
        caveats=(*side.caveats, *subsampled(case)),
        breakdown={
            "rules": [rule.to_dict() for rule in said],
            "lines": [
                {"name": rule.text, "real": rule.real, "synthetic": rule.synthetic, "support": rule.support}
                for rule in said
            ],
            "uncovered": _described(case, diagnosis),
        },
        rows={"train.uncovered": _aligned(case, diagnosis)} if side.case is case else {},
    )


def _aligned(case: Case, diagnosis: Diagnosis) -> Any:
    """Return 1 for train rows beyond reach, 0 for others, NaN for rows that were not searched."""
    assert diagnosis.curves is not None
    scores = np.full(len(case.embedded.train), np.nan)
    scores[diagnosis.curves.picked["train"]] = ~diagnosis.curves.covered
    return case.aligned("train", scores)


def _described(case: Case, diagnosis: Diagnosis) -> list[dict[str, Any]]:
    """Return rules that tell the rows beyond reach from the rows within it, confirmed on other rows."""
    curves = diagnosis.curves
    assert curves is not None
    rows = case.contrast.case.embedded.rows["train"][curves.picked["train"]]
    found = told_apart(diagnosis.explained.axes, "train", rows, ~curves.covered, case.rng.child("DIV16"))
    return [
        line | {"sentence": f"of the real rows with {line['text']}, {percent(line['precision'])} are out of reach"}
        for line in found
    ]


def told_apart(
    cut: Sequence[Axis], side: str, rows: NDArray[np.int64], marked: NDArray[np.bool_], rng: Rng
) -> list[dict[str, Any]]:
    """Return rules that tell marked rows from the others of one table, found on one half and confirmed on the other.

    Parameters
    ----------
    cut : sequence of Axis
    side : {"train", "synthetic", "holdout"}
    rows : (n,) int64
        Rows of that table.
    marked : (n,) bool
    rng : Rng

    Returns
    -------
    list of dict
        Rule in words, share of all rows that it holds for, share of marked rows among those, share of all that is
        marked. Empty where fewer than forty rows are marked or not.
    """
    if min(marked.sum(), (~marked).sum()) < 4 * FEW:
        return []
    parts = [
        replace(axis, codes={"within": axis.codes[side][rows[~marked]], "beyond": axis.codes[side][rows[marked]]})
        for axis in cut
    ]
    found = explain(parts, ("within",), "beyond", rng, gains=True)
    share = float(marked.mean())
    lines = []
    for rule in found.rules:
        inner, outer = rule.synthetic * share, rule.real * (1 - share)
        lines.append({
            "text": rule.text,
            "columns": list(rule.columns),
            "share": inner + outer,
            "precision": inner / (inner + outer),
            "base": share,
        })  # fmt: skip
    return lines
