"""The table that the package ships."""

import pytest

from fidelia.data.samples import load, sample_path
from fidelia.errors import UsageError
from fidelia.schema.kinds import Kind


def test_adult_is_shipped_with_its_notice():
    path = sample_path("adult")
    assert path.stat().st_size < 200_000
    notice = path.with_name("NOTICE").read_text()
    assert all(word in notice for word in ("Becker", "1996", "10.24432/C5XW20", "CC BY 4.0", "What was changed"))


def test_adult_is_read_with_its_target():
    table = load("adult")
    assert (len(table), len(table.schema), table.schema.target) == (10_000, 15, "income")
    assert set(table["income"].to_pylist()) == {"<=50K", ">50K"}
    assert table["occupation"].null_count > 0
    assert table.schema.of(Kind.INTEGER) == [
        "age",
        "fnlwgt",
        "education-num",
        "capital-gain",
        "capital-loss",
        "hours-per-week",
    ]
    assert "?" not in set(table["occupation"].to_pylist())


def test_adult_is_drawn_from_the_whole_set(shared_data):
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = np.sort(np.random.default_rng(0).choice(48_842, 10_000, replace=False))
    whole = pq.read_table(shared_data("adult")).take(pa.array(rows))
    assert load("adult").arrow.to_pydict() == whole.to_pydict()


def test_other_samples_are_not_there():
    with pytest.raises(UsageError, match="no sample 'adlt'; did you mean 'adult'"):
        sample_path("adlt")
