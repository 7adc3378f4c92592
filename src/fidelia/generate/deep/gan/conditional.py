"""The conditional vector: one level of one token, on which a network draws whole rows; and training by sampling.

In training a token is drawn evenly, one of its levels in proportion to the logarithm of its count, and then a real row
that holds it: rare levels are seen often. In drawing the level comes from its true share.

References
----------
Xu, Skoularidou, Cuesta-Infante and Veeramachaneni (2019), "Modeling tabular data using conditional GAN", NeurIPS,
section 4.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from fidelia.generate.deep.batch import Batch, Rows
from fidelia.generate.deep.layout import Known, Layout
from fidelia.generate.deep.nets import Blocks


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """Conditions, and for each a real row of a batch that obeys it.

    Parameters
    ----------
    rows : (n,) int64
        Positions in the batch.
    vectors : (n, W) float32
        1 at the level asked for; all 0 where nothing varies.
    """

    rows: Tensor
    vectors: Tensor


class ConditionalVector(nn.Module):
    """Draws conditional vectors, as wide as all levels side by side.

    Parameters
    ----------
    layout : Layout
    """

    begins: Tensor
    share: Tensor
    emphasis: Tensor

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.blocks = Blocks.of(layout)
        self.choices = [i for i, size in enumerate(self.blocks.sizes) if size > 1]
        self.register_buffer("begins", torch.tensor(self.blocks.begins, dtype=torch.long), persistent=False)
        self.register_buffer("share", torch.zeros(self.blocks.width))
        self.register_buffer("emphasis", torch.zeros(self.blocks.width))

    def count(self, rows: Rows) -> None:
        """Learn the share of each level, and how much more often than that it is asked for in training."""
        counts = self.blocks.onehot(rows.tokens).sum(0)
        self.share.copy_(counts / len(rows))
        wanted = log_frequency(self.blocks, counts)
        self.emphasis.copy_(torch.where(counts > 0, wanted / self.share.clamp_min(1e-12), 0.0))

    def matched(self, batch: Batch, n: int) -> Matched:
        """Return `n` conditions by log-frequency with rows of `batch` that obey them.

        The rows are those of the batch, drawn again with weights: wanted over true share of the level. So levels are
        asked for by log-frequency over many batches, and no index of all rows is needed.
        """
        device = batch.tokens.device
        if not self.choices:
            rows = torch.arange(n, device=device) % len(batch)
            return Matched(rows, torch.zeros(n, self.blocks.width, device=device))
        tokens = torch.tensor(self.choices, device=device)[torch.randperm(len(self.choices), device=device)[:n]]
        each = -(-n // len(tokens))
        order = torch.randperm(len(tokens) * each, device=device)[:n]
        places = (batch.tokens + self.begins)[:, tokens].T
        rows = by_weight(self.emphasis[places], each)
        return Matched(rows.flatten()[order], self._at(places.gather(1, rows).flatten()[order]))

    def drawn(self, n: int, known: Known | None = None) -> Tensor:
        """Return `n` vectors by true shares; under conditions of the rarest token that has one, (n, W).

        The other conditions are left to redrawing: that is the law of the network given all of them.
        """
        share, choices = self.share, self.choices
        if known is not None and (bound := [i for i in choices if i in known.tokens]):
            masses = {i: self._allowed(i, known) for i in bound}
            rarest = min(bound, key=lambda i: float(masses[i].sum()))
            share, choices = masses[rarest], [rarest]
        if not choices:
            return torch.zeros(n, self.blocks.width, device=share.device)
        token = torch.tensor(choices, device=share.device)[torch.randint(len(choices), (n,), device=share.device)]
        levels = self.blocks.sample(share.log().expand(n, -1))
        return self._at((levels + self.begins).gather(1, token[:, None])[:, 0])

    def _allowed(self, token: int, known: Known) -> Tensor:
        """All shares with those of a token cut to its allowed levels; levels never seen count a little."""
        begin, size = self.blocks.begins[token], self.blocks.sizes[token]
        mask = torch.zeros_like(self.share)
        mask[begin : begin + size] = torch.from_numpy(known.tokens[token]).to(mask)
        return self.share.clamp_min(1e-9) * mask

    def _at(self, places: Tensor) -> Tensor:
        vectors = torch.zeros(len(places), self.blocks.width, device=places.device)
        return vectors.scatter_(1, places[:, None], 1.0)


def by_weight(weights: Tensor, n: int) -> Tensor:
    """Return `n` positions from each line of weights (k, m), drawn in proportion to them, (k, n) int64."""
    sums = weights.cumsum(1)
    at = torch.rand(len(weights), n, device=weights.device) * sums[:, -1:]
    return torch.searchsorted(sums, at, right=True).clamp(max=weights.shape[1] - 1)


def log_frequency(blocks: Blocks, counts: Tensor) -> Tensor:
    """Return for each level its share of ``ln(1 + count)`` within its token, (W,)."""
    owner = blocks.owner.to(counts.device)
    logs = torch.log1p(counts)
    total = torch.zeros(len(blocks.sizes), device=counts.device).scatter_add(0, owner, logs)
    return logs / total.gather(0, owner).clamp_min(1e-12)
