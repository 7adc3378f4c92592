"""Regression coefficients: does an analysis of the synthetic rows find what an analysis of the real rows finds?

References
----------
Karr, Kohnen, Oganian, Reiter and Sanil (2006), The American Statistician 60, 224-232 (interval overlap); Gelman,
Jakulin, Pittau and Su (2008), Annals of Applied Statistics 2, 1360-1383 (weak priors where levels separate classes).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.beside import beside
from fidelia.measure.result import Result
from fidelia.measure.space.threads import one_thread
from fidelia.measure.statistics.intervals import Z
from fidelia.measure.statistics.resampling import draws
from fidelia.measure.utility.task import present

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.values import Values

    Floats = NDArray[np.float64]

SIDES = ("train", "synthetic", "holdout")
FEWEST = 30
RARE = 20
SHARE = 0.01
MOST = 20_000
WIDEST = 150
FAR = 8.0
PRIOR = 1 / 2.5**2
STEPS = 30
CLASSES = 5


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Coefficients with their standard errors, ``(coefficients,)``; infinite errors where a column does not vary."""

    estimate: Floats
    error: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """The regression that is asked of every table.

    Parameters
    ----------
    names : list of str
        Of the coefficients but the intercept: columns, or ``column = level`` against the most frequent level.
    outcomes : list of str
        One regression each: a level of the target against the others, or the target itself.
    logistic : bool
    sides : dict of str to (n, names + outcomes) float64
        Standardised columns, then the outcomes, of rows with a target.
    """

    names: list[str]
    outcomes: list[str]
    logistic: bool
    sides: dict[str, Floats]


def coefficients(case: Case) -> Result:
    """UTL07: overlap of confidence intervals of regression coefficients, mean over coefficients; 1 is the same.

    Linear regression of a number, logistic regression of a class (each against the others where there are more than
    two), on standardised columns, with a weak normal prior of standard deviation 2.5 so that levels that separate
    the classes keep a finite coefficient. All tables give equally many rows. The reference is the overlap of fresh
    real rows with train.
    """
    side = case.contrast
    plan = design(side.case, case.target)
    m = min(MOST, *(len(rows) for rows in plan.sides.values()))
    width = len(plan.names)
    fewest = max(FEWEST, 2 * (width + 1))
    with one_thread():
        found = beside(
            case,
            "UTL07",
            lambda _: plan.sides,
            lambda a, b: np.concatenate([overlap(x, y) for x, y in zip(fits(a, plan), fits(b, plan), strict=True)]),
            most=m,
            times=2,
            spreads=8,
            fewest=fewest,
        )
        rng = case.rng.child("UTL07/shown")
        shown = {name: rows[next(draws(rng.child(name), len(rows), m, 1))] for name, rows in plan.sides.items()}
        fitted = {name: fits(rows, plan) for name, rows in shown.items()}
    places = [(i, j) for i in range(len(plan.outcomes)) for j in range(width)]
    lines = [
        _line(plan, i, j, fitted) | {"value": float(value), "reference": float(expected)}
        for (i, j), value, expected in zip(places, found.values, found.references, strict=True)
    ]
    return found.result(
        low=0.0,
        high=1.0,
        breakdown={
            "model": "logistic regression" if plan.logistic else "linear regression",
            "signs": _signs(fitted["train"], fitted["synthetic"]),
            "reference_signs": _signs(fitted["train"], fitted["holdout"]),
            "lines": sorted(lines, key=lambda line: float(line["value"]) - float(line["reference"])),
        },
    )


def design(case: Case, target: str) -> Design:
    """Return the regression of the target on all other columns, standardised by train.

    Levels of fewer than twenty train rows, or of less than 1 %, join the most frequent level.

    Raises
    ------
    NotApplicable
        When the target cannot be regressed or no column varies.
    """
    if target not in case.values:
        raise NotApplicable("UNSUPPORTED_TYPE", f"the target {target!r} is an id or a text")
    goal = case.values[target]
    rows = {side: present(goal, getattr(goal, side)) for side in SIDES}
    if min(len(kept) for kept in rows.values()) < FEWEST:
        raise NotApplicable("TOO_FEW_ROWS", f"a regression needs {FEWEST} rows with a target in each table")
    parts = [part for name in sorted(case.values) if name != target for part in _columns(case.values[name], rows)]
    parts = sorted(parts, key=lambda part: -part[1]["train"].var())[:WIDEST]
    outcomes = _outcomes(goal, rows)
    if not parts or not outcomes:
        raise NotApplicable("DEGENERATE_COLUMN", "the target, or every other column, does not vary in train")
    sides = {side: np.column_stack([part[side] for _, part in (*parts, *outcomes)]) for side in SIDES}
    return Design([name for name, _ in parts], [name for name, _ in outcomes], goal.levels is not None, sides)


Part = tuple[str, "dict[str, Floats]"]


def _columns(column: Values, rows: dict[str, NDArray[np.int64]]) -> list[Part]:
    """Return the standardised coordinates of one column."""
    sides = {side: getattr(column, side)[kept] for side, kept in rows.items()}
    train = sides["train"]
    if column.levels is None:
        known = train[~np.isnan(train)]
        if not len(known) or not np.ptp(known) > 0:
            return []
        mean, sd = float(known.mean()), float(known.std())
        if not 0 < sd < np.inf:
            return []
        scaled = {s: np.where(np.isnan(x), 0.0, np.clip((x - mean) / sd, -FAR, FAR)) for s, x in sides.items()}
        return [(column.name, scaled)]
    counts = np.bincount(train, minlength=column.codes)
    order = np.argsort(-counts, kind="stable")[1:]
    kept = [code for code in order if counts[code] >= max(RARE, SHARE * len(train))]
    names = [*(column.levels or ()), "(missing)"]
    return [
        (f"{column.name} = {names[code]}", {s: _scaled(x == code, train == code) for s, x in sides.items()})
        for code in kept
    ]


def _scaled(hit: NDArray[np.bool_], train: NDArray[np.bool_]) -> Floats:
    return np.asarray((hit - train.mean()) / train.std(), dtype=np.float64)


def _outcomes(goal: Values, rows: dict[str, NDArray[np.int64]]) -> list[Part]:
    sides = {side: getattr(goal, side)[kept] for side, kept in rows.items()}
    train = sides["train"]
    if goal.levels is None:
        sd = float(train.std())
        if not 0 < sd < np.inf:
            return []
        return [(goal.name, {s: np.clip((x - train.mean()) / sd, -FAR, FAR) for s, x in sides.items()})]
    counts = np.bincount(train, minlength=goal.codes)
    known = [code for code in np.argsort(-counts, kind="stable") if counts[code] >= RARE]
    if len(known) < 2:
        return []
    kept = [max(known)] if len(known) == 2 else known[:CLASSES]
    return [
        (f"{goal.name} = {goal.levels[code]}", {s: (x == code).astype(np.float64) for s, x in sides.items()})
        for code in kept
    ]


def fits(rows: Floats, plan: Design) -> list[Fit]:
    """Return the regressions of each outcome."""
    width = len(plan.names)
    return [regression(rows[:, :width], y, logistic=plan.logistic) for y in rows[:, width:].T]


def regression(x: Floats, y: Floats, *, logistic: bool) -> Fit:
    """Return coefficients of the columns of `x`, ``(n, k)``, without the intercept, under the weak prior.

    A column that does not vary has the coefficient 0 with infinite error.
    """
    full = np.column_stack([x, np.ones(len(x))])
    prior = np.append(np.full(x.shape[1], PRIOR), 1e-6)
    beta, inverse = _logistic(full, y, prior) if logistic else _least_squares(full, y, prior)
    error = np.sqrt(np.maximum(np.diag(inverse)[:-1], 0.0))
    return Fit(beta[:-1], np.where(np.ptp(x, axis=0) > 0, error, np.inf))


def _least_squares(x: Floats, y: Floats, prior: Floats) -> tuple[Floats, Floats]:
    gram = x.T @ x
    beta = np.linalg.solve(gram + np.diag(prior), x.T @ y)
    variance = float(((y - x @ beta) ** 2).sum() / max(len(x) - x.shape[1], 1))
    inverse = np.linalg.inv(gram + np.diag(prior)) * max(variance, 1e-12)
    return np.asarray(beta, dtype=np.float64), np.asarray(inverse, dtype=np.float64)


def _logistic(x: Floats, y: Floats, prior: Floats) -> tuple[Floats, Floats]:
    """Return the mode and its inverse Hessian: Newton's method, steps halved until the likelihood rises."""
    beta = np.zeros(x.shape[1])
    share = np.clip(y.mean(), 1e-6, 1 - 1e-6)
    beta[-1] = np.log(share / (1 - share))
    best = _likelihood(x, y, prior, beta)
    for _ in range(STEPS):
        p, hessian = _hessian(x, prior, beta)
        step = np.linalg.solve(hessian, x.T @ (y - p) - prior * beta)
        size = 1.0
        while (found := _likelihood(x, y, prior, beta + size * step)) < best - 1e-9 and size > 1e-3:
            size /= 2
        beta = beta + size * step
        if abs(found - best) < 1e-7 * (1 + abs(best)):
            break
        best = found
    return beta, np.asarray(np.linalg.inv(_hessian(x, prior, beta)[1]), dtype=np.float64)


def _hessian(x: Floats, prior: Floats, beta: Floats) -> tuple[Floats, Floats]:
    p = 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))
    return p, (x * (p * (1 - p))[:, None]).T @ x + np.diag(prior)


def _likelihood(x: Floats, y: Floats, prior: Floats, beta: Floats) -> float:
    at = x @ beta
    return float((y * at - np.logaddexp(0, at)).sum() - (prior * beta**2).sum() / 2)


def overlap(a: Fit, b: Fit) -> Floats:
    """Return how much of each other the 95 % intervals of each coefficient share, in [0, 1].

    The mean of the share of the one and the share of the other; 0 where they do not meet, or where one table cannot
    estimate the coefficient; NaN where neither can.

    Examples
    --------
    >>> a, b = Fit(np.array([0.0]), np.array([1.0])), Fit(np.array([1.96]), np.array([1.0]))
    >>> overlap(a, b).round(3).tolist(), overlap(a, a).tolist()
    ([0.5], [1.0])
    """
    known = np.isfinite(a.error), np.isfinite(b.error)
    width = [np.where(k, 2 * Z * np.where(k, f.error, 1.0), 1.0) for k, f in zip(known, (a, b), strict=True)]
    high = np.minimum(a.estimate + width[0] / 2, b.estimate + width[1] / 2)
    low = np.maximum(a.estimate - width[0] / 2, b.estimate - width[1] / 2)
    shared = np.maximum(high - low, 0.0)
    found = (shared / width[0] + shared / width[1]) / 2
    return np.where(known[0] & known[1], found, np.where(known[0] | known[1], 0.0, np.nan))


def _signs(real: list[Fit], other: list[Fit]) -> float | None:
    """Return among the coefficients that train tells from 0 the share with the same sign; None where there is none."""
    clear = np.concatenate([np.abs(fit.estimate) > Z * fit.error for fit in real])
    same = np.concatenate([np.sign(a.estimate) == np.sign(b.estimate) for a, b in zip(real, other, strict=True)])
    return float(same[clear].mean()) if clear.any() else None


def _line(plan: Design, i: int, j: int, fitted: dict[str, list[Fit]]) -> dict[str, Any]:
    name = plan.names[j] if len(plan.outcomes) == 1 else f"{plan.names[j]} on {plan.outcomes[i]}"
    line: dict[str, Any] = {"name": name}
    for side, word in (("train", "real"), ("synthetic", "synthetic")):
        fit = fitted[side][i]
        estimate, error = float(fit.estimate[j]), float(fit.error[j])
        known = np.isfinite(error)
        line[word] = estimate if known else None
        line[f"{word}_interval"] = [estimate - Z * error, estimate + Z * error] if known else None
    return line
