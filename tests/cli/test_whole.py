"""The lines of the README, each in a process of its own, on a small real-looking table."""

import json
import random
import signal
import subprocess
import sys

import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

GENERATOR = "marginals"


@pytest.fixture(scope="module")
def place(tmp_path_factory, shell):
    """A folder with a table, and with what one `fidelia run` of it leaves."""
    folder = tmp_path_factory.mktemp("cli")
    draw = random.Random(0)
    rows = [f"{draw.gauss(40, 12):.0f},{draw.choice(['Female', 'Male', ''])},{draw.choice('ab')}" for _ in range(600)]
    (folder / "a.csv").write_text("\n".join(["age,sex,income", *rows]) + "\n")
    ended = shell(
        *("run", folder / "a.csv", "--target", "income", "--generator", GENERATOR, "--out", folder / "out", "--json")
    )
    assert ended.code == 0, ended.err
    (folder / "stdout.json").write_text(ended.out)
    (folder / "stderr.txt").write_text(ended.err)
    return folder


def test_run_leaves_every_file(place):
    names = {"synthetic.csv", "report.html", "results.json", "audit.parquet", "model.fidelia", "recipe.toml"}
    assert {path.name for path in (place / "out").iterdir()} == names
    assert len(pc.read_csv(place / "out" / "synthetic.csv")) == 480


def test_run_prints_the_results_alone_on_stdout(place):
    assert json.loads((place / "stdout.json").read_text()) == json.loads((place / "out" / "results.json").read_text())
    err = (place / "stderr.txt").read_text()
    assert "600 rows x 3 columns" in err and "Written" in err and "accepted" in err and "\x1b" not in err


def test_a_recipe_gives_the_same_results_again(place, shell):
    before = (place / "out" / "results.json").read_bytes()
    ended = shell("run", place / "out" / "recipe.toml", "--out", place / "again", "--quiet")
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert (place / "again" / "results.json").read_bytes() == before


def test_report_draws_the_page_again(place, shell, tmp_path):
    ended = shell("report", place / "out" / "results.json", "-o", tmp_path / "page.html", "-q")
    assert (ended.code, ended.err) == (0, "")
    assert (tmp_path / "page.html").read_bytes() == (place / "out" / "report.html").read_bytes()


def test_fit_and_sample_to_a_file_and_to_stdout(place, shell, tmp_path):
    assert shell("fit", place / "a.csv", "-o", tmp_path / "m.fidelia", "--generator", GENERATOR, "-q").code == 0
    assert shell("sample", tmp_path / "m.fidelia", "-n", 2500, "-o", tmp_path / "b.parquet", "-q").code == 0
    assert pq.read_table(tmp_path / "b.parquet").num_rows == 2500
    shown = shell("sample", tmp_path / "m.fidelia", "-n", 5)
    assert shown.out.splitlines()[0] == "age,sex,income" and len(shown.out.splitlines()) == 6
    assert shell("sample", tmp_path / "m.fidelia", "-n", 0).out == "age,sex,income\n"


def test_sample_obeys_conditions(place, shell, tmp_path):
    model = place / "out" / "model.fidelia"
    ended = shell(
        *("sample", model, "-n", 200, "--given", "sex=Female", "--given", "age=30..40", "-o", tmp_path / "c.csv", "-q")
    )
    assert ended.code == 0, ended.err
    drawn = pc.read_csv(tmp_path / "c.csv").to_pydict()
    assert set(drawn["sex"]) == {"Female"} and min(drawn["age"]) >= 30 and max(drawn["age"]) <= 40


@pytest.mark.parametrize("condition", ["gender=Female", "sex=Robot", "age=40..30", "age=old", "age=900..", "income="])
def test_conditions_that_cannot_hold_are_wrong_usage(place, cli, tmp_path, condition):
    ended = cli("sample", place / "out" / "model.fidelia", "-n", 5, "--given", condition, "-o", tmp_path / "c.csv")
    assert ended.code == 2, ended.err
    assert not (tmp_path / "c.csv").exists()


def test_evaluate_and_audit_any_files(place, cli, tmp_path):
    files = ("--train", place / "a.csv", "--synthetic", place / "out" / "synthetic.csv", "--holdout", place / "a.csv")
    ended = cli("evaluate", *files, "--target", "income", "--out", tmp_path / "eval", "--json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["format"] == 1
    assert {path.name for path in (tmp_path / "eval").iterdir()} >= {"results.json", "report.html"}
    ended = cli("audit", *files, "-o", tmp_path / "audited.parquet")
    assert ended.code == 0 and "accepted" in ended.err, ended.err
    rows, accepted = pq.read_table(tmp_path / "audited.parquet"), pq.read_table(tmp_path / "audited.accepted.parquet")
    assert rows.num_rows == 480
    assert accepted.num_rows == rows["audit.verdict"].to_pylist().count("accept")
    assert accepted.column_names == ["age", "sex", "income"]


def test_a_reader_that_stops_early_is_no_error(place):
    line = f"{sys.executable} -m fidelia.cli sample {place / 'out' / 'model.fidelia'} -n 200000 | head -n 2"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", line], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr, len(done.stdout.splitlines())) == (0, "", 2)


def test_interrupted_sampling_leaves_nothing_half_written(place, tmp_path):
    arguments = ["sample", place / "out" / "model.fidelia", "-n", 10**9, "-o", tmp_path / "big.parquet"]
    working = subprocess.Popen(
        [sys.executable, "-m", "fidelia.cli", *map(str, arguments)], stderr=subprocess.PIPE, text=True
    )
    assert working.stderr.readline() == "sample ...\n"
    working.send_signal(signal.SIGINT)
    _out, err = working.communicate(timeout=60)
    assert (working.returncode, err) == (130, f"Interrupted. Nothing was written to {tmp_path / 'big.parquet'}.\n")
    assert not list(tmp_path.iterdir())
