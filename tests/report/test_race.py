"""The race on the page, in the card and in the schema."""

import copy
import re
from io import StringIO

import pytest
from rich.console import Console

from fidelia.cli.card import drawn
from fidelia.errors import ReadError
from fidelia.report.document import check
from fidelia.report.page import render
from fidelia.report.raced import one_line, seconds, view


def section(page: str) -> str:
    return page[page.index('<section id="race"') : page.index('<section id="reading"')]


def test_every_entrant_stands_on_the_page_with_its_reason(document) -> None:
    drawn = section(render(document))
    for line in document["race"]["lines"]:
        assert line["name"] in drawn
        assert line["why"] in drawn
    assert drawn.count('<svg class="chart"') == 1 + 3  # the ruler, and those that ran
    for text in ("34,073", "5,000", "0.025 ± 0.005", "8.1 s", "fresh real rows", "time limit", "0.810"):
        assert text in drawn


def test_the_winner_comes_first_and_is_named_at_the_top(document) -> None:
    page = render(document)
    assert re.search(r'<tr class="won"><th scope="row">.*?<bdi>trees</bdi>', section(page))
    assert 'which won a <a href="#race">race</a>' in page
    assert "trees won over marginals; too close to training rows: noisy-copy; failed: gan; 1 did not run" in page


def test_without_a_race_the_page_does_not_speak_of_one(document) -> None:
    del document["race"]
    page = render(document)
    assert 'href="#race"' not in page and 'id="race"' not in page
    assert view(check(document)["race"]) is None


def test_without_a_time_limit_none_is_said(document) -> None:
    document["race"] |= {"seconds": None, "reproducible": True}
    assert "time limit was" not in render(document)


def test_where_all_leak_there_is_no_band_and_the_first_screen_warns(document) -> None:
    race = document["race"]
    race |= {"limit": None, "lines": race["lines"][2:3], "winner": "noisy-copy"}
    said = {"severity": "warning", "title": "Every generator leaks", "sentence": "It leaks least.", "anchor": "race"}
    document["findings"].append({"code": "RACE", "value": None, "reference": None, **said})
    page = render(document)
    assert "It leaks least." in section(page) and '<a href="#race">See race</a>' in page
    assert "noisy-copy leaks least; none passes" in page
    assert 'class="band"' not in section(page)


def test_the_card_has_a_line_on_it(document) -> None:
    screen = Console(width=140, file=StringIO())
    screen.print(drawn(document, 140))
    assert f"Race  {one_line(document['race'])}" in screen.file.getvalue()


@pytest.mark.parametrize(
    ("value", "said"), [(None, "–"), (0.042, "0.04 s"), (2.13, "2.1 s"), (35.4, "35 s"), (300, "5.0 min")]
)
def test_seconds_are_said_shortly(value, said) -> None:
    assert seconds(value) == said


@pytest.mark.parametrize(("field", "value"), [("lines", []), ("winner", None), ("limit", "far"), ("more", 1)])
def test_a_race_of_another_shape_is_refused(document, field, value) -> None:
    broken = copy.deepcopy(document)
    broken["race"][field] = value
    with pytest.raises(ReadError, match="race"):
        check(broken)
