"""The verbs, end to end on the shipped sample: what comes out, that it is the same again, and what it catches."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import fidelia as fd
from fidelia.errors import SchemaError, UsageError
from fidelia.measure.case import Case
from fidelia.measure.catalog import entries, usual
from fidelia.rng import Rng
from fidelia.workflow.outcome import Interrupted, to_json


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return pq.read_table(fd.sample_path("adult")).to_pandas()


@pytest.fixture(scope="module")
def outcome(rows: pd.DataFrame) -> fd.Outcome:
    return fd.run(rows.head(3_000), target="income", seed=0)


def test_run_gives_rows_like_its_input(outcome: fd.Outcome, rows: pd.DataFrame) -> None:
    frame = outcome.synthetic.native()
    assert len(frame) == 2_400
    assert list(frame.columns) == list(rows.columns)
    assert (frame.dtypes == rows.dtypes).all()


def test_run_writes_everything(outcome: fd.Outcome, tmp_path: Path) -> None:
    written = {path.name for path in outcome.write(tmp_path / "new" / "out")}
    assert written == {
        "synthetic.parquet", "report.html", "results.json", "audit.parquet", "model.fidelia", "recipe.toml"
    }  # fmt: skip
    assert written == {path.name for path in (tmp_path / "new" / "out").iterdir()}
    assert json.loads((tmp_path / "new" / "out" / "results.json").read_text()) == outcome.document
    assert pq.read_table(tmp_path / "new" / "out" / "audit.parquet").num_rows == 2_400


@pytest.mark.browser
def test_the_page_of_a_real_run_opens_without_error_or_request(outcome: fd.Outcome, tmp_path: Path, chromium) -> None:
    outcome.report.save(tmp_path / "report.html")
    page = chromium.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "report.html").as_uri())
    assert said == []
    assert asked == [(tmp_path / "report.html").as_uri()]
    assert page.inner_text("h1") == outcome.document["verdict"]["headline"]
    assert page.locator("svg").count() > 20
    assert (tmp_path / "report.html").stat().st_size < 2_000_000


def test_an_interrupt_keeps_the_model_and_the_rows(rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("fidelia.workflow.pipeline.measure", stopped)
    with pytest.raises(Interrupted) as stop:
        fd.run(rows.head(500), generator="marginals")
    assert stop.value.outcome.model.name == "marginals"
    assert len(stop.value.outcome.synthetic) == 400


def test_a_condition_that_cannot_hold_is_refused_before_the_work(
    rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fidelia.workflow.pipeline.fit_table", lambda *_, **__: pytest.fail("fitted"))
    with pytest.raises(UsageError, match="Femal"):
        fd.run(rows.head(500), given=["sex=Femal"])


def test_same_seed_same_bytes(outcome: fd.Outcome, rows: pd.DataFrame) -> None:
    again = fd.run(rows.head(3_000), target="income", seed=0)
    assert to_json(again.document) == to_json(outcome.document)
    assert again.synthetic.arrow.equals(outcome.synthetic.arrow)


def test_all_of_tier_1_is_measured_with_its_reference_or_says_why_not(outcome: fd.Outcome) -> None:
    wanted = {entry.code for entry in entries().values() if entry.tier == 1 and not entry.code.startswith("IMG")}
    declined = {said["code"]: said["reason"] for said in outcome.document["not_computed"]}
    measured = {result["code"]: result for result in outcome.document["results"]}
    assert set(measured) | set(declined) == wanted
    assert set(declined) == {"CMP06", "CMP07", "STB01", "STB02", "GMU01", "FAI03"}
    assert all("NEEDS_" in reason or "UNSUPPORTED_TYPE" in reason for reason in declined.values())
    for code, result in measured.items():
        assert result["value"] is not None, code
        assert result["reference"] is not None and result["interval"] is not None, code


def test_no_real_value_of_fewer_than_ten_rows_is_shown(outcome: fd.Outcome, rows: pd.DataFrame) -> None:
    """The shareable results name no level that fewer than ten of the rows seen hold."""
    text = to_json(outcome.document)
    seen = rows.head(3_000)
    for name in seen.select_dtypes(exclude="number"):
        counts = seen[name].value_counts()
        for level in counts.index[counts < 10]:
            assert f'"{level}"' not in text, (name, level)


def test_a_third_real_sample_is_as_good_as_fresh_real_rows_and_keeps_its_rows(rows: pd.DataFrame) -> None:
    found = fd.evaluate(rows[:4_000], rows[4_000:7_000], holdout=rows[7_000:], target="income")
    assert found.document["verdict"]["level"] == "good", found.document["findings"][:2]
    assert found.audit.accepted.mean() > 0.98


def test_marginals_are_seen_through(rows: pd.DataFrame) -> None:
    found = fd.run(rows, target="income", generator="marginals", seed=0)
    assert found["FID26"]["breakdown"]["score"] < 0.1
    assert found.document["verdict"]["level"] == "poor"
    assert found.audit.accepted.mean() < 0.2  # hardly a row keeps to what its columns have to do with each other


def test_equal_rows_on_both_sides_of_the_split_are_reported(rows: pd.DataFrame) -> None:
    twice = pd.concat([rows.head(300), rows.head(300)])
    found = fd.run(twice, generator="marginals", seed=0)
    assert any("an equal row in train" in note for note in found.document["inputs"]["notes"])


def test_noisy_copies_fail_authenticity_and_the_copy_checks(rows: pd.DataFrame) -> None:
    found = fd.run(rows, target="income", generator="noisy-copy", seed=0)
    assert found["AUT02"]["interval"][1] < -0.1
    assert found["PRV02"]["interval"][0] > 0.5
    assert {f["code"]: f["severity"] for f in found.document["findings"]}["AUT02"] == "fail"
    counts = found.audit.counts()
    assert counts["reject"] > 0.3 * len(found.synthetic)
    assert any({"COPY", "NEAR_COPY"} & set(reasons) for reasons in found.audit.reasons)


def test_planted_copies_are_named_with_their_columns(rows: pd.DataFrame) -> None:
    train, holdout, fresh = rows[:3_000], rows[3_000:6_000], rows[6_000:8_700]
    copies = train.sample(300, random_state=0).assign(fnlwgt=lambda f: f.fnlwgt + 1)
    found = fd.audit(train, pd.concat([fresh, copies]), holdout=holdout, target="income").audit
    flagged = np.array([bool({"COPY", "NEAR_COPY"} & set(reasons)) for reasons in found.reasons])
    assert flagged[2_700:].mean() > 0.95
    assert flagged[:2_700].sum() <= 0.12 * flagged.sum() + 3
    row = int(np.flatnonzero(flagged[2_700:])[0]) + 2_700
    assert "age" in found.matched[row]


def test_evaluate_without_holdout_says_what_is_missing(rows: pd.DataFrame) -> None:
    found = fd.evaluate(rows[:2_000], rows[2_000:4_000], target="income")
    assert {said["code"] for said in found.document["not_computed"]} >= {"AUT02", "PRV02", "UTL01"}
    assert "No unseen real rows were given" in " ".join(found.document["verdict"]["sentences"])


def test_groups_of_sensitive_columns_are_compared(rows: pd.DataFrame) -> None:
    sides = [rows[start : start + 1_500] for start in (0, 1_500, 3_000)]
    declared = {"target": "income", "sensitive": ["sex"]}
    found = fd.evaluate(sides[0], sides[1], holdout=sides[2], codes=["FID01", "fairness"], **declared)
    assert {"FAI01", "FAI02", "FAI03", "FAI04"} <= {result["code"] for result in found.document["results"]}
    assert {column["name"] for column in found.document["schema"] if column["role"] == "sensitive"} == {"sex"}
    with pytest.raises(UsageError, match="'income' is the target"):
        fd.evaluate(sides[0], sides[1], target="income", sensitive=["income"])


def test_who_declares_a_sensitive_column_gets_fairness_unasked(rows: pd.DataFrame) -> None:
    real = fd.read(rows[:200], target="income")
    tables = real, real.with_schema(real.schema.with_sensitive(["sex"]))
    plain, grouped = (Case(table, table, None, Rng(0)) for table in tables)
    first, second = ({entry.code for entry in usual(case)} for case in (plain, grouped))
    assert second - first == {"FAI01", "FAI02", "FAI04"} and "FAI03" in first


def test_tables_of_other_columns_are_refused(rows: pd.DataFrame) -> None:
    with pytest.raises(SchemaError, match="synthetic table lacks column 'age'"):
        fd.evaluate(rows[:100], rows[100:200].drop(columns="age"))
    with pytest.raises(SchemaError, match="'age' of the holdout table does not fit"):
        fd.evaluate(rows[:100], rows[100:200], holdout=rows[200:300].assign(age="old"))


def test_too_few_rows_are_refused_with_the_way_out(rows: pd.DataFrame) -> None:
    with pytest.raises(SchemaError, match="too few to measure"):
        fd.run(rows.head(30), target="income")


def test_a_code_that_was_not_computed_says_why(outcome: fd.Outcome) -> None:
    with pytest.raises(UsageError, match="FID99 was not computed: it was not asked for"):
        outcome["FID99"]


def test_polars_in_polars_out(rows: pd.DataFrame) -> None:
    polars = pytest.importorskip("polars")
    model = fd.fit(polars.from_pandas(rows.head(500)), generator="marginals")
    drawn = model.sample(50, given={"sex": "Female", "age": (30, 40)})
    assert isinstance(drawn, polars.DataFrame)
    assert set(drawn["sex"]) == {"Female"}
    assert drawn["age"].is_between(30, 40).all()


def test_a_model_loads_again_and_draws_the_same(rows: pd.DataFrame, tmp_path: Path) -> None:
    model = fd.fit(rows.head(1_000), target="income", seed=3)
    model.save(tmp_path / "m.fidelia")
    again = fd.load(tmp_path / "m.fidelia")
    assert again.sample_table(200, seed=1).arrow.equals(model.sample_table(200, seed=1).arrow)
    assert again.schema == model.schema


def test_nothing_opens_a_socket(rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    """No telemetry, no downloads: a whole run with its page works where every connection fails."""
    import socket

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    found = fd.run(rows.head(400), target="income", generator="marginals")
    assert found.report.to_html().startswith("<!doctype html>")
