"""How far drawn pictures are from real ones: the score of networks of pictures that have no likelihood.

Both are seen through fixed random convolutions, which need no training and no download: the Fréchet distance of what
they give, labels included, so that a right picture of a wrong class counts as far. Adversarial losses measure the
opponent.

References
----------
Heusel et al. (2017), "GANs trained by a two time-scale update rule converge to a local Nash equilibrium", NeurIPS.
DeVries, Romero, Pineda, Taylor and Drozdzal (2019), "On the evaluation of conditional GANs", arXiv 1907.08175: the
joint law of features and labels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

if TYPE_CHECKING:
    from fidelia.generate.deep.batch import Rows
    from fidelia.generate.deep.images.family import ImageNetwork

MOST, TIMES, SLICE = 1_000, 2, 250
"""Most validation pictures that are looked at, drawn ones for each of them, and pictures drawn at once."""
CHANNELS, FEATURES = (16, 32, 64), 48
LEAK = 0.2


def apart(network: ImageNetwork, rows: Rows) -> float:
    """Return the Fréchet distance of drawn pictures from validation pictures with the same labels.

    Parameters
    ----------
    network : ImageNetwork
        In evaluation mode; it draws from torch's random state.
    rows : Rows
        Validation pictures.
    """
    batch = rows.take(torch.arange(min(len(rows), MOST))).batch()
    labels = batch.tokens[:, 0].repeat(TIMES)
    made = torch.cat([network.draw(part) for part in labels.split(SLICE)]).float()
    real = network.canvas.pictures(batch)
    kinds = F.one_hot(labels, network.canvas.classes).float()
    seen = [looked(pictures) for pictures in (real, made)]
    spread = float(seen[0].var(0, correction=0).sum().sqrt())  # labels weigh as much as all that is seen
    return frechet(*(torch.cat([one, spread * kinds[: len(one)]], 1) for one in seen))


def looked(pictures: Tensor) -> Tensor:
    """Return what fixed random convolutions see of pictures ``(n, c, h, w)`` in -1..1, ``(n, FEATURES)``."""
    fixed = torch.Generator().manual_seed(0)
    maps = pictures
    for outs in CHANNELS:
        ins = maps.shape[1]
        weight = torch.randn(outs, ins, 3, 3, generator=fixed) * (2 / (9 * ins)) ** 0.5
        maps = F.leaky_relu(F.conv2d(maps, weight.to(maps), stride=2, padding=1), LEAK)
    flat = maps.flatten(1)
    mix = torch.randn(flat.shape[1], FEATURES, generator=fixed) / flat.shape[1] ** 0.5
    return flat @ mix.to(flat)


def frechet(real: Tensor, made: Tensor) -> float:
    """Return ``|m1 - m2|^2 + Tr(C1 + C2 - 2 (C1 C2)^(1/2))`` of two samples ``(n, d)``."""
    one, other = real.double(), made.double()
    gap = one.mean(0) - other.mean(0)
    first, second = (x.T.cov(correction=0) for x in (one, other))
    size, axes = torch.linalg.eigh(first)
    root = axes * size.clamp(min=0).sqrt()
    shared = torch.linalg.eigvalsh(root.T @ second @ root).clamp(min=0).sqrt().sum()
    return float((gap @ gap + first.trace() + second.trace() - 2 * shared).clamp(min=0))
