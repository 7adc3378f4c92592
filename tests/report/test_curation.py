"""The curation on the page, in the card and in the schema."""

import re
from io import StringIO

import pytest
from rich.console import Console

from fidelia.cli.card import curated_rows
from fidelia.errors import ReadError
from fidelia.report.document import check
from fidelia.report.mended import summary, view
from fidelia.report.page import render


def section(page: str) -> str:
    return page[page.index('<section id="curation"') : page.index('<section id="race"')]


def test_each_score_stands_before_and_after_beside_fresh_real_rows(document) -> None:
    drawn = section(render(document))
    shown = ("0.710", "0.570", "−0.140 (−0.160 to −0.120)", "39,073", "61", "No privacy")
    for text in (document["curation"]["verdict"], *shown):
        assert text in drawn
    assert re.search(r'class="said better">better<.*class="said same">no change beyond noise<', drawn, re.DOTALL)
    assert "<bdi>income=&gt;50K</bdi>" in drawn and "24.0" in drawn


def test_rejected_rows_are_counted_by_reason_over_all_rounds(document) -> None:
    drawn = section(render(document))
    assert re.search(r'OOD</span> farther [a-z ]+</td><td class="num">1,966<', drawn)
    assert "(OOD, CONSTRAINT)" in summary(document["curation"])


def test_without_a_curation_the_page_does_not_speak_of_one(document) -> None:
    del document["curation"]
    page = render(document)
    assert 'id="curation"' not in page and 'href="#curation"' not in page
    assert view(check(document)["curation"]) is None


def test_the_card_shows_the_scores_of_all_rows(document) -> None:
    screen = Console(file=StringIO(), width=100)
    screen.print(curated_rows(document["curation"]))
    shown = screen.file.getvalue()
    assert "two-sample AUC" in shown and "0.570" in shown and "39,073 rows" in shown
    assert "share of the rows" not in shown


@pytest.mark.parametrize(("field", "value"), [("take", "all"), ("kept", 1.2), ("changes", [{}])])
def test_a_curation_of_another_shape_is_refused(document, field, value) -> None:
    document["curation"][field] = value
    with pytest.raises(ReadError, match="curation"):
        check(document)
