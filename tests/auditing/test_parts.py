"""Parts of rows that repeat one training row."""

import numpy as np
import pandas as pd
import pytest
from laws import ROWS, case, gauss, judged, mixed

from fidelia.auditing.parts import parts

FEW = ROWS // 10


def _spliced(train: pd.DataFrame, fresh: pd.DataFrame, columns: int, seed: int = 0) -> tuple[pd.DataFrame, list[set]]:
    """Give the first fresh rows some columns of a train row each, others for each row."""
    r, out, which = np.random.default_rng(seed), fresh.copy(), []
    for row in range(FEW):
        chosen = list(r.permutation(train.columns)[:columns])
        out.loc[row, chosen] = train.loc[row, chosen]
        which.append(set(chosen))
    return out, which


def test_copied_parts_are_found_with_their_columns_and_their_source() -> None:
    train = gauss(0)
    spliced, which = _spliced(train, gauss(2), 4)
    found = judged(train, spliced, gauss(1))
    flagged = np.array([reasons == ("PARTIAL_COPY",) for reasons in found.reasons])
    assert flagged[:FEW].mean() >= 0.95 and flagged[FEW:].mean() <= 0.01
    assert all(set(found.matched[row]) == which[row] for row in np.flatnonzero(flagged[:FEW]))
    assert (found.verdict[flagged] == "reject").all()
    source = parts(case(train, spliced, gauss(1))).source
    assert np.array_equal(source[:FEW][flagged[:FEW]], np.flatnonzero(flagged[:FEW]))


def test_people_whose_number_and_some_answers_are_copied_are_found() -> None:
    train, fresh = mixed(0), mixed(2)
    columns = ["income", "x", "job", "school", "age"]
    spliced = fresh.copy()
    spliced.loc[: FEW - 1, columns] = train.loc[: FEW - 1, columns]
    found = judged(train, spliced, mixed(1))
    flagged = np.array(["PARTIAL_COPY" in reasons for reasons in found.reasons])
    assert flagged[:FEW].mean() >= 0.95
    assert flagged[FEW:].sum() <= 0.15 * flagged.sum()
    assert np.mean([set(columns) <= set(found.matched[row]) for row in np.flatnonzero(flagged[:FEW])]) > 0.95


def test_values_drawn_from_train_column_by_column_are_no_parts_of_rows() -> None:
    train, r = mixed(0), np.random.default_rng(0)
    shuffled = pd.DataFrame({name: r.permutation(train[name]) for name in train})
    found = judged(train, shuffled, mixed(1))
    assert not any("PARTIAL_COPY" in reasons for reasons in found.reasons)


@pytest.mark.parametrize("frame", [gauss(0)[["x0", "x1"]], mixed(0)[["sex", "role", "label"]]])
def test_tables_whose_columns_identify_no_row_have_no_parts(frame: pd.DataFrame) -> None:
    assert parts(case(frame, frame, frame)) is None
