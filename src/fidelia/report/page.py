"""The page: one offline HTML file, drawn from the object of results.json alone.

Charts are inline SVG drawn here, not by a script: the page is small, prints sharply, follows the reader's light or
dark theme, and shows everything where scripts are switched off (mail previews, file viewers). The one script adds
values under the pointer and the search for a column. The page's Content-Security-Policy allows only this script and
this style sheet, by their hashes, and no request at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from fidelia.report import enhanced, gallery, glance, mended, raced
from fidelia.report.attacked import attacked
from fidelia.report.document import check
from fidelia.report.environment import draw
from fidelia.report.labels import label, place
from fidelia.report.words import attacks, compare

Edition = Literal["shareable", "internal"]
SECTIONS = (
    ("verdict", "Verdict"),
    ("findings", "Findings"),
    ("diagnosis", "Diagnosis"),
    ("curves", "Curves"),
    ("pictures", "Gallery"),
    ("map", "Map"),
    ("columns", "Columns"),
    ("pairs", "Pairs"),
    ("detect", "Two-sample test"),
    ("use", "Use"),
    ("privacy", "Privacy"),
    ("completeness", "Completeness"),
    ("measures", "All measures"),
    ("rows", "Rows"),
    ("curation", "Curation"),
    ("race", "Race"),
    ("reading", "How to read this"),
    ("provenance", "Versions and inputs"),
)
OPTIONAL = ("curation", "race", "pictures")  # sections that are there only where the document has them
OF_TABLES = ("columns", "pairs", "use", "completeness")  # of pictures there only where something was measured
MAIN_PRIVACY = ("PRV02", "AUT05")  # drawn above the table of attacks
KIN = {"AUT01": "AUT02"}  # one finding speaks of both
MATTERS = 0.05  # an attack's gain below it is said, not coloured, unless a finding says that it matters
_TYPED = re.compile(r"^[A-Z_]+: ")
SEVERITIES = ("fail", "warning", "info", "good")


def render(document: Mapping[str, Any], *, edition: Edition | None = None) -> str:
    """Return the report as one HTML page.

    Parameters
    ----------
    document : mapping
        The object of results.json.
    edition : {"shareable", "internal"} or None
        None for the document's own. Rows are shown as examples only when both this and the document's are
        "internal".

    Raises
    ------
    ReadError
        When it is not a results document.
    """
    if document.get("kind") == "enhance":
        return enhanced.render(document)
    checked = check(document)
    shown = _edition(checked["edition"], edition)
    results = {result["code"]: result for result in checked["results"]}
    tones = toned(checked["findings"], results)
    pictures = checked["pictures"] is not None
    return draw(
        "page.html",
        pictures=pictures,
        document=checked,
        sections=_sections(checked, homes := _homes(results)),
        edition=shown,
        results=results,
        declined={entry["code"]: _TYPED.sub("", entry["reason"]) for entry in checked["not_computed"]},
        findings=(findings := placed(checked["findings"], results)),
        fine=_fine(findings),
        sentences=glance.sentences(checked),
        glance=glance.lines(checked, tones),
        race=raced.view(checked["race"]),
        curation=mended.view(checked["curation"]),
        tones=tones,
        columns=farthest(results),
        attacks=attacked(results, without=MAIN_PRIVACY),
        missed=missed(checked["not_computed"]),
        homes=homes,
        gallery=gallery.view(checked["pictures"]),
        thumbnails=gallery.thumbnails(checked["pictures"]),
        categories=categories(results),
        examples=checked["audit"]["examples"] if checked["audit"] and shown == "internal" else [],
    )


def _edition(own: Edition, asked: Edition | None) -> Edition:
    return "internal" if own == "internal" and asked != "shareable" else "shareable"


def placed(findings: list[dict[str, Any]], results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return findings worst first, each with the section that it belongs to and the place that it links to."""
    titles = dict(SECTIONS)
    found = []
    for finding in sorted(findings, key=lambda finding: SEVERITIES.index(finding["severity"])):
        section, target = _place(finding, results)
        form = label(finding["code"]).form
        found.append(finding | {"section": section, "target": target, "place": titles[section].lower(), "form": form})
    return found


def _fine(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what is as it should be, each title once; `more` counts the others of that title."""
    found: dict[str, dict[str, Any]] = {}
    for finding in findings:
        if finding["severity"] == "good":
            kept = found.setdefault(finding["title"], finding | {"more": -1})
            kept["more"] += 1
    return list(found.values())


def _place(finding: Mapping[str, Any], results: Mapping[str, Any]) -> tuple[str, str]:
    """Return the section of a finding, and the line of its result where there is one."""
    anchor = (finding["anchor"] or "").lstrip("#")
    for code in (finding["code"], anchor):
        if code in results:
            return label(code).section, code
    if anchor in dict(SECTIONS):
        return anchor, anchor
    section = label(finding["code"]).section
    return section, section


def toned(findings: list[dict[str, Any]], results: Mapping[str, Any]) -> dict[str, str]:
    """Return the colour of each result's words: as grave as its finding, where there is one."""
    severity = {finding["code"]: finding["severity"] for finding in findings}
    plain = {"same": "good", "better": "good", "worse": "warning", "none": "none"}
    tones = {}
    for code, result in results.items():
        level, said = compare(result).level, severity.get(code) or severity.get(KIN.get(code, ""))
        small = attacks(result) and result["breakdown"]["excess"] < MATTERS
        tones[code] = said if said in ("fail", "warning") else plain[level]
        if level == "worse" and (said in ("info", "good") or (said is None and small)):
            tones[code] = "info"
    return tones


def farthest(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the columns of FID01 and FID02 together, those farthest below their reference first."""
    columns = [
        column | {"far": _far(column)}
        for code in ("FID01", "FID02")
        if code in results
        for column in results[code]["breakdown"]["columns"]
    ]
    return sorted(columns, key=lambda column: (_gap(column), column["column"]))


def missed(declined: list[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    """Return each reason for not measuring, with the codes that it holds for."""
    found: dict[str, list[str]] = {}
    for entry in declined:
        found.setdefault(_TYPED.sub("", entry["reason"]), []).append(entry["code"])
    return list(found.items())


def _sections(document: Mapping[str, Any], homes: Mapping[str, list[str]]) -> list[tuple[str, str]]:
    """Return the sections that the page has."""
    empty = [id_ for id_ in OF_TABLES if document["pictures"] and not homes[id_]]
    without = {*empty, *(id_ for id_ in OPTIONAL if not document[id_])}
    return [(id_, title) for id_, title in SECTIONS if id_ not in without]


def _homes(results: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the codes that each section draws."""
    found: dict[str, list[str]] = {section: [] for section, _ in SECTIONS}
    for code in sorted(results, key=place):
        found[label(code).section].append(code)
    return found


def categories(results: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Return the codes of each kind of quality, in the order of the results."""
    found: dict[str, list[str]] = {}
    for code, result in results.items():
        found.setdefault(result["category"] or "other", []).append(code)
    return list(found.items())


def _gap(column: Mapping[str, Any]) -> float:
    value, reference = column["value"], column["reference"]
    return 1.0 if value is None else float(value - (1.0 if reference is None else reference))


def _far(column: Mapping[str, Any]) -> bool:
    """Whether a column lies below the noise of fresh real rows by more than can be seen in print."""
    known = column["value"] is not None and column["reference"] is not None
    return known and _gap(column) < -max(2 * (column["sd"] or 0.0), 0.005)
