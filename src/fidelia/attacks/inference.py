"""Attribute inference: is a secret field of a train row easier to learn from the synthetic rows than a stranger's?

Three attackers learn the secret from the known columns of the synthetic rows: the nearest row, a linear model and
boosted trees. Of each secret, the strongest attacker is chosen on one half of the attacked rows and judged on the
other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.attacks.guesses import Guesses, risk, strongest
from fidelia.attacks.targets import FEWEST, NO_EVIDENCE, Targets, known, secrets, targets
from fidelia.errors import NotApplicable
from fidelia.measure.learners import boosted, features, linear, train
from fidelia.measure.space.neighbors import search

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.result import Result
    from fidelia.measure.values import Values

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Attack = tuple[str, Callable[[str], Floats]]

TOLERANCE = 0.05
CELLS = 2e6
MOST_CLASSES = 30
LEARNT = 10_000


def inference(case: Case) -> Result:
    """PRV14: attribute inference risk, mean over the secret columns; 0 when train rows are as safe as strangers.

    A guess of a category is right when it is the value; of a number, when it is within 5 % of the span between
    train's 5 % and 95 % quantiles.
    """
    at = targets(case, "PRV14")
    found = [strongest(attacks) for name in secrets(case) if (attacks := list(_attacks(at, name)))]
    if not found:
        raise NotApplicable("DEGENERATE_COLUMN", "no secret column varies, or too few of its values are present")
    return risk(found, at.n, (NO_EVIDENCE,))


def _attacks(at: Targets, secret: str) -> Iterator[Guesses]:
    """Yield the guesses of each attacker of one secret."""
    values, names = at.case.values[secret], known(at.case, secret)
    present = {side: _present(values, side, getattr(at, side)) for side in ("train", "holdout", "synthetic")}
    n = min(len(present["train"]), len(present["holdout"]))
    truth = {side: getattr(values, side)[present[side][:n]] for side in ("train", "holdout")}
    learnt = values.synthetic[present["synthetic"]]
    if not names or n < FEWEST or len(np.unique(learnt)) < 2 or len(np.unique(truth["train"])) < 2:
        return
    right = _right(values)
    sides = {"train": present["train"][:n], "holdout": present["holdout"][:n], "synthetic": present["synthetic"]}
    part = Targets(at.case, sides["train"], sides["holdout"], sides["synthetic"])
    blind = right(np.full(n, _usual(values, learnt)), truth["train"])
    for attacker, guess in _attackers(part, values, names, learnt):
        hits = {side: right(guess(side), truth[side]) for side in ("train", "holdout")}
        yield Guesses(secret, attacker, hits["train"], hits["holdout"], blind)


def _present(values: Values, side: str, rows: Ints) -> Ints:
    """Return the rows whose secret is present."""
    array = getattr(values, side)[rows]
    return np.asarray(rows[~np.isnan(array) if values.levels is None else array < values.codes - 1])


def _right(values: Values) -> Callable[[Floats, NDArray[Any]], NDArray[np.bool_]]:
    """Return what says whether guesses are right."""
    if values.levels is not None:
        return lambda guess, truth: np.asarray(guess == truth)
    low, high = np.nanquantile(values.train, [0.05, 0.95])
    span = TOLERANCE * (high - low)
    return lambda guess, truth: np.asarray(np.abs(guess - truth) <= span)


def _usual(values: Values, learnt: NDArray[Any]) -> float:
    """Return the guess that knows nothing of the row: the most frequent level, or the median."""
    return float(np.bincount(learnt).argmax() if values.levels is not None else np.median(learnt))


def _attackers(at: Targets, values: Values, names: list[str], learnt: NDArray[Any]) -> Iterator[Attack]:
    """Yield the attackers by name, each with what guesses the secret of a side's rows."""
    made = at.points("synthetic", names)
    yield "nearest row", lambda side: learnt[search(at.points(side, names), made, 1).index[:, 0]]
    classes = 0 if values.levels is None else values.codes - 1
    task = "regression" if not classes else "binary" if classes == 2 else "multiclass"
    few = min(LEARNT, len(learnt), max(1_000, int(CELLS / (len(names) * max(1, classes)))))
    model = train(linear(task), made[:few], learnt[:few], classes)
    yield "linear model", lambda side: _guess(model(at.points(side, names)), classes)
    if classes <= MOST_CLASSES:
        table = features([at.case.values[name] for name in names])
        rows = {side: getattr(table, side)[getattr(at, side)] for side in ("train", "holdout", "synthetic")}
        seed = at.case.rng.child(f"PRV14/{values.name}").integer()
        trees = train(boosted(table.categorical, task, seed), rows["synthetic"][:few], learnt[:few], classes)
        yield "boosted trees", lambda side: _guess(trees(rows[side]), classes)


def _guess(predicted: Floats, classes: int) -> Floats:
    return np.asarray(predicted.argmax(axis=1) if classes else predicted, dtype=np.float64)
