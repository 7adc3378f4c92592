"""The catalog's lines for metrics of completeness and validity."""

from __future__ import annotations

from fidelia.measure.entry import Entry
from fidelia.measure.result import Direction

ENTRIES: tuple[Entry, ...] = (
    Entry(
        code="CMP01",
        name="schema",
        direction=Direction.ONE,
        where="fidelia.measure.completeness.adherence:types",
        formula=(
            "share of values that fit the type of train's column, its place, and its freedom from missing "
            "values, mean over columns"
        ),
        summary=(
            "1 when every value could stand in train's columns. Tables with other columns or "
            "kinds are refused before anything is measured."
        ),
        source="fidelia",
        level="columns",
        needs=("rules",),
    ),
    Entry(
        code="CMP02",
        name="missing rates",
        direction=Direction.ZERO,
        where="fidelia.measure.completeness.missing:rates",
        formula="mean over columns of |missing rate in synthetic - missing rate in train|",
        summary="0 when every column has as many missing values as in train.",
        source="Difference of proportions",
    ),
    Entry(
        code="CMP03",
        name="missing patterns",
        direction=Direction.ZERO,
        where="fidelia.measure.completeness.missing:patterns",
        formula="1/2 sum |p - q| over the patterns of missing cells in a row",
        summary="0 when values are missing together as in train.",
        source="Total variation distance",
    ),
    Entry(
        code="CMP04",
        name="boundary adherence",
        direction=Direction.ONE,
        where="fidelia.measure.completeness.adherence:bounds",
        formula="share of present values in [min, max] of train, mean over columns of numbers",
        summary=(
            "1 when no value lies beyond train's ends. Fresh real rows pass them now and then: compare with the "
            "reference."
        ),
        source="SDMetrics BoundaryAdherence",
        level="columns",
        needs=("rules",),
    ),
    Entry(
        code="CMP05",
        name="category adherence",
        direction=Direction.ONE,
        where="fidelia.measure.completeness.adherence:levels",
        formula=("share of values that are levels of train, missing being one, mean over columns of categories"),
        summary=("1 when no new level is made up. Fresh real rows bring some where the list of levels is open."),
        source="SDMetrics CategoryAdherence",
        level="columns",
        needs=("rules",),
    ),
    Entry(
        code="CMP06",
        name="key uniqueness",
        direction=Direction.ONE,
        where="fidelia.measure.completeness.keys:uniqueness",
        formula=(
            "share of rows whose key is present and stands no more often than any key of train, mean over ids and keys"
        ),
        summary="1 when ids are unique as in train, and no entity has more rows than one has there.",
        source="SDMetrics KeyUniqueness, CardinalityBoundaryAdherence",
        level="columns",
        needs=("rules",),
    ),
    Entry(
        code="CMP07",
        name="format adherence",
        direction=Direction.ONE,
        where="fidelia.measure.completeness.formats:formats",
        formula=(
            "share of present values whose shape (letters and digits by class) train has, mean over columns of words"
        ),
        summary=(
            "1 when codes, plates and dates are written as in train; columns of free text have no format and are "
            "left out."
        ),
        source="fidelia; coverage of unseen shapes by Good 1953",
        level="columns",
        needs=("rules",),
    ),
    Entry(
        code="CMP08",
        name="constraints",
        direction=Direction.REFERENCE,
        where="fidelia.measure.completeness.constraints:constraints",
        formula=(
            "share of rows that break a rule that every row of train keeps: a column fixed by another, never above "
            "another, or the sum of two others"
        ),
        summary=(
            "0 when what determines, bounds or adds up to what in train does so in synthetic too. Fresh real rows "
            "show how far the rules found are rules."
        ),
        source="Functional dependencies, Huhtala et al. 1999",
        level="rows",
        needs=("rules",),
    ),
    Entry(
        code="CMP09",
        name="dependence of missing values",
        direction=Direction.ZERO,
        where="fidelia.measure.completeness.dependence:dependence",
        formula=(
            "mean over columns with missing values and their observed partners of |A_train - A_synthetic|, A the "
            "AUC of the partner (or of its levels) for missing"
        ),
        summary=(
            "0 when what a missing value depends on is as in train: incomes missing for the young, results "
            "missing for the healthy."
        ),
        source="Rubin 1976 (missing at random); Mann and Whitney 1947",
        level="pairs",
        needs=("rules",),
        tier=2,
    ),
    Entry(
        code="CMP10",
        name="timeliness",
        direction=Direction.ONE,
        where="fidelia.measure.completeness.dependence:timeliness",
        formula=(
            "share of times inside train's window, times 1 - the Kolmogorov-Smirnov distance of gaps between "
            "sorted times, mean over columns of times"
        ),
        summary="1 when times lie in train's window and follow each other at its pace.",
        source="fidelia",
        level="columns",
        needs=("rules",),
        tier=2,
    ),
)
