"""A sample by its name, a file by its path; a file of that name goes first."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fidelia.data.keys import learnt_keys
from fidelia.data.read import read
from fidelia.data.samples import located, sample_path


def test_names_and_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert located("adult") == (sample_path("adult"), "income")
    assert located("other.csv") == (Path("other.csv"), None)
    Path("adult").write_text("a,b\n1,2\n")
    assert located("adult") == (Path("adult"), None)


def test_ids_and_texts_do_not_make_rows_differ() -> None:
    frame = pd.DataFrame({"key": [1, 2, 3], "note": ["a b c", "d e f", "g h i"], "x": [5, 5, 6]})
    keys = learnt_keys(read(frame, kinds={"key": "id", "note": "text", "x": "integer"}))
    assert keys[0] == keys[1] != keys[2]
    assert len(np.unique(keys)) == 2
