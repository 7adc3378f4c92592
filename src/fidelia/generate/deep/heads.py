"""The law of one number given the outputs of a network: a mixture of logistic bells over normal scores.

A logistic law has its distribution function F in closed form, so the likelihood of a value is the exact mass of the
interval (a, b) of scores that it owns, a shared value's wide one or a single row's narrow one, without cancellation::

    F(b) - F(a) = s(b') s(-a') (1 - exp(a' - b')),    s(t) = 1 / (1 + exp(-t)),    t' = (t - mean) / scale

and a draw within an interval is exact as well. Even bins of positions, as TabularARGN has them, and bins beside bells
were tried: on data with sharp conditionals both fit unseen rows worse.

References
----------
Salimans, Karpathy, Chen and Kingma (2017), "PixelCNN++", ICLR (discretised mixtures of logistics).
Uria, Murray and Larochelle (2013), "RNADE", NeurIPS (mixtures as the conditionals of real numbers).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from fidelia.generate.deep.batch import EDGE
from fidelia.generate.deep.nets import gumbel

FAR = 1e4
"""The score of positions 0 and 1: what a value at the end of its column owns has no end."""
NARROWEST, WIDEST = -7.0, 2.0
"""Log scales of bells."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """A mixture of logistic laws in normal scores, read as a law of positions in [0, 1].

    Parameters
    ----------
    bells : int
        How many.

    Notes
    -----
    Shapes: ``raw`` is ``(..., width)``, a network's outputs: the bells' logits, means and log scales. Positions are
    float64 ``(...)``.
    """

    bells: int = 12

    @property
    def width(self) -> int:
        """Outputs that one number needs."""
        return 3 * self.bells

    def start(self) -> Tensor:
        """Return outputs (width,) that spread the bells over the normal law, for a network to begin with."""
        places = (torch.arange(self.bells, dtype=torch.float64) + 0.5) / self.bells
        scales = torch.full((self.bells,), math.log(1.5 / self.bells))
        return torch.cat([torch.zeros(self.bells), torch.special.ndtri(places).float(), scales])

    def plainest(self) -> Tensor:
        """Return outputs (width,) of which all bells are one, about as wide as the normal law."""
        scales = torch.full((self.bells,), math.log(math.sqrt(3) / math.pi))
        return torch.cat([torch.zeros(2 * self.bells), scales])

    def log_mass(self, raw: Tensor, begin: Tensor, end: Tensor) -> Tensor:
        """Return the log probability of positions between `begin` and `end`, (...)."""
        weights, means, scales = self._parts(raw)
        return torch.logsumexp(weights + _log_masses(means, scales, begin, end), -1)

    def sample(self, raw: Tensor, windows: Tensor | None = None) -> Tensor:
        """Draw a normal score from each law (n, width), within windows of positions (w, 2) if given; (n,) float64."""
        windows = raw.new_tensor([[0.0, 1.0]]) if windows is None else windows.to(raw.device)
        begin, end = windows.double().unbind(1)
        weights, means, scales = (part[:, None] for part in self._parts(raw))
        masses = weights + _log_masses(means, scales, begin[None], end[None])
        chosen = categorical(masses.flatten(1))
        window, bell = chosen // self.bells, chosen % self.bells
        mean, scale = (part[:, 0].gather(1, bell[:, None])[:, 0].double() for part in (means, scales))
        return _between(mean, scale.exp(), score(begin[window]), score(end[window]))

    def _parts(self, raw: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log weights, means and log scales, each (..., bells)."""
        weights, means, scales = raw.chunk(3, -1)
        return F.log_softmax(weights, -1), means, scales.clamp(NARROWEST, WIDEST)


def score(places: Tensor) -> Tensor:
    """Return the normal scores of positions, float64; the ends of [0, 1] are far away."""
    found = torch.special.ndtri(places.double().clamp(EDGE, 1 - EDGE))
    return torch.where(places <= EDGE, -FAR, torch.where(places >= 1 - EDGE, FAR, found))


def categorical(logits: Tensor) -> Tensor:
    """Draw a position from each row of logits (n, m), (n,) int64 (Gumbel's maximum); -inf is never drawn."""
    return (logits + gumbel(logits)).argmax(1)


def _log_masses(means: Tensor, scales: Tensor, begin: Tensor, end: Tensor) -> Tensor:
    """Log mass of each bell between positions, (..., bells)."""
    low, high = score(begin)[..., None], score(end)[..., None]
    inverse = torch.exp(-scales)
    right, left = (high.float() - means) * inverse, (low.float() - means) * inverse
    share = -torch.expm1(-(high - low).float() * inverse)
    return F.logsigmoid(right) + F.logsigmoid(-left) + (share + 1e-30).log()


def _between(mean: Tensor, scale: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Draw from logistic laws within intervals of scores; float64 (n,)."""
    # Mirrored into the lower tail, where the distribution function keeps its precision.
    side = torch.where((low + high) / 2 > mean, -1.0, 1.0).double()
    first, last = torch.where(side > 0, low, -high), torch.where(side > 0, high, -low)
    below, above = torch.sigmoid((first - side * mean) / scale), torch.sigmoid((last - side * mean) / scale)
    place = below + torch.rand_like(mean) * (above - below)
    drawn = side * mean + scale * torch.logit(place.clamp(1e-300, 1 - 1e-16))
    return side * torch.minimum(torch.maximum(drawn, first), last)
