"""Pairs of values that real rows hardly ever have together."""

import numpy as np
import pandas as pd
import pytest
from laws import ROWS, case, judged, mixed

from fidelia.auditing.combinations import combinations

FEW = ROWS // 10


def _rows(seed: int, strange: int = 0, rows: int = ROWS) -> pd.DataFrame:
    """Two letters that never differ in case, and a third column that has nothing to do with them."""
    r = np.random.default_rng(seed)
    upper = r.random(rows) < 0.5
    frame = pd.DataFrame(
        {"a": np.where(upper, "A", "a"), "b": np.where(upper, "B", "b"), "c": r.choice(list("xyz"), rows)}
    )
    frame.loc[: strange - 1, ["a", "b"]] = ["A", "b"]
    return frame


def test_the_score_is_the_log_of_expected_over_seen() -> None:
    train = _rows(0)
    found = combinations(case(train, _rows(2, strange=1), _rows(1)))
    upper, lower = (train.a == "A").sum(), (train.b == "b").sum()
    assert found.score[0] == pytest.approx(np.log(upper * lower / ROWS + 1))
    assert [found.axes[i].name for i in found.pair[0]] == ["a", "b"]
    assert found.score[1:].max() == pytest.approx(found.fresh.max())
    assert found.fresh.max() < 0.2


def test_impossible_pairs_are_rejected_and_both_columns_named() -> None:
    found = judged(_rows(0, strange=2), _rows(2, strange=FEW), _rows(1, strange=1))
    assert all("RARE_COMBO" in reasons for reasons in found.reasons[:FEW])
    assert all({"a", "b"} <= set(found.columns[row]) for row in range(FEW))
    assert found.accepted[FEW:].all()
    causes = [cause for row in range(FEW) for cause in found.causes[row] if cause.column in "ab"]
    assert all(cause.in_support and cause.rarity > 0.4 for cause in causes)


def test_pairs_that_no_real_row_has_break_a_rule_between_columns() -> None:
    found = judged(_rows(0), _rows(2, strange=FEW), _rows(1))
    assert all(reasons[0] == "CONSTRAINT" for reasons in found.reasons[:FEW])
    assert found.accepted[FEW:].all()


def test_numbers_that_go_against_each_other_are_found_where_few_rows_fill_a_cell() -> None:
    r = np.random.default_rng(0)
    fresh = mixed(2)
    x = np.where(r.random(FEW) < 0.5, 1, -1) * (1.2 + 0.6 * r.random(FEW))
    fresh.loc[: FEW - 1, "x"], fresh.loc[: FEW - 1, "y"] = x, -x
    found = judged(mixed(0), fresh, mixed(1))
    assert np.mean(["RARE_COMBO" in reasons for reasons in found.reasons[:FEW]]) >= 0.95
    assert np.mean([found.columns[row][:2] == ("x", "y") for row in range(FEW) if row in found.columns]) > 0.95


def test_wide_tables_look_at_the_pairs_that_depend_on_each_other() -> None:
    def wide(seed: int, strange: int = 0) -> pd.DataFrame:
        r = np.random.default_rng(seed)
        noise = pd.DataFrame({f"n{i}": r.choice(list("pqr"), 1_000) for i in range(38)})
        return pd.concat([_rows(seed, strange, 1_000), noise], axis=1)

    found = combinations(case(wide(0), wide(2, strange=50), wide(1)))
    assert len(found.pairs) == 300
    assert (found.score[:50] > found.fresh.max()).all()


def test_one_column_alone_has_no_combinations() -> None:
    frame = _rows(0)[["a"]]
    assert combinations(case(frame, frame, frame)) is None
