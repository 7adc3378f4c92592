"""The discriminator of a denoising diffusion GAN: is this step back, from x_t to x_{t-1}, one of real rows?

References
----------
Xiao, Kreis and Vahdat (2022), "Tackling the generative learning trilemma with denoising diffusion GANs", ICLR.
Mescheder, Geiger and Nowozin (2018), "Which training methods for GANs do actually converge?", ICML, eq. 9.
Lin, Khetan, Fanti and Oh (2018), "PacGAN: the power of two samples in generative adversarial networks", NeurIPS.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from fidelia.generate.deep.ddgan.chain import Chain
from fidelia.generate.deep.ddgan.denoiser import FREQUENCIES, waves

SLOPE = 0.2
"""Of the leaky rectifier for negative values."""
TIME = 32
"""Width of the embedding of steps."""


class Discriminator(nn.Module):
    """A perceptron with residual layers that gives the log odds of each pack of steps.

    Parameters
    ----------
    inputs : int
        Width of a row.
    numbers : int
        How many of a row's last values are numbers: these are shown as sines and cosines too, beside which rectifiers
        are slow to see several modes.
    chain : Chain
    width, depth : int
        Of its layers.
    pac : int
        Consecutive rows, of one step number, that are judged together.

    Notes
    -----
    ``forward(before (n, inputs), xt (n, inputs), t (n,)) -> (n / pac,)``.
    """

    def __init__(self, inputs: int, numbers: int, chain: Chain, *, width: int, depth: int, pac: int) -> None:
        super().__init__()
        self.pac, self.numbers, self.chain = pac, numbers, chain
        self.time = nn.Embedding(chain.steps + 1, TIME)
        self.enter = nn.Linear((2 * inputs + 2 * FREQUENCIES * numbers) * pac + TIME, width)
        self.layers = nn.ModuleList([nn.Linear(width, width) for _ in range(depth)])
        self.leave = nn.Linear(width, 1)

    def forward(self, before: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """Return log odds that ``before`` is real."""
        noise = (1 - self.chain.abar[t - 1][:, None]).sqrt()
        seen = waves(before[:, before.shape[1] - self.numbers :], noise)
        packs = torch.cat([before, xt, seen], 1).reshape(len(before) // self.pac, -1)
        hidden = F.leaky_relu(self.enter(torch.cat([packs, self.time(t[:: self.pac])], 1)), SLOPE)
        for layer in self.layers:
            hidden = hidden + F.leaky_relu(layer(hidden), SLOPE)
        found: Tensor = self.leave(hidden)[:, 0]
        return found
