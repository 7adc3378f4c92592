"""A learnt space of distances: the one-class network of the alpha-precision paper, with its soft-boundary loss.

The network maps train rows into a ball of squared radius r^2 around a fixed centre c, of which a share nu may lie
outside: ``r^2 + (1 / nu) mean max(0, |Phi(x) - c|^2 - r^2)``. Rows that trained it lie closer to c than rows of the
same law do (in 64 dimensions a perfect generator would score 0.06), so it learns from one part of train, and only the
other part calibrates scores.

References
----------
Alaa, van Breugel, Saveliev and van der Schaar (2022), ICML, arXiv 2102.08921, section 3; Ruff et al. (2018), Deep
One-Class Classification, ICML, for centre, radius and why no layer has a bias.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from hashlib import blake2b
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fidelia.errors import MissingExtra, NotApplicable, UsageError
from fidelia.measure.space.tabular import fit as fit_tabular
from fidelia.measure.space.threads import one_torch_thread

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.measure.space.embed import Embedding
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]

NAME, VERSION = "one-class", 1
FEWEST = 40
MOST = 20_000
BATCH = 256
RATE, DECAY = 1e-3, 1e-4
WARM = 0.1
PATIENCE = 10
AWAY = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class OneClass:
    """The network's settings; `fit` trains it.

    Parameters
    ----------
    nu : float
        Share of train rows that may lie outside of the ball, in (0, 1].
    dimensions : int
        Width of the output.
    layers : {2, 3}
        Hidden layers.
    width : int
        Of a hidden layer, 32 to 128.
    epochs : int
        At most; training stops when the loss of rows left out has not fallen for ten.
    share : float
        Of train rows, that train the network (at most 20,000); the others calibrate.

    Examples
    --------
    >>> OneClass(nu=0.05).dimensions
    32
    """

    nu: float = 0.1
    dimensions: int = 32
    layers: int = 2
    width: int = 128
    epochs: int = 100
    share: float = 0.5

    def __post_init__(self) -> None:
        ranges = {"nu": (0, 1), "dimensions": (1, 4096), "layers": (1, 8), "width": (1, 4096), "epochs": (1, 100_000)}
        for name, (low, high) in (ranges | {"share": (0, 1)}).items():
            value = getattr(self, name)
            if not low <= value <= high or (low == 0 and value == 0) or (name == "share" and value == 1):
                raise UsageError(f"one-class embedding: {name} is {value}, but must lie in {low} to {high}")

    def fit(self, train: Table, rng: Rng, space: Embedding | None = None) -> OneClassSpace:
        """Train on a random part of `train`.

        Parameters
        ----------
        space : Embedding or None
            What the network sees of a row; None for the tabular embedding, fitted on train.

        Raises
        ------
        MissingExtra
            When torch is not installed.
        NotApplicable
            When train has fewer than 40 rows, or no column varies.
        """
        _torch()
        if len(train) < FEWEST:
            raise NotApplicable("TOO_FEW_ROWS", f"{len(train)} train rows; a one-class network needs {FEWEST}")
        space = space or fit_tabular(train)
        free = space.calibration(train)
        n = min(int(self.share * len(free)), MOST)
        rows = np.sort(free[rng.child("split").generator().choice(len(free), n, replace=False)])
        points = space.transform(train.take(rows))
        middle = points.mean(axis=0)
        weights, centre, radius = _trained(self, points - middle, rng)
        name = f"{NAME}/{VERSION}/{astuple(self)}/{space.hash}"
        digest = blake2b(name.encode() + b"".join(w.tobytes() for w in weights), digest_size=16).hexdigest()
        fitted = np.setdiff1d(np.arange(len(train)), np.setdiff1d(free, rows))
        return OneClassSpace(self, space, middle, weights, centre, radius, fitted, train.arrow, digest)


@dataclass(frozen=True, slots=True, eq=False)
class OneClassSpace:
    """A trained one-class network on top of the tabular embedding, or of another one.

    Parameters
    ----------
    settings : OneClass
    space : Embedding
        What the network sees, less `middle`: without it, the one-hot coordinates of a column, which have a constant
        sum, would be a bias by which all rows can collapse into c.
    weights : tuple of (inputs, outputs) float32
    centre : (dimensions,) float64
    radius : float
        r, at the end of training.
    fitted : (n,) int64
        The rows of `train` that trained the network, or the embedding below it.
    train : pyarrow.Table
        The table that they are rows of.
    hash : str
        Of the settings, of the space below and of the weights.
    """

    settings: OneClass
    space: Embedding
    middle: Floats
    weights: tuple[NDArray[np.float32], ...]
    centre: Floats
    radius: float
    fitted: NDArray[np.int64]
    train: pa.Table

    hash: str

    name: ClassVar[str] = NAME
    version: ClassVar[int] = VERSION
    blocks: ClassVar[Mapping[str, slice]] = MappingProxyType({})

    @property
    def width(self) -> int:
        """Number of coordinates."""
        return self.settings.dimensions

    def transform(self, table: Table) -> Floats:
        """Return the network's output for a table's rows, ``(n, dimensions)``."""
        out = self.space.transform(table) - self.middle
        for i, weight in enumerate(self.weights):
            out = (np.maximum(out, 0) if i else out) @ weight.astype(np.float64)
        return out

    def calibration(self, train: Table) -> NDArray[np.int64]:
        """Return the rows of train that the network has not seen."""
        if train.arrow is not self.train and not train.arrow.equals(self.train):
            return np.arange(len(train))
        return np.setdiff1d(np.arange(len(train)), self.fitted)


def soft_boundary(squared: Any, radius2: Any, nu: float) -> Any:
    """Return ``r^2 + (1 / nu) mean max(0, |Phi(x) - c|^2 - r^2)``.

    Parameters
    ----------
    squared : (n,) tensor
        Squared distances to the centre.
    radius2 : tensor or float
        r^2. The loss is least in it where a share nu of rows lies outside.
    """
    return radius2 + (squared - radius2).clamp(min=0).mean() / nu


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise MissingExtra("the one-class embedding", "deep") from error
    return torch


def _trained(settings: OneClass, points: Floats, rng: Rng) -> tuple[tuple[NDArray[np.float32], ...], Floats, float]:
    """Return weights, centre and radius of the epoch whose loss on a tenth of the rows, left out, was least."""
    torch = _torch()
    generator = rng.child("train").generator()
    order = generator.permutation(len(points))
    held = max(len(points) // 10, 4)
    with one_torch_thread():
        rows = torch.from_numpy(points.astype(np.float32))
        learn, check = rows[order[held:]], rows[order[:held]]
        sizes = [points.shape[1], *[settings.width] * settings.layers, settings.dimensions]
        weights = [_start(a, b, generator) for a, b in pairwise(sizes)]
        centre = _centre(network(learn, weights).mean(dim=0))
        weights, radius2 = _descend(settings, learn, check, weights, centre, generator)
        return tuple(w.detach().numpy().copy() for w in weights), centre.double().numpy(), float(radius2**0.5)


def network(rows: Any, weights: Any) -> Any:
    """Return the output of a stack of linear maps with ReLU between them."""
    for i, weight in enumerate(weights):
        rows = (rows.clamp(min=0) if i else rows) @ weight
    return rows


def _start(inputs: int, outputs: int, generator: np.random.Generator) -> Any:
    """Return a weight matrix that keeps the size of what passes a ReLU (He et al. 2015)."""
    drawn = generator.normal(size=(inputs, outputs)) * np.sqrt(2 / inputs)
    return _torch().from_numpy(drawn.astype(np.float32)).requires_grad_()


def _centre(mean: Any) -> Any:
    """Return the mean of the first outputs, coordinates near 0 moved away, since zero weights would reach those."""
    torch = _torch()
    mean = mean.detach()
    return torch.where(mean < 0, mean.clamp(max=-AWAY), mean.clamp(min=AWAY))


def _descend(settings: OneClass, learn: Any, check: Any, weights: list[Any], centre: Any, generator: Any) -> Any:
    """Return the weights and r^2 of the best epoch; the first tenth of the epochs draws rows to c, without a ball."""
    torch = _torch()
    optimiser = torch.optim.AdamW(weights, lr=RATE, weight_decay=DECAY)
    warm = int(WARM * settings.epochs)
    best, kept, since = np.inf, (weights, 0.0), 0
    for epoch in range(settings.epochs):
        order = generator.permutation(len(learn))
        for batch in (learn[order[i : i + BATCH]] for i in range(0, len(order), BATCH)):
            squared = _squared(batch, weights, centre)
            optimiser.zero_grad()
            (squared.mean() if epoch < warm else _loss(squared, squared, settings.nu)).backward()
            optimiser.step()
        if epoch < warm:
            continue
        with torch.no_grad():
            known = _squared(learn, weights, centre)
            loss = float(_loss(_squared(check, weights, centre), known, settings.nu))
            since = 0 if loss < best else since + 1
            if since == 0:
                best, kept = loss, ([w.detach().clone() for w in weights], _radius2(known, settings.nu))
        if since == PATIENCE:
            break
    return kept


def _squared(rows: Any, weights: Any, centre: Any) -> Any:
    return ((network(rows, weights) - centre) ** 2).sum(dim=1)


def _loss(squared: Any, known: Any, nu: float) -> Any:
    """Return the loss of rows with the radius that suits the rows `known` best."""
    return soft_boundary(squared, _radius2(known, nu), nu)


def _radius2(squared: Any, nu: float) -> float:
    """Return the r^2 at which the loss is least, given the network: the 1 - nu quantile of squared distances."""
    return float(squared.detach().quantile(1 - nu))
