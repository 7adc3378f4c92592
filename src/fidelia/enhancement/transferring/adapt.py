"""Labels of a source for a target without them: source rows that count as the target needs, and rows in its law.

Two ways in which a target may differ are undone, each from target rows without labels. Under covariate shift
``p(y | x)`` stays, and source rows count by the density ratio of the features. Under label shift ``p(x | y)`` stays,
and they count by the ratio of the class shares. A generator learnt from the source then draws rows in the law of the
target. What either is worth is measured on target rows with labels, where there are some: nothing else can tell.

References
----------
Shimodaira (2000), Improving predictive inference under covariate shift by weighting the log-likelihood function,
Journal of Statistical Planning and Inference 90, 227-244. Kish (1965), Survey Sampling, section 11.7 (effective rows).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fidelia.auditing.odds import Odds
from fidelia.enhancement.learning import School
from fidelia.enhancement.transferring.domains import Domains, domains
from fidelia.enhancement.transferring.labelled import CLASSES, FEWEST, RATIO, SOURCE, Line, lines
from fidelia.enhancement.transferring.shift import Shares, black_box, classified, saerens
from fidelia.enhancement.transferring.words import UNDONE
from fidelia.enhancement.transferring.words import adapted as said_of
from fidelia.errors import NotApplicable, UsageError
from fidelia.generate.balance import Balance
from fidelia.generate.sampling import joined, sample
from fidelia.generate.trees import Trees
from fidelia.measure.statistics.intervals import Z, normal
from fidelia.progress import SILENT, Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.enhancement.goal import Goal
    from fidelia.generate.catalog import Generator
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]

Shift = Literal["auto", "covariate", "label"]
SHIFTS = ("auto", "covariate", "label")
REPEATS = 2
LEAST, SHARE = 50.0, 0.01
"""Fewest effective rows of weights that count: so many, and this share of the rows."""
BUDGET = 50
"""Rows proposed for each row that is drawn for the target."""


@dataclass(frozen=True, slots=True, eq=False)
class Adapted:
    """How a target differs from a source, and rows for it.

    Parameters
    ----------
    shift : {"covariate", "label", "none"}
        What was undone.
    rows : Table
        Synthetic rows with labels, in the law of the target.
    weight : (source rows,) float64
        How much each source row counts, of mean 1 over those with a label; the others count 0.
    effective : float
        Effective number of source rows.
    facts : mapping
        Rows, columns, how well the domains are told apart, class shares.
    lines : tuple of Line
        Ways to learn on target rows with labels; empty where there are too few.
    metric : str
        What scores are.
    declined : mapping of str to str
        Weights that are not used, and why.
    notes : tuple of str
    """

    shift: str
    rows: Table = field(repr=False)
    weight: Floats = field(repr=False)
    effective: float
    facts: Mapping[str, Any]
    lines: tuple[Line, ...]
    metric: str
    declined: Mapping[str, str]
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> dict[str, Any]:
        """``level`` ("gain", "none", "loss", "unknown"), ``headline`` and ``sentences``."""
        return said_of(self)

    def __str__(self) -> str:
        return "\n".join([self.verdict["headline"], *self.verdict["sentences"]])

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, without rows and weights."""
        return {
            "format": 1,
            "kind": "adapt",
            "verdict": self.verdict,
            "shift": self.shift,
            "metric": self.metric,
            "effective": self.effective,
            **self.facts,
            "lines": [asdict(line) for line in self.lines],
            "declined": dict(self.declined),
            "notes": list(self.notes),
        }


def adapt(
    source: Table,
    target: Table,
    *,
    shift: Shift = "auto",
    generator: Generator | None = None,
    n: int | None = None,
    repeats: int = REPEATS,
    rng: Rng,
    progress: Progress = SILENT,
) -> Adapted:
    """Make a labelled source useful for a target that has few labels or none.

    Parameters
    ----------
    source : Table
        Its target column is what is to be predicted.
    target : Table
        Without the target column, or with missing values in it.
    shift : {"auto", "covariate", "label"}
        What is to be undone; "auto": the shift of the class shares where it explains all that can be told.
    generator : Generator or None
        Not fitted: it learns the source; None: trees.
    n : int or None
        Rows to draw; None: as many as the target has.
    repeats : int
        Times five folds of the target rows with labels.

    Raises
    ------
    UsageError, SchemaError
        When an argument does not exist, or the tables do not fit.
    NotApplicable
        ``NO_SUPPORT``: the weights leave too few effective rows, the source does not cover the target.
    """
    both = _asked(shift, source, target)
    with progress.stage("compare domains", 2) as tick:
        told, shares = both.told(both.source, rng.child("told")), class_shares(both, rng.child("shares"))
        tick(1)
        kind = shift if shift != "auto" else _kind(both, told, shares, rng.child("kind"))
        weights = _weights(both, told, shares)
        # Clipped weights look like many rows where nothing is covered: support is judged before the clip.
        raw = {**weights, RATIO: told.scorer.ratio(told.propensity)}
        declined = {arm: said for arm, weight in raw.items() if (said := _refusal(arm, weight))}
        tick(1)
    if (chosen := UNDONE[kind]) in declined:
        raise NotApplicable("NO_SUPPORT", declined[chosen])
    made = (generator or Trees()).fit(both.source, rng=rng.child("generator"), progress=progress)
    draw = _drawer(kind, both, told, shares, made)
    with progress.stage("draw for the target"):
        rows = draw(len(both.target) if n is None else n, rng.child("draw"))
        lesson = draw(len(both.source), rng.child("lesson"))
    usable = {arm: weight for arm, weight in weights.items() if arm not in declined}
    found = lines(both, usable, lesson, repeats, rng.child("trial"), progress)
    weight = np.zeros(len(source))
    weight[both.kept] = weights[chosen]
    facts, notes = _facts(both, told, shares, weights), both.notes if found else (*both.notes, _unmeasured(both))
    return Adapted(kind, rows, weight, ess(weights[chosen]), facts, found, both.goal.metric, declined, notes)


def _asked(shift: Shift, source: Table, target: Table) -> Domains:
    if shift not in SHIFTS:
        raise UsageError(f"shift = {shift!r}; there are {', '.join(SHIFTS)}")
    both = domains(source, target)
    if shift == "label" and both.goal.kind == "regression":
        raise UsageError(f"{both.goal.target!r} is a number: there are no class shares to shift; use shift='covariate'")
    return both


def class_shares(both: Domains, rng: Rng) -> tuple[Shares, Shares] | None:
    """Return the class shares of the target by likelihood and by undoing confusions; None of a number."""
    goal, classes = both.goal, len(both.goal.levels)
    if goal.kind == "regression":
        return None
    eyes, y = School(both.source, goal, rng).eyes, both.classes
    model = classified(eyes.see("columns", both.source), y, classes, eyes.categorical, rng)
    at = model.predict(eyes.see("columns", both.target))
    source = np.bincount(y, minlength=classes) / len(y)
    return saerens(at, source), black_box(model.honest.argmax(1), y, at.argmax(-1), classes)


def _kind(both: Domains, told: Odds, shares: tuple[Shares, Shares] | None, rng: Rng) -> str:
    """Return which shift to undo: none where nothing can be told, that of the classes where it explains all."""
    if not told.differ:
        return "none"
    if shares is None:
        return "covariate"
    weight = shares[0].weight[both.classes]
    # Kept or not, never repeated: a row that stands twice is recognised.
    rows = np.flatnonzero(rng.child("rows").generator().random(len(weight)) * weight.max() < weight)
    if len(rows) < LEAST:
        return "covariate"
    left = both.told(both.source.take(rows), rng.child("told")).told
    return "covariate" if left.value - Z * left.sd > 0.5 else "label"


def _weights(both: Domains, told: Odds, shares: tuple[Shares, Shares] | None) -> dict[str, Floats]:
    """Return the weights of source rows by arm, each of mean 1."""
    found = {SOURCE: np.ones(len(both.source)), RATIO: told.weight}
    if shares is not None:
        by_class = shares[0].weight[both.classes]
        found[CLASSES] = by_class / by_class.mean()
    return found


def _refusal(arm: str, weight: Floats) -> str:
    """Say why weights are not used; empty where they are."""
    least, worth = max(LEAST, SHARE * len(weight)), ess(weight)
    if worth >= least:
        return ""
    return (
        f"{arm}, {len(weight):,} source rows are worth {worth:.0f} of the target and {least:.0f} are needed: the "
        "source hardly has rows like the target's. Label some target rows and learn from them"
    )


def ess(weight: Floats) -> float:
    """Return the effective number of rows, ``(sum w)^2 / sum w^2``.

    Examples
    --------
    >>> ess(np.ones(10)), ess(np.array([1.0, 0.0]))
    (10.0, 1.0)
    """
    return float(weight.sum() ** 2 / max(float((weight**2).sum()), 1e-300))


def _drawer(
    kind: str, both: Domains, told: Odds, shares: tuple[Shares, Shares] | None, made: Generator
) -> Callable[[int, Rng], Table]:
    """Return what draws rows in the law of the target, from a generator of the source."""
    if kind == "label" and shares is not None:
        wanted = Balance.of(both.goal.target, dict(zip(both.goal.levels, shares[0].value.tolist(), strict=True)))
        return lambda n, rng: sample(made, n, balance=wanted, rng=rng)
    if kind == "covariate":
        return lambda n, rng: _kept(made, n, lambda rows: told.score(both.features(rows)).acceptance, rng)
    return lambda n, rng: sample(made, n, rng=rng)


def _kept(made: Generator, n: int, acceptance: Callable[[Table], Floats], rng: Rng) -> Table:
    """Draw until n rows are accepted or the budget is spent; what is lacking is resampled by acceptance."""
    kept: list[Table] = []
    draw, size, lacking = rng.child("accept").generator(), max(n, 1_000), n
    rows, chance = sample(made, 0, rng=rng), np.zeros(0)
    for batch in range(max(BUDGET * n // size, 1)):
        rows = sample(made, size, rng=rng.child(f"batch/{batch}"))
        chance = acceptance(rows)
        kept.append(rows.take(np.flatnonzero(draw.random(size) < chance)))
        lacking -= len(kept[-1])
        if lacking <= 0:
            break
    if lacking > 0:
        kept.append(rows.take(_resampled(chance, lacking, draw)))
    return joined(kept).take(np.arange(n))


def _resampled(weight: Floats, n: int, draw: np.random.Generator) -> NDArray[np.int64]:
    """Rows by weight, by systematic resampling."""
    stairs = np.cumsum(weight) / weight.sum()
    return np.minimum(np.searchsorted(stairs, (np.arange(n) + draw.random()) / n), len(weight) - 1)


def _unmeasured(both: Domains) -> str:
    return f"{len(both.labelled)} target rows have a label; {FEWEST} that vary are needed to measure what this is worth"


def _facts(
    both: Domains, told: Odds, shares: tuple[Shares, Shares] | None, weights: Mapping[str, Floats]
) -> dict[str, Any]:
    low, high = normal(told.told.value, told.told.sd, 0.0, 1.0)
    return {
        "target": both.goal.target,
        "rows": {"source": len(both.source), "target": len(both.target), "labelled": len(both.labelled)},
        "columns": {"shared": both.features(both.source).schema.names, "own": both.own, "lost": both.lost},
        "told": {"auc": told.told.value, "low": low, "high": high, "differ": told.differ, "unreached": told.unreached},
        "effective_rows": {arm: ess(weight) for arm, weight in weights.items()},
        "classes": [] if shares is None else _classes(both.goal, *shares),
    }


def _classes(goal: Goal, likely: Shares, undone: Shares) -> list[dict[str, Any]]:
    return [
        {
            "class": level,
            "source": float(likely.source[k]),
            "target": float(likely.value[k]),
            "interval": normal(float(likely.value[k]), float(likely.sd[k]), 0.0, 1.0),
            "black_box": float(undone.value[k]),
        }
        for k, level in enumerate(goal.levels)
    ]
