"""Tests column by column, as the usual tutorials run them: chi-squared for categories, two samples for numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.beside import beside
from fidelia.measure.result import Caveat, Result
from fidelia.measure.statistics.effect import cliffs_delta, standardized_difference
from fidelia.measure.statistics.intervals import wilson
from fidelia.measure.statistics.multiple import benjamini_hochberg
from fidelia.measure.statistics.resampling import draws

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.values import Values
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]

SIDES = ("train", "synthetic", "holdout")
RATE = 0.05
EXPECTED = 5.0
MOST = 20_000


def column_tests(case: Case) -> Result:
    """UTL10: share of columns whose test rejects at a false discovery rate of 5 %, beside that of fresh real rows.

    Categories (missing is a level) have the chi-squared test of homogeneity, numbers and times the Kolmogorov-Smirnov
    test of the values that are present, both against train at matched size. Effect sizes come first in the
    breakdown: with many rows every test rejects, whatever the difference is worth.
    """
    side = case.contrast
    columns = list(side.case.values.values())
    if not columns:
        raise NotApplicable("UNSUPPORTED_TYPE", "all columns are ids or texts")
    discrete = [column.levels is not None for column in columns]
    found = beside(
        case,
        "UTL10",
        lambda _: _matrix(columns),
        lambda a, b: rejected(a, b, discrete),
        most=MOST,
        times=3,
        spreads=10,
    )
    m, n = found.n["synthetic"], found.n["train"]
    lines = [_line(column, n, m, case.rng.child(f"UTL10/{column.name}")) for column in columns]
    tested = [line for line in lines if line["p"] is not None]
    for line, q in zip(tested, benjamini_hochberg(np.array([line["p"] for line in tested])), strict=True):
        line["q"] = float(q)
    result = found.result(
        breakdown={"rate": RATE, "columns": sorted(lines, key=lambda line: -float(line["value"]))},
        caveats=(_LARGE,) if m >= 1_000 else (),
    )
    # A share of few columns moves in steps, so that half-samples may all agree: Wilson's interval is the least.
    low, high = wilson(found.value * len(columns), len(columns))
    drawn = result.interval or (low, high)
    return replace(result, interval=(max(0.0, min(low, drawn[0])), min(1.0, max(high, drawn[1]))))


_LARGE = Caveat(
    "LARGE_SAMPLE", "With so many rows tests reject differences that matter to nobody: read the effect sizes first."
)


def _matrix(columns: list[Values]) -> dict[str, Floats]:
    return {side: np.column_stack([np.asarray(getattr(c, side), np.float64) for c in columns]) for side in SIDES}


def rejected(a: Floats, b: Floats, discrete: list[bool]) -> Floats:
    """Return per column whether its test rejects at a false discovery rate of 5 %; NaN where nothing can be tested."""
    p = np.array([chi_squared(x, y)[1] if d else ks(x, y)[1] for x, y, d in zip(a.T, b.T, discrete, strict=True)])
    known = ~np.isnan(p)
    out = np.full(len(p), np.nan)
    out[known] = benjamini_hochberg(p[known]) <= RATE
    return out


def chi_squared(a: Floats, b: Floats) -> tuple[float, float]:
    """Return Cramer's V and the p-value of the chi-squared test that two samples of codes follow one law.

    Levels that are expected fewer than five times are joined, the rarest first; NaN where one level remains.
    """
    from scipy.stats import chi2

    codes = np.concatenate([a, b]).astype(np.int64)
    width = int(codes.max(initial=0)) + 1
    counts = np.stack([np.bincount(side.astype(np.int64), minlength=width) for side in (a, b)]).astype(np.float64)
    counts = _joined(counts[:, counts.sum(axis=0) > 0])
    if counts.shape[1] < 2 or not counts.sum(axis=1).all():
        return np.nan, np.nan
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    statistic = float(((counts - expected) ** 2 / expected).sum())
    return float(np.sqrt(statistic / counts.sum())), float(chi2.sf(statistic, counts.shape[1] - 1))


def _joined(counts: Floats) -> Floats:
    """Join the rarest levels until each is expected five times on the smaller side."""
    total = counts.sum(axis=0)
    least = EXPECTED * counts.sum() / max(counts.sum(axis=1).min(), 1)
    order = np.argsort(total, kind="stable")
    few = int((total < least).sum())
    while few and total[order[:few]].sum() < least and few < len(order):
        few += 1
    if few < 2:
        return counts[:, order]
    return np.column_stack([counts[:, order[:few]].sum(axis=1), counts[:, order[few:]]])


def ks(a: Floats, b: Floats) -> tuple[float, float]:
    """Return the Kolmogorov-Smirnov distance of the values that are present, and its asymptotic p-value."""
    from scipy.stats import kstwobign

    a, b = np.sort(a[~np.isnan(a)]), np.sort(b[~np.isnan(b)])
    if not len(a) or not len(b):
        return np.nan, np.nan
    at = np.concatenate([a, b])
    gap = np.abs(np.searchsorted(a, at, side="right") / len(a) - np.searchsorted(b, at, side="right") / len(b)).max()
    return float(gap), float(kstwobign.sf(gap * np.sqrt(len(a) * len(b) / (len(a) + len(b)))))


def _line(column: Values, n: int, m: int, rng: Rng) -> dict[str, Any]:
    """Return effect sizes and the p-value of one column, on one draw of the matched size."""
    sizes = {"train": n, "synthetic": m, "holdout": m}
    train, made, fresh = (_drawn(getattr(column, side), size, rng.child(side)) for side, size in sizes.items())
    test = ks if column.levels is None else chi_squared
    (effect, p), (expected, _) = test(train, made), test(train, fresh)
    line: dict[str, Any] = {
        "column": column.name,
        "test": "chi-squared" if column.levels is not None else "Kolmogorov-Smirnov",
        "effect": "Cramer's V" if column.levels is not None else "distance",
        "value": 0.0 if np.isnan(effect) else effect,
        "reference": 0.0 if np.isnan(expected) else expected,
        "p": None if np.isnan(p) else p,
    }
    if column.levels is None:
        line["others"] = _locations(train[~np.isnan(train)], made[~np.isnan(made)])
    return line


def _drawn(array: NDArray[Any], n: int, rng: Rng) -> Floats:
    return np.asarray(array[next(draws(rng, len(array), n, 1))], dtype=np.float64)


def _locations(a: Floats, b: Floats) -> list[dict[str, Any]]:
    """Return the tests of location: Welch's t with Cohen's d, and Mann-Whitney with Cliff's delta."""
    if min(len(a), len(b)) < 2 or (np.ptp(a) == 0 and np.ptp(b) == 0):
        return []
    from scipy.stats import mannwhitneyu, t

    parts = np.array([a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)])
    freedom = parts.sum() ** 2 / (parts**2 / [len(a) - 1, len(b) - 1]).sum()
    welch = float(2 * t.sf(abs(b.mean() - a.mean()) / np.sqrt(parts.sum()), freedom))
    ranks = float(mannwhitneyu(b, a, method="asymptotic").pvalue)
    return [
        {"test": "Welch's t", "effect": "Cohen's d", "value": standardized_difference(b, a), "p": welch},
        {"test": "Mann-Whitney", "effect": "Cliff's delta", "value": cliffs_delta(b, a), "p": ranks},
    ]
