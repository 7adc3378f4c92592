"""The trilemma bench: toys with the law they claim, modes counted right, controls in order, claims from numbers."""

from __future__ import annotations

import copy
import json
import shutil
import xml.etree.ElementTree as Tree
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired

import numpy as np
import pyarrow as pa
import pytest

from fidelia.errors import FideliaError, UsageError
from fidelia.report import trilemma as page
from fidelia.report.standings import CONTROLS, claims, front, standings
from fidelia.rng import Rng
from fidelia.workflow import trilemma as bench
from fidelia.workflow.cases import as_table
from fidelia.workflow.entrant import Task, enter, get, parameters, put
from fidelia.workflow.toys import GOOD, TOYS, Grid, RareGroups
from fidelia.workflow.trilemma import PARTS, Plan, run

# --- the toys ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["grid", "turned"])
def test_a_fresh_draw_of_the_grid_has_all_modes_in_equal_shares(name):
    found = TOYS[name].judge(TOYS[name].table(20_000, Rng(1)))
    assert found["modes"] == found["of"] == 25
    assert found["good"] == pytest.approx(1 - np.exp(-(GOOD**2) / 2), abs=5e-4)
    assert found["kl"] == pytest.approx(24 / (2 * 20_000), rel=0.8)  # chi-squared with 24 degrees of freedom over 2 n


def test_the_turned_grid_is_the_grid_turned():
    straight, turned = Grid().centres, Grid(turn=30).centres
    assert np.linalg.norm(turned, axis=1) == pytest.approx(np.linalg.norm(straight, axis=1))
    assert np.arctan2(*turned[14][::-1]) == pytest.approx(np.deg2rad(30))  # (1, 0) stands at 30 degrees
    assert len(np.unique(straight[:, 0].round(6))) == 5
    assert len(np.unique(turned[:, 0].round(6))) == 25  # no column by itself shows where the modes are


def test_one_mode_and_noise_are_told_from_all_modes():
    grid = Grid()
    one = grid.judge(grid.one_mode(2_000, Rng(0)))
    assert (one["modes"], one["kl"]) == (1, pytest.approx(np.log(25)))
    draw = np.random.default_rng(0)
    like = grid.table(1, Rng(0))
    noise = like.with_arrow(pa.table({name: draw.uniform(-2.5, 2.5, 20_000) for name in "xy"}))
    found = grid.judge(noise)
    assert found["modes"] == 0  # its few good rows are everywhere, and nowhere enough
    assert found["good"] == pytest.approx(25 * np.pi * 0.2**2 / 25, abs=0.01)


def test_a_mode_counts_from_a_quarter_of_its_share():
    grid = Grid(side=2)
    modes = np.repeat([0, 1, 2, 3], [500, 400, 80, 20])  # shares of .5, .4, .08, .02; fair is .25, a quarter .0625
    assert grid.judge(grid.rows(modes, np.random.default_rng(0)))["modes"] == 3


def test_missing_and_infinite_numbers_are_bad_rows():
    like = Grid().table(1, Rng(0))
    found = Grid().judge(like.with_arrow(pa.table({"x": [0.0, None, 1.0], "y": [0.0, 1.0, float("inf")]})))
    assert found["good"] == pytest.approx(1 / 3)


def test_rare_groups_have_their_shares_and_places():
    toy, n = RareGroups(), 20_000
    assert toy.shares[[0, -1]] == pytest.approx([0.02, 0.001])
    table = toy.table(n, Rng(3))
    labels = np.array(table["group"].to_pylist())
    counts = np.array([(labels == label).sum() for label in toy.labels])
    assert np.abs(counts - toy.shares * n).max() <= 1
    found = toy.judge(table)
    assert (found["groups"], found["of"]) == (50, 50)
    assert found["good"] == pytest.approx(0.997, abs=0.002)
    assert toy.judge(toy.one_mode(n, Rng(0))) == {"groups": 0, "of": 50, "good": 0.0}


def test_a_label_without_its_place_is_no_group():
    toy = RareGroups()
    table = toy.table(20_000, Rng(3))
    shuffled = table.arrow.set_column(0, "group", table["group"].take(np.random.default_rng(0).permutation(20_000)))
    found = toy.judge(table.with_arrow(shuffled))
    assert found["groups"] == 0 and found["good"] < 0.1


# --- one entrant ------------------------------------------------------------------------------------------------


def test_an_entrant_hands_in_rows_and_costs(tmp_path):
    table = RareGroups().table(500, Rng(0))
    put(tmp_path, "train", table)
    Task("copula", 0, 300, draws=(1_000, 2_000)).save(tmp_path)
    enter(tmp_path)
    cost = json.loads((tmp_path / "cost.json").read_text())
    synthetic = get(tmp_path, "synthetic")
    assert len(synthetic) == 300 and synthetic.schema == table.schema
    assert set(cost["speed"]) == {"1000", "2000"} and min(cost["speed"].values()) > 0
    assert cost["fit"] > 0 and cost["first"] > 0 and cost["bundle_mb"] > 0
    assert cost["peak_mb"] + 1 > cost["fit_mb"] > cost["start_mb"] - 1 > 0  # the system counts to about a megabyte
    assert cost["parameters"] == parameters(Task("copula", 0, 1).fit(table, None))


def test_a_draw_that_would_take_minutes_is_not_made(monkeypatch, tmp_path):
    from fidelia.workflow import entrant

    monkeypatch.setattr(entrant, "LONGEST", 1e-9)
    model = Task("marginals", 0, 1).fit(Grid().table(100, Rng(0)), None)
    assert entrant.speeds(model, (1_000,))["speed"] == {"1000": None}


# --- the bench --------------------------------------------------------------------------------------------------


def entered(tasks):
    """Stand in for processes: do the task here, note it, and end as a process would."""

    def call(command, **_how):
        folder = Path(command[-1])
        tasks.append(Task.load(folder))
        try:
            enter(folder)
        except FideliaError as error:
            said = f"Traceback ...\nfidelia.errors.{type(error).__name__}: {error}\n"
            return CompletedProcess(command, 1, b"", said.encode())
        return CompletedProcess(command, 0, b"", b"")

    return call


@pytest.fixture
def tasks(monkeypatch):
    """What entrants are asked to do, which they do in this process."""
    asked: list[Task] = []
    monkeypatch.setattr(bench.subprocess, "run", entered(asked))
    return asked


SMALL = Plan(
    generators=("chowliu", "copula"),
    rows=600,
    grid=600,
    groups=600,
    draws=(1_000, 2_000),
    parameters={"chowliu": {"k": 0}},
)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A bench of two generators, one of which fails, and the controls."""
    out = tmp_path_factory.mktemp("trilemma")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench.subprocess, "run", entered([]))
        return out, run("adult", SMALL, out)


@pytest.fixture
def again(done, tmp_path):
    """A copy of that bench, to go on from."""
    return Path(shutil.copytree(done[0], tmp_path / "again"))


def test_controls_are_good_and_bad_at_what_they_must_be(done):
    _, document = done
    found = {one.name: one for one in standings(document)}
    assert set(CONTROLS) <= set(found)
    copier, fresh = found["exact copier"], found["fresh real"]
    assert copier.quality > 0.8 and copier.value("real", "authenticity") == 0
    assert copier.copies and found["noisy-copy"].copies
    assert not fresh.copies and not found["marginals"].copies
    assert found["marginals"].quality < 0.8 * fresh.quality
    assert found["one mode"].quality < 0.3 and found["one mode"].coverage < 0.5
    assert [found["one mode"].value(part, "modes") for part in ("grid", "turned")] == [1, 1]
    assert found["marginals"].value("grid", "modes") == 25  # independent columns make a straight grid exactly
    assert found["marginals"].value("turned", "modes") < 10
    assert found["one mode"].value("groups", "groups") == 0 < fresh.value("groups", "groups")


def test_a_generator_that_fails_is_a_line_with_its_reason(done):
    out, document = done
    line = next(line for line in document["lines"] if line["name"] == "chowliu")
    assert set(line["failed"]) == set(PARTS) and line["real"] is None and line["cost"] is None
    assert "k = 0" in line["failed"]["real"] and line["failed"]["real"].startswith("UsageError")
    assert "chowliu, real: UsageError: k = 0" in (out / "trilemma.md").read_text()
    assert "chowliu" not in document["front"]


def test_what_was_measured_is_not_measured_again_and_what_failed_is(done, again, tasks):
    document = run("adult", SMALL, again)
    assert [task.generator for task in tasks] == ["chowliu"] * len(PARTS)
    assert document == done[1]


def test_an_interrupted_bench_goes_on(again, tasks):
    path = again / "lines" / "copula.turned.json"
    kept = json.loads(path.read_text())
    path.unlink()
    document = run("adult", replace(SMALL, generators=("copula",)), again)
    assert [(task.generator, task.draws) for task in tasks] == [("copula", ())]
    assert json.loads(path.read_text())["found"]["scores"] == kept["found"]["scores"]
    assert [line["name"] for line in document["lines"]] == [*list(CONTROLS)[:3], "copula", "marginals", "noisy-copy"]


def test_another_plan_measures_anew(done):
    lines, rows = done[0] / "lines", 360
    kept = bench.Kept(lines, json.loads((lines / "copula.real.json").read_text())["key"])
    assert kept.get(SMALL.task("copula", "real", rows), "real")
    assert kept.get(replace(SMALL, seed=1).task("copula", "real", rows), "real") is None
    assert kept.get(SMALL.task("chowliu", "real", rows), "real") is None  # failed: tried again
    assert bench.Kept(lines, "another table").get(SMALL.task("copula", "real", rows), "real") is None


def test_files_are_whole_and_agree(done):
    out, document = done
    assert sorted(path.name for path in out.iterdir()) == ["lines", *sorted(bench.FILES)]
    assert json.loads((out / "trilemma.json").read_text()) == json.loads(json.dumps(document))
    text = (out / "trilemma.md").read_text()
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in table}) == 1 and len(table) == 2 + len(document["lines"])
    drawn = Tree.fromstring((out / "trilemma.svg").read_text())
    said = {"".join(text.itertext()) for text in drawn.iter("{http://www.w3.org/2000/svg}text")}
    assert {line["name"] for line in document["lines"]} <= said
    assert "prefers-color-scheme: dark" in (out / "trilemma.svg").read_text()
    assert "<script" not in (out / "trilemma.svg").read_text()
    machine = document["machine"]
    assert machine["processors"] >= 1 and machine["threads"] in (1, 2)


def test_writing_fails_whole(done, tmp_path, monkeypatch):
    document = done[1]
    (tmp_path / "trilemma.md").write_text("before")
    monkeypatch.setattr(bench.page, "svg", lambda _document: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        bench._write(document, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["trilemma.md"]
    assert (tmp_path / "trilemma.md").read_text() == "before"


def test_limits_and_sizes_follow_the_plan():
    plan = Plan(limit=180.0, rows=15_000)
    assert [plan.task("vae", part, 9).seconds for part in PARTS] == [180.0, 90.0, 90.0, 90.0]
    assert [plan.size(toy) for toy in TOYS] == [10_000, 10_000, 15_000]
    assert plan.task("vae", "real", 9).draws == (1_000, 10_000, 100_000)
    with pytest.raises(UsageError, match="did you mean 'trees'"):
        Plan(generators=("treees",)).names()
    assert Plan(generators=("trees",)).names() == ["trees", "marginals", "noisy-copy"]


def test_a_process_that_dies_is_a_reason():
    said = b"Traceback ...\n  line\nfidelia.errors.TrainingError: it diverged\n"
    assert bench._reason(CompletedProcess([], 1, b"", said)) == "TrainingError: it diverged"
    assert "signal 9" in bench._reason(CompletedProcess([], -9, b"", b""))
    assert bench._reason(CompletedProcess([], 3, b"", b"")) == "exit code 3"


def test_a_process_that_hangs_is_a_reason(monkeypatch):
    def hang(command, *, timeout, **_how):
        raise TimeoutExpired(command, timeout)

    monkeypatch.setattr(bench.subprocess, "run", hang)
    arena = bench.Arena.of(as_table("adult"), SMALL)
    assert bench._entered(SMALL.task("trees", "grid", 1), "grid", arena, 605.0) == {"failed": "stopped after 605 s"}


# --- what the numbers amount to ---------------------------------------------------------------------------------


def line(name, *, quality=0.9, coverage=0.95, modes=25, good=0.999, groups=50, speed=50_000.0, fit=60.0, new=0.5):
    return {
        "name": name,
        "control": name in CONTROLS,
        "summary": name,
        "real": {"two_sample": quality, "alpha": 0.95, "beta": coverage, "coverage": coverage,
                 "authenticity": new, "dcr": 0.5, "auc": 1 - quality / 2},
        "grid": {"modes": 25, "of": 25, "good": good, "kl": 0.01},
        "turned": {"modes": modes, "of": 25, "good": good, "kl": 0.01},
        "groups": {"groups": groups, "of": 50, "good": good},
        "cost": {"fit": fit, "first": 0.1, "speed": {"1000": speed, "10000": speed}, "fit_mb": 300.0, "peak_mb": 300.0,
                 "parameters": 1_000, "bundle_mb": 0.1},
        "fits": {"real": fit},
        "failed": {},
    }  # fmt: skip


def made(*lines):
    fresh = line("fresh real", quality=1.0, coverage=1.0) | {"cost": None, "fits": {}}
    return {
        "draws": [1_000, 10_000],
        "lines": [fresh, *lines],
        "limit": None,
        "toy_limit": None,
        "seed": 0,
        "table": {"name": "made & <up>", "columns": 3, "train": 100, "holdout": 50, "fresh": 50},
        "toys": {"grid": 100, "turned": 100, "groups": 100},
        "machine": {"processors": 2, "threads": 2, "architecture": "x86_64"},
        "claims": [],
        "front": [],
    }


def verdicts(document):
    return {found["family"]: found["verdict"] for found in claims(document)}


def test_the_usual_claims_are_confirmed_when_the_numbers_say_so():
    document = made(
        line("gan", quality=0.4, modes=14, coverage=0.6),
        line("vae", quality=0.3, good=0.7),
        line("diffusion", speed=1_000.0),
        line("ddgan", speed=20_000.0),
    )
    assert verdicts(document) == {
        "gan": "confirmed", "vae": "confirmed", "diffusion": "confirmed", "ddgan": "confirmed", "all": "refuted",
    }  # fmt: skip
    said = {found["family"]: found["sentence"] for found in claims(document)}
    assert "1,000 rows/s, the fastest network 50,000" in said["diffusion"]
    assert "25 of 25 modes, 14 of the turned grid's" in said["gan"] and "60 % of fresh real" in said["gan"].replace(
        "\u202f", " "
    )
    assert "ddgan" in said["all"]


def test_the_usual_claims_are_refuted_when_the_numbers_say_so():
    document = made(
        line("gan", speed=2_000.0),
        line("vae", modes=9),
        line("diffusion", quality=0.2),
        line("ddgan", quality=0.1, groups=20, speed=1_000.0),
    )
    assert verdicts(document) == {
        "gan": "refuted", "vae": "refuted", "diffusion": "refuted", "ddgan": "refuted", "all": "confirmed",
    }  # fmt: skip
    half = made(line("gan", modes=25), line("ddgan", groups=10))
    assert verdicts(half)["gan"] == verdicts(half)["ddgan"] == "in part"


def test_what_was_not_measured_is_not_claimed():
    broken = line("diffusion") | {"cost": None, "real": None}
    assert set(verdicts(made(broken)).values()) == {"not measured"}
    assert verdicts(made())["gan"] == "not measured"


def test_a_copier_does_not_refute_the_trilemma():
    assert verdicts(made(line("vae", new=0.1), line("gan", modes=3)))["all"] == "confirmed"


def test_the_front_holds_what_none_beats_and_no_control():
    document = made(
        line("fast", quality=0.3, speed=1e6),
        line("both", quality=0.8, speed=1e5),
        line("beaten", quality=0.7, speed=9e4),
        line("best", quality=0.95, speed=1e3),
        line("noisy-copy", quality=1.0, speed=1e7),
    )
    assert front(document) == ["fast", "both", "best"]
    assert [one.name for one in standings(document)] == ["fresh real", "best", "both", "beaten", "fast", "noisy-copy"]


def test_a_picture_of_nothing_and_of_strange_names_is_whole():
    broken = copy.deepcopy(line('<x> & "y"')) | dict.fromkeys((*PARTS, "cost")) | {"failed": {"real": "no | <way>"}}
    for document in (made(), made(broken), made(line('<x> & "y"', fit=0.0))):
        drawn = Tree.fromstring(page.svg(document))
        assert drawn.get("viewBox")
        assert "nan" not in page.svg(document)
        page.markdown(document)


def test_names_in_the_picture_do_not_hide_each_other():
    from fidelia.report.scatter import Box, scatter

    lines = [line(f"generator{i}", quality=0.8 + 0.01 * i, speed=5e4 * 1.05**i) for i in range(6)]
    texts = [text for text in scatter(made(*lines)).texts if text.text.startswith("generator")]
    boxes = []
    for text in texts:
        wide = 6.6 * len(text.text)
        left = text.x - {"start": 0, "middle": wide / 2, "end": wide}[text.anchor]
        boxes.append(Box(left, text.y - 10, left + wide, text.y + 3))
    clashes = [a.overlap(b) for i, a in enumerate(boxes) for b in boxes[:i]]
    assert sum(area > 30 for area in clashes) <= 2


@pytest.mark.browser
def test_the_picture_follows_the_scheme_and_asks_for_nothing(chromium, tmp_path):
    path = tmp_path / "trilemma.svg"
    path.write_text(page.svg(made(line("trees"), line("gan", speed=2e5))), encoding="utf-8")
    paper = set()
    for scheme in ("light", "dark"):
        tab = chromium.new_page()
        said, asked = [], []
        tab.on("console", lambda message: said.append(message.text))
        tab.on("request", lambda request: asked.append(request.url))
        tab.emulate_media(color_scheme=scheme)
        tab.goto(path.as_uri())
        paper.add(tab.evaluate("getComputedStyle(document.querySelector('.paper')).fill"))
        right = "[...document.querySelectorAll('text')].map(t => t.getBoundingClientRect().right)"
        assert tab.evaluate(f"Math.max(...{right})") <= 960
        assert said == [] and asked == [path.as_uri()]
        tab.close()
    assert len(paper) == 2
