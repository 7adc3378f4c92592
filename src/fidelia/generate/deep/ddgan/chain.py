"""The chain of a denoising diffusion GAN: a few large Gaussian steps from data to noise, and the way back.

``q(x_t | x_{t-1}) = N(sqrt(1 - beta_t) x_{t-1}, beta_t)``, so ``q(x_t | x_0) = N(sqrt(abar_t) x_0, 1 - abar_t)`` with
``abar_t = prod(1 - beta_s)``. The paper's variance-preserving levels at even times end in nearly pure noise for most
of the steps, and the last step back has half the variance left to explain. Here the angle of the noise rises as a
power, ``abar_i = cos^2(pi / 2 (i / T)^rho)``: with T = 3 and rho = 2 the noise is 0.18 and 0.84 times the signal, then
all there is. The last step back, in which no noise hides errors from the discriminator, keeps the fine work.

References
----------
Xiao, Kreis and Vahdat (2022), "Tackling the generative learning trilemma with denoising diffusion GANs", ICLR.
Ho, Jain and Abbeel (2020), "Denoising diffusion probabilistic models", NeurIPS, eq. 4, 6 and 7.
Nichol and Dhariwal (2021), "Improved denoising diffusion probabilistic models", ICML, eq. 17: the cosine, for rho = 1.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def survivals(steps: int, rho: float) -> Tensor:
    """Return ``abar_0 = 1`` to ``abar_T``: the share of the data's variance that each step leaves, (steps + 1,).

    Parameters
    ----------
    rho : float
        Exponent of the times; 1 for even ones.
    """
    t = (torch.arange(steps + 1, dtype=torch.float64) / steps) ** rho
    return torch.cos(t * torch.pi / 2).square()


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

    def __init__(self, steps: int, rho: float) -> None:
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
