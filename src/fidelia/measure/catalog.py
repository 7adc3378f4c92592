"""The metrics by code, and how a set of them is run on a Case."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.metadata import entry_points
from time import perf_counter
from typing import TYPE_CHECKING

from fidelia.errors import NotApplicable, UsageError
from fidelia.measure.result import Direction, Result
from fidelia.schema.schema import closest

if TYPE_CHECKING:
    from fidelia.measure.case import Case

Metric = Callable[["Case"], Result]
GROUP = "fidelia.metrics"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the catalog: all that `fidelia list` and `fidelia explain` say, without importing the metric.

    Parameters
    ----------
    code : str
        Stable: three letters of the category and two digits.
    name : str
        The field's standard term.
    direction : Direction
        Which way is better.
    where : str
        ``"module:function"``.
    formula, summary, source : str
        The definition, how to read it, and where it comes from.
    """

    code: str
    name: str
    direction: Direction
    where: str
    formula: str
    summary: str
    source: str

    @property
    def category(self) -> str:
        """The kind of quality that the code's letters stand for."""
        return CATEGORIES[self.code[:3]]

    def __call__(self, case: Case) -> Result:
        """Measure `case` and sign the result."""
        module, _, attribute = self.where.partition(":")
        metric: Metric = getattr(import_module(module), attribute)
        return replace(metric(case), code=self.code, name=self.name, category=self.category, direction=self.direction)


CATEGORIES = {
    "FID": "fidelity",
    "DIV": "diversity",
    "AUT": "authenticity",
    "UTL": "utility",
    "PRV": "privacy",
    "CMP": "completeness",
    "STB": "stability",
    "GMU": "generative-model utility",
    "FAI": "fairness",
}

ENTRIES: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Declined:
    """A metric that was not computed, and why."""

    code: str
    reason: str


def entries() -> dict[str, Entry]:
    """Return every known metric by code; other packages add theirs through the entry point group."""
    found = {entry.code: entry for entry in ENTRIES}
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
    by_name = {entry.name: entry for entry in known.values()}
    entry = known.get(code.upper()) or by_name.get(code.lower())
    if entry is None:
        raise UsageError(f"no metric {code!r}{closest(code.upper(), known) or closest(code.lower(), by_name)}")
    return entry


def measure(case: Case, codes: Iterable[str] | None = None) -> tuple[list[Result], list[Declined]]:
    """Run metrics on a case, each once, in the catalog's order.

    Parameters
    ----------
    codes : iterable of str or None
        Which metrics; None for all.

    Returns
    -------
    results : list of Result
    declined : list of Declined
        The metrics that were not computed, each with its reason.
    """
    chosen = list(entries().values()) if codes is None else [find(code) for code in codes]
    results: list[Result] = []
    declined: list[Declined] = []
    with case.progress.stage("measure", len(chosen)) as tick:
        for entry in chosen:
            start = perf_counter()
            try:
                results.append(entry(case))
            except NotApplicable as reason:
                declined.append(Declined(entry.code, str(reason)))
            log.debug("%s took %.2f s", entry.code, perf_counter() - start)
            tick(1)
    return results, declined
