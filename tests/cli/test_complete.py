"""Completion: names from the catalogs, columns from the file in the line, in the shells that are there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import fidelia as fd
from fidelia.cli import complete

BASH = 'COMP_WORDS=(fidelia run adult --target ""); COMP_CWORD=4; _fidelia_completion fidelia; echo "${COMPREPLY[@]}"'


@pytest.fixture
def adult(tmp_path) -> Path:
    return Path(shutil.copy(fd.sample_path("adult"), tmp_path / "adult.parquet"))


def line(*arguments: str, **parameters: object) -> SimpleNamespace:
    """A command line in the making: what is parsed already, and what is not yet."""
    return SimpleNamespace(params=parameters, args=list(arguments))


def test_kinds_complete_behind_the_sign_and_bare():
    assert [text for text, _help in complete.kind(line(), "zip=c")] == ["zip=category"]
    assert [text for text, _help in complete.kind(line(), "da")] == ["datetime"]


@pytest.mark.parametrize("where", ["argument", "source", "train", "shipped"])
def test_columns_come_from_the_file_in_the_line(adult, where):
    context = {
        "argument": line(str(adult)),
        "source": line(source=adult),
        "train": line(train=str(adult)),
        "shipped": line("adult"),
    }[where]
    assert complete.column(context, "edu") == ["education", "education-num"]
    assert complete.condition(context, "sex") == ["sex="]
    assert ("sex=", "a column") in complete.kind(context, "s")


@pytest.mark.parametrize("text", ["a,b\n1,2\n", '[{"a": 1, "b": 2}]'])
def test_columns_come_from_every_format(tmp_path, text):
    path = tmp_path / ("t.csv" if text.startswith("a") else "t.json")
    path.write_text(text)
    assert complete.column(line(str(path)), "") == ["a", "b"]


def test_columns_come_from_a_model(tmp_path):
    model = fd.fit(fd.read(fd.sample_path("adult"), target="income"), generator="marginals", seed=0)
    model.save(tmp_path / "m.fidelia")
    assert complete.column(line(model=tmp_path / "m.fidelia"), "inc") == ["income"]


@pytest.mark.parametrize("name", ["none.csv", "broken.parquet", "broken.fidelia", "folder"])
def test_a_file_that_cannot_be_read_offers_nothing(tmp_path, name):
    (tmp_path / "broken.parquet").write_text("no parquet")
    (tmp_path / "broken.fidelia").write_text("no model")
    (tmp_path / "folder").mkdir()
    assert complete.column(line(str(tmp_path / name)), "") == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("fidelia r", ["run", "report"]),
        ("fidelia run a.csv --generator ", ["trees", "copula", "noisy-copy"]),
        ("fidelia run a.csv --kind zip=ca", ["zip=category"]),
        ("fidelia run adult --target edu", ["education", "education-num"]),
        ("fidelia enhance adult --learner ", ["boosted trees"]),
        ("fidelia list ", ["generators", "metrics"]),
    ],
)
def test_completion_knows_the_catalogs_and_the_file(shell, text, names):
    asking = {"_FIDELIA_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": text}
    ended = shell(env=os.environ | asking)
    assert all(name in ended.out for name in names)


def test_completion_installs(shell):
    ended = shell("--show-completion", "bash", env=os.environ | {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"})
    assert "_FIDELIA_COMPLETE=complete_bash" in ended.out


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("bash", BASH),
        ("fish", "complete -C 'fidelia run adult --target '"),
    ],
)
def test_a_shell_completes_a_column(tmp_path, name, asked):
    if shutil.which(name) is None:
        pytest.skip(f"no {name} on the PATH")
    command = tmp_path / "fidelia"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m fidelia.cli "$@"\n')
    command.chmod(0o755)
    loaded = {
        "bash": 'eval "$(_FIDELIA_COMPLETE=source_bash fidelia)"',
        "fish": "_FIDELIA_COMPLETE=source_fish fidelia | source",
    }
    found = subprocess.run(
        [name, "-c", f"{loaded[name]}; {asked}"],
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert {"age", "education", "income"} <= set(found.stdout.split()), found.stderr
