"""Who is let in, from where, and what browsers may do with the answers."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from asking import HOST, TOKEN, TestClient, connect
from starlette.websockets import WebSocketDisconnect

from fidelia.errors import UsageError
from fidelia.web.settings import Settings

OWN = {"Origin": HOST, "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def stranger(settings: Settings) -> TestClient:
    return connect(settings, Accept="*/*")


@pytest.mark.parametrize("path", ["/", "/api/runs", "/openapi.json", "/data/abcdefghijkl", "/nowhere", "/api/x"])
def test_nothing_is_told_without_the_token(stranger: TestClient, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 401
    assert "link" in answer.text


@pytest.mark.parametrize(
    "given",
    ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer é"],
)
def test_a_wrong_token_is_none(settings: Settings, given: str) -> None:
    client = connect(settings, Accept="*/*")
    answer = client.get("/api/runs", headers={"Authorization": given.encode()})
    assert answer.status_code == 401
    assert answer.json()["error"]["kind"] == "unauthorized"
    assert answer.headers["www-authenticate"] == "Bearer"


def test_the_right_token_opens(client: TestClient) -> None:
    assert client.get("/api/runs").json() == []


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8765",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "",
        "127.0.0.2",
        "[::1",
        "a@127.0.0.1.b",
    ],
)
def test_a_foreign_name_gets_nothing(client: TestClient, host: str) -> None:
    """DNS rebinding: a page's own name may resolve to this machine."""
    answer = client.get("/api/runs", headers={"Host": host})
    assert answer.status_code == 400
    assert "name of the server" in answer.json()["error"]["message"]
    assert client.get("/static/app.css", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:8765", "[::1]:8765", "LOCALHOST", "127.0.0.1:9000"])
def test_own_names_and_forwarded_ports_are_ours(client: TestClient, host: str) -> None:
    assert client.get("/api/runs", headers={"Host": host}).status_code == 200


def test_a_server_for_others_has_the_name_that_was_said(settings: Settings) -> None:
    client = connect(replace(settings, host="data.example"))
    assert client.get("/api/runs", headers={"Host": "data.example:8765"}).status_code == 200
    assert client.get("/api/runs", headers={"Host": "127.0.0.1"}).status_code == 400


def test_a_server_for_all_addresses_takes_addresses_and_its_own_name_alone(settings: Settings) -> None:
    client = connect(replace(settings, host="0.0.0.0"))
    for host, status in (("192.168.1.7:8765", 200), ("[fe80::1]", 200), ("evil.example", 400)):
        assert client.get("/api/runs", headers={"Host": host}).status_code == status


def enter(client: TestClient, token: str = TOKEN) -> int:
    return int(client.get("/", params={"token": token}).status_code)


def test_the_link_trades_the_token_for_a_cookie(stranger: TestClient) -> None:
    answer = stranger.get("/", params={"token": TOKEN})
    cookie = answer.headers["set-cookie"]
    assert answer.status_code == 200
    assert re.search(r"HttpOnly", cookie) and re.search(r"SameSite=strict", cookie) and "Path=/" in cookie
    assert TOKEN not in cookie and TOKEN not in answer.text
    assert 'http-equiv="refresh"' in answer.text and answer.headers["referrer-policy"] == "no-referrer"
    assert stranger.get("/api/runs").status_code == 200


def test_a_drawn_token_opens_once(settings: Settings) -> None:
    drawn = replace(settings, chosen=False)
    first = connect(drawn, Accept="*/*")
    second = TestClient(first.app, base_url=HOST)
    assert second.get("/api/runs", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert enter(first) == 200
    assert enter(second) == 401
    assert second.get("/api/runs", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 401
    assert enter(first) == 200, "who is in already and opens the link again stays in"


def test_a_wrong_link_opens_nothing_and_uses_nothing_up(settings: Settings) -> None:
    client = connect(replace(settings, chosen=False), Accept="*/*")
    assert enter(client, "wrong") == 401
    assert enter(client) == 200


def test_a_session_outlives_the_server(settings: Settings) -> None:
    first = connect(settings, Accept="*/*")
    enter(first)
    later = connect(settings, Accept="*/*")
    later.cookies = first.cookies
    assert later.get("/api/runs").status_code == 200


def test_another_token_ends_all_sessions(settings: Settings) -> None:
    first = connect(settings, Accept="*/*")
    enter(first)
    later = connect(replace(settings, token="another token"), Accept="*/*")
    later.cookies = first.cookies
    assert later.get("/api/runs").status_code == 401


@pytest.mark.parametrize(
    "forged",
    [
        "",
        ".",
        "..",
        "9999999999",
        "9999999999.x",
        "9999999999.x.",
        "9999999999.x.0000",
        "x.y.z",
        "-1.a.b",
        "1" * 5000,
        "९९९९९९९९९९.a.b",
    ],
)
def test_a_forged_session_is_none(stranger: TestClient, forged: str) -> None:
    answer = stranger.get("/api/runs", headers={"Cookie": f"fidelia-8765={forged}".encode()})
    assert answer.status_code == 401


def test_a_changed_or_old_session_is_none(stranger: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    enter(stranger)
    until, salt, signature = stranger.cookies["fidelia-8765"].split(".")
    for changed in (
        f"{int(until) + 1}.{salt}.{signature}",
        f"{until}.{salt}x.{signature}",
        f"{until}.{salt}.{'0' * 64}",
    ):
        assert (
            TestClient(stranger.app, base_url=HOST, cookies={"fidelia-8765": changed}).get("/api/runs").status_code
            == 401
        )
    monkeypatch.setattr("time.time", lambda: int(until) + 1.0)
    assert stranger.get("/api/runs").status_code == 401


def test_the_key_of_sessions_is_its_owners_alone(settings: Settings) -> None:
    connect(settings)
    key = settings.folder / ".key"
    assert key.stat().st_mode & 0o077 == 0 and len(key.read_bytes()) == 32


def test_a_spoilt_key_is_refused(settings: Settings, tmp_path: Path) -> None:
    settings.folder.mkdir()
    (settings.folder / ".key").write_bytes(b"short")
    with pytest.raises(UsageError, match="delete it"):
        connect(settings)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (OWN, 404),
        ({"Origin": HOST}, 404),
        ({}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:3000"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:3000"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": HOST}, 403),
    ],
)
def test_only_our_own_pages_change_anything(stranger: TestClient, headers: dict[str, str], status: int) -> None:
    enter(stranger)
    for ask in (
        lambda: stranger.post("/api/runs/abcdefghijkl/cancel", headers=headers),
        lambda: stranger.delete("/api/runs/abcdefghijkl", headers=headers),
        lambda: stranger.post("/runs/abcdefghijkl/cancel", headers=headers),
    ):
        assert ask().status_code == status


@pytest.mark.parametrize(("headers", "status"), [({}, 404), ({"Origin": "http://evil.example"}, 403), (OWN, 404)])
def test_programs_need_no_origin_but_must_not_show_a_foreign_one(client: TestClient, headers, status: int) -> None:
    assert client.post("/api/runs/abcdefghijkl/cancel", headers=headers).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}, 200),
        ({"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 200),
    ],
)
def test_other_pages_may_link_here_and_embed_nothing(client: TestClient, headers: dict[str, str], status: int) -> None:
    assert client.get("/api/runs", headers=headers).status_code == status


@pytest.mark.parametrize("path", ["/", "/api/runs", "/api/nowhere", "/nowhere"])
def test_pages_run_no_script_of_a_value_and_are_not_kept(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'self'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


def test_no_form_of_ours_is_sent_with_a_null_origin(client: TestClient) -> None:
    """With no-referrer, browsers send "Origin: null" with forms of the page itself."""
    assert client.get("/").headers["referrer-policy"] == "same-origin"


def test_other_protocols_are_not_spoken(client: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect("/api/runs"):
        pass
    assert closed.value.code == 1008


@pytest.mark.parametrize("said", [True, False])
def test_a_body_without_end_is_cut_off(client: TestClient, said: bool) -> None:
    body = b"[" * 4_000_001 if said else (b"[" * 100_000 for _ in range(41))
    answer = client.post("/api/runs", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
