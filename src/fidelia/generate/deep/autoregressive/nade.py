"""All conditionals of a row at once: a neural autoregressive density estimator with a network for each part.

The parts of a layout (tokens and numbers) stand in a fixed order. Each part that is known adds a learnt vector to a
shared sum, and each part's own small network reads the sum of what comes before it and gives its law::

    a_d = sum of e_i(x_i) over i before d,    p(x_d | before) = head_d(mlp_d(a_d))

Since the sums are cumulative, one pass over a row gives the likelihoods of all its parts, and drawing a row costs no
more. The order may be changed row by row: a subset S of columns first, then the others, each in the usual order. Then
any subset can be given, and what is trained is exactly what conditions, imputation and densities ask for. A share of
every batch keeps the plain order, in which rows are drawn when nothing is given.

References
----------
Larochelle and Murray (2011), "The neural autoregressive distribution estimator", AISTATS (the shared sums).
Uria, Murray and Larochelle (2014), "A deep and tractable density estimator", ICML (any order, deep).
Different here: each part has layers of its own, batched in one product, instead of a trunk shared by all, which on a
CPU trains many times faster per conditional; the orders are those that are used, not all; heads of mixed kinds.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from fidelia.generate.deep.batch import Batch, Rows, scores
from fidelia.generate.deep.family import Network
from fidelia.generate.deep.heads import Mixture
from fidelia.generate.deep.layout import Drawn, Known, Layout
from fidelia.generate.deep.loop import Moment, Move
from fidelia.generate.deep.nets import Blocks

FINEST = 1e-5
"""Least share of positions that a value owns."""
KNOTS = 16
"""Pieces of the curves through which numbers are seen."""


class Grouped(nn.Module):
    """A linear layer for each of several groups, as one product.

    Notes
    -----
    ``forward(x (groups, n, inputs)) -> (groups, n, outputs)``; ``one(x (n, inputs), g) -> (n, outputs)``.
    """

    def __init__(self, groups: int, inputs: int, outputs: int, gain: float = 1.0) -> None:
        super().__init__()
        bound = gain * math.sqrt(3 / inputs)
        self.weight = nn.Parameter(torch.empty(groups, inputs, outputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(groups, 1, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs of all groups."""
        found: Tensor = torch.baddbmm(self.bias, x, self.weight)
        return found

    def one(self, x: Tensor, group: int) -> Tensor:
        """Return the outputs of one group."""
        found: Tensor = torch.addmm(self.bias[group], x, self.weight[group])
        return found


class Sequence:
    """The order of the parts: the columns as they stand, a number after its gate, a low digit after its high one.

    Parameters
    ----------
    layout : Layout

    Attributes
    ----------
    parts : list of int
        Parts (tokens, then numbers) in order.
    ranks : list of int
        The place of each part.
    columns : list of int
        The column, counted from 0, of the part at each place.
    """

    def __init__(self, layout: Layout) -> None:
        at = {name: i for i, name in enumerate(layout.columns)}
        owners = [at[token.column] for token in layout.tokens] + [at[number.column] for number in layout.numbers]
        self.parts = sorted(range(len(owners)), key=lambda part: (owners[part], part))
        self.ranks = sorted(range(len(owners)), key=self.parts.__getitem__)
        self.columns = [owners[part] for part in self.parts]


class Conditionals(Network):
    """The network; all its tensors over parts are in the order of `sequence`.

    Parameters
    ----------
    width, depth : int
        Of each part's own network.
    shared : int
        Width of the shared sum.
    plain : float
        Share of every batch that keeps the plain order.
    """

    def __init__(
        self, layout: Layout, *, width: int, shared: int, depth: int, head: Mixture,
        plain: float, rate: float,
    ) -> None:  # fmt: skip
        super().__init__()
        self.layout, self.head, self.plain, self.rate = layout, head, plain, rate
        self.width = width
        self.blocks, self.sequence = Blocks.of(layout), Sequence(layout)
        parts, numbers = len(self.sequence.parts), len(layout.numbers)
        self.levels = nn.Embedding(max(self.blocks.width, 1), shared)
        self.curves = Grouped(numbers, KNOTS + 1, shared)
        self.enter = nn.Parameter(torch.zeros(parts, 1, shared))
        sizes = [shared, *[width] * depth]
        self.layers = nn.ModuleList([Grouped(parts, sizes[i], sizes[i + 1]) for i in range(depth)])
        self.dropout, self.decay = nn.Dropout(0.0), 0.0
        self.token_laws = nn.ModuleList([nn.Linear(width, token.levels) for token in layout.tokens])
        self.number_laws = Grouped(numbers, width, head.width, gain=0.1)
        self.register_buffer("finest", torch.tensor(FINEST))
        self.register_buffer("marginals", torch.zeros(self.blocks.width))
        self.register_buffer("plainest", head.plainest(), persistent=False)
        if numbers:
            self.number_laws.bias.data += head.start() - self.plainest

    def begin(self, rows: Rows) -> None:
        """Start from the marginal laws; remember what share of the positions a single row owns.

        All weights decay, biases too: they stand for what is less plain than the marginal laws of tokens and one bell
        for each number, and few rows should not leave that far behind.
        """
        self.finest.fill_(max(1 / max(len(rows), 1), FINEST))
        for law, token, logs in zip(
            self.token_laws, rows.tokens.t(), self.marginals.split(self.blocks.sizes), strict=True
        ):
            counts = torch.bincount(token, minlength=law.out_features).float() + 0.5
            logs.copy_((counts / counts.sum()).log())
            law.bias.data.zero_()
            law.weight.data *= 0.1

    def moves(self) -> dict[str, Move]:
        """Return the one update: all weights by likelihood."""
        return {"likelihood": Move(self, self.loss, rate=self.rate, decay=self.decay)}

    def loss(self, batch: Batch, moment: Moment) -> Tensor:  # noqa: ARG002 - the same at every moment
        """Return the negative log likelihood of a batch, a mean over rows."""
        free = round((1 - self.plain) * len(batch))
        return self.nll(self.owned(batch), self.firsts(free) if free else None).sum(1).mean()

    def score(self, rows: Rows) -> float:
        """Return the negative log likelihood of validation rows, in slices, in the orders of training."""
        total = 0.0
        for piece in torch.arange(len(rows)).split(4096):
            batch = self.owned(rows.batch(piece))
            usual, other = (self.nll(batch, given).sum() for given in (None, self.firsts(len(batch))))
            total += float(self.plain * usual + (1 - self.plain) * other)
        return total / len(rows)

    def firsts(self, n: int) -> Tensor:
        """Draw for each row the columns that come first, any number of them: (parts, n) bool."""
        columns = max(self.sequence.columns, default=0) + 1
        size = torch.randint(columns, (n, 1), device=self.enter.device)
        first = torch.rand(n, columns, device=self.enter.device).argsort(1) < size
        return first.t()[torch.tensor(self.sequence.columns, device=first.device)]

    def nll(self, batch: Batch, first: Tensor | None = None) -> Tensor:
        """Return the negative log likelihood of each part, (n, parts as the layout has them).

        Parameters
        ----------
        first : (parts in order, m) bool or None
            For the last m rows the parts that come first; the other rows keep the plain order.
        """
        known = self.contributions(batch.tokens, batch.numbers, batch.active)
        hidden = self.hidden(self.sums(known, first))[self.sequence.ranks]
        tokens = self.blocks.nll(self.logits(hidden), batch.tokens)
        if not self.layout.numbers:
            return tokens
        raw = self.number_laws(hidden[len(self.token_laws) :]).float() + self.plainest
        mass = self.head.log_mass(raw, batch.begin.t(), batch.end.t()).t()
        return torch.cat([tokens, -mass * batch.active], 1)

    def owned(self, batch: Batch) -> Batch:
        """Return a batch whose numbers are seen as their values, each of which owns at least what a single row does."""
        begin, end = batch.begin.double(), batch.end.double()
        more = (self.finest - (end - begin)).clamp(min=0) / 2
        wider = {"begin": (begin - more).clamp(min=0), "end": (end + more).clamp(max=1)}
        return replace(batch, numbers=scores((begin + end) / 2), **wider)

    def contributions(self, tokens: Tensor, numbers: Tensor, active: Tensor) -> Tensor:
        """Return what each part adds to the sums, (parts, n, shared); a number that is not there adds nothing."""
        found = [self.levels((tokens + self.blocks._offsets.to(tokens.device)).t())]
        if self.layout.numbers:
            seen = self.curves(curve(numbers.t()))
            gated = any(number.gate is not None for number in self.layout.numbers)
            found.append(seen * active.t()[..., None] if gated else seen)
        return torch.cat(found)[self.sequence.parts]

    def seen_one(self, numbers: Tensor, number: int) -> Tensor:
        """Return what one number that is there adds to the sums, (n, shared)."""
        return self.curves.one(curve(numbers), number)

    def active(self, tokens: Tensor) -> Tensor:
        """Return which numbers are there, (n, C) bool."""
        there = torch.ones(len(tokens), len(self.layout.numbers), dtype=torch.bool, device=tokens.device)
        for i, number in enumerate(self.layout.numbers):
            if number.gate is not None:
                there[:, i] = tokens[:, number.gate] == 0
        return there

    def sums(self, known: Tensor, first: Tensor | None) -> Tensor:
        """Return what stands before each part, (parts, n, shared)."""
        before = torch.ones(len(known), len(known), device=known.device).tril(-1)
        usual = (before @ known.flatten(1)).view_as(known)
        if first is None:
            return usual
        rest = known.shape[1] - first.shape[1]
        given = known[:, rest:] * first[..., None]
        inside = (before @ given.flatten(1)).view_as(given)
        outside = given.sum(0) + usual[:, rest:] - inside
        return torch.cat([usual[:, :rest], torch.where(first[..., None], inside, outside)], 1)

    def hidden(self, sums: Tensor) -> Tensor:
        """Return the last layer of each part's network, (parts, n, width)."""
        x = self._dropped(F.silu(F.layer_norm(sums, sums.shape[-1:]) + self.enter))
        for i, layer in enumerate(self.layers):
            inside = self._dropped(F.silu(layer(x)))
            x = x + inside if i else inside
        return x

    def hidden_one(self, sums: Tensor, place: int) -> Tensor:
        """Return the same for the part at one place, (n, width), without dropout."""
        x = F.silu(F.layer_norm(sums, sums.shape[-1:]) + self.enter[place])
        for i, layer in enumerate(self.layers):
            inside = F.silu(layer.one(x, place))
            x = x + inside if i else inside
        return x

    def draw(self, n: int, known: Known | None = None) -> Drawn:
        """Return `n` rows that obey conditions by the model's law; see `ancestral`."""
        from fidelia.generate.deep.autoregressive.ancestral import drawn

        return drawn(self, n, known)

    def _dropped(self, x: Tensor) -> Tensor:
        """Dropout by one pattern for all parts: drawing one for each would cost more than the products."""
        return x * self.dropout(torch.ones_like(x[0])) if self.training and self.dropout.p else x

    def logits(self, hidden: Tensor) -> Tensor:
        """Return the logits of all tokens side by side, (n, W)."""
        found = [law(hidden[i]).float() for i, law in enumerate(self.token_laws)]
        return torch.cat(found, 1) + self.marginals if found else hidden.new_zeros(hidden.shape[1], 0)

    def logits_one(self, hidden: Tensor, token: int) -> Tensor:
        """Return the logits of one token, (n, levels)."""
        begin, size = self.blocks.begins[token], self.blocks.sizes[token]
        found: Tensor = self.token_laws[token](hidden) + self.marginals[begin : begin + size]
        return found

    def law_one(self, hidden: Tensor, number: int) -> Tensor:
        """Return the law of one number, (n, width of its head)."""
        return self.number_laws.one(hidden, number) + self.plainest


def curve(numbers: Tensor) -> Tensor:
    """Return numbers (...) as inputs of a piecewise linear curve, (..., KNOTS + 1).

    The score itself and, for each of even bins of positions, how much of it lies below (Gorishniy et al., 2022, "On
    embeddings for numerical features", NeurIPS).
    """
    places = torch.special.ndtr(numbers)[..., None] * KNOTS
    steps = (places - torch.arange(KNOTS, device=numbers.device)).clamp(0, 1)
    return torch.cat([numbers[..., None], steps], -1)
