"""From a table to an answer, a page and a card."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import typer
from made import made, numbers
from rich.console import Console

from fidelia.cli import exits
from fidelia.cli.enhance import drawn
from fidelia.cli.enhance import enhance as command
from fidelia.data.table import Table
from fidelia.enhancement import arms
from fidelia.enhancement.arms import OVERSAMPLED, REBALANCED, WEIGHTS
from fidelia.enhancement.enhance import Asked
from fidelia.enhancement.learning import Lesson
from fidelia.errors import SchemaError, UsageError
from fidelia.report.enhanced import render
from fidelia.schema.kinds import Kind
from fidelia.schema.schema import Column, Schema
from fidelia.workflow.enhance import Enhancement, enhance

QUICK: dict[str, Any] = {"generator": "chowliu", "learners": ["linear"], "repeats": 1, "ratios": [1.0]}


@pytest.fixture(scope="module", autouse=True)
def no_audit() -> Iterator[None]:
    """Tests of arms audit; here it would only take time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arms, "_audited", lambda fold: Lesson(fold.train))
        yield


@pytest.fixture(scope="module")
def augmented(no_audit: None) -> Enhancement:
    return enhance(made(120), segment="level", **QUICK)


def test_augment(augmented: Enhancement) -> None:
    found = augmented.to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == json.loads(json.dumps(found))
    assert (found["kind"], found["what"], found["target"], found["metric"]) == ("enhance", "augment", "y", "AUC")
    assert found["splits"] == {"folds": 5, "repeats": 1, "planned": 5, "done": 5, "stopped": None}
    assert found["learnt"] == [96] and found["tested"] == 24
    arms = {line["arm"] for line in found["lines"]}
    assert arms | set(found["declined"]) >= {"real + synthetic x 1", "distilled", "synthetic", "noise", "mixup", "best"}
    assert {line["part"] for line in found["parts"]} >= {"class: yes", "segment: level=low"}
    assert sum(found["picked"]["linear"].values()) == 5
    assert len(augmented.to_frame()) == len(found["lines"])
    assert repr(augmented).startswith(found["verdict"]["headline"])


def test_same_seed_same_bytes_and_other_seed_other_bytes() -> None:
    few = {**QUICK, "what": "scarce", "tuned": False}
    once, again, other = (enhance(made(60), seed=seed, **few).document for seed in (1, 1, 2))
    assert once == again
    assert once["lines"] != other["lines"]


def test_nothing_to_learn_is_no_gain() -> None:
    found = enhance(made(150, signal=0.0), **QUICK).document
    assert found["verdict"]["headline"].startswith("No gain here")
    assert not any(line["answer"] == "helps" for line in found["lines"])


def test_rebalance() -> None:
    pytest.importorskip("imblearn")
    found = enhance(made(150, rare=0.2), what="rebalance", **QUICK).document
    assert found["rare"] == "yes" and found["metric"] == "average precision of 'yes'"
    assert {line["arm"] for line in found["lines"]} == {
        "class weights",
        "oversampling",
        "SMOTE",
        "synthetic rebalanced",
    }
    assert [(pair["arm"], pair["against"]) for pair in found["pairs"]] == [("synthetic rebalanced", "SMOTE")]


def test_rebalance_without_imbalanced_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fidelia.enhancement.classical.find_spec", lambda name: None)
    found = enhance(made(150, rare=0.2), what="rebalance", rare="yes", **QUICK).document
    assert "pip install" in found["declined"]["SMOTE"] and found["pairs"] == []
    assert [line["arm"] for line in found["lines"]] == [WEIGHTS, OVERSAMPLED, REBALANCED]


def test_scarce_leaves_out_what_is_too_little_and_says_so() -> None:
    found = enhance(made(150), what="scarce", **QUICK)
    document = found.document
    assert document["shares"] == [0.5, 1.0]
    assert "1 %" in document["notes"][0] and "not tried" in document["notes"][0]
    assert [point["rows"] for point in document["curve"]] == sorted(point["rows"] for point in document["curve"])
    assert {arm["name"] for arm in document["arms"]} == {"real", "real + synthetic x 1", "distilled"}
    page = found.to_html()
    assert "Learning curve" in page and "Worth" in page


def test_regression_and_own_estimator() -> None:
    from sklearn.linear_model import LinearRegression

    found = enhance(numbers(120), **{**QUICK, "learners": {"mine": LinearRegression()}}).document
    assert found["metric"] == "R²" and {line["learner"] for line in found["lines"]} == {"mine"}
    assert found["parts"] == []


def test_many_classes() -> None:
    found = enhance(made(150, classes=3, rare=0.5), **QUICK).document
    assert found["task"] == "multiclass" and len({line["part"] for line in found["parts"]}) == 3


def test_entities_stay_on_one_side(monkeypatch: pytest.MonkeyPatch) -> None:
    table, split = made(100), []
    entity = pa.array(np.arange(100) % 20)
    schema = Schema((*table.schema, Column("who", Kind.CATEGORY)))
    table = Table(table.arrow.append_column("who", entity), schema)
    take = Table.take
    monkeypatch.setattr(Table, "take", lambda self, rows: split.append(rows) or take(self, rows))
    enhance(table, what="scarce", by="who", **QUICK)
    tests = [rows for rows in split if len(rows) == 20]
    assert len(tests) >= 5 and all(len(np.unique(rows % 20)) == 4 for rows in tests)
    with pytest.raises(SchemaError, match="column 'level' has 3 entities: too few for 5 folds"):
        enhance(table, by="level", **QUICK)


def test_a_share_is_learnt_from() -> None:
    assert enhance(made(150), share=0.25, what="rebalance", **QUICK).document["learnt"] == [30]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"what": "enrich"}, "augment, rebalance, scarce"),
        ({"share": 0.0}, "above 0 and is at most 1"),
        ({"repeats": 0}, "at least 1"),
        ({"ratios": [0.0]}, "above 0 and is at most 100"),
        ({"ratios": []}, "above 0 and is at most 100"),
        ({"rare": "yes"}, "what='rebalance'"),
        ({"time_limit": -1.0}, "number of seconds above 0"),
        ({"generator": "treees"}, "did you mean 'trees'"),
    ],
)
def test_refusals(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        Asked(**settings)


def test_too_little_is_refused() -> None:
    with pytest.raises(SchemaError, match="are too few: 20 are needed"):
        enhance(made(100), share=0.1, **QUICK)
    with pytest.raises(UsageError, match="no column 'w'"):
        enhance(made(100), by="w", **QUICK)


def test_the_page_is_offline_and_says_the_verdict(augmented: Enhancement) -> None:
    page = augmented.to_html()
    assert augmented.document["verdict"]["headline"] in page
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")
    assert len(page) < 400_000
    assert page.count("<section") == 5
    for line in augmented.document["lines"]:
        assert f"<bdi>{line['arm']}</bdi>" in page


def test_names_of_users_are_only_text(augmented: Enhancement) -> None:
    evil = "<script>alert(1)</script>"
    document = enhance(made(120), what="scarce", **QUICK).document
    page = render(
        json.loads(json.dumps(document).replace("linear", evil).replace('"target": "y"', f'"target": "{evil}"'))
    )
    assert evil not in page and "&lt;script&gt;" in page


def test_the_report_in_markdown_and_in_a_notebook(augmented: Enhancement) -> None:
    words, fragment = augmented.report.to_markdown(), augmented._repr_html_()
    assert words.startswith(f"# {augmented.document['verdict']['headline']}")
    for line in augmented.document["lines"]:
        assert f"| {line['arm']} | " in words
    assert augmented.document["verdict"]["headline"] in fragment and "<iframe" in fragment
    assert len(fragment) < 20_000 and "<script" not in fragment
    assert augmented._repr_markdown_() in words


def test_files(augmented: Enhancement, tmp_path: Path) -> None:
    written = augmented.write(tmp_path / "out")
    assert [path.name for path in written] == ["results.json", "report.html"]
    assert json.loads(written[0].read_text()) == json.loads(json.dumps(augmented.document))


@pytest.mark.parametrize("width", [80, 160])
def test_the_card_names_every_arm(augmented: Enhancement, width: int) -> None:
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(drawn(augmented.document, width))
    text = console.export_text()
    assert all(
        arm["name"] in text for arm in augmented.document["arms"] if arm["name"] not in augmented.document["declined"]
    )
    assert augmented.document["verdict"]["headline"] in text
    assert max(map(len, text.splitlines())) <= width


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch) -> Any:
    app = typer.Typer()
    app.command()(command)
    app.callback()(lambda: None)
    monkeypatch.setattr("fidelia.cli.app.app", app)
    return exits.guarded


def test_the_command(cli: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    made(60).write(str(tmp_path / "t.csv"))
    options = ["--target", "y", "--generator", "chowliu", "--learner", "linear", "--repeats", "1", "--ratio", "1"]
    out = tmp_path / "out"
    assert cli(["enhance", str(tmp_path / "t.csv"), *options, "--scarce", "--json", "--out", str(out)]) == 0
    printed, said = capfd.readouterr()
    assert json.loads(printed) == json.loads((out / "results.json").read_text())
    assert "real + synthetic x 1" in said and (out / "report.html").stat().st_size > 10_000


def test_the_command_refuses_two_questions(cli: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    made(60).write(str(tmp_path / "t.csv"))
    assert cli(["enhance", str(tmp_path / "t.csv"), "--target", "y", "--scarce", "--rare", "yes"]) == 2
    assert "two questions" in capfd.readouterr().err


def test_an_interrupt_writes_what_is_done(
    cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from fidelia.enhancement import trial

    add, done = trial._Found.add, []

    def interrupted(found: Any, split: Any) -> None:
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(add(found, split))

    monkeypatch.setattr(trial._Found, "add", interrupted)
    made(60).write(str(tmp_path / "t.csv"))
    options = [
        "--target",
        "y",
        "--generator",
        "chowliu",
        "--learner",
        "linear",
        "--scarce",
        "--out",
        str(tmp_path / "out"),
    ]
    assert cli(["enhance", str(tmp_path / "t.csv"), *options]) == 130
    assert "3 of 10 splits are in" in re.sub(r"\s+", " ", capfd.readouterr().err)
    assert json.loads((tmp_path / "out" / "results.json").read_text())["splits"]["stopped"] == "an interrupt"


@pytest.mark.slow
def test_a_real_table(shared_data: Any) -> None:
    found = enhance(str(shared_data("german_credit")), target="class", share=0.1, repeats=1).document
    assert found["splits"]["done"] == 10 and found["declined"] == {}
    assert np.isfinite([line["gain"] for line in found["lines"]]).all()
