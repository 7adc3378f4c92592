"""Data comes in within limits, from allowed places alone, and never under a name of somebody else's choice."""

import asyncio
import gzip
import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from asking import TOKEN, TestClient, connect, write_table

from fidelia.errors import ReadError
from fidelia.web.settings import Settings
from fidelia.web.store import Store
from fidelia.web.uploads import NotAllowed, TooLarge, from_path, offered, refuse_bombs, shown_name, still_allowed

ROWS = b"age,sex\n" + b"".join(b"%d,%s\n" % (at % 60, b"fm"[at % 2 : at % 2 + 1]) for at in range(200))


def send(client: TestClient, content: bytes, name: str = "people.csv"):
    return client.post("/api/datasets", files={"file": (name, content, "text/csv")})


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take files as they come: reading one takes a process and a second."""
    monkeypatch.setattr("fidelia.web.uploads.inspect", lambda *_, **__: {"rows": 1, "target": None, "columns": []})


def left(store: Store) -> list[str]:
    return [place.name for place in store.data.iterdir()]


def test_an_upload_is_kept_and_described(client: TestClient, store: Store) -> None:
    answer = send(client, ROWS)
    assert answer.status_code == 201
    told = answer.json()
    assert (told["name"], told["bytes"], told["origin"], told["rows"], told["columns"]) == (
        "people.csv",
        len(ROWS),
        "upload",
        200,
        2,
    )
    kept = store.dataset(told["id"])
    assert kept.path == store.data / told["id"] / "table.csv" and kept.path.read_bytes() == ROWS
    columns = client.get(f"/api/datasets/{told['id']}/schema").json()["columns"]
    assert [(c["name"], c["kind"], c["missing"], c["distinct"]) for c in columns] == [
        ("age", "integer", 0, 60),
        ("sex", "category", 0, 2),
    ]
    assert columns[1]["examples"] == ["f", "m"]


@pytest.mark.parametrize(
    ("name", "shown", "ending"),
    [
        ("../../../etc/passwd.csv", "passwd.csv", ".csv"),
        ("..\\..\\evil.csv", "evil.csv", ".csv"),
        ("/etc/cron.d/x.csv", "x.csv", ".csv"),
        ("<script>alert(1)</script>.csv", "script>.csv", ".csv"),
        ("ab.CSV", "ab.CSV", ".csv"),
        ("x" * 500 + ".csv", "x" * 116 + ".csv", ".csv"),
        ("数据.csv", "数据.csv", ".csv"),
    ],
)
def test_names_are_for_show_alone(
    unread, client: TestClient, store: Store, settings: Settings, name, shown, ending
) -> None:
    before = set(settings.folder.parent.rglob("*"))
    answer = send(client, ROWS, name)
    assert answer.status_code == 201, answer.text
    assert answer.json()["name"] == shown
    place = store.data / answer.json()["id"]
    assert sorted(p.name for p in place.iterdir()) == ["data.json", "schema.json", f"table{ending}"]
    assert set(settings.folder.parent.rglob("*")) - before == {place, *place.iterdir()}


@pytest.mark.parametrize("name", ["x.exe", "x", "x.csv.zip", "x.html", "", ".csv/..", "x.parquet.gz"])
def test_other_endings_are_refused_with_those_there_are(client: TestClient, store: Store, name: str) -> None:
    answer = send(client, ROWS, name or "\x01")
    assert answer.status_code == 415
    assert ".parquet" in answer.json()["error"]["message"]
    assert left(store) == []


def test_too_much_is_refused_while_it_comes(client: TestClient, store: Store) -> None:
    """The settings of the tests take 100,000 bytes; the rest of a stream is not waited for."""
    taken = 0

    def endless():
        nonlocal taken
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\n'
        while taken < 50_000_000:
            taken += 50_000
            yield b"x" * 50_000

    answer = client.post(
        "/api/datasets", content=endless(), headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert answer.status_code == 413
    assert left(store) == []


def test_a_length_that_is_said_is_enough_to_refuse(client: TestClient, store: Store) -> None:
    answer = send(client, b"x" * 300_000)
    assert answer.status_code == 413
    assert (
        "--upload-limit" in answer.json()["error"]["message"] and "100,000 bytes" in answer.json()["error"]["message"]
    )
    assert left(store) == []


@pytest.mark.parametrize("over", [0, 1])
def test_the_limit_is_of_the_file(unread, client: TestClient, over: int) -> None:
    content = b"a\n" + b"1\n" * ((100_000 - 2) // 2) + b"2" * over
    assert send(client, content).status_code == (413 if over else 201)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("text/csv", ROWS),
        ("multipart/form-data", ROWS),
        ("multipart/form-data; boundary=b", b"nonsense"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\na\n1',
        ),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="other"; filename="x.csv"\r\n\r\na\r\n--b--\r\n',
        ),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\na\r\n--b--\r\n',
        ),
        ("multipart/form-data; boundary=b", b"--b--\r\n"),
        ("multipart/form-data; boundary=" + "b" * 5000, b"--b--\r\n"),
        ("", b""),
    ],
)
def test_what_is_no_form_is_refused(client: TestClient, store: Store, kind: str, content: bytes) -> None:
    answer = client.post("/api/datasets", content=content, headers={"Content-Type": kind})
    assert answer.status_code == 400, answer.text
    assert left(store) == []


def ask(app, *messages: dict) -> tuple[int, bytes]:
    """Send an upload as the server would pass it on, message by message."""
    given, sent = iter(messages), []
    headers = [(b"host", b"127.0.0.1"), (b"authorization", f"Bearer {TOKEN}".encode())]
    headers.append((b"content-type", b"multipart/form-data; boundary=b"))
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/datasets",
        "headers": headers,
        "query_string": b"",
        "root_path": "",
    }

    async def receive() -> dict:
        return next(given)

    async def send(message: dict) -> None:
        sent.append(message)

    with ThreadPoolExecutor() as thread:  # the browser of other tests keeps an event loop in this one
        thread.submit(asyncio.run, app(scope, receive, send)).result()
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


FORM = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\na,b\n1,2\n'


def test_who_goes_away_in_the_middle_leaves_nothing(client: TestClient, store: Store) -> None:
    status, _ = ask(client.app, {"type": "http.request", "body": FORM, "more_body": True}, {"type": "http.disconnect"})
    assert status == 400
    assert left(store) == []


def test_a_full_disk_is_said(client: TestClient, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self, *_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("fidelia.web.uploads._Form._data", full)
    status, body = ask(client.app, {"type": "http.request", "body": FORM, "more_body": False})
    assert status == 507 and b"No space left" in body
    assert left(store) == []


def test_two_files_are_refused(client: TestClient, store: Store) -> None:
    two = [("file", ("a.csv", ROWS)), ("file", ("b.csv", ROWS))]
    assert client.post("/api/datasets", files=two).status_code == 400
    assert left(store) == []


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"", "empty"),
        ("a.csv", b"a,b\n", "no rows"),
        ("a.csv", b"a,a\n1,2\n", "'a'"),
        ("a.csv", b"\x00\x01", "NUL"),
        ("a.csv", b"a\n\xff\xfe\n", "UTF-8"),
        ("a.parquet", b"PAR1 no", "parquet"),
        ("a.xlsx", b"no zip", "unpack"),
        ("a.csv.gz", b"no gzip", "unpack"),
        ("a.json", b"{", "a.json"),
    ],
)
def test_what_is_no_table_is_refused_in_words(client: TestClient, store: Store, name, content, words) -> None:
    answer = send(client, content, name)
    assert answer.status_code == 422
    message = answer.json()["error"]["message"]
    assert words in message and str(store.folder) not in message
    assert left(store) == []


def zeros(size: int) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as file:
        for _ in range(size // 1_000_000):
            file.write(b"0" * 1_000_000)
    return packed.getvalue()


def test_a_gzip_bomb_is_refused_before_it_is_read(client: TestClient, store: Store) -> None:
    bomb = zeros(50_000_000)
    assert len(bomb) < 100_000
    answer = send(client, bomb, "a.csv.gz")
    assert answer.status_code == 413 and "unpacks to more than" in answer.json()["error"]["message"]
    assert left(store) == []


def test_bombs_of_every_form_are_known(tmp_path: Path) -> None:
    zst = tmp_path / "a.csv.zst"
    with pa.CompressedOutputStream(str(zst), "zstd") as out:
        out.write(b"0" * 5_000_000)
    sheet = tmp_path / "a.xlsx"
    with zipfile.ZipFile(sheet, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/sheet1.xml", b"0" * 5_000_000)
    parquet = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": pa.array([0] * 5_000_000, pa.int8())}), parquet)
    assert all(place.stat().st_size < 100_000 for place in (zst, sheet, parquet))
    for place in (zst, sheet, parquet):
        with pytest.raises(TooLarge, match="1 MB"):
            refuse_bombs(place, 1_000_000, place.name)
        refuse_bombs(place, 6_000_000, place.name)


def test_what_takes_too_much_memory_to_read_takes_nothing_else_with_it(tmp_path: Path, monkeypatch) -> None:
    from fidelia.web import inspection

    monkeypatch.setattr(inspection, "MEMORY", 150_000_000)
    with pytest.raises(ReadError, match="memory"):
        inspection.inspect(write_table(tmp_path / "a.csv"), "a.csv", target=None, limit=0)


@pytest.mark.parametrize(
    "content", [b"<script>alert(1)</script>,\"=cmd|'x'\"\n<b>,1\n<i>,2\n", 'a"b,ä\n1,2\n3,4\n'.encode()]
)
def test_markup_in_names_and_values_is_data(client: TestClient, content: bytes) -> None:
    answer = send(client, content)
    assert answer.status_code == 201
    shown = client.get(f"/api/datasets/{answer.json()['id']}/schema")
    assert shown.headers["content-type"] == "application/json"
    header = content.decode().splitlines()[0]
    assert shown.json()["columns"][0]["name"] in header


# Paths


def test_an_allowed_file_is_used_where_it_lies(unread, client: TestClient, settings: Settings, store: Store) -> None:
    place = write_table(settings.allowed[0] / "people.csv")
    for said in ("people.csv", str(place)):
        answer = client.post("/api/datasets/path", json={"path": said})
        assert answer.status_code == 201
        assert store.dataset(answer.json()["id"]).path == place
    assert offered(settings) == [str(place)]


def test_the_shipped_sample_is_always_there(store: Store, settings: Settings) -> None:
    found = from_path("adult", store, replace(settings, allowed=()))
    assert (found.origin, found.schema()["target"]) == ("sample", "income")


@pytest.mark.parametrize(
    "path",
    [
        "../secret.csv",
        "../allowed/../secret.csv",
        "/etc/passwd",
        "/etc/hosts.csv",
        "",
        "x\x00.csv",
        "~/x.csv",
        "..",
        ".",
        "/",
        "sub/../../secret.csv",
        "file:///etc/passwd",
        "../allowed-not/x.csv",
        "nowhere.csv",
        "%2e%2e/secret.csv",
        "x" * 3000 + ".csv",
    ],
)
def test_other_paths_are_refused_alike_whether_there_or_not(client: TestClient, settings, store, path: str) -> None:
    write_table(settings.allowed[0].parent / "secret.csv")
    (settings.allowed[0].parent / "allowed-not").mkdir()
    write_table(settings.allowed[0].parent / "allowed-not" / "x.csv")
    answer = client.post("/api/datasets/path", json={"path": path})
    assert answer.status_code == (422 if path == "" else 403)
    if path:
        assert "--allow" in answer.json()["error"]["message"]
    assert left(store) == []


def test_a_link_out_of_an_allowed_folder_leads_nowhere(client: TestClient, settings: Settings, store: Store) -> None:
    secret = write_table(settings.allowed[0].parent / "secret.csv")
    (settings.allowed[0] / "link.csv").symlink_to(secret)
    (settings.allowed[0] / "folder").symlink_to(secret.parent)
    (settings.allowed[0] / "circle.csv").symlink_to(settings.allowed[0] / "circle.csv")
    for path in ("link.csv", "folder/secret.csv", str(settings.allowed[0] / "link.csv"), "circle.csv"):
        assert client.post("/api/datasets/path", json={"path": path}).status_code == 403
    assert offered(settings) == []


def test_a_link_that_is_put_there_later_is_not_followed(dataset, settings: Settings) -> None:
    secret = write_table(settings.allowed[0].parent / "secret.csv")
    assert still_allowed(dataset, settings)
    dataset.path.unlink()
    dataset.path.symlink_to(secret)
    assert not still_allowed(dataset, settings)


def test_one_allowed_file_allows_no_other(unread, store: Store, settings: Settings) -> None:
    one = write_table(settings.allowed[0] / "one.csv")
    write_table(settings.allowed[0] / "two.csv")
    narrow = replace(settings, allowed=(one,))
    assert from_path("one.csv", store, narrow).path == one
    for path in ("two.csv", str(one.parent / "two.csv")):
        with pytest.raises(NotAllowed):
            from_path(path, store, narrow)
    assert offered(narrow) == [str(one)]


def test_what_was_allowed_is_asked_again_when_it_is_read(settings: Settings, dataset) -> None:
    client = connect(replace(settings, allowed=()))
    answer = client.post("/api/runs", json={"dataset": dataset.id})
    assert answer.status_code == 403 and "--allow" in answer.json()["error"]["message"]


def test_pictures_are_for_the_command_line(client: TestClient, tmp_path: Path) -> None:
    pictures = pa.FixedShapeTensorArray.from_numpy_ndarray(__import__("numpy").zeros((20, 4, 4, 1), "uint8"))
    sink = io.BytesIO()
    pq.write_table(pa.table({"picture": pictures}), sink)
    answer = send(client, sink.getvalue(), "a.parquet")
    assert answer.status_code == 422 and "fidelia run" in answer.json()["error"]["message"]


@pytest.mark.parametrize("text", ["a/b.csv", "..", "", "\u202eevil.csv", "C:\\x\\y.csv", "a\nb", "."])
def test_a_shown_name_is_one_printable_line(text: str) -> None:
    name = shown_name(text)
    assert name and name.isprintable() and "/" not in name and "\\" not in name
    assert json.loads(json.dumps(name)) == name
