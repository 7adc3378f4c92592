"""Calibration: the law of each number that a network draws, moved onto the standard normal that it should have.

A number is the normal score of a value among all values of its column, so over rows its law is known before anything
is learnt. The map from the quantiles that a network draws to those of the normal law mends every column by itself and
leaves the order of rows in it, and so ranks across columns, as they are.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

REACH, POINTS, END = 3.5, 257, 4.75
"""Scores up to which quantiles are matched, how many they are, and where scores end; between, the map has slope 1."""
LEAST = 100
"""Fewest draws from which a law is learnt."""


class Calibration(nn.Module):
    """A rising map for each number; it starts as the identity.

    Notes
    -----
    ``forward(numbers (n, C)) -> (n, C)``.
    """

    scores: Tensor
    curves: Tensor

    def __init__(self, numbers: int) -> None:
        super().__init__()
        self.register_buffer("scores", torch.linspace(-REACH, REACH, POINTS), persistent=False)
        self.register_buffer("curves", self.scores.repeat(numbers, 1))

    def learn(self, numbers: Tensor, there: Tensor) -> None:
        """Learn from draws as the network makes them, (n, C), those that are there, (n, C) bool."""
        levels = torch.special.ndtr(self.scores.double())
        for i, column in enumerate(numbers.T):
            drawn = column[there[:, i]].double()
            if len(drawn) >= LEAST:
                self.curves[i] = rising(torch.quantile(drawn, levels)).to(self.curves)

    def forward(self, numbers: Tensor) -> Tensor:
        """Return calibrated numbers."""
        x = numbers.T.contiguous()
        after = torch.searchsorted(self.curves, x).clamp(1, POINTS - 1)
        low, high = self.curves.gather(1, after - 1), self.curves.gather(1, after)
        begin, end = self.scores[after - 1], self.scores[after]
        inside = begin + (end - begin) * ((x - low) / (high - low)).clamp(0, 1)
        below, above = (x - self.curves[:, :1]).clamp(max=0), (x - self.curves[:, -1:]).clamp(min=0)
        return (inside + below + above).clamp(-END, END).T


def rising(values: Tensor) -> Tensor:
    """Return values made to rise by at least a little, so that a map through them can be inverted."""
    return values.cummax(0).values + 1e-4 * torch.arange(len(values), device=values.device) / len(values)
