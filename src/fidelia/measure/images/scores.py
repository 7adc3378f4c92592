"""The scores of pictures that rest on features: Fréchet and kernel distance, inception score, memorised pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure import learners
from fidelia.measure.authenticity.ratio import ratios
from fidelia.measure.beside import beside
from fidelia.measure.fairness import within
from fidelia.measure.images.pixels import refuse_tables
from fidelia.measure.joint import kernels, transport
from fidelia.measure.result import Reference, Result
from fidelia.measure.space.caveats import subsampled, tie_caveats
from fidelia.measure.statistics.intervals import wilson

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fidelia.measure.case import Case

    Floats = NDArray[np.float64]

SPLITS, FEWEST = 10, 50
LEARN = 3_000
CLOSEST = 0.01
PAIRS = 50


def frechet_distance(case: Case) -> Result:
    """IMG01: Fréchet distance of the Gaussians fitted to the features of train and of synthetic pictures."""
    refuse_tables(case)
    return transport.frechet_beside(case, "IMG01")


def frechet_at_infinity(case: Case) -> Result:
    """IMG02: the Fréchet distance extrapolated to infinitely many pictures."""
    refuse_tables(case)
    return transport.frechet_at_infinity(case)


def kernel_distance(case: Case) -> Result:
    """IMG03: unbiased polynomial MMD of the features of train and of synthetic pictures."""
    refuse_tables(case)
    return kernels.kernel_distance(case)


def class_fidelity(case: Case) -> Result:
    """IMG09: alpha-precision, beta-recall and authenticity within each class; the value is the worst class's gap."""
    refuse_tables(case)
    return within.class_fidelity(case)


def inception_score(case: Case) -> Result:
    """IMG04: exp of the mean divergence of p(class | picture) from p(class), of synthetic pictures.

    The classes are those of the data: probabilities come from the extractor's own classifier where it has one
    (`classify`), else from a logistic regression on the features of a random half of train, which is not scored.
    """
    refuse_tables(case)
    side = case.contrast.case
    classify, rest = _classifier(side)
    points = side.embedded
    sides = {
        "train": classify(points.train[rest]),
        "synthetic": classify(points.synthetic),
        "holdout": classify(points.side("holdout")),
    }
    found = beside(case, "IMG04", lambda _: sides, lambda _, made: diversity(made))
    said = {"classes": sides["train"].shape[1], "splits": SPLITS}
    return found.result(low=1.0, breakdown=said, caveats=subsampled(case), embedding=case.embedded.hash)


def _classifier(case: Case) -> tuple[Callable[[Floats], Floats], NDArray[np.int64]]:
    """Return what gives probabilities of classes from features, and the points of train that it has not seen."""
    points = case.embedded
    own = getattr(getattr(points.embedding, "extractor", None), "classify", None)
    if own is not None:
        return own, np.arange(len(points.train))
    if case.target not in case.values or (values := case.values[case.target]).levels is None:
        raise NotApplicable("UNSUPPORTED_TYPE", f"{case.target!r} holds no classes")
    labels = values.train[points.rows["train"]].astype(np.int64)
    classes = len(values.levels)
    if len(np.unique(labels)) < 2 or len(labels) < 2 * classes:
        raise NotApplicable("DEGENERATE_COLUMN", f"{case.target!r} has no two classes to tell apart")
    order = case.rng.child("IMG04/split").generator().permutation(len(labels))
    learn, rest = order[: min(LEARN, len(labels) // 2)], order[min(LEARN, len(labels) // 2) :]
    centre, scale = points.train[learn].mean(axis=0), points.train[learn].std(axis=0).clip(min=1e-6)
    known = learn[labels[learn] < classes]
    told = learners.train(learners.linear("multiclass"), (points.train[known] - centre) / scale, labels[known], classes)
    return lambda features: told((features - centre) / scale), np.sort(rest)


def diversity(probabilities: Floats) -> float:
    """Return the inception score of class probabilities ``(n, classes)``: from 1 to the number of classes.

    The mean over ten parts of at least fifty pictures; of fewer parts where there are fewer pictures.

    References
    ----------
    Salimans et al. (2016), Improved Techniques for Training GANs, arXiv 1606.03498.

    Examples
    --------
    >>> round(diversity(np.tile(np.eye(4), (20, 1))), 6)
    4.0
    """
    parts = np.array_split(probabilities, max(1, min(SPLITS, len(probabilities) // FEWEST)))
    return float(np.mean([np.exp(_divergence(part)) for part in parts]))


def _divergence(part: Floats) -> float:
    from scipy.special import rel_entr

    return float(rel_entr(part, part.mean(axis=0)).sum(axis=1).mean())


def memorised(case: Case) -> Result:
    """IMG10: the share of synthetic pictures as near to a train picture as only one in a hundred fresh ones is.

    Near is the authenticity ratio: the distance to the nearest train picture over that picture's own distance to its
    nearest other. `nearest_pairs` gives the pairs.
    """
    refuse_tables(case)
    side = case.contrast
    if len(side.case.embedded.train) < 2:
        raise NotApplicable("TOO_FEW_ROWS", "the nearest other train picture needs two of them")
    made, fresh = (ratios(side.case.neighbors, of) for of in ("synthetic", "holdout"))
    k = max(1, round(CLOSEST * len(fresh)))
    threshold = float(np.sort(fresh)[k - 1])
    hits, real = int((made <= threshold).sum()), float((fresh <= threshold).mean())
    noise = float(np.sqrt(real * (1 - real) * (1 / len(fresh) + 1 / len(made))))
    found = case.neighbors.near("synthetic", "train")
    points = case.embedded
    return Result(
        value=hits / len(made),
        interval=wilson(hits, len(made)),
        reference=Reference(real, max(noise, 1 / len(fresh)), len(fresh), side.kind),
        n={"train": len(side.case.embedded.train), "synthetic": len(made), side.kind: len(fresh)},
        caveats=(*side.caveats, *tie_caveats(case), *subsampled(case)),
        breakdown={"threshold": threshold, "pictures": hits, "identical": int((found.distance[:, 0] == 0).sum())},
        rows={
            "synthetic.nearest": case.aligned("synthetic", points.rows["train"][found.index[:, 0]]),
            "synthetic.distance": case.aligned("synthetic", found.distance[:, 0]),
            "synthetic.ratio": case.aligned("synthetic", ratios(case.neighbors, "synthetic")),
        },
    )


def nearest_pairs(found: Result, most: int = PAIRS) -> list[tuple[int, int, float, float]]:
    """Return the pairs of IMG10 that look most like copies, as synthetic row, train row, distance and ratio."""
    nearest, distance, ratio = (found.rows[f"synthetic.{name}"] for name in ("nearest", "distance", "ratio"))
    order = closest(ratio, distance)[:most]
    return [(int(i), int(nearest[i]), float(distance[i]), float(ratio[i])) for i in order]


def closest(ratio: Floats, distance: Floats) -> NDArray[np.int64]:
    """Return the rows that look most like copies first: by ratio, then by distance; those not searched are left out."""
    order = np.lexsort((distance, ratio))
    return order[np.isfinite(distance[order])]
