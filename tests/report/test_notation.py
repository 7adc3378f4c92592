"""Numbers, scales and words."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fidelia.report import notation, scales
from fidelia.report.words import LABELS, compare


@pytest.mark.parametrize("module", [notation, scales])
def test_examples_in_docstrings(module) -> None:
    assert doctest.testmod(module) == (0, doctest.testmod(module).attempted)


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_every_form_writes_every_number_without_a_hyphen(value: float) -> None:
    for form in notation.FORMS:
        written = notation.write(value, form)
        assert written and not written.startswith("-")


def test_signs_and_spreads() -> None:
    assert notation.signed(0.0123) == "+0.012"
    assert notation.signed(-0.0123) == "−0.012"
    assert notation.signed(0.0001) == "0.000"
    assert notation.spread(0.978, 0.003) == "0.978 ± 0.006"
    assert notation.spread(0.978, None) == "0.978"
    assert notation.interval(None) == ""
    assert notation.shorten("x" * 30, 5) == "xxxx…"


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_are_few_and_inside(low: float, width: float) -> None:
    made = scales.ticks(low, low + width)
    assert len(made) <= 9
    assert all(low - 1e-6 * width - 1e-9 <= t <= low + width * (1 + 1e-6) + 1e-9 for t in made)


def test_a_scale_holds_values_inside() -> None:
    scale = scales.Scale(0, 10, 0, 100)
    assert (scale.held(-5), scale.held(50), scale(5)) == (0, 100, 50)
    assert scales.Scale(3, 3, 0, 100)(3) == 50


def result(value, reference=0.9, sd=0.01, interval=None, direction="higher", code="FID16"):
    beside = None if reference is None else {"value": reference, "sd": sd, "n": 9, "kind": "holdout"}
    return {
        "code": code,
        "name": code,
        "value": value,
        "interval": interval,
        "reference": beside,
        "direction": direction,
    }


@pytest.mark.parametrize(
    ("measured", "level", "text"),
    [
        (result(0.89), "same", "like fresh real data"),
        (result(0.85), "worse", "0.050 below fresh real data"),
        (result(0.85, interval=[0.82, 0.885]), "same", "like fresh real data"),
        (result(0.95), "better", "0.050 above fresh real data"),
        (result(0.95, direction="lower"), "worse", "0.050 above fresh real data"),
        (result(0.7, 0.5, direction="target(0.5)"), "worse", "0.200 above fresh real data"),
        (result(0.3, 0.5, direction="target(0.5)"), "worse", "0.200 below fresh real data"),
        (result(0.5, 0.6, direction="target(0.5)"), "better", "0.100 below fresh real data"),
        (result(0.7, 0.5, direction="reference"), "worse", "0.200 above fresh real data"),
        (result(0.7, 0.5, direction="info"), "none", "0.200 above fresh real data"),
        (result(0.3, 0.5, code="AUT01"), "worse", "0.200 below fresh real data"),
        (result(0.7, 0.5, code="AUT01", direction="reference"), "none", "0.200 above fresh real data"),
        (result(0.7, None), "none", "no fresh-real reference"),
        (result(None), "none", "not computable on these data"),
        (result(0.85, sd=None), "worse", "0.050 below fresh real data"),
    ],
)
def test_a_value_is_compared_with_the_noise_of_fresh_real_data(measured, level, text) -> None:
    said = compare(measured)
    assert (said.level, said.text) == (level, text)


def test_every_form_named_by_a_label_exists() -> None:
    assert {shown.form for shown in LABELS.values()} <= set(notation.FORMS)
    assert len({shown.title for shown in LABELS.values()}) == len(LABELS)
