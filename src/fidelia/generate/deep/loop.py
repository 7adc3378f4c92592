"""The one training loop: batches, a validation split, early stopping, EMA, clipping, a NaN guard, limits, checkpoints.

A network supplies its losses as `Move`s and a score on validation rows; everything else happens here. What is kept
is the exponential moving average of the weights where the validation score was best.
"""

from __future__ import annotations

import logging
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from fidelia.errors import TrainingError
from fidelia.generate.deep.batch import Batch, Rows
from fidelia.generate.deep.checkpoint import Checkpoint
from fidelia.progress import SILENT, Progress

if TYPE_CHECKING:
    from fidelia.rng import Rng

log = logging.getLogger(__name__)

THREADS = 4
"""Most threads of a training on the CPU: small networks gain nothing from more."""
RETRIES = 3
"""How often a diverged training goes back to its last good weights, each time at half the rate."""
APART = 20
"""Fewest steps between two checks."""
WARM = 3
"""First steps, which are slow."""
KEEP = 20.0
"""Seconds between checkpoints."""
VALIDATED, CELLS = 10_000, 250_000
"""Most rows that are set aside for validation, and most of their values: more would tell little more."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a training is.

    Parameters
    ----------
    step : int
        Steps done before this one.
    share : float
        Share of the whole course in [0, 1], by steps or by time, whichever is further.
    """

    step: int
    share: float


@dataclass(frozen=True, slots=True)
class Move:
    """One of the updates that make a step: who learns, from which loss, how fast and how often.

    Parameters
    ----------
    module : nn.Module
        Whose parameters learn.
    loss : callable
        ``(batch, moment) -> scalar tensor``.
    rate, betas, decay : float, (float, float), float
        Of AdamW.
    times : int
        Fresh batches for each step: 5 for a critic that learns five times as often.
    """

    module: nn.Module
    loss: Callable[[Batch, Moment], Tensor]
    rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    decay: float = 0.0
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How long and how a network is trained.

    Parameters
    ----------
    steps : int
        At most.
    batch : int
        Rows of a batch.
    checks : int
        How many times the validation rows are scored over the whole course.
    patience : int
        Checks without a better score after which training stops.
    ema : float
        Decay of the moving average of the weights for each step; it starts lower.
    clip : float
        Largest norm of a gradient.
    held : float
        Share of rows set aside for validation.
    schedule : {"cosine", "constant"}
        Of the rate.
    warm : float
        Share of the course over which the rate rises from 0.
    half : bool
        Whether products are taken in bfloat16; None: on a GPU.
    """

    steps: int
    batch: int = 512
    checks: int = 40
    patience: int = 8
    ema: float = 0.999
    clip: float = 1.0
    held: float = 0.1
    schedule: str = "cosine"
    warm: float = 0.01
    half: bool | None = None


@dataclass(slots=True)
class History:
    """What a training did.

    Parameters
    ----------
    steps : list of int
        At which the validation rows were scored.
    losses : list of dict
        Mean loss of each move since the last check.
    scores : list of float
        The validation scores; lower is better.
    seconds : float
        Of the whole training.
    best : int
        The check whose weights are kept.
    stopped : str
        Why it ended: "steps", "patience", "time" or "interrupt".
    retries : int
        Times that the NaN guard went back.
    """

    steps: list[int] = field(default_factory=list)
    losses: list[dict[str, float]] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    seconds: float = 0.0
    best: int = -1
    stopped: str = "steps"
    retries: int = 0


class Trainable(nn.Module):
    """What the loop trains; a family adds what it draws with."""

    def moves(self) -> dict[str, Move]:
        """Return the updates of a step by name, in order; asked once, before the first step."""
        raise NotImplementedError

    def score(self, rows: Rows) -> float:
        """Return how badly the network fits validation rows; lower is better.

        Called without gradients, on averaged weights, and always from the same random state: scores compare.
        """
        raise NotImplementedError


@runtime_checkable
class Watching(Protocol):
    """A Progress that looks at a network each time it is validated."""

    def show(self, name: str, step: int, network: Trainable) -> None:
        """Look at a network with averaged weights, in evaluation mode, after so many steps of the training `name`."""
        ...


@contextmanager
def seeded(rng: Rng, device: torch.device) -> Iterator[None]:
    """Draw everything inside from `rng`, with a fixed number of threads; torch's global state is as before after."""
    threads = torch.get_num_threads()
    devices = [device.index or 0] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(rng.integer())
        torch.set_num_threads(min(threads, cores(), THREADS))
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def cores() -> int:
    """Return how many processors this process may use."""
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def device_of(name: str) -> torch.device:
    """Return the device called `name`; "auto" is a GPU where there is one.

    Raises
    ------
    UsageError
        When there is no such device here.
    """
    from fidelia.errors import UsageError

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    known = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not known.get(name.partition(":")[0], False):
        here = ", ".join(["auto", *(one for one, there in known.items() if there)])
        raise UsageError(f"device = {name!r} is not here; there are: {here}")
    return torch.device(name)


def train(
    network: Trainable,
    rows: Rows,
    course: Course,
    *,
    rng: Rng,
    name: str = "network",
    seconds: float = math.inf,
    checkpoint: Checkpoint | None = None,
    progress: Progress = SILENT,
) -> History:
    """Train `network` in place and leave the best weights in it.

    Parameters
    ----------
    rows : Rows
        All training rows, on the network's device; a share of them is set aside for validation.
    name : str
        What it is called in messages and in the checkpoint.
    seconds : float
        A time limit, after which the best weights so far are kept.
    checkpoint : Checkpoint or None
        From which an interrupted training of the same rows and settings goes on, to the same weights. It keeps what
        has ended, too: whoever trains forgets it when all is done.

    Raises
    ------
    TrainingError
        When the loss is not finite however low the rate.
    KeyboardInterrupt
        When the user stops it; the checkpoint is written before.
    """
    return _Training(network, rows, course, rng, name, seconds).run(checkpoint or Checkpoint(), progress)


class _Training:
    """The state of one training; all that a checkpoint holds."""

    def __init__(self, network: Trainable, rows: Rows, course: Course, rng: Rng, name: str, limit: float) -> None:
        self.begun = time.monotonic()  # the first optimiser of a process takes seconds to import
        self.network, self.course, self.name, self.limit = network, course, name, limit
        self.learn, self.check = split(rows, course.held, rng.child("validation"))
        self.moves = network.moves()
        self.optimisers = {
            key: torch.optim.AdamW(m.module.parameters(), lr=m.rate, betas=m.betas, weight_decay=m.decay, fused=True)
            for key, m in self.moves.items()
        }
        self.average = copied(network.state_dict())
        self.best = copied(self.average)
        self.history = History()
        self.step, self.slower, self.spent = 0, 1.0, 0.0
        self.sums: dict[str, float] = {}
        self.counted, self.checking, self.pace = 0, 0.0, 0.0
        self.order = torch.randperm(len(self.learn))
        self.at = 0
        self.every = max(course.steps // course.checks, APART)

    def run(self, keeper: Checkpoint, progress: Progress) -> History:
        keeper.resume(self)
        begun = self.step
        start = self.begun - self.spent
        kept = time.monotonic()
        with between_steps() as stop, progress.stage(f"train {self.name}", self.course.steps) as tick:
            tick(self.step)
            try:
                while self._goes_on():
                    self._one_step()
                    if self.step % self.every == 0 or self.step == self.course.steps:
                        self._validate()
                        self._show(progress)
                    self.spent = time.monotonic() - start
                    if time.monotonic() - kept > KEEP:
                        keeper.write(self)
                        kept = time.monotonic()
                    tick(1)
                    stop()
            except KeyboardInterrupt:
                keeper.write(self)
                raise
            tick(self.course.steps - self.step)
        if self.history.best < 0 or self.counted:
            self._validate()
        self.history.seconds = self.spent
        keeper.end(self, begun)
        self.network.load_state_dict(self.best)
        return self.history

    def _goes_on(self) -> bool:
        history, limit = self.history, self.limit
        if self.step >= self.course.steps:
            history.stopped = "steps"
        elif self.step and self.spent + self._dues >= limit:
            history.stopped = "time"
        elif len(history.scores) - 1 - history.best >= self.course.patience and history.best >= 0:
            history.stopped = "patience"
        else:
            return True
        return False

    @property
    def _dues(self) -> float:
        """About the seconds that the last check will take: at first as many rows take to learn in the fastest step."""
        if not self.counted or self.step < WARM:
            return 0.0
        return self.checking or self.pace * len(self.check) / self.course.batch

    @property
    def share(self) -> float:
        return min(max(self.step / self.course.steps, self.spent / max(self.limit, 1e-9)), 1.0)

    def _one_step(self) -> None:
        begun, moment = time.monotonic(), Moment(self.step, self.share)
        rate = self._rate(moment.share)
        for key, move in self.moves.items():
            for group in self.optimisers[key].param_groups:
                group["lr"] = move.rate * rate
            for _ in range(move.times):
                loss = self._update(key, move, moment)
                if not math.isfinite(loss):
                    self._back(loss)
                    return
                self.sums[key] = self.sums.get(key, 0.0) + loss / move.times
        self.counted += 1
        self.step += 1
        self._average()
        self.pace = min(self.pace or math.inf, time.monotonic() - begun)

    def _update(self, key: str, move: Move, moment: Moment) -> float:
        optimiser = self.optimisers[key]
        optimiser.zero_grad(set_to_none=True)
        with halved(self.learn.device, self.course.half):
            loss = move.loss(self._batch(), moment)
        loss.backward()  # type: ignore[no-untyped-call, unused-ignore]
        norm = nn.utils.clip_grad_norm_(list(move.module.parameters()), self.course.clip)
        if torch.isfinite(norm):
            optimiser.step()
            return float(loss.detach())
        return math.nan

    def _batch(self) -> Batch:
        """The next rows of a shuffled pass; a new pass starts when too few are left."""
        size = min(self.course.batch, len(self.learn))
        if self.at + size > len(self.order):
            self.order, self.at = torch.randperm(len(self.learn)), 0
        rows = self.order[self.at : self.at + size]
        self.at += size
        return self.learn.batch(rows)

    def _rate(self, share: float) -> float:
        warm = min(self.step / max(self.course.warm * self.course.steps, 1), 1.0)
        fall = 0.5 * (1 + math.cos(math.pi * share)) if self.course.schedule == "cosine" else 1.0
        return self.slower * warm * max(fall, 0.01) if self.step else self.slower * max(warm, 1e-3)

    @torch.no_grad()
    def _average(self) -> None:
        decay = min(self.course.ema, (1 + self.step) / (10 + self.step))
        for key, value in self.network.state_dict().items():
            if value.is_floating_point():
                self.average[key].lerp_(value, 1 - decay)
            else:
                self.average[key].copy_(value)

    def _validate(self) -> None:
        score = self._score()
        history = self.history
        if not math.isfinite(score) and self.step:
            self._back(score)
            return
        history.steps.append(self.step)
        history.losses.append({key: total / max(self.counted, 1) for key, total in self.sums.items()})
        history.scores.append(score)
        self.sums, self.counted = {}, 0
        if history.best < 0 or score < history.scores[history.best]:
            history.best, self.best = len(history.scores) - 1, copied(self.average)
        log.debug("%s step %d: %s, validation %.4f", self.name, self.step, history.losses[-1], score)

    def _score(self) -> float:
        """The validation score of the averaged weights, from the same random state each time."""
        begun = time.monotonic()
        with self._averaged():
            score = self.network.score(self.check)
        self.checking = time.monotonic() - begun
        return score

    def _show(self, progress: Progress) -> None:
        """Let whoever wants to see what the averaged weights make; the training goes on as if nobody did."""
        if isinstance(progress, Watching):
            with self._averaged():
                progress.show(self.name, self.step, self.network)

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """Put the averaged weights in place, without gradients and from the same random state each time."""
        current = copied(self.network.state_dict())
        self.network.load_state_dict(self.average)
        self.network.eval()
        try:
            half = halved(self.learn.device, self.course.half)
            with torch.no_grad(), half, torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)
                yield
        finally:
            self.network.load_state_dict(current)
            self.network.train()

    def _back(self, loss: float) -> None:
        """Go back to the best weights at half the rate; give up after a few times."""
        self.history.retries += 1
        if self.history.retries > RETRIES:
            raise TrainingError(
                f"the training of {self.name} diverged at step {self.step} (loss {loss}) and again at an eighth of the "
                "rate. Try another seed, or a smaller rate: --set rate=1e-4"
            )
        self.slower /= 2
        log.warning("%s: the loss is %s at step %d; back to the best weights, half as fast", self.name, loss, self.step)
        self.network.load_state_dict(self.best)
        self.average = copied(self.best)
        for optimiser in self.optimisers.values():
            optimiser.state.clear()
        self.sums, self.counted = {}, 0
        self.step += 1


@contextmanager
def between_steps() -> Iterator[Callable[[], None]]:
    """Hold interrupts back and give a function that raises one that came: a step is done whole or not at all."""
    came: list[int] = []

    def stop() -> None:
        if came:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = signal.signal(signal.SIGINT, lambda number, _frame: came.append(number))
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def halved(device: torch.device, half: bool | None) -> Iterator[None]:
    """Take products in bfloat16 where that is asked for; by default on a GPU alone."""
    with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda" if half is None else half):
        yield


def copied(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return weights of their own."""
    return {name: value.detach().clone() for name, value in weights.items()}


def split(rows: Rows, held: float, rng: Rng) -> tuple[Rows, Rows]:
    """Return the rows to learn from and those to validate on, at least one of each; a single row is both."""
    n = len(rows)
    order = torch.from_numpy(rng.generator().permutation(n))
    most = min(VALIDATED, CELLS // max(rows.width, 1))
    aside = min(max(min(round(held * n), most), 1), n - 1)
    return (rows, rows) if n < 2 else (rows.take(order[aside:]), rows.take(order[:aside]))
