"""What an audit says of the real rows: covered or not, at which level, and what describes those that are not."""

import numpy as np
import pandas as pd
import pytest
from laws import ROWS, case, gauss, judged, mixed, noisy_copies, planted

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
def test_fresh_rows_cover_the_real_ones_at_every_level_and_none_stands_out(law) -> None:
    found = judged(law(0), law(2), law(1))
    for real in found.real.values():
        assert real.covered.mean() >= 0.99
        assert np.quantile(real.beta, [0.25, 0.5, 0.75]) == pytest.approx([0.25, 0.5, 0.75], abs=0.05)
        assert np.median(real.density) == pytest.approx(1, abs=0.15)
        assert np.quantile(real.mia, [0.25, 0.5, 0.75]) == pytest.approx([0.25, 0.5, 0.75], abs=0.05)
    assert found.lacking == []
    assert found.real["train"].vulnerability.max() < 0.9
    assert not any("stand out" in note for note in found.notes)


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
        "mia_score", "vulnerability", "cluster", "subgroup",
    ]  # fmt: skip
    row = table.slice(3, 1).to_pylist()[0]
    assert (row["table"], row["row_id"], row["nearest_synthetic"], row["nearest_distance"]) == ("train", 3, 7, 0.0)
    assert row["subgroup"] == f"label={train.label[3]}"
    assert row["mia_score"] > 0.99 and isinstance(row["cluster"], str)
    assert table.num_rows == 2 * ROWS
    assert table.slice(ROWS).column("vulnerability").null_count == ROWS  # nobody learnt the holdout's rows


@pytest.mark.parametrize("law", [gauss, mixed])
def test_rows_that_were_copied_are_the_vulnerable_ones_and_that_is_said(law) -> None:
    train, rows = law(0), ROWS // 10
    found = judged(train, planted(law(2), noisy_copies(train, rows, 0.03, 0)), law(1))
    real, exposed = found.real["train"], found.real["train"].vulnerability >= 0.9
    assert exposed[:rows].mean() >= 0.95
    assert exposed[rows:].sum() <= 0.15 * exposed.sum()
    assert np.quantile(real.mia[:rows], 0.05) > 0.95 > 0.6 > np.median(real.mia[rows:])
    assert any(f"{exposed.sum():,} training rows stand out" in note for note in found.notes)


def test_clusters_keep_modes_together_and_are_named_in_words() -> None:
    (train, mode), (fresh, _), (holdout, unseen) = _modes(1), _modes(3), _modes(2)
    found = judged(train, fresh, holdout)
    for real, modes in ((found.real["train"], mode), (found.real["holdout"], unseen)):
        held = pd.crosstab(modes, real.cluster)
        assert held.max(axis=0).sum() >= 0.95 * len(real)
    assert all("a " in name or "b " in name for name in set(found.real["train"].cluster))


def test_without_a_holdout_the_train_rows_are_all_there() -> None:
    train, more = mixed(0), mixed(2, rows=2 * ROWS)
    found = judged(train, more[more.role != "Child"].head(ROWS).reset_index(drop=True), None)
    assert list(found.real) == ["train"] and len(found.real["train"]) == ROWS
    assert _missing(found.real["train"], (train.role == "Child").to_numpy()) >= 0.7
    assert any("role=Child" in line["text"] for line in found.lacking)
    assert np.isnan(found.real["train"].mia).all() and np.isnan(found.real["train"].vulnerability).all()
    assert set(found.real["train"].cluster) != {""}


def test_of_few_rows_there_are_no_clusters_and_against_the_holdout_alone_nobody_stands_out() -> None:
    few = judged(gauss(0, rows=30), gauss(2, rows=30), gauss(1, rows=30))
    assert set(few.real["train"].cluster) == {""}
    alone = judged(gauss(1, rows=300), gauss(2, rows=300), None, reference="holdout").real["holdout"]
    assert np.isnan(alone.mia).all() and np.isnan(alone.vulnerability).all() and "" not in alone.cluster
