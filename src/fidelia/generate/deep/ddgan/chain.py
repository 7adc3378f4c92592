"""The chain of a denoising diffusion GAN: a few large Gaussian steps from data to noise, and the way back.

``q(x_t | x_{t-1}) = N(sqrt(1 - beta_t) x_{t-1}, beta_t)``, so ``q(x_t | x_0) = N(sqrt(abar_t) x_0, 1 - abar_t)`` with
``abar_t = prod(1 - beta_s)``. The levels are those of the continuous variance-preserving process at ``t_i``:
``abar_i = exp(-b t_i^2 / 2 - .1 t_i)`` with ``b = 20 - .1``. The paper takes the times evenly, ``t_i = i / T``; most of
its steps for T = 4 then end in nearly pure noise, and the last one has half the variance left to explain. Here
``t_i = (i / T)^rho``, which spends the steps where they tell something.

References
----------
Xiao, Kreis and Vahdat (2022), "Tackling the generative learning trilemma with denoising diffusion GANs", ICLR.
Ho, Jain and Abbeel (2020), "Denoising diffusion probabilistic models", NeurIPS, eq. 4, 6 and 7.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

LEAST, MOST = 0.1, 20.0
"""The rate at which the continuous process forgets, at its begin and end."""


def survivals(steps: int, rho: float) -> Tensor:
    """Return ``abar_0 = 1`` to ``abar_T``: the share of the data's variance that each step leaves, (steps + 1,).

    Parameters
    ----------
    rho : float
        Exponent of the times; 1 for even ones.
    """
    t = (torch.arange(steps + 1, dtype=torch.float64) / steps) ** rho
    return torch.exp(-0.5 * t**2 * (MOST - LEAST) - LEAST * t)


class Chain(nn.Module):
    """The steps as tables. Step numbers t are int64 tensors (n,) in [1, steps]; rows are (n, width).

    Parameters
    ----------
    steps : int
        T, at least 1.
    rho : float
        See `survivals`.
    """

    abar: Tensor
    beta: Tensor

    def __init__(self, steps: int, rho: float = 1.0) -> None:
        super().__init__()
        self.steps = steps
        abar = survivals(steps, rho)
        beta = torch.cat([torch.zeros(1, dtype=torch.float64), 1 - abar[1:] / abar[:-1]])
        self.register_buffer("abar", abar.float(), persistent=False)
        self.register_buffer("beta", beta.float(), persistent=False)

    def noised(self, x0: Tensor, t: Tensor) -> Tensor:
        """Draw ``x_t`` from ``q(x_t | x_0)``; t may be 0."""
        abar = self.abar[t][:, None]
        return abar.sqrt() * x0 + (1 - abar).sqrt() * torch.randn_like(x0)

    def pair(self, x0: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Draw ``x_{t-1}`` from ``q(x_{t-1} | x_0)`` and, one step on, ``x_t`` from ``q(x_t | x_{t-1})``."""
        before, beta = self.noised(x0, t - 1), self.beta[t][:, None]
        return before, (1 - beta).sqrt() * before + beta.sqrt() * torch.randn_like(x0)

    def posterior(self, x0: Tensor, xt: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean (n, width) and variance (n, 1) of ``q(x_{t-1} | x_t, x_0)``; at t = 1 they are x0 and 0."""
        abar, beta, before = self.abar[t][:, None], self.beta[t][:, None], self.abar[t - 1][:, None]
        clean = before.sqrt() * beta / (1 - abar)
        noisy = (1 - beta).sqrt() * (1 - before) / (1 - abar)
        return clean * x0 + noisy * xt, beta * (1 - before) / (1 - abar)

    def back(self, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """Draw ``x_{t-1}`` from ``q(x_{t-1} | x_t, x_0)``, differentiable in x0."""
        mean, variance = self.posterior(x0, xt, t)
        return mean + variance.sqrt() * torch.randn_like(mean)
