"""The pages: what they show, what they refuse, and that a name or value is never markup."""

import hashlib
import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from asking import TestClient, connect

from fidelia.web import views, wording
from fidelia.web.settings import Settings
from fidelia.web.store import Dataset, Run, Store, write_json

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7 * 7 }}"


class Page(HTMLParser):
    """What a browser would make of a page: elements, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]


def opened(client: TestClient, path: str, status: int = 200) -> Page:
    answer = client.get(path)
    assert answer.status_code == status, answer.text[:300]
    assert answer.headers["content-type"].startswith("text/html")
    page = Page(answer.text)
    unsafe(page)
    return page


def unsafe(page: Page) -> None:
    """Nothing in it runs but our two scripts, every control has a name, and ids are unique."""
    assert {script.get("src") for script in page.of("script")} == {"/static/htmx.min.js", "/static/app.js"}
    assert not page.of("img")
    assert not [name for _, attrs in page.elements for name in attrs if name.startswith("on") or name == "style"]
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    labelled = {label.get("for") for label in page.of("label")}
    for control in [*page.of("input"), *page.of("select")]:
        inside = control.get("type") in ("checkbox", "radio") and "id" not in control  # stands inside its label
        assert control.get("type") == "hidden" or inside or control.get("aria-label") or control.get("id") in labelled


@pytest.fixture
def done(settings: Settings, served: tuple[Settings, Dataset, Run]) -> Settings:
    """A server of its own on a copy of the folder in which a run was done, and a second run that differs in name."""
    first, _, run = served
    shutil.copytree(first.folder, settings.folder, dirs_exist_ok=True)
    store = Store(settings.folder)
    twin = store.work / ("b" * 12)
    shutil.copytree(store.run(run.id).folder, twin)
    said = json.loads((twin / "run.json").read_text())
    write_json(twin / "run.json", said | {"name": EVIL})
    return replace(settings, allowed=first.allowed)


def change(place: Path, name: str, **facts: Any) -> None:
    write_json(place / name, json.loads((place / name).read_text()) | facts if (place / name).exists() else facts)


def test_an_empty_server_says_what_to_do(client: TestClient) -> None:
    page = opened(client, "/")
    assert "No data yet. Upload a file, or try the sample" in page.text
    assert "at most 100 kB" in page.text
    assert page.of("form")[0]["data-limit"] == "100000"
    assert "Two finished runs are needed, and there is none" in opened(client, "/compare").text


def test_the_way_from_a_path_to_a_run_in_line(client: TestClient, settings: Settings, dataset: Dataset) -> None:
    place = str(settings.allowed[0] / "people.csv")
    assert place in [option.get("value") for option in opened(client, "/").of("option")]
    answer = client.post("/data/path", data={"path": place}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"][:6]) == (303, "/data/")
    page = opened(client, answer.headers["location"])
    assert "120" in page.text
    assert [select["name"] for select in page.of("select")][:5] == ["target", "kind-0", "kind-1", "kind-2", "kind-3"]
    id_ = answer.headers["location"].removeprefix("/data/")
    form = {
        "dataset": id_,
        "target": "3",
        "kind-0": "number",
        "kind-2": "text",
        "sensitive": ["2", "99"],
        "generator": "copula",
        "minutes": "1.5",
    }
    answer = client.post("/runs", data=form | {"seed": "7", "holdout": "25", "rows": "50"}, follow_redirects=False)
    assert answer.status_code == 303
    run = Store(settings.folder).run(answer.headers["location"].removeprefix("/runs/"))
    assert run.request["target"] == "pay"
    assert run.request["kinds"] == {"sex": "text"}  # what was guessed is not said again
    assert run.request["sensitive"] == ["sex"]
    numbers = [run.request[name] for name in ("time_limit", "seed", "holdout", "rows")]
    assert numbers == [90, 7, 0.25, 50]
    page = opened(client, f"/runs/{run.id}")
    assert "Waiting in line." in page.text
    assert any(meta.get("http-equiv") == "refresh" for meta in page.of("meta"))  # within noscript
    again = opened(client, f"/data/{id_}?like={run.id}")
    chosen = [box["value"] for box in again.of("input") if "checked" in box]
    values = {box["name"]: box["value"] for box in again.of("input") if box.get("type") == "number"}
    assert chosen == ["2", "copula"]
    assert values == {"minutes": "1.5", "rows": "50", "holdout": "25", "seed": "7"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"generator": "tree"}, "no generator"),
        ({"generator": ""}, "generator"),
        ({"minutes": "-1"}, "time_limit"),
        ({"minutes": "soon"}, "time_limit"),
        ({"rows": "1.5"}, "rows"),
        ({"holdout": "95"}, "holdout"),
        ({"kind-1": "colour"}, "kinds"),
        ({"edition": "secret"}, "edition"),
        ({"seed": "-1"}, "seed"),
    ],
)
def test_what_cannot_be_run_is_said_on_the_form_that_keeps_what_was_written(
    served: tuple[Settings, Dataset, Run], change: dict[str, str], said: str
) -> None:
    settings, dataset, _ = served
    client = connect(settings)
    form = {"dataset": dataset.id, "generator": "trees", "name": "kept", "target": "2"} | change
    answer = client.post("/runs", data=form)
    assert answer.status_code == 422 or "no generator" in said
    page = Page(answer.text)
    assert "That did not work." in page.text
    assert said in page.text
    assert [box["value"] for box in page.of("input") if box.get("name") == "name"] == ["kept"]
    assert next(option for option in page.of("option") if "selected" in option)["value"] == "2"


def test_settings_of_a_generator_go_along_with_it_alone(client: TestClient, store: Store, dataset: Dataset) -> None:
    body = {"dataset": dataset.id, "generator": "trees", "parameters": {"leaf": 7}}
    first = client.post("/api/runs", json=body).json()["id"]
    page = opened(client, f"/data/{dataset.id}?like={first}")
    hidden = {box["name"]: box["value"] for box in page.of("input") if box.get("type") == "hidden"}
    assert hidden["parameters"] == '{"leaf": 7}'
    for generator, kept in (("trees", {"leaf": 7}), ("copula", {})):
        client.post("/runs", data=hidden | {"generator": generator})
        assert store.runs()[0].request["parameters"] == kept
    answer = client.post("/runs", data=hidden | {"generator": "trees", "parameters": "{"})
    assert "parameters" in Page(answer.text).text


def test_a_target_that_is_no_column_is_none(client: TestClient, store: Store, dataset: Dataset) -> None:
    client.post("/runs", data={"dataset": dataset.id, "generator": "trees", "target": "99"})
    assert "target" not in store.runs()[0].request


@pytest.mark.parametrize("path", ["/etc/passwd", "../people.csv", "nowhere.csv", ""])
def test_paths_that_are_not_allowed(client: TestClient, path: str) -> None:
    answer = client.post("/data/path", data={"path": path})
    assert answer.status_code in (403, 415, 422)
    assert "That did not work." in answer.text


def test_uploads_and_what_is_refused(client: TestClient) -> None:
    table = b"a,b\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(30))
    answer = client.post("/data", files={"file": ("t.csv", table)}, follow_redirects=False)
    assert answer.status_code == 303
    for name, content, status in (("t.csv", b"x" * 200_000, 413), ("t.exe", b"MZ", 415), ("t.csv", b"", 422)):
        answer = client.post("/data", files={"file": (name, content)})
        assert answer.status_code == status
        assert "That did not work." in answer.text
        unsafe(Page(answer.text))


def test_a_finished_run_shows_its_verdict_beside_fresh_real_data(done: Settings) -> None:
    client, run = connect(done), Store(done.folder).runs()[-1]
    document = run.document()
    assert document is not None
    page = opened(client, f"/runs/{run.id}")
    assert document["verdict"]["headline"] in page.text
    for name in ("alpha-precision", "beta-recall", "authenticity"):
        assert name in page.text
    assert page.text.count("fresh real data") >= 3
    links = [link["href"] for link in page.of("a")]
    assert [f"/api/runs/{run.id}/files/{name}" in links for name in run.files()] == [True] * 6
    frame = page.of("iframe")[0]
    assert (frame["src"], frame["sandbox"]) == (f"/api/runs/{run.id}/report", "allow-scripts allow-modals")
    for link in links:
        if link.startswith(("/runs/", "/api/", "/data/", "/compare")):
            assert client.get(link).status_code == 200


def test_a_failed_run_says_why_and_how_to_go_on(done: Settings) -> None:
    store = Store(done.folder)
    run = store.runs()[-1]
    change(run.folder, "end.json", status="failed", error="column 'zip': " + EVIL)
    (run.folder / "log.txt").write_text("first\n" + EVIL + "\nlast words")
    page = opened(connect(done), f"/runs/{run.id}")
    assert "column 'zip': " + EVIL in page.text
    assert "last words" in page.text
    assert "Run again as it was" in page.text
    answer = connect(done).post(f"/runs/{run.id}/again", follow_redirects=False)
    made = store.run(answer.headers["location"].removeprefix("/runs/"))
    assert (made.request, made.name, made.status) == (run.request, run.name, "queued")


def test_progress_is_drawn_by_the_server_too(done: Settings) -> None:
    run = Store(done.folder).runs()[-1]
    (run.folder / "end.json").unlink()
    step = {"step": 99, "stage": EVIL, "done": 3, "total": 4, "state": "open", "t": 2.5}
    with (run.folder / "progress.jsonl").open("a") as file:
        file.write(json.dumps(step) + "\n" + '{"half')
    page = opened(connect(done), f"/runs/{run.id}")
    assert EVIL in page.text
    assert [(bar["max"], bar["value"]) for bar in page.of("progress")][-1] == ("4", "3")
    assert "75" in page.text
    assert [attrs for _, attrs in page.elements if attrs.get("aria-live") == "polite"]


def test_cancel_and_delete(client: TestClient, store: Store, dataset: Dataset) -> None:
    client.post("/runs", data={"dataset": dataset.id, "generator": "trees"})
    run = store.runs()[0]
    assert client.post(f"/data/{dataset.id}/delete").status_code == 409  # a run in line needs it
    assert client.post(f"/runs/{run.id}/cancel").status_code == 200
    assert "Cancelled" in opened(client, f"/runs/{run.id}").text
    assert client.post(f"/data/{dataset.id}/delete", follow_redirects=False).headers["location"] == "/"
    assert "on data that was deleted" in opened(client, f"/runs/{run.id}").text
    client.post(f"/runs/{run.id}/delete")
    assert (store.runs(), store.datasets()) == ([], [])


def test_rows_are_filtered_sorted_and_turned(done: Settings) -> None:
    client, run = connect(done), Store(done.folder).runs()[-1]
    page = opened(client, f"/runs/{run.id}/rows?size=25&sort=data.age&order=desc")
    shown = re.findall(r"(\d+) rows", page.text)
    assert int(shown[0]) > 50
    assert [head.get("aria-sort") for head in page.of("th") if head.get("aria-sort") == "descending"] == ["descending"]
    hrefs = [link["href"] for link in page.of("a") if link.get("hx-get")]
    assert "?sort=data.age&order=desc&page=2&size=25" in hrefs
    assert all(link["href"] == link["hx-get"] for link in page.of("a") if link.get("hx-get"))
    few = opened(client, f"/runs/{run.id}/rows?column=data.pay&op=%3D&value=high&column=data.age&op=%3E&value=30")
    assert "rows match" in few.text
    assert "No row matches." in opened(client, f"/runs/{run.id}/rows?text=zzzz").text
    assert opened(client, f"/runs/{run.id}/rows?scores=1").text.count("alpha score") == 1


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("column=data.age&op=%3E&value=old", "column 'age' holds numbers, and 'old' is none"),
        ("column=data.nothing", "no column 'data.nothing'"),
        ("verdict=good", "no verdict 'good'"),
        ("size=100000", "1 to 500 rows"),
        ("sort=" + EVIL, "no column"),
    ],
)
def test_a_wrong_filter_is_said_beside_the_form(done: Settings, query: str, said: str) -> None:
    run = Store(done.folder).runs()[-1]
    assert said in opened(connect(done), f"/runs/{run.id}/rows?{query}", 422).text


@pytest.mark.parametrize("query", ["page=-1&size=x", "page=99999999999", "op=%3D&value=1", "column=", "unknown=1"])
def test_odd_queries_show_rows(done: Settings, query: str) -> None:
    run = Store(done.folder).runs()[-1]
    assert "rows" in opened(connect(done), f"/runs/{run.id}/rows?{query}").text


def test_runs_stand_side_by_side(done: Settings) -> None:
    ids = [run.id for run in Store(done.folder).runs()]
    page = opened(connect(done), f"/compare?run={ids[0]}&run={ids[1]}")
    assert "there is no difference that matters" in page.text
    assert EVIL in page.text
    assert page.text.count("like fresh real data") >= 2
    assert "Choose two or more" in opened(connect(done), f"/compare?run={ids[0]}").text


def test_runs_on_other_rows_are_shown_without_a_judgement(done: Settings) -> None:
    store = Store(done.folder)
    place = store.runs()[0].out / "results.json"
    document = json.loads(place.read_text())
    document["inputs"]["train"]["sha256"] = "0" * 64
    write_json(place, document)
    first, second = store.runs()
    page = opened(connect(done), f"/compare?run={first.id}&run={second.id}")
    assert "They are not judged against each other" in page.text
    assert "alpha-precision" in page.text


def test_only_runs_with_results_compare(done: Settings) -> None:
    first, second = Store(done.folder).runs()
    (first.out / "results.json").unlink()
    assert "has no results to compare" in opened(connect(done), f"/compare?run={first.id}&run={second.id}", 422).text


def test_names_and_values_are_text_everywhere(client: TestClient, settings: Settings, store: Store) -> None:
    name, value = EVIL.replace('"', '""'), "</td></table><svg onload=alert(3)>"
    rows = "".join(f'{n * 0.37:.2f},"{value}{n % 3}"\n' for n in range(60))
    table = f'"{name}","b"\n{rows}'.encode()
    answer = client.post("/data", files={"file": (f"{EVIL}.csv", table)}, follow_redirects=False)
    page = opened(client, answer.headers["location"])
    assert EVIL in page.text
    assert value[:10] in page.text
    client.post("/runs", data={"dataset": store.datasets()[0].id, "generator": "trees", "name": EVIL, "target": "1"})
    for path in ("/", f"/runs/{store.runs()[0].id}", answer.headers["location"]):
        assert EVIL in opened(client, path).text


@pytest.mark.parametrize(
    "path", ["/runs/zzzzzzzzzzzz", "/data/zzzzzzzzzzzz", "/runs/ABCDEFGHIJKL", "/compare?run=x", "/nothing"]
)
def test_what_is_not_there_has_a_page(client: TestClient, path: str) -> None:
    assert opened(client, path, 404).of("h1")


def test_the_style_is_that_of_the_report_and_needs_no_token(settings: Settings) -> None:
    stranger = connect(settings, Accept="*/*")
    style = stranger.get("/static/report.css")
    assert style.headers["content-type"].startswith("text/css")
    assert "--synthetic" in style.text
    assert [stranger.get(f"/static/{name}").status_code for name in ("app.css", "app.js", "htmx.min.js")] == [200] * 3


def test_the_vendored_script_is_the_published_one() -> None:
    static = files("fidelia.web") / "static"
    digest = hashlib.sha256((static / "htmx.min.js").read_bytes()).hexdigest()
    assert digest in (static / "README.md").read_text(encoding="utf-8")
    assert "Zero-Clause BSD" in (static / "htmx.LICENSE").read_text(encoding="utf-8")


def test_questions_come_back_from_their_address() -> None:
    asked = [
        ("verdict", "reject"),
        ("column", "data.a&b=c"),
        ("op", ">="),
        ("value", "1 % #"),
        ("text", "ä ?"),
        ("page", "3"),
    ]
    question = views.Question.of(asked)
    assert views.Question.of(parse_qsl(question.query()[1:], keep_blank_values=True)) == question
    assert question.page == 3
    assert "page" not in question.url()
    assert views.Question.of(parse_qsl(question.sorted_by("x")[1:])).sort == "x"
    assert question.without(question.lines[0]) == "?verdict=reject&text=%C3%A4+%3F"


def test_sorting_goes_up_then_down_then_away() -> None:
    up = views.Question(sort="a")
    assert up.sorted_by("a") == "?sort=a&order=desc"
    assert views.Question(sort="a", descending=True).sorted_by("a") == "?"
    assert up.sorted_by("b") == "?sort=b"


def test_causes_are_found_in_the_audits_words() -> None:
    assert wording.caused("age", "sex (20 %), age (63 %)")
    assert wording.caused("age", "age")
    assert not wording.caused("age", "aged, page (3 %)")
    assert not wording.caused("age", None)


def test_generators_that_are_not_installed_come_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "find_spec", lambda name: None)
    offers = views.offers()
    assert offers[0].name == "trees"
    missing = [offer.missing for offer in offers]
    assert missing == sorted(missing)
    assert "deep" in missing
