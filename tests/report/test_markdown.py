"""The report in Markdown: what stands in it, and that names and values cannot become markup."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from fidelia.errors import ReadError
from fidelia.report.markdown import brief, escape, render, table

ACTIVE = "\\`*_[]<>|~&$@"


def cells(line: str) -> list[str]:
    """The cells of a table's line: split at pipes that are not escaped."""
    return re.split(r"(?<!\\)(?:\\\\)*\|", line.strip())[1:-1]


def tables(page: str) -> list[list[list[str]]]:
    blocks = [block.split("\n") for block in page.split("\n\n") if block.startswith("| ")]
    return [[cells(line) for line in block if line] for block in blocks]


def drawn(page: str) -> list[str]:
    """The elements that a Markdown program makes of a page, tables' cells aside."""
    found = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(page)
    inner = [token for block in found for token in block.children or ()]
    return [token.tag for token in (*found, *inner) if token.tag and token.type not in ("text", "softbreak")]


def test_first_screen_findings_tables_and_what_is_missing_stand_in_it(document) -> None:
    page = render(document)
    heads = re.findall(r"^## (.*)$", page, re.MULTILINE)
    assert heads == [
        "Findings", "All measures", "Columns, least like fresh real data first", "Curation", "Rows",
        "What was not measured", "Inputs and versions",
    ]  # fmt: skip
    assert page.startswith(
        f"# {document['verdict']['headline']}\n\n**Needs attention.** 39,073 synthetic rows from trees"
    )
    assert "| beta-recall DIV01 | **0.955** | 0.948 to 0.962 | 0.981 ± 0.008 | 0.026 below fresh real data |" in page
    assert "1. **fail**: capital-gain has lost its upper end (FID01)." in page
    assert "- STB01: NEEDS\\_MANY\\_SETS" not in page and "- STB01: one synthetic table was given" in page
    assert "a1" * 32 in page


def test_every_table_is_whole(document, families) -> None:
    found = tables(render(families.extended(document, "mode_collapse")))
    assert len(found) > 8
    for lines in found:
        assert {len(line) for line in lines} == {len(lines[0])}
        assert all(re.fullmatch(r" -{3} | --: ", cell) for cell in lines[1])


def test_the_same_document_gives_the_same_text_and_it_is_short(document, examples) -> None:
    assert render(document) == render(examples.example())
    assert len(render(examples.wide(300)).encode()) < 40_000
    assert (
        len(brief(document).encode()) < 4_000 and brief(document) == render(document)[: len(brief(document)) - 1] + "\n"
    )


def test_no_row_is_shown_in_either_edition(document) -> None:
    row = {"age": 39, "secret": "only in one row"}
    example = {"verdict": "reject", "reasons": ["COPY"], "row": row, "nearest": row, "matched": ["age"]}
    document["audit"]["examples"] = [example]
    assert "only in one row" not in render(document | {"edition": "internal"})


def spoiled(document: dict[str, Any], text: str) -> dict[str, Any]:
    """Put `text` wherever data or words can stand."""
    document["verdict"] |= {"headline": text, "sentences": [text]}
    document["inputs"] |= {"target": text, "generator": {"name": text}}
    document["findings"][1] |= {"title": text, "sentence": text}
    document["not_computed"] = [{"code": "STB01", "reason": text}]
    document["audit"]["reasons"] = [reason | {"text": text} for reason in document["audit"]["reasons"]]
    for result in document["results"]:
        for column in result["breakdown"].get("columns", ()) if result["code"] in ("FID01", "FID02") else ():
            column["column"] = text
    return document


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "[x](javascript:alert(1))", "![x](http://x.y/z.png)", "a|b\n# head\n- item", "`code`",
     "http://evil.example www.evil.example me@evil.example", "$x$ ~~y~~ :bomb:", "1. one", "- one", "> quoted", "---",
     "=== "],
)  # fmt: skip
def test_hostile_names_stay_text(document, examples, text) -> None:
    page, usual = render(spoiled(document, text)), render(spoiled(examples.example(), "plain"))
    for sign in ("<", "](", "`", "~~", "$", "http:", "www.e", "me@"):
        assert len(re.findall(rf"(?<!\\){re.escape(sign)}", page)) == len(
            re.findall(rf"(?<!\\){re.escape(sign)}", usual)
        )
    assert [len(lines) for lines in tables(page)[1:]] == [len(lines) for lines in tables(usual)[1:]]
    assert page.count("\n#") == usual.count("\n#")
    assert drawn(page) == drawn(usual), "as another program reads it"


@given(st.text(max_size=60))
def test_an_escaped_text_is_one_line_without_active_signs(text: str) -> None:
    made = escape(text)
    assert "\n" not in made and "\r" not in made
    assert not re.search(rf"(?<!\\)(?:\\\\)*(?:[{re.escape(ACTIVE[1:])}]|:\S)", made)
    assert not re.match(r"[-+#=>]|\d+[.)](\s|$)", made)


def test_plain_numbers_and_names_need_no_escape() -> None:
    assert escape("capital-gain 0.114 below, 12.5 %") == "capital-gain 0.114 below, 12.5 %"
    assert escape("native_country") == r"native\_country"
    assert table(["a", "b"], [["1", "2"]], right=1) == "| a | b |\n| --- | --: |\n| 1 | 2 |"


def test_absent_parts_and_other_documents(document) -> None:
    page = render(document | {"results": [], "findings": [], "audit": None, "curation": None, "not_computed": []})
    assert "## Rows" not in page and "## Columns" not in page and "Nothing needs attention." in page
    assert "All that this version measures was measured." in page
    with pytest.raises(ReadError):
        render({"format": 1})
