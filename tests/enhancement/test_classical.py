"""Noise, mixup and SMOTE on tables."""

import numpy as np
import pytest
from made import made, numbers

from fidelia.enhancement.classical import mixed, noisy, smote
from fidelia.errors import MissingExtra, NotApplicable
from fidelia.measure.values import numbers as as_numbers
from fidelia.rng import Rng


def test_noise_moves_numbers_and_nothing_else() -> None:
    table = made(300)
    found = noisy(table, 300, Rng(0))
    assert found.arrow.schema.equals(table.arrow.schema)
    for name in ("y", "level"):
        assert sorted(found[name].to_pylist()) == sorted(table[name].to_pylist())
    x, old = as_numbers(found["x"]), as_numbers(table["x"])
    assert not np.isin(x, old).all()
    assert abs(np.sort(x) - np.sort(old)).mean() < 0.1
    assert found["z"].null_count == table["z"].null_count


def test_noise_is_small_beside_the_row_that_it_came_from() -> None:
    table = numbers(200)
    found = noisy(table, 200, Rng(0), noise=0.0)
    assert sorted(found.arrow.to_pylist(), key=str) == sorted(table.arrow.to_pylist(), key=str)


def test_mixed_rows_lie_between_two_rows() -> None:
    table = made(300)
    found = mixed(table, 1000, Rng(0))
    x, old = as_numbers(found["x"]), as_numbers(table["x"])
    assert len(found) == 1000 and x.min() >= old.min() and x.max() <= old.max()
    assert set(found["level"].to_pylist()) == {"low", "middle", "high"}
    share = np.mean(np.asarray(table["y"]) == "yes")
    assert abs(np.mean(np.asarray(found["y"]) == "yes") - share) < 0.06


def test_mixed_labels_are_right_in_expectation() -> None:
    """A target that is a straight line of x stays one, whichever pair is mixed."""
    table = numbers(400)
    found = mixed(table, 4000, Rng(1))
    slopes = [np.polyfit(as_numbers(t["x"]), as_numbers(t["y"]), 1)[0] for t in (table, found)]
    assert slopes[1] == pytest.approx(slopes[0], abs=0.1)


def test_no_rows_and_more_rows_than_there_are() -> None:
    table = made(50)
    assert [len(noisy(table, n, Rng(0))) for n in (0, 1, 120)] == [0, 1, 120]


def test_smote_makes_rows_of_the_rare_class_between_its_own() -> None:
    pytest.importorskip("imblearn")
    table = made(300, rare=0.1)
    positive = np.asarray(table["y"]) == "yes"
    found = smote(table, positive, 50, Rng(0))
    assert found.arrow.schema.equals(table.arrow.schema)
    assert set(found["y"].to_pylist()) == {"yes"} and len(found) == 50
    x, old = as_numbers(found["x"]), as_numbers(table["x"])[positive]
    assert old.min() <= x.min() and x.max() <= old.max()


def test_smote_of_numbers_alone_and_of_levels_alone() -> None:
    pytest.importorskip("imblearn")
    table = made(200, rare=0.2)
    positive = np.asarray(table["y"]) == "yes"
    for names in (["x", "y"], ["level", "y"]):
        schema = type(table.schema)(tuple(column for column in table.schema if column.name in names))
        part = type(table)(table.arrow.select(names), schema)
        assert set(smote(part, positive, 20, Rng(0))["y"].to_pylist()) == {"yes"}


def test_smote_declines() -> None:
    table = made(100)
    with pytest.raises(NotApplicable, match="1 rows of the rare class"):
        smote(table, np.arange(100) == 7, 20, Rng(0))


def test_smote_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fidelia.enhancement.classical.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'fidelia\[bench\]'"):
        smote(made(100), np.arange(100) < 10, 20, Rng(0))
