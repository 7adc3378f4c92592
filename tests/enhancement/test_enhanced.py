"""The answer: which comparisons there are, what is said of them, and that it may be no."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fidelia.enhancement.arms import AUDITED, DISTILLED, REAL, REBALANCED, SMOTE, Arm, Maker
from fidelia.enhancement.curve import Worth, worth
from fidelia.enhancement.enhanced import Enhanced, curve_of, lines_of, pairs_of, parts_of
from fidelia.enhancement.goal import Goal
from fidelia.enhancement.learning import Lesson, learners
from fidelia.enhancement.trial import Plan, Sitting, Trial
from fidelia.enhancement.words import verdict
from fidelia.rng import Rng

GOAL = Goal("y", "binary", ("no", "yes"))
SPLITS = 20


def arm(name: str, *, control: bool = False) -> Arm:
    return Arm(name, name, lambda fold: Lesson(fold.train), control)


def trial_of(
    gains: dict[str, tuple[float, float]],
    *,
    control: str | None = None,
    names: tuple[str, ...] = ("linear",),
    splits: int = SPLITS,
    shares: tuple[float, ...] = (1.0,),
    base: float = 0.8,
    goal: Goal = GOAL,
    more: tuple[float, ...] = (0.0,),
) -> Trial:
    """Return a trial whose arms differ from real rows by a mean and a spread over splits, in every learner."""
    draw = np.random.default_rng(0)
    arms = [arm(REAL), *(arm(name, control=name == control) for name in gains)]
    plan = Plan(arms, learners(names, task="binary"), shares, 10, max(1, splits // 10), maker=Maker())
    measures = goal.names(())
    sittings = []
    for _ in range(splits):
        split = []
        for s, _ in enumerate(shares):
            scores = np.full((len(names), len(arms), len(measures)), base + more[s] + draw.normal(0, 0.02))
            for a, (mean, sd) in enumerate(gains.values(), start=1):
                scores[:, a] += draw.normal(mean, sd, size=(len(names), 1))
            split.append(Sitting(scores, 0.83, round(900 * shares[s]), {name: {} for name in names}, {}))
        sittings.append(split)
    return Trial(plan, goal, measures, sittings, [100] * splits, {}, None, 1000)


def said(trial: Trial, what: str = "augment") -> tuple[dict, list[str]]:
    lines, pairs = lines_of(trial, Rng(0)), pairs_of(trial, Rng(0))
    return verdict(trial, what, lines, pairs), [line.answer for line in lines]


def test_a_clear_gain_is_a_gain() -> None:
    found, answers = said(trial_of({"real + synthetic x 1": (0.03, 0.01), "real + synthetic x 4": (0.0, 0.01)}))
    assert answers == ["helps", "no difference"]
    assert (found["level"], found["headline"]) == ("gain", "Synthetic rows help here: linear.")
    assert "real + synthetic x 1 raises the AUC from 0.80" in found["sentences"][0]


def test_no_gain_is_an_answer_and_says_what_is_excluded() -> None:
    found, answers = said(trial_of({f"real + synthetic x {r}": (0.0, 0.01) for r in (1, 2, 4)}))
    assert set(answers) == {"no difference"}
    assert (found["level"], found["headline"]) == ("none", "No gain here.")
    assert "None of 3 comparisons over 20 splits" in found["sentences"][0]
    assert "bring at most: linear 0.0" in found["sentences"][1]


def test_losses_are_said() -> None:
    found, answers = said(trial_of({"real + synthetic x 1": (-0.05, 0.01), "real + synthetic x 2": (-0.08, 0.01)}))
    assert answers == ["hurts", "hurts"] and found["level"] == "loss"
    assert found["headline"] == "No gain here: synthetic rows make models worse."
    assert any(
        "2 arms with synthetic rows lose; most: linear, real + synthetic x 2" in text for text in found["sentences"]
    )


def test_a_gain_that_repeated_rows_have_too_is_not_one_of_new_rows() -> None:
    gains = {"real + synthetic x 1": (0.03, 0.01), "real, repeated": (0.03, 0.01)}
    found, answers = said(trial_of(gains, control="real, repeated"))
    assert answers == ["more rows, not new ones", "helps"]
    assert found["headline"] == "No gain here."
    assert any("due to the number of rows" in text for text in found["sentences"])
    real, _ = said(trial_of({**gains, "real, repeated": (0.0, 0.01)}, control="real, repeated"))
    assert real["level"] == "gain"


def test_noise_that_helps_is_no_gain_from_synthetic_rows() -> None:
    found, answers = said(trial_of({"real + synthetic x 1": (0.0, 0.01), "noise": (0.03, 0.01)}))
    assert answers == ["no difference", "helps"]
    assert found["headline"] == "No gain here."
    assert any(text.startswith("Linear: noise raises the AUC") for text in found["sentences"])


def test_many_arms_are_corrected() -> None:
    """What would be a gain alone is none among forty."""
    one = {"real + synthetic x 1": (0.008, 0.02)}
    many = one | {f"real + synthetic x {r}": (0.0, 0.02) for r in range(2, 41)}
    alone, among = lines_of(trial_of(one), Rng(0))[0], lines_of(trial_of(many), Rng(0))[0]
    assert alone.found.joint_interval == alone.found.interval
    assert among.found.joint_interval[0] < among.found.interval[0]
    assert among.found.joint_p > among.found.p


def test_controls_are_not_among_the_claims() -> None:
    gains = {"real + synthetic x 1": (0.01, 0.02)}
    with_control = trial_of({**gains, "real, repeated": (0.0, 0.02)}, control="real, repeated")
    assert lines_of(with_control, Rng(0))[0].found.joint_interval == lines_of(with_control, Rng(0))[0].found.interval


@pytest.mark.parametrize("splits", [1, 3])
def test_too_few_splits_are_no_answer(splits: int) -> None:
    found, answers = said(trial_of({"real + synthetic x 1": (0.03, 0.01)}, splits=splits))
    assert (found["level"], found["headline"]) == ("unknown", "Nothing can be said yet.")
    assert answers == (["unknown"] if splits == 1 else answers)


def test_a_learner_that_gains_is_held_against_the_best_without_synthetic_rows() -> None:
    trial = trial_of({"real + synthetic x 1": (0.03, 0.005)}, names=("linear", "boosted trees"))
    draw = np.random.default_rng(1)
    for split in trial.sittings:
        split[0].scores[1] -= 0.1  # boosted trees gain, and stay behind the linear model
        split[0].scores[0, 1] = split[0].scores[0, 0] + draw.normal(0, 0.01)
    found, _ = said(trial)
    assert found["headline"] == "Synthetic rows help here: boosted trees."
    assert "is not above the best learner on real rows alone, linear" in found["sentences"][-1]


def test_pairs_answer_questions_of_their_own() -> None:
    gains = {SMOTE: (0.0, 0.01), REBALANCED: (0.03, 0.01), "real + synthetic x 1": (0.0, 0.01), AUDITED: (0.0, 0.01)}
    trial = trial_of(gains)
    found = {line.arm: line for line in pairs_of(trial, Rng(0))}
    assert (found[REBALANCED].against, found[REBALANCED].answer) == (SMOTE, "helps")
    assert (found[AUDITED].against, found[AUDITED].answer) == ("real + synthetic x 1", "no difference")
    assert found[REBALANCED].found.value == pytest.approx(0.03, abs=0.01)


def test_parts_are_classes_and_segments_of_the_arms_of_interest() -> None:
    trial = trial_of({"real + synthetic x 1": (0.0, 0.01), "noise": (0.0, 0.01), DISTILLED: (0.0, 0.01)})
    found = parts_of(trial, Rng(0))
    assert {line.part for line in found} == {"class: no", "class: yes"}
    assert {line.arm for line in found} == {"real + synthetic x 1", DISTILLED}


def test_missing_scores_are_left_out_and_plain_data_hold_no_nan() -> None:
    trial = trial_of({"real + synthetic x 1": (0.01, 0.01), "gone": (0.0, 0.0)})
    for split in trial.sittings:
        split[0].scores[:, 2] = np.nan
    lines = lines_of(trial, Rng(0))
    assert [line.arm for line in lines] == ["real + synthetic x 1"]
    found = Enhanced("augment", {"shares": [1.0]}, lines, (), (), (), {"headline": "h", "sentences": ["s"]})
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["lines"][0]["gain"] == lines[0].found.value
    assert str(found) == "h\ns" and len(found.to_frame()) == 1


def test_intervals_stay_within_what_can_be() -> None:
    (line,) = lines_of(trial_of({"real + synthetic x 1": (0.0, 0.4)}, splits=3, base=0.9), Rng(0))
    assert line.base + line.found.joint_interval[1] <= 1 + 1e-9
    assert line.base + line.found.joint_interval[0] >= -1e-9


def test_the_curve_says_what_synthetic_rows_are_worth() -> None:
    trial = trial_of({"real + synthetic x 1": (0.05, 0.001)}, shares=(0.1, 0.2, 0.4), more=(0.0, 0.05, 0.1), splits=20)
    lines = lines_of(trial, Rng(0))
    points = curve_of(trial, lines)
    assert [point["rows"] for point in points] == [90, 180, 360]
    first = points[0]["worth"][0]
    assert first["value"]["factor"] == pytest.approx(2, abs=0.2)  # the gain of twice the rows
    assert first["low"]["factor"] <= first["value"]["factor"] <= first["high"]["factor"]
    assert points[-1]["worth"][0]["value"]["bound"] == "at least"
    assert curve_of(trial_of({"real + synthetic x 1": (0.0, 0.01)}), ()) == ()
    found, _ = said(trial, "scarce")
    assert found["headline"].startswith("Synthetic rows help here: linear with 10 %")


def test_worth() -> None:
    assert worth([10, 100], [0.5, 0.7], 0, 0.6).factor == pytest.approx(10**0.5)
    assert worth([10, 100], [0.5, 0.7], 1, 0.4) == Worth(pytest.approx(0.1), "at most")
    assert worth([10, 20, 40], [0.6, 0.5, 0.7], 0, 0.55).factor == pytest.approx(1.0)  # made monotone
    assert worth([10, 20], [0.7, 0.6], 0, 0.8) == Worth(None)
    assert str(Worth(1.3)) == "1.3 times"
