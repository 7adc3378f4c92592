"""What the distances between clouds of points share: the points that they see, kernels, random directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.beside import points

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]

PAIRED = 1_000


def shuffled(case: Case, rng: Rng) -> dict[str, Floats]:
    """Return the three clouds, each in a random order, so that any first rows of one are a fair sample of it."""
    return {
        name: cloud[rng.child(f"order/{name}").generator().permutation(len(cloud))]
        for name, cloud in points(case).items()
    }


def equal(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Return the first rows of two shuffled clouds, as many as the smaller one has."""
    n = min(len(a), len(b))
    return a[:n], b[:n]


def bandwidth(train: Floats, rng: Rng) -> float:
    """Return the median distance between distinct train rows, from at most a thousand of them.

    References
    ----------
    Gretton et al. (2012), Journal of Machine Learning Research 13, 723-773, section 8.
    """
    from scipy.spatial.distance import pdist

    rows = rng.child("bandwidth").generator().permutation(len(train))[:PAIRED]
    distance = pdist(train[rows])
    distance = distance[distance > 0]
    return float(np.median(distance)) if len(distance) else 1.0


def random_features(cloud: Floats, width: float, size: int, rng: Rng) -> NDArray[np.float32]:
    """Return `size` coordinates per row whose inner products estimate exp(-|x - y|^2 / (2 width^2)) without bias.

    Each row has norm 1.

    References
    ----------
    Rahimi and Recht (2007), Random Features for Large-Scale Kernel Machines, NIPS.
    """
    half = size // 2
    frequency = rng.child("frequencies").generator().normal(size=(cloud.shape[1], half)) / width
    angle = (cloud @ frequency).astype(np.float32)
    turned = np.concatenate([np.cos(angle), np.sin(angle)], axis=1)
    return np.asarray(turned / np.sqrt(half), dtype=np.float32)


def directions(width: int, count: int, rng: Rng) -> Floats:
    """Return random directions, ``(width, count)``, of length 1."""
    drawn = rng.child("directions").generator().normal(size=(width, count))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=0))
