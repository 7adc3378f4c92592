"""Reports side by side: who is ahead, what noise explains, what does not compare, and the page that says so."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fidelia.errors import ReadError, SchemaError, UsageError
from fidelia.report.beside import called, render
from fidelia.report.compared import MOST, Comparison, compare
from fidelia.report.concluded import conclude, words
from fidelia.report.report import Report, SideBySide, side_by_side


def made(base: dict[str, Any], **changed: tuple[float, float]) -> dict[str, Any]:
    """A document with some values moved, each with the half width of its interval."""
    document = copy.deepcopy(base)
    for result in document["results"]:
        if result["code"] in changed:
            value, half = changed[result["code"]]
            result |= {"value": value, "interval": [value - half, value + half]}
    return document


def line(found: Comparison, code: str) -> Any:
    return next(line for line in found.lines if line.code == code)


def standings(found: Comparison, code: str) -> list[str]:
    return [line(found, code).standing(i) for i in range(len(found.sides))]


def test_a_gap_beyond_both_intervals_is_said_and_one_within_is_not(document) -> None:
    worse = made(document, DIV01=(0.70, 0.01), FID10=(0.965, 0.004))
    found = compare({"one": document, "two": worse})
    assert standings(found, "DIV01") == ["best", "behind"]
    assert words(found, line(found, "DIV01")) == "one better by 0.255"
    assert standings(found, "FID10") == ["level", "level"]
    said = conclude(found)
    assert said.headline == "one is better than two on 1 of 11 main measures, and worse on none."
    assert "two is behind on beta-recall (0.255)." in said.sentences


def test_what_is_like_fresh_real_data_is_never_behind(document) -> None:
    """No score is better than that of fresh real rows: 0.985 beside 0.981 +- 0.008 beats nobody who is at 0.979."""
    found = compare({"a": made(document, DIV01=(0.985, 0.0005)), "b": made(document, DIV01=(0.979, 0.0005))})
    assert standings(found, "DIV01") == ["level", "level"]
    assert words(found, line(found, "DIV01")) == "all like fresh real data"


def test_a_difference_beyond_noise_that_does_not_matter_is_said_as_little(document) -> None:
    found = compare({"a": document, "b": made(document, DIV01=(0.950, 0.0005))})
    assert standings(found, "DIV01") == ["level", "level"]  # the interval of `a` explains it
    sharp = made(document, DIV01=(0.955, 0.0005))
    found = compare({"a": sharp, "b": made(document, DIV01=(0.945, 0.0005))})
    assert standings(found, "DIV01") == ["best", "just behind"]
    assert words(found, line(found, "DIV01")) == "a better by 0.010: beyond noise, but little"
    assert "no difference that matters" in conclude(found).headline


def test_equal_documents_differ_in_nothing(document) -> None:
    found = compare({"a": document, "b": document, "c": document})
    assert {cell.standing for line in found.compared for cell in line.cells if cell} == {"level"}
    assert conclude(found).headline == "Between a, b and c there is no difference that matters."


@settings(max_examples=10)
@given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=MOST))
def test_the_order_of_documents_changes_no_standing(examples, values) -> None:
    base = examples.bare() | {"results": [r for r in examples.example()["results"] if r["code"] == "DIV01"]}
    documents = {str(i): made(base, DIV01=(value, 0.01)) for i, value in enumerate(values)}
    there = compare(documents)
    back = compare(dict(reversed(documents.items())))
    of = {side.name: line(back, "DIV01").standing(i) for i, side in enumerate(back.sides)}
    for i, name in enumerate(documents):
        pair = {line(there, "DIV01").standing(i), of[name]}
        assert len(pair) == 1 or pair == {"best", "level"}  # of two equal ones the first is called best


def leaky(document: dict[str, Any]) -> dict[str, Any]:
    leak = document["findings"][0] | {"severity": "fail", "title": "Training rows are repeated"}
    return made(document, DIV01=(0.981, 0.001), FID26=(0.5, 0.001)) | {"findings": [leak, *document["findings"][1:]]}


def test_what_gives_training_rows_away_is_out_and_its_nearness_no_merit(document) -> None:
    worse, copies = made(document, DIV01=(0.70, 0.01)), leaky(document)
    found = compare({"honest": document, "lame": worse, "copy": copies})
    assert standings(found, "DIV01") == ["best", "behind", "out"]
    assert "out" not in standings(found, "AUT05")
    said = conclude(found)
    assert said.headline.startswith("honest is better than lame")
    assert said.sentences[0] == "copy is out: training rows are repeated."
    alone = compare({"honest": document, "copy": copies})
    assert line(alone, "DIV01").reason == "all others give training rows away"
    assert conclude(alone).headline == "Only honest does not give training rows away, with care."
    assert conclude(compare({"x": copies, "y": copies})).headline.startswith("None is fit to be shared")


def test_poor_verdicts_come_after_usable_ones(document) -> None:
    poor = made(document, PRV02=(0.5, 0.001)) | {"verdict": document["verdict"] | {"level": "poor"}}
    found = compare({"usable": made(document, PRV02=(0.56, 0.001)), "poor": poor})
    assert standings(found, "PRV02") == ["behind", "best"]
    said = conclude(found)
    assert said.headline == "Only usable is fit for use, with care."
    assert "poor is poor by its own verdict." in said.sentences
    assert conclude(compare({"a": poor, "b": poor})).headline.endswith("yet all are poor by their own verdicts.")


def test_other_training_rows_or_columns_are_refused_with_the_reason(document) -> None:
    other = copy.deepcopy(document)
    other["inputs"]["train"]["sha256"] = "ff" * 32
    with pytest.raises(SchemaError, match=r"'a' against 39,073 rows \(a1a1a1a1\) and 'b' against .* \(ffffffff\)"):
        compare({"a": document, "b": other})
    other = copy.deepcopy(document)
    other["schema"][0]["kind"] = "category"
    with pytest.raises(SchemaError, match="'age' is integer in 'a' and category in 'b'"):
        compare({"a": document, "b": other})
    other = copy.deepcopy(document)
    del other["schema"][0]
    with pytest.raises(SchemaError, match="'age' is in 'a' alone"):
        compare({"a": document, "b": other})


def test_too_few_too_many_and_what_is_no_results_document_are_refused(document) -> None:
    for count in (0, 1, MOST + 1):
        with pytest.raises(UsageError, match=rf"{count} results? given"):
            compare({str(i): document for i in range(count)})
    with pytest.raises(UsageError, match="'gain'"):
        compare({"a": document, "gain": {"kind": "enhance"}})
    with pytest.raises(ReadError):
        compare({"a": document, "b": {}})


def test_measures_that_do_not_compare_say_why_and_the_others_stand(document) -> None:
    other = copy.deepcopy(document)
    by = {result["code"]: result for result in other["results"]}
    by["FID16"]["embedding"] = "77" * 8
    by["UTL01"]["value"] = None
    by["FID10"]["reference"] = None
    by["FID01"]["reference"]["kind"] = "train-split"
    other["results"].remove(by["CMP03"])
    found = compare({"a": document, "b": other})
    reasons = {line.code: line.reason for line in found.lines if line.reason}
    assert reasons == {
        "FID16": "distances were taken in different spaces (not said, 77777777)",
        "UTL01": "not computable on one of the tables",
        "FID10": "no fresh-real reference",
        "FID01": "some references are of unseen rows, others of halves of the training rows",
        "CMP03": "measured in one of 2 only",
    }
    assert len(found.compared) == len(document["results"]) - len(reasons)
    assert "5 do not compare." in conclude(found).sentences[-1]
    assert "not compared: no fresh-real reference" in render(found)


def test_other_unseen_rows_and_versions_are_said_and_their_noise_counts(document) -> None:
    other = made(document, DIV01=(0.93, 0.004))
    sharp = made(document, DIV01=(0.955, 0.004))
    assert standings(compare({"a": sharp, "b": other}), "DIV01") == ["best", "just behind"]
    other["inputs"]["holdout"]["sha256"] = "dd" * 32
    other["fidelia"] = "0.2.0"
    for result in other["results"]:
        result["reference"]["value"] += 0.0001
        result["reference"]["sd"] = 0.02
    found = compare({"a": sharp, "b": other})
    assert standings(found, "DIV01") == ["level", "level"]
    assert [note.split(":")[0] for note in found.notes] == [
        "The unseen real rows differ", "Measured by fidelia 0.1.0 and 0.2.0",
    ]  # fmt: skip
    assert "fresh real 0.981" in render(found)


def test_names_tell_documents_apart(document) -> None:
    vae = copy.deepcopy(document)
    vae["inputs"]["generator"] = {"name": "vae"}
    places = [Path("a/results.json"), Path("b/results.json")]
    assert called([document, vae], places) == ["trees", "vae"]
    assert called([document, document | {"seed": 1}], places) == ["trees (seed 0)", "trees (seed 1)"]
    assert called([document, document], places) == ["a", "b"]
    assert called([document, document]) == ["trees 1", "trees 2"]
    unknown = document | {"inputs": document["inputs"] | {"generator": None}}
    assert called([unknown, document], [Path("x.json"), Path("y.json")]) == ["x", "y"]
    with pytest.raises(UsageError, match="2 reports need as many names"):
        side_by_side([document, document], ["same", "same"])


@pytest.mark.parametrize("count", [2, 3, MOST])
def test_the_page_holds_every_number_and_is_small(document, count) -> None:
    documents = {f"table {i}": made(document, DIV01=(0.6 + i / 20, 0.01)) for i in range(count)}
    page = render(documents)
    assert len(page.encode()) < 60_000 + 20_000 * count
    for result in document["results"]:
        assert result["code"] in page
    for i in range(count):
        assert f"{0.6 + i / 20:.3f}" in page
    assert page.count('class="entry"') == count
    assert "<script" not in page and "default-src 'none'" in page


def test_hostile_names_stay_text(document) -> None:
    name = "</title><script>alert(1)</script>\"'"
    page = render({name: document, "b": document})
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_object_in_hand_saves_all_forms(document, tmp_path: Path) -> None:
    vae = made(document, DIV01=(0.70, 0.01))
    vae["inputs"]["generator"] = {"name": "vae"}
    found = Report(document).compare(Report(vae))
    assert isinstance(found, SideBySide)
    assert repr(found) == "SideBySide(trees is better than vae on 1 of 11 main measures, and worse on none.)"
    for ending in ("html", "md", "json"):
        found.save(tmp_path / f"compare.{ending}")
    data = json.loads((tmp_path / "compare.json").read_text(encoding="utf-8"))
    assert data["headline"] in (tmp_path / "compare.md").read_text(encoding="utf-8")
    assert data["headline"] in (tmp_path / "compare.html").read_text(encoding="utf-8")
    beta = next(line for line in data["lines"] if line["code"] == "DIV01")
    assert [cell["standing"] for cell in beta["cells"]] == ["best", "behind"]
    assert re.search(r"\| beta-recall DIV01 \| 0\.955 .*\| 0\.700 ", found.to_markdown().replace("**", ""))
