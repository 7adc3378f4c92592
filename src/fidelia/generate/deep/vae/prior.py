"""The law of an autoencoder's codes, learnt from the codes of all rows after the training.

A decoder is only as good as the codes that it is given, and the codes that an encoder makes are never quite the
standard normal ones that its training asked for. Drawing from a mixture of normal laws fitted to them closes that gap.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

PARTS = 20
"""Most normal laws of the mixture."""
SHARE = 50
"""Fewest codes for each of them."""
MOST = 10_000
"""Codes that it is fitted to, at most."""
NARROWEST = 1e-3
"""Added to each variance: no part closes in on a single code."""


class Prior(nn.Module):
    """A mixture of normal laws; a standard normal one until it is fitted.

    Parameters
    ----------
    size : int
        Dimensions of a code.
    parts : int
        Most normal laws.

    Notes
    -----
    ``fit(codes (n, size), used (size,))``; ``draw(n) -> (n, size)``.
    """

    def __init__(self, size: int, parts: int = PARTS) -> None:
        super().__init__()
        self.weights: Tensor
        self.means: Tensor
        self.factors: Tensor
        self.register_buffer("weights", torch.eye(parts)[0].clone())
        self.register_buffer("means", torch.zeros(parts, size))
        self.register_buffer("factors", torch.eye(size).repeat(parts, 1, 1))

    def fit(self, codes: Tensor, used: Tensor) -> None:
        """Fit by expectation maximisation, with full covariances of the dimensions that are used.

        The others stay standard normal: that is what the divergence makes of a dimension that carries nothing.
        """
        where = np.flatnonzero(used.cpu().numpy())
        parts = min(len(self.weights), len(codes) // SHARE)
        if parts < 1 or not len(where):
            return
        found = _fitted(codes[:MOST, used].double().cpu().numpy(), parts, int(torch.randint(2**31 - 1, ())))
        self.weights.zero_()
        self.weights[:parts] = torch.from_numpy(found.weights_)
        self.means[:parts, used] = torch.from_numpy(found.means_).to(self.means)
        factors = torch.from_numpy(np.linalg.cholesky(found.covariances_)).to(self.factors)
        for part, factor in enumerate(factors):
            self.factors[part][np.ix_(where, where)] = factor

    def draw(self, n: int) -> Tensor:
        """Draw codes from torch's random state."""
        part = (
            torch.multinomial(self.weights, n, replacement=True) if n else self.weights.new_zeros(0, dtype=torch.long)
        )
        noise = torch.randn(n, self.means.shape[1], device=self.means.device)
        codes = torch.empty_like(noise)
        for one in part.unique().tolist():
            rows = part == one
            codes[rows] = self.means[one] + noise[rows] @ self.factors[one].T
        return codes


def _fitted(codes: np.ndarray, parts: int, seed: int) -> Any:
    from sklearn.mixture import GaussianMixture

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a mixture that has not quite settled, or doubled codes, will do
        return GaussianMixture(parts, reg_covar=NARROWEST, max_iter=40, random_state=seed).fit(codes)
