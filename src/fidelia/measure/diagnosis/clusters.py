"""Clusters of the train rows in words, and which share of real and of synthetic rows each holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.diagnosis.words import FEW, equals, listed, number, percent, quoted
from fidelia.schema.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.values import Values
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

NUMBERS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20)
MOST_FIT = 2_000
PER_CLUSTER = 25
NAMED = 3
MOST_NAMED = 10_000
TELLING = 0.2
MOST_LINKED = 2_000
NEAR_BEST = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Which cluster each row belongs to.

    Parameters
    ----------
    labels : dict of str to (n,) int64
        By side, aligned to the embedded points (k-means) or to the table's rows (a column).
    names : tuple of str
        Of each cluster, in words.
    by : str
        ``"k-means"`` or the column whose levels they are.
    """

    labels: dict[str, Ints]
    names: tuple[str, ...]
    by: str


def clusters(case: Case, by: str | None = None) -> Clusters:
    """Return the clusters of a case; those by k-means are found once.

    Parameters
    ----------
    by : str or None
        A discrete column whose levels are the clusters; None for k-means in the embedding, fitted on at most 2,000
        train rows, with the number of clusters (2 to 20) by silhouette.

    Raises
    ------
    NotApplicable
        When there are too few rows or the column is not discrete.
    """
    return _by_column(case, by) if by is not None else case.once("clusters", _by_means)


def _by_column(case: Case, name: str) -> Clusters:
    values = case.values.get(name)
    if values is None or values.levels is None:
        raise NotApplicable(
            "UNSUPPORTED_TYPE", f"the column {name!r} is not discrete; clusters are levels of one that is"
        )
    sides = {"train": values.train, "synthetic": values.synthetic, "holdout": values.holdout}
    count = np.bincount(values.train, minlength=values.codes)
    kept = np.flatnonzero(count >= FEW)
    place = np.full(values.codes, len(kept))
    place[kept] = np.arange(len(kept))
    texts = [*(equals(name, level) for level in values.levels), f"{name} missing"]
    names = [texts[code] for code in kept]
    labels = {side: place[np.asarray(codes)].astype(np.int64) for side, codes in sides.items() if codes is not None}
    return Clusters(labels, (*names, f"{name}: other levels"), name)


def _by_means(case: Case) -> Clusters:
    points = case.embedded
    if len(points.train) < 2 * PER_CLUSTER:
        raise NotApplicable("TOO_FEW_ROWS", f"{len(points.train)} train rows; clusters need {2 * PER_CLUSTER}")
    centres = _centres(points.train, case.rng.child("clusters"))
    labels = {name: _nearest(points.side(name), centres) for name in points.rows}
    chosen = case.rng.child("clusters/names").generator().permutation(len(points.train))[:MOST_NAMED]
    names = _names(case.values, points.rows["train"][chosen], labels["train"][chosen], len(centres))
    return Clusters(labels, names, "k-means")


def _centres(train: Floats, rng: Rng) -> Floats:
    """Return the centres of k-means: the largest k whose mean silhouette comes near the best."""
    import warnings

    from sklearn.cluster import KMeans
    from sklearn.metrics import pairwise_distances, silhouette_score
    from threadpoolctl import threadpool_limits

    rows = train[rng.generator().permutation(len(train))[:MOST_FIT]]
    distinct = len(np.unique(rows, axis=0))
    if distinct < 2:
        return rows[:1]
    apart = pairwise_distances(rows)
    top = max(2, min(len(rows) // PER_CLUSTER, distinct - 1))
    fits: list[tuple[float, Floats]] = []
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")  # fewer distinct points than clusters: fewer clusters are found
        for k in [k for k in NUMBERS if k <= top]:
            fitted = KMeans(k, n_init=2, max_iter=50, random_state=rng.integer()).fit(rows)
            score = (
                silhouette_score(apart, fitted.labels_, metric="precomputed") if len(set(fitted.labels_)) > 1 else 0.0
            )
            fits.append((float(score), fitted.cluster_centers_))
    best = max(score for score, _ in fits)
    return np.asarray([centres for score, centres in fits if score >= best - NEAR_BEST][-1], dtype=np.float64)


def _nearest(points: Floats, centres: Floats) -> Ints:
    return np.asarray(((centres**2).sum(axis=1) - 2 * points @ centres.T).argmin(axis=1), dtype=np.int64)


def _names(values: Mapping[str, Values], rows: Ints, labels: Ints, k: int) -> tuple[str, ...]:
    """Name each cluster by the columns in which it differs most from the rest of train; equal names are numbered."""
    names = [described(values, "train", rows[labels == c], "train", rows[labels != c]) for c in range(k)]
    return tuple(
        name if names.count(name) == 1 else f"{name} ({names[: i + 1].count(name)})" for i, name in enumerate(names)
    )


def described(values: Mapping[str, Values], side: str, rows: Ints, other: str, others: Ints) -> str:
    """Name a set of rows by the columns whose law differs most from that of other rows, with levels or ranges.

    The distance is total variation for levels and Kolmogorov-Smirnov's for numbers. Ranges hold the middle 80 % of
    the rows, with rounded ends; a level is named where at least ten rows hold it.
    """
    if len(rows) < FEW:
        return "a few rows"
    found = []
    for column in values.values():
        inner, outer = getattr(column, side)[rows], getattr(column, other)[others]
        apart = _variation(inner, outer, column.codes) if column.levels is not None else _kolmogorov(inner, outer)
        said = _levels_said(column, inner, outer) if column.levels is not None else _range_said(column, inner)
        if said and apart >= TELLING:
            found.append((apart, said))
    found.sort(key=lambda each: -each[0])
    return ", ".join(said for _, said in found[:NAMED]) or "no column in particular"


def _variation(a: NDArray[np.generic], b: NDArray[np.generic], size: int) -> float:
    p, q = (np.bincount(np.asarray(x, dtype=np.int64), minlength=size) / max(len(x), 1) for x in (a, b))
    return float(np.abs(p - q).sum() / 2)


def _kolmogorov(a: Floats, b: Floats) -> float:
    """Return the KS distance, with missing values as one value of their own at the end."""
    a, b = (np.sort(np.where(np.isnan(x), np.inf, x)) for x in (a, b))
    if not len(a) or not len(b):
        return 0.0
    at = np.concatenate([a, b])
    return float(np.abs(np.searchsorted(a, at, "right") / len(a) - np.searchsorted(b, at, "right") / len(b)).max())


def _levels_said(column: Values, inner: Ints, outer: Ints) -> str | None:
    """Say the level or two that the rows mostly hold and others do not; with its share where it is not all."""
    count = np.bincount(inner, minlength=column.codes)
    p, q = count / len(inner), np.bincount(outer, minlength=column.codes) / max(len(outer), 1)
    texts = [*map(quoted, column.levels or ()), "missing"]
    order = [int(c) for c in np.argsort(q - p, kind="stable")[:2] if count[c] >= FEW and p[c] > q[c] + 0.1]
    if not order:
        return None
    if p[order[0]] >= 0.9:
        return f"{column.name}={texts[order[0]]}"
    held = listed([texts[c] for c in order], "or")
    return f"{column.name} mostly {held} ({percent(float(p[order].sum()))})"


def _range_said(column: Values, inner: Floats) -> str | None:
    known = np.sort(inner[np.isfinite(inner)])
    if len(known) < len(inner) / 2:
        return f"{column.name} missing"
    if len(known) < FEW:
        return None
    low, high = np.quantile(known, [0.1, 0.9], method="inverted_cdf")
    dated = column.kind is Kind.DATETIME
    if low == high:
        return f"{column.name}={number(float(low), dated=dated)}" if (known == low).sum() >= FEW else None
    step = 10.0 ** np.floor(np.log10(max(float(high - low), 1e-300) / 5))
    if dated:
        return f"{column.name} {number(float(low), dated=True)[:10]}..{number(float(high), dated=True)[:10]}"
    ends = [float(f"{np.round(end / step) * step:.6g}") if 1e-300 < step < 1e300 else float(end) for end in (low, high)]
    return f"{column.name} {number(ends[0])}..{number(ends[1])}"


@dataclass(frozen=True, slots=True)
class Group:
    """Synthetic rows beyond the real ones that lie together.

    Parameters
    ----------
    name : str
    share : float
        Of all synthetic rows.
    """

    name: str
    share: float


def invented(case: Case, odd: Mask, spacing: float) -> list[Group]:
    """Return the groups that synthetic rows beyond the real ones form by single linkage, largest first.

    Parameters
    ----------
    case : Case
        With a holdout.
    odd : (n,) bool
        Which synthetic points.
    spacing : float
        Two rows this near are linked.
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    chosen = np.flatnonzero(odd)
    if len(chosen) < FEW:
        return []
    generator = case.rng.child("clusters/invented").generator()
    kept = np.sort(generator.permutation(chosen)[:MOST_LINKED])
    points = case.embedded.synthetic[kept]
    label = fcluster(linkage(points, "single"), spacing * len(chosen) / len(kept), "distance")
    rows, train = case.embedded.rows["synthetic"][kept], case.embedded.rows["train"]
    base = generator.permutation(train)[:MOST_NAMED]
    found = [
        Group(
            described(case.values, "synthetic", rows[label == c], "train", base),
            float((label == c).mean() * len(chosen) / len(odd)),
        )
        for c, count in enumerate(np.bincount(label))
        if count >= FEW
    ]
    return sorted(found, key=lambda group: -group.share)[:5]
