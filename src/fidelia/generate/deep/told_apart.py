"""Told apart: how easily rows that a network draws are known from real ones; the score of networks without likelihood.

Adversarial losses measure the opponent, not the quality. So validation rows and twice as many drawn ones are given to a
small boosted classifier, which is tested on rows that it was not trained on. As long as it knows nearly all rows it
cannot see a network improve, and on few rows it learns nothing: the energy distance, which is fine in both cases
and blind to detail, is the other half of the score.

References
----------
Lopez-Paz and Oquab (2017), "Revisiting classifier two-sample tests", ICLR.
Szekely and Rizzo (2013), "Energy statistics: a class of statistics based on distances", section 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from torch import Tensor

if TYPE_CHECKING:
    from fidelia.generate.deep.batch import Rows
    from fidelia.generate.deep.family import Network
    from fidelia.generate.deep.layout import Layout

MOST, CELLS = 4_000, 120_000
"""Most validation rows that are looked at, and most of their values."""
PAIRED = 1_000
"""Most rows of either side between which distances are taken."""
FEWEST, FOLDS = 20, 4
"""Rows below which no classifier is trained, and the parts of the rows on which it is tested in turn."""
EFFORT = 5_000
"""About the most iterations of a classifier times columns."""
ABSENT = -9.0
"""What stands for a number behind a closed gate: below all normal scores."""

Floats = NDArray[np.float32]


def told_apart(network: Network, rows: Rows) -> float:
    """Return how easily rows drawn by `network` are told from `rows`: 0 not at all, 1 always.

    Parameters
    ----------
    network : Network
        Its `draw` is called once, in torch's present random state; it must be in evaluation mode.
    rows : Rows
        Validation rows. Their numbers are drawn anew within the intervals of their values.

    Returns
    -------
    float
        In [0, 1]: the mean of `separation` and of `energy`.

    Notes
    -----
    Takes about a second of one thread at most, and the same state gives the same score.
    """
    layout = network.layout
    n = min(len(rows), MOST, max(CELLS // max(len(layout.tokens) + len(layout.numbers), 1), FEWEST))
    batch = rows.take(torch.arange(n)).batch()
    drawn = network.draw(max(2 * n, 10 * FEWEST))
    real = _values(layout, batch.tokens.cpu().numpy(), batch.numbers.cpu().numpy())
    made = _values(layout, drawn.tokens, drawn.numbers)
    categories = [token.levels > 2 and not token.ordered for token in layout.tokens]
    return (separation(real, made[: 2 * n], categories) + energy(real, made, len(layout.tokens))) / 2


def _values(layout: Layout, tokens: NDArray[np.int64], numbers: NDArray[Any]) -> Floats:
    """Rows as one array, tokens first."""
    gates = [number.gate for number in layout.numbers]
    there = [np.ones(len(tokens), bool) if gate is None else tokens[:, gate] == 0 for gate in gates]
    open_ = np.column_stack(there) if there else np.zeros((len(tokens), 0), bool)
    return np.concatenate([tokens, np.where(open_, numbers, ABSENT)], 1).astype(np.float32)


def separation(real: Floats, made: Floats, categories: list[bool]) -> float:
    """Return 2 AUC - 1 of a boosted classifier that tells rows `real` from `made`, cross-fitted.

    Parameters
    ----------
    real, made : (n, width) float32
        Rows of either kind.
    categories : list of bool
        For the first columns, whether they are codes of levels without order; the others are numbers.

    Returns
    -------
    float
        In [0, 1]; 0 below `FEWEST` rows.
    """
    if min(len(real), len(made)) < FEWEST or not real.shape[1]:
        return 0.0
    x = np.concatenate([real, made])
    y = np.arange(len(x)) >= len(real)
    fold = np.concatenate([np.arange(len(real)), np.arange(len(made))]) % FOLDS
    kinds = [*categories, *[False] * (x.shape[1] - len(categories))]
    with threadpool_limits(1):
        areas = [_area(x[fold != one], y[fold != one], x[fold == one], y[fold == one], kinds) for one in range(FOLDS)]
    return float(np.clip(2 * np.mean(areas) - 1, 0.0, 1.0))


def _area(x: Floats, y: NDArray[np.bool_], unseen: Floats, truth: NDArray[np.bool_], kinds: list[bool]) -> float:
    """The area under the curve on unseen rows of a classifier trained on x and y."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score

    model = HistGradientBoostingClassifier(
        max_iter=int(np.clip(EFFORT // x.shape[1], 10, 50)),
        learning_rate=0.15,
        max_leaf_nodes=15,
        min_samples_leaf=min(20, len(x) // 8),
        categorical_features=kinds,
        early_stopping=False,
        random_state=0,
    )
    return float(roc_auc_score(truth, model.fit(x, y).predict_proba(unseen)[:, 1]))


def energy(real: Floats, made: Floats, tokens: int) -> float:
    """Return the energy distance of two samples as a share of twice the mean distance between them.

    Two rows are apart by the root of the sum of squared differences of their numbers and of the number of `tokens`,
    which come first, that differ.

    Returns
    -------
    float
        In [0, 1]: 0 for equal laws, 1 for laws far apart. Distances within a sample exclude a row's own.
    """
    one, other = (torch.from_numpy(part[: _paired(part.shape[1])]) for part in (real, made))
    one, other = (torch.where(part == ABSENT, 0.0, part) for part in (one, other))
    across = float(_distances(one, other, tokens).mean())
    within = sum(float(_distances(a, a, tokens).sum()) / max(len(a) * (len(a) - 1), 1) for a in (one, other))
    return float(np.clip(1 - within / (2 * across), 0.0, 1.0)) if across > 0 else 0.0


def _paired(width: int) -> int:
    return int(min(PAIRED, max(PAIRED * 30 // max(width, 1), 200)))


def _distances(one: Tensor, other: Tensor, tokens: int) -> Tensor:
    differing = torch.cdist(one[:, :tokens], other[:, :tokens], p=0)
    return (differing + torch.cdist(one[:, tokens:], other[:, tokens:]) ** 2).sqrt()
