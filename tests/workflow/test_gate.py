"""Gates: what a file may say, and which limits a results document keeps."""

from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fidelia.errors import DataError, UsageError
from fidelia.workflow.gate import Gate, write_junit


def document(value=0.95, reference=0.97, level="attention"):
    beside = None if reference is None else {"value": reference}
    return {
        "verdict": {"level": level},
        "results": [{"code": "FID16", "value": value, "reference": beside}],
        "audit": {"counts": {"accept": 90, "review": 5, "reject": 4, "duplicate": 1}},
        "not_computed": [{"code": "UTL02", "reason": "NEEDS_TARGET: no target column is declared"}],
    }


def only(said, **of):
    (found,) = Gate.of(said).check(document(**of))
    return found


@pytest.mark.parametrize(
    ("rule", "bound", "kept"),
    [
        ("at_least", 0.95, True),
        ("at_least", 0.951, False),
        ("at_most", 0.95, True),
        ("at_most", 0.949, False),
        ("below_reference", 0.02, True),  # .95 + .02 is .97, whatever binary fractions make of it
        ("below_reference", 0.019, False),
        ("above_reference", -0.02, True),
        ("above_reference", -0.021, False),
    ],
)
def test_a_limit_is_kept_up_to_its_bound_and_no_further(rule, bound, kept):
    found = only({"FID16": {rule: bound}})
    assert found.kept is kept
    assert found.found == "0.95 (fresh real 0.97)"


@pytest.mark.parametrize("worst", ["good", "attention", "poor"])
@pytest.mark.parametrize("level", ["good", "attention", "poor"])
def test_a_verdict_passes_when_it_is_no_worse(worst, level):
    order = ["good", "attention", "poor"]
    assert only({"verdict": worst}, level=level).kept is (order.index(level) <= order.index(worst))


def test_accepted_is_a_share_of_all_audited_rows():
    assert only({"accepted": 0.9}).kept
    assert not only({"accepted": 0.91}).kept
    (unaudited,) = Gate.of({"accepted": 0.0}).check({**document(), "audit": None})
    assert (unaudited.kept, unaudited.found) == (False, "no row was audited")


def test_what_was_not_measured_keeps_no_limit():
    absent, unasked = Gate.of({"UTL02": {"at_least": 0}, "AUT01": {"at_least": 0}}).check(document())
    assert not absent.kept
    assert "no target column" in absent.found
    assert not unasked.kept
    assert "--metric AUT01" in unasked.found
    assert not only({"FID16": {"at_most": 1}}, value=None).kept
    assert not only({"FID16": {"below_reference": 9}}, reference=None).kept


@given(st.floats(-10, 10), st.floats(-10, 10))
def test_of_two_opposite_limits_one_is_kept_and_both_only_at_the_bound(value, bound):
    gate = Gate.of({"FID16": {"at_least": bound, "at_most": bound}})
    low, high = gate.check(document(value=value))
    assert low.kept or high.kept
    assert (low.kept and high.kept) is (round(value - bound, 12) == 0)


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ({}, "verdict = 'attention'"),
        ({"verdict": "goood"}, "did you mean 'good'"),
        ({"FID166": {"at_least": 0.9}}, "did you mean 'FID16'"),
        ({"FID16": {"at_leas": 0.9}}, "did you mean 'at_least'"),
        ({"FID16": {"at_least": "high"}}, "'high' must be a number"),
        ({"FID16": {"at_least": True}}, "True must be a number"),
        ({"FID16": {"at_least": float("nan")}}, "must be a number"),
        ({"FID16": 0.9}, "[FID16]"),
        ({"accepted": "all"}, "'all' must be a number"),
    ],
)
def test_a_gate_that_cannot_be_says_what_is_wrong(said, names):
    with pytest.raises(UsageError) as caught:
        Gate.of(said)
    assert names in str(caught.value)


def test_a_file_that_is_no_gate_is_named(tmp_path):
    path = tmp_path / "gate.toml"
    for text in ("verdict = ", "verdict = 'bad'", "\xff"):
        path.write_text(text, encoding="latin-1")
        with pytest.raises(DataError, match=r"gate\.toml: not a gate"):
            Gate.load(path)
    with pytest.raises(DataError, match=r"none\.toml"):
        Gate.load(tmp_path / "none.toml")


def test_junit_has_a_case_for_each_limit_and_a_failure_for_each_that_is_not_kept(tmp_path):
    gate = Gate.of({"verdict": "poor", "FID16": {"at_least": 0.99}})
    write_junit(gate.check(document()), tmp_path / "gate.xml")
    suite = Xml.parse(tmp_path / "gate.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [case.get("classname") for case in suite] == ["fidelia.verdict", "fidelia.FID16"]
    assert [failure.get("message") for failure in suite.iter("failure")] == ["found 0.95 (fresh real 0.97)"]
