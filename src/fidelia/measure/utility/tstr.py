"""Utility: does a model learnt from synthetic rows do on real ones what a model learnt from real rows does?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.learners import Features, boosted, features, linear, train
from fidelia.measure.result import Caveat, Reference, Result
from fidelia.measure.statistics.estimates import Estimate, auc, r_squared
from fidelia.measure.statistics.intervals import normal
from fidelia.measure.statistics.resampling import draws

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.values import Values
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]
    Predict = Callable[[Floats], Floats]

FEWEST = 20
RARE = 10
MOST = 50_000
PERMUTED = 2_000
CELLS = {"boosted trees": 2e6, "linear": 1e7}


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What is to be predicted.

    Parameters
    ----------
    kind : {"binary", "multiclass", "regression"}
    classes : int
        0 for a regression.
    train, synthetic, holdout : (n,) array
        The target where it is present.
    rows : dict of str to (n,) int64
        The rows where it is, of classes that enough train rows have.
    left_out : int
        Classes that too few train rows have to be learnt; boosted trees break down on them.
    """

    kind: str
    classes: int
    target: dict[str, NDArray[Any]]
    rows: dict[str, NDArray[np.int64]]
    left_out: int = 0

    @property
    def metric(self) -> str:
        """What a model is scored by: higher is better, and `baseline` is a model that knows nothing."""
        return {"binary": "auc", "multiclass": "auc, mean over classes", "regression": "r2"}[self.kind]

    @property
    def baseline(self) -> float:
        """The score of a model that knows nothing."""
        return 0.0 if self.kind == "regression" else 0.5

    def score(self, predicted: Floats) -> Estimate:
        """Score predictions of the holdout."""
        actual = self.target["holdout"]
        if self.kind == "regression":
            return r_squared(predicted, actual)
        if self.kind == "binary":
            return auc(predicted[:, 1], actual == 1)
        found = [auc(predicted[:, c], actual == c) for c in range(self.classes) if (actual == c).any()]
        return Estimate(
            float(np.mean([each.value for each in found])), np.mean([each.influence for each in found], axis=0)
        )


def utility(case: Case) -> Result:
    """UTL01: models learnt from synthetic rows and from as many train rows, both tested on the holdout.

    The value is the score of boosted trees learnt from synthetic rows; the reference is the same learnt from train.
    The interval covers the draw of the test rows; differences are paired.
    """
    task = _task(case)
    columns = [v for v in case.values.values() if v.name != case.target]
    if not columns:
        raise NotApplicable("UNSUPPORTED_TYPE", "there is no column to predict the target from")
    table = features(columns)
    rng = case.rng.child("UTL01")
    n = min(len(task.rows["train"]), len(task.rows["synthetic"]), _affordable("boosted trees", len(columns), task))
    picks = {
        side: task.rows[side][next(draws(rng.child(side), len(task.rows[side]), n, 1))]
        for side in ("train", "synthetic")
    }
    seed = rng.integer()
    real, made = (
        _learn(lambda: boosted(table.categorical, task.kind, seed), getattr(table, side), task, case, picks[side], side)
        for side in ("train", "synthetic")
    )
    test = table.holdout[task.rows["holdout"]]
    expected, found = task.score(real(test)), task.score(made(test))
    lines = [_line("boosted trees", expected, found, task), *_linear(case, task, rng)]
    return Result(
        value=found.value,
        interval=normal(found.value, found.sd, *_bounds(task)),
        reference=Reference(expected.value, expected.sd, n, "holdout"),
        n={"train": n, "synthetic": n, "holdout": len(test)},
        caveats=_missing_classes(task),
        breakdown={
            "task": task.kind,
            "metric": task.metric,
            "baseline": task.baseline,
            "models": lines,
            "importances": _importances(table, task, real, made, rng),
        },
    )


def _task(case: Case) -> Task:
    name = case.target
    fresh = case.unseen
    if name not in case.values:
        raise NotApplicable("UNSUPPORTED_TYPE", f"the target {name!r} is an id or a text")
    values = case.values[name]
    sides = {"train": values.train, "synthetic": values.synthetic, "holdout": values.holdout}
    target = {side: np.asarray(array) for side, array in sides.items() if array is not None}
    present = {side: _present(values, array) for side, array in target.items()}
    left_out = 0
    if values.levels is not None:
        counts = np.bincount(target["train"][present["train"]], minlength=values.codes)
        left_out = int(((counts > 0) & (counts < RARE)).sum())
        present = {side: rows[counts[target[side][rows]] >= RARE] for side, rows in present.items()}
    if min(len(rows) for rows in present.values()) < FEWEST:
        raise NotApplicable("TOO_FEW_ROWS", f"a model needs {FEWEST} rows with a target in each table")
    target = {side: array[present[side]] for side, array in target.items()}
    levels = [len(np.unique(target[side])) for side in ("train", "holdout")]
    if min(levels) < 2:
        raise NotApplicable("DEGENERATE_COLUMN", f"the target {name!r} does not vary in {len(fresh):,} holdout rows")
    classes = 0 if values.levels is None else values.codes - 1
    kind = "regression" if not classes else "binary" if classes == 2 else "multiclass"
    return Task(kind, classes, target, present, left_out)


def _affordable(model: str, columns: int, task: Task) -> int:
    """Return how many rows a model may learn from: a bounded number of cells times classes."""
    return min(MOST, max(2_000, int(CELLS[model] / (columns * max(1, task.classes - 1)))))


def _present(values: Values, array: NDArray[Any]) -> NDArray[np.int64]:
    return np.flatnonzero(~np.isnan(array) if values.levels is None else array < values.codes - 1)


def _learn(make: Callable[[], Any], x: Floats, task: Task, case: Case, rows: NDArray[np.int64], side: str) -> Predict:
    values = case.values[case.target]
    return train(make(), x[rows], getattr(values, side)[rows], task.classes)


def _bounds(task: Task) -> tuple[float, float]:
    return (-np.inf, 1.0) if task.kind == "regression" else (0.0, 1.0)


def _line(model: str, real: Estimate, made: Estimate, task: Task) -> dict[str, Any]:
    gap = made.minus(real)
    bounds = _bounds(task)
    return {
        "model": model,
        "real": real.value,
        "synthetic": made.value,
        "real_interval": normal(real.value, real.sd, *bounds),
        "synthetic_interval": normal(made.value, made.sd, *bounds),
        "difference": gap.value,
        "difference_interval": normal(gap.value, gap.sd),
    }


def _linear(case: Case, task: Task, rng: Rng) -> list[dict[str, Any]]:
    """Return the line of a linear model on the embedding of the other columns; none where nothing varies."""
    try:
        points = case.embedded
    except NotApplicable:
        return []
    keep = np.ones(points.width, dtype=bool)
    keep[points.blocks.get(case.target, slice(0))] = False
    if not keep.any():
        return []
    test = points.embedding.transform(case.unseen.take(task.rows["holdout"]))[:, keep]
    rows = {side: np.flatnonzero(np.isin(points.rows[side], task.rows[side])) for side in ("train", "synthetic")}
    n = min(*(len(found) for found in rows.values()), _affordable("linear", int(keep.sum()), task))
    scores = []
    for side in ("train", "synthetic"):
        picked = rows[side][next(draws(rng.child(f"linear/{side}"), len(rows[side]), n, 1))]
        y = getattr(case.values[case.target], side)[points.rows[side][picked]]
        scores.append(task.score(train(linear(task.kind), points.side(side)[picked][:, keep], y, task.classes)(test)))
    return [_line("linear", scores[0], scores[1], task)]


def _missing_classes(task: Task) -> tuple[Caveat, ...]:
    said = []
    if task.left_out:
        said.append(Caveat("RARE_CLASSES", f"{task.left_out} classes of fewer than {RARE} train rows are left out."))
    absent = np.setdiff1d(task.target["train"], task.target["synthetic"]) if task.classes else np.array([])
    if len(absent):
        words = f"{len(absent)} classes of the target are in train but not in the synthetic rows."
        said.append(Caveat("MISSING_CLASSES", words))
    return tuple(said)


def _importances(table: Features, task: Task, real: Predict, made: Predict, rng: Rng) -> list[dict[str, Any]]:
    """Return by how much each model's score falls when a column of the test rows is permuted."""
    generator = rng.child("importance").generator()
    test = task.rows["holdout"]
    keep = np.sort(generator.choice(len(test), min(PERMUTED, len(test)), replace=False))
    part = Task(task.kind, task.classes, {"holdout": task.target["holdout"][keep]}, {})
    x = table.holdout[test[keep]]
    base = [part.score(model(x)).value for model in (real, made)]
    found = []
    for i, name in enumerate(table.names):
        changed = x.copy()
        changed[:, i] = changed[generator.permutation(len(x)), i]
        falls = [max(0.0, b - part.score(model(changed)).value) for b, model in zip(base, (real, made), strict=True)]
        found.append({"column": name, "real": falls[0], "synthetic": falls[1]})
    return sorted(found, key=lambda line: -line["real"])
