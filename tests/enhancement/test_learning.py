"""What learners see, how they are set, and rows that count more."""

import numpy as np
import pytest
from made import made, numbers

from fidelia.enhancement.goal import goal_of
from fidelia.enhancement.learning import TUNED, Lesson, School, learners
from fidelia.enhancement.sight import Eyes
from fidelia.errors import NotApplicable, UsageError
from fidelia.generate.sampling import joined
from fidelia.measure.learners import BOOSTED, LINEAR, NETWORK
from fidelia.rng import Rng


def school(table, seed: int = 0) -> School:
    return School(table, goal_of(table)[0], Rng(seed))


def test_learners_see_all_columns_but_the_target() -> None:
    table = made(80)
    eyes = Eyes(table, "y")
    points, columns, frame = (eyes.see(sees, table) for sees in ("points", "columns", "frame"))
    assert points.shape == (80, 1 + 2 + 3) and np.isfinite(points).all()  # x; z and its gaps; three levels
    assert columns.shape == (80, 3) and eyes.categorical == [2]
    assert list(frame.columns) == ["x", "z", "level"] and type(frame).__module__.startswith("pandas")


def test_what_is_seen_is_fixed_by_the_training_rows() -> None:
    """Other rows, with other levels and quantiles, change nothing about how a row is seen."""
    train, other = made(80), made(200, seed=1)
    eyes = Eyes(train, "y")
    for sees in ("points", "columns"):
        alone, beside = eyes.see(sees, train), eyes.see(sees, joined([train, other]))[:80]
        assert (np.nan_to_num(alone, nan=-9) == np.nan_to_num(beside, nan=-9)).all()


def test_a_level_that_training_rows_lack_is_seen_as_missing() -> None:
    table = made(90)
    few = table.take(np.flatnonzero(np.asarray(table["level"]) != "high"))
    assert set(Eyes(few, "y").see("columns", table)[:, 2]) == {0.0, 1.0, 2.0}


@pytest.mark.parametrize("name", [LINEAR, BOOSTED, NETWORK, "random forest", "nearest neighbours", "naive Bayes"])
def test_every_family_learns(name: str) -> None:
    table, test = made(200), made(200, seed=1)
    taught = school(table)
    (learner,) = learners([name], task="binary")
    p = taught.learnt(learner, Lesson(table))(test)
    assert p.shape == (200, 2) and np.allclose(p.sum(axis=1), 1)
    assert taught.goal.score(p, taught.goal.actual(test)) > 0.75


def test_numbers_are_learnt() -> None:
    table, test = numbers(150), numbers(150, seed=1)
    taught = school(table)
    for learner in learners(None, task="regression"):
        assert taught.goal.score(taught.learnt(learner, Lesson(table))(test), taught.goal.actual(test)) > 0.4


def test_repeated_rows_are_nothing_new_to_linear_models() -> None:
    """The number of rows does not change the penalty: else more rows of any kind would look like a gain."""
    table, test = made(60), made(50, seed=1)
    taught = school(table)
    once, often = (taught.learnt(TUNED[LINEAR], Lesson(joined([table] * n)))(test) for n in (1, 4))
    assert np.allclose(once, often, atol=2e-3)


def test_networks_take_as_many_steps_whatever_the_rows() -> None:
    for setting in TUNED[NETWORK].ladder:
        for rows in (30, 199, 400, 3_000):
            made_ = TUNED[NETWORK].make(setting, "binary", [], rows, 0)
            steps = made_.max_iter * int(np.ceil(rows / min(200, rows)))
            assert 0.5 <= steps / setting["steps"] <= 2


def test_settings_are_chosen_on_the_real_rows_and_then_kept() -> None:
    table = made(120)
    taught = school(table)
    chosen = dict(taught.setting(TUNED[LINEAR]))
    assert chosen in [dict(setting) for setting in TUNED[LINEAR].ladder]
    taught.learnt(TUNED[LINEAR], Lesson(made(500, seed=5, signal=-2.0)))
    assert taught.setting(TUNED[LINEAR]) == chosen
    (plain,) = learners([LINEAR], tuned=False, task="binary")
    assert taught.goal.kind == "binary" and plain.ladder == ({},)


def test_noise_calls_for_a_strong_penalty() -> None:
    def mean(signal: float, rows: int) -> float:
        found = [school(made(rows, signal=signal, seed=seed)).setting(TUNED[LINEAR])["strength"] for seed in range(6)]
        return float(np.log10(found).mean())

    assert mean(0.0, 60) < -0.5 < 0.0 <= mean(6.0, 200)


def test_weights_count_rows() -> None:
    """A row of weight 2 is two rows, with or without sample weights in the learner's fit."""
    table, test = made(100), made(60, seed=1)
    twice = np.arange(100) < 50
    for name in ("decision tree", "nearest neighbours"):
        (learner,) = learners([name], task="binary")
        taught = school(table)
        weighted = taught.learnt(learner, Lesson(table, np.where(twice, 2.0, 0.0) + 1e-12))(test)
        alone = taught.learnt(learner, Lesson(table.take(np.flatnonzero(twice))))(test)
        assert abs(weighted - alone).mean() < 0.15


def test_labels_of_a_lesson_overrule_those_of_its_rows() -> None:
    table = made(120, signal=4.0)
    taught = school(table)
    actual = taught.goal.actual(table)
    p = taught.learnt(TUNED[LINEAR], Lesson(table, target=1 - actual))(table)
    assert taught.goal.score(p, actual) < 0.1


def test_own_estimators() -> None:
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    pipeline = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["level"]), ("passthrough", ["x"])), LogisticRegression()
    )
    forest = RandomForestClassifier(20, random_state=0)
    found = learners({"mine": pipeline, "forest": forest, LINEAR: None}, task="binary")
    assert [(one.name, one.sees) for one in found] == [("mine", "frame"), ("forest", "points"), (LINEAR, "points")]
    table, test = made(150), made(150, seed=1)
    taught = school(table)
    for learner in found:
        for lesson in (Lesson(table), Lesson(table, np.linspace(0.5, 1.5, 150))):
            p = taught.learnt(learner, lesson)(test)
            assert taught.goal.score(p, taught.goal.actual(test)) > 0.75
    assert not hasattr(forest, "estimators_")  # cloned, not fitted


def test_refusals() -> None:
    from sklearn.svm import LinearSVC

    with pytest.raises(UsageError, match="did you mean 'linear'"):
        learners(["liner"], task="binary")
    with pytest.raises(UsageError, match="no `fit` and `predict_proba`"):
        learners({"svm": LinearSVC()}, task="binary")
    with pytest.raises(UsageError, match="only knows classes"):
        learners(["naive Bayes"], task="regression")
    table = made(60)
    same = table.take(np.zeros(60, dtype=int))
    flat = same.with_arrow(same.arrow.set_column(3, "y", table.arrow.column("y")))
    with pytest.raises(NotApplicable, match="no column but the target varies"):
        Eyes(flat, "y").see("points", flat)


def test_one_class_in_a_training_fold() -> None:
    table = made(80)
    rows = table.take(np.flatnonzero(np.asarray(table["y"]) == "yes"))
    taught = School(rows, goal_of(table)[0], Rng(0))
    p = taught.learnt(TUNED[BOOSTED], Lesson(rows))(table)
    assert (p == [0.0, 1.0]).all()
