"""Each kind of ending: its code, its one line, and what stays on the disk."""

import errno
import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from fidelia.errors import BundleError, FideliaError, MissingExtra, NotApplicable, ReadError, SchemaError, UsageError
from fidelia.workflow.outcome import Outcome


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FideliaError("it went wrong"), 1),
        (NotApplicable("TOO_FEW_ROWS", "it went wrong"), 1),
        (UsageError("it went wrong"), 2),
        (ReadError("it went wrong"), 4),
        (SchemaError("it went wrong"), 4),
        (BundleError("it went wrong"), 4),
    ],
)
def test_own_errors_give_their_code_and_their_message_alone(cli, work, tmp_path, error, code):
    work.error = error
    ended = cli("run", "a.csv", "--out", tmp_path, "--quiet")
    assert ended.code == code
    assert ended.err == f"Error: {error}\n"
    assert ended.out == ""


def test_missing_extra_says_the_pip_line(cli, work, tmp_path):
    work.error = MissingExtra("reading xlsx", "excel")
    ended = cli("run", "a.csv", "--out", tmp_path, "-q")
    assert ended.code == 5
    assert "pip install 'fidelia[excel]'" in ended.err


def test_unforeseen_error_is_one_line_with_a_hint(cli, work, tmp_path):
    work.error = ZeroDivisionError("division by zero\nin many lines")
    ended = cli("run", "a.csv", "--out", tmp_path, "-q")
    assert ended.code == 1
    assert ended.err.count("\n") == 1
    assert ended.err.startswith("Error: ZeroDivisionError: division by zero. ")
    assert "--debug" in ended.err and "Traceback" not in ended.err


def test_debug_shows_the_traceback_and_the_line(cli, work, tmp_path):
    work.error = ZeroDivisionError("division by zero")
    ended = cli("run", "a.csv", "--out", tmp_path, "-q", "--debug")
    assert ended.code == 1
    assert "Traceback" in ended.err and "_outcome" in ended.err
    assert ended.err.rstrip().endswith("Error: ZeroDivisionError: division by zero.")


def test_a_message_with_brackets_is_shown_as_it_is(cli, work, tmp_path):
    work.error = SchemaError("column 'income [bold]': 3 of 1,000 values are not numbers")
    assert "'income [bold]'" in cli("run", "a.csv", "--out", tmp_path, "-q").err


def test_full_disk_is_the_data_s_ending(cli, work, tmp_path):
    work.error = OSError(errno.ENOSPC, "No space left on device", "big.parquet")
    ended = cli("run", "a.csv", "--out", tmp_path, "-q")
    assert ended.code == 4
    assert ended.err == "Error: big.parquet: No space left on device; nothing was left half-written\n"


def test_interrupt_keeps_nothing_when_nothing_is_done(cli, work, tmp_path):
    work.error = KeyboardInterrupt()
    ended = cli("run", "a.csv", "--out", tmp_path, "-q")
    assert ended.code == 130
    assert ended.err == f"Interrupted. Nothing was finished; {tmp_path} is as it was.\n"
    assert not list(tmp_path.iterdir())


def test_interrupt_keeps_the_model_and_the_rows_that_were_done(cli, work, tmp_path):
    model = SimpleNamespace(save=lambda path: path.write_text("model"))
    work.error = KeyboardInterrupt()
    work.error.outcome = Outcome({}, work.table, model=model)
    ended = cli("run", "a.csv", "--out", tmp_path, "-q")
    assert ended.code == 130
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.fidelia", "synthetic.parquet"]
    assert ended.err == f"Interrupted. Kept in {tmp_path}: model.fidelia, synthetic.parquet.\n"


def test_unwritable_place_is_refused_before_the_work(cli, work, tmp_path):
    (tmp_path / "taken").write_text("a file")
    ended = cli("run", "a.csv", "--out", tmp_path / "taken" / "out")
    assert ended.code == 4
    assert "cannot write here" in ended.err
    assert work.asked == []


def test_output_that_is_a_folder_is_refused(cli, work, tmp_path):
    ended = cli("fit", "a.csv", "-o", tmp_path)
    assert (ended.code, work.asked) == (4, [])
    assert "is a folder" in ended.err


@pytest.mark.parametrize(
    "line",
    [
        ["rn"],
        ["run"],
        ["run", "a.csv", "--no-such"],
        ["run", "a.csv", "--seed", "-1"],
        ["run", "a.csv", "--holdout", "2"],
        ["run", "a.csv", "--rows", "many"],
        ["run", "a.csv", "--edition", "secret"],
        ["run", "a.csv", "--kind", "zip"],
        ["run", "a.csv", "--kind", "zip=colour"],
        ["run", "a.csv", "--set", "leaf"],
        ["run", "a.csv", "--given", "sex"],
        ["run", "a.csv", "--given", "=Female"],
        ["evaluate", "--train", "a.csv"],
        ["audit", "--train", "a", "--synthetic", "b", "-o", "c.csv", "--accepted", "c.csv"],
        ["list", "colours"],
        ["explain", "XYZ99"],
    ],
)
def test_wrong_usage_is_code_2_and_one_line(cli, work, tmp_path, monkeypatch, line):
    monkeypatch.chdir(tmp_path)
    ended = cli(*line)
    assert ended.code == 2
    assert ended.err.startswith("Error: ") and ended.err.count("\n") == 1
    assert ended.out == "" and work.asked == [] and not list(tmp_path.iterdir())


def test_usage_errors_name_the_help(cli):
    assert cli("rn").err == "Error: No such command 'rn'. Did you mean 'run'? See: fidelia --help\n"


def test_a_reader_that_goes_away_is_no_error():
    pipe_in, pipe_out = os.pipe()
    os.close(pipe_in)
    done = subprocess.run(
        [sys.executable, "-m", "fidelia.cli", "doctor", "--json"], stdout=pipe_out, stderr=subprocess.PIPE, timeout=60
    )
    os.close(pipe_out)
    assert (done.returncode, done.stderr) == (0, b"")


def test_json_is_all_that_stands_on_stdout(cli, work, document, tmp_path):
    ended = cli("run", "a.csv", "--out", tmp_path, "--json")
    assert ended.code == 0
    assert json.loads(ended.out) == document
    assert "Like fresh real data." in ended.err
