"""The six short questions on the command line."""

import json

import numpy as np
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from fidelia.data.samples import sample_path


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Real rows in three files, and rows whose columns were shuffled."""
    folder = tmp_path_factory.mktemp("ask")
    rows = pq.read_table(sample_path("adult"))
    for name, start, count in (("train", 0, 900), ("holdout", 900, 500), ("a", 1_500, 700), ("b", 2_500, 700)):
        pc.write_csv(rows.slice(start, count), folder / f"{name}.csv")
    mixed = rows.slice(1_500, 700)
    r = np.random.default_rng(0)
    for i, name in enumerate(mixed.column_names):
        mixed = mixed.set_column(i, name, mixed[name].take(r.permutation(700)))
    pc.write_csv(mixed, folder / "mixed.csv")
    return folder


def tables(files, synthetic="a.csv"):
    return ("--train", files / "train.csv", "--synthetic", files / synthetic, "--holdout", files / "holdout.csv")


@pytest.mark.parametrize("question", ["fidelity", "completeness"])
def test_a_question_is_answered_with_a_table(cli, files, monkeypatch, question):
    monkeypatch.setenv("COLUMNS", "120")
    ended = cli(question, *tables(files), "--target", "income")
    assert ended.code == 0, ended.err
    assert question in ended.out and "fresh real" in ended.out and "95 % interval" in ended.out
    monkeypatch.setenv("COLUMNS", "80")
    narrow = cli(question, *tables(files), "--target", "income", "--quiet")
    assert max(map(len, narrow.out.splitlines())) <= 80 and "95 % interval" not in narrow.out


def test_answers_are_plain_data(cli, files):
    ended = cli("utility", *tables(files), "--target", "income", "--json", "--quiet")
    assert ended.code == 0 and not ended.err
    found = json.loads(ended.out)
    assert found["quality"] == "utility"
    assert {line["code"] for line in found["results"]} == {"UTL10", "FID26", "UTL01", "UTL03"}
    assert all(line["reference"] is not None for line in found["results"])


def test_copies_give_a_secret_away(cli, files):
    keys = ("--known", "age", "--known", "fnlwgt", "--known", "education", "--secret", "income")
    ended = cli("privacy", *tables(files, "train.csv"), *keys, "--json", "--quiet")
    found = {line["code"]: line for line in json.loads(ended.out)["results"]}
    assert found["PRV14"]["breakdown"]["alarm"] and found["AUT05"]["value"] == 1
    assert found["PRV14"]["breakdown"]["lines"][0]["q"] < 1e-6


def test_stability_needs_two_tables(cli, files):
    one = cli("stability", *tables(files))
    assert one.code == 2 and "2 needed" in one.err
    two = cli("stability", *tables(files), "--synthetic", files / "b.csv", "--quiet")
    assert two.code == 0 and "STB01" in two.out


def test_compare_names_the_best(cli, files):
    named = [f"real={files / 'a.csv'}", f"real={files / 'b.csv'}", f"mixed={files / 'mixed.csv'}"]
    real = ("--train", files / "train.csv", "--holdout", files / "holdout.csv")
    ended = cli("compare", *named, *real, "--metric", "FID10", "--metric", "FID16", "--quiet")
    assert ended.code == 0, ended.err
    head = next(line for line in ended.out.splitlines() if "best first" in line)
    assert head.index("real") < head.index("mixed")
    assert "probability of being best" in ended.out and "±" in ended.out
    as_json = cli("compare", *named, *real, "--metric", "FID10", "--json", "--quiet")
    assert json.loads(as_json.out)["generators"] == ["real", "mixed"]


def test_compare_says_how_to_name_a_table(cli, files):
    ended = cli("compare", files / "a.csv", "--train", files / "train.csv")
    assert ended.code == 2 and "NAME=FILE" in ended.err


def test_distances_between_features_of_ones_own(cli, files, tmp_path):
    for name, rows in (("train", 900), ("synthetic", 700), ("holdout", 500)):
        np.save(tmp_path / f"{name}.npy", np.random.default_rng(rows).normal(size=(rows, 3)))
    features = [f"--features={side}={tmp_path / side}.npy" for side in ("train", "synthetic", "holdout")]
    ended = cli("evaluate", *tables(files), *features, "--metric", "FID16", "--json", "--quiet")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["embedding"]["width"] == 3
    both = cli("evaluate", *tables(files), *features, "--embedding", "tabular")
    assert both.code == 2 and "give one of them" in both.err
    wrong = cli("evaluate", *tables(files), "--features", "real=x.npy")
    assert wrong.code == 2 and "SIDE=FILE" in wrong.err
