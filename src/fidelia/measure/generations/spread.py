"""How much a score moves: from set to set, from evaluation to evaluation, and among fresh real samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.catalog import entries
from fidelia.measure.generations.sets import sets, tables
from fidelia.measure.result import Caveat, Reference, Result
from fidelia.measure.statistics.sets import across

if TYPE_CHECKING:
    from fidelia.measure.case import Case

    Interval = tuple[float, float]

HEADLINE = "FID16"
PANEL = ("FID16", "DIV01", "FID01", "FID02", "FID10", "AUT02")
REPEATS, SAMPLES = 3, 5
MOST, FEWEST = 5_000, 12


def mean_over_sets(case: Case) -> Result:
    """GMU01: mean alpha-precision over the synthetic tables, with t-intervals of the mean and of one further table.

    Lines give the same of the other scores of the panel.
    """
    measured = {code: results for code in PANEL if (results := _measured(sets(case), code))}
    if HEADLINE not in measured:
        entries()[HEADLINE](case)
        raise NotApplicable("TOO_FEW_ROWS", "alpha-precision can be computed of one synthetic table alone")
    first = measured[HEADLINE][0]
    found = across([result.value or 0.0 for result in measured[HEADLINE]], low=0.0, high=1.0)
    return Result(
        value=found.value,
        interval=found.interval,
        reference=first.reference,
        n={**first.n, "sets": found.sets},
        caveats=first.caveats,
        breakdown={
            "of": HEADLINE,
            "between_sd": float(np.sqrt(found.between)),
            "further": found.further,
            "lines": [_line(code, results) for code, results in measured.items()],
        },
    )


def _measured(cases: Sequence[Case], code: str) -> list[Result]:
    """Return a metric's results on all sets; none unless at least two can be measured."""
    found = []
    for case in cases:
        try:
            found.append(entries()[code](case))
        except NotApplicable:
            continue
    return found if len(found) > 1 else []


def _line(code: str, results: list[Result]) -> dict[str, Any]:
    found = across([result.value or 0.0 for result in results])
    reference = results[0].reference
    return {
        "name": f"{code} {results[0].name}",
        "value": found.value,
        "reference": reference and reference.value,
        "between_sd": float(np.sqrt(found.between)),
        "low": found.interval[0],
        "high": found.interval[1],
        "further_low": found.further[0],
        "further_high": found.further[1],
        "sets": found.sets,
    }


def variance_components(case: Case) -> Result:
    """STB03: standard deviation of alpha-precision from one synthetic table to the next, each measured once.

    At one number of rows throughout: half of the real rows stand for train, at most 5,000, and the others are cut into
    fresh samples. Each table is measured three times on other rows of it, which parts the variance into that of the
    evaluation (within a table) and of the generation (between tables, by analysis of variance); fresh real samples
    give the reference.
    """
    base, made, real = _samples(case)
    n = len(base)
    scores = np.array([[_score(case, base, part, real[0], i) for part in parts] for i, parts in enumerate(made)])
    fresh = np.array([_score(case, base, real[i], real[i - 1], -i) for i in range(len(real))])
    within = float(scores.var(axis=1, ddof=1).mean())
    between = max(0.0, float(scores.mean(axis=1).var(ddof=1)) - within / scores.shape[1])
    value, floor = float(np.sqrt(between + within)), float(fresh.std(ddof=1))
    parts = (("generation", between), ("evaluation", within), ("fresh real samples", fresh.var(ddof=1)))
    m = len(real[0])
    return Result(
        value=value,
        interval=_sd_interval(value, len(made) - 1),
        reference=Reference(floor, float(floor / np.sqrt(2 * (len(fresh) - 1))), m, "train-split"),
        n={"train": n, "synthetic": m, "fresh real": m, "sets": len(made)},
        caveats=(Caveat("SUBSAMPLED", f"Each table is measured on {m:,} random rows beside {n:,} real ones."),),
        breakdown={
            "of": HEADLINE,
            "lines": [{"name": name, "sd": float(np.sqrt(part)), "variance": float(part)} for name, part in parts],
            "values": scores.mean(axis=1),
        },
    )


def _samples(case: Case) -> tuple[Any, list[list[Any]], list[Any]]:
    """Return real rows that stand for train, three samples of each synthetic table, and fresh real samples."""
    made = tables(case)
    rng = case.rng.child("STB03")
    real = case.train
    order = rng.child("real").generator().permutation(len(real))
    half = min(len(order) // 2, MOST)
    m = min((len(order) - half) // SAMPLES, MOST, *(len(table) for table in made))
    if m < FEWEST:
        raise NotApplicable("TOO_FEW_ROWS", f"{m} rows for each of {SAMPLES} fresh real samples; {FEWEST} are needed")
    fresh = [real.take(order[half + i * m : half + (i + 1) * m]) for i in range(SAMPLES)]
    samples = []
    for i, table in enumerate(made):
        generator = rng.child(f"set {i}").generator()
        samples.append([table.take(generator.choice(len(table), m, replace=False)) for _ in range(REPEATS)])
    return real.take(order[:half]), samples, fresh


def _score(case: Case, train: Any, synthetic: Any, holdout: Any, name: int) -> float:
    rng = case.rng.child(f"STB03/{name}")
    part = replace(case, train=train, synthetic=synthetic, holdout=holdout, rng=rng, generations=(), like=None)
    return float(entries()[HEADLINE](part).value or 0.0)


def _sd_interval(sd: float, df: int) -> Interval:
    """Return the 95 % interval of a standard deviation of normal values."""
    from scipy.stats import chi2

    return float(sd * np.sqrt(df / chi2.ppf(0.975, df))), float(sd * np.sqrt(df / chi2.ppf(0.025, df)))
