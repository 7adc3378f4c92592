"""Networks from the command line: limits, interrupts that keep their place, imputation, what is refused."""

import signal
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

SMALL = ("--set", "width=16", "--set", "batch=32", "--set", "depth=1")


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """A csv of 300 rows: y follows x, and some y are missing."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=300).round(2)
    y = (x + draw.normal(size=300) / 4).round(2)
    path = tmp_path_factory.mktemp("data") / "rows.csv"
    table = pa.table({"x": x, "y": pa.array(y, mask=draw.random(300) < 0.2), "c": np.where(x > 0, "up", "down")})
    pa.csv.write_csv(table, path)
    return path


def test_an_interrupted_training_goes_on_where_it_was(rows, tmp_path, shell):
    model, checkpoint = tmp_path / "m.fidelia", tmp_path / "m.fidelia.checkpoint"
    asked = ("fit", rows, "--generator", "vae", *SMALL, "--set", "steps=1000000", "-o", model)
    command = [sys.executable, "-m", "fidelia.cli", *map(str, asked)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        said = ""
        while "train vae" not in said:
            said += process.stderr.read(1)
        process.send_signal(signal.SIGINT)
        said += process.stderr.read()
        assert process.wait(60) == 130
    assert f"No model was written to {model}." in said
    assert f"Kept: {checkpoint}; the same command goes on from there." in said
    assert checkpoint.exists() and not model.exists()
    ended = shell(*asked, "--time-limit", "0.1s", "-v")
    assert ended.code == 0, ended.err
    assert "goes on from step" in ended.err
    assert model.exists() and not checkpoint.exists()


def test_a_time_limit_ends_a_training(cli, rows, tmp_path):
    ended = cli(
        *("fit", rows, "--generator", "vae", *SMALL, "--set", "steps=1000000", "--time-limit", "1s"),
        *("-o", tmp_path / "m.fidelia"),
    )
    assert ended.code == 0, ended.err
    assert (tmp_path / "m.fidelia").exists()


def test_a_balanced_sample(cli, rows, tmp_path):
    cli("fit", rows, "--generator", "marginals", "-o", tmp_path / "m.fidelia", "-q")
    ended = cli("sample", tmp_path / "m.fidelia", "-n", 40, "--balance", "c=up:0.75", "-o", tmp_path / "s.csv")
    assert ended.code == 0, ended.err
    drawn = pyarrow.csv.read_csv(tmp_path / "s.csv")["c"].to_pylist()
    assert (drawn.count("up"), drawn.count("down")) == (30, 10)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--generator", "vae", "--set", "steps=0"), "steps = 0 must be a whole number of at least 1"),
        (("--generator", "vae", "--set", "device=cuda"), "device = 'cuda' is not here; there are: auto, cpu"),
        (("--generator", "vae", "--time-limit", "soon"), "'soon' is no time; write e.g. 90s, 5m or 1h30m"),
        (("--time-limit", "0"), "'0' is no time"),
    ],
)
def test_what_cannot_be_is_refused(cli, rows, tmp_path, asked, said):
    import torch

    if "device=cuda" in asked and torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    ended = cli("fit", rows, "-o", tmp_path / "m.fidelia", *asked)
    assert ended.code == 2
    assert said in ended.err


def test_a_network_without_torch_says_how_to_get_it(cli, rows, tmp_path, monkeypatch):
    import fidelia.generate.catalog as catalog

    monkeypatch.setattr(catalog, "find_spec", lambda _name: None)
    ended = cli("fit", rows, "--generator", "vae", "-o", tmp_path / "m.fidelia")
    assert ended.code == 5
    assert "generator 'vae' needs an optional dependency: pip install 'fidelia[deep]'" in ended.err


def test_a_generator_that_cannot_impute_says_which_can(cli, rows, tmp_path):
    cli("fit", rows, "--generator", "marginals", "-o", tmp_path / "m.fidelia", "-q")
    ended = cli("impute", tmp_path / "m.fidelia", rows, "-o", tmp_path / "filled.csv")
    assert ended.code == 2
    assert "marginals cannot fill missing cells; fit with generator='autoregressive', which can" in ended.err


def test_impute_fills_missing_cells_and_leaves_the_others(cli, rows, tmp_path):
    short = ("--set", "steps=600", "--set", "rate=0.003", "--set", "dropout=0")
    cli("fit", rows, "--generator", "autoregressive", *short, "-o", tmp_path / "m.fidelia", "-q")
    ended = cli("impute", tmp_path / "m.fidelia", rows, "-o", tmp_path / "filled.csv")
    assert ended.code == 0, ended.err
    before, after = (pyarrow.csv.read_csv(path) for path in (rows, tmp_path / "filled.csv"))
    assert before["y"].null_count > 20 and after["y"].null_count == 0
    there = np.asarray(before["y"].is_valid())
    assert np.array_equal(np.asarray(before["y"])[there], np.asarray(after["y"])[there])
    assert before["x"].equals(after["x"]) and before["c"].equals(after["c"])
    x, y = np.asarray(after["x"])[~there], np.asarray(after["y"])[~there]
    assert np.corrcoef(x, y)[0, 1] > 0.7
