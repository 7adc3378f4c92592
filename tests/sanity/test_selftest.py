"""The command `selftest`, on a plan of a few points."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from fidelia.cli.check import selftest
from fidelia.sanity.suite import Plan


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    monkeypatch.setattr(Plan, "quick", classmethod(lambda cls: cls(repeats=1, points=2, rows=30, largest=150)))
    made = typer.Typer()
    made.command()(selftest)
    return made


def test_json_holds_verdicts_beside_published_ones(app: typer.Typer) -> None:
    done = CliRunner().invoke(app, ["--quick", "--metric", "Coverage", "--json", "-q"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["metrics"]["Density"]["passes"]["cells"] == said["metrics"]["Coverage"]["passes"]["cells"] == 30
    assert said["published_passes"]["diversity"]["Coverage"]["passes"] == 14
    assert said["requirements"] == []


def test_tables_are_drawn(app: typer.Typer) -> None:
    done = CliRunner().invoke(app, ["--quick", "--metric", "balls", "-q"], env={"COLUMNS": "220"})
    assert done.exit_code == 0, done.output
    assert "passes (T alone)" in done.stdout and "18 (18)" in done.stdout and "one disjoint column" in done.stdout
