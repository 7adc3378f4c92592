"""The weights of one autoregressive network in the places of another whose parts continue its own."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fidelia.generate.deep.autoregressive.nade import Conditionals, Grouped
from fidelia.generate.deep.continued import Ints, Kin


@torch.no_grad()
def graft(young: Conditionals, old: Conditionals, kin: Kin) -> None:
    """Give the parts of `young` that continue parts of `old` their weights.

    A new level begins as the mean of its column's levels; a new part begins by telling the others nothing.

    Parameters
    ----------
    young, old : Conditionals
        Of one width and depth; `young` has begun from the marginals of its rows.
    kin : Kin
    """
    tokens, numbers = len(young.layout.tokens), len(young.layout.numbers)
    young.levels.weight.zero_()
    young.curves.weight.zero_()
    young.curves.bias.zero_()
    for token, (before, levels) in kin.tokens.items():
        _token(young, old, token, before, levels)
    if kin.numbers:
        pairs = list(kin.numbers), list(kin.numbers.values())
        _grouped(young.curves, old.curves, *pairs)
        _grouped(young.number_laws, old.number_laws, *pairs)
    olds = len(old.layout.tokens)
    parts = {token: before for token, (before, _) in kin.tokens.items()}
    parts |= {tokens + number: olds + before for number, before in kin.numbers.items()}
    assert max(parts, default=0) < tokens + numbers
    to, of = [young.sequence.ranks[p] for p in parts], [old.sequence.ranks[p] for p in parts.values()]
    young.enter[to] = old.enter[of]
    for new, one in zip(young.layers, old.layers, strict=True):
        _grouped(new, one, to, of)


def _grouped(young: Grouped, old: Grouped, to: list[int], of: list[int]) -> None:
    young.weight[to], young.bias[to] = old.weight[of], old.bias[of]


def _token(young: Conditionals, old: Conditionals, token: int, before: int, levels: Ints) -> None:
    """Levels as they are seen and as they are told; the marginal law is that of the new rows."""
    law, one = young.token_laws[token], old.token_laws[before]
    begin, start = young.blocks.begins[token], old.blocks.begins[before]
    seen = old.levels.weight[start : start + one.out_features]
    young.levels.weight[begin : begin + len(levels)] = _taken(seen, levels)
    law.weight.copy_(_taken(one.weight, levels))
    law.bias.copy_(_taken(one.bias, levels))


def _taken(rows: Tensor, levels: Ints) -> Tensor:
    """Rows by old level; their mean for a new one."""
    known = torch.from_numpy(np.maximum(levels, 0)).to(rows.device)
    new = torch.from_numpy(levels < 0).to(rows.device)
    found = rows[known].clone()
    found[new] = rows.mean(0)
    return found
