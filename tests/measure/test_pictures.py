"""Histograms have one more edge than shares, whatever the column holds."""

import numpy as np
import pandas as pd
import pytest

from fidelia.data.read import read
from fidelia.measure.case import Case
from fidelia.measure.catalog import find
from fidelia.rng import Rng

N = 120
COLUMNS = {
    "constant": np.full(N, 7.0),
    "nearly constant": np.r_[np.full(N - 1, 3.0), 900.0],
    "mostly missing": np.r_[np.full(N - 5, np.nan), np.arange(5.0)],
    "one day": pd.date_range("2024-05-01", periods=N, freq="min"),
    "days": pd.date_range("2024-05-01", periods=N, freq="D"),
    "whole": np.arange(N) % 3,
    "heavy tail": np.exp(np.linspace(0, 20, N)),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_edges_and_shares_fit(name: str) -> None:
    kind = "datetime" if "day" in name else "number"
    frame = pd.DataFrame({name: COLUMNS[name], "other": np.arange(N) % 5})
    table = read(frame, kinds={name: kind, "other": "category"})
    line = find("FID01")(Case(table, table, table, Rng(0))).breakdown["columns"][0]
    drawn = line["histogram"]
    if drawn is None:
        assert name == "mostly missing"
        return
    for side in ("train", "synthetic", "holdout"):
        assert len(drawn["edges"]) == len(drawn[side]) + 1
        assert np.sum(drawn[side]) == pytest.approx(1)
    assert np.all(np.diff(drawn["edges"]) > 0)
