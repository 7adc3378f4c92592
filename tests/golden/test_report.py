"""A results.json of an earlier version is still drawn, and in the same words: a change here is one that users see.

Write the words anew, after looking at every difference, with ``python tests/golden/test_report.py``.
"""

import json
from pathlib import Path

import pytest

from fidelia.report.document import check
from fidelia.report.report import Report

HERE = Path(__file__).parent
RESULTS = HERE / "results-format-1.json"  # a file of an old format is kept as it is
WORDS = HERE / "report-format-1.md"


@pytest.fixture(scope="module")
def report() -> Report:
    return Report(json.loads(RESULTS.read_text(encoding="utf-8")))


def test_results_of_format_1_are_still_read(report: Report) -> None:
    assert check(report.document)["format"] == 1


def test_the_words_are_those_of_the_last_version(report: Report) -> None:
    assert report.to_markdown() == WORDS.read_text(encoding="utf-8")


def test_page_notebook_and_comparison_are_still_drawn(report: Report) -> None:
    page = report.to_html()
    assert report.document["verdict"]["headline"] in page and page.count('class="tile"') == 15
    assert "0.9" in report._repr_html_()
    assert "no difference that matters" in report.compare(report, names=["then", "now"]).to_html()


if __name__ == "__main__":
    WORDS.write_text(Report(json.loads(RESULTS.read_text(encoding="utf-8"))).to_markdown(), encoding="utf-8")
