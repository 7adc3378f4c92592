"""The shape of results.json: the models, the published schema, and what they refuse."""

import copy
import json
from importlib.resources import files

import jsonschema
import pytest

from fidelia.errors import ReadError
from fidelia.measure.result import Caveat, Direction, Reference, Result
from fidelia.report.card import card
from fidelia.report.document import check, schema


@pytest.fixture(scope="module")
def published():
    return json.loads((files("fidelia.report") / "schema.json").read_text(encoding="utf-8"))


def test_the_published_schema_is_the_one_that_the_models_make(published) -> None:
    """When this fails: write `fidelia.report.document.schema()` into schema.json."""
    assert published == schema()
    jsonschema.Draft202012Validator.check_schema(published)


@pytest.mark.parametrize("which", ["example", "bare"])
def test_documents_pass_both_checks(published, examples, which) -> None:
    document = getattr(examples, which)()
    jsonschema.validate(document, published)
    assert check(document)["seed"] == 0


def test_checking_twice_changes_nothing(document) -> None:
    once = check(document)
    assert check(once) == once
    assert check(json.loads(json.dumps(document))) == once


def test_a_result_as_measured_passes(document) -> None:
    measured = Result(
        0.5, (0.4, 0.6), Reference(0.5, None, 10, "holdout"), {"train": 10}, (Caveat("TIES", "some"),),
        {"anything": [1]}, {}, "XYZ01", "mine", "fidelity", Direction.ONE,
    )  # fmt: skip
    document["results"].append(measured.to_dict())
    assert check(document)["results"][-1]["breakdown"] == {"anything": [1]}


def put(document, path, value):
    at = document
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value


WRONG = [
    (("format",), 2, "format"),
    (("edition",), "public", "edition"),
    (("verdict", "level"), "great", "verdict.level"),
    (("results", 0, "value"), "0.9", "results.0.value"),
    (("results", 0, "interval"), [0.1], "results.0.interval"),
    (("results", 0, "direction"), "up", "results.0.direction"),
    (("results", 0, "reference", "kind"), "guess", "results.0.reference.kind"),
    (("results", 0, "breakdown", "curve", "level"), "all", "results.0.breakdown.curve.level"),
    (("results", 4, "breakdown", "columns", 0, "histogram", "train"), [None, "x"], "histogram.train.1"),
    (("findings", 0, "severity"), "bad", "findings.0.severity"),
    (("audit", "counts", "accept"), -1, "audit.counts.accept"),
    (("audit", "map", "train", 0), [0, 0, 2.0], "audit.map.train.0"),
    (("surprise",), 1, "surprise"),
]


@pytest.mark.parametrize(("path", "value", "named"), WRONG, ids=[named for _, _, named in WRONG])
def test_mistakes_are_refused_by_both_and_named(document, published, path, value, named) -> None:
    broken = copy.deepcopy(document)
    put(broken, path, value)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, published)
    with pytest.raises(ReadError, match=r"not a results document") as raised:
        check(broken)
    assert named in str(raised.value)


def test_a_missing_part_is_named(document) -> None:
    del document["inputs"]["train"]
    with pytest.raises(ReadError, match=r"inputs.train: field required"):
        check(document)


@pytest.mark.parametrize("value", [float("nan"), object()])
def test_what_is_not_json_is_refused(document, value) -> None:
    document["results"][0]["value"] = value
    with pytest.raises(ReadError, match="cannot be written as JSON"):
        check(document)


def test_the_card_has_a_line_for_each_main_number(document) -> None:
    rows = {row.code: row for row in card(document)}
    assert len(rows) == 11
    assert (rows["FID16"].value, rows["FID16"].reference) == ("0.974", "0.981 ± 0.008")
    assert (rows["DIV01"].level, rows["DIV01"].word) == ("worse", "0.026 below fresh real data")
    assert rows["AUT01"].interval == "0.479 to 0.499"


def test_the_card_says_why_a_number_is_absent(examples) -> None:
    rows = {row.code: row for row in card(examples.bare())}
    assert rows["UTL01"].word == "not measured: NEEDS_TARGET: no target column is declared"
    assert "PRV02" not in rows
