"""Each experiment runs from one command, goes on where it stopped, and its page says what was stored."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import hide_and_seek
import mode_dropping
import picture_ranking
import privacy_weight
import pytest
import ranking
import study

import auditing

FEW = {
    "ranking": {name: {"generator": name, "parameters": {}} for name in ("copula", "marginals")},
    "privacy_weight": {
        name: {"generator": "gan", "parameters": {"steps": 5, "width": 8, "candidates": 1, "identifiability": weight}}
        for name, weight in {"0": 0.0, "1": 1.0}.items()
    },
    "auditing": {"copula": {"generator": "copula", "parameters": {}}},
    "hide_and_seek": {
        "fresh real rows": {"submission": "fresh"},
        "noise 0.1": {"submission": "noisy", "level": 0.1},
        "marginals": {"generator": "marginals", "parameters": {}},
    },
    "mode_dropping": {
        f"{features}, {way}": {"features": features, "way": way, "steps": 3}
        for features in mode_dropping.FEATURES
        for way in (mode_dropping.NONE, *mode_dropping.WAYS, mode_dropping.ALONE)
    },
    "picture_ranking": {
        picture_ranking.FRESH: {"generator": picture_ranking.FRESH},
        **{name: {"generator": name, "parameters": {"steps": 2, "width": 4}} for name in ("image-vae", "image-gan")},
    },
}
MODULES = (ranking, privacy_weight, auditing, hide_and_seek, mode_dropping, picture_ranking)
STUDIES = {module.STUDY.name: module.STUDY for module in MODULES}
OF_PICTURES = {"mode_dropping", "picture_ranking"}
SEEDS = {"picture_ranking": 1}
"""How many are stored of experiments whose generators take hours; five of all others."""


def short(name: str, **changes: object) -> study.Study:
    return replace(STUDIES[name], arms=lambda quick: FEW[name], **changes)


@pytest.mark.parametrize("name", STUDIES)
def test_a_script_runs_and_does_nothing_twice(name: str, small: Path, shown: Path, tmp_path: Path) -> None:
    data = [str(shown)] if name in OF_PICTURES else [str(small), "--target", "income"]
    command = ["--quick", "--seeds", "2", "--out", str(tmp_path), "--data", *data]
    with pytest.raises(SystemExit) as stop:
        short(name).main([*command, "--time-limit", "0"])
    assert stop.value.code == study.UNFINISHED
    short(name).main(command)
    document = json.loads((tmp_path / f"{name}.json").read_text())
    assert {arm: len(of) for arm, of in document["runs"].items()} == dict.fromkeys(FEW[name], 2)
    assert "| " in (tmp_path / f"{name}.md").read_text()
    assert (tmp_path / f"{name}.svg").read_text().startswith("<svg")
    before = (tmp_path / f"{name}.json").read_bytes()

    def never(*_: object) -> Mapping[str, object]:
        raise AssertionError("a finished run was run again")

    short(name, measure=never).main(command)
    assert (tmp_path / f"{name}.json").read_bytes() == before


@pytest.mark.parametrize("name", sorted(STUDIES))
def test_the_page_says_what_was_stored(name: str) -> None:
    found = study.ROOT / "experiments" / "results" / f"{name}.json"
    document = json.loads(found.read_text())
    assert document["seeds"] >= SEEDS.get(name, 5) and not document["quick"]
    assert set(document["runs"]) == set(STUDIES[name].arms(False))
    again = {**document, "summary": study.plain(STUDIES[name].summary(document["runs"]))}
    page = STUDIES[name].page(again)
    assert page.text in study.PAGE.read_text()
    assert (study.PAGE.parent / "experiments" / f"{name}.svg").read_text() == study.drawing(page.charts)
