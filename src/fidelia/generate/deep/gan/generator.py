"""The generator of a GAN for rows of tokens and numbers, which begins at what can be counted."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fidelia.generate.deep.batch import Batch
from fidelia.generate.deep.nets import Perceptron


class Generator(nn.Module):
    """Noise and a condition to logits of tokens and to numbers.

    Notes
    -----
    ``forward(z (n, noise), condition (n, W)) -> logits (n, W), numbers (n, C)``.
    """

    def __init__(self, levels: int, numbers: int, *, noise: int, width: int, depth: int) -> None:
        super().__init__()
        self.sizes = [levels, numbers]
        self.noise = max(noise, numbers)
        self.rest = Perceptron(self.noise + levels, levels + numbers, width=width, depth=depth)
        self.copula = nn.Parameter(torch.zeros(numbers, self.noise))

    def begin(self, share: Tensor, correlation: Tensor) -> None:
        """Start at the true shares of levels (W,) and at numbers of this correlation (C, C)."""
        levels, numbers = self.sizes
        with torch.no_grad():
            self.rest.leave.bias[:levels] = (share + 1e-4).log()
            self.rest.leave.weight[levels:], self.rest.leave.bias[levels:] = 0.0, 0.0
            self.copula[:, :numbers] = torch.linalg.cholesky(correlation)

    def forward(self, z: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits and numbers."""
        logits, numbers = self.rest(torch.cat([z, condition], 1)).split(self.sizes, dim=1)
        return logits, numbers + z @ self.copula.T


def correlation(batch: Batch) -> Tensor:
    """Return the correlation of numbers, (C, C), shrunk towards independence by as much as few rows call for."""
    n, c = batch.numbers.shape
    if n < 2:
        return torch.eye(c, device=batch.numbers.device)
    x = batch.numbers.double() - batch.numbers.double().mean(0)
    x = x / x.square().mean(0).sqrt().clamp_min(1e-9)
    shrunk = min(max(c / n, 0.01), 1.0)
    eye = torch.eye(c, device=x.device)
    found = (x.T @ x / n) * (1 - eye)
    return ((1 - shrunk) * found + eye).float()
