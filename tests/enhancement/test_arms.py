"""What models learn from, and what arms and generators may see."""

from __future__ import annotations

import numpy as np
import pytest
from made import made, numbers

from fidelia.data.keys import row_keys
from fidelia.data.table import Table
from fidelia.enhancement import arms
from fidelia.enhancement.arms import (
    AUDITED,
    DISTILLED,
    MIXUP,
    NOISE,
    OVERSAMPLED,
    REAL,
    REBALANCED,
    REPEATED,
    SMOTE,
    SYNTHETIC,
    WEIGHTS,
    Arm,
    Fold,
    Maker,
    augment,
    augmented,
    rebalance,
)
from fidelia.enhancement.enhanced import lines_of
from fidelia.enhancement.goal import goal_of
from fidelia.enhancement.learning import Lesson, learners
from fidelia.enhancement.trial import Plan, Trial, run
from fidelia.errors import NotApplicable
from fidelia.measure.case import Case
from fidelia.progress import SILENT
from fidelia.rng import Rng

LINEAR = learners(["linear"], task="binary")


def fold(table: Table, *, rare: bool = False, most: float = 4.0, generator: str = "chowliu") -> Fold:
    goal, _ = goal_of(table, rare=rare)
    return Fold(table, goal, Maker(generator), learners(["linear"], task=goal.kind), Rng(0), most)


def by_name(found: list[Arm]) -> dict[str, Arm]:
    return {arm.name: arm for arm in found}


def test_rows_of_each_arm() -> None:
    table = made(120)
    here = fold(table)
    rows = {
        name: len(arm.make(here).rows) for name, arm in by_name(augment((0.5, 2.0, 4.0))).items() if name != AUDITED
    }
    assert rows.pop(DISTILLED) > 120 + 480  # rows that may be of either class stand there twice
    assert rows == {
        REAL: 120,
        "real + synthetic x 0.5": 180,
        "real + synthetic x 2": 360,
        "real + synthetic x 4": 600,
        SYNTHETIC: 120,
        NOISE: 240,
        MIXUP: 240,
        REPEATED: 600,
    }
    assert [arm.name for arm in augment((1.0,)) if arm.control] == [REPEATED]


def test_real_rows_come_first_and_unchanged() -> None:
    table = made(120, rare=0.3)
    here = fold(table, rare=True)
    for name, arm in by_name([*augment((1.0,)), *rebalance()[:3]]).items():
        if name not in (SYNTHETIC, AUDITED):
            rows = arm.make(here).rows
            assert rows.arrow.schema.equals(table.arrow.schema)
            assert (row_keys(rows)[:120] == row_keys(table)).all(), name


def test_smaller_ratios_take_the_first_of_the_same_rows() -> None:
    here = fold(made(100))
    few, many = (row_keys(augmented(ratio).make(here).rows)[100:] for ratio in (0.5, 4.0))
    assert (few == many[:50]).all()


def test_a_generator_is_fitted_once_for_all_arms(monkeypatch: pytest.MonkeyPatch) -> None:
    fits = []
    fit = Maker.fit
    monkeypatch.setattr(Maker, "fit", lambda self, table, *rest: fits.append(len(table)) or fit(self, table, *rest))
    here = fold(made(80))
    for arm in augment((0.5, 1.0, 4.0)):
        if arm.name != AUDITED:
            arm.make(here)
    assert fits == [80]


def test_distilled_rows_count_by_what_all_learners_say() -> None:
    table = made(150, signal=3.0)
    here = fold(table, most=1.0)
    lesson = by_name(augment((1.0,)))[DISTILLED].make(here)
    assert lesson.weight is not None and lesson.target is not None
    assert (lesson.weight[:150] == 1).all() and (lesson.target[:150] == here.goal.actual(table)).all()
    said = here.together(here.drawn(1.0))
    assert lesson.weight[150:].sum() == pytest.approx(150, rel=0.01)
    assert lesson.weight[150:][lesson.target[150:] == 1].sum() == pytest.approx(said[:, 1].sum(), rel=0.01)


def test_distilled_numbers() -> None:
    table = numbers(100)
    here = fold(table, most=1.0)
    lesson = by_name(augment((1.0,)))[DISTILLED].make(here)
    assert lesson.weight is None and lesson.target is not None
    assert np.allclose(lesson.target[100:], here.together(here.drawn(1.0)))


def test_rebalanced_arms_bring_the_rare_class_up_to_the_commonest() -> None:
    table = made(200, rare=0.1)
    here = fold(table, rare=True)
    known = by_name(rebalance())
    for name in (OVERSAMPLED, REBALANCED):
        found = np.asarray(known[name].make(here).rows["y"])
        assert (found == "yes").sum() == (found == "no").sum() == 180
    weighted = known[WEIGHTS].make(here)
    yes = np.asarray(table["y"]) == "yes"
    assert weighted.weight is not None
    assert weighted.weight[yes].sum() == pytest.approx(weighted.weight[~yes].sum())
    made_rows = row_keys(known[REBALANCED].make(here).rows)[200:]
    assert np.isin(made_rows, row_keys(table)).mean() < 0.2


def test_smote_arm() -> None:
    pytest.importorskip("imblearn")
    found = by_name(rebalance())[SMOTE].make(fold(made(200, rare=0.1), rare=True))
    assert (np.asarray(found.rows["y"]) == "yes").sum() == 180


def test_a_fold_without_the_rare_class_declines() -> None:
    table = made(200, rare=0.1)
    goal, _ = goal_of(table, rare=True)
    here = Fold(table.take(np.flatnonzero(np.asarray(table["y"]) == "no")), goal, Maker("chowliu"), LINEAR, Rng(0))
    for arm in rebalance()[2:]:
        with pytest.raises(NotApplicable, match="no row of the rare class"):
            arm.make(here)


def test_audited_rows_come_from_a_generator_that_their_judges_never_met(monkeypatch: pytest.MonkeyPatch) -> None:
    table = made(240)
    seen: list[set[int]] = []
    fit = Maker.fit
    keys = lambda rows: set(row_keys(rows).tolist())  # noqa: E731
    monkeypatch.setattr(Maker, "fit", lambda self, rows, *rest: seen.append(keys(rows)) or fit(self, rows, *rest))
    judges: list[set[int]] = []
    collect = arms.collect

    def noted(draw: object, first: Case, *rest: object, **named: object) -> object:
        judges.append(keys(first.holdout))
        return collect(draw, first, *rest, **named)

    monkeypatch.setattr(arms, "collect", noted)
    rows = by_name(augment((1.0,)))[AUDITED].make(fold(table)).rows
    assert len(rows) > 400
    assert len(judges[0]) == 60 and not judges[0] & seen[0] and judges[0] | seen[0] == keys(table)


class Spied:
    """Notes the rows that every generator is fitted on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[set[int]] = []
        fit = Maker.fit

        def noted(maker: Maker, table: Table, *rest: object) -> object:
            self.seen.append(set(row_keys(table).tolist()))
            return fit(maker, table, *rest)

        monkeypatch.setattr(Maker, "fit", noted)


def trial(table: Table, found: list[Arm], *, chosen: tuple[Arm, ...] = (), learner: str = "linear") -> Trial:
    goal, _ = goal_of(table)
    taught = learners([learner], task="binary")
    plan = Plan(found, taught, (1.0,), 5, 1, chosen, Maker("chowliu"), most=1.0)
    return run(table, goal, plan, Rng(0), SILENT)


def test_generators_see_the_training_fold_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    table = made(150)
    assert len(set(row_keys(table).tolist())) == 150
    spied, tested = Spied(monkeypatch), []
    take = Table.take
    monkeypatch.setattr(Table, "take", lambda self, rows: tested.append((self, rows)) or take(self, rows))
    found = [augment((1.0,))[0], augmented(1.0)]
    trial(table, found, chosen=(found[1],))
    keys = row_keys(table)
    folds = [set(keys[rows].tolist()) for source, rows in tested if source is table and len(rows) == 30]
    assert len(folds) == 5 and len(spied.seen) == 10  # once a fold, once more in its inner split
    for i, test in enumerate(folds):
        outer, inner = spied.seen[2 * i], spied.seen[2 * i + 1]
        assert len(outer) == 120 and not outer & test
        assert inner < outer


def test_a_leaking_design_would_be_caught() -> None:
    """On a target that nothing predicts no honest arm gains. A generator fitted on all rows does, and shows."""
    table = made(160, signal=0.0)
    everything = Maker("noisy-copy").fit(table, Rng(0))
    leaking = Arm("leaking", "", lambda here: Lesson(arms.joined([here.train, everything.sample(640, rng=here.rng)])))
    found = trial(table, [augment((1.0,))[0], augmented(1.0), leaking], learner="decision tree")
    answers = {line.arm: line for line in lines_of(found, Rng(0))}
    assert answers["leaking"].answer == "helps" and answers["leaking"].found.value > 0.1
    assert answers["real + synthetic x 1"].answer == "no difference"


def test_generators_protect_nothing_unless_asked() -> None:
    bare, kept = (Maker.of("trees", {"trees": 3}, protected=protected) for protected in (False, True))
    assert (bare.parameters, kept.parameters) == ({"k": 1, "rare": "keep", "leaf": 5, "trees": 3}, {"trees": 3})
    assert Maker.of("chowliu", {"k": 9}, protected=False).parameters == {"k": 9, "rare": "keep"}
    assert Maker.of("noisy-copy", {}, protected=False).parameters == {}
