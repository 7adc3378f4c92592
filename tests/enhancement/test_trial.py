"""The run over all splits: what it does, when it stops, and that it repeats itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from made import made

from fidelia.enhancement import trial as module
from fidelia.enhancement.arms import BEST, REAL, Arm, Maker, augment, augmented
from fidelia.enhancement.goal import SCORE, goal_of
from fidelia.enhancement.learning import learners
from fidelia.enhancement.trial import Plan, Trial, run
from fidelia.errors import NotApplicable
from fidelia.progress import SILENT, Tick
from fidelia.rng import Rng

TABLE = made(150)
GOAL, _ = goal_of(TABLE)
REAL_ARM = augment((1.0,))[0]
PLAN = Plan(
    [REAL_ARM, augmented(1.0)], learners(["linear"], tuned=False, task="binary"), (1.0,), 5, 2, maker=Maker("marginals")
)


def same(a: Trial, b: Trial) -> bool:
    return np.array_equal(a.of(SCORE), b.of(SCORE), equal_nan=True)


def test_a_trial_scores_every_arm_on_every_split() -> None:
    found = run(TABLE, GOAL, PLAN, Rng(0), SILENT)
    assert found.done == 10 and found.tested == [30] * 10 and found.overlap == 0.2
    scores = found.of(SCORE)
    assert scores.shape == (10, 1, 2) and (scores[:, 0, 0] > 0.7).all()
    assert (scores[:, :, 0] >= scores[:, :, 1] - 0.05).all()  # independent columns teach nothing
    assert found.stopped is None and found.declined == {}


def test_same_seed_same_scores_and_more_repeats_only_add() -> None:
    once, again = (run(TABLE, GOAL, PLAN, Rng(3), SILENT) for _ in "ab")
    assert same(once, again)
    fewer = run(TABLE, GOAL, replace(PLAN, repeats=1), Rng(3), SILENT)
    assert np.array_equal(fewer.of(SCORE), once.of(SCORE)[:5])
    assert not same(once, run(TABLE, GOAL, PLAN, Rng(4), SILENT))


def test_an_arm_does_not_change_the_others() -> None:
    alone = run(TABLE, GOAL, replace(PLAN, arms=[REAL_ARM], repeats=1), Rng(0), SILENT)
    beside = run(TABLE, GOAL, replace(PLAN, repeats=1), Rng(0), SILENT)
    assert np.array_equal(alone.of(SCORE)[:, :, 0], beside.of(SCORE)[:, :, 0])


def test_shares_lie_within_each_other() -> None:
    found = run(TABLE, GOAL, replace(PLAN, shares=(0.25, 1.0), repeats=1), Rng(0), SILENT)
    assert [sitting.learnt for sitting in found.sittings[0]] == [30, 120]
    assert found.of(SCORE, 0).mean() < found.of(SCORE, 1).mean() + 0.05
    whole = run(TABLE, GOAL, replace(PLAN, repeats=1), Rng(0), SILENT)
    assert np.array_equal(found.of(SCORE, 1), whole.of(SCORE))  # whatever else is asked


def test_the_best_arm_is_chosen_inside_the_training_rows() -> None:
    plan = replace(PLAN, chosen=(PLAN.arms[1],), repeats=1)
    found = run(TABLE, GOAL, plan, Rng(0), SILENT)
    assert plan.names == [REAL, "real + synthetic x 1", BEST]
    for split, scores in zip(found.sittings, found.of(SCORE), strict=True):
        picked = split[0].picked["linear"]
        assert scores[0, 2] == scores[0, plan.names.index(picked)]


def test_a_time_limit_makes_fewer_splits_and_asks_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10_000, 10))
    monkeypatch.setattr(module, "monotonic", lambda: float(next(clock)))
    short = run(TABLE, GOAL, replace(PLAN, limit=100.0), Rng(0), SILENT)
    assert 3 <= short.done < 10 and short.stopped == "the time limit"
    long = run(TABLE, GOAL, PLAN, Rng(0), SILENT)
    assert np.array_equal(short.of(SCORE), long.of(SCORE)[: short.done])


def test_a_tiny_time_limit_still_makes_three_splits() -> None:
    assert run(TABLE, GOAL, replace(PLAN, limit=1e-9), Rng(0), SILENT).done == 3


class Stopping:
    """A user who stops after so many splits."""

    def __init__(self, after: int) -> None:
        self.left = after

    @contextmanager
    def stage(self, name: str, total: float | None = None) -> Iterator[Tick]:
        yield lambda amount: None

    def arm(self) -> Arm:
        def stop(fold: object) -> None:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt

        return Arm("stop", "", lambda fold: stop(fold) or augmented(1.0).make(fold))


def test_an_interrupt_keeps_the_splits_that_are_done() -> None:
    plan = replace(PLAN, arms=[*PLAN.arms, Stopping(4).arm()])
    found = run(TABLE, GOAL, plan, Rng(0), SILENT)
    assert (found.done, found.stopped) == (4, "an interrupt")
    assert np.isfinite(found.of(SCORE)).all()
    with pytest.raises(KeyboardInterrupt):
        run(TABLE, GOAL, replace(PLAN, arms=[*PLAN.arms, Stopping(0).arm()]), Rng(0), SILENT)


def test_an_arm_that_declines_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def decline(fold: object) -> None:
        raise NotApplicable("TOO_FEW_ROWS", "not with these rows")

    found = run(TABLE, GOAL, replace(PLAN, arms=[*PLAN.arms, Arm("no", "", decline)], repeats=1), Rng(0), SILENT)
    assert found.declined == {"no": "not with these rows"}
    assert np.isnan(found.of(SCORE)[:, :, 2]).all() and np.isfinite(found.of(SCORE)[:, :, :2]).all()
