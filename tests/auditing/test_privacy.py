"""What outputs tell of training rows: shareable ones nothing of a single row, audits against the holdout nothing."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from laws import ROWS, case, gauss, judged, mixed, noisy_copies, planted

import fidelia as fd
from fidelia.auditing.audit import halves
from fidelia.auditing.audited import INTERNAL_ONLY, PROVENANCE
from fidelia.cli.app import app
from fidelia.errors import UsageError
from fidelia.workflow.outcome import Outcome, to_json

COPIES = 150


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    """Train rows, each with numbers that no other row holds, of which 150 are copied and 150 copied with noise."""
    train, holdout, fresh = (mixed(seed).assign(income=lambda f: f.income * np.pi * 1e20) for seed in range(3))
    near = noisy_copies(train.iloc[COPIES:], COPIES, 0.01, 0)
    return {"train": train, "holdout": holdout, "synthetic": planted(fresh, pd.concat([train.head(COPIES), near]))}


def _outcome(tables: dict[str, pd.DataFrame], edition: str) -> Outcome:
    return fd.audit(*(tables[name] for name in ("train", "synthetic")), holdout=tables["holdout"], edition=edition)


@pytest.fixture(scope="module")
def shareable(tables: dict[str, pd.DataFrame]) -> Outcome:
    return _outcome(tables, "shareable")


@pytest.fixture(scope="module")
def internal(tables: dict[str, pd.DataFrame]) -> Outcome:
    return _outcome(tables, "internal")


def _numbers(value: Any) -> set[str]:
    """All numbers in plain data, to six digits."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return set().union(*map(_numbers, value)) if value else set()
    return {f"{value:.6g}"} if isinstance(value, float) else set()


def _telling(tables: dict[str, pd.DataFrame]) -> set[float]:
    """Numbers of real rows with so many digits that nothing else has them by chance."""
    return {float(value) for side in ("train", "holdout") for value in tables[side].income}


def _written(outcome: Outcome, edition: str) -> list[pa.Table]:
    audited, rows = outcome.audit, outcome.synthetic
    assert audited is not None and rows is not None and outcome.accepted is not None
    return [
        audited.to_arrow(edition=edition), audited.beside(rows, edition=edition), outcome.accepted.arrow,
        audited.real_to_arrow(edition=edition),
    ]  # fmt: skip


def test_no_shareable_output_holds_a_value_of_a_single_training_row(
    shareable: Outcome, tables: dict[str, pd.DataFrame]
) -> None:
    secret = _telling(tables)
    for table in _written(shareable, "shareable"):
        for name in table.column_names:
            if pa.types.is_floating(table.column(name).type):
                assert not secret & set(table.column(name).to_pylist()), name
    rounded = {f"{value:.6g}" for value in secret}
    assert not rounded & _numbers(shareable.document)
    for text in (to_json(shareable.document), shareable.report.to_html()):
        assert not rounded & {f"{float(word):.6g}" for word in re.findall(r"\d\.\d+e\+\d\d", text)}


def test_the_same_walk_finds_them_in_the_internal_edition(internal: Outcome, tables: dict[str, pd.DataFrame]) -> None:
    secret = _telling(tables)
    rounded = {f"{value:.6g}" for value in secret}
    assert secret & set(_written(internal, "internal")[1].column("income").to_pylist())
    assert rounded & _numbers(internal.document)
    for text in (to_json(internal.document), internal.report.to_html()):
        assert rounded & {f"{float(word):.6g}" for word in re.findall(r"\d\.\d+e\+\d\d", text)}


def test_no_shareable_output_holds_distances_neighbours_or_row_numbers_of_train(
    shareable: Outcome, internal: Outcome
) -> None:
    per_row = {"nearest_synthetic", "nearest_distance", "beta_score", "mia_score", "vulnerability", "cluster"}
    hidden = {*INTERNAL_ONLY, "matched_columns", *per_row}
    rows, beside, _, real = _written(shareable, "shareable")
    assert not hidden & set(rows.column_names)
    assert not {f"audit.{name}" for name in hidden} & set(beside.column_names)
    assert real.column_names == ["text", "where", "sentence", "real", "synthetic", "share", "precision"]
    assert "examples" not in shareable.document["audit"] and internal.document["audit"]["examples"]
    assert set(INTERNAL_ONLY) <= set(internal.audit.to_arrow(edition="internal").column_names)  # type: ignore[union-attr]


def test_exact_scores_are_rounded(shareable: Outcome) -> None:
    table = shareable.audit.to_arrow(edition="shareable")  # type: ignore[union-attr]
    for name in table.column_names:
        if pa.types.is_floating(table.column(name).type):
            values = table.column(name).to_numpy()
            assert np.array_equal(values, np.round(values, 2)), name


def test_rows_that_repeat_training_rows_are_left_out_of_shareable_tables(shareable: Outcome) -> None:
    audited = shareable.audit
    assert audited is not None
    assert not audited.shareable[:COPIES].any() and audited.shareable[: 2 * COPIES].mean() < 0.02
    assert (
        audited.to_arrow(edition="shareable").column("row_id").to_pylist() == np.flatnonzero(audited.shareable).tolist()
    )
    assert audited.beside(shareable.synthetic, edition="shareable").num_rows == audited.shareable.sum()  # type: ignore[arg-type]
    drawn = shareable.document["audit"]["map"]["synthetic"]
    assert len(drawn["x"]) == audited.shareable.sum()


def test_groups_and_rules_of_fewer_than_ten_real_rows_are_not_shown() -> None:
    train, more = mixed(0), mixed(2, rows=2 * ROWS)
    train.loc[:4, "job"] = "j-rare"
    lost = more[(more.role != "Child") & (more.age < 60)].head(ROWS).reset_index(drop=True)
    found = fd.audit(train, lost, holdout=mixed(1), target="label", edition="shareable")
    assert found.document["audit"]["lacking"]
    assert "j-rare" not in to_json(found.document)
    for line in found.document["audit"]["lacking"]:
        share = line["share"] if line["where"] == "uncovered" else line["real"]
        assert share * ROWS >= 10
    assert all(g["rows"] >= 10 for table in found.document["audit"]["real"] for g in table["groups"])


def test_tables_carry_their_provenance_once(shareable: Outcome) -> None:
    said = [
        json.loads(table.schema.metadata[PROVENANCE])
        for table in (shareable.audit.to_arrow(edition=e) for e in ("shareable", "internal"))  # type: ignore[union-attr]
    ]
    assert said[0] == said[1]
    assert said[0]["settings"] == {
        "fidelia": fd.__version__, "seed": 0, "q": 0.1, "reference": "train",
        "embedding": shareable.document["embedding"],
    }  # fmt: skip
    assert all(len(said[0]["inputs"][name]["sha256"]) == 64 for name in ("train", "synthetic", "holdout"))
    assert len(said[0]["hash"]) == 64


def test_the_auditor_says_what_it_does_to_privacy(shareable: Outcome) -> None:
    notes = " ".join(shareable.document["audit"]["notes"])
    assert "traces" in notes and "privacy guarantee" in notes
    assert "traces of them" in shareable.report.to_html()


def test_against_the_holdout_alone_strange_rows_are_found_and_no_training_row_is_read(
    tables: dict[str, pd.DataFrame],
) -> None:
    far = tables["synthetic"].iloc[2 * COPIES :].head(400).assign(x=lambda f: f.x + 9)
    synthetic = planted(tables["synthetic"].iloc[2 * COPIES :].reset_index(drop=True), far)
    found = fd.audit(None, synthetic, holdout=tables["holdout"], reference="holdout", target="label")
    assert (found.audit.verdict[:400] == "reject").mean() >= 0.95  # type: ignore[union-attr]
    assert found.audit.accepted[400:].mean() >= 0.95  # type: ignore[union-attr]
    assert found.document["inputs"]["train"] is None
    assert found.document["inputs"]["holdout"]["rows"] == ROWS
    page = found.report.to_html()
    assert "No training row was read" in page and "rows never seen" in page


def test_against_the_holdout_alone_copies_cannot_be_named_and_that_is_said() -> None:
    train, holdout = gauss(0), gauss(1)
    found = judged(holdout, planted(gauss(2), train.head(200)), None, reference="holdout")
    assert found.accepted.mean() >= 0.98
    hidden = {
        "auth_ratio",
        "p_copy",
        "q_copy",
        "copy_of",
        "nn_real_id",
        "nn_dist",
        "nn_dist_2",
        "identical",
        "copy_multiplicity",
    }
    assert not hidden & set(found.scores)
    assert any("No training row was read" in note and "cannot be named" in note for note in found.notes)
    assert list(found.real) == ["holdout"] and found.real["holdout"].row.tolist() == list(range(ROWS))


def test_the_halves_of_a_holdout_are_disjoint_and_whole() -> None:
    cut = halves(case(gauss(1), gauss(2), None))
    both = np.concatenate([cut.rows["train"], cut.rows["holdout"]])
    assert sorted(both) == list(range(ROWS)) and len(cut.case.train) == len(cut.rows["train"])


@pytest.mark.parametrize(("train", "holdout"), [(1, 1), (None, None), (1, None)])
def test_a_reference_to_the_holdout_takes_the_holdout_alone(
    train: int | None, holdout: int | None, tables: dict[str, pd.DataFrame]
) -> None:
    given = [None if side is None else tables[name] for side, name in ((train, "train"), (holdout, "holdout"))]
    with pytest.raises(UsageError, match="holdout"):
        fd.audit(given[0], tables["synthetic"], holdout=given[1], reference="holdout")


def test_the_command_writes_all_three_tables_in_both_editions(tables: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    for name, frame in tables.items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    files = [word for name in tables for word in (f"--{name}", str(tmp_path / f"{name}.parquet"))]
    for edition, rows in (("shareable", ROWS - 2 * COPIES), ("internal", ROWS)):
        out = tmp_path / edition / "audited.parquet"
        out.parent.mkdir()
        with pytest.raises(SystemExit) as end:
            app(["audit", *files, "-o", str(out), "--edition", edition, "-q"])
        assert end.value.code == 0
        assert {path.name for path in out.parent.iterdir()} == {
            "audited.parquet", "audited.accepted.parquet", "audited.real.parquet"
        }  # fmt: skip
        assert abs(pq.read_table(out).num_rows - rows) <= 0.03 * ROWS
        real = pq.read_table(out.with_name("audited.real.parquet"))
        assert ("row_id" in real.column_names) == (edition == "internal")


def test_the_command_audits_against_the_holdout_alone(tables: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    for name in ("synthetic", "holdout"):
        tables[name].to_parquet(tmp_path / f"{name}.parquet")
    files = ["--synthetic", str(tmp_path / "synthetic.parquet"), "--holdout", str(tmp_path / "holdout.parquet")]
    with pytest.raises(SystemExit) as end:
        app(["audit", *files, "--reference", "holdout", "-o", str(tmp_path / "a.csv"), "-q"])
    assert end.value.code == 0
    assert "audit.verdict" in (tmp_path / "a.csv").read_text().splitlines()[0]
