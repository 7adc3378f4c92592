"""The pages that are made of the catalogue: one for each metric, and the reference of public names."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

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
    "sensitive": "--kind sex=sensitive",
}


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


def metrics(known: dict[str, Entry]) -> str:
    """Return the list of all metrics by category."""
    by = defaultdict(list)
    for entry in known.values():
        by[entry.category].append(entry)
    said = "Each stands beside the number that fresh real rows get. `fidelia list metrics` lists them, too."
    lines = ["# The metrics", "", said, ""]
    for category, group in by.items():
        lines += [f"## {category.capitalize()}", "", "| code | metric | best |", "|---|---|---|"]
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
            f"**Source.** {entry.source}",
            "",
            "```sh",
            *command(entry),
            "```",
            "",
        ]
    )


def best(entry: Entry) -> str:
    """Return in words which way is better."""
    direction = str(entry.direction)
    return BEST.get(direction) or f"best at {direction.removeprefix('target(').removesuffix(')')}"


def measured(code: str) -> Iterator[str]:
    """Yield the table of values from real runs."""
    found = VALUES.get(code, {})
    shown = [name for name in ORDER if name in found]
    if shown:
        yield from (f"| {' | '.join(shown)} |", f"|{'---|' * len(shown)}")
        yield f"| {' | '.join(f'{found[name]:.3g}' for name in shown)} |"
        yield from ("", "(the shipped sample of adult, 3,000 rows to learn from, seed 0; `python docs/values.py`)", "")


def command(entry: Entry) -> Iterator[str]:
    """Yield the command that measures it."""
    if "pictures" in entry.needs:
        yield "fidelia evaluate --train real/ --synthetic drawn/ --holdout unseen/ \\"
        yield f"    --metric {entry.code}"
    elif "generations" in entry.needs:
        yield "fidelia stability --train train.csv --synthetic first.csv --synthetic second.csv"
    else:
        more = [option for need, option in OPTIONS.items() if need in entry.needs or need == "holdout"]
        yield f"fidelia evaluate --train train.csv --synthetic synthetic.csv {more[0]} \\"
        yield f"    {' '.join([*more[1:], f'--metric {entry.code}'])}"


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
    """Return the reference of the public names."""
    names = [f"   {name}" for name in fidelia.__all__]
    directive = [".. currentmodule:: fidelia", "", ".. autosummary::", "   :toctree: reference", "", *names]
    said = ["# Reference", "", "Everything that `import fidelia as fd` gives.", ""]
    return "\n".join([*said, "```{eval-rst}", *directive, "```", ""])
