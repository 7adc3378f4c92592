"""Raking: corrections of odds with which the rows that are chosen have the true share of every level and number.

Choosing among few candidates cannot give the largest odds their due, so the chosen rows are still a little off in every
column. A sum of one term for each column, added to the logarithm of the odds, mends that: iterative proportional
fitting of the chances of being chosen to shares that are known, those of the levels, and equal ones for equal parts of
each number's law.

References
----------
Deming and Stephan (1940), "On a least squares adjustment of a sampled frequency table when the expected marginal totals
are known", Ann. Math. Statist. 11(4).
Rosen (1997), "Asymptotic theory for order sampling", J. Statist. Plann. Inference 62(2): the chances.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fidelia.generate.deep.layout import Layout
from fidelia.generate.deep.nets import Blocks

PARTS, ROUNDS, MOST = 20, 8, 4.0
"""Parts of the law of a number, passes over the columns, and the largest correction of one column."""


class Raking(nn.Module):
    """A correction for each level and each part of a number's law; it starts with none.

    Notes
    -----
    ``forward(tokens (n, T), numbers (n, C)) -> (n,)``, to be added to log odds.
    """

    begins: Tensor
    terms: Tensor

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        blocks = Blocks.of(layout)
        self.gates = [number.gate for number in layout.numbers]
        self.sizes = [*blocks.sizes, *[PARTS] * len(self.gates)]
        ends = torch.tensor([0, *self.sizes]).cumsum(0)
        self.register_buffer("begins", ends[:-1], persistent=False)
        self.register_buffer("terms", torch.zeros(int(ends[-1]) + 1))

    def forward(self, tokens: Tensor, numbers: Tensor) -> Tensor:
        """Return the sum of the corrections of each row."""
        return self.terms[self.cells(tokens, numbers)].sum(1)

    def cells(self, tokens: Tensor, numbers: Tensor) -> Tensor:
        """Return where each part of a row stands among the terms, (n, T + C); the last for numbers not there."""
        parts = (torch.special.ndtr(numbers.double()) * PARTS).long().clamp(0, PARTS - 1)
        found = torch.cat([tokens, parts], 1) + self.begins
        for i, gate in enumerate(self.gates):
            if gate is not None:
                found[tokens[:, gate] > 0, tokens.shape[1] + i] = len(self.terms) - 1
        return found

    def learn(self, odds: Tensor, tokens: Tensor, numbers: Tensor, share: Tensor, kept: float) -> None:
        """Fit the corrections to drawn rows with log odds (n,) of which a part `kept` is chosen.

        Parameters
        ----------
        share : (W,)
            True shares of levels.
        """
        cells, wanted = self.cells(tokens, numbers), self._wanted(share)
        total = odds + self.terms[cells].sum(1)
        for _ in range(ROUNDS):
            level = bar(total, kept)
            for begin, size, at in zip(self.begins.tolist(), self.sizes, cells.T, strict=True):
                chances = chance(total + level)
                found = torch.zeros_like(self.terms).scatter_add(0, at, chances)
                mine = slice(begin, begin + size)
                change = torch.zeros_like(self.terms)
                change[mine] = (wanted[mine] * chances.sum() / found[mine]).log().nan_to_num(0, 0, 0)
                after = (self.terms + change).clamp(-MOST, MOST)
                total = total + (after - self.terms)[at]
                self.terms.copy_(after)

    def _wanted(self, share: Tensor) -> Tensor:
        """The true share of every cell."""
        begins = self.begins.tolist()
        open_ = [share.new_ones(()) if gate is None else share[begins[gate]] for gate in self.gates]
        return torch.cat([share, *(one.expand(PARTS) / PARTS for one in open_)])


def inclusion(odds: Tensor, kept: float) -> Tensor:
    """Return each row's chance of being chosen when a part `kept` of all rows is, in proportion to ``exp(odds)``."""
    return chance(odds + bar(odds, kept))


def bar(odds: Tensor, kept: float) -> Tensor:
    """Return what is to be added to log odds for chances of the mean `kept`, found by bisection."""
    low, high = -odds.max() - 20, -odds.min() + 20
    for _ in range(40):
        middle = (low + high) / 2
        enough = chance(odds + middle).mean() > kept
        low, high = torch.where(enough, low, middle), torch.where(enough, middle, high)
    return high


def chance(odds: Tensor) -> Tensor:
    """Return ``1 - exp(-exp(odds))``, the chance of order sampling."""
    return -torch.expm1(-odds.clamp(max=20).exp())
