"""Training on from weights that are there: held to them by a penalty, and slowly.

References
----------
Li, Grandvalet and Davoine (2018), "Explicit inductive bias for transfer learning with convolutional networks", ICML
(L2-SP: the penalty is the squared distance to the weights of the source, not to zero).
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from fidelia.generate.deep.batch import Batch, Rows
from fidelia.generate.deep.loop import Moment, Move, Trainable


class Anchored(Trainable):
    """A network that starts from where it is and is drawn back there.

    Parameters
    ----------
    network : Trainable
    strength : float
        Of the penalty ``strength |theta - theta_0|^2``.
    pace : float
        Times the network's own rates.
    """

    def __init__(self, network: Trainable, *, strength: float, pace: float) -> None:
        super().__init__()
        self.network, self.strength, self.pace = network, strength, pace
        self._starts = [parameter.detach().clone() for parameter in network.parameters()]

    def moves(self) -> dict[str, Move]:
        """Return the network's updates, slower, with the penalty instead of a decay."""
        return {name: self._held(move) for name, move in self.network.moves().items()}

    def _held(self, move: Move) -> Move:
        def loss(batch: Batch, moment: Moment) -> Tensor:
            return move.loss(batch, moment) + self.strength * self.distance()

        return replace(move, loss=loss, rate=move.rate * self.pace, decay=0.0)

    def distance(self) -> Tensor:
        """Return the squared distance of all weights from where they started."""
        pairs = zip(self.network.parameters(), self._starts, strict=True)
        found: Tensor = torch.stack([(now - start).square().sum() for now, start in pairs]).sum()
        return found

    def score(self, rows: Rows) -> float:
        """Return the network's score."""
        return self.network.score(rows)
