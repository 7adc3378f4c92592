"""From noise to rows: numbers follow the probability flow, tokens show one by one.

Which token shows when is drawn before: token j of a row shows at the time ``u^(1/k_j)``, u uniform, so that between
t and s it shows with probability ``(alpha_s - alpha_t) / (1 - alpha_t)``. What a token is, given the noisy numbers
and the tokens that show, does not depend on how many are masked on average. So numbers may stand still while the
tokens that are due in a step show one after the other, each drawn given all before it: exact, where drawing all of
a step's tokens at once would make them independent. It costs one evaluation more for each token of a row.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from fidelia.generate.deep.diffusion.guide import Guide
from fidelia.generate.deep.diffusion.noise import Schedules, enter, out, skip

if TYPE_CHECKING:
    from fidelia.generate.deep.nets import Blocks

PASSES = 64
"""Most evaluations for each row that only show tokens; with more tokens several show at once."""


class Denoising(Protocol):
    """What the sampler needs to know about a model."""

    blocks: Blocks
    schedules: Schedules
    masks: Tensor
    """The mask of each token, (T,): the level after its last."""

    def denoised(self, tokens: Tensor, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (n, W) and expected numbers (n, C) of noisy rows at one time (1,)."""
        ...


def reverse(model: Denoising, guide: Guide, n: int, *, steps: int, churn: float = 0.0) -> tuple[Tensor, Tensor]:
    """Draw rows.

    Parameters
    ----------
    guide : Guide
        Conditions.
    steps : int
        From noise to data, at even times.
    churn : float
        By how many steps numbers go back into fresh noise before each step: 0 follows the flow, which is
        deterministic; more forgets the errors of earlier steps.

    Returns
    -------
    tokens : (n, T) int64
    numbers : (n, C) float32
    """
    schedules, device = model.schedules, model.masks.device
    times = torch.linspace(1, 0, steps + 1, device=device)
    order = guide.order(schedules.shows(n))
    tokens = guide.fixed(model.masks.expand(n, -1).clone())
    x = torch.randn(n, schedules.numbers, device=device) * (1 + schedules.sigma(times[:1]) ** 2).sqrt()
    for t, s in pairwise(times.split(1)):
        tokens = shown(model, guide, tokens, x, t, order, order >= s)
        x = heun(model, guide, tokens, x, t, s, churn)
    return tokens, _numbers(model, guide, tokens, x, times[-1:])


def heun(model: Denoising, guide: Guide, tokens: Tensor, x: Tensor, t: Tensor, s: Tensor, churn: float = 0.0) -> Tensor:
    """Return the numbers at time s < t, by Heun's method in the angle of the noise; see `turned`."""
    if churn:
        back = (t + churn * (t - s)).clamp(max=1)
        more = model.schedules.sigma(back) ** 2 - model.schedules.sigma(t) ** 2
        x, t = x + more.clamp(min=0).sqrt() * torch.randn_like(x), back
    begin, end = model.schedules.sigma(t), model.schedules.sigma(s)
    return turned(
        x, begin, end, lambda x: _away(model, guide, tokens, x, t), lambda x: _away(model, guide, tokens, x, s)
    )


def turned(
    x: Tensor, begin: Tensor, end: Tensor, first: Callable[[Tensor], Tensor], last: Callable[[Tensor], Tensor]
) -> Tensor:
    """Return noisy numbers brought from the noise `begin` to the noise `end` by Heun's method in its angle.

    With ``theta = arctan(sigma)`` and ``y = x / sqrt(1 + sigma^2)`` the flow ``dx / d sigma = (x - D) / sigma`` is
    ``dy / d theta = -F``, where ``D = c_skip x + c_out F``. F is 0 for a standard normal number, so that marginal
    laws are kept however few the steps; in sigma itself 12 steps make a standard deviation 5 % too large.

    Parameters
    ----------
    first, last : callable
        F of numbers with the noise `begin` and with the noise `end`.
    """
    y, turn = enter(begin) * x, end.atan() - begin.atan()
    slope = first(x)
    guess = (y - turn * slope) / enter(end)
    return (y - turn * (slope + last(guess)) / 2) / enter(end)


def shown(model: Denoising, guide: Guide, tokens: Tensor, x: Tensor, t: Tensor, order: Tensor, due: Tensor) -> Tensor:
    """Return tokens (n, T) with those that are due (n, T) shown, each row's one after the other by falling order."""
    tokens, pending = tokens.clone(), due & (tokens == model.masks)
    together = -(-len(model.masks) // PASSES)
    while len(rows := pending.any(1).nonzero()[:, 0]):
        waiting, seen = pending[rows], tokens[rows]
        logits, _ = model.denoised(seen, x[rows], t)
        levels = model.blocks.sample(guide.barred(logits, seen))
        first = torch.where(waiting, order[rows], -1.0).topk(together, dim=1).indices
        now = torch.zeros_like(waiting).scatter_(1, first, True) & waiting
        tokens[rows] = torch.where(now, levels, seen)
        pending[rows] = waiting & ~now
    return tokens


def _numbers(model: Denoising, guide: Guide, tokens: Tensor, x: Tensor, t: Tensor) -> Tensor:
    if not x.shape[1]:
        return x
    return guide.within(model.denoised(tokens, x, t)[1], model.schedules.sigma(t))


def _away(model: Denoising, guide: Guide, tokens: Tensor, x: Tensor, t: Tensor) -> Tensor:
    """F: what the denoised numbers add to those of a standard normal law, in units of c_out."""
    sigma = model.schedules.sigma(t)
    return (_numbers(model, guide, tokens, x, t) - skip(sigma) * x) / out(sigma)
