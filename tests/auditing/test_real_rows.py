"""What an audit says of the real rows: covered or not, at which level, and what describes those that are not."""

import numpy as np
import pandas as pd
import pytest
from laws import ROWS, case, gauss, judged, mixed

from fidelia.auditing.audit import audit
from fidelia.auditing.real_rows import RealRows
from fidelia.measure.catalog import measure

CENTRES = 10 * np.random.default_rng(0).normal(size=(10, 2))


def _modes(seed: int, keep: int = 10) -> tuple[pd.DataFrame, np.ndarray]:
    r = np.random.default_rng(seed)
    mode = r.integers(keep, size=ROWS)
    return pd.DataFrame(CENTRES[mode] + 0.5 * r.normal(size=(ROWS, 2)), columns=["a", "b"]), mode


def _missing(real: RealRows, rows: np.ndarray) -> float:
    return float(np.mean(~real.covered[rows]))


@pytest.mark.parametrize("law", [gauss, mixed])
def test_fresh_rows_cover_the_real_ones_at_every_level(law) -> None:
    found = judged(law(0), law(2), law(1))
    for real in found.real.values():
        assert real.covered.mean() >= 0.99
        assert np.quantile(real.beta, [0.25, 0.5, 0.75]) == pytest.approx([0.25, 0.5, 0.75], abs=0.05)
        assert np.median(real.density) == pytest.approx(1, abs=0.15)
    assert found.lacking == []


def test_beta_is_that_of_beta_recall() -> None:
    known = case(gauss(0), gauss(2), gauss(1))
    results, _ = measure(known, ["DIV01"])
    np.testing.assert_allclose(audit(known).real["train"].beta, results[0].rows["train.beta"])


def test_rows_of_lost_modes_are_not_covered_and_are_described() -> None:
    (train, mode), (fresh, _), (holdout, unseen) = _modes(1), _modes(3, keep=7), _modes(2)
    found = judged(train, fresh, holdout)
    for real, modes in ((found.real["train"], mode), (found.real["holdout"], unseen)):
        assert _missing(real, modes >= 7) >= 0.95
        assert _missing(real, modes < 7) <= 0.06
        assert np.median(real.density[modes >= 7]) < 0.1
    assert {line["where"] for line in found.lacking} >= {"missing", "uncovered"}
    assert all({"text", "columns", "sentence"} <= set(line) for line in found.lacking)


def test_a_lost_kind_of_row_is_not_covered_among_many_columns_where_all_is_within_reach() -> None:
    train, more = mixed(0), mixed(2, rows=2 * ROWS)
    found = judged(train, more[more.role != "Child"].head(ROWS).reset_index(drop=True), mixed(1))
    real, lost = found.real["train"], (train.role == "Child").to_numpy()
    assert _missing(real, lost) >= 0.7
    assert _missing(real, ~lost) <= 0.02
    said = [line["sentence"] for line in found.lacking]
    assert any(text.startswith("rows with role=Child are not generated: 1") for text in said), said
    assert any("role=Child" in text and "not covered" in text for text in said), said


def test_rows_name_their_nearest_synthetic_row_and_their_subgroup() -> None:
    train, fresh = mixed(0), mixed(2)
    fresh.iloc[7] = train.iloc[3]
    found = judged(train, fresh, mixed(1))
    table = found.real_to_arrow(edition="internal")
    assert table.column_names == [
        "table", "row_id", "beta_score", "covered", "nearest_synthetic", "nearest_distance", "local_density_ratio",
        "subgroup",
    ]  # fmt: skip
    row = table.slice(3, 1).to_pylist()[0]
    assert (row["table"], row["row_id"], row["nearest_synthetic"], row["nearest_distance"]) == ("train", 3, 7, 0.0)
    assert row["subgroup"] == f"label={train.label[3]}"
    assert table.num_rows == 2 * ROWS


def test_without_a_holdout_the_train_rows_are_all_there() -> None:
    train, more = mixed(0), mixed(2, rows=2 * ROWS)
    found = judged(train, more[more.role != "Child"].head(ROWS).reset_index(drop=True), None)
    assert list(found.real) == ["train"] and len(found.real["train"]) == ROWS
    assert _missing(found.real["train"], (train.role == "Child").to_numpy()) >= 0.7
    assert any("role=Child" in line["text"] for line in found.lacking)
