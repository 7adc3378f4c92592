"""Curate: draw from a generator until there are rows enough that the audit accepts, and measure what that changed.

The holdout is cut in two. One half calibrates the filter; the other is used once, at the end, to compare the curated
rows with the unfiltered ones, so that a score that rises because the filter optimises it is not taken for a gain.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from fidelia.auditing.curation.acceptance import ByOdds
from fidelia.auditing.curation.changes import Change, beside, changes
from fidelia.auditing.curation.curated import Curated, Group, Interrupted
from fidelia.auditing.curation.published import ByShells
from fidelia.auditing.curation.rounds import (
    INTERRUPTED,
    SCARCE,
    Collected,
    Limits,
    collect,
    first_size,
    from_generator,
    from_table,
)
from fidelia.data.split import split
from fidelia.data.table import Table
from fidelia.errors import SchemaError, UsageError
from fidelia.generate.sampling import rows as as_rows
from fidelia.measure.case import Case
from fidelia.progress import SILENT, Progress
from fidelia.rng import Rng
from fidelia.schema.schema import closest

if TYPE_CHECKING:
    from fidelia.auditing.curation.acceptance import Filter
    from fidelia.generate.catalog import Generator

Method = Literal["odds", "alaa2022"]
FEWEST = 20
DRAWN = 20


@dataclass(frozen=True, slots=True)
class How:
    """The settings of a curation.

    Parameters
    ----------
    method : {"odds", "alaa2022"}
    q : float
        False discovery rate of the rejects, in (0, 1).
    by : str or None
        Column that names the subgroups; None for the target, a sensitive column or the most balanced category.
    budget : int or None
        Rows that may be drawn; None for 20 times the rows wanted, and at least as many as there are train rows.
    time_limit : float or None
        Seconds, looked at between draws; what it ends is not reproducible. Measuring comes after it.
    limit : float
        Share of rows, of all and of each subgroup, that may be rejected before somebody should look, in (0, 1].
    """

    method: str = "odds"
    q: float = 0.1
    by: str | None = None
    budget: int | None = None
    time_limit: float | None = None
    limit: float = 0.3


def curate(
    train: Table,
    source: Generator | Table,
    holdout: Table,
    *,
    n: int | None = None,
    how: How = How(),
    seed: int = 0,
    progress: Progress = SILENT,
) -> Curated:
    """Return rows of a generator (or of a table) that stand closer to the real ones, and the proof of it.

    Parameters
    ----------
    train : Table
        What the generator learnt from.
    source : Generator or Table
        A fitted generator, drawn from until there are rows enough; or synthetic rows, of which some are kept.
    holdout : Table
        Real rows that the generator never saw: half of them calibrate, half of them measure.
    n : int or None
        Rows wanted; None for as many as there are train rows, or all of a table that are worth keeping.
    how : How
    seed : int
        The same seed gives the same rows.

    Raises
    ------
    UsageError
        When a setting or a column does not exist.
    SchemaError
        When there are too few rows to cut the holdout in two.
    NotApplicable
        When the tables have no columns to judge rows by.
    Interrupted
        When the user stops the drawing; holds what was accepted.
    """
    _check(train, how)
    start, root = monotonic(), Rng(seed).child("curate")
    wanted = as_rows(len(source if isinstance(source, Table) else train) if n is None else n, least=1)
    limits = Limits(
        wanted,
        how.budget or max(DRAWN * wanted, len(train)),
        float("inf") if how.time_limit is None else start + how.time_limit,
    )
    audit, unseen = _halves(holdout, root)
    draw = from_table(source) if isinstance(source, Table) else from_generator(source, train, root)
    first = source if isinstance(source, Table) else draw(first_size(limits, len(train)), 0, 0)
    assert first is not None
    case = Case(train, first, audit, root.child("audit"))
    judge: Filter = ByOdds(case, how.q) if how.method == "odds" else ByShells(case, wanted)
    found = collect(draw, case, judge, limits, by=how.by, rng=root, progress=progress)
    raw, rows = found.unfiltered(wanted), _rows(found, first, wanted)
    measured: list[Change] = []
    try:
        with progress.stage("compare"):
            measured += [] if found.stopped == INTERRUPTED else _measured(case, raw, rows, unseen, how.by)
    except KeyboardInterrupt:
        found.stopped = INTERRUPTED
    sizes = {"train": len(train), "audit": len(audit), "unseen": len(unseen)}
    curated = Curated(
        table=rows,
        unfiltered=raw,
        first=first,
        weight=found.weight,
        rounds=tuple(found.rounds),
        stopped=found.stopped,
        changes=tuple(measured),
        groups=_groups(found),
        odds=_odds(judge),
        limit=how.limit,
        unseen=unseen,
        provenance={**asdict(how), "seed": seed, "wanted": wanted, "rows": sizes},
    )
    if found.stopped == INTERRUPTED:
        raise Interrupted(curated)
    return curated


def _check(train: Table, how: How) -> None:
    if how.method not in get_args(Method):
        raise UsageError(f"method = {how.method!r}: curation knows {' and '.join(get_args(Method))}")
    for name, value in (("q", how.q), ("limit", how.limit)):
        if not 0 < value <= 1:
            raise UsageError(f"{name} = {value!r}: a share lies between 0 and 1")
    if how.by is not None and how.by not in train.schema:
        raise UsageError(f"by = {how.by!r}: there is no such column{closest(how.by, train.schema.names)}")
    if how.budget is not None and how.budget < 1:
        raise UsageError(f"budget = {how.budget!r}: the number of rows that may be drawn is at least 1")
    if how.time_limit is not None and not 0 < how.time_limit < float("inf"):
        raise UsageError(f"time_limit = {how.time_limit!r}: a time limit is a number of seconds above 0")


def _halves(holdout: Table, rng: Rng) -> tuple[Table, Table]:
    """Cut the holdout in the rows that calibrate and those that measure."""
    if len(holdout) < 2 * FEWEST:
        raise SchemaError(
            f"the holdout has {len(holdout)} rows; curation needs {2 * FEWEST}: half of them calibrate the filter, "
            "half of them measure what it changed. Set more real rows aside."
        )
    parts = split(holdout, holdout=0.5, rng=rng.child("halves"))
    return parts.train, parts.holdout


def _rows(found: Collected, first: Table, wanted: int) -> Table:
    """Return the rows kept; where too few were, the first draw without the rows that are out."""
    if found.stopped != SCARCE or found.weight is None:
        return found.rows(wanted)
    return first.take(np.flatnonzero(found.weight > 0))


def _groups(found: Collected) -> tuple[Group, ...]:
    if found.groups is None:
        return ()
    counts = zip(found.groups.names, found.drawn.tolist(), found.rejected.tolist(), strict=False)
    return tuple(Group(f"{found.groups.column}={name}", drawn, out) for name, drawn, out in counts)


def _measured(case: Case, raw: Table, rows: Table, unseen: Table, by: str | None) -> list[Change]:
    if min(len(raw), len(rows)) < FEWEST:
        return []
    before = beside(raw, unseen, case)
    after = before if rows.arrow.equals(raw.arrow) else beside(rows, unseen, case)
    return changes(before, after, by)


def _odds(judge: Filter) -> dict[str, Any]:
    if not isinstance(judge, ByOdds):
        return {}
    told = judge.odds
    return {
        "auc": told.told.value,
        "differ": told.differ,
        "off_support": judge.off_support,
        "clip": told.clip,
        "effective": told.effective,
        "unreached": told.unreached,
        "rows": told.rows,
        "calibration": dict(told.calibration),
    }
