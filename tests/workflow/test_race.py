"""The race of generators: who wins where the law is known, who is out, what a time limit does, and the words."""

import json
import sys
from dataclasses import replace
from importlib.resources import files
from types import ModuleType, SimpleNamespace

import jsonschema
import numpy as np
import pandas as pd
import pytest

import fidelia as fd
from fidelia.errors import SchemaError, TrainingError, UsageError
from fidelia.generate import catalog
from fidelia.generate.catalog import DEEP, Entry
from fidelia.generate.effort import UNLIMITED
from fidelia.generate.marginals import Marginals
from fidelia.measure.catalog import measure
from fidelia.measure.result import Reference, Result
from fidelia.report.page import render
from fidelia.workflow import plan, race
from fidelia.workflow.heats import Gate, Mark, Ran, pooled
from fidelia.workflow.leaderboard import NETWORKS, QUICK, judged
from fidelia.workflow.outcome import Interrupted
from fidelia.workflow.race import Race, raced, run_race
from fidelia.workflow.recipe import Recipe


def independent(n: int = 2_000) -> fd.Table:
    draw = np.random.default_rng(0)
    return fd.read(
        pd.DataFrame({"a": draw.normal(size=n), "b": draw.gamma(2, size=n), "c": draw.choice(list("pqr"), n)})
    )


def dependent(n: int = 2_000) -> fd.Table:
    """Six numbers and a category that follow one hidden number closely."""
    draw = np.random.default_rng(0)
    hidden = draw.normal(size=n)
    numbers = {f"x{i}": np.sin(hidden * (1 + i / 3) + i) + 0.2 * draw.normal(size=n) for i in range(6)}
    return fd.read(pd.DataFrame({**numbers, "c": np.where(hidden > 0.3, "p", "q")}))


@pytest.fixture(scope="module")
def close() -> Race:
    return run_race(dependent(), entrants=["noisy-copy", "trees", "marginals"], seed=1)


def test_independent_columns_need_no_more_than_marginals() -> None:
    found = run_race(independent(), entrants=["chowliu", "marginals"])
    assert found.winner == "marginals"
    assert found.lines[0].loss < 0.05
    assert found.lines[1].name == "chowliu" and "less simple" in found.lines[1].why


def test_dependent_columns_need_more(close: Race) -> None:
    assert close.winner == "trees"
    marginals = next(line for line in close.lines if line.name == "marginals")
    assert marginals.status == "lost" and marginals.loss > 3 * close.lines[0].loss
    assert "most by alpha-precision" in marginals.why


def test_copies_are_out(close: Race) -> None:
    copy = next(line for line in close.lines if line.name == "noisy-copy")
    assert copy.status == "leaked" and copy.place is None
    assert "closer to training rows" in copy.why
    assert {gate.code for gate in copy.gates if not gate.passed} >= {"AUT02", "PRV02"}


def test_what_a_race_says_is_plain_data_that_fits_the_schema_and_stands_on_the_page(close: Race) -> None:
    schema = json.loads((files("fidelia.report") / "schema.json").read_text(encoding="utf-8"))
    said = close.to_dict()
    jsonschema.validate(said, {**schema["$defs"]["Race"], "$defs": schema["$defs"]})
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    assert close.rows == {"fit": 1_600, "select": 400, "scored": 800, "all": 2_000}
    assert close.reproducible and close.refit is None and close.effort == UNLIMITED and close.finding is None


def test_a_run_of_auto_fits_the_winner_and_shows_the_race(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race, "SPLITS", 1)
    monkeypatch.setattr(
        "fidelia.workflow.pipeline.measure", lambda case, codes: measure(case, codes or ("FID02", "AUT02"))
    )
    done = fd.run(independent(400), generator="auto", parameters={"entrants": ["chowliu", "marginals"]})
    assert done.model.name == done.document["race"]["winner"] == done.document["inputs"]["generator"]["name"]
    assert done.model.about["rows"] == 320
    assert done.recipe.generator == "auto"
    page = render(done.document)
    assert 'id="race"' in page and "marginals won" in page


def mark(loss: float, sd: float = 0.02, code: str = "FID26") -> Mark:
    return Mark(code, 0.5 + loss / 2, 0.5, (0.4, 0.6), loss, sd)


def gate(leak: float) -> Gate:
    return Gate("PRV02", 0.5 + 0.03 * leak, 0.5, (0.5, 0.6), leak < 1, leak, "Rows lie closer" if leak >= 1 else "")


def ran(loss: float, leak: float = 0.0, sd: float = 0.02) -> Ran:
    return Ran(1.0, 0.1, 0.5, (mark(loss, sd), mark(loss, sd, "DIV01")), (gate(leak),), Marginals())


def test_the_simplest_within_one_standard_error_of_the_best_wins() -> None:
    lines, limit = judged({"marginals": ran(0.30), "chowliu": ran(0.113), "trees": ran(0.10), "gan": ran(0.2)})
    assert limit == pytest.approx(0.10 + 0.02 / np.sqrt(2))
    assert [line.name for line in lines] == ["chowliu", "trees", "gan", "marginals"]
    assert [line.place for line in lines] == [2, 1, 3, 4]
    assert "best, trees" in lines[0].why and "less simple" in lines[1].why and "loses 0.200" in lines[3].why


def test_a_score_that_others_have_and_it_has_not_is_lost() -> None:
    half = replace(ran(0.1), marks=(mark(0.1),))
    lines, _ = judged({"trees": ran(0.1), "chowliu": half})
    assert lines[0].name == "trees"
    assert lines[1].loss == pytest.approx(0.55)


def test_leaks_come_last_and_where_all_leak_the_least_wins_with_a_warning() -> None:
    lines, limit = judged({"marginals": ran(0.4), "noisy-copy": ran(0.0, 9)})
    assert [line.status for line in lines] == ["won", "leaked"] and limit is not None
    lines, limit = judged({"trees": ran(0.0, 3), "noisy-copy": ran(0.0, 9)})
    assert limit is None and [line.name for line in lines] == ["trees", "noisy-copy"]
    found = Race("trees", tuple(lines), {}, 1, limit, None, True, None).finding
    assert found is not None and found.severity == "warning"
    assert found.sentence.startswith("trees leaks least of 2: rows lie closer")


def test_repeated_splits_shrink_the_error_by_less_than_independent_ones_would() -> None:
    one = Result(
        0.6, (0.5, 0.7), Reference(0.5, 0.1, 9, "holdout"), breakdown={"excess": 0.1, "excess_interval": [0.0, 0.2]}
    )
    both = pooled([one, replace(one, value=0.8, interval=(0.7, 0.9))], share=0.2)
    narrow = np.sqrt(1.2 / 2)
    assert both.value == pytest.approx(0.7)
    assert both.interval == pytest.approx((0.7 - 0.1 * narrow, 0.7 + 0.1 * narrow))
    assert both.reference.sd == pytest.approx(0.1 * narrow)
    assert both.breakdown["alarm"] and both.breakdown["excess_interval"][0] == pytest.approx(0.1 - 0.1 * narrow)


class Entered:
    """Stands for fitting and scoring; what it was asked for is kept, and its clock goes on by what it says."""

    def __init__(self, losses: dict[str, float], now: SimpleNamespace, takes: float = 5.0) -> None:
        self.losses, self.now, self.takes = losses, now, takes
        self.seconds: dict[str, float | None] = {}
        self.heats: list = []

    def __call__(self, name: str, heats: list, seconds: float | None, progress: object) -> Ran:
        self.seconds[name], self.heats = seconds, heats
        limited = catalog.entries()[name].extra == DEEP
        self.now.at += seconds if limited and seconds else self.takes
        if name not in self.losses:
            raise KeyboardInterrupt
        return replace(ran(self.losses[name]), generator=Limited() if limited else Marginals())


class Limited(Marginals):
    """Marginals that take an effort."""

    def fit(self, table, *, rng, progress=None, effort=UNLIMITED):
        return super().fit(table, rng=rng)


class Broken(Marginals):
    """Cannot be fitted."""

    def fit(self, table, *, rng, progress=None):
        raise TrainingError("the training diverged")


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalog in which networks are quick, one generator is slow, one breaks and one is not installed."""
    module = ModuleType("made_generators")
    module.Limited, module.Broken = Limited, Broken
    monkeypatch.setitem(sys.modules, "made_generators", module)
    networks = {entry.name: replace(entry, where="made_generators:Limited") for entry in catalog.ENTRIES if entry.extra}
    more = (
        Entry("slow", "fidelia.generate.marginals:Marginals", "Slow."),
        Entry("broken", "made_generators:Broken", "Breaks."),
    )
    monkeypatch.setattr(catalog, "ENTRIES", (*(networks.get(entry.name, entry) for entry in catalog.ENTRIES), *more))
    monkeypatch.setattr(catalog, "find_spec", lambda _: object())
    monkeypatch.setitem(plan.FIT, "slow", 1.0)


@pytest.fixture
def entered(known: None, monkeypatch: pytest.MonkeyPatch) -> Entered:
    now = SimpleNamespace(at=100.0)
    losses = {"marginals": 0.4, "copula": 0.3, "chowliu": 0.2, "trees": 0.1, "autoregressive": 0.01, "diffusion": 0.05}
    found = Entered({**losses, "vae": 0.2, "ddgan": 0.2, "gan": 0.3}, now)
    monkeypatch.setattr(race, "enter", found)
    monkeypatch.setattr(race, "perf_counter", lambda: now.at)
    return found


def statuses(found: Race) -> dict[str, str]:
    return {line.name: line.status for line in found.lines}


def test_without_a_limit_networks_run_only_when_they_are_named(entered: Entered) -> None:
    assert set(entered.seconds) == set()
    found = run_race(dependent(300))
    assert found.winner == "trees" and set(entered.seconds) == set(QUICK)
    assert statuses(found)["vae"] == "skipped" and "time limit" in found.lines[-1].why
    named = run_race(dependent(300), entrants=["vae", "copula"])
    assert named.winner == "vae" and entered.seconds["vae"] is None and named.reproducible


def test_networks_share_what_is_left_and_one_share_is_kept_for_the_winner(entered: Entered) -> None:
    found = run_race(dependent(2_000), seconds=140)
    # 4 quick ones take 5 s each; each network is scored in 0.5 s: (120 - 5 * 0.5) / 6.
    assert entered.seconds["autoregressive"] == pytest.approx(117.5 / 6)
    assert found.winner == "autoregressive" and not found.reproducible
    assert found.refit >= entered.seconds["autoregressive"] - 0.01
    assert found.effort.seconds == found.refit
    assert sum(entered.seconds[name] for name in NETWORKS) + found.refit == pytest.approx(120)


def test_where_time_is_short_fewer_networks_run_and_none_for_less_than_its_least(entered: Entered) -> None:
    found = run_race(dependent(2_000), seconds=55)
    assert [name for name in entered.seconds if name in NETWORKS] == ["autoregressive", "diffusion"]
    assert all(entered.seconds[name] >= race.LEAST for name in ("autoregressive", "diffusion"))
    assert statuses(found)["gan"] == "skipped" and "needs 10 s at least" in found.lines[-1].why


def test_what_cannot_finish_is_skipped_but_somebody_runs(entered: Entered) -> None:
    found = run_race(dependent(2_000), seconds=60, entrants=["trees", "slow"])
    assert statuses(found) == {"trees": "won", "slow": "skipped"} and "slow" not in entered.seconds
    assert "at least" in found.lines[1].why
    assert run_race(dependent(2_000), seconds=0.01).winner == "marginals"


def test_a_failure_is_a_line_and_only_a_race_of_failures_is_an_error(known: None, monkeypatch) -> None:
    monkeypatch.setattr(race, "SPLITS", 1)
    found = run_race(independent(300), entrants=["broken", "marginals"])
    assert statuses(found) == {"marginals": "won", "broken": "failed"}
    assert found.lines[1].why == "the training diverged"
    with pytest.raises(SchemaError, match="broken: the training diverged"):
        run_race(independent(300), entrants=["broken"])


def test_a_network_without_torch_is_listed(entered: Entered, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "find_spec", lambda _: None)
    found = run_race(independent(300), seconds=1_000, entrants=["marginals", "vae"])
    assert statuses(found)["vae"] == "skipped" and "pip install" in found.lines[1].why


def test_the_same_seed_has_the_same_race(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race, "SPLITS", 2)
    one, two = (run_race(dependent(200), entrants=["marginals"], seed=3) for _ in range(2))
    without = {"fit_seconds": None, "sample_seconds": None}
    assert [replace(line, **without) for line in one.lines] == [replace(line, **without) for line in two.lines]
    assert one.splits == 2


def test_an_interrupt_keeps_the_best_so_far(entered: Entered) -> None:
    del entered.losses["trees"]
    with pytest.raises(Interrupted) as stop:
        run_race(dependent(300))
    assert stop.value.outcome.model.name == "chowliu"
    entered.losses.clear()
    with pytest.raises(KeyboardInterrupt) as bare:
        run_race(dependent(300))
    assert not isinstance(bare.value, Interrupted)


def test_splits_follow_the_split_of_the_run(entered: Entered) -> None:
    table = fd.read(
        pd.DataFrame({"who": np.repeat(np.arange(100), 5), "when": np.arange(500), "x": np.arange(500) % 7})
    )
    run_race(table, entrants=["marginals"], by="who")
    assert len(entered.heats) == race.SPLITS
    for heat in entered.heats:
        assert not set(heat.fit["who"].to_pylist()) & set(heat.select["who"].to_pylist())
    run_race(table, entrants=["marginals"], time="when")
    assert len(entered.heats) == 1
    assert max(entered.heats[0].fit["when"].to_pylist()) < min(entered.heats[0].select["when"].to_pylist())


def test_large_tables_race_on_a_part_of_their_rows(entered: Entered, monkeypatch: pytest.MonkeyPatch) -> None:
    found = run_race(independent(6_000), entrants=["marginals"], seconds=20)
    assert found.rows["fit"] + found.rows["select"] == 3_000 and found.rows["all"] == 6_000
    monkeypatch.setattr(race, "MOST_SELECT", 100)
    assert run_race(independent(6_000), entrants=["marginals"]).rows["select"] == 100


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"leaf": 3}, "'leaf'"),
        ({"entrants": "trees"}, "list"),
        ({"entrants": []}, "list"),
        ({"entrants": ["tree"]}, "'tree'"),
    ],
)
def test_wrong_parameters_are_refused(parameters: dict, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        raced(Recipe("x", generator="auto", parameters=parameters), independent(200))


def test_too_few_rows_and_no_time_are_refused() -> None:
    with pytest.raises(SchemaError, match="99 rows are too few"):
        run_race(independent(99))
    with pytest.raises(UsageError, match="above 0"):
        run_race(independent(200), seconds=0)


def test_another_generator_does_not_race() -> None:
    recipe = Recipe("x", generator="trees")
    assert raced(recipe, independent(200)) == (recipe, None)
