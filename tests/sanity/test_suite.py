"""The suite: its constructions, its runner, and the published verdicts on cheap checks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fidelia.rng import Rng
from fidelia.sanity import constructions, report, suite
from fidelia.sanity.checks import CHECKS, Check
from fidelia.sanity.published import published
from fidelia.sanity.subjects import SUBJECTS, Subject, of_entry
from fidelia.sanity.suite import Plan, Scores, passes, run, settings_of, table

BY_NAME = {check.name: check for check in CHECKS}
BALLS = next(subject for subject in SUBJECTS if subject.name == "balls")
COMPOSITES = next(subject for subject in SUBJECTS if subject.name == "composites")


def scored(subject: Subject, names: list[str], plan: Plan) -> Scores:
    return run([subject], Rng(7), Scores.at(None, plan), checks=[BY_NAME[name] for name in names])


def test_there_are_thirty_cells_and_the_published_counts() -> None:
    assert len(CHECKS) == 15 and set(published()["Coverage"]) == set(BY_NAME)
    found = {name: passes(cells) for name, cells in published().items()}  # type: ignore[arg-type]
    assert all(count["cells"] == 30 for count in found.values())
    assert {name: count["T"] for name, count in found.items()} == {
        "I-Prec": 11, "Density": 18, "IAP": 11, "C-Prec": 10, "symPrec": 10, "P-Prec": 13,
        "I-Rec": 9, "Coverage": 14, "IBR": 9, "C-Rec": 13, "symRec": 9, "P-Rec": 10,
    }  # fmt: skip


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.name)
def test_constructions_draw_what_they_say(check: Check) -> None:
    for group in check.settings:
        x = settings_of(check, group, Plan.quick())[1]
        real, other = suite.drawn(check, group, x, 80, Rng(0))
        assert real.ndim == other.ndim == 2 and real.shape[1] == other.shape[1]
        assert np.isfinite(real).all() and np.isfinite(other).all()
        again = suite.drawn(check, group, x, 80, Rng(0))
        assert (again[0] == real).all() and (again[1] == other).all()
        for kind in ("fidelity", "diversity"):
            assert check.rules("bounds", kind, group) and check.rules("property", kind, group)


def test_laws() -> None:
    r = np.random.default_rng(0)
    d = 8
    assert (constructions.cube(r, 40_000, d, shifted=True) <= 1).all(axis=1).mean() == pytest.approx(0.2, abs=0.01)
    around = constructions.torus(r, 2000)
    assert np.hypot(np.hypot(around[:, 0], around[:, 1]) - 1, around[:, 2]).max() <= 0.1
    ball = np.linalg.norm(constructions.ball(r, 5000, 3, 0.8), axis=1)
    assert ball.max() <= 0.8 and (ball < 0.4).mean() == pytest.approx(1 / 8, abs=0.02)
    assert constructions.mixture(r, 3000, constructions.diagonal(2), 0.1, np.eye(10)[3]).mean() == pytest.approx(
        10 / 3, abs=0.01
    )


def test_real_rows_are_shared_along_a_curve_where_the_check_says_so() -> None:
    for name, same in (("mean", True), ("disjoint", False)):
        check = BY_NAME[name]
        group = next(iter(check.settings))
        xs = check.settings[group][:2] if name == "mean" else np.array([1.0, 1.5])
        first, second = (suite.drawn(check, group, float(x), 50, Rng(1))[0] for x in xs)
        assert bool((first == second).all()) is same


def test_settings_keep_ends_middles_and_what_rules_name() -> None:
    plan = Plan.quick()
    means = settings_of(BY_NAME["mean"], 8, plan)
    assert means[0] == -3 and means[-1] == 3 and 0 in means and len(means) <= 10
    sizes = settings_of(BY_NAME["torus"], "ball", plan)
    assert sizes[0] == 100 and sizes[-1] <= 2000
    assert len(settings_of(BY_NAME["simultaneous"], 1, Plan())) == 50


def test_an_interrupted_run_goes_on(tmp_path: Path) -> None:
    calls: list[int] = []

    def score(real: np.ndarray, _other: np.ndarray, _rng: Rng) -> dict[str, float]:
        calls.append(len(real))
        if len(calls) == 7:
            raise KeyboardInterrupt
        return {"constant": 1.0}

    subject = Subject("constant", {"constant": "fidelity"}, score)
    plan, place = Plan(repeats=2, points=3, rows=20), tmp_path / "scores.json"
    checks = [BY_NAME["invention"], BY_NAME["scaling"]]
    with pytest.raises(KeyboardInterrupt):
        run([subject], Rng(0), Scores.at(place, plan), checks=checks, keep_every=1)
    kept = len(Scores.at(place, plan).found)
    assert kept == 6
    done = run([subject], Rng(0), Scores.at(place, plan), checks=checks)
    before = len(calls)
    run([subject], Rng(0), Scores.at(place, plan), checks=checks)
    assert len(calls) == before and done.verdict("constant", "fidelity", BY_NAME["scaling"], "property") == "T"
    assert done.verdict("constant", "fidelity", BY_NAME["mean"], "property") is None
    assert Scores.at(place, Plan(points=4)).found == {}


def test_published_verdicts_of_coverage_and_density_come_again_on_cheap_checks() -> None:
    """On checks of which no cell is near a threshold, with fewer settings."""
    names = ["invention", "scaling", "rounded", "pareto"]
    found = table(scored(BALLS, names, Plan(repeats=2, points=9)), [BALLS])
    stored = published()
    for name in ("Coverage", "I-Rec"):
        for check in names if name == "Coverage" else ["rounded", "pareto"]:
            assert found[name][check] == stored[name][check], (name, check)
    assert found["Density"]["pareto"] == stored["Density"]["pareto"]


def test_composites_pass_where_published_metrics_fail() -> None:
    names = ["rounded", "scaling"]
    found = table(scored(COMPOSITES, names, Plan(repeats=2, points=5, rows=800)), [COMPOSITES])
    for check in names:
        assert "F" not in found["FID39"][check].values(), check
        assert "F" not in found["DIV19"][check].values(), check


def test_any_metric_of_the_catalog_can_be_tested() -> None:
    from fidelia.measure.catalog import find

    subject = of_entry(find("FID22"))
    found = scored(subject, ["invention"], Plan(repeats=1, points=3, rows=150))
    assert found.verdict("FID22", "fidelity", BY_NAME["invention"], "property") == "T"
    assert [s.name for s in report.subjects_of(["fid39", "FID22", "Coverage"])] == ["composites", "FID22", "balls"]


def test_a_report_is_plain_data() -> None:
    scores = scored(COMPOSITES, ["invention"], Plan(repeats=1, points=3, rows=150))
    said = report.document(scores, [COMPOSITES], [])
    json.dumps(said, allow_nan=False)
    assert said["metrics"]["FID39"]["cells"]["mean"] == {"bounds": ".", "property": "."}
    assert said["metrics"]["FID39"]["passes"]["cells"] == 2
    assert said["published_passes"]["fidelity"]["Density"]["passes"] == 18
