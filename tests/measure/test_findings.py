"""Words follow numbers: effect against the way to the floor, and only beyond the noise."""

import re
from dataclasses import replace

import pytest

from fidelia.measure.findings import beyond_noise, findings, gap_of, judge, loss
from fidelia.measure.result import Direction, Reference, Result


def _result(code, direction, value, reference, *, sd=0.005, width=0.005):
    return Result(
        value,
        (value - width, value + width),
        Reference(reference, sd, 1_000, "holdout"),
        code=code,
        name=code,
        direction=direction,
    )


@pytest.mark.parametrize(
    ("code", "direction", "value", "reference", "severity"),
    [
        ("FID16", Direction.HIGHER, 0.99, 0.99, "good"),
        ("FID16", Direction.HIGHER, 0.90, 0.99, "warning"),
        ("FID16", Direction.HIGHER, 0.40, 0.99, "fail"),
        ("FID26", Direction.HALF, 0.99, 0.50, "fail"),
        ("FID26", Direction.HALF, 0.30, 0.50, "warning"),
        ("FID26", Direction.HALF, 0.51, 0.50, "good"),
        ("FID26", Direction.HALF, 0.53, 0.50, "info"),
        ("PRV02", Direction.HALF, 0.52, 0.50, "info"),
        ("AUT02", Direction.ZERO, -0.40, 0.0, "fail"),
        ("AUT02", Direction.ZERO, 0.40, 0.0, "good"),
        ("AUT05", Direction.REFERENCE, 1.0, 0.002, "fail"),
        ("AUT05", Direction.REFERENCE, 0.0, 0.02, "good"),
        ("PRV02", Direction.HALF, 0.62, 0.5, "fail"),
        ("PRV02", Direction.HALF, 0.38, 0.5, "good"),
        ("UTL01", Direction.HIGHER, 0.91, 0.92, "good"),
        ("CMP08", Direction.REFERENCE, 0.8, 0.0, "fail"),
    ],
)
def test_severity(code, direction, value, reference, severity) -> None:
    found = findings([_result(code, direction, value, reference)])
    assert [f.severity for f in found] == [severity]


def test_a_gap_within_the_noise_is_no_finding() -> None:
    noisy = _result("FID16", Direction.HIGHER, 0.80, 0.95, sd=0.05, width=0.10)
    assert gap_of(noisy) == pytest.approx(0.15)
    assert not beyond_noise(noisy)
    assert findings([noisy])[0].severity == "good"


@pytest.mark.parametrize(("alarm", "severity"), [(True, "info"), (False, "good")])
def test_an_attack_is_judged_by_its_alarm(alarm, severity) -> None:
    attack = _result("PRV05", Direction.HALF, 0.53, 0.5, sd=0.02, width=0.02)
    attack = replace(attack, breakdown={"alarm": alarm, "excess": 0.03})
    assert findings([attack])[0].severity == severity


def test_loss_is_the_share_of_the_way_to_the_floor() -> None:
    assert loss(_result("FID26", Direction.HALF, 0.75, 0.5), 1.0) == pytest.approx(0.5)
    assert loss(_result("FID16", Direction.HIGHER, 0.495, 0.99), 0.0) == pytest.approx(0.5)


def test_findings_come_worst_first_and_decide_the_verdict() -> None:
    found = findings(
        [_result("FID16", Direction.HIGHER, 0.99, 0.99), _result("FID26", Direction.HALF, 0.99, 0.5),
         _result("FID10", Direction.HIGHER, 0.92, 0.98)]
    )  # fmt: skip
    assert [f.severity for f in found] == ["fail", "warning", "good"]
    assert judge(found, holdout=True).level == "poor"
    assert judge(found[1:], holdout=True).level == "attention"
    assert judge(found[2:], holdout=True).level == "good"
    assert judge(found[2:], holdout=False).level == "attention"


def test_the_headline_names_the_cause_rather_than_its_symptom() -> None:
    """Copies explain what attacks find, missing rows what a classifier sees."""
    seen = _result("FID26", Direction.HALF, 0.99, 0.5)
    attacked = _result("PRV05", Direction.HALF, 0.9, 0.5)
    missing, copied = _result("DIV01", Direction.HIGHER, 0.3, 0.98), _result("AUT05", Direction.REFERENCE, 1.0, 0.0)
    found = findings([attacked, seen, missing, copied])
    assert [f.code for f in found] == ["AUT05", "DIV01", "PRV05", "FID26"]
    assert judge(found, holdout=True).headline == "Do not use this table as it is: training rows are repeated."
    assert "not represented" in judge(found[1:], holdout=True).headline


def test_without_unseen_rows_nobody_is_told_that_it_is_good_to_use() -> None:
    found = findings([_result("FID16", Direction.HIGHER, 0.99, 0.99)])
    assert judge(found, holdout=True).headline.startswith("Good to use")
    alone = judge(found, holdout=False)
    assert "as far as could be tested" in alone.headline and "halves of the training rows" in alone.sentences[-1]


def test_pictures_are_not_called_rows_of_a_table() -> None:
    results = [_result("AUT05", Direction.REFERENCE, 1.0, 0.0), _result("FID26", Direction.HALF, 0.99, 0.5)]
    found = findings(results, pictures=True)
    judged = judge(found, holdout=True).of_pictures()
    said = " ".join([judged.headline, *judged.sentences, *(f"{f.title} {f.sentence}" for f in found)])
    assert judged.headline == "Do not use this set of pictures as it is: training pictures are repeated."
    assert not re.search(r"\b(rows?|tables?)\b", said, re.IGNORECASE)


def test_no_results_are_no_praise() -> None:
    assert judge([], holdout=True).level == "attention"


def _columns(**lines):
    return {"columns": [{"column": name, **line} for name, line in lines.items()]}


@pytest.mark.parametrize(
    ("code", "value", "breakdown", "named"),
    [
        ("FID26", 0.9, _columns(a={"importance": 0.1}, b={"importance": 0.4}), "'b'"),
        ("FID01", 0.6, _columns(a={"value": 0.5, "reference": 0.9}, b={"value": 0.9, "reference": 0.9}), "'a'"),
        ("FID10", 0.6, {"columns": ["x", "y"], "worst": [{"a": "x", "b": "y", "value": 0.1}]}, "'x' with 'y'"),
        ("CMP02", 0.5, _columns(a={"train": 0.1, "synthetic": 0.1}, b={"train": 0.1, "synthetic": 0.9}), "'b'"),
    ],
)
def test_a_bad_score_names_where_it_comes_from(code, value, breakdown, named) -> None:
    direction = {"FID26": Direction.HALF, "CMP02": Direction.LOWER}.get(code, Direction.HIGHER)
    reference = {"FID26": 0.5, "CMP02": 0.0}.get(code, 0.98)
    result = Result(
        value,
        None,
        Reference(reference, 0.001, 99, "holdout"),
        breakdown=breakdown,
        code=code,
        name=code,
        direction=direction,
    )
    assert named in findings([result])[0].sentence


@pytest.mark.parametrize(("excess", "severity"), [(0.0, "good"), (0.11, "info"), (0.15, "warning"), (0.4, "fail")])
def test_one_alarm_among_a_dozen_attacks_must_be_clear(excess: float, severity: str) -> None:
    """An interval of +- .1: .11 is an alarm at 5 %, but not at 5 % over twelve attacks, which .135 is."""
    interval = (excess - 0.1, excess + 0.1)
    attack = Result(
        excess,
        interval,
        Reference(0.0, 0.05, 500, "holdout"),
        breakdown={"alarm": interval[0] > 0, "excess": excess, "excess_interval": list(interval), "level": 0.05},
        code="PRV14",
        name="attack",
        direction=Direction.ZERO,
    )
    assert findings([attack])[0].severity == severity
