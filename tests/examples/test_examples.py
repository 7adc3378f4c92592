"""The examples run as they stand, without a warning, and show what they promise."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples"


def numbers(pattern, text):
    """Return the numbers that a pattern's groups find, which must be there."""
    found = re.search(pattern, text)
    assert found, text
    return [float(group) for group in found.groups()]


def first_table(said, folder):
    value, fresh = numbers(r"alpha-precision: (\S+), fresh real rows (\S+)", said)
    assert abs(value - fresh) < 0.03
    assert (folder / "out/first_table/report.html").stat().st_size > 100_000


def vendors_file(said, _):
    shapes, real = numbers(r"column shapes \(numbers\): (\S+) beside (\S+)", said)
    assert abs(shapes - real) < 0.01
    precision, fresh = numbers(r"alpha-precision: (\S+) beside (\S+)", said)
    assert precision < fresh - 0.3


def find_the_copies(said, _):
    found, others = numbers(r"(\d+) of 500 planted rows are called copies, and (\d+) of 7000", said)
    assert found >= 475
    assert others <= 200


def mode_collapse(said, _):
    collapsed, repaired = (numbers(rf"{word}: .*beta-recall (\S+)", said)[0] for word in ("collapsed", "repaired"))
    assert repaired > collapsed + 0.03
    assert "not covered: rows with marital-status=Never-married" in said


def missing_values(said, _):
    assert numbers(r"\nC +(\S+) +(\S+)", said) == [1, 1]
    assert numbers(r"\nA +(\S+) +(\S+)", said) == [0, 0]


def conditions(said, _):
    assert numbers(r"fewest hours: (\d+)", said)[0] >= 50
    assert "the same rows from the file: True" in said


def rare_class(said, _):
    assert "Synthetic rebalanced against SMOTE" in said
    assert len(re.findall(r"\n *(?:linear|boosted trees) ", said)) == 8


def little_data(said, _):
    assert "Source only" in said
    assert len(re.findall(r"\n\d +\d+ ", said)) == 5  # rows, which begin with their number and an age


def pictures(said, _):
    perfect, noisy = (part.split("authenticity: ")[1].split(",")[0] for part in said.split("noisy copies"))
    assert float(perfect) > 0.4
    assert float(noisy) < 0.05


def plug_in(said, _):
    made, fresh = numbers(r"round ages: (\S+), fresh real rows (\S+)", said)
    assert abs(made - fresh) < 0.03


SHOWN = (
    first_table, vendors_file, find_the_copies, mode_collapse, missing_values, conditions, rare_class, little_data,
    pictures, plug_in,
)  # fmt: skip


LONG = {first_table, rare_class, little_data}
"""Those that take some twenty seconds each."""
MARKED = [pytest.param(shows, marks=pytest.mark.slow if shows in LONG else (), id=shows.__name__) for shows in SHOWN]


@pytest.mark.parametrize("shows", MARKED)
def test_an_example_shows_what_it_promises(shows, tmp_path):
    command = [sys.executable, "-W", "error", str(FOLDER / f"{shows.__name__}.py")]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "COLUMNS": "200"}, capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    shows(done.stdout, tmp_path)


def test_every_example_is_run_listed_and_short():
    scripts = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py")}
    assert set(scripts) == {shows.__name__ for shows in SHOWN}
    listed = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name, text in scripts.items():
        assert f"[{name}.py]({name}.py)" in listed
        assert len(text.splitlines()) < 60
