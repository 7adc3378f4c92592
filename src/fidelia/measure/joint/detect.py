"""Two-sample classifier: can a learner tell synthetic rows from fresh real ones?

The synthetic rows stand against rows that the generator never saw, because against train a classifier is fooled by
copies: a twin with the other label pulls the AUC below 1/2.

References
----------
Lopez-Paz and Oquab (2017), Revisiting Classifier Two-Sample Tests, ICLR, arXiv 1610.06545.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.data.images.imageset import picture_column
from fidelia.errors import NotApplicable
from fidelia.measure.images.directions import as_columns
from fidelia.measure.learners import Features, boosted, features, linear, neighbourhood, train
from fidelia.measure.result import Result
from fidelia.measure.statistics.estimates import Estimate, auc
from fidelia.measure.statistics.intervals import normal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.reference import Contrast
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Predict = Callable[[Floats], Floats]

FOLDS = 3
FEWEST = 10
MOST = 10_000
PERMUTED = 2_000
MOST_NEAREST = 4_000


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What one learner can tell, cross-fitted.

    Parameters
    ----------
    estimate : Estimate
        AUC, mean over folds.
    scores : (n,) float64
        Probability of label 1 for each row, from a model that did not see it.
    models : list of callable
        One per fold.
    folds : list of (n_fold,) int64
    """

    estimate: Estimate
    scores: Floats
    models: list[Predict]
    folds: list[Ints]


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """What boosted trees tell of a case: fitted once, read by FID26 and FID28.

    Parameters
    ----------
    m : int
        Rows a side.
    told, real : Told
        Synthetic against fresh real rows, and train against fresh real rows.
    columns : list of dict
        Importance of each column in either, largest in `told` first.
    propensity : (n_synthetic,) float64
        Probability of being synthetic, from models that did not see the row.
    """

    m: int
    told: Told
    real: Told
    columns: list[dict[str, Any]]
    propensity: Floats

    def sizes(self, kind: str) -> dict[str, int]:
        """Return the rows on each side."""
        return {"train": self.m, "synthetic": self.m, kind: self.m}


def detection(case: Case) -> Detection:
    """Return what boosted trees tell of a case, fitted on first use.

    Raises
    ------
    NotApplicable
        ``UNSUPPORTED_TYPE``, ``TOO_FEW_ROWS``.
    """
    return case.once("detection", _detect)


def _detect(case: Case) -> Detection:
    side = case.contrast
    table = _seen(side.case)
    m = min(side.rows, len(table.train), MOST)
    if m < FEWEST:
        raise NotApplicable("TOO_FEW_ROWS", f"{m} rows a side; a classifier needs {FEWEST}")
    rng = case.rng.child("FID26")
    picks = {name: _pick(rng.child(name), len(getattr(table, name)), m) for name in ("train", "synthetic", "holdout")}
    told, real = (_boosted(table, name, picks, rng) for name in ("synthetic", "train"))
    found, expected = (_importance(table, name, picks, by, rng) for name, by in (("synthetic", told), ("train", real)))
    columns = [
        {"column": table.names[i], "importance": found[i], "reference": expected[i]}
        for i in sorted(range(len(found)), key=lambda i: -found[i])
    ]
    return Detection(m, told, real, columns, _propensity(table.synthetic, picks["synthetic"], told))


def _seen(case: Case) -> Features:
    """Return the rows as boosted trees see them: by column, or pictures by the main directions of their features."""
    if picture_column(case.schema) is not None:
        return as_columns(case)
    if not case.values:
        raise NotApplicable("UNSUPPORTED_TYPE", "all columns are ids or texts")
    return features(list(case.values.values()))


def two_sample(case: Case) -> Result:
    """FID26: cross-fitted AUC of boosted trees, synthetic against fresh real rows in equal numbers; 1/2 is best.

    The reference is the AUC of train rows against fresh real ones, in equal numbers. The AUC is the mean over three
    folds, with DeLong's variance.
    """
    side, found = case.contrast, detection(case)
    told, real, m = found.told.estimate, found.real.estimate, found.m
    rng = case.rng.child("FID26")
    lines = [_line("boosted trees", told, real)]
    lines += _other("logistic regression", side, m, lambda: linear("binary"), rng)
    lines += _other("nearest neighbours", side, min(m, MOST_NEAREST), lambda: neighbourhood("binary"), rng)
    given_away = [{"column": line["column"], "importance": line["importance"]} for line in found.columns]
    return Result(
        value=told.value,
        interval=normal(told.value, _sd(told, m), 0.0, 1.0),
        reference=side.reference(real.value, _sd(real, m)),
        n=found.sizes(side.kind),
        caveats=side.caveats,
        breakdown={"models": lines, "columns": given_away, "score": 2 - 2 * max(told.value, 0.5)},
        rows={"synthetic.propensity": found.propensity},
    )


def _pick(rng: Rng, n: int, m: int) -> Ints:
    return np.sort(rng.generator().choice(n, m, replace=False))


def _sd(estimate: Estimate, m: int) -> float:
    """Return DeLong's standard error; where a sample is told perfectly, the width that m rows allow."""
    return max(estimate.sd, 1 / (2 * m))


def _boosted(table: Features, side: str, picks: dict[str, Ints], rng: Rng) -> Told:
    x = np.concatenate([getattr(table, side)[picks[side]], table.holdout[picks["holdout"]]])
    seed = rng.integer()
    return cross_fit(x, lambda: boosted(table.categorical, "binary", seed), rng)


def cross_fit(x: Floats, make: Callable[[], Any], rng: Rng) -> Told:
    """Tell the first half of the rows (label 1) from the second, each row by a model that did not see it."""
    m = len(x) // 2
    y = np.repeat([1, 0], m)
    generator = rng.child("folds").generator()
    fold = np.concatenate([generator.permutation(m) % FOLDS, generator.permutation(m) % FOLDS])
    scores, influence, models, folds, values = np.empty(2 * m), np.empty(2 * m), [], [], []
    for i in range(FOLDS):
        inside = np.flatnonzero(fold == i)
        model = train(make(), x[fold != i], y[fold != i], 2)
        scores[inside] = model(x[inside])[:, 1]
        found = auc(scores[inside], y[inside] == 1)
        influence[inside] = found.influence
        values.append(found.value)
        models.append(model)
        folds.append(inside)
    return Told(Estimate(float(np.mean(values)), influence), scores, models, folds)


def _other(name: str, side: Contrast, m: int, make: Callable[[], Any], rng: Rng) -> list[dict[str, Any]]:
    """Return the line of another learner, on the embedding; none where nothing varies."""
    try:
        points = side.case.embedded
    except NotApplicable:
        return []
    m = min(m, *(len(points.side(name)) for name in ("train", "synthetic", "holdout")))
    picks = {name: _pick(rng.child(name), len(points.side(name)), m) for name in ("train", "synthetic", "holdout")}
    fresh = points.side("holdout")[picks["holdout"]]
    told, real = (
        cross_fit(np.concatenate([points.side(name)[picks[name]], fresh]), make, rng) for name in ("synthetic", "train")
    )
    return [_line(name, told.estimate, real.estimate)]


def _line(model: str, told: Estimate, real: Estimate) -> dict[str, Any]:
    low, high = normal(told.value, told.sd, 0.0, 1.0)
    return {"model": model, "auc": told.value, "low": low, "high": high, "reference": real.value}


def _importance(table: Features, side: str, picks: dict[str, Ints], told: Told, rng: Rng) -> list[float]:
    """Return by how much the AUC falls when each column is permuted, on rows of the first fold."""
    x = np.concatenate([getattr(table, side)[picks[side]], table.holdout[picks["holdout"]]])
    generator = rng.child("importance").generator()
    rows = told.folds[0]
    rows = np.sort(generator.choice(rows, min(PERMUTED, len(rows)), replace=False))
    label = rows < len(x) // 2
    part, model = x[rows], told.models[0]
    base = auc(model(part)[:, 1], label).value
    found = []
    for i in range(x.shape[1]):
        changed = part.copy()
        changed[:, i] = changed[generator.permutation(len(part)), i]
        found.append(max(0.0, base - auc(model(changed)[:, 1], label).value))
    return found


def _propensity(synthetic: Floats, picked: Ints, told: Told) -> Floats:
    """Return each synthetic row's probability of being synthetic, from models that did not see it."""
    out = np.zeros(len(synthetic))
    rest = np.ones(len(synthetic), dtype=bool)
    rest[picked] = False
    out[picked] = told.scores[: len(picked)]
    if rest.any():
        out[rest] = np.mean([model(synthetic[rest])[:, 1] for model in told.models], axis=0)
    return out
