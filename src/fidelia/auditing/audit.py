"""The audit: one verdict for each synthetic row, with its reasons, calibrated on rows that nobody has seen.

The order of the tests is the order of the reasons: a broken constraint, a copy, a row off the data's support, a
surplus duplicate. Flags hold at a false discovery rate, so a perfect generator is not cut down; what a flag
rests on stands beside it. Filtering by distance to training rows leaves holes around them, which tells of them:
an audited release is not covered by a generator's own privacy guarantee (METRICS 8.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.auditing.audited import Audited, Reason, Verdict
from fidelia.auditing.constraints import Violation, violations
from fidelia.auditing.repeats import surplus
from fidelia.auditing.scores import Scores, scores
from fidelia.data.keys import learnt_keys
from fidelia.measure.space.embed import by_columns
from fidelia.measure.statistics.flags import Flags, fewest, too_large, too_small

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.measure.case import Case

    Mask = NDArray[np.bool_]

CAUSES = 3
CHUNK = 10_000
EQUAL = 1e-9  # share of the squared distance below which a column of a copy equals its original
TIED = 0.05  # share of holdout rows equal to a train row above which equal rows are the data's nature


@dataclass(frozen=True, slots=True, eq=False)
class _Tests:
    """What the tests found, each an array over the synthetic rows."""

    broken: list[Violation]
    support: Flags
    copy: Flags | None
    identical: Mask
    surplus: Mask
    common: bool


def audit(case: Case, *, q: float = 0.1) -> Audited:
    """Judge every synthetic row of a case.

    Parameters
    ----------
    case : Case
        With a holdout where there is one. Without it off-support flags are calibrated on train rows left out one
        by one, and copies other than identical rows cannot be told from chance: identical rows go to review.
    q : float
        The false discovery rate of the flags, in (0, 1).

    Returns
    -------
    Audited
    """
    with case.progress.stage("audit", 3) as tick:
        scored = scores(case)
        tick(1)
        tests = _tests(case, scored, q)
        reasons = _reasons(tests, q)
        tick(1)
        columns, matched = _causes(case, scored, tests, reasons)
        tick(1)
    return Audited(
        np.array([_verdict(of) for of in reasons], dtype=np.str_),
        [tuple(str(reason) for reason in of) for of in reasons],
        _columns(scored, tests),
        columns,
        matched,
        q,
        case.holdout is not None,
        _notes(case, scored, q),
    )


def _tests(case: Case, scored: Scores, q: float) -> _Tests:
    tables = _tables(case)
    keys = {name: learnt_keys(table) for name, table in tables.items()}
    real = [name for name in tables if name != "synthetic"]
    return _Tests(
        broken=violations(case.synthetic, [tables[name] for name in real]),
        support=too_large(scored.depth, scored.fresh_depth),
        copy=None if scored.fresh_ratio is None else too_small(scored.ratio, scored.fresh_ratio),
        identical=np.isin(keys["synthetic"], keys["train"]),
        surplus=surplus(keys["synthetic"], np.concatenate([keys[name] for name in real]), q=q),
        common="holdout" in keys and bool(np.isin(keys["holdout"], keys["train"]).mean() > TIED),
    )


def _tables(case: Case) -> dict[str, Table]:
    tables = {"train": case.train, "synthetic": case.synthetic, "holdout": case.holdout}
    return {name: table for name, table in tables.items() if table is not None}


def _reasons(tests: _Tests, q: float) -> list[list[Reason]]:
    """The reasons of each row, in the order of their weight."""
    n = len(tests.identical)
    broken = np.any([violation.rows for violation in tests.broken], axis=0) if tests.broken else np.zeros(n, bool)
    copied = tests.copy.q <= q if tests.copy is not None else np.zeros(n, bool)
    marks = {
        Reason.CONSTRAINT: broken,
        Reason.COPY: copied & tests.identical,
        Reason.NEAR_COPY: copied & ~tests.identical,
        Reason.OOD: tests.support.q <= q,
        Reason.DUPLICATE: tests.surplus,
        Reason.IDENTICAL: tests.identical & ~copied & (not tests.common),
    }
    reasons: list[list[Reason]] = [[] for _ in range(n)]
    for reason, mask in marks.items():
        for row in np.flatnonzero(mask):
            reasons[row].append(reason)
    return reasons


def _verdict(reasons: list[Reason]) -> Verdict:
    if not reasons:
        return Verdict.ACCEPT
    return {Reason.DUPLICATE: Verdict.DUPLICATE, Reason.IDENTICAL: Verdict.REVIEW}.get(reasons[0], Verdict.REJECT)


def _columns(scored: Scores, tests: _Tests) -> dict[str, NDArray[Any]]:
    found: dict[str, NDArray[Any]] = {
        "alpha_score": 1 - tests.support.p,
        "p_unrealistic": tests.support.p,
        "q_unrealistic": tests.support.q,
        "auth_ratio": scored.ratio,
        "nearest_train_row": scored.nearest,
        "nearest_distance": scored.distance,
        "identical": tests.identical,
    }
    return found if tests.copy is None else found | {"p_copy": tests.copy.p, "q_copy": tests.copy.q}


Names = dict[int, tuple[str, ...]]


def _causes(case: Case, scored: Scores, tests: _Tests, reasons: list[list[Reason]]) -> tuple[Names, Names]:
    """Which columns caused a flag, and which columns of a copy equal its original."""
    broken: dict[int, list[str]] = {}
    for violation in tests.broken:
        for position in np.flatnonzero(violation.rows):
            broken.setdefault(int(position), []).append(violation.column)
    columns: Names = {row: tuple(names) for row, names in broken.items()}
    for far, shares in _shares(case, scored, _rows_with(reasons, Reason.OOD)):
        worst = [name for name, share in shares[:CAUSES] if share >= 0.5 / CAUSES]
        columns[far] = tuple(dict.fromkeys((*columns.get(far, ()), *worst)))
    copies = _rows_with(reasons, Reason.COPY, Reason.NEAR_COPY)
    return columns, {
        row: tuple(n for n, share in shares if share < EQUAL) for row, shares in _shares(case, scored, copies)
    }


def _rows_with(reasons: list[list[Reason]], *wanted: Reason) -> NDArray[np.int64]:
    return np.array([row for row, of in enumerate(reasons) if set(wanted) & set(of)], dtype=np.int64)


def _shares(case: Case, scored: Scores, rows: NDArray[np.int64]) -> Iterator[tuple[int, list[tuple[str, float]]]]:
    """Each row with its columns' shares of the squared distance to the nearest train row, largest first."""
    embedding = by_columns(case)
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        of, among = (embedding.transform(t) for t in (case.synthetic.take(part), case.train.take(scored.nearest[part])))
        for row, shares in zip(part, embedding.shares(of, among), strict=True):
            yield int(row), sorted(zip(embedding.blocks, shares.tolist(), strict=True), key=lambda item: -item[1])


def _notes(case: Case, scored: Scores, q: float) -> tuple[str, ...]:
    said = [
        "Filtering by distance to training rows leaves traces of them: the accepted rows are not covered by any "
        "privacy guarantee of the generator."
    ]
    if case.holdout is None:
        said.append("Without a holdout, copies that are not identical cannot be told from chance.")
    else:
        need = fewest(len(case.synthetic), len(scored.fresh_depth), q)
        said.append(
            f"Fewer than {need} strange rows cannot be told from chance with {len(case.holdout):,} holdout rows."
        )
    if scored.searched < len(case.train):
        said.append(
            f"Near copies were looked for among {scored.searched:,} of {len(case.train):,} train rows; "
            "identical rows among all."
        )
    return tuple(said)
