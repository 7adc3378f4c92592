"""The first screen in a notebook: small, isolated both ways, and readable where frames are stripped."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from fidelia.report.fragment import render
from fidelia.report.report import Report
from fidelia.workflow.outcome import Outcome

HOSTILE = """<style>* { color: rgb(1, 2, 3) !important; font: 40px serif !important; display: block !important }
article { visibility: hidden !important }</style>"""


def frame(fragment: str) -> str:
    return unescape(re.search(r'srcdoc="([^"]*)"', fragment)[1])  # type: ignore[index]


def test_it_says_the_first_screen_and_is_small(document) -> None:
    made = render(document)
    assert len(made.encode()) < 15_000
    inside = frame(made)
    for text in ("0.974", "0.955", "0.489", "0.981 ± 0.008", "0.026 below fresh real data", "trees won over marginals"):
        assert text in inside
    assert "<script" not in made and "default-src 'none'" in inside and 'sandbox=""' in made


def test_where_frames_are_stripped_the_verdict_still_stands(document) -> None:
    outside = re.sub(r"<iframe.*?</iframe>", "", render(document), flags=re.DOTALL)
    assert document["verdict"]["headline"] in outside and "Needs attention" in outside
    assert "beta-recall 0.955 (fresh real data 0.981 ± 0.008)" in outside


def test_hostile_words_stay_text(document) -> None:
    text = "</iframe></style><script>alert(1)</script>\"'"
    document["verdict"] |= {"headline": text, "sentences": [text]}
    made = render(document)
    assert made.count("<iframe") == made.count("</iframe>") == 1
    assert "<script" not in made and "<script" not in frame(made)


def test_documents_without_the_three_numbers_show_what_there_is(document, examples) -> None:
    document["results"] = [result for result in document["results"] if result["code"] in ("FID01", "CMP02")]
    inside = frame(render(document))
    assert "number columns" in inside and "missing cells" in inside and "<article" not in inside
    assert "<table" not in frame(render(examples.bare()))


def test_what_users_hold_has_both_forms(document) -> None:
    outcome, report = Outcome(document), Report(document)
    assert outcome._repr_html_() == report._repr_html_() == render(document)
    assert outcome._repr_markdown_() == report._repr_markdown_()
    assert report._repr_markdown_().startswith("# Close to fresh real data")
    other = report.compare(report, names=["a", "b"])
    assert "no difference that matters" in other._repr_html_() and "<table" in frame(other._repr_html_())
    assert other._repr_markdown_() == other.to_markdown()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_notebooks_style_does_not_reach_it(chromium, document, tmp_path: Path, scheme: str) -> None:
    """Set through ``innerHTML``, as notebooks do; a declarative shadow root would not be attached there."""
    path = tmp_path / "notebook.html"
    path.write_text(f'<!doctype html><meta charset="utf-8">{HOSTILE}<body><div id="out" style="width: 900px"></div>')
    page = chromium.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.emulate_media(color_scheme=scheme)
    page.goto(path.as_uri())
    page.evaluate("html => { document.getElementById('out').innerHTML = html; }", render(document))
    inside = _inside(page)
    look = inside.evaluate(
        "() => { const s = getComputedStyle(document.querySelector('article')); const b = document.documentElement;"
        "return [s.visibility, s.color, b.scrollHeight, innerHeight, b.scrollWidth <= innerWidth]; }"
    )
    assert look[:2] == ["visible", {"light": "rgb(27, 32, 38)", "dark": "rgb(230, 233, 237)"}[scheme]]
    assert look[2] <= look[3] and look[4], "the frame is too small for what it holds"
    assert said == []
    shadow = "() => { const d = document.createElement('div'); d.innerHTML = "
    shadow += "'<b><template shadowrootmode=open>x</template></b>'; return d.firstChild.shadowRoot === null; }"
    assert page.evaluate(shadow)
    page.close()


def _inside(page: Any) -> Any:
    page.wait_for_function("document.querySelector('iframe').contentWindow.length === 0")
    inside = page.frames[1]
    inside.wait_for_selector("article")
    return inside
