"""The metrics by code, and how a set of them is run on a Case."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from time import perf_counter
from typing import TYPE_CHECKING

from fidelia.data.images.imageset import picture_column
from fidelia.errors import NotApplicable, UsageError
from fidelia.measure.entry import CATEGORIES, Entry
from fidelia.measure.images.entries import DEFAULT as PICTURES
from fidelia.schema.kinds import Role
from fidelia.schema.schema import closest

if TYPE_CHECKING:
    from fidelia.measure.case import Case
    from fidelia.measure.result import Result

GROUP = "fidelia.metrics"
TABLES = (
    "fidelia.measure.columns.entries",
    "fidelia.measure.joint.entries",
    "fidelia.measure.support.entries",
    "fidelia.measure.diagnosis.entries",
    "fidelia.measure.authenticity.entries",
    "fidelia.measure.utility.entries",
    "fidelia.attacks.entries",
    "fidelia.measure.completeness.entries",
    "fidelia.measure.generations.entries",
    "fidelia.measure.fairness.entries",
    "fidelia.measure.images.entries",
)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Declined:
    """A metric that was not computed, and why."""

    code: str
    reason: str


@cache
def _shipped() -> tuple[Entry, ...]:
    """Return fidelia's own metrics, in the order of categories and codes."""
    found = [entry for table in TABLES for entry in import_module(table).ENTRIES]
    order = list(CATEGORIES)
    return tuple(sorted(found, key=lambda entry: (order.index(entry.code[:3]), entry.code)))


def entries() -> dict[str, Entry]:
    """Return every known metric by code; other packages add theirs through the entry point group."""
    found = {entry.code: entry for entry in _shipped()}
    for point in entry_points(group=GROUP):
        entry: Entry = point.load()
        found.setdefault(entry.code, entry)
    return found


def find(code: str) -> Entry:
    """Return the metric with this code (any case) or name.

    Raises
    ------
    UsageError
        When there is none.
    """
    known = entries()
    by_name = {entry.name.lower(): entry for entry in known.values()}
    entry = known.get(code.upper()) or by_name.get(code.lower())
    if entry is None:
        raise UsageError(f"no metric {code!r}{closest(code.upper(), known) or closest(code.lower(), by_name)}")
    return entry


def chosen(wanted: Iterable[str] | None) -> list[Entry]:
    """Return the metrics that are asked for, in the order of asking, each once.

    Parameters
    ----------
    wanted : iterable of str or None
        Codes, names, categories ("fidelity"), or "all"; None for all of tier 1 that measure tables of columns.
    """
    known = list(entries().values())
    if wanted is None:
        return [entry for entry in known if entry.tier == 1 and "pictures" not in entry.needs]
    found: dict[str, Entry] = {}
    for word in wanted:
        group = [entry for entry in known if word.lower() in ("all", entry.category)]
        found.update({entry.code: entry for entry in group or [find(word)]})
    return list(found.values())


def measure(case: Case, codes: Iterable[str] | None = None) -> tuple[list[Result], list[Declined]]:
    """Run metrics on a case, each once.

    Parameters
    ----------
    codes : iterable of str or None
        Which metrics, as in `chosen`; None for tier 1, and fairness where a column is sensitive, or for those that suit
        pictures.

    Returns
    -------
    results : list of Result
    declined : list of Declined
        The metrics that were not computed, each with its reason.
    """
    wanted = usual(case) if codes is None else chosen(codes)
    results: list[Result] = []
    declined: list[Declined] = []
    with case.progress.stage("measure", len(wanted)) as tick:
        for entry in wanted:
            start = perf_counter()
            try:
                results.append(entry(case))
            except NotApplicable as reason:
                declined.append(Declined(entry.code, str(reason)))
            log.debug("%s took %.2f s", entry.code, perf_counter() - start)
            tick(1)
    return results, declined


def usual(case: Case) -> list[Entry]:
    """Return the metrics that are measured when none is asked for."""
    if picture_column(case.schema) is not None:
        return chosen(PICTURES)
    first = chosen(None)
    grouped = any(column.role is Role.SENSITIVE for column in case.schema)
    return [*first, *(entry for entry in chosen(["fairness"]) if grouped and entry not in first)]
