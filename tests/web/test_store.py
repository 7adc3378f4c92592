"""The folders are the truth: what they hold is found again, and what a crash leaves does no harm."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fidelia.web.store import Dataset, Store, Unknown, made, write_json
from fidelia.workflow.recipe import Recipe


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "served")


def add(store: Store, **end: object) -> str:
    dataset = Dataset("d" * 12, "people", Path("people.csv"), 1, "path", "2026", Path())
    run = store.add_run(dataset, {"generator": "trees"}, "a name <b>", Recipe(source="people.csv"))
    if end:
        write_json(run.folder / "end.json", {"status": "done", "error": None, "ended": "2026"} | end)
    return run.id


def test_what_was_written_is_read_by_another_server(store: Store) -> None:
    id_ = add(store)
    found = Store(store.folder).run(id_)
    assert (found.name, found.dataset, found.status, found.over) == ("a name <b>", "d" * 12, "queued", False)
    assert Recipe.load(found.folder / "recipe.toml").source == "people.csv"
    assert [run.id for run in Store(store.folder).runs()] == [id_]


def test_the_status_is_what_the_files_say(store: Store) -> None:
    id_ = add(store)
    place = store.run(id_).folder
    write_json(place / "process.json", {"pid": 1, "birth": "then", "started": "2026"})
    assert (store.run(id_).status, store.run(id_).pid, store.run(id_).started) == ("running", 1, "2026")
    (place / "stop").touch()
    assert store.run(id_).stopping
    write_json(place / "end.json", {"status": "cancelled", "error": "why", "ended": "2027"})
    assert (store.run(id_).status, store.run(id_).error, store.run(id_).over) == ("cancelled", "why", True)


@pytest.mark.parametrize(
    "id_", ["zzzzzzzzzzzz", "../../../etc", "", ".", "..", "a" * 11, "a" * 13, "A" * 12, "aaaaaaaaaaaa\n", "ａ" * 12]
)
def test_what_is_no_id_is_unknown(store: Store, id_: str) -> None:
    for find in (store.run, store.dataset):
        with pytest.raises(Unknown):
            find(id_)


@given(st.text())
def test_no_text_leads_out_of_the_folder(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    store = Store(tmp_path_factory.getbasetemp() / "one")
    with pytest.raises(Unknown):
        store.run(text)


@pytest.mark.parametrize("content", [None, "", "{", "[]", "null", '{"name": "x"}', "\x00"])
def test_a_folder_that_is_half_written_is_passed_over(store: Store, content: str | None) -> None:
    kept = add(store)
    for parent, name in ((store.work, "run.json"), (store.data, "data.json")):
        place = parent / ("b" * 12)
        place.mkdir()
        if content is not None:
            (place / name).write_text(content)
    assert [run.id for run in store.runs()] == [kept]
    assert store.datasets() == []
    with pytest.raises(Unknown):
        store.run("b" * 12)


def test_a_crash_in_the_middle_of_making_leaves_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError), made(store.work) as (_, place):
        (place / "run.json").write_text("{}")
        raise RuntimeError
    assert list(store.work.iterdir()) == []


def test_what_a_killed_server_left_half_made_is_swept_away(store: Store) -> None:
    kept = add(store)
    for left in (store.work / ".new-abc", store.work / ".old-abc", store.data / ".new-xyz"):
        left.mkdir()
        (left / "table.csv").write_text("x")
    store.sweep()
    assert [place.name for place in store.work.iterdir()] == [kept]
    assert list(store.data.iterdir()) == []


def test_what_is_removed_is_gone_with_all_it_held(store: Store) -> None:
    id_ = add(store, status="done")
    (store.run(id_).out).mkdir()
    (store.run(id_).out / "report.html").write_text("x")
    store.remove(store.run(id_).folder)
    assert list(store.work.iterdir()) == []


def test_stages_are_folded_and_a_half_written_line_waits(store: Store) -> None:
    run = store.run(add(store))
    lines = [
        {"step": 1, "stage": "fit", "done": 0, "total": 4, "state": "open", "t": 0.5},
        {"step": 1, "stage": "fit", "done": 2, "total": 4, "state": "open", "t": 1.5},
        {"step": 2, "stage": "tree", "done": 0, "total": None, "state": "open", "t": 1.6},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines) + '{"step": 1, "sta'
    (run.folder / "progress.jsonl").write_text(text)
    assert run.progress() == [lines[1] | {"began": 0.5}, lines[2] | {"began": 1.6}]


def test_a_run_without_files_has_nothing(store: Store) -> None:
    run = store.run(add(store))
    assert (run.files(), run.document(), run.progress(), run.log(), run.synthetic()) == ([], None, [], "", None)


def test_only_what_a_run_writes_is_given_out(store: Store) -> None:
    run = store.run(add(store))
    run.out.mkdir()
    for name in ("report.html", "secret.txt", "synthetic.csv", ".hidden"):
        (run.out / name).write_text("x")
    assert run.files() == ["synthetic.csv", "report.html"]


def test_the_log_is_its_end(store: Store) -> None:
    run = store.run(add(store))
    (run.folder / "log.txt").write_text("é" * 10_000 + "the end")
    assert run.log(20) == "é" * 13 + "the end"


def test_the_newest_comes_first(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter(["2026-01-01", "2026-01-03", "2026-01-02"])
    monkeypatch.setattr("fidelia.web.store.now", lambda: next(times))
    ids = [add(store) for _ in range(3)]
    assert [run.id for run in store.runs()] == [ids[1], ids[2], ids[0]]


def test_others_cannot_look_in(store: Store) -> None:
    id_ = add(store)
    assert {place.stat().st_mode & 0o077 for place in (store.work, store.data, store.run(id_).folder)} == {0}
