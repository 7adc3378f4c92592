"""How the classes of a target differ from those of a source, from rows of the target without labels.

Under label shift the classes look alike in both domains and only their shares differ: ``p_t(x | y) = p_s(x | y)``. The
shares then follow from what a classifier of the source says of target rows: by maximum likelihood (`saerens`), or by
undoing its confusions (`black_box`).

References
----------
Saerens, Latinne and Decaestecker (2002), Adjusting the outputs of a classifier to new a priori probabilities, Neural
Computation 14, 21-41. Lipton, Wang and Smola (2018), Detecting and correcting for label shift with black box
predictors, ICML. Alexandari, Kundaje and Shrikumar (2020), Maximum likelihood with bias-corrected calibration is
hard-to-beat at label shift adaptation, ICML (why the probabilities are calibrated first).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.measure.learners import boosted, linear, train

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fidelia.rng import Rng

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

STEPS, TOLERANCE = 1_000, 1e-9
FOLDS = 5
LEAST, EDGE = 1e-6, 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """Shares of classes in the target.

    Parameters
    ----------
    value : (classes,) float64
        Of sum 1.
    sd : (classes,) float64
        Standard errors, for target rows drawn at random and a classifier that is taken as known.
    source : (classes,) float64
        The shares in the source.
    """

    value: Floats
    sd: Floats
    source: Floats

    @property
    def weight(self) -> Floats:
        """How much a source row of each class counts, ``p_t(y) / p_s(y)``."""
        return self.value / self.source


def saerens(probabilities: Floats, source: Floats) -> Shares:
    """Return the class shares under which target rows are most likely.

    Parameters
    ----------
    probabilities : (models, rows, classes) float64
        Calibrated probabilities of the classes at target rows, under the shares of the source, by each model.
    source : (classes,) float64
        Those shares, all above 0.

    Notes
    -----
    Expectation-maximisation of ``sum_i log sum_k q_k r_ik`` with ``r_ik = p_s(k | x_i) / p_s(k)``. It is concave in q,
    so the maximum does not depend on the start; the standard errors come from its curvature there.
    """
    models = len(probabilities)
    ratio = np.maximum(probabilities, LEAST).reshape(-1, len(source)) / source
    share = source.copy()
    for _ in range(STEPS):
        posterior = share * ratio
        posterior /= posterior.sum(axis=1, keepdims=True)
        before, share = share, posterior.mean(axis=0)
        if np.abs(share - before).max() < TOLERANCE:
            break
    return Shares(share, _errors(ratio, share, models), source)


def _errors(ratio: Floats, share: Floats, models: int) -> Floats:
    """Standard errors: from the observed information on the simplex, and at its edge from the slope towards it.

    A share q that is 0 has the likelihood ``exp(-g n q)`` with g the mean slope: its scale is ``1 / (g n)``.
    """
    inside = np.flatnonzero(share > EDGE)
    slope = ratio / (ratio @ share)[:, None]
    rows = len(ratio) / models
    out: Floats = np.minimum(1.0, 1 / (rows * np.maximum(1 - slope.mean(axis=0), EDGE)))
    if len(inside) == 1:
        out[inside] = out[share <= EDGE].max(initial=0.0)
    if len(inside) > 1:
        free = slope[:, inside[:-1]] - slope[:, inside[-1:]]
        covariance = np.linalg.pinv(free.T @ free) * models
        out[inside] = np.sqrt(np.append(np.diag(covariance), covariance.sum()))
    return np.asarray(out)


def black_box(predicted: Ints, actual: Ints, target: Ints, classes: int) -> Shares:
    """Return the class shares that explain how often each class is predicted on target rows.

    Parameters
    ----------
    predicted, actual : (source rows,) int64
        Classes of source rows by a classifier that did not see them, and true ones.
    target : (models, target rows) int64
        Classes predicted of target rows by each model.
    classes : int

    Notes
    -----
    ``C w = m`` with ``C_ij = p_s(predicted i, actual j)`` and m the predicted shares in the target, solved for weights
    of at least 0 (non-negative least squares). Standard errors are those of m carried through the inverse of C.
    """
    from scipy.optimize import nnls

    joint = np.zeros((classes, classes))
    np.add.at(joint, (predicted, actual), 1 / len(actual))
    seen = np.bincount(target.ravel(), minlength=classes) / target.size
    source = np.bincount(actual, minlength=classes) / len(actual)
    weight = nnls(joint, seen)[0]
    total = float(weight @ source)
    value = weight * source / total if total > 0 else source
    slope = np.linalg.pinv(joint) * source[:, None]
    spread = slope @ ((np.diag(seen) - np.outer(seen, seen)) / target.shape[1]) @ slope.T
    return Shares(value, np.sqrt(np.maximum(np.diag(spread), 0.0)), source)


@dataclass(frozen=True, slots=True, eq=False)
class Classified:
    """A calibrated classifier of the source.

    Parameters
    ----------
    honest : (source rows, classes) float64
        Probabilities of source rows by models that did not see them, calibrated.
    predict : callable
        ``(n, width) -> (models, n, classes)``: what each model says, calibrated. Their mean has another law than what
        `honest` holds, and shares estimated from it are too extreme.
    """

    honest: Floats
    predict: Callable[[Floats], Floats]


def classified(x: Floats, y: Ints, classes: int, categorical: list[int], rng: Rng) -> Classified:
    """Return boosted trees cross-fitted on the source, with calibrated probabilities.

    Parameters
    ----------
    x : (rows, width) float64
        Columns as boosted trees see them.
    y : (rows,) int64
        Classes, each in `y`.
    """
    fold = rng.child("folds").generator().permutation(len(x)) % FOLDS
    task = "binary" if classes == 2 else "multiclass"
    seed = rng.child("learner").integer()
    models = [train(boosted(categorical, task, seed), x[fold != k], y[fold != k], classes) for k in range(FOLDS)]
    raw = np.empty((len(x), classes))
    for k, model in enumerate(models):
        raw[fold == k] = model(x[fold == k])
    level = _calibration(raw, y, classes)
    return Classified(level(raw), lambda q: np.stack([level(model(q)) for model in models]))


def _calibration(raw: Floats, y: Ints, classes: int) -> Callable[[Floats], Floats]:
    """Learn a logistic regression on log probabilities: a slope and a bias for each class."""
    fitted: Any = linear("multiclass").fit(_logs(raw), y)

    def level(p: Floats) -> Floats:
        out = np.full((len(p), classes), LEAST)
        out[:, fitted.classes_] = fitted.predict_proba(_logs(p))
        return np.asarray(out / out.sum(axis=1, keepdims=True))

    return level


def _logs(p: Floats) -> Floats:
    logs = np.log(np.clip(p, 1e-4, 1.0))
    return np.asarray(logs - logs.mean(axis=1, keepdims=True))
