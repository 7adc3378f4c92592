"""The report's twin in Markdown: the first screen, findings, main tables, and what was not measured.

It is for pull requests, issues and wikis (GitHub's dialect). Names and values of data are escaped: they cannot make a
link, a heading, a table cell or markup of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from fidelia.report import enhanced, glance, mended
from fidelia.report.attacked import attacked
from fidelia.report.beside import NOISE, rows
from fidelia.report.card import card
from fidelia.report.compared import Comparison
from fidelia.report.concluded import conclude, main_lines
from fidelia.report.document import check
from fidelia.report.labels import Label, label, pictured
from fidelia.report.notation import NONE, THIN, count, interval, percent, spread, write
from fidelia.report.page import categories, farthest, missed, placed, toned
from fidelia.report.words import LEVELS, compare

Data = Mapping[str, Any]
MOST = 20
_MARKUP = re.compile(r"([\\`*_\[\]<>|~&$@]|:(?=\S)|(?<=www)\.)")
_START = re.compile(r"^(?:[-+#=]|\d+(?=[.)](?:\s|$)))")
_LINES = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


def escape(text: Any) -> str:
    """Return a text that Markdown shows as it is, in one line.

    Examples
    --------
    >>> print(escape("a|b *c* <d>"))
    a\\|b \\*c\\* \\<d\\>
    """
    flat = _MARKUP.sub(r"\\\1", _LINES.sub(" ", str(text)).replace(THIN, " ").strip())
    return _START.sub(lambda found: f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}", flat)


def render(document: Data) -> str:
    """Return the report in Markdown.

    Parameters
    ----------
    document : mapping
        The object of results.json, of whatever edition: no row is ever shown here.

    Raises
    ------
    ReadError
        When it is not a results document.
    """
    if document.get("kind") == "enhance":
        return _joined(_enhanced(document))
    checked = check(document)
    parts = [*first_screen(checked), *_findings(checked), *_measures(checked), *_columns(checked), *_attacks(checked)]
    return _joined([*parts, *_curation(checked), *_rows(checked), *_missed(checked), *_inputs(checked)])


def brief(document: Data) -> str:
    """Return the first screen alone."""
    if document.get("kind") == "enhance":
        return _joined(_enhanced(document)[:2])
    return _joined(first_screen(check(document)))


def first_screen(document: Data) -> list[str]:
    """Return the verdict in words, the numbers that it rests on, and one line each for the rest."""
    verdict, results = document["verdict"], {result["code"]: result for result in document["results"]}
    lines = glance.lines(document, toned(document["findings"], results))
    parts = [f"# {escape(verdict['headline'])}", f"**{LEVELS[verdict['level']]}.** {_about(document)}"]
    parts.append(_list(glance.sentences(document)))
    head = ["Measure", "Synthetic", "95 % interval", "Fresh real data", "In words"]
    told = [
        [f"{escape(row.name)} {row.code}", f"**{row.value}**", row.interval or NONE, row.reference, escape(row.word)]
        for row in card(document)
    ]
    parts.append(table(head, told, right=3))
    return [*parts, _list([f"{line.name}: {line.text}" for line in lines if line.section != "measures"])]


def _about(document: Data) -> str:
    inputs, pictures = document["inputs"], document["pictures"] is not None
    unit, maker = "pictures" if pictures else "rows", (inputs["generator"] or {}).get("name")
    said = f"{count(inputs['synthetic']['rows'])} synthetic {unit}" + (f" from {escape(maker)}" if maker else "")
    against = [f"{count(inputs['train']['rows'])} training {unit}"] if inputs["train"] else []
    if inputs["holdout"]:
        against.append(f"{count(inputs['holdout']['rows'])} real {unit} that the generator never saw")
    columns = "" if pictures else f", in {inputs['synthetic']['columns']} columns"
    target = f"; the target is {escape(inputs['target'])}" if inputs["target"] and not pictures else ""
    return f"{said}, measured against {' and '.join(against)}{columns}{target}."


def _findings(document: Data) -> list[str]:
    found = placed(document["findings"], {result["code"]: result for result in document["results"]})
    open_ = [each for each in found if each["severity"] != "good"]
    said = [
        f"**{each['severity']}**: {escape(each['title'])} ({each['code']}). {escape(each['sentence'])}"
        for each in open_
    ]
    fine = len(found) - len(open_)
    rest = [f"{fine} more {'is' if fine == 1 else 'are'} as it should be."] if fine else []
    return [
        "## Findings",
        "\n".join(f"{i}. {text}" for i, text in enumerate(said, 1)) or "Nothing needs attention.",
        *rest,
    ]


def _measures(document: Data) -> list[str]:
    results = {result["code"]: result for result in document["results"]}
    named = pictured if document["pictures"] is not None else label
    head = ["Measure", "Value", "95 % interval", "Fresh real data", "In words"]
    parts = ["## All measures"] if results else []
    for category, codes in categories(results):
        told = [_measure(results[code], named) for code in codes]
        parts += [f"### {escape(category.capitalize())}", table(head, told, right=3)]
    return parts


def _measure(result: Data, named: Callable[..., Label]) -> list[str]:
    shown, reference = named(result["code"], result["name"]), result["reference"]
    fresh = NONE if reference is None else spread(reference["value"], reference["sd"], shown.form)
    said = [write(result["value"], shown.form), interval(result["interval"], shown.form) or NONE, fresh]
    return [f"{escape(shown.title)} {escape(result['code'])}", *said, escape(compare(result).text)]


def _columns(document: Data) -> list[str]:
    found = farthest({result["code"]: result for result in document["results"]})
    if not found:
        return []
    told = [
        [escape(one["column"]), write(one["value"]), spread(one["reference"], one["sd"]), "apart" if one["far"] else ""]
        for one in found[:MOST]
    ]
    left = [f"{len(found) - MOST} more columns are nearer to fresh real data."] if len(found) > MOST else []
    title = "## Columns, least like fresh real data first"
    return [title, table(["Column", "Similarity", "Fresh real data", ""], told, right=2), *left]


def _attacks(document: Data) -> list[str]:
    made = attacked({result["code"]: result for result in document["results"]})
    told = [
        [f"{escape(one.title)} {one.code}", percent(one.train), percent(one.holdout), percent(one.blind),
         write(one.excess, "points" if one.share else "small"), "**alarm**" if one.alarm else "no alarm"]
        for one in made
    ]  # fmt: skip
    head = ["Attack", "Right on training rows", "on unseen rows", "blind guess", "Gain", ""]
    return ["## Attacks", table(head, told, right=4)] if told else []


def _curation(document: Data) -> list[str]:
    found = mended.view(document["curation"])
    if found is None:
        return []
    told = [[escape(one.name), one.before, one.after, one.reference, one.change, one.word] for one in found.overall]
    head = ["Score", "As drawn", "Curated", "Fresh real data", "Change (95 % interval)", ""]
    return [
        "## Curation",
        escape(found.verdict),
        escape(found.summary) + ".",
        *([table(head, told, right=4)] if told else []),
    ]


def _rows(document: Data) -> list[str]:
    audit = document["audit"]
    if audit is None:
        return []
    names = (
        ("accept", "accepted"),
        ("review", "to review"),
        ("duplicate", "surplus duplicates"),
        ("reject", "rejected"),
    )
    counts = ", ".join(f"{count(audit['counts'][key])} {name}" for key, name in names)
    why = [[escape(each["code"]), count(each["rows"]), escape(each["text"])] for each in audit["reasons"]]
    told = [each["sentence"] for each in (*audit["flagged"][:8], *audit["lacking"][:12])]
    unit = "pictures" if document["pictures"] is not None else "rows"
    parts = [f"## {unit.capitalize()}", f"Of {count(audit['rows'])} synthetic {unit} {counts}."]
    return [
        *parts,
        table(["Reason", "Rows", "In words"], why, right=1) if why else "",
        _list(told),
        _list(audit["notes"]),
    ]


def _missed(document: Data) -> list[str]:
    said = [f"{', '.join(codes)}: {reason}" for reason, codes in missed(document["not_computed"])]
    return ["## What was not measured", _list(said) or "All that this version measures was measured."]


def _inputs(document: Data) -> list[str]:
    inputs = document["inputs"]
    told = [
        [name, count(inputs[name]["rows"]), str(inputs[name]["columns"]), f"`{inputs[name]['sha256']}`"]
        for name in ("train", "synthetic", "holdout")
        if inputs[name]
    ]
    versions = ", ".join(f"{name} {version}" for name, version in document["versions"].items())
    said = f"fidelia {document['fidelia']}, seed {document['seed']}; {versions}. Edition: {document['edition']}."
    return [
        "## Inputs and versions",
        table(["Table", "Rows", "Columns", "SHA-256"], told),
        _list(inputs["notes"]),
        escape(said),
    ]


def _enhanced(document: Data) -> list[str]:
    found = enhanced.view(document)
    parts = [f"# {escape(found.headline)}", _list(found.sentences)]
    head = ["Learnt from", "Score", "Gain", "95 % joint interval", "Corrected p", "Answer"]
    for group in found.groups:
        told = [[escape(row.name), row.score, f"**{row.gain}**", row.interval, row.p, row.answer] for row in group.rows]
        parts += [f"## {escape(group.title)}: real rows alone {group.base}", table(head, told, right=4)]
    declined = [f"{arm} was not tried: {reason}" for arm, reason in found.declined]
    facts = [f"{name}: {text}" for name, text in found.facts]
    return [*parts, _list([*found.notes, *declined]), "## How it was done", _list(facts)]


def side_by_side(found: Comparison) -> str:
    """Return a comparison in Markdown."""
    said, names = conclude(found), [escape(side.name) for side in found.sides]
    verdicts = [[escape(side.name), LEVELS[side.level], escape(side.headline)] for side in found.sides]
    parts = [f"# {escape(said.headline)}", _list(said.sentences), table(["", "Verdict", ""], verdicts)]
    main = main_lines(found)
    rest = [line for line in found.lines if line not in main]
    for title, lines in (("Main measures", main), ("All other measures", rest)):
        parts += [f"## {title}", _beside(found, lines, names)] if lines else []
    return _joined([*parts, "## Keep in mind", _list([*found.notes, NOISE])])


def _beside(found: Comparison, lines: Sequence[Any], names: Sequence[str]) -> str:
    told = [
        [
            f"{escape(row.name)} {row.code}",
            *(
                " ".join(filter(None, (_marked(cell), cell.interval and f"({cell.interval})", cell.reference)))
                for cell in row.cells
            ),
            row.reference,
            escape(row.words),
        ]
        for row in rows(found, lines)
    ]
    return table(["Measure", *names, "Fresh real data", "In words"], told, right=len(names) + 1)


def _marked(cell: Any) -> str:
    return f"**{cell.value}**" if cell.tone == "good" else str(cell.value)


def table(head: Sequence[str], lines: Iterable[Sequence[str]], *, right: int = 0) -> str:
    """Return a table whose columns after the first are set to the right, as many as said; cells are escaped already."""
    rule = ["---", *["--:"] * right, *["---"] * (len(head) - 1 - right)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *lines))


def _list(texts: Iterable[str]) -> str:
    return "\n".join(f"- {escape(text)}" for text in texts if text)


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part).replace(THIN, " ") + "\n"
