"""fd.curate and run(curate=True): any generator, any model file, any table; the report says what it changed."""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import fidelia as fd
from fidelia.errors import UsageError
from fidelia.generate.catalog import entries
from fidelia.report.document import check
from fidelia.report.page import render

ROWS = 400


@pytest.fixture(scope="module")
def parts() -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = pq.read_table(fd.sample_path("adult")).to_pandas()
    return rows.iloc[:ROWS], rows.iloc[ROWS : 2 * ROWS].reset_index(drop=True)


@pytest.fixture(scope="module")
def model(parts) -> fd.Model:
    return fd.fit(parts[0], target="income", generator="marginals")


def test_a_model_and_its_file_give_the_same_rows(parts, model: fd.Model, tmp_path: Path) -> None:
    model.save(tmp_path / "m.fidelia")
    found, again = (
        fd.curate(parts[0], source, holdout=parts[1], n=60, budget=800) for source in (model, tmp_path / "m.fidelia")
    )
    assert found.table.arrow.equals(again.table.arrow)
    assert list(found.table.native().columns) == list(parts[0].columns)
    assert found.provenance["generator"]["name"] == "marginals"
    assert set(found.provenance["inputs"]) == {"train", "holdout"}
    assert found.table.schema.target == "income"


def test_a_frame_is_curated_as_it_is(parts, model: fd.Model) -> None:
    made = model.sample(300, seed=5)
    found = fd.curate(parts[0], made, holdout=parts[1], target="income")
    assert len(found.table) < 300 == len(found.weight)
    assert "synthetic" in found.provenance["inputs"]


@pytest.fixture(scope="module")
def outcome(parts) -> fd.Outcome:
    rows = pd.concat(parts, ignore_index=True)
    return fd.run(rows, target="income", generator="chowliu", curate=True, n=200, holdout=0.3)


def test_run_measures_on_the_half_that_chose_nothing(outcome: fd.Outcome) -> None:
    said = outcome.document
    assert said["inputs"]["holdout"]["rows"] == said["curation"]["provenance"]["rows"]["unseen"] == 120
    assert any("calibrated the choice" in note for note in said["inputs"]["notes"])
    assert len(outcome.synthetic) == 200 or said["curation"]["take"] == "curated"
    assert said["inputs"]["synthetic"]["rows"] == len(outcome.synthetic)


def test_the_report_has_a_section_on_it(outcome: fd.Outcome) -> None:
    page = render(check(outcome.document))
    assert 'id="curation"' in page and outcome.document["curation"]["verdict"].split(":")[0] in page


def test_a_recipe_keeps_the_choice(outcome: fd.Outcome, tmp_path: Path) -> None:
    outcome.recipe.save(tmp_path / "recipe.toml")
    assert fd.Recipe.load(tmp_path / "recipe.toml").curate


def test_rows_that_are_to_differ_are_not_curated(parts) -> None:
    with pytest.raises(UsageError, match="curate"):
        fd.run(parts[0], target="income", curate=True, balance="income")


@pytest.mark.slow
@pytest.mark.parametrize("name", list(entries(pictures=False)))
def test_every_generator_can_be_curated(parts, name: str) -> None:
    small = {"steps": 20} if name in ("diffusion", "ddgan", "gan", "vae", "autoregressive") else {}
    fitted = fd.fit(parts[0], target="income", generator=name, parameters=small)
    found = fd.curate(parts[0], fitted, holdout=parts[1], n=50, budget=600)
    assert found.rounds and found.verdict
