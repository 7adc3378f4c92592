"""The scripts of experiments/ as modules, and a small real table to run them on."""

import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn.datasets import load_digits

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


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with 900 small pictures of digits."""
    path = tmp_path_factory.mktemp("data") / "digits.npz"
    found = load_digits()
    rows = np.random.default_rng(0).permutation(len(found.target))[:900]
    fd.read_images(found.images[rows], span=(0, 16), labels=found.target[rows]).write(path)
    return path
