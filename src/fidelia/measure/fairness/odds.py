"""Equalised odds: does a model learnt from synthetic rows err more unequally than one learnt from real rows?

References
----------
Hardt, Price and Srebro (2016), Equality of Opportunity in Supervised Learning, NeurIPS, arXiv 1610.02413.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.fairness.groups import groups_of, outcomes_of
from fidelia.measure.learners import BOOSTED
from fidelia.measure.result import Reference, Result
from fidelia.measure.statistics.intervals import normal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Ints = NDArray[np.int64]

DRAWS = 300
FEWEST = 10
MOST = 20_000
POOLS = ("first", "second", "synthetic")


def odds_gap(counts: Floats, least: float = FEWEST) -> Floats:
    """Return the equalised-odds gap: the larger of the gaps between groups in true and in false positive rate.

    Parameters
    ----------
    counts : (..., groups, 2, 2) float64
        Rows by group, by whether they have the outcome, and by whether the model decides for it.
    least : float
        A group counts in a rate where it has so many rows; NaN where no rate has two such groups.

    Examples
    --------
    >>> table = np.array([[[80, 20], [30, 70]], [[90, 10], [60, 40]]], dtype=float)
    >>> float(odds_gap(table).round(3))  # true positives 0.7 and 0.4, false positives 0.2 and 0.1
    0.3
    """
    rows = counts.sum(axis=-1)
    usable = rows >= least
    rate = counts[..., 1] / np.maximum(rows, 1)
    top = np.where(usable, rate, -np.inf).max(axis=-2)
    bottom = np.where(usable, rate, np.inf).min(axis=-2)
    gaps = np.where(usable.sum(axis=-2) >= 2, top - bottom, -np.inf).max(axis=-1)
    return np.where(np.isfinite(gaps), gaps, np.nan)


def equalised_odds(case: Case) -> Result:
    """FAI02: the equalised-odds gap of a model learnt from synthetic rows minus that of one learnt from half of train.

    Both are tested on the holdout; of the sensitive columns and outcomes the value is the clearest change, the
    largest for its standard error. The reference is the same for the other half of train, with equally many rows.
    The interval resamples test rows, paired.
    """
    models = case.models
    grouped, caveats = groups_of(case)
    outcomes = outcomes_of(case)
    n = min(MOST, models.matched(BOOSTED, *POOLS))
    test = models.test()
    rows = models.rows(test)
    told = {
        pool: outcomes.of(models.predicted(BOOSTED, (pool, n), on=test)) for pool in ("first", "second", "synthetic")
    }
    lines = []
    for groups in grouped:
        codes = groups.codes["holdout"][rows]
        for i, outcome in enumerate(outcomes.names):
            actual = outcomes.hits["holdout"][rows, i]
            decided = {pool: hits[:, i] for pool, hits in told.items()}
            rng = case.rng.child(f"FAI02/{groups.column}/{outcome}")
            line = _line(codes, actual, decided, len(groups.names), rng)
            if line is not None:
                lines.append({"name": groups.column, "outcome": outcome, **line})
    if not lines:
        raise NotApplicable("TOO_FEW_ROWS", f"no two groups have {FEWEST} holdout rows with, and without, the outcome")
    lines = sorted(lines, key=lambda line: -abs(line["value"]) / max(line["error"], 1e-9))
    made = lines[0]
    return Result(
        value=made["value"],
        interval=(made["low"], made["high"]),
        reference=Reference(made["reference"], made["sd"], n, "train-split"),
        n={"train": n, "synthetic": n, "holdout": len(rows)},
        caveats=(*models.task.caveats, *caveats),
        breakdown={"lines": lines},
    )


def _line(codes: Ints, actual: Bools, decided: dict[str, Bools], groups: int, rng: Rng) -> dict[str, Any] | None:
    """Return gaps and changes of one column and outcome; None where no rate has two groups."""
    made, sd = _change(codes, actual, decided["first"], decided["synthetic"], groups, rng)
    fresh, noise = _change(codes, actual, decided["first"], decided["second"], groups, rng.child("fresh"))
    if np.isnan(made[0]):
        return None
    low, high = normal(float(made[1] - made[0]), sd, -1.0, 1.0)
    return {
        "real": float(made[0]),
        "synthetic": float(made[1]),
        "value": float(made[1] - made[0]),
        "low": low,
        "high": high,
        "error": sd,
        "reference": float(fresh[1] - fresh[0]),
        "sd": noise,
    }


def _change(codes: Ints, actual: Bools, a: Bools, b: Bools, groups: int, rng: Rng) -> tuple[Floats, float]:
    """Return the gaps of two models, ``(2,)``, and the standard error of their difference: cells are resampled."""
    inside = codes >= 0
    cell = ((codes * 2 + actual) * 2 + a) * 2 + b
    table = np.bincount(cell[inside], minlength=groups * 8).astype(np.float64)
    total = int(table.sum())
    if not total:
        return np.full(2, np.nan), 0.0
    drawn = rng.generator().multinomial(total, table / total, size=DRAWS).astype(np.float64)
    gaps, spread = (_two(part.reshape(-1, groups, 2, 2, 2)) for part in (table[None], drawn))
    change = (spread[:, 1] - spread[:, 0])[np.isfinite(spread).all(axis=1)]
    return gaps[0], float(change.std(ddof=1)) if len(change) > 1 else 0.0


def _two(tables: Floats) -> Floats:
    """Return the gaps of both models, ``(draws, 2)``, from counts by group, truth, first and second decision."""
    return np.stack([odds_gap(tables.sum(axis=-1)), odds_gap(tables.sum(axis=-2))], axis=-1)
