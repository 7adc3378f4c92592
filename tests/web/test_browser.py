"""The app in headless Chromium: the whole job by hand, hostile data, a run that outlives its server."""

import csv
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from asking import TOKEN, until, write_table

import fidelia as fd
from fidelia.web.app import create_app
from fidelia.web.serving import Server, listen
from fidelia.web.settings import Settings
from fidelia.web.store import Store

pytestmark = pytest.mark.browser

FINISHED = 900_000
"""Milliseconds that a run may take on a busy machine."""
EVIL = "<script>window.owned=1</script>\"'><img src=x onerror=window.owned=2>"


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder on a free port in a thread; give the address."""
    with listen("127.0.0.1", 0) as door:
        settings = Settings(folder, TOKEN, chosen=True, port=door.getsockname()[1])
        server = Server(create_app(settings))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
        thread.start()
        try:
            until(lambda: server.started)
            yield settings.address.rstrip("/")
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def enter(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Open the app at an address; every page must keep quiet and ask nobody else."""
    page = chromium.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: dialog.accept())
    page.on("request", lambda request: asked.append(request.url))

    def opened(address: str) -> Any:
        page.set_viewport_size({"width": 1400, "height": 900})
        page.goto(f"{address}/?token={TOKEN}")
        page.wait_for_url(f"{address}/")
        return page

    yield opened
    page.close()
    assert said == []
    assert {url.split("/")[2].split(":")[0] for url in asked} <= {"127.0.0.1"}


PALE = """() => {
  const numbers = text => [...text.match(/[\\d.]+/g).map(Number), 1].slice(0, 4);  // without alpha: opaque
  const light = color => {
    const [r, g, b] = color.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const under = node => {
    for (let at = node; at; at = at.parentElement) {
      const color = numbers(getComputedStyle(at).backgroundColor);
      if (color[3]) return light(color.slice(0, 3));
    }
  };
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), pale = [];
  while (words.nextNode()) {
    const node = words.currentNode.parentElement, text = words.currentNode.data.trim();
    if (!text || !node.getClientRects().length || node.closest(".unseen, .skip, option, :disabled")) continue;
    const ends = [light(numbers(getComputedStyle(node).color).slice(0, 3)), under(node)].sort((a, b) => a - b);
    if ((ends[1] + 0.05) / (ends[0] + 0.05) < 4.5) pale.push(text);
  }
  return pale;
}"""
"""Texts whose contrast is below that of WCAG's level AA."""


def fits(page: Any) -> None:
    """Nothing is too wide or too pale to be read, and nothing that came with the data has run."""
    for width, scheme in ((1400, "light"), (400, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(PALE) == []
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1400, "height": 900})
    assert page.evaluate("window.owned") is None


def upload(page: Any, place: Path) -> None:
    """Choose a file on the first page."""
    page.set_input_files("#file", str(place))
    page.click("button:has-text('Upload')")
    page.wait_for_url("**/data/*")


def run(page: Any, generator: str, name: str, **fields: str) -> str:
    """Start a run from the page of its data, wait for its end; return its address."""
    page.check(f"input[value='{generator}']")
    page.fill("#name", name)
    for id_, value in fields.items():
        page.fill(f"#{id_}", value)
    page.click("text=Start the run")
    page.wait_for_url("**/runs/*")
    page.wait_for_selector("text=Read the report", timeout=FINISHED)
    return str(page.url)


def sample(place: Path, rows: int) -> Path:
    """The first rows of the shipped sample, as people have them: a csv."""
    fd.read(fd.sample_path("adult")).take(range(rows)).write(str(place))
    return place


def whole_job(page: Any, address: str, place: Path, rows: int) -> None:
    """From the file to the report, its rows, and another run beside it."""
    upload(page, place)
    data = page.url
    assert page.locator("table.schema tbody tr").count() == 15
    page.select_option("#target", label="income")
    page.get_by_label("Kind of education-num").select_option("category")
    fits(page)
    first = run(page, "trees", "trees first")
    assert page.locator(".big .value").all_inner_texts() != ["–"] * 3
    assert "fresh real data" in page.inner_text(".triple")
    fits(page)
    frame = page.frame_locator("iframe.report")
    page.locator("iframe.report").scroll_into_view_if_needed()
    frame.locator("svg.chart").first.wait_for()
    assert frame.locator("h1").inner_text() == page.inner_text("h2.headline")
    with page.expect_download() as got:
        page.click("a[download]:has-text('synthetic.csv')")
    drawn = list(csv.reader(got.value.path().read_text(encoding="utf-8").splitlines()))
    assert (len(drawn[0]), len(drawn) - 1) == (15, rows)
    browse(page)
    page.goto(data)
    page.select_option("#target", label="income")
    page.get_by_label("Kind of education-num").select_option("category")
    run(page, "marginals", "columns alone", rows="300")
    page.goto(f"{address}/compare")
    for box in page.locator("main input[name=run]").all():
        box.check()
    page.click("button:has-text('Compare')")
    assert page.locator(".compared thead th").count() == 3
    assert "alpha-precision" in page.inner_text(".compared")
    assert page.locator(".headline").inner_text()
    fits(page)
    page.goto(first)


def browse(page: Any) -> None:
    """Filter, sort and turn pages of rows: by htmx, with an address that can be kept."""
    page.click("text=Browse the rows")
    page.wait_for_url("**/rows")
    assert page.locator("table.rows tbody tr").count() == 50
    page.evaluate("window.here = true")  # gone after a full load
    page.click("table.rows thead a:has-text('age') >> nth=0")
    page.wait_for_selector("th[aria-sort=ascending]")
    page.locator("th[aria-sort=ascending] a").press("Enter")  # by keyboard
    page.wait_for_selector("th[aria-sort=descending]")
    ages = [int(text) for text in column(page, "age")]
    assert ages == sorted(ages, reverse=True)
    page.select_option("#column-0", "data.age")
    page.select_option("#op-0", "<=")
    page.fill("#value-0", "30")
    page.press("#value-0", "Enter")
    page.wait_for_selector("text=rows match")
    assert max(int(text) for text in column(page, "age")) <= 30
    page.click("nav.turning >> text=Next")
    page.wait_for_selector("text=page 2 of")
    assert "page=2" in page.url
    page.check("input[name=verdict][value=accept]")
    page.wait_for_url(lambda url: "verdict=accept" in url)
    assert set(column(page, "verdict")) == {"accept"}
    page.fill("#text", "no such text")
    page.click("text=Apply")
    page.wait_for_selector("text=No row matches.")
    assert page.evaluate("window.here")
    fits(page)
    page.reload()
    assert page.locator("text=No row matches.").count() == 1
    page.evaluate("history.back()")
    page.wait_for_selector("text=rows match")


def column(page: Any, name: str) -> list[str]:
    """The cells of a column of rows, as they are read."""
    at = [text.strip(" ↑↓") for text in page.locator("table.rows thead th").all_inner_texts()].index(name)
    return [text.strip() for text in page.locator(f"table.rows tbody tr > :nth-child({at + 1})").all_inner_texts()]


def test_the_whole_job_on_the_shipped_sample(enter: Callable[..., Any], tmp_path: Path) -> None:
    with serving(tmp_path / "served") as address:
        page = enter(address)
        assert "No data yet" in page.inner_text("main")
        whole_job(page, address, sample(tmp_path / "adult.csv", 500), 400)


def test_hostile_names_and_values_are_shown_as_text(enter: Callable[..., Any], tmp_path: Path) -> None:
    place, draw = tmp_path / "evil.csv", random.Random(0)
    with place.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow([EVIL, "</title><svg onload=window.owned=3>", "hx-on:click=window.owned=4"])
        out.writerows([[EVIL + draw.choice("ab"), round(draw.gauss(0, 1), 3), draw.choice("xy")] for _ in range(120)])
    with serving(tmp_path / "served") as address:
        page = enter(address)
        upload(page, place)
        assert page.locator("table.schema tbody th").first.inner_text() == EVIL
        assert page.inner_text("table.schema .examples >> nth=0").startswith(EVIL[:20])
        fits(page)
        page.select_option("#target", "2")
        where = run(page, "marginals", EVIL)
        assert page.inner_text("h1") == EVIL
        frame = page.frame_locator("iframe.report")
        page.locator("iframe.report").scroll_into_view_if_needed()
        frame.locator("svg.chart").first.wait_for()
        assert frame.locator("body").evaluate("() => window.owned") is None
        fits(page)
        page.goto(f"{where}/rows")
        assert column(page, EVIL)[0].startswith(EVIL)
        page.click(f"table.rows thead a >> nth={2 + 1}")
        page.wait_for_selector("th[aria-sort=ascending]")
        page.select_option("#column-0", f"data.{EVIL}")
        page.select_option("#op-0", "contains")
        page.fill("#value-0", EVIL + "a")
        page.press("#value-0", "Enter")
        page.wait_for_selector("text=rows match")
        assert set(column(page, EVIL)) == {EVIL + "a"}
        fits(page)
        page.goto(address)
        assert EVIL in page.inner_text("main")
        fits(page)


def test_a_run_outlives_its_server_and_can_be_cancelled(enter: Callable[..., Any], tmp_path: Path) -> None:
    folder = tmp_path / "served"
    with serving(folder) as address:
        page = enter(address)
        upload(page, write_table(tmp_path / "people.csv", 200))
        page.check("input[value=trees]")
        page.fill("#rows", "4000000")
        page.click("text=Start the run")
        page.wait_for_url("**/runs/*")
        id_ = page.url.rpartition("/")[2]
        page.wait_for_selector("[data-step]", timeout=FINISHED)
        page.goto("about:blank")  # nobody looks, and then nobody serves
    assert Store(folder).run(id_).status == "running"
    with serving(folder) as address:
        page = enter(address)
        assert "Running" in page.inner_text(".chip")
        page.goto(f"{address}/runs/{id_}")
        page.wait_for_selector("[data-step='1']", timeout=FINISHED)
        assert page.locator("[data-since]").inner_text() != "–"
        fits(page)
        page.click("text=Cancel the run")
        page.wait_for_selector(".chip.cancelled", timeout=FINISHED)  # by itself, when the worker has ended
        assert "Run again as it was" in page.inner_text("main")
        assert Store(folder).run(id_).status == "cancelled"
        page.click("text=Delete this run")
        page.wait_for_url(f"{address}/")
        assert Store(folder).runs() == []


def test_a_file_above_the_limit_is_refused_before_it_is_sent(enter: Callable[..., Any], tmp_path: Path) -> None:
    with serving(tmp_path / "served") as address:
        page = enter(address)
        page.evaluate("document.querySelector('[data-limit]').dataset.limit = '10'")
        page.set_input_files("#file", str(write_table(tmp_path / "people.csv")))
        page.click("button:has-text('Upload')")
        assert "this server takes" in page.inner_text("[data-refusal]")
        assert page.url == f"{address}/"


def test_without_scripts_the_pages_work(chromium: Any, tmp_path: Path) -> None:
    with serving(tmp_path / "served") as address:
        page = chromium.new_page()
        page.goto(f"{address}/?token={TOKEN}")
        page.wait_for_url(f"{address}/")
        chromium.new_cdp_session(page).send("Emulation.setScriptExecutionDisabled", {"value": True})
        upload(page, write_table(tmp_path / "people.csv"))
        page.check("input[value=marginals]")
        page.click("text=Start the run")
        page.wait_for_url("**/runs/*")
        page.wait_for_selector("text=Read the report", timeout=FINISHED)  # the page refreshes itself
        page.click("text=Browse the rows")
        page.click("table.rows thead a:has-text('age') >> nth=0")
        assert page.locator("th[aria-sort=ascending]").count() == 1
        page.close()


@pytest.mark.slow
def test_the_whole_job_on_adult(enter: Callable[..., Any], shared_data: Callable[[str], Path], tmp_path: Path) -> None:
    place = tmp_path / "adult.csv"
    table = fd.read(shared_data("adult"))
    table.write(str(place))
    with serving(tmp_path / "served") as address:
        page = enter(address)
        whole_job(page, address, place, len(table) - round(0.2 * len(table)))
