"""Maximum mean discrepancy and energy distance: two samples compared through a kernel, pair by pair of rows.

Both are quadratic forms of one kernel matrix over all rows at hand. The value, its spreads and its permutations differ
in which rows stand on which side alone, so that one pass over the matrix, in blocks, gives all of them.

References
----------
Gretton, Borgwardt, Rasch, Schölkopf and Smola (2012), A Kernel Two-Sample Test, Journal of Machine Learning Research
13, 723-773. Székely and Rizzo (2013), Journal of Statistical Planning and Inference 143, 1249-1272.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from fidelia.measure.beside import Measured, Together, beside
from fidelia.measure.joint.clouds import bandwidth, random_features, shuffled
from fidelia.measure.result import Caveat
from fidelia.measure.space.caveats import subsampled
from fidelia.measure.statistics.permutation import permutation_p

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.result import Result
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Pair = tuple[Ints, Ints]
    Products = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]

EXACT, MOST, FEATURES = 8_000, 10_000, 1_024
PICTURES = 4_000
DOUBLE = 2_000
BLOCK_CELLS = 4_000_000
PERMUTATIONS = 200


class Gram(Protocol):
    """A kernel matrix K over rows, of which only products with weights are asked.

    Parameters
    ----------
    diagonal : float or (rows,) float64
        Of each row with itself.
    """

    @property
    def diagonal(self) -> float | Floats:
        """The kernel of a row with itself."""
        ...

    def products(self, u: NDArray[Any], v: NDArray[Any]) -> Products:
        """Return u'Ku, u'Kv and v'Kv of each column of two ``(rows, pairs)`` matrices of weights."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """The exact matrix, block by block; never whole in memory.

    Parameters
    ----------
    points : (n, d) float
        In the precision of the products.
    kernel : callable
        From squared distances to the kernel.
    diagonal : float
    """

    points: NDArray[Any]
    kernel: Callable[[NDArray[Any]], NDArray[Any]]
    diagonal: float

    def products(self, u: NDArray[Any], v: NDArray[Any]) -> Products:
        """Return u'Ku, u'Kv and v'Kv of each pair of weights."""
        square = np.einsum("nd,nd->n", self.points, self.points)

        def block(rows: slice) -> NDArray[Any]:
            found = self.points[rows] @ self.points.T
            found = self.kernel(np.maximum(square[rows, None] + square - 2 * found, 0))
            found[np.arange(len(found)), np.arange(rows.start, rows.stop)] = self.diagonal
            return found

        return _blockwise(block, u.astype(self.points.dtype), v.astype(self.points.dtype))


@dataclass(frozen=True, slots=True, eq=False)
class Cubic:
    """The exact matrix of (x.y / d + 1)^3, block by block: the kernel of the kernel inception distance."""

    points: NDArray[Any]

    @property
    def diagonal(self) -> Floats:
        """The kernel of each row with itself, ``(n,)``."""
        square = np.einsum("nd,nd->n", self.points, self.points, dtype=np.float64)
        return np.asarray((square / self.points.shape[1] + 1) ** 3)

    def products(self, u: NDArray[Any], v: NDArray[Any]) -> Products:
        """Return u'Ku, u'Kv and v'Kv of each pair of weights."""
        scaled = self.points / self.points.dtype.type(self.points.shape[1])

        def block(rows: slice) -> NDArray[Any]:
            found = scaled[rows] @ self.points.T + 1
            return np.asarray(found * found * found)

        return _blockwise(block, u.astype(self.points.dtype), v.astype(self.points.dtype))


def _blockwise(block: Callable[[slice], NDArray[Any]], u: NDArray[Any], v: NDArray[Any]) -> Products:
    """Return u'Ku, u'Kv and v'Kv in one pass over the rows of K, some at once."""
    xx, xy, yy = (np.zeros(u.shape[1]) for _ in range(3))
    step = max(1, BLOCK_CELLS // len(u))
    for at in range(0, len(u), step):
        rows = slice(at, min(at + step, len(u)))
        part = block(rows)
        ku, kv = part @ u, part @ v
        xx += np.einsum("np,np->p", u[rows], ku, dtype=np.float64)
        xy += np.einsum("np,np->p", v[rows], ku, dtype=np.float64)
        yy += np.einsum("np,np->p", v[rows], kv, dtype=np.float64)
    return xx, xy, yy


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """The matrix of inner products of features of norm 1: linear in the rows."""

    points: NDArray[Any]
    diagonal: float = 1.0

    def products(self, u: NDArray[Any], v: NDArray[Any]) -> Products:
        """Return u'Ku, u'Kv and v'Kv of each pair of weights."""
        a, b = (np.asarray(self.points.T @ w.astype(self.points.dtype), dtype=np.float64) for w in (u, v))
        return (a * a).sum(axis=0), (a * b).sum(axis=0), (b * b).sum(axis=0)


def rbf(width: float) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Return exp(-d^2 / (2 width^2)) as a function of d^2."""
    scale = -1 / (2 * width**2)
    return lambda squared: np.asarray(np.exp(squared * squared.dtype.type(scale)))


def minus_distance(squared: NDArray[Any]) -> NDArray[Any]:
    """Return -d, whose discrepancy is the energy distance."""
    return np.asarray(-np.sqrt(squared))


def discrepancy(gram: Gram, rows: int, pairs: Sequence[Pair], *, unbiased: bool = True) -> Floats:
    """Return E k(x, x') + E k(y, y') - 2 E k(x, y) of each pair of sets of rows, ``(pairs,)``.

    Parameters
    ----------
    gram : Gram
        Over `rows` rows.
    pairs : sequence of (rows, rows)
        The positions of either sample.
    unbiased : bool
        Leave each row's pair with itself out, so that the mean is 0 under one law (the value may be negative).
    """
    u, v = (np.zeros((rows, len(pairs)), dtype=np.float32) for _ in range(2))
    for i, (a, b) in enumerate(pairs):
        u[a, i], v[b, i] = 1, 1
    xx, xy, yy = gram.products(u, v)
    n, m = (np.array([len(pair[i]) for pair in pairs], dtype=np.float64) for i in range(2))
    itself = float(unbiased)
    own = [np.broadcast_to(np.float64(gram.diagonal), rows) @ w for w in (u, v)]
    within = [(s - itself * o) / np.maximum(k * (k - itself), 1) for s, o, k in ((xx, own[0], n), (yy, own[1], m))]
    return np.asarray(within[0] + within[1] - 2 * xy / (n * m))


def mmd(case: Case) -> Result:
    """FID12: unbiased squared MMD of train and synthetic rows, RBF kernel, train's median distance as bandwidth.

    Exact to 8,000 rows in all; beyond, 1,024 random features stand for the kernel, so that 10,000 rows a side cost no
    more. The p-value deals the rows of train and synthetic out at random 200 times.
    """
    side = case.contrast.case
    rng = case.rng.child("FID12")
    width = bandwidth(side.embedded.train, rng)
    clouds = shuffled(side, rng)
    exact = sum(map(len, clouds.values())) <= EXACT
    clouds = clouds if exact else _cut(clouds, MOST)
    pool = np.concatenate(list(clouds.values()))
    gram: Gram = _exact(pool, rbf(width), 1.0) if exact else Features(random_features(pool, width, FEATURES, rng))
    kind = "exact" if exact else f"{FEATURES} random features"
    found, p = _measured(case, "FID12", gram, clouds)
    said = {"p_value": p, "permutations": PERMUTATIONS, "bandwidth": width, "kernel": kind}
    return found.result(breakdown=said, caveats=_caveats(case, clouds), embedding=case.embedded.hash)


def energy(case: Case) -> Result:
    """FID13: 2 E|x - y| - E|x - x'| - E|y - y'| of train and synthetic rows, unbiased; at most 8,000 rows in all."""
    rng = case.rng.child("FID13")
    clouds = _cut(shuffled(case.contrast.case, rng), EXACT // 3)
    found, p = _measured(case, "FID13", _exact(np.concatenate(list(clouds.values())), minus_distance, 0.0), clouds)
    said = {"p_value": p, "permutations": PERMUTATIONS}
    return found.result(breakdown=said, caveats=_caveats(case, clouds), embedding=case.embedded.hash)


def kernel_distance(case: Case) -> Result:
    """IMG03: unbiased squared MMD of train and synthetic features with k(x, y) = (x.y / d + 1)^3.

    All pairs of at most 4,000 pictures a side count, instead of a hundred draws of a thousand: the mean is the same,
    the noise is less.

    References
    ----------
    Binkowski, Sutherland, Arbel and Gretton (2018), Demystifying MMD GANs, ICLR, arXiv 1801.01401.
    """
    clouds = _cut(shuffled(case.contrast.case, case.rng.child("IMG03")), PICTURES)
    pool = np.concatenate(list(clouds.values()))
    found, p = _measured(case, "IMG03", Cubic(pool.astype(np.float64 if len(pool) <= DOUBLE else np.float32)), clouds)
    said = {"p_value": p, "permutations": PERMUTATIONS}
    return found.result(breakdown=said, caveats=_caveats(case, clouds), embedding=case.embedded.hash)


def _exact(pool: Floats, kernel: Callable[[NDArray[Any]], NDArray[Any]], diagonal: float) -> Blocks:
    kind = np.float64 if len(pool) <= DOUBLE else np.float32
    return Blocks((pool - pool.mean(axis=0)).astype(kind), kernel, diagonal)


def _cut(clouds: dict[str, Floats], most: int) -> dict[str, Floats]:
    """Return at most so many rows of each cloud; no more synthetic rows than can be compared with."""
    m = min(len(clouds["synthetic"]), len(clouds["holdout"]), most)
    return {"train": clouds["train"][:most], "synthetic": clouds["synthetic"][:m], "holdout": clouds["holdout"][:m]}


def _caveats(case: Case, clouds: dict[str, Floats]) -> tuple[Caveat, ...]:
    if len(clouds["train"]) == len(case.contrast.case.embedded.train):
        return subsampled(case)
    return (Caveat("SUBSAMPLED", f"Pairs were formed among {len(clouds['train']):,} random rows of train."),)


def _measured(case: Case, code: str, gram: Gram, clouds: dict[str, Floats]) -> tuple[Measured, float]:
    """Return the discrepancy beside that of fresh real rows, and its permutation p-value."""
    start = np.cumsum([0, *map(len, clouds.values())])
    ids = {name: np.arange(len(cloud)) + at for (name, cloud), at in zip(clouds.items(), start[:-1], strict=True)}
    null: list[float] = []

    def score(pairs: Sequence[Pair]) -> Floats:
        every = discrepancy(gram, int(start[-1]), [*pairs, *_dealt(*pairs[0], case.rng.child(code))])
        null.extend(every[len(pairs) :])
        return every[: len(pairs)]

    found = beside(case, code, lambda _: ids, Together(score), times=1)
    return found, permutation_p(found.value, null)


def _dealt(a: Ints, b: Ints, rng: Rng) -> list[Pair]:
    """Return random splits of the rows of both samples into samples of the same sizes."""
    generator = rng.child("permutations").generator()
    pool = np.concatenate([a, b])
    orders = (generator.permutation(pool) for _ in range(PERMUTATIONS))
    return [(order[: len(a)], order[len(a) :]) for order in orders]
