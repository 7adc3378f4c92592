"""schema, list, explain, doctor, help and completion."""

import json

import pytest

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
    assert "Needs pip install 'fidelia[deep]'." in " ".join(cli("list", "generators").out.split())


def test_a_generator_that_can_be_used_needs_nothing(cli, monkeypatch):
    from fidelia.cli import machine

    monkeypatch.setattr(machine, "requires", lambda _name: ["numpy>=1; extra == 'deep'"])
    assert "autoregressive" in (out := cli("list", "generators").out) and "pip install" not in out


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
