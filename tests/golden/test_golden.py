"""Numbers and files of earlier versions still hold: a change here is a change that users see.

Write them anew, after looking at every difference, with ``python tests/golden/test_golden.py``.
"""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import fidelia as fd

HERE = Path(__file__).parent
NUMBERS = HERE / "numbers.json"
MODEL = HERE / "trees-format-1.fidelia"
# boosted trees may differ a little between versions of scikit-learn
LEARNERS = {"FID26", "FID28", "UTL01", "UTL03", "PRV07", "PRV09", "PRV14"}


def measured() -> dict[str, dict[str, float]]:
    """Every code on three fixed slices of the shipped sample."""
    rows = pq.read_table(fd.sample_path("adult"))
    found = fd.evaluate(rows[:2_000], rows[2_000:4_000], holdout=rows[4_000:5_500], target="income", seed=0)
    return {
        result["code"]: {"value": result["value"], "reference": result["reference"]["value"]}
        for result in found.document["results"]
    }


@pytest.mark.parametrize("side", ["value", "reference"])
def test_numbers_are_those_of_the_last_version(side: str, numbers: dict[str, dict[str, float]]) -> None:
    golden = json.loads(NUMBERS.read_text())
    assert set(golden) == set(numbers)
    for code, expected in golden.items():
        tolerance = 0.01 if code in LEARNERS else 1e-5
        assert numbers[code][side] == pytest.approx(expected[side], abs=tolerance), code


@pytest.fixture(scope="module")
def numbers() -> dict[str, dict[str, float]]:
    return measured()


def test_a_model_of_format_1_still_loads_and_draws() -> None:
    model = fd.load(MODEL)
    drawn = model.sample(500, seed=0)
    assert list(drawn.columns) == model.schema.names
    assert drawn["age"].between(17, 90).all()
    assert set(drawn["income"]) == {"<=50K", ">50K"}
    assert set(model.sample(50, given={"sex": "Female"})["sex"]) == {"Female"}


if __name__ == "__main__":
    NUMBERS.write_text(json.dumps(measured(), indent=1) + "\n")
    if not MODEL.exists():  # a file of an old format is kept as it is
        fd.fit(pq.read_table(fd.sample_path("adult"))[:400].to_pandas(), target="income", seed=0).save(MODEL)
