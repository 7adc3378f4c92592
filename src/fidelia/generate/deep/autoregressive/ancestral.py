"""Rows drawn part by part from the network of all conditionals: plain, under conditions, or around known cells.

Conditions are obeyed by their joint law under the model. The conditioned columns come first, each drawn from its law
cut to what is allowed; the mass that was cut away is the row's weight::

    q(x_A) = prod p(x_a | before) 1[x_a in S_a] / P(S_a | before),    weight = prod P(S_a | before)

so that rows resampled by weight follow p(x_A | x_A in S). Where every condition names a single value the weights are
equal and nothing is lost. The other columns are then drawn given these.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fidelia.generate.deep.autoregressive.nade import Conditionals
from fidelia.generate.deep.batch import scores
from fidelia.generate.deep.heads import categorical
from fidelia.generate.deep.layout import Drawn, Known, NumberColumn
from fidelia.generate.values import NumberAxis

log = logging.getLogger(__name__)

PROPOSALS = 8
"""Rows drawn for each row wanted where conditions are several."""
FREE = Known({}, {}, {})


@dataclass(slots=True, eq=False)
class Walk:
    """Rows on their way through the parts.

    Parameters
    ----------
    network : Conditionals
        Not in training.
    sums : (n, shared)
        Of what is known so far.
    tokens : (n, T) int64
    numbers : (n, C) float64
    """

    network: Conditionals
    sums: Tensor
    tokens: Tensor
    numbers: Tensor

    @classmethod
    def start(cls, network: Conditionals, n: int) -> Walk:
        """Return `n` rows of which nothing is known."""
        device, layout = network.enter.device, network.layout
        tokens = torch.zeros(n, len(layout.tokens), dtype=torch.long, device=device)
        numbers = torch.zeros(n, len(layout.numbers), dtype=torch.float64, device=device)
        return cls(network, torch.zeros(n, network.enter.shape[2], device=device), tokens, numbers)

    def take(self, rows: Tensor) -> Walk:
        """Return the rows at these positions."""
        return Walk(self.network, self.sums[rows], self.tokens[rows], self.numbers[rows])

    def visit(self, parts: Iterable[int], known: Known = FREE) -> Tensor:
        """Draw parts one after the other; return the log mass that the conditions left to each row, (n,)."""
        mass = torch.zeros(len(self.sums), device=self.sums.device)
        for part in parts:
            hidden = self.network.hidden_one(self.sums, self.network.sequence.ranks[part])
            number = part - self.tokens.shape[1]
            mass += self._token(hidden, part, known) if number < 0 else self._number(hidden, number, known)
        return mass

    def drawn(self) -> Drawn:
        """Return the rows."""
        return Drawn(self.tokens.cpu().numpy(), self.numbers.cpu().numpy())

    def _token(self, hidden: Tensor, part: int, known: Known) -> Tensor | float:
        logits = torch.log_softmax(self.network.logits_one(hidden, part), 1)
        allowed = self._allowed(part, known)
        if allowed is not None:
            logits = logits.masked_fill(~allowed, -torch.inf)
        self.tokens[:, part] = level = categorical(logits)
        self.sums += self.network.levels(level + self.network.blocks.begins[part])
        return 0.0 if allowed is None else torch.logsumexp(logits, 1)

    def _allowed(self, part: int, known: Known) -> Tensor | None:
        """The levels that a condition leaves, (n or 1, levels)."""
        if part in known.lows:
            return torch.from_numpy(known.lows[part]).to(self.tokens.device)[self.tokens[:, part - 1]]
        return torch.from_numpy(known.tokens[part])[None].to(self.tokens.device) if part in known.tokens else None

    def _number(self, hidden: Tensor, number: int, known: Known) -> Tensor | float:
        network, windows = self.network, known.windows.get(number)
        raw = network.law_one(hidden, number)
        cut = None if windows is None else torch.from_numpy(windows).to(raw.device)
        self.numbers[:, number] = found = snapped(axis_of(network, number), network.head.sample(raw, cut))
        gate = network.layout.numbers[number].gate
        there = torch.ones_like(found) if gate is None else (self.tokens[:, gate] == 0).double()
        self.sums += network.seen_one(found.float(), number) * there[:, None].float()
        if cut is None:
            return 0.0
        masses = network.head.log_mass(raw[:, None], cut[None, :, 0], cut[None, :, 1])
        return torch.logsumexp(masses, 1) * there.float()


def axis_of(network: Conditionals, number: int) -> NumberAxis:
    """Return the axis of a number's column."""
    column = network.layout.columns[network.layout.numbers[number].column]
    assert isinstance(column, NumberColumn) and column.axis is not None
    return column.axis


def snapped(axis: NumberAxis, numbers: Tensor) -> Tensor:
    """Return scores moved to the middle of what their value owns: the network sees values, as in training."""
    places = torch.special.ndtr(numbers).cpu().numpy()
    begin, end = axis.spans(axis.at(places))
    return scores(torch.from_numpy((begin + end) / 2)).double().to(numbers.device)


def drawn(network: Conditionals, n: int, known: Known | None) -> Drawn:
    """Draw `n` rows that obey conditions, by the model's joint law of the conditioned columns."""
    known = known or FREE
    first, rest = _conditioned_first(network, known)
    several = len(known.tokens) + len(known.lows) + len(known.windows) > 1
    walk = Walk.start(network, n * PROPOSALS if several else n)
    mass = walk.visit(first, known)
    if several and n:
        walk = walk.take(_resampled(mass.double(), n))
    walk.visit(rest)
    return walk.drawn()


def _conditioned_first(network: Conditionals, known: Known) -> tuple[list[int], list[int]]:
    """The parts of the conditioned columns, and the others, each in order."""
    tokens, sequence = len(network.layout.tokens), network.sequence
    named = {*known.tokens, *known.lows, *(number + tokens for number in known.windows)}
    columns = {sequence.columns[sequence.ranks[part]] for part in named}
    here = [column in columns for column in sequence.columns]
    pairs = list(zip(sequence.parts, here, strict=True))
    return [part for part, given in pairs if given], [part for part, given in pairs if not given]


def _resampled(mass: Tensor, n: int) -> Tensor:
    """Draw `n` positions by log weights, one in each of `n` equal strata: what weighs little hardly comes twice."""
    weights = (mass - mass.max()).exp()
    ess = float(weights.sum() ** 2 / (weights**2).sum())
    log.log(logging.WARNING if ess < n else logging.DEBUG, "%d rows under conditions: %.0f effective draws", n, ess)
    edges = weights.cumsum(0) / weights.sum()
    at = (torch.arange(n, device=mass.device) + torch.rand_like(mass[:n])) / n
    return torch.searchsorted(edges, at).clamp(max=len(mass) - 1)


def completed(network: Conditionals, known: Drawn, lacking: np.ndarray, possible: Known) -> Drawn:
    """Draw the lacking parts of rows given all their other parts.

    Parameters
    ----------
    known : Drawn
        The rows; what stands in lacking parts is not looked at.
    lacking : (n, parts) bool
        Which are to be drawn, by part as the layout has them.
    possible : Known
        What may be drawn.
    """
    walk = Walk.start(network, len(known))
    lacks = torch.from_numpy(lacking).to(walk.sums.device)
    walk.tokens, walk.numbers = (torch.from_numpy(a.copy()).to(walk.sums.device) for a in (known.tokens, known.numbers))
    walk.sums = (
        network.contributions(walk.tokens, walk.numbers.float(), network.active(walk.tokens))
        .mul_(~lacks.t()[network.sequence.parts, :, None])
        .sum(0)
    )
    for part in network.sequence.parts:
        rows = lacks[:, part].nonzero()[:, 0]
        if len(rows):
            some = walk.take(rows)
            some.visit([part], possible)
            walk.sums[rows], walk.tokens[rows], walk.numbers[rows] = some.sums, some.tokens, some.numbers
    return walk.drawn()
