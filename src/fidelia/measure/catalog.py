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

ENTRIES: tuple[Entry, ...] = (
    Entry(
        code="FID01",
        name="column shapes (numbers)",
        direction=Direction.HIGHER,
        where="fidelia.measure.columns:numbers",
        formula="1 - sup |F_train - F_synthetic|, mean over columns of numbers and times",
        summary=(
            "1 when every column of numbers is distributed as in train. Fresh real rows score a little below 1, by "
            "chance: compare with the reference. It sees each column alone."
        ),
        source="Kolmogorov-Smirnov distance",
    ),
    Entry(
        code="FID02",
        name="column shapes (categories)",
        direction=Direction.HIGHER,
        where="fidelia.measure.columns:categories",
        formula="1 - 1/2 sum |p - q|, mean over columns of categories, missing being a level",
        summary="1 when every category is as frequent as in train. It sees each column alone.",
        source="Total variation distance",
    ),
    Entry(
        code="FID10",
        name="pair trends",
        direction=Direction.HIGHER,
        where="fidelia.measure.pairs:pair_trends",
        formula=(
            "1 - 1/2 sum |p - q| of the two-way table, mean over pairs of columns; numbers in ten quantile bins of "
            "train"
        ),
        summary=(
            "1 when every two columns are distributed together as in train. Columns that are right one by one but "
            "were shuffled score low here."
        ),
        source="Total variation distance of contingency tables",
    ),
    Entry(
        code="FID16",
        name="alpha-precision",
        direction=Direction.HIGHER,
        where="fidelia.measure.alpha_beta:level_set_precision",
        formula=(
            "1 - 2 int |P_a - a| da, P_a = share of synthetic rows within the real rows' a-level set of the distance "
            "to the fifth nearest train row"
        ),
        summary=(
            "Are synthetic rows typical real rows? 1 when they spread over the typical and the rare regions as real "
            "rows do. S- is the part that lies too far out (noise, inventions), S+ the part that lies too near "
            "(truncation, copies)."
        ),
        source="Alaa et al. 2022, arXiv 2102.08921; level sets by k-nearest neighbours, exact integral",
    ),
    Entry(
        code="FID17",
        name="alpha-precision (hypersphere)",
        direction=Direction.HIGHER,
        where="fidelia.measure.alpha_beta:hypersphere_precision",
        formula=(
            "1 - 2 int |P_a - a| da, P_a = share of synthetic rows within the ball around train's mean that holds a "
            "share a of train"
        ),
        summary=(
            "The published form with one ball. It cannot see errors that keep the distance to the centre, such as "
            "copies or a lost mode."
        ),
        source="Alaa et al. 2022, arXiv 2102.08921",
    ),
    Entry(
        code="FID26",
        name="two-sample AUC",
        direction=Direction.HALF,
        where="fidelia.measure.detect:two_sample",
        formula=(
            "AUC of boosted trees that tell synthetic from fresh real rows, three folds, equal numbers, DeLong interval"
        ),
        summary=(
            "0.5: a classifier cannot tell synthetic from real. 1: it always can. The columns listed beside it give "
            "the synthetic rows away."
        ),
        source="Lopez-Paz and Oquab 2017, arXiv 1610.06545; DeLong et al. 1988",
    ),
    Entry(
        code="DIV01",
        name="beta-recall",
        direction=Direction.HIGHER,
        where="fidelia.measure.alpha_beta:level_set_recall",
        formula=(
            "1 - 2 int |R_b - b| db, R_b = share of train rows within the synthetic rows' b-level set of the distance"
            " to the fifth nearest synthetic row"
        ),
        summary=(
            "Is every kind of real row represented? 1 when real rows lie where synthetic rows are as dense as they "
            "should be. S- grows when kinds of rows are missing or too rare."
        ),
        source="Alaa et al. 2022, arXiv 2102.08921; level sets by k-nearest neighbours, exact integral",
    ),
    Entry(
        code="DIV02",
        name="beta-recall (hypersphere)",
        direction=Direction.HIGHER,
        where="fidelia.measure.alpha_beta:hypersphere_recall",
        formula=(
            "1 - 2 int |R_b - b| db, R_b = share of train rows within the ball around the synthetic mean that holds a"
            " share b of the synthetic rows"
        ),
        summary="The form with one ball; blind to whatever keeps the distance to the centre.",
        source="Alaa et al. 2022, arXiv 2102.08921",
    ),
    Entry(
        code="AUT01",
        name="authenticity",
        direction=Direction.REFERENCE,
        where="fidelia.measure.authenticity:authenticity",
        formula="share of synthetic rows g with d(g, x) > d(x, train without x), x being the train row nearest to g",
        summary=(
            "0 for copies of train. Fresh real rows score about one half, not 1: well below the reference means "
            "copying, above it means rows off the data."
        ),
        source="Alaa et al. 2022, arXiv 2102.08921, with the indices as defined there",
    ),
    Entry(
        code="AUT02",
        name="authenticity difference",
        direction=Direction.ZERO,
        where="fidelia.measure.authenticity:difference",
        formula="A_synthetic - A_holdout, Newcombe interval; copy rate 1 - A_synthetic / A_holdout",
        summary=(
            "0 when synthetic rows are as new as rows that nobody has seen. Clearly below 0: some rows are copies, "
            "and the copy rate says how many."
        ),
        source="Alaa et al. 2022; Newcombe 1998",
    ),
    Entry(
        code="AUT05",
        name="identical rows",
        direction=Direction.REFERENCE,
        where="fidelia.measure.authenticity:identical",
        formula="share of synthetic rows equal to a train row in every column but ids and texts",
        summary="Compare with the holdout's share: in tables of few values, equal rows happen by chance.",
        source="Row hashes",
    ),
    Entry(
        code="PRV02",
        name="DCR share",
        direction=Direction.HALF,
        where="fidelia.measure.distances:dcr_share",
        formula=(
            "P(d_train < d_holdout) + P(d_train = d_holdout) / 2 over synthetic rows, equal numbers of train and "
            "holdout rows"
        ),
        summary=(
            "0.5: synthetic rows are no nearer to the rows they were learnt from than to rows nobody has seen. Above "
            "0.5 speaks of copying; 0.5 is no evidence of privacy."
        ),
        source="Distance to the closest record against a holdout; interval clustered by nearest row",
    ),
    Entry(
        code="UTL01",
        name="train on synthetic, test on real",
        direction=Direction.HIGHER,
        where="fidelia.measure.utility:utility",
        formula=(
            "score on the holdout of models learnt from synthetic rows, beside models learnt from as many train rows"
        ),
        summary=(
            "As high as the reference: a model learnt from synthetic rows does on real ones what a model learnt from "
            "real rows does."
        ),
        source="Esteban, Hyland and Raetsch 2017, arXiv 1706.02633 (TSTR)",
    ),
    Entry(
        code="CMP02",
        name="missing rates",
        direction=Direction.ZERO,
        where="fidelia.measure.completeness:rates",
        formula="mean over columns of |missing rate in synthetic - missing rate in train|",
        summary="0 when every column has as many missing values as in train.",
        source="Difference of proportions",
    ),
    Entry(
        code="CMP03",
        name="missing patterns",
        direction=Direction.ZERO,
        where="fidelia.measure.completeness:patterns",
        formula="1/2 sum |p - q| over the patterns of missing cells in a row",
        summary="0 when values are missing together as in train.",
        source="Total variation distance",
    ),
)


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
    by_name = {entry.name.lower(): entry for entry in known.values()}
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
