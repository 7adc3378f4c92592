"""What the families of networks share: from a table to a trained network, to rows, to a file and back."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch

from fidelia.encode.columns import Rare, TableCoder
from fidelia.errors import UsageError
from fidelia.generate.catalog import State
from fidelia.generate.deep.batch import Rows
from fidelia.generate.deep.checkpoint import Checkpoint
from fidelia.generate.deep.layout import Drawn, Known, Layout
from fidelia.generate.deep.loop import Course, History, Trainable, device_of, seeded, train
from fidelia.generate.deep.steer import steered
from fidelia.generate.effort import UNLIMITED, Effort
from fidelia.generate.sampling import rows as rows_of
from fidelia.generate.states import levels, modelled, opened, parameters
from fidelia.generate.values import obeying
from fidelia.progress import SILENT, Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from fidelia.data.table import Table
    from fidelia.encode.codes import Coded, Evidence
    from fidelia.generate.conditions import Given
    from fidelia.generate.states import Parts as StateParts
    from fidelia.rng import Rng

log = logging.getLogger(__name__)

SLICE, CELLS = 10_000, 20_000_000
"""Rows that a network draws at once, and most of their logits and numbers."""


class Network(Trainable):
    """A network that learns rows of a layout and draws new ones."""

    layout: Layout

    def draw(self, n: int, known: Known | None = None) -> Drawn:
        """Return `n` new rows, from torch's random state.

        Parameters
        ----------
        known : Known or None
            Conditions. A network obeys as many as it can; rows that break one are drawn again, and at last moved.
        """
        raise NotImplementedError


class Constant(Network):
    """Of a table in which nothing varies: there is nothing to learn."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.layout = layout

    def draw(self, n: int, known: Known | None = None) -> Drawn:  # noqa: ARG002 - there is one row
        """Return the one row that there is."""
        return Drawn(np.zeros((n, len(self.layout.tokens)), np.int64), np.zeros((n, 0)))


def varies(layout: Layout) -> bool:
    """Whether a table of this layout has anything to learn."""
    return bool(layout.numbers) or any(token.levels > 1 for token in layout.tokens)


@dataclass(slots=True, eq=False, kw_only=True)
class Family:
    """The part of a generator that all families of networks have in common.

    A family says its network (`network`) and how it is trained (`course`); both depend on the layout alone, so that
    a file of weights can be read back.

    Parameters
    ----------
    k : int
        Values held by fewer than `k` training rows are interpolated or grouped, see `fidelia.encode.protection`.
    rare : {"resample", "keep"}
        What becomes of levels held by fewer than k rows.
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
    EXACT: ClassVar[bool] = False
    """Whether `Network.draw` obeys conditions by their law, so that nothing is left to steer."""

    k: int = 5
    rare: Rare = "resample"
    steps: int = 8_000
    batch: int | None = None
    width: int = 256
    rate: float = 1e-3
    device: str = "auto"
    coder_: TableCoder = field(init=False, repr=False)
    layout_: Layout = field(init=False, repr=False)
    network_: Network = field(init=False, repr=False)
    history_: History = field(init=False, repr=False)

    def network(self, layout: Layout) -> Network:
        """Return the untrained network of a layout."""
        raise NotImplementedError

    def course(self, n: int) -> Course:
        """Return how the network is trained on `n` rows."""
        return Course(steps=self.steps, batch=self.batch or batch_for(n))

    def prepare(self, network: Network, rows: Rows) -> None:
        """Learn what is counted, not trained, before the training: marginals, frequencies. Kept in buffers."""

    def finish(self, network: Network, rows: Rows) -> None:
        """Learn what is counted after the training: the law of latent codes. Kept in buffers."""

    def fit(self, table: Table, *, rng: Rng, progress: Progress = SILENT, effort: Effort = UNLIMITED) -> Self:
        """Train the network on a table; see `fidelia.generate.deep.loop`."""
        self.check()
        begun, seconds = time.monotonic(), math.inf if effort.seconds is None else effort.seconds
        checkpoint = Checkpoint(effort.checkpoint, terms=repr(parameters(self)))
        self.coder_ = TableCoder.fit(table, k=self.k, rare=self.rare)
        coded = self.coder_.code(table)
        self.layout_ = Layout.fit(coded, self.coder_.k)
        rows = Rows.of(self.layout_.encode(coded), device_of(self.device))
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
        *, course: Course | None = None, begin: Callable[[Network], Trainable] | None = None,
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
            self.network_ = self._untrained(self.layout_).to(rows.device)
            self.history_ = History()
            if len(rows) and varies(self.layout_):
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

    def _untrained(self, layout: Layout) -> Network:
        return self.network(layout) if varies(layout) else Constant(layout)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a report should say of how the fit went; nothing for a fit that was read from a file."""
        history = self.history_
        if history.stopped != "time":
            return ()
        ended = f"the time limit ended the training of {self.NAME} after {history.steps[-1]:,} of {self.steps:,} steps"
        return (f"{ended}; the best weights until then are kept",)

    def sample(
        self,
        n: int,
        *,
        given: Given | None = None,
        rng: Rng,
        progress: Progress = SILENT,  # noqa: ARG002 - batches are short
        first: int = 0,
    ) -> Table:
        """Draw `n` rows; conditions are obeyed exactly, see `fidelia.generate.deep.steer` for by which law."""
        n = rows_of(n)
        evidence = {} if given is None else given.code(self.coder_)
        with seeded(rng.child("draw"), self._device), torch.no_grad():
            coded = self._coded(n, evidence, rng)
        for i, name in enumerate(evidence):
            coded.columns[name] = obeying(coded[name], evidence[name], rng.child(f"obey/{i}").generator())
        return self.coder_.decode(coded, rng=rng, first=first)

    def _coded(self, n: int, evidence: Evidence, rng: Rng) -> Coded:
        if not evidence or not varies(self.layout_):
            return self.layout_.decode(self._drawn(n, None))
        known = self.layout_.known(evidence)
        if self.EXACT:
            return self.layout_.decode(self._drawn(n, known))
        found, ess = steered(
            n, lambda size: self.layout_.decode(self._drawn(size, known)), evidence, rng.child("steer").generator()
        )
        if ess < n:
            log.warning("%d rows drawn under a rare condition: %d obeyed it by themselves", n, ess)
        return found

    @property
    def _device(self) -> torch.device:
        return next((p.device for p in self.network_.parameters()), torch.device("cpu"))

    def _drawn(self, n: int, known: Known | None) -> Drawn:
        """Draw in slices of bounded memory."""
        tokens, numbers = self.layout_.tokens, self.layout_.numbers
        most = max(min(SLICE, CELLS // max(sum(token.levels for token in tokens) + len(numbers), 1)), 1)
        parts = [self.network_.draw(min(most, n - begin), known) for begin in range(0, n, most)]
        if not parts:
            return Drawn(np.zeros((n, len(tokens)), np.int64), np.zeros((n, len(numbers))))
        return Drawn(np.concatenate([p.tokens for p in parts]), np.concatenate([p.numbers for p in parts]))

    def state(self) -> State:
        """Return coder, layout and weights."""
        said, arrays = self.layout_.state()
        weights = {
            f"weights/{name}": value.detach().cpu().numpy() for name, value in self.network_.state_dict().items()
        }
        values = {"parameters": saved_parameters(self), "coder": self.coder_.state(), "layout": said}
        return State({**values, **self.facts()}, {**arrays, **weights})

    def facts(self) -> dict[str, Any]:
        """Return further JSON values to save; `recall` reads them."""
        return {}

    def recall(self, values: dict[str, Any]) -> None:
        """Read what `facts` returned; ValueError when it does not fit."""

    @classmethod
    def restore(cls, state: State) -> Self:
        """Read what `state` returned; weights must fit the network of the layout in name, shape and type."""
        with opened(state) as parts:
            made = cls(**parts.parameters)
            made.check()
            made.coder_ = parts.coder
            made.layout_ = Layout.restore(state.values["layout"], state.arrays)
            _fitting(made.layout_, parts)
            made.recall(state.values)
            with torch.random.fork_rng(devices=[]):
                made.network_ = made._untrained(made.layout_)
            _load(made.network_, state.arrays)
            made.network_.to(device_of(made.device)).eval()
            made.history_ = History()
        return made


def batch_for(n: int) -> int:
    """Return the power of two at or below n / 32, within 32 and 1,024."""
    return int(2 ** np.clip(np.floor(np.log2(max(n, 1) / 32)), 5, 10))


def left(seconds: float, begun: float) -> float:
    """Return what is left of a time limit since `begun`, a moment of the monotonic clock."""
    return max(seconds - (time.monotonic() - begun), 0.0)


def saved_parameters(generator: Any) -> dict[str, Any]:
    """Return the parameters of a family as they are saved: a file drawn from elsewhere runs on the device there."""
    return {**parameters(generator), "device": "auto"}


def _fitting(layout: Layout, parts: StateParts) -> None:
    """Raise ValueError when the layout is not one of the coder's columns."""
    if list(layout.columns) != modelled(parts.coder):
        raise ValueError("the layout is not that of the columns")
    for name, column in layout.columns.items():
        count = levels(parts.coder, name)
        if getattr(column, "levels", None) != count and (count is not None or not hasattr(column, "atoms")):
            raise ValueError(f"the layout of column {name!r} does not fit its coder")


def _load(network: Network, arrays: dict[str, np.ndarray]) -> None:
    wanted = network.state_dict()
    found = {name.removeprefix("weights/"): array for name, array in arrays.items() if name.startswith("weights/")}
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
