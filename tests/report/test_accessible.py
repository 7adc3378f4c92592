"""The pages for people who read with a keyboard, a screen reader, other colours or less motion."""

from __future__ import annotations

import copy
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from fidelia.report import beside
from fidelia.report.fragment import render as fragment
from fidelia.report.page import render

# Text nodes whose contrast is below that of WCAG 2.2, 1.4.3 (level AA): 4.5, or 3 for large text.
CONTRAST = """() => {
  const parse = (text) => { const n = text.match(/[\\d.]+/g).map(Number);
    const wide = text.startsWith("color(") ? 255 : 1; return [n[0] * wide, n[1] * wide, n[2] * wide, n[3] ?? 1]; };
  const over = (a, b) => a.slice(0, 3).map((v, i) => v * a[3] + b[i] * (1 - a[3])).concat(1);
  const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = (el) => { if (!el) return [255, 255, 255, 1];
    const own = parse(getComputedStyle(el).backgroundColor);
    return own[3] === 1 ? own : over(own, ground(el.parentElement)); };
  const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const el = node.parentElement, style = getComputedStyle(el);
    if (!node.textContent.trim() || el.closest("script, style, title, .unseen, .skip")) continue;
    if (!el.getClientRects().length) continue;
    const back = ground(el), front = over(parse(el.closest("svg") ? style.fill : style.color), back);
    const [a, b] = [light(front), light(back)].sort((x, y) => y - x), ratio = (a + 0.05) / (b + 0.05);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    seen += 1;
    if (ratio < (large ? 3 : 4.5)) found.push([ratio.toFixed(2), node.textContent.trim().slice(0, 30), el.className]);
  }
  return [seen, found];
}"""


class Outline(HTMLParser):
    """Headings, charts, tables, links and the names of landmarks."""

    def __init__(self) -> None:
        super().__init__()
        self.levels: list[int] = []
        self.charts: list[str] = []
        self.tables: list[list[str]] = []
        self.heads: list[tuple[dict[str, str], str]] = []
        self.regions: list[str] = []
        self.tags: list[str] = []
        self._inside: list[str] | None = None

    def handle_starttag(self, tag, attrs) -> None:
        has = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag == "svg" and "chart" in has.get("class", "").split():
            assert has["role"] == "img"
            self.charts.append(has["aria-label"])
        if tag == "table":
            self.tables.append([])
        if tag == "caption":
            self._inside = self.tables[-1]
        if tag == "th":
            self.heads.append((has, ""))
            self._head = True
        if has.get("role") in ("region", "group") or tag == "nav":
            self.regions.append(has["aria-label"])

    def handle_data(self, data) -> None:
        if self._inside is not None:
            self._inside.append(data)
        if self.heads and getattr(self, "_head", False):
            self.heads[-1] = (self.heads[-1][0], self.heads[-1][1] + data)

    def handle_endtag(self, tag) -> None:
        if tag == "caption":
            self._inside = None
        if tag == "th":
            self._head = False


@pytest.fixture(params=["internal", "shareable", "side by side", "pictures"])
def page(request, document, families) -> str:
    """Every kind of page that there is, in text."""
    made = families.extended(document, "mode_collapse", "mode_invention")
    if request.param == "side by side":
        return beside.render({"a": made, "b": copy.deepcopy(made)})
    if request.param == "pictures":
        return render(made | {"pictures": {"grids": [], "map": None}})
    return render(made | {"edition": request.param})


def test_charts_tables_headings_and_landmarks_have_names(page) -> None:
    found = Outline()
    found.feed(page)
    assert len(found.charts) > 10 and all(len(label) > 5 for label in found.charts)
    assert len(found.tables) > 3 and all("".join(caption).strip() for caption in found.tables)
    assert all(has.get("scope") in ("col", "row") and text.strip() for has, text in found.heads)
    assert found.levels[0] == 1 and found.levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(found.levels, found.levels[1:], strict=False))
    assert len(found.regions) == len(set(found.regions)), "two landmarks of one name"
    assert {"header", "nav", "main"} <= set(found.tags) and 'class="skip" href="#verdict"' in page
    assert '<html lang="en">' in page and "<title>" in page


def test_charts_say_their_message(document) -> None:
    found = Outline()
    found.feed(render(document))
    said = "\n".join(found.charts)
    for text in (
        r"The largest gap from the diagonal is −0\.0\d\d, at 0\.\d\d, fresh real rows 0\.\d+\. \d+ % of the curve",
        r"Distribution of age: .* Largest difference: .* real \d.*, synthetic \d",
        r"Shares of sex in 2 levels: .* Largest difference: (Male|Female), real",
        r"Similarity of pairs: a matrix of 15 x 15 columns\. Least: .* and .*, 0\.9\d\d\.",
        r"Of the points [\d,]+ accept",
        r"on synthetic rows, tested on unseen real rows\. .* real, .* synthetic",
        r"0\.974; fresh real data 0\.981 ± 0\.008",
    ):
        assert re.search(text, said.replace("\u202f", " ")), text


def visit(chromium: Any, tmp_path: Path, text: str, **media: Any) -> Any:
    path = tmp_path / "page.html"
    path.write_text(text, encoding="utf-8")
    opened = chromium.new_page()
    opened.emulate_media(**media)
    opened.goto(path.as_uri())
    opened.eval_on_selector_all("main details", "all => all.forEach(one => { one.open = true; })")
    return opened


@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "width"), [("light", 400), ("dark", 1400)])
def test_every_text_can_be_read_in_both_themes(chromium, tmp_path, page, scheme, width) -> None:
    opened = visit(chromium, tmp_path, page, color_scheme=scheme)
    opened.set_viewport_size({"width": width, "height": 900})
    seen, found = opened.evaluate(CONTRAST)
    assert seen > 200 and found == []
    opened.close()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_notebook_can_be_read_in_both_themes(chromium, tmp_path, document, scheme) -> None:
    opened = visit(chromium, tmp_path, fragment(document), color_scheme=scheme)
    opened.frames[1].wait_for_selector("article")
    seen, found = opened.frames[1].evaluate(CONTRAST)
    assert seen > 20 and found == []
    opened.close()


@pytest.mark.browser
def test_contrast_is_measured(chromium, tmp_path) -> None:
    """Grey 119 on white has 4.48, grey 118 has 4.54 (the textbook pair)."""
    text = '<body style="background:#fff"><p style="color:#777">dim</p><p style="color:#767676">fit</p>'
    opened = visit(chromium, tmp_path, text)
    assert opened.evaluate(CONTRAST) == [2, [["4.48", "dim", ""]]]
    opened.close()


@pytest.mark.browser
def test_the_keyboard_reaches_what_the_mouse_does(chromium, tmp_path, document) -> None:
    opened = visit(chromium, tmp_path, render(document))
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.className") == "skip"
    opened.keyboard.press("Enter")
    reached = set()
    for _ in range(25):
        opened.keyboard.press("Tab")
        reached.add(opened.evaluate("document.activeElement.tagName"))
    assert {"A", "DIV", "svg"} <= reached, "links, wide tables and charts"
    alone = "all => all.filter(e => e.tabIndex < 0).length"
    for pointed in (".drawing:has(script) svg", ".scroll", "summary", "a", "input"):
        assert opened.locator(pointed).count() and opened.eval_on_selector_all(pointed, alone) == 0
    plane = opened.locator(".plane svg").first
    plane.focus()
    outline = plane.evaluate("e => getComputedStyle(e).outlineStyle")
    assert outline == "solid", "the focus is not seen"
    said = set()
    for key in ["ArrowRight"] * 5 + ["ArrowLeft"] * 2:
        opened.keyboard.press(key)
        said.add(opened.inner_text("#tip"))
    assert len(said) >= 3 and all("alpha" in text for text in said)
    opened.close()


@pytest.mark.browser
def test_less_motion_and_other_colours_are_kept(chromium, tmp_path, document) -> None:
    opened = visit(chromium, tmp_path, render(document), reduced_motion="reduce", forced_colors="active")
    style = "(selector, name) => getComputedStyle(document.querySelector(selector))[name]"
    assert opened.evaluate(f"() => ({style})('html', 'scrollBehavior')") == "auto"
    mark, paper = (
        opened.evaluate(f"() => ({style})('{selector}', 'backgroundColor')") for selector in (".level .mark", "body")
    )
    assert mark != paper
    opened.emulate_media(reduced_motion="no-preference", forced_colors="none")
    assert opened.evaluate(f"() => ({style})('html', 'scrollBehavior')") == "smooth"
    opened.close()
