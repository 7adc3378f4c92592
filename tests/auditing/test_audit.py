"""What an audit says of each synthetic row: verdict, reasons, scores, columns; on data with known answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from laws import ROWS, case, gauss, judged, mixed, noisy_copies, planted

from fidelia.auditing.audit import audit
from fidelia.auditing.audited import Audited
from fidelia.auditing.summary import summary
from fidelia.auditing.verdicts import COPIES, TEXT, Reason, Verdict
from fidelia.cli.app import app
from fidelia.cli.exits import Interrupted
from fidelia.errors import NotApplicable
from fidelia.measure.catalog import measure
from fidelia.progress import Tick

TRAIN, HOLDOUT, FRESH = gauss(0), gauss(1), gauss(2)
FEW = ROWS // 10


def _having(audited: Audited, reason: str) -> np.ndarray:
    return np.array([reason in reasons for reasons in audited.reasons])


@pytest.fixture(scope="module")
def faulty() -> Audited:
    """200 copies, 200 near copies, 400 rows off the support; people, so that constraints can break."""
    train, holdout, fresh = mixed(0), mixed(1), mixed(2)
    near = noisy_copies(train.iloc[FEW:], FEW, 0.02, 0)
    far = fresh.head(2 * FEW).assign(x=lambda f: f.x + 9)
    return judged(train, planted(fresh, pd.concat([train.head(FEW), near, far])), holdout)


def test_each_reason_has_a_verdict_and_a_text() -> None:
    assert set(TEXT) == set(Reason)
    assert {reason.verdict for reason in Reason} == {Verdict.REJECT, Verdict.REVIEW, Verdict.DUPLICATE}
    assert all(reason.verdict in (Verdict.REJECT, Verdict.REVIEW) for reason in COPIES)


def test_the_first_reason_decides_and_no_reason_accepts(faulty: Audited) -> None:
    for verdict, reasons in zip(faulty.verdict, faulty.reasons, strict=True):
        assert verdict == (Reason(reasons[0]).verdict if reasons else Verdict.ACCEPT)
        assert list(reasons) == [reason for reason in Reason if reason in reasons]


def test_every_score_of_the_contract_is_there(faulty: Audited) -> None:
    wanted = (
        "row_id verdict reasons alpha_score p_unrealistic q_unrealistic auth_ratio p_copy q_copy copy_multiplicity "
        "copy_of nn_real_id nn_dist nn_dist_2 nn_holdout_dist local_density_ratio c2st_propensity weight subgroup "
        "flagged_columns matched_columns q_partial_copy q_rare_combo q_detectable q_too_typical identical"
    )
    table = faulty.to_arrow(edition="internal")
    assert set(table.column_names) == set(wanted.split())
    assert table.num_rows == ROWS
    assert all(table.column(name).null_count == 0 for name in table.column_names if name != "subgroup")


def test_scores_lie_in_their_ranges(faulty: Audited) -> None:
    s = faulty.scores
    for name in ("alpha_score", "c2st_propensity", *(name for name in s if name[:2] in ("p_", "q_"))):
        assert ((s[name] >= 0) & (s[name] <= 1)).all(), name
    assert s["weight"].mean() == pytest.approx(1)
    assert (s["nn_dist"] <= s["nn_dist_2"]).all()
    assert set(s["subgroup"]) == {"label=yes", "label=no"}


def test_a_row_is_flagged_exactly_where_its_q_value_says_so(faulty: Audited) -> None:
    for name, reason in (("q_unrealistic", "OOD"), ("q_rare_combo", "RARE_COMBO"), ("q_detectable", "DETECTABLE")):
        assert np.array_equal(faulty.scores[name] <= faulty.q, _having(faulty, reason)), name
    copies = _having(faulty, "COPY") | _having(faulty, "NEAR_COPY")
    assert np.array_equal(faulty.scores["q_copy"] <= faulty.q, copies)


def test_alpha_is_that_of_alpha_precision() -> None:
    known = case(TRAIN, FRESH, HOLDOUT)
    results, _ = measure(known, ["FID16"])
    np.testing.assert_allclose(audit(known).scores["alpha_score"], results[0].rows["synthetic.alpha"])


def test_plain_copies_are_copies_with_all_columns_matched(faulty: Audited) -> None:
    assert _having(faulty, "COPY")[:FEW].all()
    assert set(faulty.matched[0]) == set(mixed(0).columns)
    assert np.array_equal(faulty.scores["nn_real_id"][:FEW], np.arange(FEW))
    assert (faulty.scores["nn_dist"][:FEW] == 0).all() and faulty.scores["identical"][:FEW].all()


def test_near_copies_name_the_columns_that_are_equal(faulty: Audited) -> None:
    rows = FEW + np.flatnonzero(_having(faulty, "NEAR_COPY")[FEW : 2 * FEW])
    assert len(rows) >= 0.9 * FEW
    kept = set(mixed(0).columns) - {"x", "y", "income"}
    assert np.mean([set(faulty.matched[row]) == kept for row in rows]) > 0.9


def test_rows_off_the_support_name_their_column_first(faulty: Audited) -> None:
    rows = range(2 * FEW, 4 * FEW)
    causes = [faulty.causes[row][0] for row in rows]
    assert np.mean([cause.column == "x" for cause in causes]) > 0.95
    assert all(not cause.in_support and cause.rarity == 0 for cause in causes if cause.column == "x")
    assert all(0 <= cause.contribution <= 1 for cause in causes)


def test_multiplicity_counts_the_copies_of_one_train_row() -> None:
    strange = pd.concat([TRAIN.iloc[[5]]] * 30 + [TRAIN.iloc[[6]]] * 20 + [TRAIN.iloc[100:200]])
    counts = judged(TRAIN, planted(FRESH, strange), HOLDOUT).scores["copy_multiplicity"]
    assert counts[:30].tolist() == [30] * 30 and counts[30:50].tolist() == [20] * 20
    assert (counts[50:150] == 1).all() and (counts[150:] <= 1).all()


def test_the_density_ratio_sees_what_comes_too_often() -> None:
    one = pd.DataFrame({"a": np.random.default_rng(0).normal(size=ROWS)})
    two = pd.DataFrame({"a": np.random.default_rng(1).normal(size=ROWS)})
    often = pd.concat([two, two[two.a > 0], two[two.a > 0]], ignore_index=True)
    found = judged(one, often, None).scores["local_density_ratio"]
    assert np.median(found[often.a > 0.1]) == pytest.approx(1.5, abs=0.3)
    assert np.median(found[often.a < -0.1]) == pytest.approx(0.5, abs=0.15)


def test_rows_of_a_kind_that_comes_too_often_go_to_review_with_their_columns() -> None:
    train, holdout, fresh = mixed(0), mixed(1), mixed(2)
    odd = fresh.head(4 * FEW).assign(job="j14", school="s0")
    found = judged(train, planted(fresh, odd), holdout)
    reasons = _having(found, "DETECTABLE") | _having(found, "RARE_COMBO")
    assert reasons[: 4 * FEW].mean() >= 0.95
    named = [found.columns[row] for row in range(4 * FEW) if reasons[row]]
    assert np.mean([bool({"job", "school"} & set(columns)) for columns in named]) > 0.95
    assert any({"job", "school"} & set(line["columns"]) and line["precision"] > 0.9 for line in found.flagged)


def test_rows_too_near_the_middle_go_to_review() -> None:
    found = judged(TRAIN, 0.2 * FRESH, HOLDOUT)
    assert (found.verdict == "review").mean() > 0.9
    assert _having(found, "TOO_TYPICAL").mean() > 0.5


def test_without_a_holdout_identical_rows_go_to_review_and_strange_rows_are_still_found() -> None:
    strange = pd.concat([TRAIN.head(300), FRESH.iloc[300:700].assign(x0=lambda f: f.x0 + 9)])
    found = judged(TRAIN, planted(FRESH, strange), None)
    assert (found.verdict[:300] == "review").mean() > 0.9
    assert _having(found, "OOD")[300:700].mean() >= 0.95
    assert not found.calibrated
    assert {"p_copy", "nn_holdout_dist"}.isdisjoint(found.scores)


def test_identical_rows_that_chance_explains_are_accepted_and_counted() -> None:
    few = pd.DataFrame({"a": np.random.default_rng(0).integers(0, 40, 3 * ROWS).astype(str), "b": "x"})
    found = judged(few[:ROWS], few[ROWS : 2 * ROWS].reset_index(drop=True), few[2 * ROWS :])
    assert found.accepted.mean() >= 0.98 and found.scores["identical"].all()
    assert any("2,000 rows equal a training row" in note for note in found.notes)


def test_rows_and_verdicts_stay_together_when_rows_are_reversed() -> None:
    rows = planted(FRESH, FRESH.head(100).assign(x0=lambda f: f.x0 + 9))
    there, back = judged(TRAIN, rows, HOLDOUT), judged(TRAIN, rows[::-1].reset_index(drop=True), HOLDOUT)
    for reason in set(Reason) - {Reason.DETECTABLE}:  # whose models see rows by random folds
        assert np.array_equal(_having(there, reason), _having(back, reason)[::-1]), reason


@pytest.mark.parametrize("with_holdout", [True, False])
def test_progress_reaches_its_total(with_holdout: bool) -> None:
    known, done, totals = case(mixed(0, 300), mixed(1, 300), mixed(2, 200) if with_holdout else None), [], []

    class Heard:
        @contextmanager
        def stage(self, name: str, total: float | None = None) -> Iterator[Tick]:
            totals.append(total)
            yield done.append

    audit(replace(known, progress=Heard()))
    assert totals == [sum(done)]


def test_an_interrupt_writes_nothing_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("fidelia.auditing.audit.scores", stopped)
    files = []
    for side, seed in (("train", 0), ("synthetic", 1), ("holdout", 2)):
        mixed(seed, 100).to_parquet(tmp_path / f"{side}.parquet")
        files += [f"--{side}", str(tmp_path / f"{side}.parquet")]
    with pytest.raises(Interrupted, match="Nothing was written"):
        app(["audit", *files, "-o", str(tmp_path / "out.parquet")])
    assert not list(tmp_path.glob("out*"))


def test_rows_that_cannot_be_told_apart_in_a_table_that_fails_are_no_way_out() -> None:
    known = case(TRAIN, FRESH, HOLDOUT)
    notes = [summary(known, audit(known), edition="shareable", whole=level)["notes"] for level in ("poor", "good")]
    assert [any("the table as a whole fails" in note for note in said) for said in notes] == [True, False]


def test_the_same_seed_gives_the_same_audit(faulty: Audited) -> None:
    one, two = (judged(TRAIN, FRESH, HOLDOUT).to_arrow(edition="internal") for _ in range(2))
    assert one.equals(two)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [1.0] * 30, "b": [None, "x", "y"] * 10}),
        pd.DataFrame({"a": list("ab") * 15}),
        pd.DataFrame({"a": np.arange(30.0) ** 2}),
        pd.DataFrame({"a": [None] * 29 + [1.0], "b": np.arange(30.0), "c": pd.Timestamp("2020-01-01")}),
    ],
)
@pytest.mark.parametrize("with_holdout", [True, False])
def test_awkward_tables_are_audited(frame: pd.DataFrame, with_holdout: bool) -> None:
    found = judged(frame, frame, frame if with_holdout else None)
    assert len(found) == len(frame) == len(found.real["train"])
    assert found.to_arrow(edition="internal").num_rows == len(frame)


def test_a_table_in_which_nothing_varies_is_declined() -> None:
    frame = pd.DataFrame({"a": [1.0] * 30})
    with pytest.raises(NotApplicable, match="no column of train varies"):
        judged(frame, frame, frame)


def test_the_audit_beside_its_table_keeps_every_row_and_column(faulty: Audited) -> None:
    table = case(TRAIN, FRESH, HOLDOUT).synthetic
    both = faulty.beside(table)
    assert both.num_rows == ROWS
    assert both.column_names[:8] == list(TRAIN.columns)
    assert both.column("audit.flagged_columns")[2 * FEW].as_py().startswith("x (")
