"""Odds: how much more often real rows are found at a synthetic row than synthetic ones are, row by row.

Boosted trees on the columns, in large and in small steps, and a logistic regression on the embedding learn to tell
synthetic rows from train rows, each row judged by models that did not see it. Train rows, because there are most of
them: learnt from a holdout a sixth as large the weights restore less; and copies of train rows cannot be told from
them, so that weights never chase what a generator has overfitted.

The learners' log odds are combined by a second logistic regression, which also calibrates them: learners that overfit
get a small slope. Where steps fit rows not seen better than the logistic curve (a group of rows that no real one is
near), those take its place. Where nothing can be told all weights are 1.

References
----------
Qin (1998), Biometrika 85, 619-630; Sugiyama, Suzuki and Kanamori (2012), Density Ratio Estimation in Machine Learning,
chapter 4 (ratio by classification). Platt (1999), Advances in Large Margin Classifiers, 61-74; Zadrozny and Elkan
(2002), KDD, 694-699 (logistic and isotonic calibration). Ionides (2008), Journal of Computational and Graphical
Statistics 17, 295-311 (clipped weights).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.data.images.imageset import picture_column
from fidelia.errors import NotApplicable
from fidelia.generate.sampling import joined
from fidelia.measure.images.directions import directions
from fidelia.measure.joint.detect import FEWEST, MOST, cross_fit
from fidelia.measure.learners import boosted, features, linear
from fidelia.measure.space.tabular import Tabular, fit
from fidelia.measure.statistics.estimates import Estimate, auc
from fidelia.measure.statistics.resampling import draws
from fidelia.measure.utility.calibration import calibration_error
from fidelia.measure.values import Values, codes, numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.measure.case import Case
    from fidelia.measure.joint.detect import Told

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    See = Callable[[Table], Floats]

TOLERANCE = 0.02
FEW_ROWS, FEW_SHARE = 10, 0.01
ACCEPTED = 1 / 6
SURE = 1.645
GENTLE: dict[str, Any] = {"rate": 0.05, "leaves": 8, "least": 50}
"""Small trees in small steps: on smooth differences their probabilities are better, on sharp ones worse."""
NARROW = 1e-3  # probabilities of a learner are kept this far from 0 and 1 before their log odds are taken


@dataclass(frozen=True, slots=True, eq=False)
class Odds:
    """How real each of M synthetic rows is.

    Parameters
    ----------
    propensity : (M,) float64
        Probability of being synthetic beside as many real rows, in (0, 1), calibrated.
    weight : (M,) float64
        ``(1 - propensity) / propensity``, the ratio of real to synthetic density, clipped at `clip` and scaled to
        mean 1: weighted by it, the synthetic rows follow the real law as far as the learners see.
    clip : float
        The largest ratio that counts, see `clipped`.
    told : Estimate
        Cross-fitted AUC of the combined learners, with DeLong's variance.
    unreached : float
        Share of the real law that the clipped weights cannot restore, seen from the real rows: where real rows are
        that the synthetic table has (all but) none of.
    calibration : mapping
        Of the cross-fitted propensities on rows that neither learners nor calibration saw: ``ece`` and ``ece_noise``
        (what perfect ones would show).
    rows : int
        Learnt from so many rows a side.
    scorer : Scorer
        Gives propensities to rows drawn later.
    fresh : (rows,) float64
        Propensity of real rows, by models that did not see them: what calibrates flags.
    """

    propensity: Floats
    weight: Floats
    clip: float
    told: Estimate
    unreached: float
    calibration: dict[str, Any]
    rows: int
    scorer: Scorer
    fresh: Floats

    @property
    def effective(self) -> float:
        """Effective number of rows, ``(sum w)^2 / sum w^2``."""
        return float(self.weight.sum() ** 2 / max((self.weight**2).sum(), 1e-300))

    @property
    def differ(self) -> bool:
        """Whether synthetic rows can be told from real ones at all; if not, every weight is 1."""
        return self.scorer.tells

    @property
    def acceptance(self) -> Floats:
        """Probability with which each row is kept so that those kept follow the real law, (M,)."""
        return self.scorer.acceptance(self.propensity)

    def score(self, table: Table) -> Odds:
        """Return the same of rows drawn later from the same generator; nothing is learnt again."""
        propensity = self.scorer.propensity(table)
        return replace(self, propensity=propensity, weight=self.scorer.weight(propensity))


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """From the log odds of the learners to a probability.

    Parameters
    ----------
    combined : (learners + 1,) float64
        Intercept and slopes of a logistic regression.
    edges, levels : (steps,) float64 or None
        Where each step of an isotonic regression begins, in combined log odds, and its probability.
    """

    combined: Floats
    edges: Floats | None = None
    levels: Floats | None = None

    def __call__(self, logits: Floats) -> Floats:
        """Return ``(n, learners)`` log odds as probabilities, ``(n,)``."""
        total = self.combined[0] + logits @ self.combined[1:]
        if self.edges is None or self.levels is None:
            return np.asarray(1 / (1 + np.exp(-np.clip(total, -30, 30))))
        return np.asarray(self.levels[np.maximum(np.searchsorted(self.edges, total, side="right") - 1, 0)])


@dataclass(frozen=True, slots=True, eq=False)
class Scorer:
    """The fitted learners, their calibration, and the scale of the weights.

    Parameters
    ----------
    learners : sequence of (see, models)
        From a table to what a learner sees, and its models, one per fold.
    calibrated : Calibrated
    tells : bool
        Whether synthetic rows can be told from real ones at all.
    scale, clip : float
        The ratio that counts as weight 1, and the clip in those units.
    """

    learners: Sequence[tuple[See, Sequence[Callable[[Floats], Floats]]]]
    calibrated: Calibrated
    tells: bool
    scale: float = 1.0
    clip: float = 1.0

    def propensity(self, table: Table) -> Floats:
        """Return the probability that each row is synthetic, ``(n,)``."""
        if not len(table):
            return np.zeros(0)
        logits = np.column_stack(
            [
                _log_odds(np.mean([model(x)[:, 1] for model in models], axis=0))
                for see, models in self.learners
                for x in [see(table)]
            ]
        )
        return self.calibrated(logits)

    def ratio(self, propensity: Floats) -> Floats:
        """Return real over synthetic density, scaled but not clipped; 1 where nothing can be told."""
        return (1 - propensity) / propensity / self.scale if self.tells else np.ones(len(propensity))

    def weight(self, propensity: Floats) -> Floats:
        """Return the clipped ratio, whose mean over the rows that were learnt from is 1."""
        return np.minimum(self.ratio(propensity), self.clip)

    def acceptance(self, propensity: Floats) -> Floats:
        """Return the weight over the clip."""
        return self.weight(propensity) / self.clip


def odds(case: Case) -> Odds:
    """Return how real each synthetic row of a case is; learnt on first use.

    Raises
    ------
    NotApplicable
        ``UNSUPPORTED_TYPE``, ``TOO_FEW_ROWS``.
    """
    return case.once("odds", _odds)


def _odds(case: Case) -> Odds:
    known = case.contrast.case
    if not known.values and picture_column(known.schema) is None:
        raise NotApplicable("UNSUPPORTED_TYPE", "all columns are ids or texts")
    real = known.train if picture_column(known.schema) is None else _unlearnt(known)
    m = min(len(known.synthetic), len(real), MOST)
    if m < FEWEST:
        raise NotApplicable("TOO_FEW_ROWS", f"{m} rows a side; a classifier needs {FEWEST}")
    rng = case.rng.child("odds")
    picked = {
        name: next(draws(rng.child(name), len(table), m, 1))
        for name, table in (("real", real), ("synthetic", known.synthetic))
    }
    tables = known.synthetic.take(picked["synthetic"]), real.take(picked["real"])
    found = [
        (see, cross_fit(np.concatenate([see(each) for each in tables]), make, rng))
        for see, make in _learners(known, joined(list(tables)))
    ]
    return _judged(known.synthetic, picked["synthetic"], [see for see, _ in found], [told for _, told in found])


def _unlearnt(case: Case) -> Table:
    """Return the train pictures that did not train the extractor: its features would give the others away."""
    return case.train.take(case.embedded.rows["train"])


def _learners(case: Case, both: Table) -> list[tuple[See, Callable[[], Any]]]:
    """What each learner sees of a table, and how it is made: trees on the columns, a linear one where points vary.

    The points are those of an embedding of `both` kinds of row: one of train rows alone has no place for levels that
    train lacks, so that fresh rows of a column with hundreds of levels could be told from it.

    Of pictures, trees see the label and the main directions of the features.
    """
    columns, seed = list(case.values.values()), case.rng.child("odds/boosted").integer()
    categorical = [i for i, values in enumerate(columns) if values.levels is not None]
    main = [] if picture_column(case.schema) is None else [directions(case)]

    def seen(rows: Table) -> Floats:
        parts = [features([_column(values, rows) for values in columns]).synthetic] if columns else []
        return np.column_stack([*parts, *(project(rows) for project in main)])

    found: list[tuple[See, Callable[[], Any]]] = [
        (seen, lambda: boosted(categorical, "binary", seed)),
        (seen, lambda: boosted(categorical, "binary", seed, **GENTLE)),
    ]
    try:
        embedding = case.embedded.embedding
    except NotApplicable:  # no column varies
        return found
    own = fit(both) if isinstance(embedding, Tabular) else embedding
    return [*found, (own.transform, lambda: linear("binary"))]


def _column(values: Values, rows: Table) -> Values:
    """Return a column with other synthetic rows, in the same coding; a level that is new to it counts as missing."""
    array = rows[values.name]
    made = numbers(array) if values.levels is None else codes(array, values.levels)
    return replace(values, synthetic=made)


def _judged(synthetic: Table, picked: Ints, sees: list[See], told: list[Told]) -> Odds:
    m = len(picked)
    label = np.repeat([1.0, 0.0], m)
    logits = np.column_stack([_log_odds(each.scores) for each in told])
    honest, stepped = (_honest(fit, logits, label, told[0].folds) for fit in (_logistic, _steps))
    calibrate = _steps if _clearly_less(_log_loss(stepped, label), _log_loss(honest, label)) else _logistic
    honest = stepped if calibrate is _steps else honest
    area = auc(honest, label == 1)
    plain = auc(_together(logits), label == 1)
    tells = plain.value - 0.5 > SURE * max(plain.sd, 1 / (2 * m))
    learners = [(see, each.models) for see, each in zip(sees, told, strict=True)]
    scorer = Scorer(learners, calibrate(logits, label), tells)
    propensity = _everywhere(scorer, synthetic, picked, honest[:m])
    scale, clip = clipped(scorer.ratio(propensity))
    scorer = replace(scorer, scale=scale, clip=clip)
    return Odds(
        propensity,
        scorer.weight(propensity),
        clip,
        area,
        float(np.maximum(0.0, 1 - clip / scorer.ratio(honest[m:])).mean()),
        calibration_error(np.column_stack([1 - honest, honest]), label),
        m,
        scorer,
        honest[m:],
    )


def _together(logits: Floats) -> Floats:
    """Return the mean of the learners' log odds, each in its own spread: evidence that rows can be told apart at all.

    Fitted slopes would not do: they rest on folds whose learners saw the rows of this one, and so lean towards
    whatever is there by chance. Of 40 pairs of tables of one law (400 rows, 8 normal columns) 8 would then be told
    apart at the 5 % level; by the mean 3 are.
    """
    spread = logits.std(axis=0)
    return np.asarray((logits / np.where(spread > 0, spread, 1.0)).mean(axis=1))


def _honest(fit: Callable[[Floats, Floats], Calibrated], logits: Floats, label: Floats, folds: list[Ints]) -> Floats:
    """Return calibrated probabilities of each row, neither learners nor calibration having seen it."""
    out = np.empty(len(label))
    for fold in folds:
        rest = np.setdiff1d(np.arange(len(label)), fold)
        out[fold] = fit(logits[rest], label[rest])(logits[fold])
    return out


def _log_loss(p: Floats, label: Floats) -> Floats:
    return -np.log(np.where(label == 1, p, 1 - p))


def _clearly_less(a: Floats, b: Floats) -> bool:
    """Whether the mean of `a` is below that of `b` by more than two standard errors of the paired difference."""
    gap = b - a
    return bool(gap.mean() > 2 * gap.std(ddof=1) / np.sqrt(len(gap)))


def _everywhere(scorer: Scorer, synthetic: Table, picked: Ints, honest: Floats) -> Floats:
    """Return the propensity of all synthetic rows: those learnt from by models that did not see them."""
    out = np.empty(len(synthetic))
    rest = np.setdiff1d(np.arange(len(synthetic)), picked)
    out[picked], out[rest] = honest, scorer.propensity(synthetic.take(rest))
    return out


def clipped(ratio: Floats) -> tuple[float, float]:
    """Return the scale and the clip of weights: the ratio that counts as 1, and the largest weight in that unit.

    The mean of ``min(ratio / scale, clip)`` is 1.

    No weight is larger than what 1 % of the rows (ten at least) reach: a few rows must not stand for a whole region
    that the synthetic table lacks. Of what remains, the clip is the least, from 1 up, that takes at most 2 % of the
    mass: ``mean(max(0, weight - clip))`` is the distance in total variation between the law that the weights restore
    and the one that the clipped weights restore. A larger clip accepts fewer rows, about 1 in `clip`; it is at most
    that which still accepts 1 in 6.

    Parameters
    ----------
    ratio : (n,) float64
        Of real to synthetic density.

    Returns
    -------
    scale, clip : float

    Examples
    --------
    >>> tuple(round(x, 4) for x in clipped(np.repeat([0.5, 1.5], 50)))
    (0.98, 1.4898)
    """
    ordered = np.sort(ratio)[::-1]
    few = min(max(FEW_ROWS, int(FEW_SHARE * len(ratio))), len(ratio)) - 1
    ordered = np.minimum(ordered, ordered[few])
    scale = float(ordered.mean())
    ordered = ordered / scale
    total, rank = np.cumsum(ordered), np.arange(1, len(ordered) + 1)
    k = int(np.searchsorted(total - rank * ordered, TOLERANCE * len(ratio), side="right"))  # the k largest are clipped
    clip = max(1.0, (float(total[k - 1]) - TOLERANCE * len(ratio)) / k)
    clip = min(clip, _affordable(ordered))
    left = float(np.minimum(ordered, clip).mean())
    return scale * left, clip / left


def _affordable(ordered: Floats) -> float:
    """Return the largest clip that accepts 1 row in 6: those above it are kept, those below in proportion to it."""
    n, above, rest = len(ordered), np.arange(len(ordered)), np.cumsum(ordered[::-1])[::-1]
    accepted = (above + rest / np.maximum(ordered, 1e-300)) / n  # if the clip stands at each weight; ascending
    k = int(np.searchsorted(accepted, ACCEPTED, side="left"))
    return float(rest[k] / (ACCEPTED * n - k)) if 0 < k < ACCEPTED * n else float(ordered[0])


def _logistic(logits: Floats, label: Floats) -> Calibrated:
    """Fit a logistic regression on learners' log odds; none of its slopes is below 0."""
    used = list(range(logits.shape[1]))
    out = np.zeros(logits.shape[1] + 1)
    while used:
        fitted: Any = linear("binary").fit(logits[:, used], label)
        slopes = fitted.coef_[0]
        if slopes.min() >= 0:
            out[0], out[1:][used] = fitted.intercept_[0], slopes
            break
        used.pop(int(slopes.argmin()))
    return Calibrated(out)


def _steps(logits: Floats, label: Floats) -> Calibrated:
    """Fit an isotonic regression on the combined log odds; one row of each kind is added to each of its steps."""
    from sklearn.isotonic import IsotonicRegression

    combined = _logistic(logits, label).combined
    total = combined[0] + logits @ combined[1:]
    fitted = IsotonicRegression().fit_transform(total, label)
    order = np.argsort(total, kind="stable")
    start = np.flatnonzero(np.diff(fitted[order], prepend=-1.0) > 0)
    rows, hits = (np.add.reduceat(x, start) for x in (np.ones(len(order)), label[order]))
    return Calibrated(combined, total[order][start], (hits + 1) / (rows + 2))


def _log_odds(p: Floats) -> Floats:
    p = np.clip(p, NARROW, 1 - NARROW)
    return np.asarray(np.log(p / (1 - p)))
