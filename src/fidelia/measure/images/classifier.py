"""The small convolutional network as a classifier of pictures, by which it is judged what pictures are worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from fidelia.measure.images.trained import BATCH, RATE, WIDTH, encoded, encoder_of, need_torch, prepared, start
from fidelia.measure.space.threads import one_torch_thread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

STEPS = 600
SLICE = 512


class Classifier:
    """The network of the extractor ``"cnn"`` with a linear head, in the manner of scikit-learn.

    It takes a fixed number of steps of 64 pictures, whatever the number of pictures, at a rate that falls to nothing:
    more pictures are other pictures, and no longer training.

    Parameters
    ----------
    seed : int
        Of the weights that it starts from and the order of pictures.
    steps : int

    Attributes
    ----------
    classes_ : (classes,) array
        What pictures are told apart as, in the order of the probabilities.
    """

    def __init__(self, seed: int = 0, steps: int = STEPS) -> None:
        self.seed, self.steps = seed, steps

    def fit(self, x: NDArray[Any], y: NDArray[Any], sample_weight: Floats | None = None) -> Self:
        """Learn pictures.

        Parameters
        ----------
        x : (n, height, width, channels) array
            From 0, black, to 255.
        y : (n,) array
            Their classes.
        sample_weight : (n,) float64 or None
            How much each counts; None: all alike.

        Raises
        ------
        MissingExtra
            When torch is not installed.
        """
        self.classes_, codes = np.unique(y, return_inverse=True)
        draw, torch = np.random.Generator(np.random.PCG64(self.seed)), need_torch()
        classes = len(self.classes_)
        with one_torch_thread():
            self._encoder = encoder_of(x.shape[3], draw)
            self._head = [start((classes, WIDTH), WIDTH, draw), torch.zeros(classes, requires_grad=True)]
            self._descend(prepared(x), codes, sample_weight, draw)
        return self

    def _descend(self, shown: Any, codes: Any, weight: Floats | None, draw: np.random.Generator) -> None:
        torch = need_torch()
        classes = torch.from_numpy(codes.astype(np.int64))
        counts = torch.ones(len(codes)) if weight is None else torch.from_numpy(weight / weight.mean()).float()
        optimiser = torch.optim.Adam([*self._encoder, *self._head], lr=RATE)
        for step, rows in enumerate(_batches(len(codes), self.steps, draw)):
            optimiser.param_groups[0]["lr"] = RATE * (1 - step / self.steps)
            loss = torch.nn.functional.cross_entropy(self._told(shown[rows]), classes[rows], reduction="none")
            optimiser.zero_grad()
            (loss * counts[rows]).mean().backward()
            optimiser.step()

    def _told(self, shown: Any) -> Any:
        return need_torch().nn.functional.linear(encoded(self._encoder, shown), *self._head)

    def predict_proba(self, x: NDArray[Any]) -> Floats:
        """Return the probabilities of the classes, ``(n, classes)``."""
        torch = need_torch()
        with torch.no_grad(), one_torch_thread():
            parts = [self._told(part).softmax(dim=1) for part in prepared(x).split(SLICE)]
        return np.asarray(torch.cat(parts).numpy(), dtype=np.float64)

    def predict(self, x: NDArray[Any]) -> NDArray[Any]:
        """Return the likeliest class of each picture, ``(n,)``."""
        return np.asarray(self.classes_[self.predict_proba(x).argmax(axis=1)])


def _batches(n: int, steps: int, draw: np.random.Generator) -> Any:
    """Yield rows of so many batches: every row once before any twice, but for a last part that fills no batch."""
    torch = need_torch()
    size, done = min(BATCH, n), 0
    while done < steps:
        order = torch.from_numpy(draw.permutation(n))
        for at in range(0, n - size + 1, size):
            if done == steps:
                return
            yield order[at : at + size]
            done += 1
