"""The pictures of a page: grids beside their nearest, alt texts, the map's thumbnails, and what the policy allows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fidelia.data.images.sheet import sheet
from fidelia.errors import ReadError
from fidelia.report import markdown
from fidelia.report.card import card
from fidelia.report.document import check
from fidelia.report.gallery import thumbnails, view
from fidelia.report.page import render


def grid(name: str, n: int, *, pairs: bool) -> dict[str, Any]:
    pixels = np.random.default_rng(n).integers(0, 256, (2 * n if pairs else n, 6, 6, 1), dtype=np.uint8)
    found = (3, "7", 0.25) if pairs else (None, None, None)
    beside = dict(zip(("nearest", "nearest_label", "ratio"), found, strict=True))
    tile = {"label": "<b>", "verdict": "reject", "reasons": ["NEAR_COPY"], "alpha": 0.5} | beside
    return {"name": name, "sheet": sheet(pixels, 10_000).to_dict(), "tiles": [{"row": i, **tile} for i in range(n)]}


def with_pictures(document: dict[str, Any], *, pairs: bool) -> dict[str, Any]:
    n = len(document["audit"]["map"]["synthetic"]["x"])
    thumbs = sheet(np.random.default_rng(0).integers(0, 256, (n, 6, 6, 1), dtype=np.uint8), 10**6)
    grids = [grid(name, 4, pairs=pairs) for name in ("best", "worst", "rejected")]
    grids += [grid("closest", 4, pairs=True)] if pairs else []
    return document | {"pictures": {"grids": grids, "map": {"sheet": thumbs.to_dict(), "labels": ["1"] * n}}}


def test_each_picture_is_said_and_stands_beside_its_nearest(document) -> None:
    page = render(with_pictures(document, pairs=True))
    assert page.count('class="shot"') == 32
    assert page.count("<image ") == 5
    labels = re.findall(r'class="shot" viewBox="[^"]+" role="img" aria-label="([^"]+)"', page)
    assert labels[0] == "synthetic picture 0 of class &lt;b&gt;: reject NEAR_COPY, alpha 0.50"
    assert labels[1] == "its nearest training picture, 3 of class 7"
    assert "near copy" in page and "ratio 0.25" in page
    assert "img-src data:;" in page


def test_without_real_pictures_the_page_says_so(document) -> None:
    page = render(with_pictures(document, pairs=False))
    assert page.count('class="shot"') == 12
    assert "This edition shows no real picture" in page
    assert "its nearest training picture, 3" not in page


def test_a_page_of_tables_allows_no_pictures(document) -> None:
    page = render(document)
    assert "img-src" not in page and "<image" not in page and 'id="pictures"' not in page


def test_a_document_without_any_picture_to_show(document) -> None:
    page = render(document | {"pictures": {"grids": [], "map": None}})
    assert "no picture that this edition may show" in page


def test_pictures_are_cut_from_their_sheet() -> None:
    shown = view({"grids": [grid("best", 5, pairs=False)], "map": None})
    assert shown is not None and shown.sheets[0][2:] == (24, 16)
    assert [card.shots[0].box for card in shown.grids[0].cards] == [f"{x} {y} 6 6" for y in (1, 9) for x in (1, 9, 17)][
        :5
    ]
    assert view(None) is None and thumbnails(None) is None


def test_what_is_no_png_text_is_refused(document) -> None:
    spoilt = with_pictures(document, pairs=False)
    spoilt["pictures"]["map"]["sheet"]["png"] = '"/><script>alert(1)</script>'
    with pytest.raises(ReadError, match="png"):
        check(spoilt)


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (400, "dark")])
def test_pictures_are_drawn_and_follow_pointer_and_keys(chromium, document, tmp_path: Path, width, scheme) -> None:
    path = tmp_path / "report.html"
    path.write_text(render(with_pictures(document, pairs=True)), encoding="utf-8")
    page, said = chromium.new_page(), []
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(path.as_uri())
    sizes = page.eval_on_selector_all(".shots .shot", "all => all.map(e => e.getBoundingClientRect().width)")
    assert len(sizes) == 32 and min(sizes) > 40
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    chart = page.locator(".plane svg[tabindex]").first
    chart.scroll_into_view_if_needed()
    chart.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#tip svg.shot use").get_attribute("href") == "#sheet-map"
    assert "class" in page.inner_text("#tip")
    page.keyboard.press("Escape")
    assert page.locator("#tip").is_hidden()
    assert said == []
    page.close()


def of_pictures(document: dict[str, Any]) -> dict[str, Any]:
    """A document of pictures whose own words hold neither rows nor tables."""
    made = with_pictures(document, pairs=False) | {"race": None, "curation": None, "findings": [], "not_computed": []}
    made["results"] = [
        r for r in made["results"] if r["code"] in ("FID16", "DIV01", "AUT01", "AUT05", "PRV02", "FID02")
    ]
    made["verdict"] = {"level": "good", "headline": "Good", "sentences": []}
    made["audit"]["reasons"] = [
        {"code": "OOD", "rows": 3, "text": "farther from the real rows than fresh real rows are"}
    ]
    made["audit"] |= {"flagged": [], "lacking": []}
    made["audit"]["notes"] = ["Fewer than 40 strange rows cannot be told from chance"]
    return made


def test_a_page_of_pictures_speaks_of_pictures(document) -> None:
    """Neither rows nor tables in what people read or hear, but in what the data say themselves."""
    page = render(of_pictures(document))
    read = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    heard = re.findall(r'(?:aria-label|data-name)="([^"]*)"', read)
    words = " ".join([re.sub(r"<[^>]*>", " ", read), *(text for text in heard if "levels" not in text)])
    assert re.findall(r".{0,40}\b(?:rows?|tables?)\b.{0,20}", words, re.IGNORECASE) == []
    for said in ("fresh real pictures", "training pictures", "this synthetic set of pictures", "classes"):
        assert said in words
    assert "<table" in page and 'scope="row"' in page, "markup is left alone"


def test_values_keep_their_names_on_a_page_of_pictures(document) -> None:
    made = of_pictures(document)
    made["verdict"]["headline"] = "headline of rows"
    for result in made["results"]:
        for column in result["breakdown"].get("columns", ()):
            column["column"] = "table"
    page = render(made)
    assert "headline of rows" in page and "<bdi>table</bdi>" in page.replace(' title="table"', "")


def test_the_card_of_pictures_speaks_of_pictures(document) -> None:
    of = {row.code: row.name for row in card(of_pictures(document))}
    assert (of["AUT05"], of["FID02"]) == ("identical pictures", "classes")
    assert {row.code: row.name for row in card(document)}["AUT05"] == "identical rows"
    assert "39,073 synthetic pictures from trees" in markdown.render(of_pictures(document))
