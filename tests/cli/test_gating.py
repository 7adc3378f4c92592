"""--gate and --junit through the command line."""

import json

import pytest

GOOD = 'verdict = "good"\naccepted = 0.95\n\n[FID16]\nbelow_reference = 0.02\n'


@pytest.fixture
def gate(tmp_path):
    def written(text):
        path = tmp_path / "gate.toml"
        path.write_text(text)
        return path

    return written


def commands(tmp_path, document):
    results = tmp_path / "results.json"
    results.write_text(json.dumps(document))
    return [
        ("run", "a.csv", "--out", tmp_path / "out"),
        ("evaluate", "--train", "a.csv", "--synthetic", "b.csv"),
        ("report", results),
    ]


def test_a_gate_that_is_passed_ends_well_and_one_that_is_not_with_3(cli, work, gate, tmp_path, document):
    for command in commands(tmp_path, document):
        passed = cli(*command, "--gate", gate(GOOD))
        assert passed.code == 0, passed.err
        assert "✓  FID16 at most 0.02 below" in passed.err
        failed = cli(*command, "--gate", gate(GOOD.replace("0.95", "0.96")), "--junit", tmp_path / "gate.xml")
        assert failed.code == 3
        assert "1 of 3 limits are not kept: accepted at least 0.96, found 0.95" in " ".join(failed.err.split())
        assert 'failures="1"' in (tmp_path / "gate.xml").read_text()


def test_results_are_written_before_a_gate_ends_the_command(cli, work, gate, tmp_path):
    ended = cli("run", "a.csv", "--out", tmp_path / "out", "--gate", gate("[FID16]\nat_least = 2\n"), "--json")
    assert ended.code == 3
    assert (tmp_path / "out" / "results.json").exists()
    assert json.loads(ended.out)["verdict"]["level"] == "good"


def test_a_gate_is_read_before_any_work(cli, work, gate):
    ended = cli("run", "a.csv", "--gate", gate("[FID166]\nat_least = 0.9\n"))
    assert ended.code == 4
    assert "did you mean 'FID16'" in ended.err
    assert not work.asked


def test_junit_without_a_gate_is_wrong_usage(cli, work, tmp_path):
    ended = cli("report", "results.json", "--junit", tmp_path / "gate.xml")
    assert ended.code == 2
    assert "--gate" in ended.err
