"""Checkpoints of a fit: written whole or not at all, read without running code, into the same fit alone."""

from __future__ import annotations

import json
import logging
import pickle
import zipfile
from copy import deepcopy
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from fidelia.data.atomic import atomic

if TYPE_CHECKING:
    from fidelia.generate.deep.loop import _Training

log = logging.getLogger(__name__)

State = dict[str, Any]


class Checkpoint:
    """The states of the trainings of a fit, one after the other, in a file, if one is asked for.

    A training that has ended stays in the file, so that an interrupt in the next one does not lose it: the file lives
    as long as the fit. A state belongs to the training whose rows, weights' shapes, course, seed and terms it was
    written by; another one starts anew and says so, and so does all that comes after it.

    Parameters
    ----------
    path : Path or None
        The file; None: nothing is kept.
    terms : str
        What the losses depend on beside weights and course.
    """

    def __init__(self, path: Path | None = None, terms: str = "") -> None:
        self.path, self.terms = path, terms
        self.mark = ""
        self._done: dict[str, State] = {}
        self._found: dict[str, State] | None = None

    def resume(self, training: _Training) -> None:
        """Put a training that has not begun where the file says it was, if the file is of the same training."""
        if self.path is None:
            return
        self.mark = fingerprint(training, self.terms)
        if self._found is None:
            self._found = self._read(training.learn.device)
        state = self._found.pop(training.name, {})
        if state.get("mark") == self.mark:
            _restore(training, state)
            log.info("%s goes on from step %d", training.name, training.step)
            return
        if state or self._found:
            log.warning("%s belongs to another training; this one starts anew", self.path)
        self._found = {}

    def write(self, training: _Training) -> None:
        """Write the whole state of a training beside those that have ended; what came after it no longer holds."""
        if self.path is None:
            return
        self._found = {}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with atomic(self.path) as draft:
            torch.save({**self._done, training.name: self._state(training)}, draft)

    def end(self, training: _Training, begun: int) -> None:
        """Keep the state of a training that has ended; `begun` is the step it was resumed at."""
        if self.path is None:
            return
        if training.step != begun:
            self.write(training)
        self._done[training.name] = deepcopy(self._state(training))  # its weights are learnt on

    def forget(self) -> None:
        """Remove the file: the fit is done."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def _state(self, training: _Training) -> State:
        return {
            "mark": self.mark,
            "network": training.network.state_dict(),
            "average": training.average,
            "best": training.best,
            "optimisers": {name: one.state_dict() for name, one in training.optimisers.items()},
            "history": json.dumps(asdict(training.history)),
            "place": {name: getattr(training, name) for name in PLACE},
            "sums": training.sums,
            "order": training.order,
            "random": torch.get_rng_state(),
        }

    def _read(self, device: torch.device) -> dict[str, State]:
        """The states in the file by name; none where there is no file, and a nameless one where it is damaged."""
        assert self.path is not None
        if not self.path.exists():
            return {}
        try:
            with zipfile.ZipFile(self.path) as file:
                if file.testzip() is not None:  # torch itself reads damaged weights without a word
                    return {"": {}}
            found = torch.load(self.path, weights_only=True, map_location=device)
        except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, zipfile.BadZipFile):
            return {"": {}}
        sound = isinstance(found, dict) and all(isinstance(state, dict) for state in found.values())
        return found if sound else {"": {}}


PLACE = ("step", "slower", "spent", "counted", "at")
"""What says where a training is."""


def _restore(training: _Training, state: State) -> None:
    training.network.load_state_dict(state["network"])
    training.average, training.best, training.sums, training.order = (
        state[name] for name in ("average", "best", "sums", "order")
    )
    for name, one in training.optimisers.items():
        one.load_state_dict(state["optimisers"][name])
    for name, value in json.loads(state["history"]).items():
        setattr(training.history, name, value)
    for name in PLACE:
        setattr(training, name, state["place"][name])
    torch.set_rng_state(state["random"])


def fingerprint(training: _Training, terms: str) -> str:
    """Return what a training must share with another to go on from its checkpoint: all of it but the limits."""
    digest = blake2b(repr((training.name, training.course, terms)).encode(), digest_size=16)
    for rows in (training.learn, training.check):
        for part in (rows.tokens, rows.begin, rows.end, rows.active):
            digest.update(part.cpu().contiguous().numpy())
    for name, value in training.network.state_dict().items():
        digest.update(name.encode() + value.detach().cpu().float().numpy().tobytes())
    return digest.hexdigest()
