"""The judge: how much likelier a row is real than made, and the choice among drawn rows by it.

What a network draws with density p_made is corrected towards the real p_real by drawing more rows than are wanted and
choosing among them in proportion to p_real / p_made. A classifier that is trained on equally many rows of both kinds
learns just these odds. It is trained after the network, on fresh draws, and stopped by rows that it has not seen; one
that does not tell those apart is not used.

References
----------
Azadi, Olsson, Darrell, Goodfellow and Odena (2019), "Discriminator rejection sampling", ICLR.
Turner, Hung, Frank, Saatchi and Yosinski (2019), "Metropolis-Hastings generative adversarial networks", ICML.
Efraimidis and Spirakis (2006), "Weighted random sampling with a reservoir", Inf. Process. Lett. 97(5).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from fidelia.generate.deep.batch import Batch, Rows
from fidelia.generate.deep.loop import Moment, Move, Trainable
from fidelia.generate.deep.nets import Perceptron, gumbel

GUESS = 2 * math.log(2)
"""The loss of a judge that knows nothing."""
HEARD, COMPARED = 4_000, 4
"""Most validation rows in the judge's score, and made rows for each of them."""


class Judge(Perceptron):
    """Rows (n, inputs) to the logarithm of their odds of being real, (n, 1). It starts even."""

    def __init__(self, inputs: int, *, width: int, depth: int) -> None:
        super().__init__(inputs, 1, width=width, depth=depth, dropout=0.1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)


class Judging(Trainable):
    """The training of a judge.

    Parameters
    ----------
    judge : Judge
    seen : callable
        A batch of real rows as the judge sees rows.
    made : callable
        So many fresh rows, as the judge sees them.
    """

    def __init__(
        self, judge: Judge, seen: Callable[[Batch], Tensor], made: Callable[[int], Tensor], rate: float = 1e-3
    ) -> None:
        super().__init__()
        self.judge, self.seen, self.made, self.rate = judge, seen, made, rate

    def moves(self) -> dict[str, Move]:
        """Return the one update."""
        return {"judge": Move(self.judge, self.loss, rate=self.rate, decay=1e-2)}

    def loss(self, batch: Batch, moment: Moment) -> Tensor:  # noqa: ARG002 - the same all the time
        """Return the cross-entropy on a batch and as many fresh rows."""
        with torch.no_grad():
            made = self.made(len(batch))
        return told(self.judge(self.seen(batch)), self.judge(made))

    def score(self, rows: Rows) -> float:
        """Return the cross-entropy on validation rows; `GUESS` for a judge that cannot tell."""
        rows = rows.take(torch.arange(min(len(rows), HEARD)))
        return float(told(self.judge(self.seen(rows.batch())), self.judge(self.made(COMPARED * len(rows)))))


def told(real: Tensor, made: Tensor) -> Tensor:
    """Return the cross-entropy of log odds of real and of made rows, each a mean."""
    return F.softplus(-real).mean() + F.softplus(made).mean()


def chosen(odds: Tensor, n: int) -> Tensor:
    """Return the positions of `n` rows drawn without replacement in proportion to ``exp(odds)``, in rising order.

    Parameters
    ----------
    odds : (m,) float32
        Logarithms of weights, m >= n.
    """
    return (odds + gumbel(odds)).topk(n).indices.sort().values
