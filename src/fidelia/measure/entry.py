"""Entry: a line of the catalog, all that is said of a metric without importing it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING

from fidelia.measure.result import Direction, Result
from fidelia.measure.space.record import recording

if TYPE_CHECKING:
    from fidelia.measure.case import Case

Metric = Callable[["Case"], Result]

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
    "IMG": "images",
}


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
    level : {"rows", "columns", "pairs", "dataset"}
        The finest level at which scores are given.
    needs : tuple of str
        What a case must have beside train and synthetic: ``"holdout"``, ``"target"``, ``"sensitive"``,
        ``"generations"``, ``"generator"``, ``"epsilon"``; ``"rules"``: columns that keep some, as keys, formats,
        closed lists and rounding; ``"pictures"``: tables that carry some, for which alone it is measured by default.
    tier : {1, 2}
        1 is measured by default; 2 on demand.
    """

    code: str
    name: str
    direction: Direction
    where: str
    formula: str
    summary: str
    source: str
    level: str = "dataset"
    needs: tuple[str, ...] = ()
    tier: int = 1

    @property
    def category(self) -> str:
        """The kind of quality that the code's letters stand for."""
        return CATEGORIES[self.code[:3]]

    def __call__(self, case: Case) -> Result:
        """Measure `case` and sign the result; the same case is measured once."""
        module, _, attribute = self.where.partition(":")
        metric: Metric = getattr(import_module(module), attribute)
        with recording() as used:
            found = case.once(self, metric)
        return replace(
            found,
            code=self.code,
            name=self.name,
            category=self.category,
            direction=self.direction,
            embedding="+".join(sorted(used)) or found.embedding,
        )
