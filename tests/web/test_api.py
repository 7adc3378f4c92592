"""The JSON API from data to report, and what it gives out."""

import io
import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pyarrow.parquet as pq
import pytest
from asking import TestClient, connect

from fidelia.web.settings import Settings
from fidelia.web.store import Dataset, Run, Store, write_json

ABSENT = "zzzzzzzzzzzz"


@pytest.fixture
def reader(served: tuple[Settings, Dataset, Run]) -> TestClient:
    """A program that looks at the run that was done."""
    return connect(served[0])


@pytest.fixture
def run(served: tuple[Settings, Dataset, Run]) -> Run:
    return served[2]


def events(client: TestClient, id_: str, **headers: str) -> list[tuple[str, dict]]:
    """The events of a run that is over."""
    text = client.get(f"/api/runs/{id_}/events", headers=headers).text
    blocks = [dict(line.split(": ", 1) for line in block.splitlines()) for block in text.split("\n\n") if block]
    return [(block["event"], json.loads(block["data"])) for block in blocks]


def test_a_run_is_told_in_full(reader: TestClient, run: Run) -> None:
    told = reader.get(f"/api/runs/{run.id}").json()
    assert (told["id"], told["status"], told["name"]) == (run.id, "done", "the first")
    assert told["files"][0] == "synthetic.csv" and told["verdict"]["level"] and told["request"]["target"] == "pay"
    assert [stage["stage"] for stage in told["progress"]][:2] == ["start", "read"]
    assert [one["id"] for one in reader.get("/api/runs").json()] == [run.id]


def test_paths_of_the_machine_are_not_told(reader: TestClient, run: Run, served) -> None:
    for path in ("/api/runs", f"/api/runs/{run.id}", "/api/datasets", f"/api/datasets/{run.dataset}"):
        assert str(served[0].folder) not in reader.get(path).text


def test_all_events_are_told_again_and_end(reader: TestClient, run: Run) -> None:
    told = events(reader, run.id)
    assert [name for name, _ in told] == ["progress"] * len(run.progress()) + ["status"]
    assert [stage for _, stage in told[:-1]] == run.progress()
    assert told[-1][1]["status"] == "done"


def test_who_knows_the_end_is_told_to_stay_away(reader: TestClient, run: Run) -> None:
    assert reader.get(f"/api/runs/{run.id}/events", headers={"Last-Event-ID": "over"}).status_code == 204


def test_events_of_a_run_in_line_end_when_it_is_cancelled(client: TestClient, dataset: Dataset) -> None:
    id_ = client.post("/api/runs", json={"dataset": dataset.id}).json()["id"]
    assert client.post(f"/api/runs/{id_}/cancel").json()["status"] == "cancelled"
    assert [(name, data["status"]) for name, data in events(client, id_)] == [("status", "cancelled")]


def test_rows_come_with_their_verdicts(reader: TestClient, run: Run) -> None:
    page = reader.get(f"/api/runs/{run.id}/rows", params={"size": 5, "sort": "data.age", "order": "down"}).json()
    keys = [column["key"] for column in page["columns"]]
    ages = [row[keys.index("data.age")] for row in page["rows"]]
    assert len(ages) == 5 and ages == sorted(ages, reverse=True) and "audit.verdict" in keys
    assert page["pages"] == -(-page["total"] // 5)
    asked = {"column": "data.age", "operator": ">", "value": "40", "verdict": ["accept"], "size": 500}
    narrow = reader.get(f"/api/runs/{run.id}/rows", params=asked).json()
    assert 0 < narrow["total"] < page["total"]
    assert all(
        row[keys.index("data.age")] > 40 and row[keys.index("audit.verdict")] == "accept" for row in narrow["rows"]
    )


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"sort": "data.nope"}, "no column 'data.nope'"),
        ({"column": "data.age", "operator": ">", "value": "x"}, "'age' holds numbers"),
        ({"column": "data.age", "operator": "; DROP TABLE x", "value": "1"}, "no operator"),
        ({"verdict": "fine"}, "no verdict 'fine'"),
        ({"size": 100_000}, "500"),
        ({"page": 0}, "page"),
        ({"order": "sideways"}, "order"),
    ],
)
def test_rows_that_cannot_be_asked_for(reader: TestClient, run: Run, asked, words) -> None:
    answer = reader.get(f"/api/runs/{run.id}/rows", params=asked)
    assert answer.status_code == 422 and words in answer.json()["error"]["message"]


def test_rows_of_a_run_without_any(client: TestClient, dataset: Dataset) -> None:
    id_ = client.post("/api/runs", json={"dataset": dataset.id}).json()["id"]
    answer = client.get(f"/api/runs/{id_}/rows")
    assert answer.status_code == 409 and "queued" in answer.json()["error"]["message"]
    assert client.get(f"/api/runs/{id_}/report").status_code == 404
    assert client.get(f"/api/runs/{id_}/files/report.html").status_code == 404


def test_files_are_downloads(reader: TestClient, run: Run) -> None:
    for name in run.files():
        answer = reader.get(f"/api/runs/{run.id}/files/{name}")
        assert answer.content == (run.out / name).read_bytes()
        assert answer.headers["content-disposition"] == f'attachment; filename="{run.id}-{name}"'
        assert answer.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "name",
    [
        "../run.json",
        "..%2frun.json",
        "%2e%2e%2frun.json",
        "..%252frun.json",
        "....//run.json",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "report.html%00.json",
        "report.html/",
        "./report.html",
        "%2e/report.html",
        "REPORT.HTML",
        "recipe.toml~",
        "..\\run.json",
        ".",
        "run.json",
        "synthetic.*",
        "../../../../.key",
    ],
)
def test_nothing_else_is_a_file(reader: TestClient, run: Run, name: str) -> None:
    answer = reader.get(f"/api/runs/{run.id}/files/{name}")
    reads = {"./report.html", ".", "../run.json", "../../../../.key", "/etc/passwd"}  # the client cleans these itself
    assert answer.status_code in ((404,) if name not in reads else (200, 404))
    assert b"created" not in answer.content and b"root:" not in answer.content


@pytest.mark.parametrize(
    "id_", ["%2e%2e", "..%2f..", ABSENT, "A" * 12, "a" * 11, "%00" * 12, quote("ａ" * 12), "a" * 5000]
)
@pytest.mark.parametrize("tail", ["", "/events", "/rows", "/report", "/files/report.html", "/schema"])
def test_nothing_else_is_an_id(reader: TestClient, id_: str, tail: str) -> None:
    for kind in ("runs", "datasets"):
        answer = reader.get(f"/api/{kind}/{id_}{tail}")
        assert answer.status_code in (404, 422), (kind, answer.text)
        assert "message" in answer.json()["error"]


def test_the_report_is_shown_in_a_sandbox(reader: TestClient, run: Run) -> None:
    """Its own script runs by the hashes in it; in an origin that is nobody's, so that it cannot reach the app."""
    answer = reader.get(f"/api/runs/{run.id}/report")
    policy = answer.headers["content-security-policy"]
    assert policy == "sandbox allow-scripts allow-modals; frame-ancestors 'self'"
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text == (run.out / "report.html").read_text()


def test_runs_are_compared(reader: TestClient, run: Run, served, tmp_path: Path) -> None:
    settings = replace(served[0], folder=tmp_path / "two")
    store = Store(settings.folder)
    ids = ["a" * 12, "b" * 12]
    for id_ in ids:
        place = store.work / id_
        (place / "out").mkdir(parents=True)
        write_json(place / "run.json", json.loads((run.folder / "run.json").read_text()))
        write_json(place / "out" / "results.json", run.document())
    both = connect(settings)
    told = both.get("/api/compare", params={"run": ids}).json()
    assert [side["name"] for side in told["sides"]] == ids and told["lines"]
    assert both.get("/api/compare", params={"run": [ids[0], ABSENT]}).status_code == 404
    assert both.get("/api/compare", params={"run": ids[:1]}).status_code == 422
    assert both.get("/api/compare", params={"run": [ids[0], ids[0]]}).status_code == 422


def test_a_run_without_results_is_not_compared(client: TestClient, dataset: Dataset) -> None:
    ids = [client.post("/api/runs", json={"dataset": dataset.id, "seed": seed}).json()["id"] for seed in (0, 1)]
    assert client.get("/api/compare", params={"run": ids}).status_code == 409


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "dataset"),
        ({"dataset": "x"}, "dataset"),
        ({"dataset": ABSENT, "generatorr": "trees"}, "generatorr"),
        ({"dataset": ABSENT, "holdout": 1}, "holdout"),
        ({"dataset": ABSENT, "seed": -1}, "seed"),
        ({"dataset": ABSENT, "rows": 10**12}, "rows"),
        ({"dataset": ABSENT, "time_limit": 0}, "time_limit"),
        ({"dataset": ABSENT, "kinds": {"age": "colour"}}, "kinds.age"),
        ({"dataset": ABSENT, "edition": "secret"}, "edition"),
        ({"dataset": ABSENT, "parameters": {"a": {"b": 1}}}, "parameters.a"),
        ([], "body"),
    ],
)
def test_a_body_that_does_not_fit_names_its_place(client: TestClient, body, words) -> None:
    answer = client.post("/api/runs", json=body)
    assert answer.status_code == 422 and answer.json()["error"]["kind"] == "input"
    assert words in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [b"{", b"\xff", b'{"dataset": NaN}', b'{"dataset": "\\ud800"}', b'{"\\ud800": 1}', b"[" * 100_000, b"9" * 5000],
)
def test_a_body_that_is_no_json_is_refused(client: TestClient, body: bytes) -> None:
    answer = client.post("/api/runs", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]["message"]


def test_a_column_that_is_not_there_is_named_with_the_way_out(client: TestClient, dataset: Dataset) -> None:
    answer = client.post("/api/runs", json={"dataset": dataset.id, "target": "pey"})
    assert answer.status_code == 422
    assert answer.json() == {
        "error": {"kind": "SchemaError", "message": "target: no column 'pey'; did you mean 'pay'?"}
    }


def test_what_was_asked_is_what_will_be_done(client: TestClient, dataset: Dataset, store: Store) -> None:
    from fidelia.workflow.recipe import Recipe

    asked = {
        "target": "pay", "kinds": {"age": "integer"}, "sensitive": ["sex"], "generator": "copula", "rows": 7,
        "holdout": 0.3, "seed": 5, "time_limit": 9.0, "edition": "internal",
    }  # fmt: skip
    told = client.post("/api/runs", json={"dataset": dataset.id, "name": " mine ", **asked}).json()
    assert told["name"] == "mine" and told["request"] == asked | {"parameters": {}}
    recipe = Recipe.load(store.run(told["id"]).folder / "recipe.toml")
    assert (recipe.source, recipe.n, recipe.kinds, recipe.time_limit) == (str(dataset.path), 7, {"age": "integer"}, 9.0)
    assert recipe.sensitive == ["sex"]


def test_the_target_is_no_sensitive_column(client: TestClient, dataset: Dataset) -> None:
    answer = client.post("/api/runs", json={"dataset": dataset.id, "target": "pay", "sensitive": ["pay"]})
    assert answer.status_code == 422 and "'pay' is the target" in answer.json()["error"]["message"]


def test_generators_say_what_they_need(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fidelia.web.api.find_spec", lambda name: None)
    told = {one["name"]: one["extra"] for one in client.get("/api/generators").json()}
    assert (told["auto"], told["trees"], told["vae"]) == (None, None, "deep")
    assert not any(name.startswith("image-") for name in told)


def test_what_is_not_there_is_said_in_the_same_form(client: TestClient) -> None:
    for answer, status in (
        (client.get("/api/nowhere"), 404),
        (client.put("/api/runs"), 405),
        (client.get("/api/"), 404),
    ):
        assert answer.status_code == status and set(answer.json()) == {"error"}


def test_a_fault_of_ours_shows_no_values(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    client = TestClient(connect(settings).app, base_url="http://127.0.0.1", raise_server_exceptions=False)
    monkeypatch.setattr(Store, "runs", lambda self: 1 / 0)
    answer = client.get("/api/runs", headers={"Authorization": f"Bearer {settings.token}"})
    assert answer.status_code == 500
    assert "ZeroDivision" not in answer.text and "fault of fidelia" in answer.json()["error"]["message"]


def test_the_description_is_complete_and_loads_nothing(client: TestClient) -> None:
    told = client.get("/openapi.json").json()
    assert told["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    for path, operations in told["paths"].items():
        assert path.startswith("/api/")
        for operation in operations.values():
            assert {"400", "401", "403"} <= set(operation["responses"]) and operation["summary"]
    for path in ("/docs", "/redoc"):
        assert client.get(path).status_code == 404


@pytest.mark.slow
def test_the_whole_job_with_a_worker(settings: Settings, described) -> None:
    """Upload, run, follow the events while it goes on, look at rows, download, delete."""
    table, _ = described
    app = connect(settings).app
    app.state.jobs._at_once = 1
    headers = {"Authorization": f"Bearer {settings.token}"}
    with TestClient(app, base_url="http://127.0.0.1:8765", headers=headers) as client:
        sent = client.post("/api/datasets", files={"file": ("people.csv", table.read_bytes())}).json()
        id_ = client.post("/api/runs", json={"dataset": sent["id"], "generator": "marginals", "rows": 25}).json()["id"]
        told = events(client, id_)
        assert [data["status"] for name, data in told if name == "status"] == ["queued", "running", "done"]
        stages = [data["stage"] for name, data in told if name == "progress"]
        assert stages.index("read") < stages.index("measure") < stages.index("audit") < stages.index("write")
        assert client.get(f"/api/runs/{id_}/rows").json()["total"] <= 25
        audit = client.get(f"/api/runs/{id_}/files/audit.parquet").content
        assert pq.read_table(io.BytesIO(audit)).num_rows <= 25
        assert client.delete(f"/api/runs/{id_}").status_code == 204
        assert client.get(f"/api/runs/{id_}").status_code == 404
        assert client.delete(f"/api/datasets/{sent['id']}").status_code == 204
        assert client.get("/api/datasets").json() == []
