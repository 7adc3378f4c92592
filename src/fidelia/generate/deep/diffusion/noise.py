"""Noise on mixed rows: schedules of both kinds under one time, EDM's preconditioning, posterior means in windows.

Time t runs from 0 (data) to 1 (nothing known). A number is covered by Gaussian noise of standard deviation
``sigma_i(t) = (low^(1/rho_i) + t (high^(1/rho_i) - low^(1/rho_i)))^rho_i`` (Karras et al. 2022, eq. 5), a token by a
mask with probability ``m_j(t) = t^k_j``, so ``alpha = 1 - t^k``. Each column has a rho or k of its own.

References
----------
Karras, Aittala, Aila, Laine (2022), "Elucidating the design space of diffusion-based generative models", NeurIPS.
Sahoo et al. (2024), "Simple and effective masked diffusion language models", NeurIPS.
Shi et al. (2025), "TabDiff: a mixed-type diffusion model for tabular data generation", ICLR.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

LOW, HIGH = 0.005, 20.0
"""Standard deviations of the noise at t = 0 and t = 1, in normal scores."""
RHO, K = 7.0, 1.0
"""Where schedules start: Karras et al.'s rho; tokens masked at an even rate."""


class Schedules(nn.Module):
    """How fast each column is covered.

    Parameters
    ----------
    tokens, numbers : int
        How many there are.
    learnt : bool
        Whether every column learns its own.
    """

    def __init__(self, tokens: int, numbers: int, *, learnt: bool = True) -> None:
        super().__init__()
        self.learnt = learnt
        self.rho_raw = nn.Parameter(torch.zeros(numbers), requires_grad=learnt)
        self.k_raw = nn.Parameter(torch.zeros(tokens), requires_grad=learnt)

    @property
    def rho(self) -> Tensor:
        """Return the exponent of each number, (C,), above 1."""
        return 1 + (RHO - 1) * self.rho_raw.exp()

    @property
    def k(self) -> Tensor:
        """Return the exponent of each token, (T,), within 1/4 and 4."""
        return K * (math.log(4) * torch.tanh(self.k_raw)).exp()

    def sigma(self, t: Tensor) -> Tensor:
        """Return the noise of each number at times (n,), (n, C)."""
        return self._root(t) ** self.rho

    def speed(self, t: Tensor) -> Tensor:
        """Return d ln sigma / dt at times (n,), (n, C)."""
        return self.rho * (HIGH ** (1 / self.rho) - LOW ** (1 / self.rho)) / self._root(t)

    def _root(self, t: Tensor) -> Tensor:
        low, high = LOW ** (1 / self.rho), HIGH ** (1 / self.rho)
        return low + t[:, None] * (high - low)

    def masked(self, t: Tensor) -> Tensor:
        """Return the probability that each token is masked at times (n,), (n, T)."""
        return t[:, None] ** self.k

    def shows(self, n: int) -> Tensor:
        """Draw the time below which each token shows, (n, T): it is masked at t with probability t^k."""
        return torch.rand(n, len(self.k_raw), device=self.k_raw.device) ** (1 / self.k)

    @property
    def numbers(self) -> int:
        """How many numbers there are."""
        return len(self.rho_raw)


def skip(sigma: Tensor) -> Tensor:
    """Return c_skip, the weight of the noisy number in its denoised value; data have variance 1."""
    return 1 / (1 + sigma**2)


def out(sigma: Tensor) -> Tensor:
    """Return c_out, the scale of what the network adds."""
    return sigma * (1 + sigma**2).rsqrt()


def enter(sigma: Tensor) -> Tensor:
    """Return c_in, which brings a noisy number to variance 1."""
    return (1 + sigma**2).rsqrt()


def stratified(n: int, device: torch.device) -> Tensor:
    """Draw `n` times in (0, 1), one from each of n equal parts, in random order: uniform, with little variance."""
    return (torch.randperm(n, device=device) + torch.rand(n, device=device)) / n


def within_windows(mean: Tensor, sigma: Tensor, windows: Tensor) -> Tensor:
    """Return the posterior mean of a number that is known to lie in one of some windows.

    The posterior given its noisy value is taken as normal about the denoised value, with the variance that it has
    for standard normal data, ``sigma^2 / (1 + sigma^2)``, and cut to the windows.

    Parameters
    ----------
    mean : (n,)
        Denoised values.
    sigma : scalar tensor
        Of the noise.
    windows : (w, 2)
        Normal scores, rising.
    """
    spread = out(sigma).double()
    ends = (windows.double() - mean.double()[:, None, None]) / spread
    low, high = ends[..., 0], ends[..., 1]
    mass = _log_mass(low, high)
    share = torch.softmax(mass, dim=1)
    # The mean of a normal law between two ends: the difference of densities over the mass.
    pull = (_log_density(low) - mass).exp() - (_log_density(high) - mass).exp()
    centre = (mean.double()[:, None] + spread * pull).clamp(windows[:, 0].double(), windows[:, 1].double())
    return (share * centre).sum(1).float()


def _log_density(z: Tensor) -> Tensor:
    return -0.5 * z**2 - 0.5 * math.log(2 * math.pi)


def _log_mass(low: Tensor, high: Tensor) -> Tensor:
    """Return ln of a standard normal law's mass between two ends, from whichever tail is exact."""
    turned = low > 0
    a, b = torch.where(turned, -high, low), torch.where(turned, -low, high)
    top, bottom = torch.special.log_ndtr(b), torch.special.log_ndtr(a)
    return top + torch.log(-torch.expm1((bottom - top).clamp(max=-1e-12)))
