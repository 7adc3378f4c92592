"""What a generator that trains a network has, whatever it learns from: limits, a training, notes, saved weights."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

import numpy as np
import torch

from fidelia.errors import UsageError
from fidelia.generate.deep.checkpoint import Checkpoint
from fidelia.generate.deep.loop import Course, History, Trainable, device_of, seeded, train
from fidelia.generate.effort import UNLIMITED, Effort
from fidelia.generate.states import parameters
from fidelia.progress import SILENT, Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from fidelia.data.table import Table
    from fidelia.generate.deep.batch import Rows
    from fidelia.rng import Rng

N = TypeVar("N", bound=Trainable)
"""The networks of a family."""
WEIGHTS = "weights/"
"""Before the names of saved weights."""


@dataclass(slots=True, eq=False, kw_only=True)
class Learner(Generic[N]):
    """The part of a generator that families of networks for tables and for pictures have in common.

    Parameters
    ----------
    steps : int
        Most steps of the training.
    batch : int or None
        Rows of a batch; None: from the number of rows.
    width : int
        Of the hidden layers.
    rate : float
        Of the optimiser.
    device : str
        "auto", "cpu", "cuda" or "mps".
    """

    NAME: ClassVar[str] = "network"

    steps: int = 8_000
    batch: int | None = None
    width: int = 256
    rate: float = 1e-3
    device: str = "auto"
    network_: N = field(init=False, repr=False)
    history_: History = field(init=False, repr=False)

    def encode(self, table: Table) -> Rows:
        """Learn how the table's rows are encoded, keep that, and return them encoded."""
        raise NotImplementedError

    def untrained(self) -> N:
        """Return the untrained network of the rows that `encode` has seen."""
        raise NotImplementedError

    def worthwhile(self, rows: Rows) -> bool:
        """Whether there is anything to learn from these rows."""
        return len(rows) > 0

    def course(self, n: int) -> Course:
        """Return how the network is trained on `n` rows."""
        return Course(steps=self.steps, batch=self.batch or batch_for(n))

    def prepare(self, network: N, rows: Rows) -> None:
        """Learn what is counted, not trained, before the training: marginals, frequencies. Kept in buffers."""

    def finish(self, network: N, rows: Rows) -> None:
        """Learn what is counted after the training: the law of latent codes. Kept in buffers."""

    def fit(self, table: Table, *, rng: Rng, progress: Progress = SILENT, effort: Effort = UNLIMITED) -> Self:
        """Train the network on a table; see `fidelia.generate.deep.loop`."""
        self.check()
        begun, seconds = time.monotonic(), math.inf if effort.seconds is None else effort.seconds
        checkpoint = Checkpoint(effort.checkpoint, terms=repr(parameters(self)))
        rows = self.encode(table)
        self._learn(rows, rng, progress, left(seconds, begun), checkpoint)
        checkpoint.forget()
        return self

    def check(self) -> None:
        """Refuse parameters that cannot be.

        Raises
        ------
        UsageError
            With the parameter, its value and its range.
        """
        self.whole("steps", "width", *([] if self.batch is None else ["batch"]))
        if not 0 < self.rate < 1:
            raise UsageError(f"{self.NAME}: rate = {self.rate!r} must lie between 0 and 1")
        device_of(self.device)

    def whole(self, *names: str) -> None:
        """Refuse parameters that are no whole numbers of at least 1."""
        for name in names:
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise UsageError(f"{self.NAME}: {name} = {value!r} must be a whole number of at least 1")

    def _learn(self, rows: Rows, rng: Rng, progress: Progress, seconds: float, checkpoint: Checkpoint) -> None:
        """Do all of the training: one, unless a family has more."""
        self._train(rows, rng, progress, seconds, checkpoint)

    def _train(
        self, rows: Rows, rng: Rng, progress: Progress, seconds: float, checkpoint: Checkpoint,
        *, course: Course | None = None, begin: Callable[[N], Trainable] | None = None,
    ) -> None:  # fmt: skip
        """Train the network on rows; all that takes long is counted against `seconds`.

        Parameters
        ----------
        course : Course or None
            None: that of the family.
        begin : callable or None
            Gives a prepared network the weights that it goes on from, and returns what is to be trained.
        """
        begun = time.monotonic()
        with seeded(rng.child("network"), rows.device):
            self.network_ = self.untrained().to(rows.device)
            self.history_ = History()
            if self.worthwhile(rows):
                self.prepare(self.network_, rows)
                learner = self.network_ if begin is None else begin(self.network_)
                self.history_ = train(
                    learner, rows, course or self.course(len(rows)), rng=rng, name=self.NAME,
                    seconds=left(seconds, begun), checkpoint=checkpoint, progress=progress,
                )  # fmt: skip
                with torch.no_grad():
                    self.network_.eval()
                    self.finish(self.network_, rows)
            self.network_.eval()

    @property
    def notes(self) -> tuple[str, ...]:
        """What a report should say of how the fit went; nothing for a fit that was read from a file."""
        return told(self.NAME, self.history_, self.steps)

    @property
    def _device(self) -> torch.device:
        return next((p.device for p in self.network_.parameters()), torch.device("cpu"))

    def weights(self) -> dict[str, np.ndarray]:
        """Return the network's weights as arrays to save; `load` reads them."""
        found = self.network_.state_dict()
        return {f"{WEIGHTS}{name}": value.detach().cpu().numpy() for name, value in found.items()}

    def load(self, arrays: dict[str, np.ndarray]) -> None:
        """Make the network of what `encode` keeps, and give it saved weights.

        Raises
        ------
        ValueError
            When they do not fit the network in name, shape and type, or are not finite.
        """
        with torch.random.fork_rng(devices=[]):
            self.network_ = self.untrained()
        _load(self.network_, arrays)
        self.network_.to(device_of(self.device)).eval()
        self.history_ = History()


def told(name: str, history: History, steps: int) -> tuple[str, ...]:
    """Return what a report should say of a training of so many steps."""
    if history.stopped != "time":
        return ()
    ended = f"the time limit ended the training of {name} after {history.steps[-1]:,} of {steps:,} steps"
    return (f"{ended}; the best weights until then are kept",)


def batch_for(n: int) -> int:
    """Return the power of two at or below n / 32, within 32 and 1,024."""
    return int(2 ** np.clip(np.floor(np.log2(max(n, 1) / 32)), 5, 10))


def left(seconds: float, begun: float) -> float:
    """Return what is left of a time limit since `begun`, a moment of the monotonic clock."""
    return max(seconds - (time.monotonic() - begun), 0.0)


def saved_parameters(generator: Any) -> dict[str, Any]:
    """Return the parameters of a family as they are saved: a file drawn from elsewhere runs on the device there."""
    return {**parameters(generator), "device": "auto"}


def _load(network: Trainable, arrays: dict[str, np.ndarray]) -> None:
    wanted = network.state_dict()
    found = {name.removeprefix(WEIGHTS): array for name, array in arrays.items() if name.startswith(WEIGHTS)}
    if set(found) != set(wanted):
        raise ValueError(f"the weights are not those of the network: {sorted(set(found) ^ set(wanted))[:3]}")
    for name, value in wanted.items():
        like = value.numpy()
        array = found[name]
        if array.shape != like.shape or array.dtype != like.dtype or not np.isfinite(array).all():
            raise ValueError(
                f"weights {name!r} are {array.dtype}{list(array.shape)}, not {like.dtype}{list(like.shape)}"
            )
    network.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in found.items()})
