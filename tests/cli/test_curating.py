"""audit --curated: better rows from a model or a table, in a file, with a card."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import fidelia as fd


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("curating")
    rows = pq.read_table(fd.sample_path("adult"))
    found = {name: folder / f"{name}.parquet" for name in ("train", "holdout", "synthetic")}
    pq.write_table(rows.slice(0, 300), found["train"])
    pq.write_table(rows.slice(300, 300), found["holdout"])
    model = fd.fit(found["train"], target="income", generator="chowliu")
    model.sample_table(200, seed=1).write(str(found["synthetic"]))
    model.save(folder / "m.fidelia")
    return found | {"model": folder / "m.fidelia"}


def audit(files: dict[str, Path], out: Path, *more: object) -> list[object]:
    real = [word for name in ("train", "synthetic", "holdout") for word in (f"--{name}", files[name])]
    return ["audit", *real, "-o", out / "audited.parquet", "--target", "income", *more]


def test_rows_are_written_and_the_card_compares(cli, files, tmp_path) -> None:
    to = tmp_path / "curated.parquet"
    ended = cli(*audit(files, tmp_path, "--curated", to, "--model", files["model"], "-n", 40, "--json"))
    assert ended.code == 0, ended.err
    said = json.loads(ended.out)["curation"]
    assert len(pq.read_table(to)) == said["rows"]
    assert pq.read_table(to).column_names == pq.read_table(files["train"]).column_names
    assert said["provenance"]["wanted"] == 40
    for text in ("as drawn", "two-sample AUC", "Curation", to.name):
        assert text in ended.err


def test_without_a_model_the_synthetic_rows_are_chosen_among(cli, files, tmp_path) -> None:
    to = tmp_path / "curated.parquet"
    ended = cli(*audit(files, tmp_path, "--curated", to, "--method", "alaa2022"))
    assert ended.code == 0, ended.err
    kept = {tuple(row.values()) for row in pq.read_table(to).to_pylist()}
    assert 0 < len(kept) < 200
    assert kept <= {tuple(row.values()) for row in pq.read_table(files["synthetic"]).to_pylist()}


@pytest.mark.parametrize("stray", [["--model", "m.fidelia"], ["-n", 5], ["--method", "alaa2022"], ["--by", "sex"]])
def test_options_without_a_place_for_the_rows_are_refused(cli, files, tmp_path, stray) -> None:
    ended = cli(*audit(files, tmp_path, *stray))
    assert ended.code == 2 and "--curated FILE" in ended.err
    assert not list(tmp_path.iterdir())


def test_curation_needs_unseen_rows(cli, files, tmp_path) -> None:
    to = tmp_path / "curated.parquet"
    real = ("--train", files["train"], "--synthetic", files["synthetic"])
    ended = cli("audit", *real, "-o", tmp_path / "audited.parquet", "--curated", to)
    assert ended.code == 2 and "--curated needs --holdout" in ended.err


def test_an_interrupt_leaves_the_accepted_rows(cli, files, tmp_path, monkeypatch) -> None:
    from fidelia.generate.chowliu import ChowLiu

    real = ChowLiu.sample

    def stopped(self, n, *, first=0, **how):
        if first:
            raise KeyboardInterrupt
        return real(self, n, first=first, **how)

    monkeypatch.setattr(ChowLiu, "sample", stopped)
    to = tmp_path / "curated.parquet"
    ended = cli(*audit(files, tmp_path, "--curated", to, "--model", files["model"], "-n", 290))
    assert ended.code == 130 and to.name in ended.err
    assert 0 < len(pq.read_table(to)) < 290
