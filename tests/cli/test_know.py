"""schema, list, explain, doctor, help and completion."""

import json
import os

import pytest

from fidelia.cli.options import complete_kind
from fidelia.generate.catalog import ENTRIES
from fidelia.measure import catalog
from fidelia.measure.result import Direction

METRIC = catalog.Entry(
    "AUT01", "authenticity", Direction.REFERENCE, "x:y", "A = mean 1{d > r}", "New rows?", "Alaa 2022"
)


@pytest.fixture
def metric(monkeypatch):
    monkeypatch.setattr(catalog, "_shipped", lambda: (METRIC,))


def test_schema_shows_each_column_with_its_reason(cli, work, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    out = cli("schema", "a.csv").out
    assert "3 rows x 2 columns" in out
    lines = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    assert all(text in lines["age"] for text in ("integer", "33.3 %", "whole numbers", "95%"))
    assert all(text in lines["income"] for text in ("income [k]", "category", "target", "–", "50%"))
    assert max(map(len, out.splitlines())) <= 80


def test_schema_as_json_and_as_a_file_are_the_same_document(cli, work, table, tmp_path):
    pytest.importorskip("fidelia.data.write", reason="writing is not there yet")
    ended = cli("schema", "a.csv", "--json", "-o", tmp_path / "schema.json")
    assert json.loads(ended.out) == json.loads((tmp_path / "schema.json").read_text())
    assert type(table.schema).from_json(ended.out) == table.schema


def test_list_names_every_generator(cli):
    out = cli("list", "generators").out
    assert all(entry.name in out for entry in ENTRIES)
    listed = json.loads(cli("list", "generators", "--json").out)
    assert [entry["name"] for entry in listed] == [entry.name for entry in ENTRIES]


def test_list_and_explain_a_metric(cli, metric):
    assert "authenticity" in cli("list", "metrics").out
    out = cli("explain", "aut01").out
    assert all(text in out for text in ("AUT01", "authenticity", "A = mean 1{d > r}", "New rows?", "Alaa 2022"))
    assert "what fresh real rows score" in out
    assert json.loads(cli("explain", "authenticity", "--json").out)["code"] == "AUT01"


def test_doctor_says_versions_extras_and_that_nothing_phones_home(cli):
    found = json.loads(cli("doctor", "--json").out)
    assert found["cores"] >= 1
    assert found["packages"]["numpy"] and found["packages"]["scikit-learn"]
    assert found["extras"]["excel"]["install"] == "pip install 'fidelia[excel]'"
    out = " ".join(cli("doctor").out.split())
    assert "no telemetry" in out and "excel" in out


def test_doctor_gives_the_pip_line_of_an_absent_extra(cli, monkeypatch):
    from fidelia.cli import machine

    monkeypatch.setattr(machine, "requires", lambda _name: ["numpy>=1", "nosuchpackage>=1; extra == 'deep'"])
    assert "pip install 'fidelia[deep]'" in cli("doctor").out
    assert json.loads(cli("doctor", "--json").out)["extras"]["deep"]["present"] is False


def test_version_and_bare_command(cli):
    assert cli("--version").out == "fidelia 0.1.0\n"
    bare = cli()
    assert bare.code == 0 and "Judge synthetic data" in bare.out


@pytest.mark.parametrize(
    "verb", ["run", "fit", "sample", "evaluate", "audit", "report", "schema", "list", "explain", "doctor"]
)
def test_help_has_examples_and_fits_80_columns(cli, verb, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    out = cli(verb, "--help").out
    assert f"$ fidelia {verb}" in out
    assert max(map(len, out.splitlines())) <= 80


def test_kinds_complete_behind_the_sign_and_bare():
    assert [text for text, _help in complete_kind("zip=c")] == ["zip=category"]
    assert [text for text, _help in complete_kind("da")] == ["datetime"]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("fidelia r", ["run", "report"]),
        ("fidelia run a.csv --generator ", ["trees", "copula", "noisy-copy"]),
        ("fidelia run a.csv --kind zip=ca", ["zip=category"]),
        ("fidelia list ", ["generators", "metrics"]),
    ],
)
def test_completion_knows_the_catalogs(shell, line, names):
    asking = {"_FIDELIA_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": line}
    ended = shell(env=os.environ | asking)
    assert all(name in ended.out for name in names)


def test_completion_installs(shell, tmp_path):
    ended = shell("--show-completion", "bash", env=os.environ | {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"})
    assert "_FIDELIA_COMPLETE=complete_bash" in ended.out
