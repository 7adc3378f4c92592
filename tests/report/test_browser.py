"""The page in headless Chromium: no error, no request, charts drawn, no overflow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fidelia.report import beside
from fidelia.report.page import render

pytestmark = pytest.mark.browser


@pytest.fixture
def opened(chromium, tmp_path: Path) -> Any:
    """Open a document at a width; return the page, what its console said and what it asked for."""

    def visit(document, width: int = 1400, scheme: str = "light"):
        path = tmp_path / "report.html"
        path.write_text(document if isinstance(document, str) else render(document), encoding="utf-8")
        page = chromium.new_page()
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        return page, said, asked

    return visit


@pytest.mark.parametrize("edition", ["shareable", "internal"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 400])
def test_drawn_without_error_request_or_overflow(opened, document, width, scheme, edition) -> None:
    row = {"age": 39, "name": "x" * 60}
    example = {"verdict": "reject", "reasons": ["COPY"], "row": row, "nearest": row, "matched": ["age"]}
    document |= {"edition": edition, "audit": document["audit"] | {"examples": [example]}}
    page, said, asked = opened(document, width, scheme)
    assert (page.locator(".example").count() > 0) == (edition == "internal")
    assert page.inner_text("h1") == document["verdict"]["headline"]
    assert page.locator("svg.chart").count() > 40
    empty = "s => s.filter(e => e.getClientRects().length && !e.getBoundingClientRect().height).length"
    assert page.eval_on_selector_all("svg.chart", empty) == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert said == []
    assert asked == [page.url]
    page.close()


def test_hostile_names_run_nothing_and_do_not_overflow(opened, document) -> None:
    text = '</script><img src=x onerror="document.title=1"><script>document.title=1</script>' + "x" * 150
    document["verdict"]["headline"] = text
    for result in document["results"]:
        for column in result["breakdown"].get("columns", ()) if result["code"] in ("FID01", "FID02") else ():
            column["column"] = text
        result["caveats"] = [{"code": "X", "text": text}]
    page, said, asked = opened(document, 400)
    assert page.title().endswith(text)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert (said, asked) == ([], [page.url])
    page.close()


def test_pointer_and_arrow_keys_show_values(opened, document) -> None:
    page, said, _ = opened(document)
    for kind, expected in (
        (".curve", "level"),
        (".histogram", "below"),
        (".bars", "%"),
        (".heat", "and"),
        (".plane", "alpha"),
    ):
        chart = page.locator(f"{kind} svg[tabindex]").first
        chart.scroll_into_view_if_needed()
        chart.focus()
        page.keyboard.press("ArrowRight")
        assert expected in page.inner_text("#tip")
        page.keyboard.press("Escape")
        assert page.locator("#tip").is_hidden()
    chart = page.locator(".curve svg[tabindex]").first
    chart.hover()
    assert "fresh real" in page.inner_text("#tip")
    assert said == []
    page.close()


def test_columns_can_be_searched(opened, examples) -> None:
    page, said, _ = opened(examples.wide(50))
    assert page.locator(".tile:visible").count() == 24
    page.fill("#find", "column 04")
    assert page.locator(".tile:visible").count() == 10
    assert page.inner_text("output") == "10 of 50"
    page.fill("#find", "")
    assert said == []
    page.close()


@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (400, "dark")])
def test_every_family_is_drawn_without_error_request_or_overflow(opened, document, families, width, scheme) -> None:
    made = families.extended(document, "mode_collapse", "mode_invention", "ideal")
    page, said, asked = opened(made, width, scheme)
    page.eval_on_selector_all("main details", "all => all.forEach(one => { one.open = true; })")
    empty = "s => s.filter(e => e.getClientRects().length && !e.getBoundingClientRect().height).length"
    assert page.eval_on_selector_all("svg.chart", empty) == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert (said, asked) == ([], [page.url])
    page.close()


def test_measures_can_be_searched_and_links_open_what_is_closed(opened, document, families) -> None:
    page, said, _ = opened(families.extended(document))
    assert page.locator("tr.measure:visible").count() == 0
    page.fill("#seek", "worst group")
    assert page.locator("tr.measure:visible").count() == 3
    assert page.locator("#measures .kind-list:visible").count() == 2
    page.fill("#seek", "")
    assert page.locator("tr.measure:visible").count() == 0
    page.evaluate("location.hash = 'STB01'")
    page.wait_for_selector("#STB01:visible")
    assert said == []
    page.close()


def test_the_page_says_all_without_scripts(chromium, document, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(render(document), encoding="utf-8")
    page = chromium.new_page()
    session = chromium.new_cdp_session(page)
    session.send("Emulation.setScriptExecutionDisabled", {"value": True})
    page.goto(path.as_uri())
    assert page.locator("svg.chart:visible").count() > 40
    page.close()


@pytest.mark.parametrize(
    ("width", "scheme", "count"), [(1400, "light", 8), (400, "dark", 8), (1400, "dark", 2), (400, "light", 2)]
)
def test_reports_side_by_side_fit_without_error_or_request(opened, document, width, scheme, count) -> None:
    names = [f"a generator of a long name, seed {i}" for i in range(count)]
    page, said, asked = opened(beside.render(dict.fromkeys(names, document)), width, scheme)
    page.eval_on_selector_all("main details", "all => all.forEach(one => { one.open = true; })")
    assert page.locator(".lanes svg").count() == 11
    assert page.locator("#main tbody tr:visible").count() == 11
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert (said, asked) == ([], [page.url])
    page.close()


def test_it_prints_light_and_whole(opened, document) -> None:
    """In the dark theme too: light paper, everything open, no table cut off, no chart split, no screen furniture."""
    page, said, _ = opened(document, scheme="dark")
    assert page.pdf().startswith(b"%PDF")
    page.emulate_media(media="print", color_scheme="dark")
    page.set_viewport_size({"width": 690, "height": 950})  # what letter paper leaves between the margins
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("main details:not([open])").count() == 0
    assert page.locator(".contents:visible, .tools:visible, #tip:visible").count() == 0
    cut = "all => all.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.getAttribute('aria-label'))"
    assert page.eval_on_selector_all(".scroll", cut) == []
    split = "all => all.filter(e => getComputedStyle(e).breakInside !== 'avoid').length"
    assert page.eval_on_selector_all("figure, tr, .finding", split) == 0
    assert page.eval_on_selector_all(
        "h2, h3, caption, thead", "all => all.every(e => getComputedStyle(e).breakAfter === 'avoid')"
    )
    assert said == []
    page.close()


@pytest.mark.parametrize("columns", [50, pytest.param(300, marks=pytest.mark.slow)])
def test_wide_tables_can_be_used_within_a_second(chromium, examples, families, tmp_path, columns) -> None:
    """Seconds of the page's own thread until its second frame, which a busy machine does not lengthen."""
    path = tmp_path / "report.html"
    path.write_text(render(families.extended(examples.wide(columns), "mode_collapse")), encoding="utf-8")
    page = chromium.new_page()
    session = chromium.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(path.as_uri())
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    taken = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    assert 0 < taken["TaskDuration"] < 1
    page.close()
