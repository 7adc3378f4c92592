"""What the experiments are made of, on cases with known answers."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from figures import between, correlation, interval, markdown
from hide_and_seek import noisy, standing
from mode_dropping import Arena, alone, remaining, response, shown, steps
from picture_ranking import spread
from pictures import Arm, Curve, Frame, Panel, Point, curves, forest
from ranking import goodness, of_others
from real import covid, parts, stays, summaries
from study import Kept

import fidelia as fd
from fidelia.generate.sampling import joined
from fidelia.report.trilemma import drawing
from fidelia.rng import Rng


def test_a_finished_run_is_found_again_and_a_torn_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    first = Kept(path)
    first.put({"arm": "a", "seed": 0}, {"x": 1.5})
    first.put({"arm": "a", "seed": 1}, {"x": 2.5})
    with path.open("a") as file:
        file.write('{"settings": {"arm": "a", "seed": 2}, "fou')
    again = Kept(path)
    assert again.get({"seed": 1, "arm": "a"}) == {"x": 2.5}
    assert again.get({"arm": "a", "seed": 2}) is None
    again.put({"arm": "a", "seed": 2}, {"x": 3.5})
    assert [json.loads(line)["found"]["x"] for line in path.read_text().splitlines()] == [1.5, 2.5, 3.5]


def test_parts_are_disjoint_and_together_all_rows() -> None:
    table = fd.read(pd.DataFrame({"x": np.arange(100)}))
    found = parts(table, (30, 20), Rng(0))
    assert [len(part) for part in found] == [30, 20, 50]
    assert sorted(joined(found).arrow["x"].to_pylist()) == list(range(100))
    assert [len(part) for part in parts(table, (300, 100), Rng(0))] == [52, 17, 31]


def test_intervals_over_seeds() -> None:
    assert interval([0.80, 0.84, 0.88]) == pytest.approx([0.84, 0.7406, 0.9394], abs=1e-4)
    assert correlation([1.0, 0.0, 1.0])[2] == 1.0
    assert between([0.84, 0.7406, 0.9394], 2) == "0.84 ± 0.10"
    assert markdown(["a", "b"], [["x", "1"]]) == "| a | b |\n| --- | --: |\n| x | 1 |"


def test_scores_are_turned_so_that_more_is_better() -> None:
    assert goodness("FID16", 0.9) == 0.9
    assert goodness("FID15", 0.4) == -0.4
    assert [goodness("FID26", auc) for auc in (0.3, 0.7)] == pytest.approx([-0.2, -0.2])
    assert goodness("FID21", 1.1) == pytest.approx(-0.1)
    assert goodness("AUT02", -0.2) == -0.2
    assert goodness("AUT01", 0.6) == 0.6


def test_the_truth_of_the_other_seeds_leaves_out_its_own() -> None:
    assert of_others(np.array([[1.0], [2.0], [6.0]])).tolist() == [[4.0], [3.5], [1.5]]


def test_noise_keeps_what_a_real_table_looks_like() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "whole": rng.integers(0, 50, 400),
            "tenths": rng.normal(size=400).round(1),
            "word": rng.choice(["a", "b"], 400),
        }
    )
    frame.loc[::7, "tenths"] = np.nan
    table = fd.read(frame)
    assert noisy(table, 0.0, Rng(0)).arrow.equals(table.arrow)
    found = noisy(table, 0.2, Rng(0)).native()
    assert found.isna().equals(frame.isna())
    assert (found["tenths"].dropna() - found["tenths"].dropna().round(1)).abs().max() < 1e-9
    assert found["whole"].between(frame["whole"].min(), frame["whole"].max()).all()
    spread = (frame["whole"].quantile(0.75) - frame["whole"].quantile(0.25)) / 1.349
    inside = frame["whole"].between(10, 40)
    assert (found["whole"] - frame["whole"])[inside].std() == pytest.approx(0.2 * spread, rel=0.15)
    assert 0.05 < (found["word"] != frame["word"]).mean() < 0.15


def test_the_rank_of_a_submission_is_the_mean_over_standard_scores() -> None:
    good = {"FID20": 1.0, "DIV05": 1.0, "FID12": 0.0, "FID15": 0.1, "logistic": 0.9, "boosted": 0.9}
    poor = {"FID20": 0.5, "DIV05": 0.5, "FID12": 0.1, "FID15": 2.0, "logistic": 0.5, "boosted": 0.95}
    runs = {"a": [{"scores": good}], "b": [{"scores": poor}]}
    assert standing(runs) == {"a": [pytest.approx(7 / 6)], "b": [pytest.approx(11 / 6)]}


def test_a_stay_is_summed_up_by_its_series() -> None:
    rows = [(1, 30, "HR", 80.0), (1, 10, "HR", 60.0), (1, 20, "HR", 100.0), (2, 5, "Temp", 37.0), (1, 5, "Mg", 2.0)]
    found = summaries(pd.DataFrame(rows, columns=["RecordID", "minute", "Parameter", "Value"]))
    assert found.loc[1, ["HR min", "HR mean", "HR max", "HR last"]].tolist() == [60, 80, 100, 80]
    assert found.loc[2, "HR min":"HR min"].isna().all()
    assert found.columns.tolist() == sorted(f"{p} {s}" for p in ("HR", "Temp") for s in ("min", "mean", "max", "last"))


def test_absent_data_are_named_with_the_way_to_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIDELIA_SHARED", str(tmp_path))
    with pytest.raises(SystemExit, match=r"covid_testing_chop .* medicaldata .* --data PATH"):
        covid(None)
    with pytest.raises(SystemExit, match=r"physionet2012 .*physionet\.org"):
        stays(None)


def test_the_covid_table_knows_nothing_of_the_result(shared_data) -> None:
    table = covid(shared_data("covid_testing_chop"))
    assert len(table) == 12_301
    assert "ct_result" not in table.schema.names
    assert table["result"].value_counts().to_pylist()[0]["counts"] in (11_563, 738)


def test_a_picture_shows_every_point_with_its_interval() -> None:
    panel = Panel(("one", "measure"), [Point(0.5, 0.4, 0.6), None], 1.0)
    chart = forest("title", [Arm("a"), Arm("b", "copies")], [panel], label="label", note="note")
    text = drawing([chart])
    assert "a: one measure 0.500 (0.400 to 0.600)" in text
    assert text.count("<title>b:") == 0
    assert all(f">{word}<" in text for word in ("title", "note", "a", "b", "one", "measure"))


def test_modes_are_lost_a_little_each_or_one_after_the_other() -> None:
    draw = np.random.default_rng(0)
    assert remaining("none", 0.0, 3, 10, draw).tolist() == [10, 10, 10]
    assert remaining("simultaneous", 0.3, 3, 10, draw).tolist() == [7, 7, 7]
    assert sorted(remaining("sequential", 0.5, 3, 10, draw)) == [0, 5, 10]
    assert remaining("sequential", 1.0, 3, 10, draw).tolist() == [0, 0, 0]


def test_the_class_that_stays_fills_the_place_of_those_that_go() -> None:
    pools = [np.arange(0, 40), np.arange(40, 60), np.arange(60, 80)]
    there = Arena({}, {}, pools, 10, ["a", "b", "c"])
    assert [of.tolist() for of in steps(there, "simultaneous", 3, Rng(0))] == [[10, 10, 10], [20, 5, 5], [30, 0, 0]]
    assert [of.tolist() for of in alone(there)] == [[30, 0, 0], [0, 20, 0], [0, 0, 20]]
    rows = shown(there, np.array([26, 4, 0]), np.random.default_rng(0))
    assert len(rows) == len(set(rows)) == 30
    assert [((rows >= pool[0]) & (rows <= pool[-1])).sum() for pool in pools] == [26, 4, 0]


def test_a_response_is_told_in_units_of_noise() -> None:
    still = np.array([[1.0, 1.02, 0.98], [1.0, 1.02, 0.98]])
    found = response(np.array([[1.0, 0.9, 0.5, 0.2], [1.0, 0.92, 0.5, 0.2]]), still)
    assert found["noise"] == pytest.approx(0.02)
    assert found["spearman"][0] == pytest.approx(-1.0) and found["least"] == pytest.approx(1.0)
    assert (found["half"], found["end"]) == (pytest.approx(-25), pytest.approx(-40))
    assert found["held"] == 0.0 and found["seen"] == pytest.approx(1 / 3)
    flat = response(np.array([[1.0, 1.01, 0.99, 1.0], [1.0, 0.99, 1.01, 1.0]]), still)
    assert flat["held"] == 1.0 and flat["seen"] is None


def test_a_picture_of_curves_shows_every_line_over_its_band() -> None:
    lines = [Curve("one", [[0.5, 0.4, 0.6], [0.2, 0.1, 0.3]]), Curve("other", [[0.5, 0.4, 0.6], [0.4, 0.3, 0.5]])]
    text = drawing([curves("title", [Frame("score", [0.0, 1.0], lines, (0.5, 0.05))] * 4, label="label", note="note")])
    assert text.count("score, one: 0.500 to 0.200") == text.count("score, other: 0.500 to 0.400") == 4
    assert text.count('class="rail"') == 4 and ">note<" in text


def test_a_single_seed_is_a_value_without_an_interval() -> None:
    assert spread([0.25]) == [0.25, 0.25, 0.25]
    assert spread([0.80, 0.84, 0.88]) == pytest.approx([0.84, 0.7406, 0.9394], abs=1e-4)
