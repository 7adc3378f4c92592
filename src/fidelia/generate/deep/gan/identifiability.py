"""Identifiability: the share of real rows that some synthetic row comes nearer to than any other real row does.

Distances are Euclidean, each column divided by its entropy: what hardly varies tells most about whose row it is.
ADS-GAN adds to its generator's loss a penalty on this share. `Guarded.penalty` is it in a form that has slopes, for the
synthetic rows of one batch and a random choice of real rows:

    L = n / m * mean_i max(0, 1 - d_i / r_i),

with d_i the distance of real row i to the nearest of the m synthetic rows, r_i that to the nearest of the n other real
rows. It is bounded, 0 where no row is identifiable, and pushes away nothing but the rows that come too near. The factor
n / m is that a batch holds only that part of a table as large as the real one: with it a weight means the same for all
sizes of tables. (Public code of ADS-GAN instead rewards the mean distance between unrelated rows of a batch, a term
without bound that is not 0 for a generator that has learnt nothing of any row.)

References
----------
Yoon, Drumright and van der Schaar (2020), "Anonymization through data synthesis using generative adversarial networks
(ADS-GAN)", IEEE J. Biomed. Health Inform. 24(8).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from fidelia.generate.deep.batch import Rows, scores
from fidelia.generate.deep.layout import Layout
from fidelia.generate.deep.nets import Blocks

BINS = 10
"""Parts of (0, 1) into which positions of numbers are counted for their entropy."""
MOST = 20_000
"""Most rows whose neighbourhoods are guarded; of a larger table as many at random."""
BLOCK = 10_000_000
"""Most distances in memory at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """Rows as points whose distances weigh each column by one over its entropy.

    Parameters
    ----------
    blocks : Blocks
        Of the layout's tokens.
    tokens : (W,) float32
        The factor of each level; two levels of a token are as far apart as its weight.
    numbers : (C,) float32
        The factor of each number.
    """

    blocks: Blocks
    tokens: Tensor
    numbers: Tensor

    @classmethod
    def of(cls, layout: Layout, rows: Rows) -> Self:
        """Return the space of a table: entropies in nats, of numbers counted in `BINS` equal parts of (0, 1).

        A part without entropy has weight 0.
        """
        blocks = Blocks.of(layout)
        owner = blocks.owner.to(rows.device)
        counts = blocks.onehot(rows.tokens).sum(0)
        entropies = torch.zeros(len(blocks.sizes), device=rows.device)
        entropies.scatter_add_(0, owner, information(counts, len(rows)))
        bins = (((rows.begin + rows.end) / 2) * BINS).long().clamp(0, BINS - 1)
        counts = torch.stack([((bins == one) & rows.active).sum(0) for one in range(BINS)])
        numbers = information(counts, rows.active.sum(0)).sum(0)
        return cls(blocks, inverse(entropies)[owner] / 2**0.5, inverse(numbers))

    def points(self, levels: Tensor, numbers: Tensor) -> Tensor:
        """Return rows, one-hot (n, W) and numbers (n, C) that are 0 where they are not there, as points (n, W + C)."""
        return torch.cat([levels * self.tokens, numbers * self.numbers], dim=1)

    def of_rows(self, rows: Rows) -> Tensor:
        """Return rows as points, each number in the middle of its interval."""
        middle = scores((rows.begin + rows.end) / 2) * rows.active
        return self.points(self.blocks.onehot(rows.tokens), middle)


def information(counts: Tensor, total: Tensor | int) -> Tensor:
    """Return ``-p ln p`` of counts; 0 for a count of 0."""
    share = counts / torch.as_tensor(total).clamp_min(1)
    return -torch.special.xlogy(share, share)


def inverse(entropy: Tensor) -> Tensor:
    """Return one over an entropy, 0 where there is none."""
    return torch.where(entropy > 1e-9, 1 / entropy.clamp_min(1e-9), 0.0)


def nearest(points: Tensor, others: Tensor, own: Tensor | None = None) -> Tensor:
    """Return the distance of each point to the nearest of others, (n,).

    It can be differentiated: which of the others is the nearest is fixed, how far it lies is not.

    Parameters
    ----------
    points : (n, F)
    others : (m, F)
    own : (n,) int64 or None
        Where among the others a point itself stands, which does not count.
    """
    with torch.no_grad():
        size = max(BLOCK // max(len(others), 1), 1)
        lengths = others.square().sum(1)
        found = []
        for begin in range(0, len(points), size):
            apart = lengths - 2 * points[begin : begin + size] @ others.T
            if own is not None:
                apart.scatter_(1, own[begin : begin + size, None], torch.inf)
            found.append(apart.argmin(1))
        at = torch.cat(found)
    return torch.linalg.vector_norm(points - others[at], dim=1)


def shortfall(distances: Tensor, radii: Tensor) -> Tensor:
    """Return ``mean max(0, 1 - d / r)`` over the rows with r > 0, a scalar; 0 when there are none."""
    counted = radii > 0
    if not counted.any():
        return distances.sum() * 0
    return torch.relu(1 - distances[counted] / radii[counted]).mean()


@dataclass(frozen=True, slots=True, eq=False)
class Guarded:
    """Real rows and the radius within which a synthetic row makes each identifiable; needed in training alone.

    Parameters
    ----------
    space : Space
    points : (n, F)
        At most `MOST` rows.
    radii : (n,)
        Distance of each to the nearest other real row of the whole table.
    total : int
        Rows of the whole table.
    """

    space: Space
    points: Tensor
    radii: Tensor
    total: int

    @classmethod
    def of(cls, layout: Layout, rows: Rows) -> Self:
        """Return the guarded rows of a table; of more than `MOST` a choice from torch's random state."""
        space = Space.of(layout, rows)
        points = space.of_rows(rows)
        chosen = torch.randperm(len(rows))[:MOST].to(rows.device)
        return cls(space, points[chosen], nearest(points[chosen], points, chosen), len(rows))

    def penalty(self, levels: Tensor, numbers: Tensor, looked_at: int = 2_048) -> Tensor:
        """Return L for generated rows, one-hot (m, W) and numbers (m, C), over a random choice of guarded rows."""
        rows = torch.randint(len(self.points), (min(looked_at, len(self.points)),), device=self.points.device)
        apart = nearest(self.points[rows], self.space.points(levels, numbers))
        return self.total / len(levels) * shortfall(apart, self.radii[rows])


def identifiability(layout: Layout, real: Rows, synthetic: Rows) -> float:
    """Return the share of real rows nearer to a synthetic row than to any other real row, in [0, 1].

    Rows that have a twin cannot be nearer and count as not identifiable. About half of all rows are identifiable by a
    fresh sample as large as the real one.
    """
    space = Space.of(layout, real)
    points = space.of_rows(real)
    radii = nearest(points, points, torch.arange(len(real), device=real.device))
    return float((nearest(points, space.of_rows(synthetic)) < radii).float().mean())
