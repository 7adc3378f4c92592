"""The audit's guarantees on data with known answers (METRICS 8.2): a Gaussian in eight dimensions."""

import numpy as np
import pandas as pd
import pytest

from fidelia.auditing.audit import audit
from fidelia.auditing.audited import Audited
from fidelia.data.read import read
from fidelia.measure.case import Case
from fidelia.rng import Rng

ROWS, WIDTH = 2_000, 8
KINDS = {f"x{i}": "number" for i in range(WIDTH)}


def _table(rows: np.ndarray):
    return read(pd.DataFrame(rows, columns=list(KINDS)), kinds=KINDS)


def _real(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(ROWS, WIDTH))


def _audited(synthetic: np.ndarray, *, holdout: bool = True) -> Audited:
    case = Case(_table(_real(0)), _table(synthetic), _table(_real(1)) if holdout else None, Rng(0))
    return audit(case)


def _share(found: Audited, rows: slice, reason: str) -> float:
    return float(np.mean([reason in reasons for reasons in found.reasons[rows]]))


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_a_perfect_generator_keeps_its_rows_and_its_spread(seed: int) -> None:
    rows = _real(seed)
    found = _audited(rows)
    assert found.accepted.mean() >= 0.98
    kept = rows[found.accepted].var(axis=0).mean()
    assert abs(kept - rows.var(axis=0).mean()) < 0.02


@pytest.mark.parametrize("noise", [0.02, 0.05])
def test_planted_noisy_copies_are_found(noise: float) -> None:
    rows = _real(2)
    planted = ROWS // 10
    rows[:planted] = _real(0)[:planted] + noise * np.random.default_rng(9).normal(size=(planted, WIDTH))
    found = _audited(rows)
    flagged = np.array(["NEAR_COPY" in reasons for reasons in found.reasons])
    assert flagged[:planted].mean() >= 0.95
    assert flagged[planted:].sum() <= 0.15 * flagged.sum()


def test_planted_rows_off_the_support_are_found_and_their_column_is_named() -> None:
    rows = _real(2)
    planted = ROWS // 5
    rows[:planted, 3] += 8
    found = _audited(rows)
    assert _share(found, slice(0, planted), "OOD") >= 0.95
    assert _share(found, slice(planted, None), "OOD") <= 0.03
    assert np.mean([found.columns[row][0] == "x3" for row in range(planted) if row in found.columns]) > 0.95


def test_plain_copies_are_copies_with_all_columns_matched() -> None:
    rows = _real(2)
    rows[:300] = _real(0)[:300]
    found = _audited(rows)
    assert _share(found, slice(0, 300), "COPY") == 1.0
    assert set(found.matched[0]) == set(KINDS)


def test_without_a_holdout_identical_rows_go_to_review_and_strange_rows_are_still_found() -> None:
    rows = _real(2)
    rows[:300] = _real(0)[:300]
    rows[300:700, 0] += 9
    found = _audited(rows, holdout=False)
    assert (found.verdict[:300] == "review").mean() > 0.9
    assert _share(found, slice(300, 700), "OOD") >= 0.95
    assert not found.calibrated


def test_rows_and_verdicts_stay_together_when_rows_are_reversed() -> None:
    rows = _real(2)
    rows[:100, 0] += 9
    there, back = _audited(rows), _audited(rows[::-1].copy())
    assert (there.verdict == back.verdict[::-1]).all()


def test_the_shareable_edition_tells_nothing_of_single_training_rows() -> None:
    found = _audited(_real(2))
    shareable, internal = (found.to_arrow(edition=edition) for edition in ("shareable", "internal"))
    secret = {"auth_ratio", "p_copy", "nearest_train_row", "nearest_distance", "identical", "matched_columns"}
    assert secret <= set(internal.column_names)
    assert not secret & set(shareable.column_names)
    scores = shareable.column("alpha_score").to_numpy()
    assert np.array_equal(scores, np.round(scores, 2))


def test_the_audit_beside_its_table_keeps_every_row_and_column() -> None:
    synthetic = _table(_real(2))
    both = _audited(_real(2)).beside(synthetic)
    assert both.num_rows == ROWS
    assert both.column_names[:WIDTH] == list(KINDS)
    assert "audit.verdict" in both.column_names
