"""The page as text: what stands in it, what must not, and its size."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fidelia.errors import ReadError, WriteError
from fidelia.report.environment import embed
from fidelia.report.page import SECTIONS, render
from fidelia.report.report import Report

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "</title></style><svg onload=alert(1)>",
    "\"quotes' & <b>",
    "javascript:alert(1)",
    "\u202egnp.exe \u2067right to left\u2069",
    "{{ 7 * 7 }}{% raw %}",
    "x" * 200,
    "\u2028\u2029\x00\ud7ff",
    "",
]


class Outline(HTMLParser):
    """The elements of a page, its identifiers and the texts of its data blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.data: list[str] = []
        self._inside = False

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self._inside = tag == "script" and ("type", "application/json") in attrs

    def handle_data(self, data) -> None:
        if self._inside:
            self.data.append(data)

    def handle_endtag(self, tag) -> None:
        self._inside = False


def outline(page: str) -> Outline:
    parsed = Outline()
    parsed.feed(page)
    return parsed


def spoil(document, text):
    """Put `text` wherever data or words can stand."""
    document["verdict"] |= {"headline": text, "sentences": [text]}
    document["findings"][1] |= {"title": text, "sentence": text, "anchor": text}
    document["inputs"] |= {"target": text, "generator": {"name": text, text: text}}
    document["not_computed"] = [{"code": text, "reason": text}]
    document["schema"] = [{"name": text, "kind": text, "role": text, "nullable": True, "reason": text}]
    document["versions"] = {text: text}
    for result in document["results"]:
        result["name"], result["caveats"] = text, [{"code": text, "text": text}]
        more = result["breakdown"]
        for column in more.get("columns", ()) if result["code"] != "FID10" else ():
            column["column"] = text
            if "bars" in column:
                column["bars"]["levels"] = [text] * len(column["bars"]["levels"])
        for pattern in more.get("patterns", ()):
            pattern["missing"] = [text]
        for model in more.get("models", ()):
            model["model"] = text
        if result["code"] == "FID10":
            more["columns"] = [text] * len(more["columns"])
            more["worst"] = [pair | {"a": text, "b": text} for pair in more["worst"]]
    document["race"] |= {
        "winner": text,
        "lines": [line | {"name": text, "why": text} for line in document["race"]["lines"]],
    }
    document["audit"]["reasons"] = [{"code": text, "rows": 1, "text": text}]
    document["audit"]["columns"] = [{"column": text, "rows": 1}]
    document["audit"]["map"]["axes"] = [{"name": text, "share": None}] * 2
    return document


def test_every_section_and_number_stands_in_the_page(document) -> None:
    page = render(document)
    assert document["verdict"]["headline"] in page
    ids = [value for _, name, value in outline(page).attributes if name == "id"]
    assert {section for section, _ in SECTIONS} - {"pictures"} <= set(ids)
    assert {result["code"] for result in document["results"]} <= set(ids)
    assert len(ids) == len(set(ids))
    for text in ("0.974", "0.981 ± 0.008", "0.968 to 0.981", "38,888", "capital-gain has lost its upper end"):
        assert text in page


def test_every_link_leads_to_a_place_in_the_page(document) -> None:
    found = outline(render(document)).attributes
    ids = {value for _, name, value in found if name == "id"}
    links = {value for _, name, value in found if name == "href"}
    assert links and all(link.startswith("#") and link[1:] in ids for link in links)


def test_findings_stand_worst_first(document) -> None:
    found = re.findall(r'<li class="finding (\w+)"', render(document))
    assert found == ["fail", "warning", "info"]


def test_nothing_is_fetched_and_nothing_inline_but_our_own(document) -> None:
    page = render(document)
    assert "default-src 'none'" in page
    found = outline(page)
    assert not {name for _, name, _ in found.attributes} & {"src", "srcset", "style", "action", "data"}
    assert not [name for _, name, _ in found.attributes if name.startswith("on")]
    assert not {"link", "iframe", "img", "object", "embed", "form", "base"} & set(found.tags)
    assert "http://" not in page and "https://" not in page


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_names_and_values_stay_text(document, examples, text) -> None:
    found = outline(render(spoil(document, text)))
    usual = outline(render(examples.example()))
    assert set(found.tags) <= set(usual.tags)
    assert {(tag, name) for tag, name, _ in found.attributes} <= {(t, n) for t, n, _ in usual.attributes}
    assert {v for _, name, v in found.attributes if name == "href"} <= {
        f"#{code}" for code in [*(r["code"] for r in document["results"]), *dict(SECTIONS)]
    }
    assert all(isinstance(json.loads(data), dict) for data in found.data)


@given(st.text(max_size=40))
def test_embedded_json_cannot_end_its_element(text: str) -> None:
    made = str(embed({text: [text]}))
    assert not set("<>&\u2028\u2029") & set(made)
    assert json.loads(made) == {text: [text]}


def with_example(document):
    row = {"age": 39, "secret": "only in one row"}
    document["audit"]["examples"] = [
        {"verdict": "reject", "reasons": ["COPY"], "row": row, "nearest": row, "matched": ["age"]}
    ]
    return document


def test_examples_need_both_document_and_reader_to_be_internal(document) -> None:
    shown = with_example(document)
    assert "only in one row" not in render(shown)
    assert "only in one row" not in render(shown, edition="internal")
    shown["edition"] = "internal"
    assert "only in one row" in render(shown)
    assert "only in one row" not in render(shown, edition="shareable")


@pytest.mark.parametrize(("columns", "limit"), [(15, 0.6e6), (50, 1e6), (300, 2e6)])
def test_the_page_is_small(examples, families, columns, limit) -> None:
    """With every family of measures; the promise is 2 MB for 50 columns and 5 MB for 300."""
    page = render(families.extended(examples.wide(columns), "mode_collapse", "mode_invention"))
    assert len(page.encode()) < limit
    assert page.count('<figure class="tile"') == columns


def test_absent_parts_are_said_in_a_sentence(examples) -> None:
    page = render(examples.bare())
    for sentence in (
        "beta-recall was not measured",
        "the rows were not audited",
        "train on synthetic was not measured",
        "There are no pairs to show",
        "No real rows were set aside",
        "Nothing was found",
    ):
        assert sentence in page


def test_results_without_any_breakdown_are_drawn(document) -> None:
    for result in document["results"]:
        result |= {"breakdown": {}, "reference": None, "interval": None}
    assert "no fresh-real reference" in render(document)


def test_results_without_values_are_drawn(document) -> None:
    for result in document["results"]:
        result |= {"breakdown": {}, "value": None}
    assert "not computable on these data" in render(document)


def test_degenerate_charts_are_drawn(document) -> None:
    by_code = {result["code"]: result["breakdown"] for result in document["results"]}
    flat = {"edges": [5, 5], "train": [1.0], "synthetic": [None], "holdout": None}
    dated = {"edges": [0, 1, 2], "edge_labels": ["2020", "2021", "2022"], "train": [0, 0], "synthetic": [0, 0]}
    by_code["FID01"]["columns"] = [{"column": "flat", "histogram": flat}, {"column": "dated", "histogram": dated}]
    by_code["FID02"]["columns"] = [{"column": "none", "bars": {"levels": [], "train": [], "synthetic": []}}]
    by_code["FID10"].update(columns=["a"], score=[[None]], real=[[1]], synthetic=[[1]], worst=[])
    by_code["UTL01"].update(models=[{"model": "m"}])
    document["audit"]["map"]["train"] = []
    page = render(document)
    assert "below 2021" in page
    assert not re.search(r"(?i)\b(nan|inf|undefined)\b", page)


def test_unknown_measures_have_their_place(document) -> None:
    document["results"].append(document["results"][0] | {"code": "XYZ01", "name": "my own measure", "breakdown": {}})
    page = render(document)
    assert "All measures" in page and "my own measure" in page and 'id="XYZ01"' in page


def test_the_same_document_gives_the_same_bytes(document, examples) -> None:
    assert render(document) == render(examples.example())


def test_what_is_not_a_document_is_refused() -> None:
    with pytest.raises(ReadError, match="not a results document"):
        render({"format": 1})


def test_write_is_whole_or_nothing(document, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    Report(document).save(path)
    before = path.read_text(encoding="utf-8")
    assert before == render(document)
    with pytest.raises(ReadError):
        Report({}).save(path)
    assert path.read_text(encoding="utf-8") == before
    with pytest.raises(WriteError):
        Report(document).save(tmp_path / "nowhere" / "report.html")
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


def test_notes_of_the_split_and_of_the_audit_are_said_and_escaped(document) -> None:
    document["inputs"]["notes"] = ["12 rows of <b>city</b>"]
    document["audit"]["notes"] = ["Fewer than 40 strange rows cannot be told from chance"]
    page = render(document)
    assert "12 rows of &lt;b&gt;city&lt;/b&gt;" in page
    assert "Fewer than 40 strange rows cannot be told from chance" in page
