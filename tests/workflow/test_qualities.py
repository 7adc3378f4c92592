"""The six short calls: views of the one catalogue, on any pair of tables."""

import pyarrow.parquet as pq
import pytest

import fidelia as fd
from fidelia.data.samples import sample_path
from fidelia.errors import SchemaError, UsageError
from fidelia.measure.catalog import entries
from fidelia.workflow.qualities import CODES


@pytest.fixture(scope="module")
def tables():
    rows = pq.read_table(sample_path("adult"))
    train, holdout = rows.slice(0, 1_500).to_pandas(), rows.slice(1_500, 700).to_pandas()
    fresh = [rows.slice(start, 1_000).to_pandas() for start in (2_500, 3_500, 4_500)]
    return train, holdout, fresh


def test_every_code_of_a_quality_is_in_the_catalogue():
    known = entries()
    assert {code for codes in CODES.values() for code in codes} <= set(known)


def test_fidelity_of_fresh_rows_is_like_fresh_real_data(tables):
    train, holdout, fresh = tables
    found = fd.fidelity(train, fresh[0], holdout=holdout, seed=1)
    assert [result.code for result in found.results] == list(CODES["fidelity"])
    assert found["FID01"].value == pytest.approx(found["FID01"].reference.value, abs=0.05)
    frame = found.to_frame()
    assert list(frame.index) == list(CODES["fidelity"])
    assert (frame["low"] <= frame["value"]).all() and (frame["value"] <= frame["high"]).all()
    assert "column" in str(found) and "fresh real" in repr(found)


def test_a_view_has_the_numbers_of_evaluate(tables):
    train, holdout, fresh = tables
    view = fd.completeness(train, fresh[0], holdout=holdout, target="income")
    whole = fd.evaluate(train, fresh[0], holdout=holdout, target="income", codes=["CMP02", "CMP03"])
    for code in ("CMP02", "CMP03"):
        assert view[code].to_dict() == whole[code]


def test_copies_are_told_by_fidelity_and_privacy(tables):
    train, holdout, _ = tables
    assert fd.fidelity(train, train, holdout=holdout)["AUT05"].value == 1
    known = [c for c in train.columns if c != "income"]
    found = fd.privacy(train, train, holdout=holdout, known=known, secret="income")
    assert found["PRV14"].breakdown["alarm"] and found["PRV15"].breakdown["alarm"]
    assert [line["name"] for line in found["PRV14"].breakdown["lines"]] == ["income"]


def test_utility_without_a_target_says_what_it_could_not_do(tables):
    train, holdout, fresh = tables
    found = fd.utility(train, fresh[0], holdout=holdout)
    assert {said.code for said in found.declined} == {"UTL01", "UTL03"}
    with pytest.raises(UsageError, match="no target column"):
        found["UTL01"]
    assert "UTL01  not measured" in str(found)


def test_stability_over_generations(tables):
    train, holdout, fresh = tables
    found = fd.stability(train, fresh, holdout=holdout)
    assert {result.code for result in found.results} == {"STB01", "STB02"}
    assert found["STB01"].value < 0.1
    with pytest.raises(UsageError, match="2 needed"):
        fd.stability(train, fresh[:1])


def test_compare_puts_the_better_generator_first(tables):
    train, holdout, fresh = tables
    shuffled = [table.sample(frac=1, random_state=i).reset_index(drop=True) for i, table in enumerate(fresh)]
    for table in shuffled:
        for i, column in enumerate(table.columns):
            table[column] = table[column].sample(frac=1, random_state=i).to_numpy()
    found = fd.compare(
        train,
        {"real": fresh, "columns shuffled": shuffled},
        holdout=holdout,
        target="income",
        codes=["FID10", "FID16", "DIV01"],
        costs={"real": {"seconds": 9.0}, "columns shuffled": {"seconds": 1.0}},
    )
    assert found.generators[0] == "real" and found.best["real"] > 0.9
    assert found.scores["real"]["FID10"].sets == 3
    assert set(found.front) == {"real", "columns shuffled"}  # the worse one is cheaper


def test_bad_questions_name_the_way_out(tables):
    train, holdout, fresh = tables
    with pytest.raises(UsageError, match="did you mean 'age'"):
        fd.privacy(train, fresh[0], holdout=holdout, known=["agee"])
    with pytest.raises(UsageError, match="both known and secret"):
        fd.privacy(train, fresh[0], holdout=holdout, known=["age"], secret="age")
    with pytest.raises(UsageError, match="no synthetic table given for 'trees'"):
        fd.compare(train, {"trees": []}, holdout=holdout)
    with pytest.raises(SchemaError, match="synthetic"):
        fd.fidelity(train, fresh[0].drop(columns="age"), holdout=holdout)


def test_an_embedding_of_ones_own(tables):
    train, holdout, fresh = tables

    def numbers(frame):
        return frame[["age", "hours-per-week"]].to_numpy(float)

    own = fd.evaluate(train, fresh[0], holdout=holdout, embedding=numbers, codes=["FID16"])
    other = fd.evaluate(train, fresh[0], holdout=holdout, codes=["FID16"])
    assert own.document["embedding"]["name"] == "numbers"
    assert own["FID16"]["embedding"] != other["FID16"]["embedding"]
