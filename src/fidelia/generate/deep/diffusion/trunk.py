"""The trunk of the denoiser: noisy rows as vectors."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from fidelia.generate.deep.diffusion.noise import enter
from fidelia.generate.deep.nets import damped_waves

WAVES, FEATURES = 8, 512
"""Most frequencies of a number, and about the most waves of a row; the lowest is 1/2, each the double of the last."""
FAINT = 0.05
"""Standard deviation of tokens' embeddings at first. Loud tokens drown what numbers say to each other: with 1, a ring
of two numbers beside one unrelated token was not found in 500 steps; with 0.05 it was in 100."""


class Embedding(nn.Module):
    """Noisy rows as vectors: the sum of the tokens' embeddings and a linear map of the numbers and their waves."""

    def __init__(self, sizes: list[int], numbers: int, width: int) -> None:
        super().__init__()
        waves = int(np.clip(FEATURES // max(2 * numbers, 1), 1, WAVES))
        offsets = torch.tensor([0, *[size + 1 for size in sizes]]).cumsum(0)
        self.register_buffer("offsets", offsets[:-1], persistent=False)
        self.register_buffer("frequencies", 0.5 * 2.0 ** torch.arange(waves), persistent=False)
        self.levels = nn.Embedding(int(offsets[-1]), width)
        nn.init.normal_(self.levels.weight, std=FAINT)
        self.places = nn.Linear(numbers * (2 * waves + 1), width) if numbers else None

    def forward(self, tokens: Tensor, x: Tensor, sigma: Tensor, there: Tensor) -> Tensor:
        """Return vectors, (n, width), of tokens (n, T) and noisy numbers (n, C), 0 where they are not there."""
        with torch.autocast(x.device.type, enabled=False):  # eight bits would add noise of their own
            found = x.new_zeros(len(tokens), self.levels.embedding_dim)
            if self.places is not None:
                found = self.places((self._waves(x, sigma) * there[:, :, None]).flatten(1))
            if len(self.offsets):
                found = found + F.embedding_bag(tokens + self.offsets, self.levels.weight, mode="sum")
            return found

    def _waves(self, x: Tensor, sigma: Tensor) -> Tensor:
        """Each number at unit variance, then its damped waves, (n, C, 1 + 2 waves)."""
        waves = damped_waves(x, sigma, self.frequencies)
        return torch.cat([(enter(sigma) * x)[:, :, None], waves], dim=2)
