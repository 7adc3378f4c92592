"""The scripts of experiments/ as modules, and a small real table to run them on."""

import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import fidelia as fd

SCRIPTS = Path(__file__).parents[2] / "experiments"
sys.path.insert(0, str(SCRIPTS))


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with 500 rows and six columns of the shipped sample."""
    path = tmp_path_factory.mktemp("data") / "adult.parquet"
    columns = ["age", "workclass", "education", "sex", "hours-per-week", "income"]
    pq.write_table(pq.read_table(fd.sample_path("adult"), columns=columns).slice(0, 500), path)
    return path
