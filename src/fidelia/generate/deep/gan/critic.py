"""The critic of a Wasserstein GAN with gradient penalty, which looks at several rows at once.

Gulrajani et al. hold the critic's slope at 1 everywhere (`target` 1), which is right between laws that are apart and
wrong once they meet: there the critic should be flat, and being held steep it drives the generator round in circles.
With target 0 the critic's best slopes are those along which mass has to move, and vanish where nothing has to.

References
----------
Gulrajani, Ahmed, Arjovsky, Dumoulin and Courville (2017), "Improved training of Wasserstein GANs", NeurIPS.
Wu, Huang, Thoma, Acharya and Van Gool (2018), "Wasserstein divergence for GANs", ECCV: penalties with target 0.
Mescheder, Geiger and Nowozin (2018), "Which training methods for GANs do actually converge?", ICML.
Lin, Khetan, Fanti and Oh (2018), "PacGAN: the power of two samples in generative adversarial networks", NeurIPS.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn

from fidelia.generate.deep.nets import squared_slopes


class Critic(nn.Module):
    """A perceptron that gives one number for each pack of rows; it knows nothing of other packs (no batch norm).

    Parameters
    ----------
    inputs : int
        Width of a row with its condition.
    pac : int
        Rows of a pack.

    Notes
    -----
    ``forward(rows (n, inputs)) -> (n / pac,)``; consecutive rows make a pack.
    """

    def __init__(self, inputs: int, *, width: int, depth: int, pac: int) -> None:
        super().__init__()
        self.pac = pac
        sizes = [inputs * pac, *[width] * depth]
        layers = [part for ins, outs in pairwise(sizes) for part in (nn.Linear(ins, outs), nn.LeakyReLU(0.2))]
        self.layers = nn.Sequential(*layers, nn.Linear(sizes[-1], 1))

    def forward(self, rows: Tensor) -> Tensor:
        """Return the value of each pack."""
        found: Tensor = self.layers(rows.reshape(len(rows) // self.pac, -1))[:, 0]
        return found


def between(real: Tensor, made: Tensor, pac: int) -> Tensor:
    """Return a row evenly at random on the segment from each real row to the made one beside it; packs move as one."""
    share = torch.rand(len(real) // pac, 1, device=real.device).repeat_interleave(pac, 0)
    return real + share * (made - real)


def gradient_penalty(critic: Callable[[Tensor], Tensor], rows: Tensor, target: float) -> Tensor:
    """Return the mean over packs of ``(|gradient of the critic at the pack| - target)^2``."""
    # The root has no slope of its own at 0, where a critic that sees nothing would start.
    return ((squared_slopes(critic, rows) + 1e-12).sqrt() - target).square().mean()
