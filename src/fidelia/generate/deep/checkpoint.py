"""Checkpoints of a training: written whole or not at all, read without running code, into the same training alone."""

from __future__ import annotations

import json
import logging
import pickle
import zipfile
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from fidelia.data.atomic import atomic
from fidelia.generate.deep.batch import Rows

if TYPE_CHECKING:
    from fidelia.generate.deep.loop import _Training
    from fidelia.generate.effort import Effort

log = logging.getLogger(__name__)


class Checkpoint:
    """Keeps a training in a file, if one is asked for.

    A checkpoint belongs to the training whose rows, weights' shapes, course and seed it was written by; another one
    starts anew and says so.
    """

    def __init__(self, path: Path | None, training: _Training) -> None:
        self.path, self.training = path, training
        self.mark = "" if path is None else fingerprint(training)

    @classmethod
    def of(cls, effort: Effort, training: _Training) -> Checkpoint:
        """Return the keeper of a training that has not begun."""
        return cls(effort.checkpoint, training)

    def write(self) -> None:
        """Write the whole state of the training."""
        if self.path is None:
            return
        it = self.training
        self.path.parent.mkdir(parents=True, exist_ok=True)
        state = {
            "mark": self.mark,
            "network": it.network.state_dict(),
            "average": it.average,
            "best": it.best,
            "optimisers": {name: one.state_dict() for name, one in it.optimisers.items()},
            "history": json.dumps(asdict(it.history)),
            "place": {name: getattr(it, name) for name in PLACE},
            "sums": it.sums,
            "order": it.order,
            "random": torch.get_rng_state(),
        }
        with atomic(self.path) as draft:
            torch.save(state, draft)

    def resume(self) -> None:
        """Put the training where the file says it was, if there is one of the same training."""
        if self.path is None or not self.path.exists():
            return
        state = self._read()
        if state is None or state.get("mark") != self.mark:
            log.warning("%s belongs to another training; this one starts anew", self.path)
            return
        it = self.training
        it.network.load_state_dict(state["network"])
        it.average, it.best, it.sums, it.order = (state[name] for name in ("average", "best", "sums", "order"))
        for name, one in it.optimisers.items():
            one.load_state_dict(state["optimisers"][name])
        for name, value in json.loads(state["history"]).items():
            setattr(it.history, name, value)
        for name in PLACE:
            setattr(it, name, state["place"][name])
        torch.set_rng_state(state["random"])
        log.info("%s goes on from step %d", it.name, it.step)

    def _read(self) -> dict[str, Any] | None:
        assert self.path is not None
        try:
            with zipfile.ZipFile(self.path) as file:
                if file.testzip() is not None:  # torch itself reads damaged weights without a word
                    return None
            found = torch.load(self.path, weights_only=True, map_location=self.training.learn.device)
        except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, zipfile.BadZipFile):
            return None
        return found if isinstance(found, dict) else None

    def forget(self) -> None:
        """Remove the file: the training is done."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)


PLACE = ("step", "slower", "spent", "counted", "at")
"""What says where a training is."""


def fingerprint(training: _Training) -> str:
    """Return what a training must share with another to go on from its checkpoint: all of it but the limits."""
    digest = blake2b(repr((training.name, training.course)).encode(), digest_size=16)
    for rows in (training.learn, training.check):
        digest.update(_bytes(rows))
    for name, value in training.network.state_dict().items():
        digest.update(name.encode() + value.detach().cpu().float().numpy().tobytes())
    return digest.hexdigest()


def _bytes(rows: Rows) -> bytes:
    return b"".join(part.cpu().numpy().tobytes() for part in (rows.tokens, rows.begin, rows.end, rows.active))
