"""Diagnosis, attacks, further measures and All measures: each code has one place, and odd breakdowns are drawn."""

import json
import re

import pytest

from fidelia.measure.catalog import entries
from fidelia.report import parts
from fidelia.report.attacked import attacked
from fidelia.report.document import check
from fidelia.report.glance import MOST, lines, sentences
from fidelia.report.labels import LABELS, label, place
from fidelia.report.notation import THIN, percent, points, small
from fidelia.report.page import SECTIONS, render
from fidelia.report.words import brief, compare, way

KINDS = (
    "mode_collapse", "mode_invention", "density_shift", "memorisation", "partial_memorisation",
    "collapse_and_memorisation", "under_dispersed", "over_dispersed", "weak_sign", "ideal",
)  # fmt: skip


def ids(page: str) -> list[str]:
    return re.findall(r'\sid="([^"]+)"', page)


def section(page: str, name: str) -> str:
    found = re.search(rf'<section id="{name}".*?</section>', page, re.DOTALL)
    assert found is not None
    return found[0]


def text(html: str) -> str:
    bare = re.sub(r"<(script|style)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", bare)).replace(THIN, " ")


def test_every_code_of_the_catalogue_has_a_label() -> None:
    assert set(entries()) <= set(LABELS)
    assert all(each.question and each.section in dict(SECTIONS) for each in LABELS.values())


def test_codes_without_a_label_stand_last_among_all_measures() -> None:
    assert label("XYZ01", "mine").section == "measures"
    assert place("XYZ01") > max(map(place, LABELS))


@pytest.mark.parametrize("alarm", [True, False])
def test_every_code_has_exactly_one_place(document, families, alarm) -> None:
    page = render(families.extended(document, *KINDS, alarm=alarm))
    found = ids(page)
    assert len(found) == len(set(found))
    assert set(LABELS) <= set(found)
    for code, shown in LABELS.items():
        assert f'id="{code}"' in section(page, shown.section)
    links = {link[1:] for link in re.findall(r'href="(#[^"]+)"', page)}
    assert links <= set(found)
    assert not re.search(r"\b([Nn]a[Nn]|[Ii]nf|[Uu]ndefined)\b|\bNone\b(?! of)", text(page))


@pytest.mark.parametrize("kind", KINDS)
def test_a_diagnosis_of_each_kind_is_drawn_and_stands_on_the_first_screen(document, families, kind) -> None:
    page = render(families.extended(document, kind))
    told, first = section(page, "diagnosis"), section(page, "verdict")
    title = families.KINDS[kind]
    assert title in told and title in first
    if kind not in ("ideal", "weak_sign"):
        assert "12.0 %" in text(told) and "10.0 % to 14.0 %" in text(told)
        assert "3 more rules" in told and "Not excluded" in told
        assert "hardly ever made" in told and "hardly ever real" in told and "2.0 times as many" in told
    assert "real rows too unusual for the synthetic ones" in told
    assert "3 clusters with smaller changes" in told and "cluster 0 &lt;b&gt;" in told


def test_a_sentence_leaves_out_the_rules_that_the_table_lists() -> None:
    said = "9 % of rows are off: rows with age 1..2 are too few; 3 more."
    assert brief({"sentence": said, "rules": [{}]}) == "9 % of rows are off."
    assert brief({"sentence": said, "rules": []}) == said
    tail = " Each column by itself is as it should be: it is their combinations that are not."
    assert brief({"sentence": said + tail, "rules": [{}]}) == "9 % of rows are off." + tail
    assert brief({"sentence": "Something else.", "rules": [{}]}) == "Something else."


@pytest.mark.parametrize(
    ("real", "synthetic", "said"),
    [
        (0.1, 0.3, "3.0 times as many"),
        (0.3, 0.1, "3.0 times as few"),
        (0.1, 0.101, "nearly as many"),
        (0, 0.1, "another share"),
    ],
)
def test_the_way_of_a_shift_is_said(real, synthetic, said) -> None:
    assert way({"where": "shifted", "real": real, "synthetic": synthetic}) == said


def test_an_older_document_without_a_diagnosis_is_drawn(document) -> None:
    document.pop("diagnosis", None)
    document["embedding"] = None
    for each in document["results"]:
        each.pop("embedding", None)
    page = render(document)
    assert "No diagnosis was made" in page
    assert "Diagnosis</a></dt>" not in page


def test_attacks_are_judged_by_their_alarm(families) -> None:
    alarmed = families.attack("PRV05", alarm=True)
    assert (compare(alarmed).level, compare(alarmed).text) == ("worse", "0.200 above fresh real data")
    assert compare(alarmed | {"reference": None}).text == "alarm: beyond chance"
    assert compare(families.attack("PRV05", alarm=False)).text == "like fresh real data"


def test_attacks_are_read_in_each_of_their_shapes(families) -> None:
    found = {each.code: each for each in attacked({a["code"]: a for a in families.attacks(alarm=True)})}
    assert list(found) == sorted(found, key=place)
    sides = {code: (each.train, each.holdout, each.blind) for code, each in found.items()}
    assert sides["PRV01"] == (0.07, 0.05, None)
    assert sides["PRV05"] == (0.7, 0.5, 0.5)
    assert sides["PRV09"] == (0.3, 0.01, None) and not found["PRV09"].share
    assert sides["PRV13"] == pytest.approx((0.8, 0.6, 0.5))
    assert sides["PRV10"] == (None, None, None)
    assert attacked({"PRV05": families.attack("PRV05", alarm=True)}, without=["PRV05"]) == []


def test_counts_are_no_shares_of_success(families) -> None:
    counted = families.attack("AUT09", alarm=False, lines=[{"name": "cell 0", "train": 150, "holdout": 149.0}])
    (found,) = attacked({"AUT09": counted})
    assert (found.train, found.holdout, found.share) == (None, None, False)


@pytest.mark.parametrize(("alarm", "word"), [(True, "alarm"), (False, "no alarm")])
def test_an_attack_is_one_line_with_a_plain_word(document, families, alarm, word) -> None:
    page = render(families.extended(document, alarm=alarm))
    line = text(re.search(r'<tr id="PRV13">.*?</tr>', page, re.DOTALL)[0])
    assert line.strip().endswith(word)
    assert "80.0 %" in line and "60.0 %" in line and ("+20.0 %" if alarm else "−30.0 %") in line
    first = text(section(page, "verdict"))
    assert ("5 of 5 work better on training rows" if alarm else "None of 5 attacks works better") in first


def test_the_first_screen_stays_short(document, families) -> None:
    checked = check(families.extended(document, "mode_collapse", "over_dispersed", "density_shift"))
    told = "Diagnosis: kinds of rows are missing (12 % of rows)."
    checked["verdict"] |= {
        "headline": "Usable with care: pairs are off.",
        "sentences": ["Pairs are off (FID10).", told, *(f"Sentence {i}." for i in range(9))],
    }
    said = sentences(checked)
    assert len(said) == MOST and said[0] == "Sentence 0." and said[-1] == "5 more are among the findings."
    glance = lines(checked, {each["code"]: "warning" for each in checked["results"]})
    assert [line.section for line in glance] == ["race", "diagnosis", "privacy", "measures"]
    assert glance[1].text.endswith("; 1 more")
    assert glance[3].text.startswith("0 of ") and glance[3].text.endswith(" worse")


def test_scores_are_counted_once_on_the_first_screen(document) -> None:
    document["verdict"]["sentences"] = ["3 of 4 scores are as good as those of fresh real rows."]
    first = text(section(render(document), "verdict"))
    assert "3 of 4 scores" not in first and "are like fresh real data" in first


def test_parts_are_drawn_beside_fresh_real_rows(document, families) -> None:
    page = render(families.extended(document))
    columns = section(page, "columns")
    assert 'class="num far">0.400' in columns and 'class="num far">0.200' in columns
    assert "18 more are not shown" in section(page, "pairs")
    assert "words" in section(page, "use") and "10" in section(page, "use")
    assert "precision" in section(page, "curves") and "−5.8 × 10⁻⁵" in section(page, "detect")


def test_a_matrix_puts_the_worst_column_first_and_is_cut(families) -> None:
    many = [{"column": f"c{i}", "value": 0.9, "reference": 0.9, "sd": 0.0} for i in range(100)]
    bad = {"column": "bad", "value": 0.1, "reference": 0.9, "sd": 0.0}
    table = parts.matrix({"FID31": families.result("FID31", columns=[*many, bad])}, ["FID31"])
    assert table is not None
    assert table.lines[0][0].text == "bad" and table.lines[0][1].far
    assert len(table.lines) == parts.MOST_COLUMNS and table.left == 101 - parts.MOST_COLUMNS


def test_results_of_third_parties_may_have_any_breakdown(document, families) -> None:
    for i, breakdown in enumerate(families.ODD):
        document["results"].append(families.result(f"XYZ{i:02d}", **breakdown) | {"direction": "info"})
        document["results"].append(families.result(f"PRV{50 + i}", **breakdown))
        document["results"].append(
            families.result(("PRV05", "FID03", "PRV13", "FID07", "PRV10", "PRV12", "PRV06")[i], **breakdown)
        )
    page = render(document)
    assert all(f'id="XYZ{i:02d}"' in section(page, "measures") for i in range(len(families.ODD)))
    assert len(ids(page)) == len(set(ids(page)))


@pytest.mark.parametrize("code", ["FID16", "FID03", "PRV05", "DIV17", "XYZ01"])
def test_a_document_of_one_result_is_drawn(examples, families, code) -> None:
    document = examples.bare()
    made = families.attack(code, alarm=True) if code == "PRV05" else families.result(code)
    document |= {"results": [made], "not_computed": []}
    page = render(document)
    assert f'id="{code}"' in page
    assert "All measures</a></dt>" not in page
    first = text(section(page, "verdict"))
    assert ("What was measured" in first) == (code != "FID16")
    assert ("alpha-precision" in first) == (code == "FID16")


def test_all_measures_are_closed_counted_and_marked(document, families) -> None:
    part = section(render(families.extended(document)), "measures")
    kinds = re.findall(r'<details class="kind-list"( open)?>', part)
    assert len(kinds) == len(families.CATEGORIES) and not any(kinds)
    assert len(re.findall(r'class="measure"', part)) == len({r["code"] for r in document["results"]})
    assert 'class="dot fail"' in part or 'class="dot warning"' in part


def test_a_wide_table_with_every_measure_stays_small(examples, families) -> None:
    document = families.extended(examples.wide(300), *KINDS)
    names = [f"column {i:03d}" for i in range(300)]
    for each in document["results"]:
        if label(each["code"]).section == "columns" and each["code"] not in ("FID01", "FID02"):
            each["breakdown"] = {"columns": [{"column": n, "value": 0.5, "reference": 0.5, "sd": 0.1} for n in names]}
    assert len(render(document).encode()) < 2e6


def test_findings_of_one_title_are_said_once(document, examples) -> None:
    document["findings"] += [
        examples.finding(code, "good", "No attack tells anything", "Fine.", 0.5, 0.5)
        for code in ("PRV05", "PRV06", "PRV07")
    ]
    part = text(section(render(document), "findings"))
    assert part.count("No attack tells anything") == 1 and "3 measures" in part


@pytest.mark.parametrize(
    ("form", "value", "said"),
    [
        (small, 3.21e-12, "3.2 × 10⁻¹²"), (small, None, "–"), (small, -2.0, "−2.000"), (points, 0.0321, "+3.2 %"),
        (points, -0.0321, "−3.2 %"), (points, 0, "0 %"), (percent, 0.99999, ">99.9 %"), (percent, 0.999, "99.9 %"),
    ],
)  # fmt: skip
def test_small_numbers_and_gains_are_written_for_people(form, value, said) -> None:
    assert form(value).replace(THIN, " ") == said


def test_the_extended_document_is_json_and_checks(document, families) -> None:
    made = families.extended(document, *KINDS)
    assert check(json.loads(json.dumps(made)))["diagnosis"]["verdicts"][0]["kind"] == KINDS[0]
