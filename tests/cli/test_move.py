"""transfer and adapt from the command line."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from fidelia.cli.app import app
from fidelia.errors import ReadError, SchemaError, UsageError


def rows(n: int, seed: int, mean: float) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    x = draw.normal(mean, 1, n).round(3)
    return pd.DataFrame(
        {"x": x, "w": draw.normal(size=n).round(3), "y": np.where(x + draw.normal(size=n) > 0, "p", "q")}
    )


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.setattr("fidelia.enhancement.transferring.tuning.ROWS", 200)
    rows(600, 0, 0.0).to_csv(tmp_path / "s.csv", index=False)
    rows(80, 1, 1.0).to_csv(tmp_path / "t.csv", index=False)
    return tmp_path


def said(*words: object) -> object:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_transfer_writes_a_model_and_says_why(files):
    assert said("fit", files / "s.csv", "--target", "y", "-o", files / "s.fidelia", "-q").exit_code == 0
    target = ("transfer", files / "s.fidelia", files / "t.csv", "-o", files / "t.fidelia")
    found = said(*target, "--repeats", 1, "--time-limit", "1s", "--json", "-q")
    assert found.exit_code == 0, found.output
    document = json.loads(found.stdout)
    assert document["kind"] == "transfer" and document["target"] == "y"
    assert document["lines"][0]["arm"] == "target only"
    drawn = said("sample", files / "t.fidelia", "-n", 20)
    assert drawn.exit_code == 0 and drawn.stdout.startswith("x,w,y")


def test_adapt_writes_rows(files):
    rows(120, 2, 0.7).drop(columns="y").to_csv(files / "u.csv", index=False)
    found = said(
        "adapt", files / "s.csv", files / "u.csv", "--target", "y", "-o", files / "r.csv", "--rows", 50, "--json"
    )
    assert found.exit_code == 0, found.output
    made = pd.read_csv(files / "r.csv")
    assert list(made) == ["x", "w", "y"] and len(made) == 50 and made["y"].isin(["p", "q"]).all()


def test_wrong_words_are_refused(files):
    asked = [
        (UsageError, ("adapt", files / "s.csv", files / "t.csv", "-o", files / "r.csv")),
        (ReadError, ("transfer", files / "none.fidelia", files / "t.csv", "-o", files / "t.fidelia")),
        (SchemaError, ("adapt", files / "s.csv", files / "few.csv", "--target", "y", "-o", files / "r.csv")),
    ]
    rows(20, 3, 0.0).to_csv(files / "few.csv", index=False)
    for error, words in asked:
        assert isinstance(said(*words).exception, error)
    assert said("adapt", files / "s.csv", files / "t.csv", "--shift", "odd", "-o", files / "r.csv").exit_code == 2
