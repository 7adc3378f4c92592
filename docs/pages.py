"""The pages that are made of the catalogue: one for each metric, and the reference of public names."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import substitutions
import verbs

import fidelia
from fidelia.measure.catalog import entries

if TYPE_CHECKING:
    from fidelia.measure.entry import Entry

HERE = Path(__file__).parent
VALUES = json.loads((HERE / "values.json").read_text(encoding="utf-8"))
BEST = {
    "higher": "higher is better",
    "lower": "lower is better",
    "reference": "best when equal to that of fresh real rows",
    "info": "neither end is good or bad",
}
ORDER = ("fresh real", "trees", "copula", "marginals", "noisy-copy")
LEVEL = {
    "rows": "Each row has a score.",
    "columns": "Each column has a score.",
    "pairs": "Each pair of columns has a score.",
    "dataset": "The table has one score.",
}
OPTIONS = {
    "holdout": "--holdout holdout.csv",
    "target": "--target income",
    "sensitive": "--sensitive sex",
}


KINDS = {
    "fidelity": "Do synthetic rows look like real ones? Columns, pairs, whole rows.",
    "diversity": "Is everything there that is in the real rows?",
    "authenticity": "Are the rows new, or training rows again?",
    "utility": "Do models and analyses come out as with real rows?",
    "privacy": "What can an attacker learn? Each attack beside the same attack on rows that nobody has seen.",
    "completeness": "Gaps, keys, formats, ranges and rules.",
    "stability": "Does the generator make the same law every time?",
    "generative-model utility": "Several tables, or several generators, together.",
    "fairness": "Are groups treated alike?",
    "images": "The same questions for pictures.",
}
NAMES = {
    "Make": ("read", "read_images", "sample_path", "split", "run", "fit", "load", "transfer", "adapt"),
    "Judge": ("evaluate", "audit", "curate", "enhance", "fidelity", "utility", "privacy", "completeness", "stability",
              "compare"),
    "What comes back": ("Outcome", "Model", "Quality", "Enhancement", "Result", "FideliaError"),
    "What goes in": ("Table", "ImageSet", "Schema", "Column", "Kind", "Role", "Recipe", "Rng"),
}  # fmt: skip
"""The public names in the order of use; what is not listed stands last."""


def write_pages(folder: Path = HERE) -> None:
    """Write the pages below `folder`, each only when it changed, so that Sphinx builds no more than it must."""
    for name, text in pages():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists() or place.read_text(encoding="utf-8") != text:
            place.write_text(text, encoding="utf-8")


def pages() -> Iterator[tuple[str, str]]:
    """Yield each page's name and text."""
    known = entries()
    yield "metrics/index.md", metrics(known)
    for entry in known.values():
        yield f"metrics/{entry.code}.md", metric(entry)
    yield "examples.md", examples()
    yield "reference.md", reference()
    yield from verbs.pages()
    yield from substitutions.pages()


RUNS = (
    "(The shipped sample of adult, 3,000 rows to learn from, seed 0; `python docs/values.py`. `marginals` draws each "
    "column by itself, so a score about rows must notice it; `noisy-copy` is training rows plus noise, so a score "
    "about copies must.)"
)


def metrics(known: dict[str, Entry]) -> str:
    """Return the list of all metrics by category."""
    by = defaultdict(list)
    for entry in known.values():
        by[entry.category].append(entry)
    said = (
        "A score has a code, a direction and a page. Each stands beside the number that fresh real rows get; [how to "
        "read a score](../reading.md) comes first. A run measures the usual ones; `--metric CODE` adds any other, "
        "`--metric all` adds all. `fidelia list metrics` lists them, too."
    )
    lines = ["# The metrics", "", said, ""]
    for category, group in by.items():
        lines += [f"## {category.capitalize()}", "", *((KINDS[category], "") if category in KINDS else ())]
        lines += ["| code | metric | best |", "|---|---|---|"]
        lines += [f"| [{one.code}]({one.code}.md) | {one.name} | {best(one)} |" for one in group]
        lines += ["", "```{toctree}", ":hidden:", "", *(one.code for one in group), "```", ""]
    return "\n".join(lines)


def metric(entry: Entry) -> str:
    """Return the page of a metric."""
    return "\n".join(
        [
            f"# {entry.code}: {entry.name}",
            "",
            entry.summary,
            "",
            f"**Formula.** `{entry.formula}`",
            "",
            f"**How to read it.** {best(entry).capitalize()}. {LEVEL[entry.level]}"
            f"{'' if entry.tier == 1 else ' It is measured on demand.'}",
            "",
            *measured(entry.code),
            "## Measure it",
            "",
            *command(entry),
            *python(entry),
            f"**Source.** {entry.source}",
            "",
            f"[How to read a score](../reading.md) · [All metrics](index.md) · `fidelia explain {entry.code}`",
            "",
        ]
    )


EVALUATE = """outcome = fd.evaluate("train.csv", "synthetic.csv", holdout="holdout.csv"{more}, codes=["{code}"])
result = outcome["{code}"]
result["value"], result["interval"], result["reference"]"""
CASE = """
from fidelia.measure.catalog import find

train, synthetic, holdout = (fd.read(name) for name in ("train.csv", "synthetic.csv", "holdout.csv"))
case = fd.Case(train, synthetic, holdout, fd.Rng(0), {more})
find("{code}")(case).value"""
REFIT = "generator=lambda rows, n, rng: fd.fit(rows, seed=rng.integer()).sample_table(n)"


def python(entry: Entry) -> Iterator[str]:
    """Yield the same from Python."""
    if "pictures" in entry.needs or entry.code.startswith("GMU"):
        return
    if "generations" in entry.needs:
        call = 'found = fd.stability("train.csv", ["first.csv", "second.csv", "third.csv"])\nprint(found)'
    elif {"generator", "epsilon"} & set(entry.needs):
        call = CASE.format(code=entry.code, more=REFIT if "generator" in entry.needs else "epsilon=1.0")
    else:
        more = ', target="income"' * ("target" in entry.needs) + ', sensitive=["sex"]' * ("sensitive" in entry.needs)
        call = EVALUATE.format(code=entry.code, more=more)
    head = ["import fidelia as fd", *([] if call.startswith("\n") else [""])]
    yield from ("```python", *head, call.lstrip("\n"), "```", "")


def best(entry: Entry) -> str:
    """Return in words which way is better."""
    direction = str(entry.direction)
    return BEST.get(direction) or f"best at {direction.removeprefix('target(').removesuffix(')')}"


def measured(code: str) -> Iterator[str]:
    """Yield the table of values from real runs."""
    found = VALUES.get(code, {})
    shown = [name for name in ORDER if name in found]
    if shown:
        yield from ("## What real runs get", "")
        yield from (f"| {' | '.join(shown)} |", f"|{'---|' * len(shown)}")
        yield f"| {' | '.join(f'{found[name]:.3g}' for name in shown)} |"
        yield from ("", RUNS, "")


def command(entry: Entry) -> Iterator[str]:
    """Yield the command that measures it; there is none for what only Python can hand over."""
    if {"generator", "epsilon"} & set(entry.needs):
        return
    yield "```sh"
    if "pictures" in entry.needs:
        yield f"fidelia evaluate --train real/ --synthetic drawn/ --holdout unseen/ --metric {entry.code}"
    elif entry.code.startswith("GMU"):
        yield "fidelia compare --train train.csv --holdout holdout.csv trees=t1.csv trees=t2.csv copula=c1.csv"
    elif "generations" in entry.needs:
        yield "fidelia stability --train train.csv --synthetic first.csv --synthetic second.csv --synthetic third.csv"
    else:
        more = [option for need, option in OPTIONS.items() if need in entry.needs or need == "holdout"]
        yield f"fidelia evaluate --train train.csv --synthetic synthetic.csv {more[0]} \\"
        yield f"    {' '.join([*more[1:], f'--metric {entry.code}'])}"
    yield from ("```", "")


def examples() -> str:
    """Return the tour: each script as it stands, under its first sentence."""
    lines = ["# A tour in ten scripts", "", "They run as they stand, on data that fidelia ships or makes.", ""]
    for row in (HERE.parent / "examples" / "README.md").read_text(encoding="utf-8").splitlines():
        if row.startswith("| ["):
            name, said = row.removeprefix("| [").removesuffix(" |").split("](")
            title = said.partition(" | ")[2]
            lines += [f"## {title[0].upper()}{title[1:]}", "", f"```{{literalinclude}} ../examples/{name}", "```", ""]
    return "\n".join(lines)


def reference() -> str:
    """Return the reference of the public names, in the order of use."""
    said = "Everything that `import fidelia as fd` gives. Functions take paths, or pandas, polars and pyarrow tables."
    lines = ["# Reference", "", said, ""]
    listed = {name for names in NAMES.values() for name in names}
    rest = tuple(name for name in fidelia.__all__ if name not in listed)
    for title, names in (NAMES | {"For plug-ins and the curious": rest}).items():
        directive = [".. currentmodule:: fidelia", "", ".. autosummary::", "   :toctree: reference", ""]
        lines += [f"## {title}", "", "```{eval-rst}", *directive, *(f"   {name}" for name in names), "```", ""]
    return "\n".join(lines)
