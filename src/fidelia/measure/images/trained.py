"""Extractors that learn from a part of train: a small convolutional network of its labels, and an autoencoder.

Pictures that trained an extractor lie elsewhere than fresh ones of the same law, so that they are not searched: one
half of train teaches, the other is what synthetic pictures are held against.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa

from fidelia.data.images.imageset import pictures
from fidelia.data.images.resize import resampled
from fidelia.errors import MissingExtra, NotApplicable
from fidelia.measure.space.threads import one_torch_thread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.rng import Rng

    Singles = NDArray[np.float32]

SIDE, CHANNELS, KERNELS, WIDTH = 32, (16, 32, 64), (5, 3, 3), 64
CELLS = (SIDE // 2 ** len(CHANNELS)) ** 2 * CHANNELS[-1]
BATCH, RATE, EPOCHS, PATIENCE = 64, 1e-3, 40, 4
FEWEST, MOST = 40, 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A trained encoder of three convolutions and a linear layer, which gives 64 features.

    Parameters
    ----------
    name : {"cnn", "autoencoder"}
    encoder : tuple of arrays
        Filters and offsets of each layer.
    head : tuple of arrays or None
        Of a classifier: the linear layer from features to classes.
    hash : str
        Of the recipe and the weights.
    """

    name: str
    encoder: tuple[Singles, ...]
    head: tuple[Singles, ...] | None
    hash: str

    version: ClassVar[int] = 1

    def extract(self, batch: NDArray[np.uint8]) -> Singles:
        """Return the features of pictures ``(n, h, w, c)``, ``(n, 64)``."""
        torch = need_torch()
        with torch.no_grad(), one_torch_thread():
            found: Singles = encoded([torch.from_numpy(w) for w in self.encoder], prepared(batch)).numpy()
        return found

    @property
    def classify(self) -> Callable[[NDArray[np.float64]], NDArray[np.float64]] | None:
        """What gives probabilities of classes ``(n, classes)`` from features; None of an autoencoder."""
        if self.head is None:
            return None
        weight, offset = self.head

        def probabilities(features: NDArray[np.float64]) -> NDArray[np.float64]:
            from scipy.special import softmax

            return np.asarray(softmax(features @ weight.T + offset, axis=1), dtype=np.float64)

        return probabilities


def fitted(kind: str, train: Table, rng: Rng) -> tuple[Trained, NDArray[np.int64]]:
    """Train an extractor on a random half of train, at most 10,000 pictures.

    Parameters
    ----------
    kind : {"cnn", "autoencoder"}

    Returns
    -------
    extractor : Trained
    rows : (n,) int64
        The rows that trained it.

    Raises
    ------
    MissingExtra
        When torch is not installed.
    NotApplicable
        When there are too few pictures or, for ``"cnn"``, no labels.
    """
    torch = need_torch()
    usable = np.arange(len(train))
    labels, classes = _labels(train) if kind == "cnn" else (np.zeros(len(train), np.int64), 0)
    usable = usable[labels >= 0]
    if len(usable) < FEWEST:
        raise NotApplicable("TOO_FEW_ROWS", f"{len(usable)} train pictures; {kind!r} needs {FEWEST}")
    chosen = rng.child("split").generator().choice(usable, min(len(usable) // 2, MOST), replace=False)
    shown = pictures(train)[chosen]
    generator = rng.child(kind).generator()
    with one_torch_thread():
        encoder = encoder_of(shown.shape[3], generator)
        if kind == "cnn":
            rest = [start((classes, WIDTH), WIDTH, generator), torch.zeros(classes, requires_grad=True)]
        else:
            rest = _decoder(shown.shape[3], generator)
        loss = _told(labels[chosen]) if kind == "cnn" else _redrawn
        _descend(prepared(shown), encoder, rest, loss, generator)
    weights, head = (tuple(w.detach().numpy().copy() for w in part) for part in (encoder, rest))
    recipe = f"{kind}/{Trained.version}/{SIDE}/{CHANNELS}/{KERNELS}".encode()
    kept = head if kind == "cnn" else None
    digest = sha256(recipe + b"".join(w.tobytes() for w in (*weights, *(kept or ()))))
    return Trained(kind, weights, kept, digest.hexdigest()), np.sort(chosen)


def _labels(train: Table) -> tuple[NDArray[np.int64], int]:
    """Return the class of each picture, -1 where it has none, and how many classes there are."""
    target = train.schema.target
    if target is None:
        raise NotApplicable("NEEDS_TARGET", "a classifier of pictures needs labels of train; 'autoencoder' needs none")
    coded = train[target].cast(pa.string()).dictionary_encode()
    if len(coded.dictionary) < 2:
        raise NotApplicable("DEGENERATE_COLUMN", f"{target!r} has {len(coded.dictionary)} class; it takes two")
    return coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64), len(coded.dictionary)


def need_torch() -> Any:
    """Return torch, which is imported where it is needed alone; MissingExtra where it is not installed."""
    try:
        import torch
    except ImportError as error:
        raise MissingExtra("an extractor that learns", "deep") from error
    return torch


def prepared(batch: NDArray[np.uint8]) -> Any:
    """Return pictures as ``(n, c, 32, 32)`` from -1 to 1."""
    shown = resampled(batch.astype(np.float32) / np.float32(127.5) - 1, (SIDE, SIDE))
    return need_torch().from_numpy(np.ascontiguousarray(shown.transpose(0, 3, 1, 2)))


def start(shape: tuple[int, ...], inputs: int, generator: np.random.Generator) -> Any:
    """Return weights that keep the size of what passes a ReLU (He et al. 2015)."""
    drawn = generator.normal(size=shape) * np.sqrt(2 / inputs)
    return need_torch().from_numpy(drawn.astype(np.float32)).requires_grad_()


def encoder_of(channels: int, generator: np.random.Generator) -> list[Any]:
    """Return the untrained weights of an encoder: filters and offsets of each convolution, then the linear layer."""
    torch, found = need_torch(), []
    for (inputs, outputs), k in zip(pairwise((channels, *CHANNELS)), KERNELS, strict=True):
        found += [start((outputs, inputs, k, k), inputs * k * k, generator), torch.zeros(outputs, requires_grad=True)]
    return [*found, start((WIDTH, CELLS), CELLS, generator), torch.zeros(WIDTH, requires_grad=True)]


def _decoder(channels: int, generator: np.random.Generator) -> list[Any]:
    torch = need_torch()
    found = [start((CELLS, WIDTH), WIDTH, generator), torch.zeros(CELLS, requires_grad=True)]
    for inputs, outputs in pairwise((*CHANNELS[::-1], channels)):
        found += [start((inputs, outputs, 4, 4), 4 * inputs, generator), torch.zeros(outputs, requires_grad=True)]
    return found


def encoded(weights: list[Any], shown: Any) -> Any:
    """Return the features of prepared pictures, ``(n, 64)``."""
    functional = need_torch().nn.functional
    *layers, weight, offset = weights
    for filters, shift in zip(layers[::2], layers[1::2], strict=True):
        shown = functional.relu(functional.conv2d(shown, filters, shift, stride=2, padding=filters.shape[2] // 2))
    return functional.linear(shown.flatten(1), weight, offset)


def _decoded(weights: list[Any], features: Any) -> Any:
    functional = need_torch().nn.functional
    weight, offset, *layers = weights
    cell = SIDE // 2 ** len(CHANNELS)
    out = functional.linear(features, weight, offset).reshape(-1, CHANNELS[-1], cell, cell)
    for filters, shift in zip(layers[::2], layers[1::2], strict=True):
        out = functional.conv_transpose2d(functional.relu(out), filters, shift, stride=2, padding=1)
    return out


Loss = Callable[[Any, Any, list[Any], Any], Any]


def _told(labels: NDArray[np.int64]) -> Loss:
    """Return the cross entropy of the classes told from features."""
    torch = need_torch()
    classes = torch.from_numpy(labels)

    def loss(_: Any, features: Any, head: list[Any], rows: Any) -> Any:
        return torch.nn.functional.cross_entropy(torch.nn.functional.linear(features, *head), classes[rows])

    return loss


def _redrawn(shown: Any, features: Any, decoder: list[Any], _: Any) -> Any:
    """Return the mean squared error of the pictures drawn again from their features."""
    return ((_decoded(decoder, features) - shown) ** 2).mean()


def _descend(shown: Any, encoder: list[Any], rest: list[Any], loss: Loss, generator: np.random.Generator) -> None:
    """Leave the weights of the epoch whose loss on a tenth of the pictures, left out, was least."""
    torch = need_torch()
    order = torch.from_numpy(generator.permutation(len(shown)))
    check, learn = order[: max(len(shown) // 10, 4)], order[max(len(shown) // 10, 4) :]
    weights = [*encoder, *rest]
    optimiser = torch.optim.Adam(weights, lr=RATE)
    best, kept, since = np.inf, [w.detach().clone() for w in weights], 0
    for _ in range(EPOCHS):
        for rows in learn[torch.from_numpy(generator.permutation(len(learn)))].split(BATCH):
            optimiser.zero_grad()
            loss(shown[rows], encoded(encoder, shown[rows]), rest, rows).backward()
            optimiser.step()
        with torch.no_grad():
            found = float(loss(shown[check], encoded(encoder, shown[check]), rest, check))
        since = 0 if found < best else since + 1
        if since == 0:
            best, kept = found, [w.detach().clone() for w in weights]
        if since == PATIENCE:
            break
    with torch.no_grad():
        for weight, of in zip(weights, kept, strict=True):
            weight.copy_(of)
