"""A fit of several trainings that is interrupted, or killed, in any of them goes on to the same model."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from stopped import Stopped

import fidelia as fd
from fidelia.generate.catalog import create
from fidelia.generate.deep.gan import GAN
from fidelia.generate.effort import Effort
from fidelia.rng import Rng

STEPS = 80
"""Of the adversaries; the judge has a fifth."""


def table():
    """A level on which a number depends not normally, which the judge sees after a short training."""
    draw = np.random.default_rng(0)
    level = draw.choice(list("abc"), 600)
    return fd.read(pd.DataFrame({"level": level, "x": draw.exponential(1.0 + (level == "a"))}))


def gan(**changes):
    return GAN(**{"steps": STEPS, "batch": 64, "width": 32, **changes})


def state(model):
    return {name: array.tobytes() for name, array in model.state().arrays.items()}


def interrupted(place, stage, at, **changes):
    with pytest.raises(KeyboardInterrupt):
        gan(**changes).fit(table(), rng=Rng(0), progress=Stopped(stage, at), effort=Effort(checkpoint=place))
    assert place.exists()


def resumed(place, **changes):
    progress = Stopped()
    model = gan(**changes).fit(table(), rng=Rng(0), progress=progress, effort=Effort(checkpoint=place))
    assert not place.exists(), "a fit that has ended leaves no checkpoint"
    return model, progress.begun


@pytest.fixture(scope="module")
def whole():
    model = gan().fit(table(), rng=Rng(0))
    assert model.network_.judged, "the second training matters"
    return state(model)


@pytest.mark.parametrize(("stage", "at"), [("gan", 37), ("judge", 0), ("judge", 11)])
def test_interrupted_in_either_training_a_fit_ends_the_same(tmp_path, whole, stage, at):
    place = tmp_path / "c.pt"
    interrupted(place, stage, at)
    model, begun = resumed(place)
    assert begun["train gan"] == (37 if stage == "gan" else STEPS), "nothing is trained twice"
    assert begun["train gan's judge"] == (0 if stage == "gan" else at)
    assert state(model) == whole


def test_interrupted_in_both_trainings_a_fit_ends_the_same(tmp_path, whole):
    place = tmp_path / "c.pt"
    for stage, at in (("gan", 20), ("gan", 60), ("judge", 5), ("judge", 12)):
        interrupted(place, stage, at)
    model, begun = resumed(place)
    assert begun == {"train gan": STEPS, "train gan's judge": 12}
    assert state(model) == whole


def test_weights_that_the_next_training_learns_are_not_those_that_are_kept(tmp_path):
    place = tmp_path / "c.pt"
    interrupted(place, "judge", 9)
    states = torch.load(place, weights_only=True)
    assert list(states) == ["gan", "gan's judge"]
    kept = states["gan"]["network"]
    assert not kept["judge.leave.weight"].any(), "a judge starts even"
    assert torch.equal(kept["calibration.curves"], kept["calibration.curves"][:1].expand_as(kept["calibration.curves"]))


@pytest.mark.parametrize("change", [{"penalty": 3.0}, {"width": 16}])
def test_a_fit_of_other_parameters_starts_anew(tmp_path, caplog, change):
    place = tmp_path / "c.pt"
    interrupted(place, "judge", 5)
    with caplog.at_level(logging.WARNING):
        _, begun = resumed(place, **change)
    assert begun == {"train gan": 0, "train gan's judge": 0}
    assert caplog.text.count("belongs to another training") == 1


def test_a_fit_of_another_family_starts_anew(tmp_path, caplog):
    place = tmp_path / "c.pt"
    interrupted(place, "gan", 10)
    with caplog.at_level(logging.WARNING):
        create("vae", steps=2).fit(table(), rng=Rng(0), effort=Effort(checkpoint=place))
    assert "belongs to another training" in caplog.text
    assert not place.exists()


def test_more_time_goes_on_with_a_training_that_time_had_ended_and_begins_the_next_anew(tmp_path):
    place = tmp_path / "c.pt"
    with pytest.raises(KeyboardInterrupt):
        gan().fit(table(), rng=Rng(0), progress=Stopped("judge", 5), effort=Effort(seconds=1e-9, checkpoint=place))
    _, begun = resumed(place)
    assert begun == {"train gan": 1, "train gan's judge": 0}


KILLED = """
import os, signal, sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from test_checkpoint import Effort, Rng, gan, table
from fidelia.generate.deep import loop
from fidelia.generate.deep.gan.judge import Judging

learn, steps = Judging.loss, []

def loss(self, batch, moment):
    loop.KEEP = 0.0
    steps.append(moment.step)
    if len(steps) == 10:
        os.kill(os.getpid(), signal.SIGKILL)
    return learn(self, batch, moment)

Judging.loss = loss
gan().fit(table(), rng=Rng(0), effort=Effort(checkpoint=Path(sys.argv[2])))
"""


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_killed_in_the_second_training_a_fit_ends_the_same(tmp_path, whole):
    place = tmp_path / "c.pt"
    command = [sys.executable, "-c", KILLED, str(Path(__file__).parent), str(place)]
    child = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert child.returncode == -signal.SIGKILL, child.stderr
    model, begun = resumed(place)
    assert begun == {"train gan": STEPS, "train gan's judge": 9}
    assert state(model) == whole
