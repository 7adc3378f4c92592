"""The models of a case: each is learnt once, from a named part of the rows, and shared by every metric.

What a model learns from and its seed depend on the names of learner and rows alone, so that the order in which
metrics ask for them changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.learners import BOOSTED, FAMILIES, Features, features, train
from fidelia.measure.space.embed import in_columns
from fidelia.measure.statistics.estimates import Estimate
from fidelia.measure.statistics.resampling import draws
from fidelia.measure.utility.task import task_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Predict = Callable[[Floats], Floats]

Part = tuple[str, int]
MOST = 50_000
SEEDS = 3
TABLE = {"first": "train", "second": "train", "learn": "synthetic", "check": "synthetic"}
TABLE |= {"fresh 0": "holdout", "fresh 1": "holdout"}


class Models:
    """What can be learnt to predict the target of a case.

    Rows are named by pools: ``"train"``, ``"synthetic"``, ``"holdout"``; ``"first"`` and ``"second"``, the halves of
    train; ``"learn"`` and ``"check"``, four fifths and one fifth of the synthetic rows; ``"fresh 0"`` and
    ``"fresh 1"``, the halves of the holdout. All have a target.

    Parameters
    ----------
    case : Case

    Raises
    ------
    NotApplicable
        When there is no target, no holdout or nothing to predict from.
    """

    def __init__(self, case: Case) -> None:
        self.case, self.task = case, task_of(case)
        self._space = in_columns(case)  # a learnt space would tell a model its target
        self._columns = [values for values in case.values.values() if values.name != case.target]
        if not self._columns:
            raise NotApplicable("UNSUPPORTED_TYPE", "there is no column to predict the target from")
        self._rng = case.rng.child("models")
        self._pools: dict[str, Ints] = {}
        self._fitted: dict[tuple[str, tuple[Part, ...], int], Predict] = {}
        self._predicted: dict[tuple[str, tuple[Part, ...], int, Part], Floats] = {}

    @cached_property
    def table(self) -> Features:
        """The columns but the target, as boosted trees see them."""
        return features(self._columns)

    @property
    def _kept(self) -> NDArray[np.bool_]:
        """Which coordinates of the embedding are not the target's; asked anew each time, so that its use is noted."""
        points = self._space.embedded
        keep = np.ones(points.width, dtype=bool)
        keep[points.blocks.get(self.case.target, slice(0))] = False
        return keep

    @property
    def families(self) -> tuple[str, ...]:
        """The learners that this case can have: those on points need a column that varies."""
        try:
            points = bool(self._kept.any())
        except NotApplicable:  # no column varies
            points = False
        fits = (family for family in FAMILIES if family.classifier_only is False or self.task.classes)
        return tuple(family.name for family in fits if points or family.sees == "columns")

    def pool(self, name: str) -> Ints:
        """Return the rows of a pool, positions in its table."""
        if name not in self._pools:
            self._pools[name] = self._pool(name)
        return self._pools[name]

    def _pool(self, name: str) -> Ints:
        rows = self.task.rows[TABLE.get(name, name)]
        if name not in TABLE:
            return rows
        order = rows[self._rng.child(f"parts/{TABLE[name]}").generator().permutation(len(rows))]
        cut = len(rows) - len(rows) // 5 if name in ("learn", "check") else (len(rows) + 1) // 2
        return np.sort(order[:cut] if name in ("first", "learn", "fresh 0") else order[cut:])

    def affordable(self, family: str) -> int:
        """Return how many rows a learner may have: a bounded number of cells times classes."""
        found = FAMILIES_BY_NAME[family]
        width = len(self._columns) if found.sees == "columns" else int(self._kept.sum())
        return min(found.most, max(2_000, int(found.cells / (width * max(1, self.task.classes - 1)))))

    def matched(self, family: str, *pools: str) -> int:
        """Return how many rows each of the pools can give to a learner that can afford them."""
        return min(self.affordable(family), *(len(self.pool(name)) for name in pools))

    def rows(self, part: Part, seed: int = 0) -> Ints:
        """Return n rows of a pool, ``part = (pool, n)``: a seeded draw without replacement."""
        name, n = part
        rows = self.pool(name)
        return rows[next(draws(self._rng.child(f"rows/{name}/{n}/{seed}"), len(rows), n, 1))]

    def actual(self, part: Part, seed: int = 0) -> NDArray[Any]:
        """Return the target of these rows."""
        return self.task.values[TABLE.get(part[0], part[0])][self.rows(part, seed)]

    def x(self, family: str, part: Part, seed: int = 0) -> Floats:
        """Return these rows as a learner sees them, ``(n, width)``."""
        rows, side = self.rows(part, seed), TABLE.get(part[0], part[0])
        if FAMILIES_BY_NAME[family].sees == "columns":
            return np.asarray(getattr(self.table, side)[rows])
        table = getattr(self.case, side)
        return self._space.embedded.embedding.transform(table.take(rows))[:, self._kept]

    def learnt(self, family: str, *parts: Part, seed: int = 0) -> Predict:
        """Return the model of a learner that has seen these parts: from ``(n, width)`` to predictions."""
        key = (family, parts, seed)
        self._note(family)
        if key not in self._fitted:
            x = np.concatenate([self.x(family, part, seed) for part in parts])
            y = np.concatenate([self.actual(part, seed) for part in parts])
            named = "+".join(f"{name}/{n}" for name, n in parts)
            number = self._rng.child(f"learner/{family}/{named}/{seed}").integer()
            learner = FAMILIES_BY_NAME[family].make(self.task.kind, self.table.categorical, number)
            self._fitted[key] = train(learner, x, y, self.task.classes)
        return self._fitted[key]

    def predicted(self, family: str, *parts: Part, on: Part, seed: int = 0) -> Floats:
        """Return what that model predicts of the rows `on`."""
        key = (family, parts, seed, on)
        self._note(family)
        if key not in self._predicted:
            self._predicted[key] = self.learnt(family, *parts, seed=seed)(self.x(family, on))
        return self._predicted[key]

    def _note(self, family: str) -> None:
        """Have the embedding noted also where what rests on it is kept."""
        if FAMILIES_BY_NAME[family].sees == "points":
            _ = self._space.embedded

    def test(self, pool: str = "holdout") -> Part:
        """Return the part of a pool that models are tested on."""
        return pool, min(MOST, len(self.pool(pool)))

    def score(self, family: str, *parts: Part, on: Part | None = None, seed: int = 0) -> Estimate:
        """Return the score of that model on the rows `on`; None means the holdout."""
        on = on or self.test()
        return self.task.score(self.predicted(family, *parts, on=on, seed=seed), self.actual(on))

    def scores(self, family: str, part: Part) -> tuple[Estimate, float]:
        """Return the mean score over several draws of a part, and its standard error of drawing.

        There is one draw where the pool has no more rows than that.
        """
        seeds = SEEDS if len(self.pool(part[0])) > part[1] else 1
        return averaged([self.score(family, part, seed=seed) for seed in range(seeds)])


def averaged(found: Sequence[Estimate]) -> tuple[Estimate, float]:
    """Return the mean of estimates on the same observations, and the standard error that their spread gives it."""
    values = np.array([each.value for each in found])
    spread = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
    return Estimate(float(values.mean()), np.mean([each.influence for each in found], axis=0)), spread


FAMILIES_BY_NAME = {family.name: family for family in FAMILIES}
__all__ = ["BOOSTED", "FAMILIES_BY_NAME", "MOST", "SEEDS", "Models", "Part", "averaged"]
